"""What is remembered about deployed processes, and how it is forgotten."""

from typing import Any

from ..contract.microflow import ActOnMicroflows, RefreshMicroflowCache
from ..contract.process_runtime import ProcessClassAction, RefreshProcessCache
from .class_actions import class_action
from .environment import Environment

REFRESHED = "RefreshCache Success"
"""What is answered, letter by letter."""


def refresh_microflow_cache(cmd: RefreshMicroflowCache, env: Environment) -> None:
    """As `refresh_process_cache`, and read them at once: that they cannot be read is known then."""
    env.store.forget_processes()
    env.store.processes()


def refresh_process_cache(cmd: RefreshProcessCache, env: Environment) -> dict[str, Any]:
    """Read everything about processes anew; process instances keep their versions, and nothing stands still.

    Other processes of the engine need not be told: which processes have a name they remember for five seconds
    (`Store.processes_named`), and everything else about a process never changes.
    """
    env.store.forget_processes()
    return {"data": REFRESHED, "count": 1}


def process_class_action(cmd: ProcessClassAction, env: Environment) -> dict[str, Any]:
    """Read some processes anew, or list them.

    Raises:
        InvalidCommand: The event is not known, or no process is named.
    """
    return class_action(env, cmd.file_names, cmd.event, is_microflow=False)


def act_on_microflows(cmd: ActOnMicroflows, env: Environment) -> dict[str, Any]:
    """Read some microflows anew, or list them."""
    return class_action(env, cmd.file_names, cmd.event, is_microflow=True)

"""What is remembered about deployed processes, and how it is forgotten."""

from ..contract.microflow import RefreshMicroflowCache
from ..contract.process_runtime import RefreshProcessCache
from .environment import Environment

REFRESHED = "RefreshCache Success"
"""What is answered, letter by letter."""


def refresh_microflow_cache(cmd: RefreshMicroflowCache, env: Environment) -> None:
    """As `refresh_process_cache`, and read them at once: that they cannot be read is known then."""
    env.store.forget_processes()
    env.store.processes()


def refresh_process_cache(cmd: RefreshProcessCache, env: Environment) -> str:
    """Read everything about processes anew; process instances keep their versions, and nothing stands still.

    Other processes of the engine need not be told: which processes have a name they remember for five seconds
    (`Store.processes_named`), and everything else about a process never changes.
    """
    env.store.forget_processes()
    return REFRESHED

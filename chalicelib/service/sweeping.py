"""The sweep: runs whatever is due. Called again and again: by a thread, or by a schedule."""

from collections.abc import Callable

from ..contract.commands import ExecuteTasks
from . import upkeep
from .environment import Environment
from .execute import execute

BATCH = 100
"""Tasks per look; as long as there was something to do, the next look follows at once."""


def sweep(env: Environment, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Run what is due now; answers how many tasks that were.

    Args:
        env: The engine.
        goes_on: Asked before each batch; if not, what is due then is left to the next sweep.
    """
    upkeep.begin(env)
    done = 0
    while goes_on():
        answer = execute(ExecuteTasks(limit=BATCH), env)
        done += answer["completed"]
        # What was done may have made something due: a timer that ticks on after the clock was moved.
        if answer["completed"] == 0:
            break
    return done

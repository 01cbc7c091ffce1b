"""The sweep: runs whatever is due. Called again and again: by a thread, or by a schedule."""

from collections.abc import Callable

from ..contract.commands import ExecuteTasks
from . import upkeep
from .environment import Environment
from .execute import execute

BATCH = 100
"""Tasks per look; as long as there was something to do, the next look follows at once."""


class Sweep:
    """Runs due tasks, and begins the engine's upkeep the first time."""

    def __init__(self, env: Environment) -> None:
        """Nothing runs yet."""
        self._env = env
        self._has_begun = False

    def run(self, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Run what is due now; answers how many tasks that were.

        Args:
            goes_on: Asked before each batch; what is due then is left to the next sweep.
        """
        if not self._has_begun:
            upkeep.begin(self._env)
            self._has_begun = True
        done = 0
        while goes_on():
            answer = execute(ExecuteTasks(limit=BATCH), self._env)
            done += answer["completed"]
            # What was done may have made something due: a timer that ticks on after the clock was moved.
            if answer["completed"] == 0:
                break
        return done

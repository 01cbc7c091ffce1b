"""The executor: runs due tasks in the background, as the scheduled Lambda does on AWS."""

import logging
import threading

from ..contract.commands import ExecuteTasks
from ..service import upkeep
from ..service.environment import Environment
from ..service.execute import execute

INTERVAL = 0.5
"""Seconds between two looks for due tasks."""

BATCH = 100
"""Tasks per look; as long as there was something to do, the next look follows at once."""

logger = logging.getLogger(__name__)


class Executor:
    """A thread that runs due tasks until it is stopped."""

    def __init__(self, env: Environment, interval: float = INTERVAL) -> None:
        """Nothing runs yet."""
        self._env = env
        self._interval = interval
        self._has_begun = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="executor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch under way and end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def sweep(self) -> int:
        """Run what is due now; answers how many tasks that were."""
        if not self._has_begun:
            upkeep.begin(self._env)
            self._has_begun = True
        done = 0
        while not self._stopped.is_set():
            answer = execute(ExecuteTasks(limit=BATCH), self._env)
            done += answer["completed"]
            # What was done may have made something due: a timer that ticks on after the clock was moved.
            if answer["completed"] == 0:
                break
        return done

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.sweep()
                self._env.watch.flush()
            except Exception:
                # Whatever it was: the tasks are still due, and the next look finds them.
                logger.exception("executor failed, goes on")

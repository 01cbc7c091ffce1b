"""The executor: runs due tasks in the background, as the scheduled Lambda does on AWS."""

import logging
import threading

from ..service import sweeping
from ..service.environment import Environment

INTERVAL = 0.5
"""Seconds between two looks for due tasks."""

logger = logging.getLogger(__name__)


class Executor:
    """A thread that runs due tasks until it is stopped."""

    def __init__(self, env: Environment, interval: float = INTERVAL) -> None:
        """Nothing runs yet."""
        self._env = env
        self._interval = interval
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
        return sweeping.sweep(self._env, lambda: not self._stopped.is_set())

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.sweep()
            except Exception:
                # Whatever it was: the tasks are still due, and the next look finds them.
                logger.exception("executor failed, goes on")

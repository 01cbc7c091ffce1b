"""The executor: runs due tasks and fed jobs in the background, as the functions of the stack do on AWS.

Hints say what is due now or soon; a look each minute finds the rest. While nothing is due, nothing runs.
"""

import logging
import threading

from ..service.environment import Environment, Perform
from ..service.fed import work_on
from ..service.sweeping import announce_anew, sweep
from .feed import LocalFeed

INTERVAL = 60.0
"""Seconds between two looks for what is due, as on AWS."""

logger = logging.getLogger(__name__)


class Executor:
    """Threads that do what is due until they are stopped."""

    def __init__(
        self,
        env: Environment,
        feed: LocalFeed,
        perform: Perform,
        interval: float = INTERVAL,
    ) -> None:
        """Nothing runs yet.

        Args:
            env: With this feed in it.
            feed: Carries the hints.
            perform: Does fed jobs.
            interval: Seconds between two looks.
        """
        self._env = env
        self._feed = feed
        self._perform = perform
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="executor", daemon=True)

    def start(self) -> None:
        """Begin, with what was left behind when the last one ended."""
        self._feed.start(lambda hint: work_on(self._env, hint, self._perform))
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way and end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._feed.stop()

    def look(self) -> None:
        """Do what is due now, and announce what is due soon."""
        try:
            sweep(self._env, self._perform, goes_on=lambda: not self._stopped.is_set())
            self._env.watch.flush()
        except Exception:
            # Whatever it was: what is due is still due, and the next look finds it.
            logger.exception("executor failed, goes on")

    def _run(self) -> None:
        try:
            announce_anew(self._env)
        except Exception:
            logger.exception("fed jobs of an earlier run wait for the next look")
        self.look()
        while not self._stopped.wait(self._interval):
            self.look()

"""When the threads of a polling worker wait, for how long, and what wakes them."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Pause = Callable[[threading.Condition, float], object]

LINGER = 0.01
"""Seconds to wait for more threads to become free, so that one call locks more jobs."""

LONGEST_WAIT = 1.0
"""Seconds until whoever waits for a thread looks around."""


@dataclass
class Backoff:
    """Pauses that double from the first to the longest, each shortened by chance so that crowds disperse.

    Attributes:
        first: Seconds.
        longest: Seconds.
        chance: Numbers from 0 to 1.
        times: Pauses since the last success.
    """

    first: float
    longest: float
    chance: Callable[[], float] = random.random
    times: int = 0

    def next(self) -> float:
        """Seconds of the next pause."""
        pause = min(self.first * 2.0 ** min(self.times, 30), self.longest)
        self.times += 1
        return pause * (1 - self.chance() / 2)

    def reset(self) -> None:
        """Begin again with the first."""
        self.times = 0


class Pace:
    """What the threads of one worker share: how many jobs are under way, what is new, and whether it is over.

    Attributes:
        running: Jobs that are under way.
        ended: Jobs that have ended so far; more of them is news, since a token may be at its next element.
        stopped_at: When the worker was told to stop; None: it was not.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, pause: Pause = threading.Condition.wait
    ) -> None:
        """Begin.

        Args:
            clock: Seconds that only rise.
            pause: Waits on a condition for some seconds.
        """
        self.clock, self._pause = clock, pause
        self.running, self.ended = 0, 0
        self.stopped_at: float | None = None
        # Reentrant: a signal may come while the main thread holds it.
        self._bell = threading.Condition(threading.RLock())

    @property
    def is_stopping(self) -> bool:
        """Whether the worker was told to stop."""
        return self.stopped_at is not None

    def stop(self) -> None:
        """Tell everybody that it is over; may be called by any thread, and by a signal handler."""
        with self._bell:
            if self.stopped_at is None:
                self.stopped_at = self.clock()
            self._bell.notify_all()

    def job_begins(self) -> None:
        """One more is under way."""
        with self._bell:
            self.running += 1

    def job_ends(self) -> None:
        """One is done with."""
        with self._bell:
            self.running -= 1
            self.ended += 1
            self._bell.notify_all()

    def free(self, concurrency: int) -> int:
        """How many jobs may begin now, after a short wait; 0: none, or it is over."""
        with self._bell:
            self._wait(LONGEST_WAIT, lambda: self.running < concurrency or self.is_stopping)
            # One thread that is free is followed by others, unless they are at something long.
            self._wait(LINGER, lambda: self.running <= concurrency // 2 or self.is_stopping)
            return 0 if self.is_stopping else concurrency - self.running

    def rest(self, seconds: float, ended: int | None = None) -> None:
        """Wait, but not for longer than until it is over.

        Args:
            seconds: How long.
            ended: If given, a wait that is over once more than so many jobs have ended.
        """
        with self._bell:
            self._wait(seconds, lambda: self.is_stopping or ended not in (None, self.ended))

    def hold(self, seconds: float) -> None:
        """Wait; the news that it is over cuts it short, once."""
        was_stopping = self.is_stopping
        with self._bell:
            self._wait(seconds, lambda: self.is_stopping != was_stopping)

    def _wait(self, seconds: float, is_over: Callable[[], bool]) -> None:
        until = self.clock() + seconds
        while not is_over() and (left := until - self.clock()) > 0:
            self._pause(self._bell, left)

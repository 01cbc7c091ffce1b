"""Hints inside of one process: they wait in memory for their time, and threads do what they are about.

What the process loses at its end, the next one finds in the store when it begins.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence

from ..engine.records import Instant
from ..service.environment import Hint

JOB_THREADS = 8
"""Handlers at work at the same time."""

TASK_THREADS = 2
"""Threads for timers and other tasks of the engine; no handler, however slow, holds them up."""

logger = logging.getLogger(__name__)

Act = Callable[[Hint], None]
"""Does what a hint is about."""


class LocalFeed:
    """The port `Feed` for a server that is one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Hints may come from now on; they wait until the feed is started.

        Args:
            clock: Seconds that only rise.
        """
        self._clock = clock
        self._jobs = _Line(JOB_THREADS, "handler")
        self._tasks = _Line(TASK_THREADS, "timer")

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        """Keep hints until they are due; all can be sent."""
        for hint in hints:
            line = self._tasks if hint.job is None else self._jobs
            line.put(self._clock() + max(0, hint.due_at - now) / 1000, hint)
        return []

    def start(self, act: Act) -> None:
        """Begin to hand out hints."""
        for line in (self._jobs, self._tasks):
            line.start(act, self._clock)

    def stop(self) -> None:
        """Finish what is under way, and forget the rest."""
        for line in (self._jobs, self._tasks):
            line.stop()


class _Line:
    """Hints in the order in which they are due, and the threads that wait for them."""

    def __init__(self, threads: int, name: str) -> None:
        self._hints: list[tuple[float, int, Hint]] = []
        self._numbers = itertools.count()
        self._has_changed = threading.Condition()
        self._is_stopped = False
        self._names = [f"{name}-{number}" for number in range(threads)]
        self._threads: list[threading.Thread] = []

    def put(self, at: float, hint: Hint) -> None:
        with self._has_changed:
            heapq.heappush(self._hints, (at, next(self._numbers), hint))
            self._has_changed.notify()

    def start(self, act: Act, clock: Callable[[], float]) -> None:
        self._threads = [
            threading.Thread(target=self._run, args=(act, clock), name=name, daemon=True)
            for name in self._names
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._has_changed:
            self._is_stopped = True
            self._has_changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self, act: Act, clock: Callable[[], float]) -> None:
        while (hint := self._next(clock)) is not None:
            try:
                act(hint)
            except Exception:
                # It is still due, and the next look finds it.
                logger.exception("what a hint is about was not done: %s", hint)

    def _next(self, clock: Callable[[], float]) -> Hint | None:
        """Wait for a hint to be due; None once the line is stopped."""
        with self._has_changed:
            while not self._is_stopped:
                wait = self._hints[0][0] - clock() if self._hints else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._hints)[2]
                self._has_changed.wait(wait)
            return None

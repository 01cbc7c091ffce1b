"""Keeps the threads of one process from overtaking each other on a process instance.

The guard of the store decides, always; these locks only spare the threads of one server the wasted work. A
fixed number of locks serves all instances: two instances may share one, which costs a short wait and nothing
else.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOCKS = 1024


class InstanceLocks:
    """Locks by process instance."""

    def __init__(self) -> None:
        """All free, and made when they are first needed: most processes need few."""
        self._locks: dict[int, threading.RLock] = {}

    @contextmanager
    def hold(self, ref: tuple[str, int]) -> Iterator[None]:
        """Wait for an instance and keep it for the block."""
        with self._lock(ref):
            yield

    def claim(self, ref: tuple[str, int]) -> bool:
        """Take an instance if no other thread has it; to be released by the same thread."""
        return self._lock(ref).acquire(blocking=False)

    def release(self, ref: tuple[str, int]) -> None:
        """Give back what was claimed."""
        self._lock(ref).release()

    def _lock(self, ref: tuple[str, int]) -> threading.RLock:
        return self._locks.setdefault(hash(ref) % LOCKS, threading.RLock())

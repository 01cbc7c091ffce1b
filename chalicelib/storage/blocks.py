"""Id blocks: leased from one counter item per date.

An instance owns blocks of 64 public ids per record type (docs/adr/0003). First blocks come from
a lease of this process, further blocks straight from the counter, so that the ids of an instance rise.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from ..engine.errors import ExecutionError
from . import codec, keys
from .ports import Item, Items, Key, Put, StaleWrite, Unanswered

LEASES = (1, 7, 61)
"""Id blocks taken from the counter at a time: a few at first, more as this process proves busy.

What a process leaves of its last lease is lost; with larger leases, a day at the limit of its ids would lose
more than it has. Primes, since a common divisor with the number of shards would let all that lease at the
same moment, such as midnight, begin in the same few shards (docs/scale.md).
"""

DATES = "DATES"
"""All dates together: a process that was busy before midnight is busy after it. If each began with a lease of
one again, all would ask the counter of the new date three times in its first second."""


class IdBlocks:
    """Gives out id blocks; safe for many threads."""

    def __init__(self, items: Items) -> None:
        """Nothing is leased yet."""
        self._items = items
        self._partitions: set[str] = set()
        self._leased: dict[str, list[int]] = {}
        self._leases: dict[str, int] = {}
        self._lock = threading.Lock()

    def lease(self, partition: str) -> int:
        """An id block that nobody else has, from those that this process has leased."""
        with self._lock:
            if leased := self._leased.get(partition):
                return leased.pop()
            self._remember_partition(partition)
            return self._next(partition, DATES, lambda amount: self.take(partition, amount))

    def engine_block(self, partition: str) -> int:
        """An id block for the engine's own tasks, behind all others, so that ids of instances begin with 1.

        Once those are used, one from among the others.

        Raises:
            ExecutionError: The date has none left.
        """
        with self._lock:
            self._remember_partition(partition)
        (block,) = self._count(keys.engine_blocks(partition), 1)
        if block < keys.ENGINE_BLOCKS:
            return keys.MAX_BLOCKS + block
        (block,) = self.take(partition, 1)
        return block

    def next_id(self, name: str) -> int:
        """An id that counts over all dates, from 1, from those that this process has leased."""
        with self._lock:
            return self._next(name, name, lambda amount: self._count(keys.counter(name), amount)) + 1

    def _next(self, name: str, kind: str, take: Callable[[int], list[int]]) -> int:
        """The next number of a name; how many are taken at a time depends on how often its kind took some."""
        leased = self._leased.setdefault(name, [])
        if not leased:
            lease = self._leases.get(kind, 0)
            self._leases[kind] = lease + 1
            leased.extend(reversed(take(LEASES[min(lease, len(LEASES) - 1)])))
        return leased.pop()

    def _count(self, counter: Key, amount: int) -> list[int]:
        end = self._items.add(counter, amount)
        return list(range(end - amount, end))

    def take(self, partition: str, amount: int) -> list[int]:
        """Id blocks straight from the counter.

        Raises:
            ExecutionError: The date has no ids left.
        """
        blocks = self._count(keys.blocks(partition), amount)
        if blocks[-1] >= keys.MAX_BLOCKS:
            raise ExecutionError(
                f"partition {partition} has no ids left: {keys.MAX_BLOCKS} id blocks are used"
            )
        return blocks

    def create(self, partition: str) -> None:
        """List a date; it may be listed."""
        with self._lock:
            self._remember_partition(partition)

    def forget(self, partition: str) -> None:
        """Take a date off the list; it may be off it."""
        with self._lock:
            self._partitions.discard(partition)
            self._change_list(lambda known: known - {partition})

    def _remember_partition(self, partition: str) -> None:
        """List a date before anything is written under it, so that queries find it."""
        if partition not in self._partitions:
            self._partitions |= self._change_list(lambda known: known | {partition})

    def _change_list(self, change: Callable[[set[str]], set[str]]) -> set[str]:
        """Change the list of dates, again where somebody else was first or no answer came; answers it."""
        while True:
            (item,) = self._items.get([keys.PARTITIONS])
            known: set[str] = set(codec.decode_json(item.body)) if item else set()
            wanted = change(known)
            if wanted == known:
                return known
            revision = item.revision if item else 0
            body = codec.encode_json(sorted(wanted))
            with suppress(StaleWrite, Unanswered):
                self._items.commit([Put(Item(keys.PARTITIONS, body, revision + 1), revision)])
                return wanted

    def partitions(self) -> list[str]:
        """All dates that are listed, rising: those that have process instances, and the next ones."""
        (item,) = self._items.get([keys.PARTITIONS])
        return codec.decode_json(item.body) if item else []

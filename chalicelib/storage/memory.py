"""Items in memory: the reference for the other adapters, and the store of fast tests. Nothing is kept."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from operator import itemgetter
from threading import Lock

from . import tables
from .ports import Delete, Entry, Item, Key, Put, StaleWrite, Write


class MemoryItems:
    """The port `Items` in dictionaries, one lock around each operation."""

    def __init__(self) -> None:
        """Begin empty."""
        self._items: dict[Key, Item] = {}
        self._collections: dict[str, set[str]] = {}
        self._entries: dict[tuple[str, str], _SortedEntries] = {}
        self._counters: dict[Key, int] = {}
        self._lock = Lock()

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        """See `Items.get`."""
        with self._lock:
            return [self._items.get(key) for key in keys]

    def query(
        self,
        index: str,
        hash_value: str,
        *,
        low: str | int | None = None,
        high: str | int | None = None,
        after: Entry | None = None,
        limit: int = 1000,
    ) -> list[Entry]:
        """See `Items.query`."""
        assert limit >= 1, "a query asks for at least one entry"
        place = (tables.indexes()[index].name, hash_value)
        with self._lock:
            entries = self._entries.get(place)
            return [] if entries is None else entries.between(low, high, after, limit)

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        """See `Items.collections`."""
        with self._lock:
            return [sorted(self._collections.get(partition, ())) for partition in partitions]

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Items.commit`; never throttled."""
        tables.check(writes)
        with self._lock:
            for write in writes:
                self._check_guard(write)
            for write in writes:
                self._carry_out(write)

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        """See `Items.commit_each`."""
        return [self._is_committed(writes) for writes in groups]

    def add(self, key: Key, amount: int) -> int:
        """See `Items.add`."""
        with self._lock:
            self._counters[key] = value = self._counters.get(key, 0) + amount
            return value

    def purge_expired(self, now: int, limit: int) -> int:
        """See `Items.purge_expired`."""
        with self._lock:
            over = (item for item in self._items.values() if item.expires_at and item.expires_at <= now)
            deletes = [Delete(item.key) for item in islice(over, limit)]
            for delete in deletes:
                self._carry_out(delete)
            return len(deletes)

    def close(self) -> None:
        """Nothing to release."""

    def _is_committed(self, writes: Sequence[Write]) -> bool:
        try:
            self.commit(writes)
        except StaleWrite:
            return False
        return True

    def _check_guard(self, write: Write) -> None:
        stored = self._items.get(tables.key_of(write))
        revision = 0 if stored is None else stored.revision
        if write.guard is not None and write.guard != revision:
            raise StaleWrite(f"{tables.key_of(write)} has revision {revision}, not {write.guard}")

    def _carry_out(self, write: Write) -> None:
        old = self._items.pop(tables.key_of(write), None)
        if old is not None:
            self._leave_indexes(old)
            self._leave_collection(old.key)
        if isinstance(write, Put):
            # a copy: the caller may go on to use its dictionary
            item = replace(write.item, index=dict(write.item.index))
            self._items[item.key] = item
            self._collections.setdefault(item.key.partition, set()).add(item.key.sort)
            self._enter_indexes(item)

    def _leave_collection(self, key: Key) -> None:
        sorts = self._collections[key.partition]
        sorts.remove(key.sort)
        if not sorts:
            del self._collections[key.partition]

    def _enter_indexes(self, item: Item) -> None:
        for index in tables.indexes().values():
            if place := index.place(item):
                self._entries.setdefault((index.name, place[0]), _SortedEntries()).add(place[1])

    def _leave_indexes(self, item: Item) -> None:
        for index in tables.indexes().values():
            if place := index.place(item):
                entries = self._entries[index.name, place[0]]
                entries.remove(place[1])
                if entries.is_empty:
                    del self._entries[index.name, place[0]]


class _SortedEntries:
    """The entries of one hash value in rising order, in blocks, so that no change moves more than a block."""

    __slots__ = ("_blocks",)

    BLOCK = 512

    def __init__(self) -> None:
        self._blocks: list[list[Entry]] = []

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    def add(self, entry: Entry) -> None:
        if not self._blocks:
            self._blocks.append([entry])
            return
        at = min(self._block_of(entry), len(self._blocks) - 1)
        block = self._blocks[at]
        insort(block, entry)
        if len(block) > 2 * self.BLOCK:
            self._blocks[at : at + 1] = [block[: self.BLOCK], block[self.BLOCK :]]

    def remove(self, entry: Entry) -> None:
        at = self._block_of(entry)
        block = self._blocks[at]
        del block[bisect_left(block, entry)]
        if not block:
            del self._blocks[at]

    def between(
        self, low: str | int | None, high: str | int | None, after: Entry | None, limit: int
    ) -> list[Entry]:
        found: list[Entry] = []
        for entry in self._starting_at(low, after):
            if len(found) == limit or (high is not None and entry.range > high):  # type: ignore[operator]
                break
            found.append(entry)
        return found

    def _starting_at(self, low: str | int | None, after: Entry | None) -> Iterator[Entry]:
        # a tuple of the range alone stands before every entry with that range, a longer one right behind
        # the entry with which it begins
        first: tuple[object, ...] = () if low is None else (low,)
        if after is not None:
            first = max(first, (*after, 0))
        at = self._block_of(first)
        for number, block in enumerate(self._blocks[at:]):
            yield from block[bisect_left(block, first) :] if number == 0 else block

    def _block_of(self, entry: tuple[object, ...]) -> int:
        """Number of the first block that ends at the entry or behind it."""
        return bisect_left(self._blocks, entry, key=itemgetter(-1))

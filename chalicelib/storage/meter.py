"""Computes from item sizes what DynamoDB would bill: requests, read units and write units.

`Meter` stands between the engine and the memory store. It knows what `storage/dynamodb.py` sends for each
call of the port; `python -m tests.bench --dynoxide` checks it against the consumed capacity that an
independent DynamoDB reports.

Not counted: requests that are sent again because a table was busy or an answer was lost.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from . import tables
from .ports import Entry, Item, Items, Key, Put, StaleWrite, Write
from .units import (
    KEYS_PER_READ,
    LARGEST_BODY,
    entry_size,
    index_writes,
    item_size,
    read_units,
    write_units,
)


@dataclass(slots=True)
class Bill:
    """What some requests cost.

    Attributes:
        gets: GetItem requests.
        batches: BatchGetItem requests.
        queries: Query requests, pages included.
        writes: PutItem and DeleteItem requests, failed conditions included.
        transactions: TransactWriteItems requests.
        counters: UpdateItem requests.
        objects: Requests to the object store.
        failed: Writes and transactions whose condition did not hold; they are billed too.
        read_units: Of 4 KB, strongly consistent.
        write_units: Of 1 KB, those of the indexes included.
        index_units: The write units of the indexes alone.
    """

    gets: float = 0
    batches: float = 0
    queries: float = 0
    writes: float = 0
    transactions: float = 0
    counters: float = 0
    objects: float = 0
    failed: float = 0
    read_units: float = 0
    write_units: float = 0
    index_units: float = 0

    @property
    def requests(self) -> float:
        """All requests to DynamoDB."""
        return self.gets + self.batches + self.queries + self.writes + self.transactions + self.counters

    def __add__(self, other: "Bill") -> "Bill":
        """Both together."""
        return Bill(*(getattr(self, row.name) + getattr(other, row.name) for row in fields(self)))

    def times(self, share: float) -> "Bill":
        """Part of it, for an average."""
        return Bill(*(getattr(self, row.name) * share for row in fields(self)))

    def __sub__(self, other: "Bill") -> "Bill":
        """What came after another, earlier bill."""
        return Bill(*(getattr(self, row.name) - getattr(other, row.name) for row in fields(self)))


@dataclass(slots=True)
class _Stored:
    """An item and its size; nothing at all has size 0."""

    item: Item | None = None
    size: int = 0

    @property
    def has_object(self) -> bool:
        return self.item is not None and len(self.item.body) > LARGEST_BODY

    @property
    def index(self) -> Mapping[str, str | int]:
        return self.item.index if self.item is not None else {}


_NOTHING = _Stored()


TABLE = "table"
"""Stands for the table where its indexes stand by their names."""


class Touched(NamedTuple):
    """What one partition key of the table, or one hash value of an index, was charged with.

    Attributes:
        place: `TABLE`, or the name of an index.
        key: The partition key or hash value.
    """

    place: str
    key: str
    read_units: float
    write_units: float


@dataclass
class Meter:
    """The port `Items` around a store that is empty at first, for one thread.

    Attributes:
        bill: What has been asked so far.
        written: Write units by partition key, those of failed conditions left out.
        touch: Told about each key that was charged; all together come to the units of the bill.
    """

    items: Items
    bill: Bill = field(default_factory=Bill)
    written: Counter[str] = field(default_factory=Counter)
    touch: Callable[[Touched], None] = lambda touched: None

    def __post_init__(self) -> None:
        self._stored: dict[Key, _Stored] = {}

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        """One GetItem, or BatchGetItem for several; each item is rounded up by itself."""
        stored = [self._stored.get(key, _NOTHING) for key in keys]
        for key, one in zip(keys, stored, strict=True):
            self.touch(Touched(TABLE, key.partition, read_units(one.size), 0))
        self._charge(
            gets=int(len(keys) == 1),
            batches=math.ceil(len(keys) / KEYS_PER_READ) if len(keys) > 1 else 0,
            objects=sum(one.has_object for one in stored),
            read_units=sum(read_units(one.size) for one in stored),
        )
        return self.items.get(keys)

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
        """One request, as `DynamoItems.query` sends it: all entries together, at half the price."""
        place = tables.indexes()[index]
        found = self.items.query(index, hash_value, low=low, high=high, after=after, limit=limit)
        size = sum(entry_size(place, hash_value, entry) for entry in found)
        self.touch(Touched(index, hash_value, read_units(size) / 2, 0))
        self._charge(queries=1, read_units=read_units(size) / 2)
        return found

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        """One request each, as `DynamoItems.collections` sends them."""
        found = self.items.collections(partitions)
        for partition, sorts in zip(partitions, found, strict=True):
            size = sum(self._stored.get(Key(partition, sort), _NOTHING).size for sort in sorts)
            self.touch(Touched(TABLE, partition, read_units(size), 0))
            self._charge(queries=1, read_units=read_units(size))
        return found

    def commit(self, writes: Sequence[Write]) -> None:
        """One conditional write, or a transaction, in which every item counts twice."""
        before = [self._stored.get(tables.key_of(write), _NOTHING) for write in writes]
        is_alone = len(writes) == 1
        after = [_after(write, is_alone) for write in writes]
        pairs = list(zip(before, after, strict=True))
        times = 1 if is_alone else 2
        own = [times * write_units(max(old.size, new.size)) for old, new in pairs]
        keys = [tables.key_of(write) for write in writes]
        for key, units in zip(keys, own, strict=True):
            self.touch(Touched(TABLE, key.partition, 0, units))
        cost: dict[str, Any] = {"writes" if is_alone else "transactions": 1}
        cost["objects"] = sum(old.has_object + new.has_object for old, new in pairs)
        try:
            self.items.commit(writes)
        except StaleWrite:
            self._charge(failed=1, write_units=sum(own), **cost)
            raise
        followed = [
            list(index_writes(key, old.index, new.index)) for key, (old, new) in zip(keys, pairs, strict=True)
        ]
        for key, units, rows in zip(keys, own, followed, strict=True):
            self.written[key.partition] += units + sum(row.units for row in rows)
            for row in rows:
                self.touch(Touched(row.name, row.hash_value, 0, row.units))
        indexes = sum(row.units for rows in followed for row in rows)
        self._charge(index_units=indexes, write_units=sum(own) + indexes, **cost)
        self._stored.update(zip(keys, after, strict=True))

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        """One request per group."""
        return [self._is_committed(writes) for writes in groups]

    def add(self, key: Key, amount: int) -> int:
        """One UpdateItem of a small item."""
        self.touch(Touched(TABLE, key.partition, 0, 1))
        self._charge(counters=1, write_units=1)
        return self.items.add(key, amount)

    def purge_expired(self, now: int, limit: int) -> int:
        """DynamoDB removes expired items for nothing."""
        return 0

    def close(self) -> None:
        """Close the store."""
        self.items.close()

    def _is_committed(self, writes: Sequence[Write]) -> bool:
        try:
            self.commit(writes)
        except StaleWrite:
            return False
        return True

    def _charge(self, **costs: Any) -> None:
        self.bill += Bill(**costs)


def _after(write: Write, is_alone: bool) -> _Stored:
    """What a write leaves behind; a guarded write outside of a transaction carries a write id."""
    if not isinstance(write, Put):
        return _NOTHING
    has_write_id = is_alone and write.guard is not None
    return _Stored(write.item, item_size(write.item, has_write_id=has_write_id))

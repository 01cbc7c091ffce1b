"""Computes from item sizes what DynamoDB would bill: requests, read units and write units.

`Meter` stands between the engine and the memory store. It knows what `storage/dynamodb.py` sends for each
call of the port; `python -m tests.bench --dynoxide` checks it against the consumed capacity that an
independent DynamoDB reports.

Not counted: requests that are sent again because a table was busy or an answer was lost.

Source, for every rule without another one: Amazon DynamoDB developer guide, "DynamoDB item sizes and
formats" and "DynamoDB read and write operations" (capacity unit consumption).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from chalicelib.storage import tables
from chalicelib.storage.dynamodb import KEYS_PER_READ, LARGEST_BODY
from chalicelib.storage.ports import Entry, Item, Items, Key, Put, StaleWrite, Write

READ_UNIT = 4 * 1024
WRITE_UNIT = 1024
WRITE_ID = len("w") + 6
OBJECT_NAME = len("o") + 22
"""Bytes of the attribute that stands in for a body in the object store."""


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

    gets: int = 0
    batches: int = 0
    queries: int = 0
    writes: int = 0
    transactions: int = 0
    counters: int = 0
    objects: int = 0
    failed: int = 0
    read_units: float = 0
    write_units: float = 0
    index_units: float = 0

    @property
    def requests(self) -> int:
        """All requests to DynamoDB."""
        return self.gets + self.batches + self.queries + self.writes + self.transactions + self.counters

    def __add__(self, other: "Bill") -> "Bill":
        """Both together."""
        return Bill(*(getattr(self, row.name) + getattr(other, row.name) for row in fields(self)))

    def __sub__(self, other: "Bill") -> "Bill":
        """What came after another, earlier bill."""
        return Bill(*(getattr(self, row.name) - getattr(other, row.name) for row in fields(self)))


def number_size(value: int) -> int:
    """Bytes of a number: one per two significant digits, one more, and one for a sign."""
    digits = str(abs(value)).strip("0")
    return math.ceil(len(digits) / 2) + 1 + (value < 0)


def value_size(value: str | int) -> int:
    """Bytes of a text or a number."""
    return number_size(value) if isinstance(value, int) else len(value.encode())


def attribute_sizes(values: Mapping[str, str | int]) -> int:
    """Bytes of attributes, their names included."""
    return sum(len(name) + value_size(value) for name, value in values.items())


def item_size(item: Item, *, has_write_id: bool) -> int:
    """Bytes of an item as `storage/dynamodb.py` writes it."""
    is_object = len(item.body) > LARGEST_BODY
    body = OBJECT_NAME if is_object else len("b") + len(item.body)
    own = attribute_sizes({"pk": item.key.partition, "sk": item.key.sort, "r": item.revision})
    return own + attribute_sizes(item.index) + body + (WRITE_ID if has_write_id else 0)


def entry_size(index: tables.Index, hash_value: str, entry: Entry) -> int:
    """Bytes of an entry of a KEYS_ONLY index: its own keys and those of the table."""
    own: dict[str, str | int] = {index.hash_attribute: hash_value, index.range_attribute: entry.range}
    return attribute_sizes(own | {"pk": entry.key.partition, "sk": entry.key.sort})


def read_units(size: int) -> int:
    """Units of a strongly consistent read; nothing found is one unit too."""
    return max(1, math.ceil(size / READ_UNIT))


def write_units(size: int) -> int:
    """Units of a write; at least one."""
    return max(1, math.ceil(size / WRITE_UNIT))


def index_units(old: Item | None, new: Item | None) -> int:
    """Write units that the indexes take to follow an item.

    An entry that appears or goes is one write, one whose keys change is two, one that stays as it is costs
    nothing.

    Source: developer guide, "Using Global Secondary Indexes in DynamoDB", "Provisioned throughput
    considerations".
    """
    return sum(units for _, _, units in index_writes(old, new))


def index_writes(old: Item | None, new: Item | None) -> Iterator[tuple[str, str, int]]:
    """Name of each index that follows an item, hash value of each entry that is written, and its units."""
    for index in tables.indexes().values():
        before = index.place(old) if old else None
        after = index.place(new) if new else None
        if before != after:
            for place in filter(None, (before, after)):
                yield index.name, place[0], write_units(entry_size(index, *place))


@dataclass(slots=True)
class _Stored:
    """An item and its size; nothing at all has size 0."""

    item: Item | None = None
    size: int = 0

    @property
    def has_object(self) -> bool:
        return self.item is not None and len(self.item.body) > LARGEST_BODY


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
        touch: Told about each key that was charged; all together come to the units of the bill.
    """

    items: Items
    bill: Bill = field(default_factory=Bill)
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

    def commit(self, writes: Sequence[Write]) -> None:
        """One conditional write, or a transaction, in which every item counts twice."""
        before = [self._stored.get(tables.key_of(write), _NOTHING) for write in writes]
        is_alone = len(writes) == 1
        after = [_after(write, is_alone) for write in writes]
        pairs = list(zip(before, after, strict=True))
        each = [write_units(max(old.size, new.size)) * (1 if is_alone else 2) for old, new in pairs]
        for write, units in zip(writes, each, strict=True):
            self.touch(Touched(TABLE, tables.key_of(write).partition, 0, units))
        cost: dict[str, Any] = {"writes" if is_alone else "transactions": 1, "write_units": sum(each)}
        cost["objects"] = sum(old.has_object + new.has_object for old, new in pairs)
        try:
            self.items.commit(writes)
        except StaleWrite:
            self._charge(failed=1, **cost)
            raise
        followed = [row for old, new in pairs for row in index_writes(old.item, new.item)]
        for index, hash_value, units in followed:
            self.touch(Touched(index, hash_value, 0, units))
        indexes = sum(units for _, _, units in followed)
        cost["write_units"] += indexes
        self._charge(index_units=indexes, **cost)
        self._stored.update(
            (tables.key_of(write), new) for write, (_, new) in zip(writes, pairs, strict=True)
        )

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

"""What DynamoDB bills for an item: sizes in bytes, read units and write units.

The one definition, for what an instance counts of itself, for the estimate of a model and for the bench.
Sizes are those of items as `storage/dynamodb.py` writes them, whatever store they lie in.

Source, for every rule without another one: Amazon DynamoDB developer guide, "DynamoDB item sizes and
formats" and "DynamoDB read and write operations" (capacity unit consumption).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from . import tables
from .ports import Entry, Item, Key

READ_UNIT = 4 * 1024
WRITE_UNIT = 1024

LARGEST_BODY = 300 * 1024
"""Bytes of a body that is kept in the table. Source: DynamoDB quotas, an item has at most 400 KB in all."""

KEYS_PER_READ = 100
"""Source: Amazon DynamoDB API reference, BatchGetItem."""

SURELY_SMALL = WRITE_UNIT // 5
"""Characters of the values of an index entry, at most four bytes each, that are one unit with their names."""

WRITE_ID = len("w") + 6
OBJECT_NAME = len("o") + 22
"""Bytes of the attribute that stands in for a body in the object store."""


def number_size(value: int) -> int:
    """Bytes of a number: one per two significant digits, one more, and one for a sign."""
    digits = str(abs(value)).strip("0")
    return (len(digits) + 1) // 2 + 1 + (value < 0)


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
    return max(1, -(-size // READ_UNIT))


def write_units(size: int) -> int:
    """Units of a write; at least one."""
    return max(1, -(-size // WRITE_UNIT))


class IndexWrite(NamedTuple):
    """An entry of an index that is written, to appear or to go.

    Attributes:
        name: Of the index.
        hash_value: Under which the entry stands.
        units: What it costs.
    """

    name: str
    hash_value: str
    units: int


def index_units(key: Key, before: Mapping[str, str | int], after: Mapping[str, str | int]) -> int:
    """Write units that the indexes take to follow an item, see `index_writes`."""
    return 0 if before == after else sum(write.units for write in index_writes(key, before, after))


def index_writes(
    key: Key, before: Mapping[str, str | int], after: Mapping[str, str | int]
) -> Iterator[IndexWrite]:
    """What the indexes write to follow an item.

    An entry that appears or goes is one write, one whose keys change is two, one that stays as it is costs
    nothing.

    Args:
        key: Of the item.
        before: Its index attributes; none if it was not there.
        after: The same afterwards.

    Source: developer guide, "Using Global Secondary Indexes in DynamoDB", "Provisioned throughput
    considerations".
    """
    for index in tables.indexes().values():
        old = before.get(index.hash_attribute), before.get(index.range_attribute)
        new = after.get(index.hash_attribute), after.get(index.range_attribute)
        if old != new:
            for hash_value, range in (old, new):
                # Where an attribute is missing, there is no entry.
                if hash_value is not None and range is not None:
                    units = _entry_units(index, key, str(hash_value), range)
                    yield IndexWrite(index.name, str(hash_value), units)


def _entry_units(index: tables.Index, key: Key, hash_value: str, range: str | int) -> int:
    """Write units of an entry; what is surely small is not measured, since every command comes here."""
    if len(hash_value) + len(str(range)) + len(key.partition) + len(key.sort) < SURELY_SMALL:
        return 1
    return write_units(entry_size(index, hash_value, Entry(range, key)))

"""The one definition of the table, read from `infra/tables.json`, for every adapter of the port `Items`.

CloudFormation creates the table of an account from that file; the adapters learn from it here which index
attributes and indexes there are. No adapter names one itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .ports import MAX_WRITES, Entry, Item, Key, Put, Write

AttributeType = Literal["S", "N"]
"""Text, or a whole number, in the words of DynamoDB."""

DEFINITION = Path(__file__).parents[2] / "infra" / "tables.json"


@dataclass(frozen=True, slots=True)
class Index:
    """A way to find items other than by their key.

    Attributes:
        name: Its name.
        hash_attribute: The attribute of which a query gives one value.
        range_attribute: The attribute by which the entries of one hash value are ordered.
        types: Type of either attribute.
    """

    name: str
    hash_attribute: str
    range_attribute: str
    types: Mapping[str, AttributeType]

    def place(self, item: Item) -> tuple[str, Entry] | None:
        """Hash value and entry under which an item stands in this index; None if it is not in it."""
        hash_value = item.index.get(self.hash_attribute)
        range_value = item.index.get(self.range_attribute)
        if hash_value is None or range_value is None:
            return None
        return str(hash_value), Entry(range_value, item.key)


@cache
def properties(resource: str) -> Mapping[str, Any]:
    """Properties of a resource of `infra/tables.json`, as CloudFormation understands them."""
    definition: dict[str, Any] = json.loads(DEFINITION.read_text())
    found: dict[str, Any] = definition["Resources"][resource]["Properties"]
    return found


@cache
def indexes() -> Mapping[str, Index]:
    """All indexes by name."""
    return {index["IndexName"]: _index(index) for index in properties("Items")["GlobalSecondaryIndexes"]}


@cache
def attributes() -> Mapping[str, AttributeType]:
    """All index attributes with their types, each once, in the order of the indexes."""
    return {name: kind for index in indexes().values() for name, kind in index.types.items()}


def table_parameters(name: str) -> dict[str, Any]:
    """What DynamoDB's CreateTable needs to make the table under a name."""
    later = {"TimeToLiveSpecification"}
    return {"TableName": name} | {
        key: value for key, value in properties("Items").items() if key not in later
    }


@cache
def expiry() -> str:
    """The attribute that says when an item may be removed, in seconds since 1970-01-01 UTC."""
    return str(properties("Items")["TimeToLiveSpecification"]["AttributeName"])


def check(writes: Sequence[Write]) -> None:
    """Assert that a commit keeps the rules of the port, before any adapter begins with it.

    Source: Amazon DynamoDB API reference, TransactWriteItems (100 actions, no item twice); developer guide,
    "Constraints" (key attributes of the table and of its indexes are never empty).
    """
    assert 1 <= len(writes) <= MAX_WRITES, f"a commit has 1 to {MAX_WRITES} writes, not {len(writes)}"
    for write in writes:
        if isinstance(write, Put):
            _check_put(write)
    if len(writes) > 1:
        keys = {key_of(write) for write in writes}
        assert len(keys) == len(writes), "a commit writes no key twice"


def key_of(write: Write) -> Key:
    """The key that a write is about."""
    return write.item.key if isinstance(write, Put) else write.key


# private


def _index(definition: Mapping[str, Any]) -> Index:
    roles = {part["KeyType"]: part["AttributeName"] for part in definition["KeySchema"]}
    types = {name: _all_types()[name] for name in roles.values()}
    return Index(definition["IndexName"], roles["HASH"], roles["RANGE"], types)


@cache
def _all_types() -> Mapping[str, AttributeType]:
    return {row["AttributeName"]: row["AttributeType"] for row in properties("Items")["AttributeDefinitions"]}


def _check_put(put: Put) -> None:
    item = put.item
    assert item.key.partition and item.key.sort, f"a part of {item.key} is empty"
    expected = (put.guard or 0) + 1
    is_next = item.revision == expected or (put.guard == 0 and item.revision > 0)
    assert is_next, f"{item.key} has revision {item.revision}, its guard wants {expected}"
    for name, value in item.index.items():
        kind = attributes().get(name)
        assert kind is not None, f"no index has an attribute {name}"
        assert _is_legal(kind, value), f"attribute {name} of {item.key} cannot be {value!r}"


def _is_legal(kind: AttributeType, value: str | int) -> bool:
    """Text that is not empty, or a number of 64 bits, which every store can hold."""
    if isinstance(value, str):
        return kind == "S" and value != ""
    return kind == "N" and -(2**63) <= value < 2**63

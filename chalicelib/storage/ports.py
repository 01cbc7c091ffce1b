"""The port that every store implements: items, read by key, found by index, written under guards.

An item has a key of two parts (partition key and sort key, as in DynamoDB), a revision, a body that only the
codec understands, and the few attributes in the clear that the indexes need. The indexes themselves are
defined once, in `infra/tables.json`, and read from there by every adapter.

The adapters are `memory` (the reference), `sqlite` (embedded default) and `dynamodb`; one conformance suite
runs on all of them (`tests/storage`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..service.environment import Overtaken, Unavailable
from ..service.environment import Unanswered as Unanswered

MAX_WRITES = 100
"""Items in one commit. Source: Amazon DynamoDB API reference, TransactWriteItems."""


class Key(NamedTuple):
    """Address of an item; all items with one partition key lie together, in the order of their sort keys."""

    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Item:
    """What is stored.

    Attributes:
        key: Its address.
        body: Bytes that only the codec understands.
        revision: Counts the writes of this item, from 1; an item that is removed and made again begins with
            a revision that it has never had.
        index: Index attributes by name (`infra/tables.json`), text or whole numbers; an item is in an index
            if it has both of the index's attributes.
        expires_at: Seconds since 1970-01-01 UTC after which it may be removed; None: never. It may stay for
            days longer, and is read as long as it is there.
    """

    key: Key
    body: bytes
    revision: int = 1
    index: Mapping[str, str | int] = field(default_factory=dict)
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item.

    Attributes:
        item: The new item, index attributes included.
        guard: Revision that must be stored now; 0: the key must be free; None: no condition (immutable items
            only, whose key nobody else can have).
    """

    item: Item
    guard: int | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item.

    Attributes:
        key: Its address; nothing there is fine if there is no guard.
        guard: Revision that must be stored now; None: no condition.
    """

    key: Key
    guard: int | None = None


Write = Put | Delete


class Entry(NamedTuple):
    """One hit in an index.

    Attributes:
        range: Value of the index's range attribute.
        key: The item it belongs to.
    """

    range: str | int
    key: Key


class StaleWrite(Overtaken):
    """A guard did not hold: another writer was first. Nothing was written; read again and think again."""


class Throttled(Unavailable):
    """The store refuses or cannot be reached for the moment; nothing was written.

    For want of capacity, for a lock that another process holds, or for the network.
    """


class Items(Protocol):
    """A store of items."""

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read items, strongly consistent: whatever was committed before the call is seen.

        Args:
            keys: Any number of distinct keys.

        Returns:
            One answer per key, in the order of the keys; None where there is no item.
        """
        ...

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
        """Find entries of an index under one hash value, in rising order of their range.

        Entries of one range value come in an order of the store's own, which stays the same from query to
        query: that of their keys in memory and in sqlite, any on DynamoDB.

        On DynamoDB an index may lag behind the items by a moment; the item itself decides.

        Args:
            index: Name of an index in `infra/tables.json`.
            hash_value: Value of its hash attribute.
            low: Smallest range value, included; None: from the first.
            high: Largest range value, included; None: to the last.
            after: Go on behind this entry, as answered by an earlier query of the same index and hash value
                (the entry itself may be gone by now); None: from the first.
            limit: Most entries to answer, at least 1. Fewer are answered only if there are no more.
        """
        ...

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        """The sort keys of all items under each of some partition keys, in rising order, strongly consistent.

        Args:
            partitions: Any number of distinct partition keys.

        Returns:
            One list per partition key, in the order of the partition keys.
        """
        ...

    def commit(self, writes: Sequence[Write]) -> None:
        """Carry out all writes, or none.

        A single write costs a single conditional request; several go into one transaction.

        Args:
            writes: 1 to 100 writes, no key twice.

        Raises:
            StaleWrite: A guard did not hold; nothing was written.
            Throttled: The store was too busy until the adapter's own retries were used up; nothing was
                written.
            Unanswered: No answer came until then; all was written, or nothing.
        """
        ...

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        """Commit many independent groups of writes, each all or none, as fast as the store can.

        Returns:
            For each group whether it is known to be written; False where a guard did not hold, where the
            store was too busy, and where no answer came.

        Raises:
            Throttled: The store was too busy, and no group was written.
            Unanswered: No answer came, and no group is known to be written.
        """
        ...

    def add(self, key: Key, amount: int) -> int:
        """Add to a counter and answer its new value; a counter that was never added to is 0.

        Counters live apart from items: `get` does not see them.
        """
        ...

    def purge_expired(self, now: int, limit: int) -> int:
        """Remove items whose time is over; answers how many. A store that does so by itself removes none.

        Args:
            now: Seconds since 1970-01-01 UTC.
            limit: Most items to remove.
        """
        ...

    def close(self) -> None:
        """Release files, connections and threads; the store cannot be used afterwards."""
        ...

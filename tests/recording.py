"""A store that remembers what was asked of it, and lets a test act in between."""

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.storage.ports import Delete, Entry, Item, Items, Key, StaleWrite, Throttled, Write


class Recording:
    """The port `Items` around another store.

    Attributes:
        calls: How often each verb was used.
        keys: What lies in the store, of all that was written through this object.
        written: Every key that was ever written, in order.
        bodies: Every body that was ever written, as clear as it can be had without a key.
        largest_transaction: The most writes in one.
        before_commit: Called once, before the next commit of an aggregate, and then forgotten.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self.calls: Counter[str] = Counter()
        self.keys: set[Key] = set()
        self.written: list[Key] = []
        self.bodies: list[bytes] = []
        self.largest_transaction = 0
        self.before_commit: Callable[[], object] | None = None

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        self.calls["get"] += len(keys)
        return self._items.get(keys)

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
        self.calls["query"] += 1
        return self._items.query(index, hash_value, low=low, high=high, after=after, limit=limit)

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        self.calls["collections"] += len(partitions)
        return self._items.collections(partitions)

    def commit(self, writes: Sequence[Write]) -> None:
        self._act_in_between(writes)
        self.calls["write" if len(writes) == 1 else "transaction"] += 1
        self.largest_transaction = max(self.largest_transaction, len(writes))
        self._items.commit(writes)
        self._note(writes)

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        for writes in groups:
            self._act_in_between(writes)
        self.calls["write"] += len(groups)
        written = self._items.commit_each(groups)
        for writes, was_written in zip(groups, written, strict=True):
            if was_written:
                self._note(writes)
        return written

    def add(self, key: Key, amount: int) -> int:
        self.calls["add"] += 1
        return self._items.add(key, amount)

    def purge_expired(self, now: int, limit: int) -> int:
        return self._items.purge_expired(now, limit)

    def close(self) -> None:
        self._items.close()

    def _act_in_between(self, writes: Sequence[Write]) -> None:
        is_aggregate = any(
            not isinstance(write, Delete) and write.item.key.sort in ("STATE", "SLOT", "KEYS")
            for write in writes
        )
        if is_aggregate and self.before_commit is not None:
            act, self.before_commit = self.before_commit, None
            act()

    def _note(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if isinstance(write, Delete):
                self.keys.discard(write.key)
            else:
                self.keys.add(write.item.key)
                self.written.append(write.item.key)
                body = write.item.body
                self.bodies.append(zlib.decompress(body) if body.startswith(b"x") else body)


class Forgetful(Recording):
    """A store that writes, and then says that it has not, as one whose answer was lost on the way.

    Attributes:
        meanwhile: What somebody else does between the write and the answer.
    """

    meanwhile: Callable[[], object] | None = None

    def commit(self, writes: Sequence[Write]) -> None:
        super().commit(writes)
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
            raise StaleWrite("somebody was first")


class Troubled(Recording):
    """A store that refuses single verbs for a while.

    Attributes:
        refuses: Verb and how often it is passed before it is refused once: `{"get": 2}`.
    """

    def __init__(self, items: Items) -> None:
        super().__init__(items)
        self.refuses: dict[str, int] = {}

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        self._refuse("get")
        assert len(set(keys)) == len(keys), "keys are distinct"
        return super().get(keys)

    def query(self, index: str, hash_value: str, **criteria: Any) -> list[Entry]:
        self._refuse("query")
        return super().query(index, hash_value, **criteria)

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        """A refused group is not written, the others are."""
        accepted = [not self._is_refused("write") for _ in groups]
        if not any(accepted):
            raise Throttled("no write for the moment")
        each = super().commit_each
        return [is_accepted and each([group])[0] for is_accepted, group in zip(accepted, groups, strict=True)]

    def _refuse(self, verb: str) -> None:
        if self._is_refused(verb):
            raise Throttled(f"no {verb} for the moment")

    def _is_refused(self, verb: str) -> bool:
        if verb not in self.refuses:
            return False
        self.refuses[verb] -= 1
        if self.refuses[verb] < 0:
            del self.refuses[verb]
            return True
        return False


class Failing(Recording):
    """A store that is gone after so many commits.

    Attributes:
        passes: How many commits still get through; None: all.
    """

    passes: int | None = None

    def commit(self, writes: Sequence[Write]) -> None:
        if self.passes is not None:
            self.passes -= 1
            if self.passes < 0:
                raise ConnectionError("gone")
        super().commit(writes)


class Losing(Recording):
    """A store in which every guarded write comes too late."""

    def commit(self, writes: Sequence[Write]) -> None:
        raise StaleWrite("somebody was first")


class Interleaved(Recording):
    """A store in which somebody else acts before one chosen call.

    Attributes:
        passes: How many calls go before; None: nobody acts.
        act: What is done then, once.
    """

    passes: int | None = None
    act: Callable[[], object]

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        self._pass()
        return super().get(keys)

    def query(self, index: str, hash_value: str, **criteria: Any) -> list[Entry]:
        self._pass()
        return super().query(index, hash_value, **criteria)

    def commit(self, writes: Sequence[Write]) -> None:
        self._pass()
        super().commit(writes)

    def add(self, key: Key, amount: int) -> int:
        self._pass()
        return super().add(key, amount)

    def _pass(self) -> None:
        if self.passes is not None:
            self.passes -= 1
            if self.passes < 0:
                self.passes = None
                self.act()

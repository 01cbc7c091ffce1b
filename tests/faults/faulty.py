"""Ports at which a test lets single calls fail: the store of items, the archive and the queue.

A `Script` counts the calls of one run at all ports, and lets a fault happen at some of them. `FAULTS` is the
table of what can happen to a call. A further port is a class with a line per verb, which hands the call to
`Script.run`, and a row in `FAULTS` where something new can happen to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.engine.records import Instant
from chalicelib.service.environment import Feed, Hint, Unanswered
from chalicelib.storage.ports import Entry, Item, Items, Key, Throttled, Write


class Killed(BaseException):
    """The process ends at this call. Nobody catches it, as nobody would."""


@dataclass(frozen=True)
class Call:
    """A call of a port.

    Attributes:
        verb: Its name.
        carry_out: Does it, and answers what the port answers.
        some: Does a part of it, where a part can be done; answers what the port then answers.
    """

    verb: str
    carry_out: Callable[[], Any]
    some: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Fault:
    """What can happen to a call.

    Attributes:
        name: In words.
        verbs: Calls to which it can happen.
        act: Does what is done of the call, and raises or answers.
        lasts: Whether it happens to all further calls too, until somebody gives up.
        needs_parts: Whether it happens only where a part of the call can be done.
    """

    name: str
    verbs: frozenset[str]
    act: Callable[[Call], Any]
    lasts: bool = False
    needs_parts: bool = False

    def fits(self, call: Call) -> bool:
        """Whether it can happen to a call."""
        return call.verb in self.verbs and not (self.needs_parts and call.some is None)


def _before(error: type[BaseException]) -> Callable[[Call], Any]:
    def act(call: Call) -> Any:
        raise error(f"before {call.verb}")

    return act


def _after(error: type[BaseException]) -> Callable[[Call], Any]:
    def act(call: Call) -> Any:
        call.carry_out()
        raise error(f"after {call.verb}")

    return act


def _in_part(call: Call) -> Any:
    assert call.some is not None
    return call.some()


def _twice(call: Call) -> Any:
    call.carry_out()
    return call.carry_out()


READS = frozenset({"get", "query", "collections"})
COMMITS = frozenset({"commit", "commit_each"})
WRITES = COMMITS | {"add", "purge_expired"}
FILES = frozenset({"put"})
SENDS = frozenset({"send"})

FAULTS = (
    Fault("the process dies before", READS | WRITES | FILES | SENDS, _before(Killed)),
    Fault("the process dies after", WRITES | FILES | SENDS, _after(Killed)),
    Fault("the store is busy once", READS | WRITES, _before(Throttled)),
    Fault("the store stays away", READS | WRITES, _before(Throttled), lasts=True),
    Fault("the request is lost", COMMITS, _before(Unanswered)),
    Fault("the answer is lost", COMMITS, _after(Unanswered)),
    Fault("some are written", frozenset({"commit_each"}), _in_part, needs_parts=True),
    Fault("the queue cannot be reached", SENDS, _before(ConnectionError)),
    Fault("the queue does not say that it has the hints", SENDS, _after(ConnectionError)),
    Fault("the queue takes some of the hints", SENDS, _in_part),
    Fault("the queue hands out twice", SENDS, _twice),
)
"""Also to a read the process can die, but what it does after that makes no difference to dying before the
next call."""


@dataclass
class Script:
    """Counts the calls of one run, and lets faults happen.

    Attributes:
        faults: By number of the call, from 0.
        calls: What was called so far.
        happened: How many faults have happened.
    """

    faults: Mapping[int, Fault] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    happened: int = 0
    _lasting: Fault | None = None
    _is_dead: bool = False

    def run(self, call: Call) -> Any:
        """Carry out a call, or what is done of it."""
        if self._is_dead:
            raise Killed(f"{call.verb} of a process that is dead")
        fault = self._lasting or self.faults.get(len(self.calls))
        self.calls.append(call)
        if fault is None or not fault.fits(call):
            return call.carry_out()
        self.happened += fault is not self._lasting
        self._lasting = fault if fault.lasts else None
        try:
            return fault.act(call)
        except Killed:
            self._is_dead = True
            raise

    def is_over(self) -> None:
        """What lasted is over, and another process takes the place of a dead one."""
        self._lasting = None
        self._is_dead = False


class FaultyItems:
    """The port `Items` around another store, every call of which may fail."""

    def __init__(self, items: Items, script: Script) -> None:
        self._items = items
        self._script = script

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        return self._run("get", lambda: self._items.get(keys))

    def query(self, index: str, hash_value: str, **criteria: Any) -> list[Entry]:
        return self._run("query", lambda: self._items.query(index, hash_value, **criteria))

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        return self._run("collections", lambda: self._items.collections(partitions))

    def commit(self, writes: Sequence[Write]) -> None:
        self._run("commit", lambda: self._items.commit(writes))

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        def some() -> list[bool]:
            """The first is written, the second too but without an answer, the third is not, and so on."""
            written = [at % 3 != 2 and self._items.commit_each([group])[0] for at, group in enumerate(groups)]
            return [was_written and at % 3 == 0 for at, was_written in enumerate(written)]

        call = Call("commit_each", lambda: self._items.commit_each(groups), some if len(groups) > 1 else None)
        return self._script.run(call)

    def add(self, key: Key, amount: int) -> int:
        return self._run("add", lambda: self._items.add(key, amount))

    def purge_expired(self, now: int, limit: int) -> int:
        return self._run("purge_expired", lambda: self._items.purge_expired(now, limit))

    def close(self) -> None:
        self._items.close()

    def _run(self, verb: str, carry_out: Callable[[], Any]) -> Any:
        return self._script.run(Call(verb, carry_out))


class FaultyArchive:
    """The port `Archive` in memory, every call of which may fail."""

    def __init__(self, files: dict[str, bytes], script: Script) -> None:
        self._files = files
        self._script = script

    def put(self, name: str, content: bytes) -> None:
        self._script.run(Call("put", lambda: self._files.update({name: content})))


class FaultyFeed:
    """The port `Feed` around another one, every call of which may fail."""

    def __init__(self, feed: Feed, script: Script) -> None:
        self._feed = feed
        self._script = script

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        def some() -> list[Hint]:
            """All but the first."""
            return [*hints[:1], *self._feed.send(hints[1:], now)]

        return self._script.run(Call("send", lambda: self._feed.send(hints, now), some))

"""Commands that may be sent again: the same idempotency key answers the first result and changes nothing.

The handler runs as always, but what it commits is held back and written together with its answer, in one
transaction. Until then the handler reads what it has written itself.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

import orjson

from ..contract.commands import Command
from ..engine.errors import Conflict, InvalidCommand
from ..engine.records import Instant
from .environment import Answer, Change, Environment, Queue, Ref, Store, Upkeep, Work
from .handlers import HANDLERS
from .retry import until_through

LASTS = 24 * 60 * 60 * 1000
"""Milliseconds after which a key may be used anew."""

MAX_CHANGES = 90
"""Aggregates in one transaction; with what belongs to them they stay below the 100 items of DynamoDB."""


def execute_once(command: Command, env: Environment, idempotency_key: str) -> Any:
    """Carry out a command, or answer what it answered when it was sent before under the same key.

    Raises:
        EngineError: The command is refused, the key was used for another command, or it changes too much for
            one transaction.
        Busy: It was overtaken, or the store refused, until the deadline.
    """
    name = type(command).__name__
    key = f"{name}#{idempotency_key}"
    fingerprint = hashlib.sha256(command.model_dump_json().encode()).hexdigest()

    def attempt() -> Any:
        earlier = env.store.answer(key)
        # Not the engine's clock: the command itself may move that.
        now = env.wall_clock()
        if earlier is not None and now < earlier.expires_at:
            if earlier.fingerprint != fingerprint:
                raise Conflict(f"idempotency key {idempotency_key} was used for another command")
            return None if earlier.body is None else orjson.loads(earlier.body)
        held = _HeldBack(env.store)
        result = HANDLERS[type(command)](command, env.with_store(cast(Store, held)))
        if held.is_too_much:
            raise _too_much()
        body = None if result is None else orjson.dumps(result).decode()
        expires_at = Instant(now + LASTS)
        answer = Answer(key, fingerprint, expires_at, body, earlier.revision if earlier else 0)
        env.store.commit(*held.changes, answer)
        return result

    return until_through(env, name, attempt)


def _too_much() -> InvalidCommand:
    return InvalidCommand(
        f"a command under an idempotency key changes at most {MAX_CHANGES} process instances; ask for less"
    )


class _HeldBack:
    """A store that keeps to itself what is committed, and hands every other call to the store behind it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.changes: list[Change] = []
        self.is_too_much = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, *changes: Change) -> None:
        new = [change for change in changes if not any(change is held for held in self.changes)]
        if len(self.changes) + len(new) > MAX_CHANGES:
            # Remembered, since a handler may go on after one of several changes has failed.
            self.is_too_much = True
            raise _too_much()
        self.changes += new

    def commit_each(self, works: Sequence[Work]) -> list[bool]:
        self.commit(*works)
        return [True] * len(works)

    def load(self, partition: str, id: int) -> Work | None:
        return self.load_many([self._store.first_ref(partition, id)])[0]

    def load_many(self, refs: Sequence[Ref], *, skip_unreadable: bool = False) -> list[Work | None]:
        held = {
            Ref(work.instance.partition, block): work
            for work in self.changes
            if isinstance(work, Work)
            for block in work.instance.blocks
        }
        unread = [ref for ref in refs if ref not in held]
        found = self._store.load_many(unread, skip_unreadable=skip_unreadable) if unread else []
        read = dict(zip(unread, found, strict=True))
        return [held[ref] if ref in held else read[ref] for ref in refs]

    def queue(self, bpmn_process_id: str, *, may_be_remembered: bool = False) -> Queue | None:
        for change in self.changes:
            if isinstance(change, Queue) and change.bpmn_process_id == bpmn_process_id:
                return change
        return self._store.queue(bpmn_process_id, may_be_remembered=may_be_remembered)

    def upkeep(self) -> Upkeep:
        held = (change for change in self.changes if isinstance(change, Upkeep))
        return next(held, None) or self._store.upkeep()

"""Commands that may be sent again: the same idempotency key answers the first result and changes nothing.

The handler runs as always, but what it commits is held back and written together with its answer, in one
transaction. Until then the handler reads what it has written itself.
"""

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeGuard, cast

from ..contract.commands import Command
from ..engine.errors import Conflict, EngineError, InvalidCommand, Reason
from ..engine.json_text import read
from ..engine.messages import MessageSlot
from ..engine.records import Instant
from ..engine.signals import SignalSlot
from .desk import MAX_CHANGES
from .environment import (
    Answer,
    Change,
    Environment,
    Given,
    Overtaken,
    Queue,
    Ref,
    Store,
    Unanswered,
    Upkeep,
    Work,
)
from .handlers import HANDLERS
from .retry import until_through
from .written import written

LASTS = 24 * 60 * 60 * 1000
"""Milliseconds after which a key may be used anew."""


def execute_once(command: Command, env: Environment, idempotency_key: str) -> Any:
    """Carry out a command, or answer what it answered when it was sent before under the same key.

    Raises:
        EngineError: The command is refused, the key was used for another command, or it changes too much for
            one transaction.
        Busy: It was overtaken, or the store refused, until the deadline.
    """
    env = env.for_one_command()
    name = type(command).__name__
    key = f"{name}#{idempotency_key}"
    fingerprint = hashlib.sha256(command.model_dump_json().encode()).hexdigest()

    def attempt() -> Any:
        # Not the engine's clock: the command itself may move that.
        now = env.wall_clock()
        earlier = env.store.answer(key)
        if _holds(earlier, now):
            return _said(earlier, fingerprint, idempotency_key)
        held = _HeldBack(env.store)
        try:
            result = HANDLERS[type(command)](command, env.with_store(cast(Store, held)))
        except EngineError:
            # It may have been carried out meanwhile: what refuses this one is what its twin has done.
            meanwhile = env.store.answer(key)
            if _holds(meanwhile, now):
                return _said(meanwhile, fingerprint, idempotency_key)
            raise
        if held.is_too_much:
            raise _too_much()
        body = None if result is None else written(result)
        expires_at = Instant(now + LASTS)
        answer = Answer(key, fingerprint, expires_at, body, earlier.revision if earlier else 0)
        try:
            env.store.commit(*held.changes, answer)
        except Unanswered as reason:
            # Thought again, the answer is found; or its guard lets one of the two writes through.
            raise Overtaken(str(reason)) from reason
        return result

    with env.watch.command(name):
        return until_through(env, name, attempt)


def _holds(answer: Answer | None, now: Instant) -> TypeGuard[Answer]:
    return answer is not None and now < answer.expires_at


def _said(answer: Answer, fingerprint: str, idempotency_key: str) -> Any:
    """What a command was answered.

    Raises:
        Conflict: It was another command.
    """
    if answer.fingerprint != fingerprint:
        detail = f"idempotency key {idempotency_key} was used for another command"
        raise Conflict(detail, reason=Reason.IDEMPOTENCY_KEY_REUSED)
    return None if answer.body is None else read(answer.body)


def _too_much() -> InvalidCommand:
    return InvalidCommand(
        f"a command under an idempotency key changes at most {MAX_CHANGES} process instances; ask for less"
    )


class _HeldBack:
    """A store that keeps to itself what is committed, and hands every other call to the store behind it.

    What is read again is a copy: a further step of the command that fails has changed nothing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[tuple[type[Change], object], Change] = {}
        self.is_too_much = False

    @property
    def changes(self) -> list[Change]:
        """What is held back, in order."""
        return list(self._held.values())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, *changes: Change) -> None:
        held = self._held | {(type(change), _key(change)): change for change in changes}
        if len(held) > MAX_CHANGES:
            # Remembered, since a handler may go on after one of several changes has failed.
            self.is_too_much = True
            raise _too_much()
        self._held = held

    def commit_each(self, works: Sequence[Work]) -> list[bool]:
        self.commit(*works)
        return [True] * len(works)

    def load(self, partition: str, id: int) -> Work | None:
        return self.load_many([self._store.first_ref(partition, id)])[0]

    def load_many(self, refs: Sequence[Ref], *, skip_unreadable: bool = False) -> list[Work | None]:
        held = {
            Ref(work.instance.partition, block): work
            for work in self._held.values()
            if isinstance(work, Work)
            for block in work.instance.blocks
        }
        unread = [ref for ref in refs if ref not in held]
        found = self._store.load_many(unread, skip_unreadable=skip_unreadable) if unread else []
        read = dict(zip(unread, found, strict=True))
        return [_copy(held[ref]) if ref in held else read[ref] for ref in refs]

    def queue(self, bpmn_process_id: str, *, may_be_remembered: bool = False) -> Queue | None:
        held = self._held.get((Queue, bpmn_process_id))
        if held is not None:
            return deepcopy(cast(Queue, held))
        return self._store.queue(bpmn_process_id, may_be_remembered=may_be_remembered)

    def upkeep(self) -> Upkeep:
        held = self._held.get((Upkeep, None))
        return deepcopy(cast(Upkeep, held)) if held else self._store.upkeep()

    def message_slot(self, name: str, correlation_key: str) -> MessageSlot:
        held = self._held.get((MessageSlot, (name, correlation_key)))
        return deepcopy(cast(MessageSlot, held)) if held else self._store.message_slot(name, correlation_key)

    def signal_slot(self, name: str, subscription_id: int) -> SignalSlot:
        return self._own(self._store.signal_slot(name, subscription_id))

    def find_signal_slot(self, name: str, subscription_id: int) -> SignalSlot | None:
        stored = self._store.find_signal_slot(name, subscription_id)
        return None if stored is None else self._own(stored)

    def signal_slots(self, name: str) -> list[SignalSlot]:
        return [self._own(slot) for slot in self._store.signal_slots(name)]

    def _own(self, stored: SignalSlot) -> SignalSlot:
        held = self._held.get((SignalSlot, _key(stored)))
        return deepcopy(cast(SignalSlot, held)) if held else stored


def _key(change: Change) -> object:
    """What tells an aggregate from others of its kind; None where there is one of a kind."""
    match change:
        case Work():
            return change.ref
        case Queue():
            return change.bpmn_process_id
        case MessageSlot():
            return change.name, change.correlation_key
        case SignalSlot():
            return change.name, change.shard
        case Given():
            return change.party
    return None


def _copy(work: Work) -> Work:
    return replace(work, instance=deepcopy(work.instance))

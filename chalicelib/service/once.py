"""Commands that may be sent again: the same idempotency key answers the first result and changes nothing.

The handler runs as always, but what it commits is held back and written together with its answer, in one
transaction. Until then the handler reads what it has written itself.

What acts outside of the store cannot be held back. It claims its key first, and whoever else comes with it
meanwhile is refused; the answer is written after it.
"""

import hashlib
import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeGuard, cast

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
from .handlers import ACTS_OUTSIDE, HANDLERS
from .retry import Busy, until_through
from .written import written

logger = logging.getLogger(__name__)

LASTS = 24 * 60 * 60 * 1000
"""Milliseconds after which a key may be used anew."""

LEEWAY = 30_000
"""Milliseconds beyond the time limit of a microflow after which it will not answer any more: as long as the
store may keep it waiting before and after."""


class _Keyed(NamedTuple):
    """A command under a key.

    Attributes:
        command: The command.
        idempotency_key: As the client says it.
    """

    command: Command
    idempotency_key: str

    @property
    def name(self) -> str:
        """Of the command."""
        return type(self.command).__name__

    @property
    def key(self) -> str:
        """Of its answer."""
        return f"{self.name}#{self.idempotency_key}"

    @property
    def fingerprint(self) -> str:
        """Tells it from other commands."""
        try:
            text = self.command.model_dump_json()
        except ValueError:
            # Nested too deeply: it is refused, whatever it says.
            text = self.name
        return hashlib.sha256(text.encode()).hexdigest()

    def run(self, env: Environment) -> Any:
        """Carry it out."""
        return HANDLERS[type(self.command)](self.command, env)


def execute_once(command: Command, env: Environment, idempotency_key: str) -> Any:
    """Carry out a command, or answer what it answered when it was sent before under the same key.

    Raises:
        EngineError: The command is refused, the key was used for another command or by one that is under way,
            or it changes too much for one transaction.
        Busy: It was overtaken, or the store refused, until the deadline.
    """
    env = env.for_one_command()
    keyed = _Keyed(command, idempotency_key)
    with env.watch.command(keyed.name):
        return (_claimed if type(command) in ACTS_OUTSIDE else _held_back)(keyed, env)


def _held_back(keyed: _Keyed, env: Environment) -> Any:
    """What it changes is written together with its answer."""

    def attempt() -> Any:
        # Not the engine's clock: the command itself may move that.
        now = env.wall_clock()
        earlier = env.store.answer(keyed.key)
        if _holds(earlier, now):
            return _said(earlier, keyed)
        held = _HeldBack(env.store)
        try:
            result = keyed.run(env.with_store(cast(Store, held)))
        except EngineError:
            # It may have been carried out meanwhile: what refuses this one is what its twin has done.
            meanwhile = env.store.answer(keyed.key)
            if _holds(meanwhile, now):
                return _said(meanwhile, keyed)
            raise
        if held.is_too_much:
            raise _too_much()
        answer = _answer(keyed, now, result, earlier)
        try:
            env.store.commit(*held.changes, answer)
        except Unanswered as reason:
            # Thought again, the answer is found; or its guard lets one of the two writes through.
            raise Overtaken(str(reason)) from reason
        return result

    return until_through(env, keyed.name, attempt)


# What acts outside of the store cannot be held back


def _claimed(keyed: _Keyed, env: Environment) -> Any:
    """It is carried out by whoever claims the key first; its answer is written after it."""
    claim = until_through(env, keyed.name, partial(_claim, keyed, env))
    if claim.under_way_until is None:
        return _said(claim, keyed)
    try:
        result = keyed.run(env)
    except (EngineError, Busy):
        # It has not begun.
        _keep(env, replace(claim, expires_at=env.wall_clock()))
        raise
    _keep(env, _answer(keyed, env.wall_clock(), result, claim))
    return result


def _claim(keyed: _Keyed, env: Environment) -> Answer:
    """The answer that there is, or a claim of ours.

    Raises:
        Conflict: Another command has the key, or the same is under way.
        Busy: Nobody knows whether the key is claimed.
    """
    now = env.wall_clock()
    earlier = env.store.answer(keyed.key)
    if _holds(earlier, now):
        _require_same(earlier, keyed)
        if earlier.under_way_until is None:
            return earlier
        if now < earlier.under_way_until:
            raise Conflict(f"what was asked for under idempotency key {keyed.idempotency_key} is under way")
    until = Instant(now + round(env.microflows.seconds * 1000) + LEEWAY)
    claim = replace(_answer(keyed, now, None, earlier), under_way_until=until)
    try:
        env.store.commit(claim)
    except Unanswered as reason:
        raise Busy(f"{keyed.name} has no claim: {reason}") from reason
    return replace(claim, revision=claim.revision + 1)


def _keep(env: Environment, answer: Answer) -> None:
    """Write what has come of a claim. The command is done: whatever fails here is for the log."""
    try:
        until_through(env, "KeepAnswer", partial(_commit_if_ours, env, answer))
    except (Busy, Unanswered) as reason:
        logger.warning("the answer to %s is not kept: %s", answer.key, reason)
    except EngineError as refusal:
        logger.warning("the answer to %s cannot be kept: %s", answer.key, refusal)
        # Nobody does it again, at least.
        _keep(env, replace(answer, body=None, under_way_until=answer.expires_at))


def _commit_if_ours(env: Environment, answer: Answer) -> None:
    try:
        env.store.commit(answer)
    except Overtaken:
        logger.warning("%s took so long that somebody else has claimed its key", answer.key)


# Answers


def _holds(answer: Answer | None, now: Instant) -> TypeGuard[Answer]:
    return answer is not None and now < answer.expires_at


def _answer(keyed: _Keyed, now: Instant, result: Any, earlier: Answer | None) -> Answer:
    """What is said to it from now on, in place of what was said earlier."""
    body = None if result is None else written(result)
    revision = earlier.revision if earlier else 0
    return Answer(keyed.key, keyed.fingerprint, Instant(now + LASTS), body, revision)


def _said(answer: Answer, keyed: _Keyed) -> Any:
    """What a command was answered.

    Raises:
        Conflict: It was another command.
    """
    _require_same(answer, keyed)
    return None if answer.body is None else read(answer.body)


def _require_same(answer: Answer, keyed: _Keyed) -> None:
    if answer.fingerprint != keyed.fingerprint:
        detail = f"idempotency key {keyed.idempotency_key} was used for another command"
        raise Conflict(detail, reason=Reason.IDEMPOTENCY_KEY_REUSED)


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

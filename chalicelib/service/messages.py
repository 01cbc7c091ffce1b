"""Messages: sent, taken by who waits for them, buffered, found."""

from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import messages
from ..engine.loop import run
from ..engine.messages import Message, MessageSlot
from ..engine.moment import Moment
from .answers import settle
from .desk import Desk, thought_through
from .due import follow_up
from .environment import Environment, Ref
from .paging import answer
from .variables import rows
from .work import due_at, fits

MESSAGES = "MESSAGES"
"""Name of the counter of messages."""


def send_message(cmd: c.SendMessage, env: Environment) -> dict[str, Any]:
    """Give a message to who waits for it, else to an active start event, else buffer it until it expires.

    While a message of the same name, correlation key and unique key is not done, a second one is discarded
    and the first is answered.

    Raises:
        InvalidCommand: The expiration timer leads beyond the calendar, or a value cannot be encrypted.
    """
    moment = env.moment(cmd.worker_id)
    answer, following = thought_through(lambda with_callers: _send(cmd, env, moment, with_callers))
    follow_up(env, following, moment)
    return answer


def _send(
    cmd: c.SendMessage, env: Environment, moment: Moment, with_callers: bool
) -> tuple[dict[str, Any], list[Ref]]:
    expires_at = moment.now if cmd.expiration_timer is None else due_at(moment.now, cmd.expiration_timer)
    variables = rows(cmd.variables, env)
    desk = Desk(env, moment, with_callers=with_callers)
    slot = desk.message_slot(cmd.name, cmd.correlation_key)
    first = slot.with_unique_key(cmd.unique_key)
    if first is not None:
        return wire.message(first, slot), []
    message = Message(
        env.store.next_id(MESSAGES),
        moment.now,
        moment.actor,
        expires_at,
        unique_key=cmd.unique_key,
        variables=variables,
    )
    slot.take_out_done(moment.now)
    slot.messages.append(message)
    if not _is_taken(desk, slot, message):
        _start(desk, slot, message, lasts=cmd.expiration_timer is None)
    settle(desk)
    following = desk.commit()
    return wire.message(message, slot), following


def _is_taken(desk: Desk, slot: MessageSlot, message: Message) -> bool:
    """Give a message to the first who waits for it, if anybody does."""
    for subscriber in list(slot.subscribers):
        step = desk.step(subscriber.partition, subscriber.process_instance_id)
        if step is not None and messages.tell(step, subscriber, message, slot):
            run(step)
            return True
    return False


def _start(desk: Desk, slot: MessageSlot, message: Message, *, lasts: bool) -> None:
    """Let a message make a process instance, if a start event waits for it."""
    start = desk.env.store.message_start(slot.name)
    if start is not None:
        process, element = start
        desk.plan(process, element, content=messages.correlate(message, slot, lasts=lasts))


def query_messages(cmd: c.QueryMessages, env: Environment) -> dict[str, Any]:
    """Messages by id, the expired ones as well unless they are excluded."""
    now = env.now()
    found = (
        wire.message(message, slot)
        for message, slot in env.store.messages(cmd.id)
        if fits(cmd.id, message.id)
        and fits(cmd.name, slot.name)
        and not (cmd.exclude_expired and message.is_expired(now))
    )
    return answer(cmd, found)

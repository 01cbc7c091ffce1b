"""Messages: sent, buffered, found. Subscribers come with the elements that wait for messages."""

from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine.messages import Message
from .environment import Environment
from .paging import answer
from .variables import new_variables
from .work import due_at, fits


def send_message(cmd: c.SendMessage, env: Environment) -> dict[str, Any]:
    """Buffer a message until it expires, at once if it has no expiration timer.

    While a message of the same name, correlation key and unique key is not done, a second one is discarded
    and the first is answered.

    Raises:
        InvalidCommand: The expiration timer leads beyond the calendar, or a value cannot be encrypted.
    """
    now = env.now()
    slot = env.store.message_slot(cmd.name, cmd.correlation_key)
    first = slot.with_unique_key(cmd.unique_key)
    if first is not None:
        return wire.message(first, slot)
    message = Message(
        env.store.next_id("MESSAGES"),
        now,
        cmd.worker_id,
        now if cmd.expiration_timer is None else due_at(now, cmd.expiration_timer),
        unique_key=cmd.unique_key,
        variables=[
            [variable.name, variable.encoding, variable.value, variable.encrypted]
            for variable in new_variables(cmd.variables, env)
        ],
    )
    slot.take_out_done(now)
    slot.messages.append(message)
    env.store.commit(slot)
    return wire.message(message, slot)


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


def query_message_subscriptions(cmd: c.QueryMessageSubscriptions, env: Environment) -> dict[str, Any]:
    """Message subscriptions: none, as long as no element waits for messages."""
    return answer(cmd, ())

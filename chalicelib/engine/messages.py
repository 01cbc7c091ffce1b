"""Messages: kept in a slot per name and correlation key, where they meet those who wait for them.

A slot is one aggregate, so that a message and whoever waits for it can never miss each other.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..bpmn.types import Family
from .records import ElementInstance, Instant, Subscription, Task
from .states import TaskType
from .step import Step

KEPT = 8
"""Messages in a slot that nobody can take any more; beyond that, they leave it for items of their own."""

LEAVING = 50
"""Messages that leave a slot at a time: they are written with it in one transaction."""


class Subscriber(NamedTuple):
    """Who waits in a slot.

    Attributes:
        id: Of the subscription.
        partition: Of the process instance that waits.
        process_instance_id: Its public id.
    """

    id: int
    partition: str
    process_instance_id: int


@dataclass(slots=True)
class Message:
    """A message that was sent.

    Attributes:
        id: Counts over all messages.
        expires_at: Until when it may be taken; None while it is being taken, or for a singleton's life.
        correlated: Whether somebody has taken it.
        unique_key: Refuses a second message with the same key while this one is not done.
        variables: Rows of name, encoding, value and whether the value is encrypted; without encoding, to
            delete.
    """

    id: int
    created_at: Instant
    created_by: str
    expires_at: Instant | None
    correlated: bool = False
    unique_key: str | None = None
    variables: list[list[str | bool | None]] = field(default_factory=list)

    @property
    def keeps_its_key(self) -> bool:
        """Whether a second message with the same unique key is discarded."""
        return self.unique_key is not None and (not self.correlated or self.expires_at is None)

    def is_expired(self, now: Instant) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(slots=True)
class MessageSlot:
    """The messages of one name and correlation key, and who waits for one.

    Attributes:
        messages: As they came; their ids may rise in another order, since processes lease them.
        subscribers: As they came.
        leaving: Taken out since the slot was read; they become items of their own.
        revision: As stored; 0 for a new slot.
    """

    name: str
    correlation_key: str
    messages: list[Message] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)
    leaving: list[Message] = field(default_factory=list)
    revision: int = 0

    def with_unique_key(self, unique_key: str | None) -> Message | None:
        """The message that keeps a unique key; None if it is free."""
        found = (m for m in self.messages if m.keeps_its_key and m.unique_key == unique_key)
        return None if unique_key is None else next(found, None)

    def buffered(self, now: Instant) -> Message | None:
        """The message that a new subscriber takes: the oldest that is neither taken nor expired."""
        found = (m for m in self.messages if not m.correlated and not m.is_expired(now))
        return next(found, None)

    def remove_subscriber(self, id: int) -> None:
        """Nobody waits with this subscription any more."""
        self.subscribers = [subscriber for subscriber in self.subscribers if subscriber.id != id]

    def finish(self, id: int, now: Instant) -> None:
        """A message that was taken has done its work."""
        for message in self.messages:
            if message.id == id:
                message.expires_at = now

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not (self.messages or self.subscribers or self.leaving)

    def forget(self, is_over: Callable[[Instant], bool]) -> bool:
        """Remove messages that have expired so long ago that nobody asks for them; whether there were any."""
        before = len(self.messages)
        self.messages = [m for m in self.messages if m.expires_at is None or not is_over(m.expires_at)]
        return len(self.messages) < before

    def take_out_done(self, now: Instant) -> None:
        """Take out messages that nobody can take any more, once there are many; not too many at a time."""
        done = [m for m in self.messages if m.is_expired(now) and not m.keeps_its_key]
        if len(done) > KEPT:
            self.leaving = done[:LEAVING]
            leaving = {message.id for message in self.leaving}
            self.messages = [m for m in self.messages if m.id not in leaving]


def correlate(message: Message, slot: MessageSlot, *, lasts: bool = False) -> str:
    """Take a message for one receiver: it has no end until its work is done, and its variables go along.

    Args:
        message: The message.
        slot: Where it lies.
        lasts: Whether it lasts as long as the process instance that it starts.

    Returns:
        JSON text for the task that triggers the event.
    """
    content = {"message": [slot.name, slot.correlation_key, message.id], "variables": message.variables}
    message.correlated = True
    message.expires_at = None
    message.variables = []
    return json.dumps(content | ({"lasts": True} if lasts else {}))


def trigger(step: Step, token: ElementInstance, message: Message, slot: MessageSlot) -> Task:
    """Let a waiting event take a message."""
    return step.add_task(TaskType.TRIGGER_EVENT, token, serialized=correlate(message, slot))


def subscribe(
    step: Step, token: ElementInstance, slot: MessageSlot, subscription_id: Callable[[], int]
) -> None:
    """Let an event wait for a message, or take the oldest that lies in the buffer.

    An interrupting boundary event that finds its message there keeps its activity from starting.
    """
    element = step.process.elements[token.element]
    message = slot.buffered(step.now)
    if message is None:
        id = subscription_id()
        step.instance.subscriptions[token.id] = Subscription(
            id, token.id, token.element, slot.name, step.now, step.actor, slot.correlation_key
        )
        slot.subscribers.append(Subscriber(id, step.instance.partition, step.instance.id))
        step.arm(token)
        return
    trigger(step, token, message, slot)
    if not (element.family is Family.BOUNDARY_EVENT and element.is_interrupting):
        step.arm(token)


def tell(step: Step, subscriber: Subscriber, message: Message, slot: MessageSlot) -> bool:
    """Let the subscriber of a slot take a message; answers whether it still waits."""
    slot.remove_subscriber(subscriber.id)
    for subscription in list(step.instance.subscriptions.values()):
        if subscription.id == subscriber.id:
            del step.instance.subscriptions[subscription.element_instance_id]
            token = step.instance.element_instances[subscription.element_instance_id]
            trigger(step, token, message, slot)
            return True
    return False

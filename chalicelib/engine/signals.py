"""Signals: who waits for one, in slots per name; a slot is one aggregate, a name has several of them.

A slot says whom to tell. Whether somebody still waits, the process instance says: telling twice is harmless.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from .messages import Subscriber
from .records import Task
from .states import TaskType
from .step import Step

Rows = list[list[str | bool | None]]
"""Variables as rows of name, encoding, value and whether it is encrypted; without encoding, to delete."""


@dataclass(slots=True)
class SignalSlot:
    """Some of those who wait for a signal.

    Attributes:
        shard: Which slot of the name it is.
        revision: As stored; 0 for a new slot.
    """

    name: str
    shard: int
    subscribers: list[Subscriber] = field(default_factory=list)
    revision: int = 0

    def holds(self, subscription_id: int) -> bool:
        """Whether a subscription lies here."""
        return any(subscriber.id == subscription_id for subscriber in self.subscribers)


def content(variables: Rows) -> str | None:
    """JSON text for a task that brings the variables of a signal."""
    return json.dumps({"variables": variables}) if variables else None


def remaining(
    variables: Rows, subscribers: Sequence[Subscriber], starts: Sequence[tuple[int, int]] = ()
) -> str:
    """JSON text for a task that tells many, and triggers start events: process id and number of each."""
    document: dict[str, object] = {"variables": variables, "subscribers": subscribers}
    return json.dumps(document | ({"starts": starts} if starts else {}))


def read_remaining(text: str | None) -> tuple[Rows, list[Subscriber], list[tuple[int, int]]]:
    """What such a task is to bring, to whom, and which start events it triggers."""
    document = json.loads(text or "{}")
    subscribers = [Subscriber(*row) for row in document["subscribers"]]
    return document["variables"], subscribers, [(id, element) for id, element in document.get("starts", ())]


def tell(step: Step, subscriber: Subscriber, variables: Rows) -> Task | None:
    """Let a waiting token take a signal; None if it does not wait any more."""
    found = (s for s in step.instance.subscriptions.values() if s.id == subscriber.id)
    subscription = next(found, None)
    if subscription is None:
        return None
    del step.instance.subscriptions[subscription.element_instance_id]
    token = step.instance.element_instances[subscription.element_instance_id]
    return step.add_task(TaskType.TRIGGER_EVENT, token, serialized=content(variables))

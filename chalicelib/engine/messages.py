"""Messages: kept in a slot per name and correlation key, where subscriptions will meet them.

A slot is one aggregate, so that a message and whoever waits for it can never miss each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .records import Instant

KEPT = 8
"""Messages in a slot that nobody can take any more; beyond that, they leave it for items of their own."""

LEAVING = 50
"""Messages that leave a slot at a time: they are written with it in one transaction."""


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
    """The messages of one name and correlation key.

    Attributes:
        messages: As they came; their ids may rise in another order, since processes lease them.
        leaving: Taken out since the slot was read; they become items of their own.
        revision: As stored; 0 for a new slot.
    """

    name: str
    correlation_key: str
    messages: list[Message] = field(default_factory=list)
    leaving: list[Message] = field(default_factory=list)
    revision: int = 0

    def with_unique_key(self, unique_key: str | None) -> Message | None:
        """The message that keeps a unique key; None if it is free."""
        found = (m for m in self.messages if m.keeps_its_key and m.unique_key == unique_key)
        return None if unique_key is None else next(found, None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not self.messages

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

"""Hints over Amazon SQS: sent in tens, with a delay where something becomes due a little later."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..engine.records import Instant
from ..service.environment import Hint, Ref
from . import aws

AT_ONCE = 10
"""Messages of one request. Source: Amazon SQS API reference, SendMessageBatch."""

LONGEST_DELAY = 900
"""Seconds. Source: Amazon SQS API reference, SendMessageBatch, DelaySeconds."""

logger = logging.getLogger(__name__)


class SqsFeed:
    """The port `Feed` over a standard queue."""

    def __init__(self, connect: Callable[[], Any], queue_url: str) -> None:
        """Prepare; the client is made with the first hint.

        Args:
            connect: Makes the client of botocore.
            queue_url: The queue.
        """
        self._connect = connect
        self._queue_url = queue_url
        self._client: Any = None

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        """Send hints; answers those that could not be sent."""
        return [hint for batch in _tens(hints) for hint in self._send(batch, now)]

    def _send(self, hints: Sequence[Hint], now: Instant) -> Sequence[Hint]:
        entries = [_entry(number, hint, now) for number, hint in enumerate(hints)]
        try:
            self._client = self._client or self._connect()
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as fault:
            logger.warning("the queue takes no hints: %s", fault)
            return hints
        return [hints[int(failed["Id"])] for failed in answer.get("Failed", ())]


def connect() -> Any:
    """A client that gives up soon: no command waits long for a hint, which may be lost anyway."""
    config = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
    return aws.client("sqs", config)


def to_text(hint: Hint) -> str:
    """A hint as the body of a message."""
    return json.dumps([*hint.ref, hint.due_at, hint.job], separators=(",", ":"))


def from_text(body: str) -> Hint:
    """The hint that is the body of a message.

    Raises:
        ValueError: It is none.
    """
    match json.loads(body):
        case [str(partition), int(block), int(due_at), int() | None as job]:
            return Hint(Ref(partition, block), Instant(due_at), job)
    raise ValueError(f"no hint: {body}")


# private


def _tens(hints: Sequence[Hint]) -> Iterator[Sequence[Hint]]:
    return (hints[first : first + AT_ONCE] for first in range(0, len(hints), AT_ONCE))


def _entry(number: int, hint: Hint, now: Instant) -> Mapping[str, Any]:
    # A whole second too late rather than too early: who comes too early has to come again.
    seconds = -(-(hint.due_at - now) // 1000)
    return {
        "Id": str(number),
        "MessageBody": to_text(hint),
        "DelaySeconds": max(0, min(seconds, LONGEST_DELAY)),
    }

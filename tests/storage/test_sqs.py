"""Hints over SQS: what is sent, what comes back, and what happens when the queue refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.engine.records import Instant
from chalicelib.service.environment import Hint, Ref
from chalicelib.storage.sqs import SqsFeed, from_text, to_text
from tests.storage.aws import moto_client, moto_clients

NOW = Instant(1_893_484_800_000)
JOB = Hint(Ref("2030-01-01", 17), NOW, 3)
TASKS = Hint(Ref("2030-01-01", 17), Instant(NOW + 61_500))


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with moto_clients():
        client = moto_client("sqs")
        yield client, client.create_queue(QueueName="feed")["QueueUrl"]


class Queue:
    """Answers as it is told, and remembers what it was sent."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[list[Any]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        self.sent.append(Entries)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("hint", [JOB, TASKS], ids=["job", "tasks"])
def test_hint_comes_back_as_it_was(hint: Hint) -> None:
    assert from_text(to_text(hint)) == hint
    assert len(to_text(hint)) < 50


@pytest.mark.parametrize("body", ["", "{}", "[]", '["2030-01-01",1]', '["2030-01-01","1",2,null]', "null"])
def test_what_is_no_hint_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        from_text(body)


def test_hints_arrive(queue: tuple[Any, str]) -> None:
    client, url = queue
    feed = SqsFeed(lambda: client, url)

    assert feed.send([JOB] * 12, NOW) == []

    bodies = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [from_text(message["Body"]) for message in messages]
    assert bodies == [JOB] * 12


def test_what_is_due_later_is_delayed_and_never_early() -> None:
    queue = Queue()

    SqsFeed(lambda: queue, "url").send(
        [JOB, TASKS, TASKS._replace(due_at=Instant(NOW + 3_600_000)), JOB._replace(due_at=Instant(NOW - 5))],
        NOW,
    )

    assert [entry["DelaySeconds"] for entry in queue.sent[0]] == [0, 62, 900, 0]


def test_hints_go_in_tens() -> None:
    queue = Queue()

    assert SqsFeed(lambda: queue, "url").send([JOB] * 25, NOW) == []

    assert [len(entries) for entries in queue.sent] == [10, 10, 5]
    assert [entry["Id"] for entry in queue.sent[2]] == ["0", "1", "2", "3", "4"]


def test_those_that_could_not_be_sent_are_answered() -> None:
    hints = [JOB._replace(job=number) for number in range(25)]
    throttled = ClientError({"Error": {"Code": "RequestThrottled"}}, "SendMessageBatch")
    queue = Queue({"Failed": [{"Id": "3"}]}, throttled, EndpointConnectionError(endpoint_url="https://sqs"))

    assert SqsFeed(lambda: queue, "url").send(hints, NOW) == [hints[3], *hints[10:]]


def test_a_client_that_cannot_be_made_is_a_queue_that_cannot_be_reached() -> None:
    def fails() -> Any:
        raise EndpointConnectionError(endpoint_url="https://sqs")

    assert SqsFeed(fails, "url").send([JOB], NOW) == [JOB]

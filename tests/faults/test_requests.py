"""Faults below the adapter: each request to DynamoDB fails once in each way, and nobody notices.

The requests go to moto, which carries out a transaction again although its token is known; here it does not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import DynamoItems, create_table
from tests.faults.faulty import Script
from tests.faults.runs import Prepared, Run
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.storage.aws import Clients, moto_clients

Send = Callable[[], Any]
Trouble = Callable[[Send], Any]


def unreachable(send: Send) -> Any:
    raise EndpointConnectionError(endpoint_url="https://dynamodb")


def not_connected(send: Send) -> Any:
    raise ConnectTimeoutError(endpoint_url="https://dynamodb")


def timed_out_before(send: Send) -> Any:
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


def timed_out_after(send: Send) -> Any:
    send()
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


def throttled(send: Send) -> Any:
    raise ClientError({"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {}}, "Operation")


TROUBLES = (unreachable, not_connected, timed_out_before, timed_out_after, throttled)


@dataclass
class TroubledClient:
    """A DynamoDB client, one request of which meets a trouble.

    Attributes:
        at: Number of the request, from 0.
        requests: How many were made.
    """

    client: Any
    at: int = -1
    trouble: Trouble = throttled
    requests: int = 0
    _answers: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def send(**request: Any) -> Any:
            number, self.requests = self.requests, self.requests + 1
            carry_out = partial(self._carry_out, operation, **request)
            return self.trouble(carry_out) if number == self.at else carry_out()

        return send

    def _carry_out(self, operation: str, *, ClientRequestToken: str = "", **request: Any) -> Any:
        token = ClientRequestToken
        if token not in self._answers:
            answer = getattr(self.client, operation)(**request)
            if not token:
                return answer
            self._answers[token] = answer
        return self._answers[token]


@pytest.fixture(scope="module")
def aws() -> Iterator[Clients]:
    with moto_clients(is_direct=True) as clients:
        yield clients


def disturb(scenario: Scenario, aws: Clients, stride: int) -> None:
    """Each request, of the command and of the sweep behind it, meets each trouble."""
    here = Prepared.of(scenario.prepare, Settings(set_time=True, **scenario.settings), is_keyed=False)

    def play(at: int, trouble: Trouble) -> int:
        table = f"{scenario.name.replace(' ', '-').replace(',', '')}-{at}-{trouble.__name__}"
        create_table(aws.dynamodb, table)
        here.copied_to(DynamoItems(aws.dynamodb, table))
        client = TroubledClient(aws.dynamodb, at, trouble)
        items = DynamoItems(client, table, pause=lambda seconds: None)
        disturbed = Run(here, Script(), items)
        found = disturbed.act()
        disturbed.sweep()
        requests = client.requests
        disturbed.check(found)
        items.close()
        aws.dynamodb.delete_table(TableName=table)
        return requests

    requests = play(-1, throttled)
    cases = [(at, trouble) for at in range(requests) for trouble in TROUBLES]
    for at, trouble in cases[::stride]:
        play(at, trouble)


def test_some_requests_to_dynamodb_fail(aws: Clients) -> None:
    (start,) = (scenario for scenario in SCENARIOS if scenario.name == "start")
    disturb(start, aws, stride=47)


@pytest.mark.soak
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_requests_to_dynamodb_fail(scenario: Scenario, aws: Clients) -> None:
    disturb(scenario, aws, stride=7 * scenario.stride)

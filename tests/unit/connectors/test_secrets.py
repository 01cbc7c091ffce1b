"""What is made of encrypted variables stays a secret: what comes of it is encrypted, texts say no value."""

import io
import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.connectors.aws import DynamoDbConnector, LambdaConnector, Names
from chalicelib.connectors.hosts import Hosts
from chalicelib.connectors.http import HttpConnector, Unreachable
from chalicelib.sdk.job import Given, Job, Record
from chalicelib.sdk.worker import Worker, perform
from tests.storage.aws import moto_clients
from tests.unit.connectors.test_http import Web, answer

SECRET = "hunter2"


class Encrypted(Given):
    """Inputs of which those that have the secret in them are encrypted."""

    def element_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        for name, value in self.element.items():
            text = json.dumps(value)
            is_secret = {"encrypted": True} if SECRET in text else {}
            yield {"name": name, "data": {"encoding": "json", "value": text, **is_secret}}


def done(connector: Callable[[Job], Any], **inputs: Any) -> dict[str, Any]:
    """What the engine is told of a task that a connector does."""
    worker = Worker()
    worker.job(work_type="any")(lambda job: connector(job))
    handler = worker.find("any", "any", "any")
    assert handler is not None
    return perform(handler, Job(source=Encrypted(element=inputs)))


def variable(told: dict[str, Any]) -> dict[str, Any]:
    """The one variable that it brings."""
    (found,) = told.get("elementVariables") or told["processVariables"]
    return found["data"]


def message(told: dict[str, Any]) -> str:
    return json.loads(variable(told)["value"])["message"]


# http


def call(web: Web, url: str = f"https://api.example.com/{SECRET}", **inputs: Any) -> dict[str, Any]:
    hosts = Hosts.of(("*.example.com", "other.example"))
    connector = HttpConnector(hosts, web.resolve, web.send, lambda: web.now, web.pause)
    return done(connector.perform, url=url, **inputs)


def test_an_answer_to_a_secret_is_one() -> None:
    told = call(Web([answer(200, SECRET)]))

    assert variable(told)["encrypted"]
    assert json.loads(variable(told)["value"])["body"] == SECRET


def test_an_answer_to_what_everybody_may_know_is_none() -> None:
    told = call(Web([answer(200, SECRET)]), "https://api.example.com/")

    assert "encrypted" not in variable(told)


@pytest.mark.parametrize(
    ("web", "code"),
    [
        (Web([answer(404, SECRET)]), "HTTP_404"),
        (Web([Unreachable(f"host {SECRET} is not known")]), "HTTP_UNREACHABLE"),
        (Web([answer(302, location=f"ftp://{SECRET}/")]), "HTTP_UNREACHABLE"),
        (Web([answer(302, location=f"https://{SECRET}.example/")]), "HTTP_NOT_ALLOWED"),
        (Web([answer()], {"api.example.com": ["10.0.0.1"]}), "HTTP_NOT_ALLOWED"),
    ],
)
def test_an_error_of_a_secret_call_is_encrypted_and_names_the_entry_alone(web: Web, code: str) -> None:
    told = call(web)

    assert told["completion"] == {"errorCode": code}
    assert variable(told)["encrypted"]
    assert message(told) == f"GET https *.example.com: {code}"


def test_a_host_that_is_not_listed_is_not_named() -> None:
    told = call(Web([answer()]), f"https://{SECRET}.evil.example/")

    assert message(told) == "GET https elsewhere: HTTP_NOT_ALLOWED"


@pytest.mark.parametrize(
    "inputs",
    [
        {"url": f"https://api.example.com:{SECRET}/"},
        {"url": f"https://{SECRET}..example.com/"},
        {"url": f"https://me:{SECRET}@api.example.com/"},
        {"headers": {"X": f"{SECRET}\n"}},
        {"body": f"{SECRET}\ud83d"},
        {"timeoutSeconds": SECRET},
    ],
)
def test_what_cannot_be_sent_is_told_without_its_value(inputs: dict[str, Any]) -> None:
    told = call(Web([answer()]), **inputs)

    assert told["error"]
    assert SECRET not in told["error"]
    assert "retryLimit" not in told


@pytest.mark.parametrize(
    "inputs", [{"timeoutSeconds": 10**400}, {"body": "\ud83d"}, {"query": {"q": "\udc00"}}, {"url": "\ud83d"}]
)
def test_what_is_no_number_and_no_sign_is_not_tried_again(inputs: dict[str, Any]) -> None:
    web = Web([answer()])

    told = call(web, **{"url": "https://api.example.com/", **inputs})

    assert "input" in told["error"]
    assert "retryLimit" not in told
    assert web.sent == []


# DynamoDB and Lambda


def test_values_of_a_table_are_not_repeated() -> None:
    with moto_clients() as clients:
        tables = DynamoDbConnector(Names(("or*",)), lambda *_: clients.dynamodb)
        unfit = done(tables.perform, action="get", table="orders", Key={"id": "a"}, ConsistentRead=SECRET)
        refused = done(tables.perform, action="get", table="orders", Key={"id": SECRET})

    assert unfit["error"].endswith(
        "get_item of orders: Parameter validation failed:\nInvalid type for parameter ConsistentRead"
    )
    assert variable(refused)["encrypted"]
    assert message(refused) == "get_item of or*: DYNAMODB_ResourceNotFoundException"


def test_a_number_that_no_item_has_is_not_repeated() -> None:
    tables = DynamoDbConnector(Names(("orders",)), lambda *_: None)

    told = done(tables.perform, action="put", table="orders", Item={"id": SECRET, "n": 10**40 + 1})

    assert "input Item has what no item can have" in told["error"]
    assert SECRET not in told["error"]


class Functions:
    """A client of Lambda whose function fails, or is not there."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    def invoke(self, **parameters: Any) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        return {"StatusCode": 200, "Payload": io.BytesIO(SECRET.encode()), "FunctionError": "Unhandled"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (None, "LAMBDA_FUNCTION_ERROR"),
        (ClientError({"Error": {"Code": "Denied", "Message": SECRET}}, "Invoke"), "LAMBDA_Denied"),
    ],
)
def test_what_a_function_says_to_a_secret_is_one(fault: Exception | None, code: str) -> None:
    functions = LambdaConnector(Names(("price",)), lambda *_: Functions(fault))

    told = done(functions.perform, function="price", payload={"pin": SECRET})

    assert variable(told)["encrypted"]
    assert message(told) == f"function price: {code}"

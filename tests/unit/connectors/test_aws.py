"""The connectors dynamodb and lambda: plain JSON in and out, only what is listed, refusals by their code."""

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from chalicelib.connectors.aws import DynamoDbConnector, LambdaConnector, Names
from chalicelib.sdk.job import Given, Job
from chalicelib.sdk.worker import BpmnError, Completion, Failure
from tests.storage.aws import moto_clients


def response(completion: Completion) -> Any:
    return json.loads(completion.element_variables["response"].value)  # type: ignore[index]


def told(error: BpmnError) -> dict[str, Any]:
    return json.loads(error.variables["error"].value)  # type: ignore[index]


# Names

TABLES = ("orders", "rates-*", "bpmn-*", "[rs]x", "arn:aws:dynamodb:*:2:table/*", "arn:*/bpmn-items")


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("orders", True),
        ("arn:aws:dynamodb:eu-west-1:1:table/orders", False),
        ("arn:aws:dynamodb:eu-west-1:2:table/stock", True),
        ("arn:aws:dynamodb:eu-west-1:3:table/stock", False),
        ("stock", False),
        ("orders\n", False),
        ("[rs]", False),
        ("r", False),
        ("orders-2", False),
        ("rates-eu", True),
        ("bpmn-items", False),
        ("arn:aws:dynamodb:eu-west-1:1:table/bpmn-items", False),
        ("bpmn-other", True),
    ],
)
def test_a_table_is_allowed_by_its_name(name: str, is_allowed: bool) -> None:
    assert Names(TABLES, frozenset({"bpmn-items"})).allow(name) is is_allowed


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("price", True),
        ("arn:aws:lambda:eu-west-1:1:function:price", False),
        ("arn:aws:lambda:eu-west-1:2:function:price", True),
        ("123456789012:function:price", False),
        ("123456789012:price", False),
        ("price:live", False),
        ("rate", True),
        ("rate:live", True),
    ],
)
def test_a_function_is_allowed_by_its_name(name: str, is_allowed: bool) -> None:
    entries = ("price", "r*", "rate:live", "arn:aws:lambda:*:2:function:price")
    assert Names(entries).allow(name) is is_allowed


def test_whatever_a_name_may_be_leads_to_no_other_account() -> None:
    assert Names(("*",)).allow("any")
    assert not Names(("*",)).allow("arn:aws:lambda:eu-west-1:1:function:any")


# DynamoDB


@pytest.fixture
def tables() -> Iterator[DynamoDbConnector]:
    with moto_clients() as clients:
        clients.dynamodb.create_table(
            TableName="orders",
            KeySchema=[
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "line", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "line", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield DynamoDbConnector(Names(("orders", "nowhere")), lambda service, seconds: clients.dynamodb)


def ask(tables: DynamoDbConnector, action: str, table: str = "orders", **inputs: Any) -> Any:
    element = {"action": action, "table": table, **inputs}
    return response(tables.perform(Job(source=Given(element=element))))


def test_items_are_put_and_read_in_plain_json(tables: DynamoDbConnector) -> None:
    item = {"id": "ก1", "line": 1, "price": 31.184504, "tags": ["a", None, True], "to": {"city": "กรุงเทพ"}}

    ask(tables, "put", Item=item)

    assert ask(tables, "get", Key={"id": "ก1", "line": 1}, ConsistentRead=True) == {"Item": item}
    assert ask(tables, "get", Key={"id": "none", "line": 1}) == {}


def test_items_are_updated_queried_and_deleted(tables: DynamoDbConnector) -> None:
    for line in (1, 2, 3):
        ask(tables, "put", Item={"id": "a", "line": line, "count": 0})
    updated = ask(
        tables,
        "update",
        Key={"id": "a", "line": 2},
        UpdateExpression="ADD #c :one",
        ExpressionAttributeNames={"#c": "count"},
        ExpressionAttributeValues={":one": 1},
        ReturnValues="ALL_NEW",
    )
    ask(tables, "delete", Key={"id": "a", "line": 3})

    found = ask(
        tables, "query", KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": "a"}, Limit=1
    )

    assert updated == {"Attributes": {"id": "a", "line": 2, "count": 1}}
    assert found["Items"] == [{"id": "a", "line": 1, "count": 0}]
    assert found["LastEvaluatedKey"] == {"id": "a", "line": 1}
    following = ask(
        tables,
        "query",
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": "a"},
        ExclusiveStartKey=found["LastEvaluatedKey"],
    )
    assert [item["line"] for item in following["Items"]] == [2]


def test_a_condition_that_does_not_hold_is_a_bpmn_error(tables: DynamoDbConnector) -> None:
    ask(tables, "put", Item={"id": "a", "line": 1})

    with pytest.raises(BpmnError) as error:
        ask(tables, "put", Item={"id": "a", "line": 1}, ConditionExpression="attribute_not_exists(id)")

    assert error.value.code == "DYNAMODB_ConditionalCheckFailedException"
    assert told(error.value)["message"].startswith("put_item of orders: ")


@pytest.mark.parametrize(
    ("table", "code"), [("bpmn-items", "NOT_ALLOWED"), ("nowhere", "ResourceNotFoundException")]
)
def test_a_table_that_is_not_there_for_it_is_a_bpmn_error(
    tables: DynamoDbConnector, table: str, code: str
) -> None:
    with pytest.raises(BpmnError) as error:
        ask(tables, "get", table, Key={"id": "a", "line": 1})

    assert error.value.code == f"DYNAMODB_{code}"


@pytest.mark.parametrize(
    ("inputs", "fact"),
    [
        ({"action": "scan"}, "input action must be one of get, put, update, delete, query"),
        ({"action": ""}, "input action is missing"),
        ({"action": "get", "Key": "a"}, "input Key must be an object"),
        ({"action": "get"}, "get_item of orders: Parameter validation failed"),
        ({"action": "query", "Limit": "many"}, "query of orders: Parameter validation failed"),
    ],
)
def test_what_cannot_be_asked_fails_without_being_tried_again(
    tables: DynamoDbConnector, inputs: dict[str, Any], fact: str
) -> None:
    with pytest.raises(Failure, match=fact) as failed:
        ask(tables, **inputs)

    assert failed.value.retries == 0


# Lambda


class Functions:
    """A client of Lambda.

    Attributes:
        answer: What the function answers, as JSON.
        fault: What happens instead.
        calls: What it was called with.
    """

    def __init__(self) -> None:
        self.answer: bytes = b"{}"
        self.more: dict[str, Any] = {}
        self.fault: Exception | None = None
        self.calls: list[dict[str, Any]] = []
        self.seconds: list[float] = []

    def client(self, service: str, seconds: float) -> "Functions":
        assert service == "lambda"
        self.seconds.append(seconds)
        return self

    def invoke(self, **parameters: Any) -> dict[str, Any]:
        self.calls.append(parameters)
        if self.fault is not None:
            raise self.fault
        return {"StatusCode": 200, "Payload": io.BytesIO(self.answer), **self.more}

    def call(self, **inputs: Any) -> Any:
        connector = LambdaConnector(Names(("price",)), self.client)
        return response(connector.perform(Job(source=Given(element={"function": "price", **inputs}))))


def test_a_function_is_called_and_answers() -> None:
    functions = Functions()
    functions.answer = '{"total": 31.184504, "ชื่อ": "แอน"}'.encode()

    found = functions.call(payload={"items": [1, 2.50]}, timeoutSeconds=3)

    assert found == {"status": 200, "payload": {"total": 31.184504, "ชื่อ": "แอน"}}
    assert functions.calls == [{"FunctionName": "price", "Payload": b'{"items":[1,2.5]}'}]
    assert functions.seconds == [3]


@pytest.mark.parametrize(("payload", "sent"), [(None, b"{}"), ("text", b'"text"'), ([1], b"[1]")])
def test_any_json_goes_to_a_function(payload: Any, sent: bytes) -> None:
    functions = Functions()

    functions.call(payload=payload)

    assert functions.calls[0]["Payload"] == sent


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (_refusal("TooManyRequestsException"), "LAMBDA_TooManyRequestsException"),
        (ReadTimeoutError(endpoint_url="x"), "LAMBDA_TIMEOUT"),
        (EndpointConnectionError(endpoint_url="x"), "LAMBDA_UNREACHABLE"),
    ],
)
def test_what_goes_wrong_is_a_bpmn_error(fault: Exception, code: str) -> None:
    functions = Functions()
    functions.fault = fault

    with pytest.raises(BpmnError) as error:
        functions.call()

    assert error.value.code == code


@pytest.mark.parametrize("reads", [False, True])
def test_however_slowly_a_function_answers_its_time_counts(reads: bool) -> None:
    """It says nothing, or its answer has no end."""
    over = threading.Event()

    class Slow(Functions):
        def invoke(self, **parameters: Any) -> dict[str, Any]:
            if not reads:
                over.wait(20)
            return {"StatusCode": 200, "Payload": self}

        def read(self, length: int) -> bytes:
            over.wait(20)
            return b""

    with pytest.raises(BpmnError) as error:
        Slow().call(timeoutSeconds=0.1)
    over.set()

    assert error.value.code == "LAMBDA_TIMEOUT"


def test_however_slowly_a_table_answers_its_time_counts() -> None:
    over = threading.Event()

    class Slow:
        def get_item(self, **parameters: Any) -> dict[str, Any]:
            over.wait(20)
            return {}

    connector = DynamoDbConnector(Names(("orders",)), lambda *_: Slow())
    with pytest.raises(BpmnError) as error:
        ask(connector, "get", Key={"id": "a"}, timeoutSeconds=0.1)
    over.set()

    assert error.value.code == "DYNAMODB_TIMEOUT"


def test_a_function_that_fails_is_a_bpmn_error_with_what_it_says() -> None:
    functions = Functions()
    functions.answer, functions.more = b'{"errorMessage": "no price"}', {"FunctionError": "Unhandled"}

    with pytest.raises(BpmnError) as error:
        functions.call()

    assert error.value.code == "LAMBDA_FUNCTION_ERROR"
    assert told(error.value)["payload"] == {"errorMessage": "no price"}


def test_a_function_that_is_not_listed_is_not_called() -> None:
    functions = Functions()

    with pytest.raises(BpmnError) as error:
        functions.call(function="other")

    assert error.value.code == "LAMBDA_NOT_ALLOWED"
    assert functions.calls == []


def test_too_large_an_answer_is_told() -> None:
    functions = Functions()
    functions.answer = b'"' + b"x" * 1024**2 + b'"'

    with pytest.raises(BpmnError) as error:
        functions.call()

    assert error.value.code == "LAMBDA_TOO_LARGE"

"""The connectors `dynamodb` and `lambda`: calls to services of AWS, each only to what is listed.

The role that makes the calls may be able to do more; nothing is done with it that is not listed here.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..sdk.job import Job
from ..sdk.worker import Completion, Failure
from .answers import answered, discreet, raw, thrown
from .deadline import TimedOut, in_time
from .inputs import Inputs, sendable

LARGEST = 1024**2
"""Bytes of an answer."""

Clients = Callable[[str, float], Any]
"""A client of a service by the name of its API, whose calls take so many seconds at most."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of tables or functions that may be used; `*` stands for any signs.

    Attributes:
        entries: What may be used.
        own: What may not, whatever the entries say: it belongs to the engine.
    """

    entries: tuple[str, ...]
    own: frozenset[str] = frozenset()

    def allow(self, name: str) -> bool:
        """Whether a name or an ARN may be used.

        An ARN may lead to another account or region: it is allowed by an entry that says so, and not by one
        for names, whatever it stands for. So is a part of an ARN, and a name with a version.
        """
        if not self.own.isdisjoint(re.split("[:/]", name)):
            return False
        return self.entry(name) is not None

    def entry(self, name: str) -> str | None:
        """The entry that stands for a name; None if there is none."""
        return next((entry for entry in self.entries if _stands_for(entry, name)), None)


def _leads_elsewhere(name: str) -> bool:
    return ":" in name or "/" in name


def _stands_for(entry: str, name: str) -> bool:
    if _leads_elsewhere(name) != _leads_elsewhere(entry):
        return False
    return re.fullmatch(".*".join(map(re.escape, entry.split("*"))), name, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the connector `dynamodb`.

    Attributes:
        method: Of the client.
        items: Parameters that are items, or keys, or values by name.
        plain: Parameters that are texts, numbers and the like.
    """

    method: str
    items: tuple[str, ...]
    plain: tuple[str, ...]


_CONDITION = ("ConditionExpression", "ExpressionAttributeNames", "ReturnValues")

ACTIONS: Mapping[str, Action] = {
    "get": Action(
        "get_item", ("Key",), ("ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames")
    ),
    "put": Action("put_item", ("Item", "ExpressionAttributeValues"), _CONDITION),
    "update": Action("update_item", ("Key", "ExpressionAttributeValues"), ("UpdateExpression", *_CONDITION)),
    "delete": Action("delete_item", ("Key", "ExpressionAttributeValues"), _CONDITION),
    "query": Action(
        "query",
        ("ExpressionAttributeValues", "ExclusiveStartKey"),
        (
            "IndexName",
            "KeyConditionExpression",
            "FilterExpression",
            "ProjectionExpression",
            "ExpressionAttributeNames",
            "ConsistentRead",
            "ScanIndexForward",
            "Select",
            "Limit",
        ),
    ),
}
"""What a task may ask of a table. Source: Amazon DynamoDB API reference, by the names of the parameters."""

_ITEM = frozenset({"Item", "Attributes", "LastEvaluatedKey"})
_ANSWER = (*_ITEM, "Items", "Count", "ScannedCount")
"""What of an answer a task sees."""


@dataclass(frozen=True)
class DynamoDbConnector:
    """Does tasks of the work type `dynamodb`."""

    tables: Names
    clients: Clients

    def perform(self, job: Job) -> Completion:
        """Ask a table.

        Raises:
            BpmnError: The table may not be used, or the service refuses.
            Failure: The inputs of the task do not say what to ask.
        """
        inputs = Inputs.of(job)
        action = ACTIONS.get(inputs.required("action"))
        if action is None:
            raise Failure(f"input action must be one of {', '.join(ACTIONS)}", retries=0)
        table = inputs.required("table")
        what = f"{action.method} of {self.tables.entry(table) or 'another table'}"
        with sendable():
            return discreet(inputs.are_secret, what, lambda: self._asked(action, table, inputs, job))

    def _asked(self, action: Action, table: str, inputs: Inputs, job: Job) -> Completion:
        if not self.tables.allow(table):
            raise thrown("DYNAMODB_NOT_ALLOWED", f"table {table} is not in the list of tables")
        parameters = {"TableName": table} | _parameters(action, inputs)
        seconds = inputs.seconds(job)

        def ask() -> Mapping[str, Any]:
            found: Mapping[str, Any] = getattr(self.clients("dynamodb", seconds), action.method)(**parameters)
            return found

        with _faults_of("DYNAMODB", f"{action.method} of {table}"):
            return answered(**_plain_answer(in_time(ask, seconds)))


@dataclass(frozen=True)
class LambdaConnector:
    """Does tasks of the work type `lambda`."""

    functions: Names
    clients: Clients

    def perform(self, job: Job) -> Completion:
        """Call a function and wait for its answer.

        Raises:
            BpmnError: It may not be called, it fails, or the service refuses.
            Failure: The inputs of the task do not say what to call.
        """
        inputs = Inputs.of(job)
        name = inputs.required("function")
        what = f"function {self.functions.entry(name) or 'elsewhere'}"
        with sendable():
            return discreet(inputs.are_secret, what, lambda: self._called(name, inputs, job))

    def _called(self, name: str, inputs: Inputs, job: Job) -> Completion:
        if not self.functions.allow(name):
            raise thrown("LAMBDA_NOT_ALLOWED", f"function {name} is not in the list of functions")
        payload, seconds = _payload(inputs), inputs.seconds(job)

        def ask() -> tuple[Mapping[str, Any], bytes]:
            found = self.clients("lambda", seconds).invoke(FunctionName=name, Payload=payload)
            return found, found["Payload"].read(LARGEST + 1)

        with _faults_of("LAMBDA", f"function {name}"):
            answer, content = in_time(ask, seconds)
        if len(content) > LARGEST:
            raise thrown("LAMBDA_TOO_LARGE", f"function {name}: more than {LARGEST} bytes")
        text = content.decode(errors="replace")
        told = {"status": answer["StatusCode"], "payload": (raw(text) or text) if text else None}
        if "FunctionError" in answer:
            raise thrown("LAMBDA_FUNCTION_ERROR", f"function {name} has failed: {text}", **told)
        return answered(**told)


def _payload(inputs: Inputs) -> bytes:
    """The payload as JSON, number for number; nothing is an empty object."""
    value = inputs.value("payload")
    if value is None:
        return b"{}"
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, str) else inputs.text("payload") or ""
    ).encode()


@contextmanager
def _faults_of(service: str, what: str) -> Any:
    """Refusals and silence of a service as BPMN errors."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        ParamValidationError,
        ReadTimeoutError,
    )

    try:
        yield
    except ClientError as refusal:
        error = refusal.response["Error"]
        raise thrown(f"{service}_{error['Code']}", f"{what}: {error.get('Message', '')}") from refusal
    except ParamValidationError as fault:
        # Up to the first value: it may be a secret, as may be those behind it.
        fact = str(fault).partition(", value:")[0]
        raise Failure(f"{what}: {fact}", retries=0) from None
    except (ConnectTimeoutError, ReadTimeoutError, TimedOut) as silence:
        raise thrown(f"{service}_TIMEOUT", f"{what}: no answer in time") from silence
    except BotoCoreError as fault:
        raise thrown(f"{service}_UNREACHABLE", f"{what}: {fault}") from fault


# Items in plain JSON


def _parameters(action: Action, inputs: Inputs) -> dict[str, Any]:
    """The parameters of an action that the inputs have.

    Raises:
        Failure: One of them is what no item can have.
    """
    # Not the engine's own: who has no such task does not wait for it.
    from boto3.dynamodb.types import TypeSerializer

    serialize = TypeSerializer().serialize
    found = {name: _simple(inputs.value(name)) for name in action.plain if inputs.value(name) is not None}
    for name in action.items:
        try:
            values = {key: serialize(value) for key, value in inputs.object(name).items()}
        except (TypeError, ArithmeticError):
            fact = "a number of more than 38 digits, or what is no JSON"
            raise Failure(f"input {name} has what no item can have: {fact}", retries=0) from None
        found |= {name: values} if values else {}
    return found


def _simple(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _plain_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeDeserializer

    deserialize = TypeDeserializer().deserialize

    def item(given: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _json(deserialize(value)) for name, value in given.items()}

    told: dict[str, Any] = {name: answer[name] for name in _ANSWER if name in answer}
    told |= {name: item(told[name]) for name in _ITEM & told.keys()}
    return told | ({"Items": [item(one) for one in told["Items"]]} if "Items" in told else {})


def _json(value: Any) -> Any:
    """What JSON has no word for: sets are lists, bytes are base64."""
    match value:
        case dict():
            return {name: _json(entry) for name, entry in value.items()}
        case list():
            return [_json(entry) for entry in value]
        case set() | frozenset():
            return sorted(map(_json, value))
        case bytes():
            return base64.b64encode(value).decode()
    content = getattr(value, "value", value)  # a Binary of boto3
    return base64.b64encode(content).decode() if isinstance(content, bytes) else content

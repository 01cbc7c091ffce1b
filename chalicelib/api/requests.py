"""From an HTTP request to a command: path, query and body, each fault with its place.

Source of the rules: contract, engine-semantics 1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..bpmn.errors import Cause
from ..contract.commands import INT32_MAX, Command, In
from ..contract.operation import Operation
from .problems import RequestProblem

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_SHOWN = 4
"""Longer lists are shown by their first two and last two items."""


_KINDS: Mapping[Any, str] = {int: "integer", bool: "boolean", tuple[str, ...]: "texts"}
_TRUE = ("1", "t", "true")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a command that comes from path or query.

    Attributes:
        name: As in the URL.
        field: As in the command.
        kind: `integer`, `boolean`, `text`, or `texts` for one that may be repeated.
        minimum: Of an integer.
    """

    name: str
    field: str
    kind: str
    minimum: int = 0


@cache
def parameters(command: type[Command], place: In) -> tuple[Parameter, ...]:
    """The fields of a command that come from path or query."""
    return tuple(
        Parameter(
            field.alias or name,
            name,
            _KINDS.get(field.annotation, "text"),
            1 if place is In.PATH else 0,
        )
        for name, field in command.model_fields.items()
        if place in field.metadata
    )


def body_fields(command: type[Command]) -> set[str]:
    """Names of the fields of a command that are fields of the body."""
    return {
        field.alias or name
        for name, field in command.model_fields.items()
        if not any(isinstance(part, In) for part in field.metadata)
    }


def read_command(
    operation: Operation,
    path: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
    content_type: str | None,
) -> Command:
    """Make the command of a request.

    Raises:
        RequestProblem: It cannot be understood.
    """
    _check_media_type(content_type)
    values = _url_values(operation.command, In.PATH, path) | _url_values(operation.command, In.QUERY, query)
    if operation.method != "GET":
        document = _document(operation, body)
        _refuse_url_names(operation.command, document)
        values |= document
    try:
        return operation.command.model_validate(values)
    except ValidationError as fault:
        causes = [_cause(error, values) for error in fault.errors(include_url=False)]
        if any(cause.pointer in ("#/partition", "#/id") and cause.pointer[2:] in path for cause in causes):
            raise _uri_problem(f"invalid path parameter {causes[0].pointer[2:]}: {causes[0].value}") from None
        raise _body_problem("failed to validate request body", causes) from None


# URL


def _url_values(command: type[Command], place: In, given: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in parameters(command, place):
        text = given.get(parameter.name)
        if text is None or (text == "" and place is In.QUERY):
            continue
        if place is In.PATH:
            # API Gateway hands over path variables as they came over the wire.
            text = unquote(text)
        values[parameter.name] = _url_value(parameter, text, place)
    return values


def _url_value(parameter: Parameter, text: str, place: In) -> str | int | bool:
    if parameter.kind == "boolean":
        return text.lower() in _TRUE
    return integer(parameter, text, place) if parameter.kind == "integer" else text


def integer(parameter: Parameter, text: str, place: In) -> int:
    """The number of a text.

    Raises:
        RequestProblem: It is none, or too small or large.
    """
    if not _INTEGER.fullmatch(text) or abs(int(text)) > INT32_MAX:
        raise _uri_problem(f"invalid {place.value} parameter {parameter.name}: {text[:100]}")
    number = int(text)
    if number < parameter.minimum:
        raise RequestProblem(
            400,
            "VALIDATION",
            "invalid request URI",
            f"{place.value} parameter {parameter.name} must be greater than or equal to {parameter.minimum}",
        )
    return number


def _uri_problem(detail: str) -> RequestProblem:
    return RequestProblem(400, "HTTP_REQUEST_URI", "invalid request URI", detail)


# Body


def _check_media_type(content_type: str | None) -> None:
    if content_type and content_type.partition(";")[0].strip().lower() != "application/json":
        raise RequestProblem(
            415,
            "HTTP_MEDIA_TYPE",
            "invalid media type",
            f"media type {content_type[:100]} is not supported, expected application/json",
        )


def _document(operation: Operation, body: bytes) -> dict[str, Any]:
    if len(body) > operation.max_body:
        raise _body_problem(f"request body is larger than {operation.max_body} bytes")
    if not body.strip():
        raise _body_problem("request body is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise _body_problem(f"request body is no JSON: {fault}") from None
    if not isinstance(document, dict):
        raise _body_problem("request body is no JSON object")
    return document


def _refuse_url_names(command: type[Command], document: Mapping[str, Any]) -> None:
    """What belongs into the URL is as unknown in the body as anything else."""
    names = {p.name for place in In for p in parameters(command, place)} & document.keys()
    if names:
        causes = [Cause(f"#/{name}", "unknown", "is unknown") for name in sorted(names)]
        raise _body_problem("failed to validate request body", causes)


def _body_problem(detail: str, causes: Sequence[Cause] = ()) -> RequestProblem:
    return RequestProblem(400, "HTTP_REQUEST_BODY", "invalid request body", detail, causes)


# Faults of pydantic in the words of the API


def said(error: ErrorDetails, document: Mapping[str, Any]) -> str:
    """One fault in a sentence, `#/processName is required`."""
    cause = _cause(error, document)
    return f"{cause.pointer} {cause.detail}"


def _cause(error: ErrorDetails, document: Mapping[str, Any]) -> Cause:
    """One fault; required fields have no value to show."""
    type, detail = _explain(error)
    pointer, value = _place(error, document)
    return Cause(pointer, type, detail, None if type == "required" else _show(value))


def _explain(error: ErrorDetails) -> tuple[str, str]:
    type, context = error["type"], error.get("ctx", {})
    if type in ("missing", "string_too_short"):
        return "required", "is required"
    if type == "greater_than_equal":
        return "gte", f"must be greater than or equal to {context['ge']}"
    if type == "less_than_equal":
        return "lte", f"must be less than or equal to {context['le']}"
    if type == "too_long":
        return "max", f"exceeds a maximum of {context['max_length']}"
    if type == "extra_forbidden":
        return "unknown", "is unknown"
    if ("_" in type and type.split("_")[0] in _JSON_TYPES) or type in ("model_type", "type"):
        return "type", _JSON_TYPES.get(type.split("_")[0], error["msg"])
    return type, error["msg"]


_JSON_TYPES = {
    "int": "must be an integer",
    "string": "must be a string",
    "bool": "must be a boolean",
    "tuple": "must be an array",
    "model": "must be an object",
    "dict": "must be an object",
    "is": "must be a value of the right type",
}


def _place(error: ErrorDetails, document: Mapping[str, Any]) -> tuple[str, Any]:
    """Pointer to the fault in the body as it was sent, and the value there.

    Variables and tags may come as a map; the command has turned them into a list, the pointer turns them
    back. It also counts the items of a list that are null, which the command has left out.
    """
    path: list[str] = []
    at: Any = document
    in_map = False
    for step in error["loc"]:
        if isinstance(step, int) and isinstance(at, list):
            step = [number for number, item in enumerate(at) if item is not None][step]
        if isinstance(step, int) and isinstance(at, dict):
            names = list(at)
            in_map = True
            path.append(_escaped(names[step]))
            at = at[names[step]]
            continue
        if in_map and step in ("data", "name", "value"):
            in_map = False
            at = error["input"] if step == "name" else at
            continue
        path.append(_escaped(str(step)))
        at = _item(at, step)
    return "#/" + "/".join(path), at or error["input"]


def _escaped(name: str) -> str:
    """A name within a pointer. Source: RFC 6901, section 3."""
    return name.replace("~", "~0").replace("/", "~1")


def _item(at: Any, step: int | str) -> Any:
    if isinstance(at, dict):
        return at.get(step)
    if isinstance(at, list) and isinstance(step, int) and step < len(at):
        return at[step]
    return None


def _show(value: Any) -> str | None:
    """A value as text, lists as `[1 2 ... 100 101]`."""
    if value is None or isinstance(value, dict | BaseModel):
        return None
    if isinstance(value, list | tuple):
        shown = [str(_show(item)) for item in value if item is not None]
        return "[" + " ".join(shown if len(shown) <= _SHOWN else [*shown[:2], "...", *shown[-2:]]) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:200]

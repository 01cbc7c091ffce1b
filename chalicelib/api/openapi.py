"""OpenAPI 3.1 from the operation rows; served at `/openapi.json` and kept as `docs/openapi.json`."""

import re
from typing import Any

import orjson
from chalice.app import Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .. import __version__
from ..contract.commands import Command, In, SurfaceCommand
from ..contract.operation import Operation
from ..contract.rights import may_call
from ..contract.surfaces import ENGINE, OPERATIONS, SURFACES, Surface
from .requests import body_fields, parameters
from .threaded import ThreadedChalice

PATH = "/openapi.json"

REFUSALS = {
    "400": "The request cannot be understood, or does not fit together",
    "401": "No credential, or an unknown one",
    "403": "The credential does not allow it, or the operation is switched off",
    "415": "The media type is not application/json",
    "500": "A fault of the engine; the detail refers to its log",
    "503": "Too busy for the moment; try again",
}
"""What every operation may answer. Source: engine-semantics 1."""

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Within 24 hours, the same request under the same key answers the first result.",
    "schema": {"type": "string"},
}

SPECIFIC = {
    "404": "Something that the path or the body names does not exist",
    "409": "Another state than expected",
}
UNPROCESSABLE = {
    "createProcess": "The BPMN model cannot be executed",
    "createProcessInstance": "The process cannot be started this way",
    "updateUserTask": "No boundary event catches the error or the escalation",
}
"""Operations that may answer 422, and why."""

EMPTY = ("401", "403")

_REF = "#/components/schemas/{model}"


def mount_openapi(app: ThreadedChalice) -> None:
    """Serve the document; it is made once, when it is first asked for."""
    document: list[str] = []

    @app.route(PATH, methods=["GET"], name="openapi")
    def openapi() -> Response:
        if not document:
            document.append(render())
        return Response(document[0], {"Content-Type": "application/json"}, 200)


def render() -> str:
    """The document as text."""
    return orjson.dumps(build(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def build() -> dict[str, Any]:
    """The document as data."""
    schemas = _schemas()
    paths: dict[str, Any] = {}
    for surface in SURFACES:
        for operation in surface.operations:
            verbs = paths.setdefault(operation.path, {})
            verbs[operation.method.lower()] = _operation(operation, surface)
            for method in operation.further_methods:
                verbs[method.lower()] = _again(verbs[operation.method.lower()], operation, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "serverless-bpmn",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": "A BPMN 2.0 process engine that scales to zero.",
        },
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"bearer": []}, {"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a JWT"},
                "key": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "ownKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    """Schemas of bodies and answers; what comes from the URL is taken out of the bodies."""
    commands: list[type[Command]] = [operation.command for operation in OPERATIONS if _takes_body(operation)]
    results: list[type[BaseModel]] = [
        operation.result for operation in OPERATIONS if operation.result is not None
    ]
    models: list[type[BaseModel]] = [*commands, *results, *(surface.refusal for surface in SURFACES)]
    _, document = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF, by_alias=True
    )
    schemas: dict[str, Any] = document["$defs"]
    for command in commands:
        schema = schemas[command.__name__]
        elsewhere = (In.PATH, In.QUERY, In.CALLER)
        for parameter in (one for place in elsewhere for one in parameters(command, place)):
            schema["properties"].pop(parameter.name)
            if parameter.name in schema.get("required", []):
                schema["required"].remove(parameter.name)
    for schema in schemas.values():
        _tidy(schema)
    return schemas


def _tidy(schema: Any) -> None:
    """Absent is said by leaving out, in requests also by null; defaults would only repeat that."""
    if isinstance(schema, dict):
        schema.pop("default", None)
        for value in schema.values():
            _tidy(value)
    elif isinstance(schema, list):
        for value in schema:
            _tidy(value)


def _takes_body(operation: Operation) -> bool:
    """Whether the body has fields of the command; the engine API takes a body also where it has none."""
    command = operation.command
    if operation.method == "GET" or _whole_body(operation):
        return False
    return not issubclass(command, SurfaceCommand) or bool(body_fields(command))


def _whole_body(operation: Operation) -> bool:
    return bool(parameters(operation.command, In.BODY))


def _again(description: dict[str, Any], operation: Operation, method: str) -> dict[str, Any]:
    """The same under a further method."""
    name = f"{operation.name}By{method.title()}"
    return {key: value for key, value in description.items() if key != "requestBody"} | {"operationId": name}


def _operation(operation: Operation, surface: Surface) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation.name,
        "summary": (operation.command.__doc__ or "").partition("\n")[0],
        "responses": _responses(operation) if surface is ENGINE else _own_responses(operation, surface),
        "tags": [surface.name],
    }
    if surface.own_access:
        description["security"] = [{"bearer": []}, {"key": []}, {"ownKey": []}, {"basic": []}]
    if operation.needs_credentials:
        roles = may_call(operation.name)
        description |= {"description": f"Roles: {', '.join(roles)}.", "x-roles": roles}
    else:
        description["security"] = []
    found = _parameters(operation.command)
    if operation.changes_something:
        found.append(IDEMPOTENCY_KEY)
    if found:
        description["parameters"] = found
    if _whole_body(operation):
        content = {"application/json": {"schema": {"type": "object", "additionalProperties": True}}}
        description["requestBody"] = {"required": False, "content": content}
    elif _takes_body(operation):
        ref = {"$ref": _REF.format(model=operation.command.__name__)}
        description["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref}}}
    return description


def _parameters(command: type[Command]) -> list[dict[str, Any]]:
    found = []
    for place in (In.PATH, In.QUERY):
        for parameter in parameters(command, place):
            schema: dict[str, Any] = {"type": "string"}
            if parameter.kind == "integer":
                schema = {"type": "integer", "format": "int32", "minimum": parameter.minimum}
            elif parameter.kind == "boolean":
                schema = {"type": "boolean"}
            elif parameter.kind == "texts":
                schema = {"type": "array", "items": {"type": "string"}}
            elif parameter.name == "partition":
                schema = {"type": "string", "format": "date"}
            found.append(
                {"name": parameter.name, "in": place.value, "required": place is In.PATH, "schema": schema}
            )
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {str(operation.status): _success(operation)}
    refusals = dict(REFUSALS)
    if re.search(r"{\w+}", operation.path) or operation.name == "createProcessInstance":
        refusals["404"] = SPECIFIC["404"]
    if operation.changes_something:
        refusals["409"] = SPECIFIC["409"]
    if operation.name in UNPROCESSABLE:
        refusals["422"] = UNPROCESSABLE[operation.name]
    for status, description in sorted(refusals.items()):
        responses[status] = {"description": description}
        if status not in EMPTY:
            schema = {"$ref": _REF.format(model="Problem")}
            responses[status]["content"] = {"application/problem+json": {"schema": schema}}
    if operation.content_type == "text/plain":
        responses["503"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return responses


def _own_responses(operation: Operation, surface: Surface) -> dict[str, Any]:
    """Every operation of a further surface may refuse with the same, in the shape of the surface."""
    shapes = {"400": operation.result} if operation.answers_alone else {}
    refusals = {}
    for status, description in surface.refusals.items():
        shape = shapes.get(status) or operation.refusal or surface.refusal
        content: dict[str, Any] = {
            surface.refusal_type: {"schema": {"$ref": _REF.format(model=shape.__name__)}}
        }
        if operation.result is None:
            content = {operation.content_type: {"schema": {"type": "string"}}}
        refusals[status] = {"description": description, "content": content}
    return {str(operation.status): _success(operation), **refusals}


def _success(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done"}
    if operation.status != 204:
        schema: dict[str, Any] = {"type": "string"}
        if operation.result is not None:
            schema = {"$ref": _REF.format(model=operation.result.__name__)}
        answer["content"] = {operation.content_type: {"schema": schema}}
    return answer

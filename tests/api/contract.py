"""The contract of the engine API as data: `engine-api.yaml` beside this file is a copy of it, word for word.

What is ours beyond it is in `extensions.yaml`.

`faults` compares an answer with one of its schemas. What the contract has and this release has not is in
`LATER`, so that it is known by name.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CONTRACT, OURS = (
    yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
    for name in ("engine-api.yaml", "extensions.yaml")
)
OPERATIONS: Mapping[str, Mapping[str, Any]] = {
    row["operation"]: row for row in (*CONTRACT["operations"], *OURS["operations"])
}
ADDED: Mapping[str, Mapping[str, str]] = OURS["added"]
SCHEMAS: Mapping[str, Any] = (
    CONTRACT["schemas"]
    | OURS["schemas"]
    | {name: CONTRACT["schemas"][name] | added for name, added in ADDED.items()}
)

LATER = {
    "operations": set[str](),
}

# Fields of requests that are ours.
EXTENSIONS = {name: set(fields) for name, fields in OURS["requests"].items()}

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
_TYPE = re.compile(r"(?P<type>\[.+?\]|[\w/-]+)(?: \((?P<limits>.+)\))?(?P<required> required)?")


class Field(NamedTuple):
    """A field of a schema.

    Attributes:
        type: As in the contract, without brackets.
        is_list: Whether there are many.
        is_required: Whether it is always there.
        limits: `minimum` and the like.
    """

    type: str
    is_list: bool
    is_required: bool
    limits: dict[str, int]


class Success(NamedTuple):
    """What an operation answers if all is well."""

    status: int
    schema: str | None
    content_type: str | None


class Example(NamedTuple):
    """A problem body that the contract shows."""

    operation: str
    status: int
    number: int
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.operation}-{self.status}-{self.number}"


def fields(schema: str) -> dict[str, Field]:
    """The fields of a schema."""
    return {name: _field(text) for name, text in SCHEMAS[schema].items()}


def enumeration(schema: str) -> set[str]:
    """The members of an enumeration."""
    return set(SCHEMAS[schema].removeprefix("enum ").split(" | "))


def parameters(operation: str) -> dict[str, tuple[str, Field]]:
    """Place and type of what comes from the URL."""
    found = {}
    for text in OPERATIONS[operation].get("parameters", ()):
        place, name, type = re.fullmatch(r"(path|query) (\w+): (.+)", text).groups()
        found[name] = (place, _field(type.replace("min ", "minimum ")))
    return found


def success(operation: str) -> Success:
    """The one success of an operation."""
    ((status, answer),) = (
        (int(status), answer)
        for status, answer in OPERATIONS[operation]["responses"].items()
        if status.startswith("2")
    )
    schema, _, content_type = answer.partition(" as ")
    return Success(status, None if schema == "empty" else schema, content_type or None)


def examples(operation: str) -> Iterator[Example]:
    """The problem bodies of an operation."""
    for status, answer in OPERATIONS[operation]["responses"].items():
        if isinstance(answer, dict):
            for number, body in enumerate(answer["examples"]):
                yield Example(operation, int(status), number, body)


def faults(schema: str, value: Any, pointer: str = "") -> list[str]:
    """Everything about a value that the schema does not say."""
    if isinstance(SCHEMAS.get(schema), str):
        return [] if value in enumeration(schema) else [f"{pointer} is {value!r}, no {schema}"]
    if schema in SCHEMAS:
        return list(_object_faults(schema, value, pointer))
    return [] if _SCALARS[schema](value) else [f"{pointer} is {value!r}, no {schema}"]


def _object_faults(schema: str, value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{pointer} is {value!r}, no {schema}"
        return
    known = fields(schema)
    yield from (f"{pointer}/{name} is unknown" for name in value.keys() - known.keys())
    for name, field in known.items():
        place = f"{pointer}/{name}"
        if name not in value:
            if field.is_required:
                yield f"{place} is missing"
        elif not field.is_list:
            yield from faults(field.type, value[name], place)
        elif not isinstance(value[name], list):
            yield f"{place} is {value[name]!r}, no list"
        else:
            for number, item in enumerate(value[name]):
                yield from faults(field.type, item, f"{place}/{number}")


def _is_whole(value: Any, bits: int) -> bool:
    return type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


_SCALARS = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer/int32": lambda value: _is_whole(value, 32),
    "integer/int64": lambda value: _is_whole(value, 64),
    "map/string": lambda value: (
        isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair)
    ),
    "number/double": lambda value: isinstance(value, float),
    "string/date": lambda value: isinstance(value, str) and bool(DATE.fullmatch(value)),
    "string/date-time": lambda value: isinstance(value, str) and bool(DATE_TIME.fullmatch(value)),
}


def _field(text: str) -> Field:
    match = _TYPE.fullmatch(text)
    limits = {}
    for limit in (match["limits"] or "").split(", "):
        name, _, number = limit.partition(" ")
        if number.isdigit():
            limits[name] = int(number)
    return Field(match["type"].strip("[]"), match["type"].startswith("["), bool(match["required"]), limits)

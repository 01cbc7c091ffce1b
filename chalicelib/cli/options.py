"""From the fields of a command to options, and from options to the request.

Fields are read off the JSON schema of the command, as clients see it: `processInstanceId` is
`--process-instance-id`, a list is an option that may be repeated, `tags` is `--tag`.
"""

import argparse
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..contract.commands import Command, In
from ..contract.operation import Operation
from ..contract.surfaces import OPERATIONS
from . import values
from .values import Entry, Json, Place
from .verbs import Verb

OPERATION_OF: Mapping[str, Operation] = {row.name: row for row in OPERATIONS}

PLACED = ("id", "processInstanceId", "elementInstanceId", "jobId", "taskId")
"""Ids that only a partition makes unique; all of a process instance are in the same one."""

DEFAULTS = {"workerId": ("BPMN_WORKER_ID", "cli")}
"""Environment variable and value of what need not be given each time."""

PLAIN = ("completion", "timer")
"""Fields whose own fields are options without a prefix."""

REPEATED = ("user", "role", "group")
"""Query parameters that stand in a URL once per value."""

FLAGS = {"exclusiveGatewayDecision": "--decision", "inclusiveGatewayDecision": "--inclusive-decision"}
"""Options that are not called like their field."""

_VARIABLE = "JSON value of a variable; NAME:ENCODING=VALUE for other text, NAME=@FILE for what a file says"


@dataclass(frozen=True, slots=True)
class Kind:
    """What an option's text is made of.

    Attributes:
        metavar: How its text is called in help.
        read: Makes the value.
        help: What the text may look like, if that needs words.
    """

    metavar: str
    read: Callable[[str], Any] = str
    help: str = ""


KINDS: Mapping[str, Kind] = {
    "file": Kind("FILE", values.file, "BPMN file; - is standard input"),
    "name": Kind("NAME"),
    "objects": Kind(
        "NAME=JSON", values.business_object, "business object that goes in; NAME=@FILE for what a file says"
    ),
    "names": Kind("NAME", str, "only these; without any, all"),
    "assignments": Kind(
        "NAME=JSON", values.assignment, f"{_VARIABLE}; ELEMENT/NAME for a scope around an element instance"
    ),
    "deletions": Kind("NAME", values.deletion, "variables to delete"),
    "place": Kind("[DATE/]ID", values.place),
    "date": Kind("DATE", str, "UTC date, 2030-01-01"),
    "date-time": Kind("TIME", str, "RFC 3339, 2030-01-01T00:00:00Z"),
    "Tag": Kind("NAME=VALUE", values.tag, "tag; the name alone has no value, and in a search any"),
    "ProcessVariable": Kind("NAME=JSON", values.variable, f"{_VARIABLE}, the name alone to delete it"),
    "ElementVariable": Kind(
        "[ELEMENT/]NAME=JSON", values.variable, f"{_VARIABLE}, the name alone to delete it"
    ),
}
"""By format or title in the JSON schema, or by name in the table of verbs."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a command, or of an object in it.

    Attributes:
        path: Where it stands, `("completion", "errorCode")`.
        flag: Its option.
        kind: What its text is made of; None for a switch.
        choices: All values that it may have, if they are listed.
        is_list: Whether it may be given more than once.
        is_required: Whether it must be given.
        default: Its value if it is not given; None leaves it out.
        help: What it means.
    """

    path: tuple[str, ...]
    flag: str
    kind: Kind | None
    choices: tuple[str, ...] | None
    is_list: bool
    is_required: bool
    default: int | None
    help: str

    @property
    def key(self) -> str:
        """Its name among the parsed arguments."""
        return "/".join(self.path)


def summary(verb: Verb) -> str:
    """What a verb does, in one line."""
    docstring = inspect.getdoc(OPERATION_OF[verb.operation].command) or ""
    return verb.summary or docstring.partition("\n")[0]


def fields(command: type[Command]) -> list[Field]:
    """The fields of a command that come from neither path nor caller, and are not the body as a whole."""
    schema = command.model_json_schema()
    left_out = places(command, In.PATH) | places(command, In.CALLER) | places(command, In.BODY)
    return list(_fields(schema, schema.get("$defs", {}), _explanations(command), left_out))


def places(command: type[Command], place: In) -> set[str]:
    """Names of the fields that come from path or query."""
    return {field.alias or name for name, field in command.model_fields.items() if place in field.metadata}


def add(parser: argparse.ArgumentParser, field: Field, environment: Mapping[str, str]) -> None:
    """Make an option of a field."""
    if field.kind is None:
        parser.add_argument(field.flag, dest=field.key, action="store_true", help=field.help or None)
        return
    default: Any = field.default
    texts = [field.help or field.kind.help]
    if field.key in DEFAULTS:
        name, default = DEFAULTS[field.key]
        default = environment.get(name) or default
        texts.append(f"({name}, {DEFAULTS[field.key][1]})")
    elif default is not None:
        texts.append(f"({default})")
    parser.add_argument(
        field.flag,
        dest=field.key,
        metavar=field.kind.metavar,
        type=field.kind.read,
        choices=field.choices,
        action="append" if field.is_list else "store",
        required=field.is_required and default is None,
        default=default,
        help=" ".join(filter(None, texts)).replace("%", "%%") or None,
    )


def add_positional(parser: argparse.ArgumentParser, name: str, kind_name: str) -> None:
    """Make a positional argument of a field."""
    kind = KINDS[kind_name]
    count = {"names": "*", "assignments": "+", "deletions": "+"}.get(kind_name)
    parser.add_argument(name, metavar=kind.metavar, type=kind.read, nargs=count, help=kind.help)


def document(given: Mapping[str, Any], keys: Sequence[str]) -> Json:
    """The parsed arguments of some fields as the object that the API takes.

    Raises:
        ValueError: Two arguments name different partitions.
    """
    found: Json = {}
    partitions: set[str | None] = set()
    for key in keys:
        value = given.get(key)
        if value is None or value is False or value == []:
            continue
        if isinstance(value, Place):
            partitions.add(value.partition)
            value = value.id
        if isinstance(value, list) and isinstance(value[0], Entry):
            value = dict(value)
        *outer, name = key.split("/")
        at = found
        for step in outer:
            at = at.setdefault(step, {})
        at[name] = value
    named = sorted({name for name in (*partitions, found.get("partition")) if name})
    if len(named) > 1:
        raise ValueError(f"more than one partition: {', '.join(named)}")
    return found | ({"partition": named[0]} if named else {})


# Fields of a schema


def _fields(
    schema: Json,
    models: Json,
    explanations: Mapping[str, str],
    left_out: set[str],
    path: tuple[str, ...] = (),
    prefix: str = "",
) -> Iterator[Field]:
    has_partition = "partition" in schema["properties"].keys() - left_out
    for name, given in schema["properties"].items():
        if name in left_out:
            continue
        shape = _resolve(given, models)
        if shape.get("type") == "object" and "properties" in shape:
            inner = prefix if name in PLAIN else f"{prefix}{_kebab(name)}-"
            yield from _fields(shape, models, {}, set(), (*path, name), inner)
            continue
        is_map = shape.get("type") == "object"
        is_list = is_map or shape.get("type") == "array"
        item = shape if is_map or not is_list else _resolve(shape["items"], models)
        yield Field(
            path=(*path, name),
            flag=FLAGS.get(name) or f"--{prefix}{_kebab(_singular(name) if is_list else name)}",
            kind=KINDS["objects"] if is_map else _kind(name, item, has_partition=has_partition),
            choices=tuple(item["enum"]) if "enum" in item else None,
            is_list=is_list,
            is_required=name in schema.get("required", ()) and not path,
            default=_default(shape),
            help=explanations.get(name) or (f"one of {', '.join(item['enum'])}" if "enum" in item else ""),
        )


def _default(schema: Json) -> int | None:
    """What a number is for us where the API wants one: its default is too small to be accepted."""
    minimum, default = schema.get("minimum"), schema.get("default")
    return minimum if minimum is not None and default is not None and default < minimum else None


def _resolve(schema: Json, models: Json) -> Json:
    """A schema without its null and its reference."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolve(choice, models)
    return models[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _kind(name: str, schema: Json, *, has_partition: bool) -> Kind | None:
    title, type = schema.get("title", ""), schema.get("type")
    if type == "boolean":
        return None
    if title.endswith("Definition"):
        field = next(name for name in schema["properties"] if name != "bpmnElementId")
        meaning = schema["description"].rstrip(".")
        return Kind("ELEMENT=" + _last_word(field), partial(values.definition, field), meaning)
    if has_partition and name in PLACED:
        return KINDS["place"]
    found = KINDS.get(title) or KINDS.get(schema.get("format", ""))
    if found or type == "object":
        return found or KINDS[title]
    return Kind(_last_word(_singular(name)), values.number if type == "integer" else str)


def _explanations(command: type[Command]) -> dict[str, str]:
    """What the docstrings of a command and its bases say of its fields, by name in the API."""
    texts = [inspect.cleandoc(base.__doc__ or "") for base in reversed(command.__mro__) if base is not object]
    told = [line for text in texts for line in re.findall(r"^    (\w+): (.+)", text, re.M)]
    by_name = {name: (field.alias or name) for name, field in command.model_fields.items()}
    return {by_name[name]: text.rstrip(".") for name, text in told if name in by_name}


def _kebab(name: str) -> str:
    return re.sub("([A-Z])", r"-\1", name).lower()


def _last_word(name: str) -> str:
    return _kebab(name).rpartition("-")[2].upper()


def _singular(name: str) -> str:
    return name.removesuffix("s")

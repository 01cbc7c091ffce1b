"""Texts of the command line as values of the API. What cannot be one is told to argparse."""

import json
import re
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]

DEFAULT_ENCODING = "json"
ENCRYPTED = "encrypted"

_PLACE = re.compile(r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})/)?([0-9]{1,19})", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", re.ASCII)


class Place(NamedTuple):
    """Where a record is found: its partition, if it was given, and its id."""

    partition: str | None
    id: int


class Entry(NamedTuple):
    """A name and a value of an object."""

    name: str
    value: Any


def number(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text, re.ASCII):
        raise ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def place(text: str) -> Place:
    """`2030-01-01/17`, or the id alone."""
    found = _PLACE.fullmatch(text)
    if not found:
        raise ArgumentTypeError(f"{text!r} is no id; one looks like 17 or 2030-01-01/17")
    return Place(found[1], int(found[2]))


def whole_place(text: str) -> Place:
    """`2030-01-01/17`."""
    found = _PLACE.fullmatch(text)
    if not found or not found[1]:
        raise ArgumentTypeError(f"{text!r} is no partition and id; they look like 2030-01-01/17")
    return Place(found[1], int(found[2]))


def file(name: str) -> str:
    """The text of a file; `-` is standard input."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode()
    except OSError as fault:
        raise ArgumentTypeError(f"cannot read {name}: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise ArgumentTypeError(f"{name} is not encoded in UTF-8") from None


def document(name: str) -> Json:
    """The JSON object of a file; `-` is standard input."""
    try:
        found = json.loads(file(name))
    except ValueError as fault:
        raise ArgumentTypeError(f"{name} is no JSON: {fault}") from None
    if not isinstance(found, dict):
        raise ArgumentTypeError(f"{name} is no JSON object")
    return found


def business_object(text: str) -> Entry:
    """`NAME=JSON`, `NAME=@FILE`."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"{text!r} is no NAME=JSON")
    try:
        return Entry(name, json.loads(file(value[1:]) if value.startswith("@") else value))
    except ValueError:
        raise ArgumentTypeError(f"the value of {name} is no JSON") from None


def tag(text: str) -> Json:
    """`name=value`, or the name alone."""
    name, equals, value = text.partition("=")
    return {"name": name, "value": value} if equals else {"name": name}


def variable(text: str) -> Json:
    """`name=json`, `name:encoding=value`, `name=@file`; the name alone deletes the variable."""
    return assignment(text) if "=" in text else deletion(text)


def assignment(text: str) -> Json:
    """A variable that is set: `[element/]name[:encoding][:encrypted]=value`."""
    left, equals, value = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"{text!r} has no value; a variable is set by name=json")
    name, _, rest = left.partition(":")
    *parts, last = rest.split(":")
    is_encrypted = last == ENCRYPTED
    encoding = ":".join(parts if is_encrypted else [*parts, last]) or DEFAULT_ENCODING
    data = {"encoding": encoding, "value": file(value[1:]) if value.startswith("@") else value}
    if encoding == DEFAULT_ENCODING:
        _check_json(name, data["value"])
    return _variable(name) | {"data": data | ({"encrypted": True} if is_encrypted else {})}


def deletion(text: str) -> Json:
    """A variable that is deleted: `[element/]name`."""
    if "=" in text:
        raise ArgumentTypeError(f"{text!r} has a value; a variable is deleted by its name alone")
    return _variable(text)


def timer(text: str) -> Json:
    """A duration (`PT1H`), a point in time (`2030-01-01T00:00:00Z`), or a cycle (`0 * * * *`, `R3/PT1H`)."""
    if text.upper().startswith("P"):
        return {"timeDuration": text}
    return {"time" if _TIME.match(text) else "timeCycle": text}


def definition(field: str, text: str) -> Json:
    """What an event waits for or throws: `element=value`, or the element alone."""
    element, equals, value = text.partition("=")
    given = {field: timer(value) if field == "timer" else value} if equals else {}
    return {"bpmnElementId": element, **given}


def _variable(text: str) -> Json:
    element, slash, name = text.rpartition("/")
    return {"bpmnElementId": element, "name": name} if slash else {"name": name}


def _check_json(name: str, value: str) -> None:
    """A shell takes quotes away; `name=text` would be kept as JSON that is none."""
    try:
        json.loads(value)
    except ValueError:
        raise ArgumentTypeError(
            f"the value of {name} is no JSON; for other text name its encoding, as in {name}:text=..."
        ) from None

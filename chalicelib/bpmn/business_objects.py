"""Business objects that a process says go in and come out, and their types.

A type is JSON in a property of the process, `input NAME` or `output NAME`: the name of a simple type, an
object with a type for each field, or a list with the type of its members. What any type says may also be
many: then each member is of the type.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from .model import Process

INPUT, OUTPUT = "input", "output"

SIMPLE = ("Any", "Boolean", "Date", "Decimal", "Integer", "String", "Time")

MAX_DEPTH = 50
"""Levels of a type."""

MAX_VALUE_DEPTH = 100
"""Levels of a value; all that reads it later, level by level, can rely on it."""

Type = str | Mapping[str, Any] | list[Any]
"""`"String"`, `{"roomNo": "String"}`, `[{"roomNo": "String"}]`, `{}`, `[]`."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)

_ROUNDED = 2**63
"""From here on a number without quotes has come as a float, with other digits than those that were sent."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}")


class WrongType(ValueError):
    """A value is not of the type that the process says; the text names the field and the fact."""


@dataclass(frozen=True, slots=True)
class BusinessObject:
    """A business object of a process.

    Attributes:
        name: Of the variable that it is.
        type: What it is made of.
    """

    name: str
    type: Type

    @property
    def is_list(self) -> bool:
        """Whether it is always many, also where there is one or none."""
        return isinstance(self.type, list)

    @property
    def empty(self) -> Any:
        """What stands for it where there is nothing."""
        return [] if self.is_list else {} if isinstance(self.type, Mapping) else None


def business_objects(process: Process, way: str) -> tuple[BusinessObject, ...]:
    """The business objects that go in, or come out, in document order; the process has passed the rules.

    Args:
        process: The process.
        way: `INPUT` or `OUTPUT`.
    """
    return process.made_of(
        f"{way} of {process.bpmn_process_id}",
        lambda _: tuple(
            BusinessObject(name, read_type(text)) for kind, name, text in declared(process) if kind == way
        ),
    )


def declared(process: Process) -> Iterator[tuple[str, str, str]]:
    """Way, name and type of each business object, as it is written."""
    for key, text in process.elements[0].extension.properties:
        way, _, name = key.partition(" ")
        if way in (INPUT, OUTPUT) and name.strip():
            yield way, name.strip(), text


def read_type(text: str) -> Type:
    """A type of its text.

    Raises:
        ValueError: It is none; the text says what is wrong.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{text[:100]} is no JSON") from None
    _check(found, "type")
    return found  # type: ignore[no-any-return]


def accept(type: Type, value: Any, where: str) -> Any:
    """A value that came in, as one of a type; fields that the type does not know stay as they are.

    Args:
        type: The type.
        value: Plain JSON; null is of every type.
        where: How to name the value in an error, `RoomObject`.

    Raises:
        WrongType: It is of another type, or nested too deeply.
    """
    _check_depth(value, where)
    return _accepted(type, value, where)


def _accepted(type: Type, value: Any, where: str) -> Any:
    if value is None or type == "Any":
        return value
    if isinstance(type, list):
        members = value if isinstance(value, list) else [value]
        inner = type[0] if type else "Any"
        return [_accepted(inner, member, f"{where}[{number}]") for number, member in enumerate(members)]
    if isinstance(value, list):
        return [_accepted(type, member, f"{where}[{number}]") for number, member in enumerate(value)]
    if isinstance(type, str):
        return _READ[type](value, where)
    if not isinstance(value, dict):
        raise WrongType(f"{where} must be an object")
    known = {
        name: _accepted(type[name], field, f"{where}.{name}") for name, field in value.items() if name in type
    }
    return {**value, **known}


def _check_depth(value: Any, where: str) -> None:
    """Not level by level itself: it may be nested as deeply as anybody likes."""
    level = [value]
    for _ in range(MAX_VALUE_DEPTH + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise WrongType(f"{where} is nested deeper than {MAX_VALUE_DEPTH} levels")


def shape(type: Type, value: Any) -> Any:
    """A value with all fields of its type and no other: what is missing is null, a list is always one."""
    if isinstance(type, list):
        members = [] if value is None else value if isinstance(value, list) else [value]
        return [shape(type[0], member) for member in members] if type else members
    if isinstance(value, list):
        return [shape(type, member) for member in value]
    if not isinstance(type, Mapping) or not type or not isinstance(value, dict):
        return value
    return {name: shape(inner, value.get(name)) for name, inner in type.items()}


# private


def _check(type: Any, where: str, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"{where} is nested deeper than {MAX_DEPTH} levels")
    match type:
        case str():
            if type not in SIMPLE:
                raise ValueError(f"{where} {type[:100]} is none of {', '.join(SIMPLE)}")
        case dict():
            for name, inner in type.items():
                _check(inner, f"{where}.{name}", depth + 1)
        case [] | [_]:
            for inner in type:
                _check(inner, f"{where}[]", depth + 1)
        case list():
            raise ValueError(f"{where} is a list of more than one type")
        case _:
            raise ValueError(f"{where} must be a name, an object or a list")


def _string(value: Any, where: str) -> str:
    if isinstance(value, bool | dict):
        raise WrongType(f"{where} must be a string")
    return value if isinstance(value, str) else json.dumps(value)


def _boolean(value: Any, where: str) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise WrongType(f"{where} must be true or false")
    return value


def _integer(value: Any, where: str) -> int | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        if abs(value) >= _ROUNDED:
            raise WrongType(f"{where} has more digits than a number keeps, send it as text")
        return int(value)
    if value == "":
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongType(f"{where} must be a whole number")
    return value


def _decimal(value: Any, where: str) -> int | float | None:
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return float(value) if "." in value else int(value)
    if value == "":
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WrongType(f"{where} must be a number")
    return value


def _date(value: Any, where: str) -> str:
    return _iso(value, _DATE, date.fromisoformat, f"{where} must be a date such as 2030-01-01")


def _time(value: Any, where: str) -> str:
    return _iso(value, _TIME, time.fromisoformat, f"{where} must be a time such as 12:00:00")


def _iso(value: Any, spelled: re.Pattern[str], read: Callable[[str], object], fact: str) -> str:
    """ISO 8601 in one spelling; Python reads others as well, such as weeks and times without colons."""
    if value == "":
        return ""
    try:
        if isinstance(value, str) and spelled.fullmatch(value) and read(value) is not None:
            return value
    except ValueError:
        pass
    raise WrongType(fact)


_READ = {
    "Boolean": _boolean,
    "Date": _date,
    "Decimal": _decimal,
    "Integer": _integer,
    "String": _string,
    "Time": _time,
}

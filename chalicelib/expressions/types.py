"""Whether a value is of a type. Source: DMN 1.5, 10.3.2.9, table 61."""

from decimal import Decimal
from typing import Any

from .temporal import Date, DateTime, Days, Months, Time
from .tree import Type
from .values import Builtin, Function, Range

_SIMPLE: dict[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (Date,),
    "time": (Time,),
    "date and time": (DateTime,),
    "date time": (DateTime,),
    "days and time duration": (Days,),
    "day time duration": (Days,),
    "years and months duration": (Months,),
    "year month duration": (Months,),
    "Null": (type(None),),
}
_WITH_PARAMETERS = frozenset(("list", "range", "context", "function"))


def is_type(wanted: Type) -> bool:
    """Whether there is such a type; `list` alone is none, it needs to say of what."""
    if wanted.name in _WITH_PARAMETERS:
        return bool(wanted.of) and all(is_type(part) for part in wanted.of)
    return wanted.name == "Any" or wanted.name in _SIMPLE


def conforms(value: Any, wanted: Type) -> bool:
    """Whether a value may stand where a type is wanted; null may, everywhere."""
    if value is None or wanted.name == "Any":
        return True
    match wanted.name:
        case "list":
            return type(value) is list and all(conforms(item, wanted.of[0]) for item in value)
        case "range":
            return type(value) is Range and all(
                conforms(end, wanted.of[0]) for end in (value.start, value.end)
            )
        case "context":
            return type(value) is dict and all(
                name in value and conforms(value[name], of)
                for name, of in zip(wanted.fields, wanted.of, strict=True)
            )
        case "function":
            return _is_function(value, wanted)
    return type(value) in _SIMPLE.get(wanted.name, ())


def _is_function(value: Any, wanted: Type) -> bool:
    """Parameters the other way round: what is wanted is handed in."""
    if type(value) is Builtin:
        return True
    return (
        type(value) is Function
        and len(value.types) == len(wanted.of) - 1
        and all(has.name in ("Any", asked.name) for has, asked in zip(value.types, wanted.of, strict=False))
    )

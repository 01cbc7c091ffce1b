"""What a row of a table of built-in functions is, and how arguments get to its function.

Source: DMN 1.5, 10.3.2.13, 10.3.2.9.4 conversions, 10.3.4.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from ..errors import Undefined
from ..numbers import FAULTS
from ..operators import kind
from ..run import Run
from ..temporal import Date, DateTime, Days, Months, Time
from ..types import conforms
from ..values import Builtin, Function, Range


class Row(NamedTuple):
    """A signature of a built-in function.

    Attributes:
        name: As it is called.
        parameters: `string: string, length?: number`; `?` may be left out, `...` may come again, `|` is or.
        call: Takes the evaluation and the arguments; raises `Undefined` where the result is null.
        meaning: In a few words, for the docs.
    """

    name: str
    parameters: str
    call: Callable[..., Any]
    meaning: str


class Parameter(NamedTuple):
    """A parameter; `types` is None where anything may come."""

    name: str
    types: frozenset[type] | None
    is_optional: bool
    is_repeated: bool


TYPES: dict[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "list": (list,),
    "context": (dict,),
    "date": (Date,),
    "time": (Time,),
    "date and time": (DateTime,),
    "days and time duration": (Days,),
    "years and months duration": (Months,),
    "range": (Range,),
    "function": (Function, Builtin),
    "null": (type(None),),
}


@cache
def parameters(text: str) -> tuple[Parameter, ...]:
    """Read what `Row.parameters` says."""
    return tuple(_parameter(part) for part in text.split(", ")) if text else ()


def _parameter(text: str) -> Parameter:
    name, _, types = text.partition(": ")
    names = types.split("|")
    allowed = None if "any" in names else frozenset(of for each in names for of in TYPES[each])
    return Parameter(name.rstrip("?."), allowed, "?" in name, "..." in name)


def in_order(row: Row, arguments: Sequence[Any], names: Sequence[str]) -> list[Any] | None:
    """Named arguments by position; None if the row has no such parameters. What is not supplied is null."""
    wanted = parameters(row.parameters)
    given = dict(zip(names, arguments, strict=True))
    if not given.keys() <= {parameter.name for parameter in wanted}:
        return None
    last = max((at for at, parameter in enumerate(wanted) if parameter.name in given), default=-1)
    required = sum(not parameter.is_optional for parameter in wanted)
    return [given.get(parameter.name) for parameter in wanted[: max(last + 1, required)]]


def fitted(row: Row, arguments: Sequence[Any]) -> list[Any] | None:
    """The arguments as the row takes them, from or to a list of one; None if it does not take them."""
    wanted = parameters(row.parameters)
    if wanted and wanted[-1].is_repeated:
        wanted = (*wanted, *(wanted[-1],) * (len(arguments) - len(wanted)))
    elif len(arguments) > len(wanted):
        return None
    if any(not parameter.is_optional for parameter in wanted[len(arguments) :]):
        return None
    ready = []
    for parameter, value in zip(wanted, arguments, strict=False):
        types = parameter.types
        if types is None or type(value) in types:
            ready.append(value)
        elif type(value) is list and len(value) == 1 and type(value[0]) in types:
            ready.append(value[0])
        elif list in types and value is not None:
            ready.append([value])
        else:
            return None
    return ready


def invoke(run: Run, rows: Sequence[Row], arguments: Sequence[Any], names: Sequence[str] | None) -> Any:
    """The result of the first row that takes the arguments, else null. Source: DMN 1.5, 10.3.2.13.1."""
    for row in rows:
        ordered = arguments if names is None else in_order(row, arguments, names)
        ready = None if ordered is None else fitted(row, ordered)
        if ready is not None:
            run.charge(1 + sum(len(value) for value in ready if type(value) is list))
            try:
                return row.call(run, *ready)
            except Undefined as fault:
                run.null(f"{row.name}: {fault}")
            except FAULTS:
                run.null(f"{row.name}: no number in reach")
            return None
    run.null(f"{rows[0].name} does not take ({', '.join(kind(value) for value in arguments)})")
    return None


def apply(run: Run, function: Function | Builtin, arguments: Sequence[Any]) -> Any:
    """Call a function that is a value; null if arguments do not conform. Source: DMN 1.5, 10.3.2.13.2."""
    if isinstance(function, Builtin):
        from . import BUILTINS

        return invoke(run, BUILTINS[function.name], arguments, None)
    if len(arguments) != len(function.parameters):
        run.null(f"a function of {len(function.parameters)} parameters is called with {len(arguments)}")
        return None
    ready = list(arguments)
    for at, (value, wanted) in enumerate(zip(arguments, function.types, strict=True)):
        if conforms(value, wanted):
            continue
        if type(value) is list and len(value) == 1 and conforms(value[0], wanted):
            ready[at] = value[0]
            continue
        run.null(f"`{function.parameters[at]}` is no {wanted.name}")
        return None
    run.enter()
    result = function.call(*ready)
    run.calls -= 1
    return result

"""What operators and comparisons mean, by the types of both sides: tables of pairs.

Where there is no value, null is the result and the reason a warning, or `Undefined` has it. Source: DMN 1.5,
10.3.2.15, tables 52 to 60.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from . import temporal
from .errors import TooMuch, Undefined
from .limits import VALUE_DEPTH
from .numbers import CONTEXT, FAULTS, ZERO, whole
from .run import Run
from .temporal import DAY, Date, DateTime, Days, Months, Time
from .values import Builtin, Function, Range

_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    Days: "days and time duration",
    Months: "years and months duration",
    Range: "range",
    Function: "function",
    Builtin: "function",
}


def kind(value: Any) -> str:
    """The name of a value's type. Source: DMN 1.5, 10.3.2.1."""
    return _NAMES.get(type(value), "nothing known")


# Equality and order


def equal(run: Run, left: Any, right: Any, depth: int = 0) -> bool | None:
    """Whether two values are the same; None if they are of different kinds.

    A local time takes the offset of the other one, as it does in comparisons. Source: DMN 1.5, table 53.

    Raises:
        TooMuch: They are nested too deeply.
    """
    if left is None or right is None:
        return left is right
    this = type(left)
    if this is not type(right):
        return None
    if this is list or this is dict:
        if depth > VALUE_DEPTH:
            raise TooMuch(f"a value is nested more than {VALUE_DEPTH} deep")
        run.charge(len(left) + 1)
        return _all_equal(run, left, right, depth + 1)
    if this is DateTime:
        return temporal.instant(left, right.offset) == temporal.instant(right, left.offset)
    if this is Time:
        return temporal.time_instant(left, right.offset) == temporal.time_instant(right, left.offset)
    if this is Range:
        return _all_equal(run, list(left), list(right), depth + 1)
    if this is Function:
        return left is right
    return bool(left == right)


def _all_equal(run: Run, left: Any, right: Any, depth: int) -> bool | None:
    """Lists item by item, contexts entry by entry."""
    if len(left) != len(right):
        return False
    if type(left) is dict:
        if left.keys() != right.keys():
            return False
        pairs = [(value, right[key]) for key, value in left.items()]
    else:
        pairs = list(zip(left, right, strict=True))
    result: bool | None = True
    for one, other in pairs:
        is_equal = equal(run, one, other, depth)
        if is_equal is False:
            return False
        if is_equal is None:
            result = None
    return result


def same(run: Run, left: Any, right: Any) -> bool:
    """Whether values are equal, without a third answer; what built-ins for lists go by."""
    return equal(run, left, right) is True


def identical(run: Run, left: Any, right: Any) -> bool:
    """`is(left, right)`: the same element of the domain, where `23:00:50` is not `23:00:50Z`."""
    if isinstance(left, Time | DateTime) and isinstance(right, Time | DateTime):
        return left == right and type(left) is type(right)
    return same(run, left, right)


_ORDERED = frozenset((Decimal, str, Date, Days, Months))


def before(left: Any, right: Any) -> bool:
    """Whether left is less than right. Source: DMN 1.5, table 54.

    Raises:
        Undefined: They are of different kinds, or of one without an order.
    """
    this = type(left)
    if this is not type(right):
        raise Undefined(f"{kind(left)} and {kind(right)} have no order")
    if this in _ORDERED:
        return bool(left < right)
    if this is DateTime:
        return temporal.instant(left, right.offset) < temporal.instant(right, left.offset)
    if this is Time:
        return temporal.time_instant(left, right.offset) < temporal.time_instant(right, left.offset)
    raise Undefined(f"{kind(left)} has no order")


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": before,
    ">": lambda left, right: before(right, left),
    "<=": lambda left, right: not before(right, left),
    ">=": lambda left, right: not before(left, right),
}


def within(interval: Range, value: Any) -> bool:
    """Whether a value is in a range.

    Raises:
        Undefined: The ends have another type.
    """
    start, end = interval.start, interval.end
    if start is not None and (
        before(value, start) or (not interval.start_included and not before(start, value))
    ):
        return False
    return end is None or (before(value, end) or (interval.end_included and not before(end, value)))


def make_range(start: Any, end: Any, start_included: bool, end_included: bool) -> Range:
    """A range with two ends.

    Raises:
        Undefined: An end is null, they have different types, or the wrong order. Source: DMN 1.5, 10.3.2.7.
    """
    if before(end, start):
        raise Undefined("a range ends before it starts")
    return Range(start, end, start_included, end_included)


def included(run: Run, value: Any, test: Any) -> bool | None:
    """`value in test`: in the list or range, or equal to it. Source: DMN 1.5, table 55."""
    if type(test) is Range:
        try:
            return within(test, value)
        except Undefined as fault:
            run.null(str(fault))
            return None
    if type(test) is list:
        run.charge(len(test))
        if type(value) is list and same(run, value, test):
            return True
        return any(
            included(run, value, item) is True if type(item) is Range else same(run, value, item)
            for item in test
        )
    return equal(run, value, test)


# Arithmetic

_Operation = Callable[[Any, Any], Any]


def _seconds(value: DateTime | Date, other: DateTime | Date) -> tuple[int, int]:
    """Both as nanoseconds; a date is midnight in UTC."""
    left, right = (
        temporal.make_date_time(each, 0, 0) if type(each) is Date else each for each in (value, other)
    )
    assert isinstance(left, DateTime)
    assert isinstance(right, DateTime)
    if (left.offset is None) != (right.offset is None):
        raise Undefined("only one of the two has an offset from UTC")
    return temporal.instant(left, 0), temporal.instant(right, 0)


def _apart(left: Any, right: Any) -> Days:
    one, other = _seconds(left, right)
    return temporal.make_days(one - other)


def _times_apart(left: Time, right: Time) -> Days:
    if (left.offset is None) != (right.offset is None):
        raise Undefined("only one of the two has an offset from UTC")
    return temporal.make_days(temporal.time_instant(left, 0) - temporal.time_instant(right, 0))


def _add_months(value: DateTime, months: int) -> DateTime:
    date = temporal.add_months(value.date, months)
    return temporal.make_date_time(date, value.nanos, value.offset, value.zone)


def _add_days(value: Date, nanos: int) -> Date:
    return temporal.from_ordinal((temporal.ordinal(value) * DAY + nanos) // DAY)


def _add_time(value: Time, nanos: int) -> Time:
    return value._replace(nanos=(value.nanos + nanos) % DAY)


def _scaled(size: int, factor: Decimal) -> int:
    """A duration times a number, whole towards zero."""
    return int(CONTEXT.multiply(Decimal(size), factor))


def _divided(size: int, divisor: Decimal) -> int:
    if divisor == 0:
        raise Undefined("division by zero")
    return int(CONTEXT.divide(Decimal(size), divisor))


def _ratio(left: int, right: int) -> Decimal:
    if right == 0:
        raise Undefined("division by zero")
    return CONTEXT.divide(Decimal(left), Decimal(right))


def _divide(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:
        raise Undefined("division by zero")
    return CONTEXT.divide(left, right)


def _power(left: Decimal, right: Decimal) -> Decimal:
    if right.copy_abs() > 999_999_999:
        raise Undefined("the exponent is too large")
    if left == 0 and right == 0:
        return Decimal(1)
    return CONTEXT.power(left, right)


ARITHMETIC: dict[tuple[str, type, type], _Operation] = {
    ("+", Decimal, Decimal): CONTEXT.add,
    ("-", Decimal, Decimal): CONTEXT.subtract,
    ("*", Decimal, Decimal): CONTEXT.multiply,
    ("/", Decimal, Decimal): _divide,
    ("**", Decimal, Decimal): _power,
    ("-", DateTime, DateTime): _apart,
    ("-", DateTime, Date): _apart,
    ("-", Date, DateTime): _apart,
    ("-", Date, Date): _apart,
    ("-", Time, Time): _times_apart,
    ("+", Months, Months): lambda left, right: temporal.make_months(left.months + right.months),
    ("-", Months, Months): lambda left, right: temporal.make_months(left.months - right.months),
    ("+", Days, Days): lambda left, right: temporal.make_days(left.nanos + right.nanos),
    ("-", Days, Days): lambda left, right: temporal.make_days(left.nanos - right.nanos),
    ("+", DateTime, Months): lambda left, right: _add_months(left, right.months),
    ("-", DateTime, Months): lambda left, right: _add_months(left, -right.months),
    ("+", Months, DateTime): lambda left, right: _add_months(right, left.months),
    ("+", DateTime, Days): lambda left, right: temporal.later(left, right.nanos),
    ("-", DateTime, Days): lambda left, right: temporal.later(left, -right.nanos),
    ("+", Days, DateTime): lambda left, right: temporal.later(right, left.nanos),
    ("+", Time, Days): lambda left, right: _add_time(left, right.nanos),
    ("-", Time, Days): lambda left, right: _add_time(left, -right.nanos),
    ("+", Days, Time): lambda left, right: _add_time(right, left.nanos),
    ("+", Date, Months): lambda left, right: temporal.add_months(left, right.months),
    ("-", Date, Months): lambda left, right: temporal.add_months(left, -right.months),
    ("+", Months, Date): lambda left, right: temporal.add_months(right, left.months),
    ("+", Date, Days): lambda left, right: _add_days(left, right.nanos),
    ("-", Date, Days): lambda left, right: _add_days(left, -right.nanos),
    ("+", Days, Date): lambda left, right: _add_days(right, left.nanos),
    ("*", Months, Decimal): lambda left, right: temporal.make_months(_scaled(left.months, right)),
    ("*", Decimal, Months): lambda left, right: temporal.make_months(_scaled(right.months, left)),
    ("/", Months, Decimal): lambda left, right: temporal.make_months(_divided(left.months, right)),
    ("/", Months, Months): lambda left, right: _ratio(left.months, right.months),
    ("*", Days, Decimal): lambda left, right: temporal.make_days(_scaled(left.nanos, right)),
    ("*", Decimal, Days): lambda left, right: temporal.make_days(_scaled(right.nanos, left)),
    ("/", Days, Decimal): lambda left, right: temporal.make_days(_divided(left.nanos, right)),
    ("/", Days, Days): lambda left, right: _ratio(left.nanos, right.nanos),
}
"""By operator and types of both sides; what is not here is null."""


def calculate(run: Run, operator: str, left: Any, right: Any) -> Any:
    """An operation of arithmetic, or the concatenation of strings. Source: DMN 1.5, tables 56 to 60."""
    if type(left) is str and type(right) is str and operator == "+":
        run.characters(len(left) + len(right))
        return left + right
    operation = ARITHMETIC.get((operator, type(left), type(right)))
    if operation is None:
        run.null(f"{kind(left)} {operator} {kind(right)} has no value")
        return None
    try:
        return operation(left, right)
    except Undefined as fault:
        run.null(f"{kind(left)} {operator} {kind(right)}: {fault}")
    except FAULTS:
        run.null(f"number {operator} number has no value in reach")
    return None


def negated(run: Run, value: Any) -> Any:
    """`-value`. Source: DMN 1.5, table 62."""
    match value:
        case Decimal():
            return value.copy_negate() if value else ZERO
        case Days():
            return Days(-value.nanos)
        case Months():
            return Months(-value.months)
    run.null(f"-{kind(value)} has no value")
    return None


# Properties

_OF: dict[type, dict[str, Callable[[Any], Any]]] = {
    Date: {
        "year": lambda date: Decimal(date.year),
        "month": lambda date: Decimal(date.month),
        "day": lambda date: Decimal(date.day),
        "weekday": lambda date: Decimal(temporal.weekday(date)),
    },
    Time: {
        "hour": lambda time: Decimal(time.nanos // temporal.HOUR),
        "minute": lambda time: Decimal(time.nanos // temporal.MINUTE % 60),
        "second": lambda time: temporal.seconds_of(time.nanos % temporal.MINUTE),
        "time offset": lambda time: None if time.offset is None else Days(time.offset * temporal.SECOND),
        "timezone": lambda time: time.zone,
    },
    Months: {
        "years": lambda value: Decimal(_quotient(value.months, 12)),
        "months": lambda value: Decimal(_remainder(value.months, 12)),
    },
    Days: {
        "days": lambda value: Decimal(_quotient(value.nanos, DAY)),
        "hours": lambda value: Decimal(_quotient(_remainder(value.nanos, DAY), temporal.HOUR)),
        "minutes": lambda value: Decimal(_quotient(_remainder(value.nanos, temporal.HOUR), temporal.MINUTE)),
        "seconds": lambda value: temporal.seconds_of(_remainder(value.nanos, temporal.MINUTE)),
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}


def _of_date(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: read(value.date)


PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    **_OF,
    DateTime: {
        **{name: _of_date(read) for name, read in _OF[Date].items()},
        **_OF[Time],
    },
}
"""Source: DMN 1.5, tables 65 to 67."""


def _quotient(value: int, divisor: int) -> int:
    return abs(value) // divisor * (1 if value >= 0 else -1)


def _remainder(value: int, divisor: int) -> int:
    return abs(value) % divisor * (1 if value >= 0 else -1)


def entry(run: Run, value: Any, name: str, depth: int = 0) -> Any:
    """`value.name`: an entry of a context, a property, or of a list that of each item.

    Source: DMN 1.5, 10.3.2.5, tables 64 and 65.
    """
    this = type(value)
    if this is dict:
        if name in value:
            return value[name]
        run.null(f"there is no entry `{name}`")
        return None
    if this is list and depth <= VALUE_DEPTH:
        run.charge(len(value))
        return [entry(run, item, name, depth + 1) for item in value]
    if read := PROPERTIES.get(this, {}).get(name):
        return read(value)
    run.null(f"{kind(value)} has no `{name}`")
    return None


def item_at(run: Run, value: Any, index: Decimal) -> Any:
    """`value[index]`, from 1, or from the end with -1. Source: DMN 1.5, 10.3.2.5, table 68."""
    items: Sequence[Any] = value if type(value) is list else [value]
    try:
        at = whole(index)
    except Undefined as fault:
        run.null(f"index {fault}")
        return None
    if 0 < at <= len(items):
        return items[at - 1]
    if -len(items) <= at < 0:
        return items[at]
    run.null(f"there is no item {at} in {len(items)}")
    return None

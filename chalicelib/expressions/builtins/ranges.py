"""Range functions: how points and ranges lie to each other. Source: DMN 1.5, 10.3.4.8, table 78.

Each function is defined for points by turning the question to ranges where that is the same, else on its own.
"""

from collections.abc import Callable
from typing import Any

from ..errors import Undefined
from ..operators import before, within
from ..run import Run
from ..values import Range
from .rows import Row


def _same(left: Any, right: Any) -> bool:
    """Whether two points are equal; both have an order."""
    return not before(left, right) and not before(right, left)


def _ends(*ranges: Range) -> None:
    if any(end is None for interval in ranges for end in interval[:2]):
        raise Undefined("the range is open to infinity")


def precedes(left: Any, right: Any) -> bool:
    """`before`: all of left is before all of right."""
    end, is_end_in = (left.end, left.end_included) if isinstance(left, Range) else (left, True)
    start, is_start_in = (right.start, right.start_included) if isinstance(right, Range) else (right, True)
    return before(end, start) or (not (is_end_in and is_start_in) and _same(end, start))


def meets(left: Range, right: Range) -> bool:
    """The end of left is the start of right."""
    return left.end_included and right.start_included and _same(left.end, right.start)


def overlaps(left: Range, right: Range) -> bool:
    """There is something in both."""
    return not precedes(left, right) and not precedes(right, left)


def _starts_first(left: Range, right: Range) -> bool:
    return before(left.start, right.start) or (
        _same(left.start, right.start) and left.start_included and not right.start_included
    )


def overlaps_before(left: Range, right: Range) -> bool:
    """They overlap, left starts first and does not end last."""
    return (
        _starts_first(left, right)
        and overlaps(left, right)
        and (
            before(left.end, right.end)
            or (_same(left.end, right.end) and (not left.end_included or right.end_included))
        )
    )


def overlaps_after(left: Range, right: Range) -> bool:
    """They overlap, right starts first and does not end last."""
    return overlaps_before(right, left)


def finishes(left: Any, right: Range) -> bool:
    """Left ends where right ends, and does not start before it."""
    if not isinstance(left, Range):
        return right.end_included and _same(right.end, left)
    return (
        left.end_included == right.end_included
        and _same(left.end, right.end)
        and not _starts_first(left, right)
    )


def starts(left: Any, right: Range) -> bool:
    """Left starts where right starts, and does not end after it."""
    if not isinstance(left, Range):
        return right.start_included and _same(right.start, left)
    return (
        left.start_included == right.start_included
        and _same(left.start, right.start)
        and not _ends_last(left, right)
    )


def _ends_last(left: Range, right: Range) -> bool:
    return before(right.end, left.end) or (
        _same(left.end, right.end) and left.end_included and not right.end_included
    )


def during(left: Any, right: Range) -> bool:
    """All of left is in right."""
    if not isinstance(left, Range):
        return within(right, left)
    return not _starts_first(left, right) and not _ends_last(left, right)


def coincides(left: Any, right: Any) -> bool:
    """Both are the same."""
    if not isinstance(left, Range):
        return _same(left, right)
    return _same(left.start, right.start) and _same(left.end, right.end) and left[2:] == right[2:]


_POINT = "number|string|date|time|date and time|days and time duration|years and months duration"


def _row(name: str, one: str, other: str, call: Callable[[Any, Any], bool], meaning: str) -> Row:
    """A signature of two parameters, each a `point` or a `range`, with a number where both are the same."""
    first, second = (f"{one}1", f"{other}2") if one == other else (one, other)

    def checked(_: Run, left: Any, right: Any) -> bool:
        _ends(*(value for value in (left, right) if isinstance(value, Range)))
        return call(left, right)

    types = {"point": _POINT, "range": "range"}
    return Row(name, f"{first}: {types[one]}, {second}: {types[other]}", checked, meaning)


def _turned(call: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: call(right, left)


_PAIRS = (("point", "point"), ("point", "range"), ("range", "point"), ("range", "range"))
ROWS = (
    *(_row("before", *pair, precedes, "all of the first is before the second") for pair in _PAIRS),
    *(_row("after", *pair, _turned(precedes), "all of the first is after the second") for pair in _PAIRS),
    _row("meets", "range", "range", meets, "the first ends where the second starts"),
    _row("met by", "range", "range", _turned(meets), "the first starts where the second ends"),
    _row("overlaps", "range", "range", overlaps, "something is in both"),
    _row("overlaps before", "range", "range", overlaps_before, "they overlap, the first starts first"),
    _row("overlaps after", "range", "range", overlaps_after, "they overlap, the second starts first"),
    *(_row("finishes", one, "range", finishes, "the first ends the second") for one in ("point", "range")),
    *(
        _row("finished by", "range", one, _turned(finishes), "the second ends the first")
        for one in ("point", "range")
    ),
    *(
        _row("includes", "range", one, _turned(during), "the second is in the first")
        for one in ("point", "range")
    ),
    *(_row("during", one, "range", during, "the first is in the second") for one in ("point", "range")),
    *(_row("starts", one, "range", starts, "the first starts the second") for one in ("point", "range")),
    *(
        _row("started by", "range", one, _turned(starts), "the second starts the first")
        for one in ("point", "range")
    ),
    *(_row("coincides", one, one, coincides, "both are the same") for one in ("point", "range")),
)

"""Values as texts and instants, for names, keys and timers that a model says by an expression."""

from decimal import Decimal
from typing import Any

from .json import TEMPORAL
from .numbers import plain
from .temporal import Date, DateTime, instant, make_date_time, text_of

_NANOS = 1_000_000
"""Nanoseconds of a millisecond."""


def to_text(value: Any) -> str | None:
    """A string, a number, a date, a time or a duration as text; None for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    return text_of(value) if isinstance(value, TEMPORAL) else None


def to_instant(value: Date | DateTime) -> int:
    """Milliseconds since 1970-01-01 UTC; what has no offset is in UTC, a date is its midnight."""
    moment = value if isinstance(value, DateTime) else DateTime(value, 0, None, None)
    return instant(moment, None) // _NANOS


def from_instant(moment: int) -> DateTime:
    """A date and time in UTC of milliseconds since 1970-01-01 UTC."""
    return make_date_time(Date(1970, 1, 1), moment * _NANOS, 0)

"""Conversion functions. Source: DMN 1.5, 10.3.4.1, table 72."""

import re
from decimal import Decimal
from typing import Any

from .. import temporal
from ..errors import Undefined
from ..json import TEMPORAL, literal
from ..numbers import CONTEXT, plain, whole
from ..run import Run
from ..temporal import Date, DateTime, Days, Months, Time
from .rows import Row

_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"


def date(_: Run, value: str | Date | DateTime) -> Date:
    """A date from its text, or without the time."""
    if isinstance(value, str):
        return temporal.parse_date(value)
    return value.date if isinstance(value, DateTime) else value


def date_of_parts(_: Run, year: Decimal, month: Decimal, day: Decimal) -> Date:
    """A date from its numbers."""
    return temporal.make_date(whole(year), whole(month), whole(day))


def date_and_time(_: Run, value: str | DateTime | Date) -> DateTime:
    """A date and time from its text."""
    if isinstance(value, Date):
        return temporal.make_date_time(value, 0)
    return temporal.parse_date_time(value) if isinstance(value, str) else value


def date_with_time(_: Run, day: Date | DateTime, time: Time) -> DateTime:
    """A date and a time together."""
    date = day.date if isinstance(day, DateTime) else day
    return temporal.make_date_time(date, time.nanos, time.offset, time.zone)


def time(_: Run, value: str | Time | DateTime | Date) -> Time:
    """A time from its text, or without the date; of a date midnight in UTC."""
    if isinstance(value, str):
        return temporal.parse_time(value)
    if isinstance(value, Date):
        return Time(0, 0, None)
    return Time(value.nanos, value.offset, value.zone)


def time_of_parts(
    _: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: Days | None = None
) -> Time:
    """A time from its numbers."""
    hours, minutes, nanos = whole(hour), whole(minute), temporal.nanos_of(second)
    if not (0 <= hours <= 23 and 0 <= minutes <= 59 and 0 <= nanos < temporal.MINUTE):
        raise Undefined("no time of day")
    shift = None if offset is None else offset.nanos // temporal.SECOND
    if shift is not None and abs(shift) > 14 * 3600:
        raise Undefined("an offset from UTC is at most 14 hours")
    return Time(hours * temporal.HOUR + minutes * temporal.MINUTE + nanos, shift, None)


def number(_: Run, text: str, grouping: str | None = None, point: str | None = None) -> Decimal:
    """A number from its text."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ".", ","):
        raise Undefined("separators are space, comma or period")
    if grouping is not None and grouping == point:
        raise Undefined("the separators are the same")
    if grouping:
        text = text.replace(grouping, "")
    if point == ",":
        if "." in text:
            raise Undefined(f"{text[:40]!r} is no number")
        text = text.replace(",", ".")
    if not re.fullmatch(_NUMBER, text, re.ASCII):
        raise Undefined(f"{text[:40]!r} is no number")
    return CONTEXT.create_decimal(text)


def string(run: Run, value: Any) -> str:
    """A value as text: a string as it is, anything inside of lists and contexts as a literal."""
    if value is None:
        raise Undefined("null has no text")
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, TEMPORAL):
        return temporal.text_of(value)
    text = literal(value)
    run.characters(len(text))
    return text


def duration(_: Run, value: str | Days | Months) -> Days | Months:
    """A duration from its text."""
    return temporal.parse_duration(value) if isinstance(value, str) else value


def months_between(_: Run, start: Date | DateTime, end: Date | DateTime) -> Months:
    """Whole months from one day to another."""
    if type(start) is not type(end):
        raise Undefined("one is a date, the other a date and time")
    (first, early), (last, late) = (
        (value.date, value.nanos) if isinstance(value, DateTime) else (value, 0) for value in (start, end)
    )
    months = (last.year - first.year) * 12 + last.month - first.month
    is_short = (last.day, late) < (first.day, early)
    is_long = (last.day, late) > (first.day, early)
    return temporal.make_months(months - (months > 0 and is_short) + (months < 0 and is_long))


ROWS = (
    Row("date", "from: string|date|date and time", date, "a date from text, or the day of a date and time"),
    Row("date", "year: number, month: number, day: number", date_of_parts, "a date from its numbers"),
    Row("date and time", "from: string|date and time|date", date_and_time, "a date and time from text"),
    Row("date and time", "date: date|date and time, time: time", date_with_time, "a day and a time of it"),
    Row("time", "from: string|time|date and time|date", time, "a time from text, or that of a date and time"),
    Row(
        "time",
        "hour: number, minute: number, second: number, offset?: days and time duration|null",
        time_of_parts,
        "a time from its numbers",
    ),
    Row(
        "number",
        "from: string, grouping separator?: string|null, decimal separator?: string|null",
        number,
        "a number from text",
    ),
    Row("string", "from: any", string, "text of anything but null"),
    Row(
        "duration",
        "from: string|days and time duration|years and months duration",
        duration,
        "a duration from text",
    ),
    Row(
        "years and months duration",
        "from: date|date and time, to: date|date and time",
        months_between,
        "whole months between",
    ),
)

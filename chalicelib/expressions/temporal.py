"""Dates, times, both durations: values, text, arithmetic of the calendar.

Years go from -999999999 to 999999999, which no type of Python can. A time knows nanoseconds. A zone such as
`@Europe/Paris` says the offset; where the offset is unknown, the value is local.

Source: DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8; XML Schema Part 2.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from .errors import Undefined
from .numbers import CONTEXT

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
LAST_YEAR = 999_999_999
_LONGEST = LAST_YEAR * 366 * DAY
_ZONE_DAY = (2000, 1, 1)
"""Says the offset of a time with a zone, since it has no date of its own."""


class Date(NamedTuple):
    """A day of the calendar."""

    year: int
    month: int
    day: int


class Time(NamedTuple):
    """A time of day.

    Attributes:
        nanos: Nanoseconds since midnight.
        offset: Seconds from UTC, or None: local.
        zone: Name of the IANA zone, if it has one.
    """

    nanos: int
    offset: int | None
    zone: str | None


class DateTime(NamedTuple):
    """A day and a time of it, with the attributes of both."""

    date: Date
    nanos: int
    offset: int | None
    zone: str | None


class Days(NamedTuple):
    """A days and time duration."""

    nanos: int


class Months(NamedTuple):
    """A years and months duration."""

    months: int


def is_leap(year: int) -> bool:
    """Whether a year has a 29th of February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Days of a month."""
    return 29 if month == 2 and is_leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def make_date(year: int, month: int, day: int) -> Date:
    """A date that is in the calendar.

    Raises:
        Undefined: It is not.
    """
    if not (abs(year) <= LAST_YEAR and 1 <= month <= 12 and 1 <= day <= month_length(year, month)):
        raise Undefined(f"{year}-{month}-{day} is not in the calendar")
    return Date(year, month, day)


def ordinal(date: Date) -> int:
    """Days since 1970-01-01; years begin in March for it, so that leap days come last."""
    year = date.year - (date.month <= 2)
    era, of_era = divmod(year, 400)
    of_year = (153 * ((date.month + 9) % 12) + 2) // 5 + date.day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def from_ordinal(days: int) -> Date:
    """The date that many days after 1970-01-01.

    Raises:
        Undefined: It is after the last year, or before the first.
    """
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return make_date(year + era * 400 + (month <= 2), month, day)


def weekday(date: Date) -> int:
    """1 is Monday, 7 is Sunday."""
    return (ordinal(date) + 3) % 7 + 1


def add_months(date: Date, months: int) -> Date:
    """Where the month has no such day its last one, as XML Schema Part 2, appendix E, adds durations."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if abs(year) > LAST_YEAR:
        raise Undefined("the date is after the last year")
    return Date(year, month + 1, min(date.day, month_length(year, month + 1)))


def make_days(nanos: int) -> Days:
    """A days and time duration.

    Raises:
        Undefined: It is longer than the calendar.
    """
    if abs(nanos) > _LONGEST:
        raise Undefined("the duration is longer than the calendar")
    return Days(nanos)


def make_months(months: int) -> Months:
    """A years and months duration.

    Raises:
        Undefined: It is longer than the calendar.
    """
    if abs(months) > LAST_YEAR * 12:
        raise Undefined("the duration is longer than the calendar")
    return Months(months)


def make_time(nanos: int, offset: int | None = None, zone: str | None = None) -> Time:
    """A time of day, modulo 24 hours; a zone says its offset."""
    if zone is not None:
        offset = zone_offset(zone, Date(*_ZONE_DAY), nanos % DAY)
    return Time(nanos % DAY, offset, zone)


def make_date_time(date: Date, nanos: int, offset: int | None = None, zone: str | None = None) -> DateTime:
    """A day and a time of it, which may be outside of the day; a zone says the offset."""
    days, nanos = divmod(nanos, DAY)
    if days:
        date = from_ordinal(ordinal(date) + days)
    if zone is not None:
        offset = zone_offset(zone, date, nanos)
    return DateTime(date, nanos, offset, zone)


def zone_offset(zone: str, date: Date, nanos: int, is_utc: bool = False) -> int:
    """Seconds that a zone is ahead of UTC, at a local time or one of UTC.

    Raises:
        Undefined: There is no such zone.
    """
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    year = date.year if 2 <= date.year <= 9998 else 2000 + date.year % 400
    try:
        info = ZoneInfo(zone)
        moment = datetime(year, date.month, date.day, tzinfo=UTC if is_utc else info)
        shift = (moment + timedelta(microseconds=nanos // 1000)).astimezone(info).utcoffset()
    except (ValueError, OSError, KeyError):
        raise Undefined(f"{zone[:40]!r} is no time zone") from None
    return 0 if shift is None else round(shift.total_seconds())


def instant(value: DateTime, offset: int | None) -> int:
    """Nanoseconds since the epoch in UTC; a local value takes the offset."""
    shift = value.offset if value.offset is not None else offset or 0
    return ordinal(value.date) * DAY + value.nanos - shift * SECOND


def time_instant(value: Time, offset: int | None) -> int:
    """Nanoseconds since midnight in UTC; a local value takes the offset."""
    return value.nanos - (value.offset if value.offset is not None else offset or 0) * SECOND


def later(value: DateTime, nanos: int) -> DateTime:
    """A date and time a duration later, in its zone."""
    if value.zone is None:
        return make_date_time(value.date, value.nanos + nanos, value.offset)
    return in_zone(instant(value, 0) + nanos, value.zone)


def in_zone(moment: int, zone: str) -> DateTime:
    """Nanoseconds since the epoch in UTC as a date and time of a zone."""
    days, nanos = divmod(moment, DAY)
    offset = zone_offset(zone, from_ordinal(days), nanos, is_utc=True)
    shifted = make_date_time(from_ordinal(days), nanos + offset * SECOND)
    return shifted._replace(offset=offset, zone=zone)


# Text to values

_DATE = r"(?P<year>-?(?:[1-9]\d{4,8}|\d{4}))-(?P<month>\d\d)-(?P<day>\d\d)"
_OFFSET = r"(?:(?P<offset>[Zz]|[+-]\d\d:\d\d(?::\d\d)?)|@(?P<zone>[A-Za-z0-9_+/-]{1,60}))?"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,40}))?" + _OFFSET
_DATE_TIME = f"{_DATE}T{_TIME}"
_DAYS = (
    r"(-)?P(?=[\dT])(?:(\d{1,14})D)?"
    r"(?:T(?=\d)(?:(\d{1,16})H)?(?:(\d{1,18})M)?(?:(\d{1,20})(?:\.(\d{1,40}))?S)?)?"
)
_MONTHS = r"(-)?P(?=\d)(?:(\d{1,10})Y)?(?:(\d{1,11})M)?"


def _match(pattern: str, text: str) -> re.Match[str] | None:
    """Whether all of a text is so; compiled when it is needed first."""
    return re.fullmatch(pattern, text, re.ASCII)


def parse_date(text: str) -> Date:
    """Read `2012-12-25`.

    Raises:
        Undefined: It is no date.
    """
    match = _match(_DATE, text)
    if match is None:
        raise Undefined(f"{text[:40]!r} is no date")
    return _date_of(match)


def parse_time(text: str) -> Time:
    """Read `23:59:00`, with `Z`, `+01:00` or `@Europe/Paris`.

    Raises:
        Undefined: It is no time.
    """
    match = _match(_TIME, text)
    if match is None:
        raise Undefined(f"{text[:40]!r} is no time")
    return make_time(_nanos_of(match), _offset_of(match), match["zone"])


def parse_date_time(text: str) -> DateTime:
    """Read a date, `T` and a time; a date alone is midnight.

    Raises:
        Undefined: It is no date and time.
    """
    if match := _match(_DATE_TIME, text):
        return make_date_time(_date_of(match), _nanos_of(match), _offset_of(match), match["zone"])
    if match := _match(_DATE + _OFFSET, text):
        return make_date_time(_date_of(match), 0, _offset_of(match), match["zone"])
    raise Undefined(f"{text[:40]!r} is no date and time")


def parse_duration(text: str) -> Days | Months:
    """Read `P1DT2H` or `P1Y2M`.

    Raises:
        Undefined: It is no duration of one of these kinds.
    """
    if match := _match(_MONTHS, text):
        sign, years, months = match.groups()
        total = int(years or 0) * 12 + int(months or 0)
        return make_months(-total if sign else total)
    if match := _match(_DAYS, text):
        sign, days, hours, minutes, seconds, fraction = match.groups()
        nanos = int(days or 0) * DAY + int(hours or 0) * HOUR + int(minutes or 0) * MINUTE
        nanos += int(seconds or 0) * SECOND + _fraction(fraction)
        return make_days(-nanos if sign else nanos)
    raise Undefined(f"{text[:40]!r} is no duration")


def parse_any(text: str) -> Date | Time | DateTime | Days | Months:
    """Read what may follow `@`. Source: DMN 1.5, 10.3.1.2, grammar rule 65.

    Raises:
        Undefined: It is none of them.
    """
    if "P" in text[:2]:
        return parse_duration(text)
    if _match(_DATE, text):
        return parse_date(text)
    return parse_time(text) if _match(_TIME, text) else parse_date_time(text)


def _date_of(match: re.Match[str]) -> Date:
    return make_date(int(match["year"]), int(match["month"]), int(match["day"]))


def _nanos_of(match: re.Match[str]) -> int:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    fraction = _fraction(match["fraction"])
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second or fraction)):
        raise Undefined(f"{match[0][:40]!r} is no time of day")
    return hour * HOUR + minute * MINUTE + second * SECOND + fraction


def _fraction(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))


def _offset_of(match: re.Match[str]) -> int | None:
    text = match["offset"]
    if text is None:
        return None
    if text in "Zz":
        return 0
    hours, minutes, seconds = (int(part) for part in (*text[1:].split(":"), "0")[:3])
    offset = hours * 3600 + minutes * 60 + seconds
    if offset > 14 * 3600 or minutes > 59 or seconds > 59:
        raise Undefined(f"{text} is no offset from UTC")
    return -offset if text[0] == "-" else offset


# Values to text


def text_of(value: Date | Time | DateTime | Days | Months) -> str:
    """As ISO 8601, with `@` before the name of a zone; reading it gives the same value."""
    match value:
        case Date():
            return _date_text(value)
        case Time():
            return _clock_text(value.nanos) + _offset_text(value.offset, value.zone)
        case DateTime():
            clock = _clock_text(value.nanos)
            return f"{_date_text(value.date)}T{clock}{_offset_text(value.offset, value.zone)}"
        case Days():
            return _days_text(value.nanos)
        case Months():
            return _months_text(value.months)


def _date_text(date: Date) -> str:
    sign = "-" if date.year < 0 else ""
    return f"{sign}{abs(date.year):04}-{date.month:02}-{date.day:02}"


def _clock_text(nanos: int) -> str:
    seconds, fraction = divmod(nanos, SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text + (f".{fraction:09}".rstrip("0") if fraction else "")


def _offset_text(offset: int | None, zone: str | None) -> str:
    if zone is not None:
        return f"@{zone}"
    if not offset:
        return "" if offset is None else "Z"
    size = abs(offset)
    seconds = f":{size % 60:02}" if size % 60 else ""
    return f"{'-' if offset < 0 else '+'}{size // 3600:02}:{size // 60 % 60:02}{seconds}"


def _days_text(nanos: int) -> str:
    seconds, fraction = divmod(abs(nanos), SECOND)
    days, hours, minutes, seconds = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        clock += str(seconds) + (f".{fraction:09}".rstrip("0") if fraction else "") + "S"
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-" if nanos < 0 else "") + "P" + (text or "T0S")


def _months_text(months: int) -> str:
    years, rest = divmod(abs(months), 12)
    text = (f"{years}Y" if years else "") + (f"{rest}M" if rest else "")
    return ("-" if months < 0 else "") + "P" + (text or "0M")


# Properties


def seconds_of(nanos: int) -> Decimal:
    """Nanoseconds as a number of seconds."""
    return CONTEXT.create_decimal(nanos).scaleb(-9, CONTEXT)


def nanos_of(seconds: Decimal) -> int:
    """A number of seconds as nanoseconds, rounded down."""
    if seconds.adjusted() > 30:
        raise Undefined("too many seconds")
    return int(CONTEXT.multiply(seconds, Decimal(SECOND)).to_integral_value("ROUND_FLOOR"))

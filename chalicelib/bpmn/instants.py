"""Instants as text and as numbers.

Inside, an instant is a whole number: milliseconds since 1970-01-01T00:00:00Z. Outside it is RFC 3339. Both
directions are on the path of every request.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()

FIRST = (1 - _EPOCH_DAY) * DAY
"""The first instant that can be written, 0001-01-01T00:00:00.000Z."""

LAST = (date.max.toordinal() + 1 - _EPOCH_DAY) * DAY - 1
"""The last instant that can be written, 9999-12-31T23:59:59.999Z."""

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,3})\d*)?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


def parse_instant(text: str) -> int:
    """Read an RFC 3339 date and time.

    Args:
        text: Any offset, any number of fraction digits; what is finer than a millisecond is cut off.

    Returns:
        Milliseconds since 1970-01-01 UTC.

    Raises:
        ValueError: It is no RFC 3339 date and time, a leap second, or outside of the years 1 to 9999 in UTC.

    Source: RFC 3339, section 5.6.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError(f"no RFC 3339 date and time: {text[:40]!r}")
    day, hour, minute, second, fraction, sign, ahead_hours, ahead_minutes = match.groups()
    moment = _day(day) + int(hour) * HOUR + int(minute) * MINUTE + int(second) * SECOND
    if fraction:
        moment += int(fraction.ljust(3, "0"))
    if sign:
        ahead = int(ahead_hours) * HOUR + int(ahead_minutes) * MINUTE
        moment += ahead if sign == "-" else -ahead
    return within_calendar(moment)


def format_instant(moment: int) -> str:
    """Write an instant as RFC 3339 in UTC with milliseconds, `2025-05-01T17:44:19.997Z`.

    Args:
        moment: Milliseconds since 1970-01-01 UTC.

    Raises:
        ValueError: It is outside of the years 1 to 9999.
    """
    return f"{_second(moment // SECOND)}.{moment % SECOND:03d}Z"


def within_calendar(moment: int) -> int:
    """The moment itself.

    Raises:
        ValueError: It is outside of the years 1 to 9999 and could not be written.
    """
    if not FIRST <= moment <= LAST:
        raise ValueError("instant is outside of the years 1 to 9999")
    return moment


@lru_cache(maxsize=256)
def _day(text: str) -> int:
    return (date.fromisoformat(text).toordinal() - _EPOCH_DAY) * DAY


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    """Instants come in bunches: all times that one command sets are the same."""
    within_calendar(seconds * SECOND)
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]

"""Date and time functions, those of the calendar, and of the clock that is handed in.

Source: DMN 1.5, 10.3.4.6, 10.3.4.9 and 10.3.4.12, tables 77, 79 and 82.
"""

from decimal import Decimal

from .. import temporal
from ..errors import Undefined
from ..operators import identical
from ..run import Run
from ..temporal import Date, DateTime
from ..texts import from_instant
from .rows import Row

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


def _of_year(date: Date) -> int:
    return temporal.ordinal(date) - temporal.ordinal(Date(date.year, 1, 1)) + 1


def day_of_year(_: Run, value: Date | DateTime) -> Decimal:
    """1 is the first of January."""
    return Decimal(_of_year(_day(value)))


def day_of_week(_: Run, value: Date | DateTime) -> str:
    """The English name."""
    return _DAYS[temporal.weekday(_day(value)) - 1]


def month_of_year(_: Run, value: Date | DateTime) -> str:
    """The English name."""
    return _MONTHS[_day(value).month - 1]


def week_of_year(_: Run, value: Date | DateTime) -> Decimal:
    """By ISO 8601: a week belongs to the year of its Thursday."""
    date = _day(value)
    thursday = temporal.from_ordinal(temporal.ordinal(date) - temporal.weekday(date) + 4)
    return Decimal((_of_year(thursday) - 1) // 7 + 1)


def now(run: Run) -> DateTime:
    """The instant of the evaluation, in UTC."""
    if run.now is None:
        raise Undefined("there is no clock here")
    return from_instant(run.now)


def today(run: Run) -> Date:
    """The day of the evaluation, in UTC."""
    return now(run).date


_DATE = "date: date|date and time"
ROWS = (Row("is", "value1: any, value2: any", identical, "whether both are the same, also in their offset"),)
TEMPORAL_ROWS = (
    Row("day of year", _DATE, day_of_year, "1 to 366"),
    Row("day of week", _DATE, day_of_week, "Monday to Sunday"),
    Row("month of year", _DATE, month_of_year, "January to December"),
    Row("week of year", _DATE, week_of_year, "1 to 53, by ISO 8601"),
)
CLOCK_ROWS = (
    Row("now", "", now, "the instant of the evaluation, in UTC"),
    Row("today", "", today, "the day of the evaluation, in UTC"),
)

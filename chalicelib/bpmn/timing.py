"""Durations, repetitions and CRON: when is something due.

Instants are milliseconds since 1970-01-01 UTC, see `instants`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import isodate
from cronsim import CronSim, CronSimError

from .instants import DAY, FIRST, parse_instant, within_calendar
from .model import Timer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_DURATION = re.compile(
    r"P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+(?:[.,]\d+)?W)?(?:\d+(?:[.,]\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?",
    re.ASCII,
)
"""What means something of what isodate reads: it also takes `PT`, `P1DT`, signs and dates as durations."""

_CYCLE = re.compile(r"R(\d*)/(.+)", re.ASCII)
_CRON = re.compile(r"(?:CRON_TZ=(?P<zone>\S+)\s+)?(?P<fields>\S+(?:\s+\S+){4})")
_MAX_TEXT = 200


class CycleEnd(ValueError):
    """A timer does not fire any more."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time; months have no fixed length, so they are kept apart.

    Attributes:
        months: Calendar months; a year is twelve.
        milliseconds: Everything of fixed length; a day is 24 hours, a week seven days.
    """

    months: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """A duration again and again, `R3/PT10M`.

    Attributes:
        repetitions: How often; None: without end.
        duration: The time between.
    """

    repetitions: int | None
    duration: Duration


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration such as `PT1H30M`, `P1M` or `PT0.5S`.

    Raises:
        ValueError: It is no such duration (`P`, `PT` and negative ones are none), has a fraction of a year or
            month, or is longer than the calendar.

    Source: ISO 8601-1:2019, 5.5.2.
    """
    if len(text) > _MAX_TEXT or not _DURATION.fullmatch(text):
        raise ValueError(f"no ISO 8601 duration: {text[:40]!r}")
    try:
        length = isodate.parse_duration(text, as_timedelta_if_possible=False)
        duration = Duration(int(length.years * 12 + length.months), length.tdelta // _MILLISECOND)
        add(FIRST, duration)
    except (OverflowError, ValueError):
        raise ValueError(f"duration is longer than the calendar: {text[:40]!r}") from None
    return duration


def parse_cycle(text: str) -> Cycle:
    """Read an ISO 8601 repeating interval of the form `R/duration` or `R3/duration`.

    Raises:
        ValueError: It is no such interval, repeats zero times, or its duration is zero.

    Source: ISO 8601-1:2019, 5.6, the form without start and end.
    """
    match = _CYCLE.fullmatch(text[: _MAX_TEXT + 1])
    if match is None:
        raise ValueError(f"no repeating interval: {text[:40]!r}")
    cycle = Cycle(int(match[1]) if match[1] else None, parse_duration(match[2]))
    if cycle.repetitions == 0 or cycle.duration == Duration(0, 0):
        raise ValueError(f"repeating interval without repetition: {text[:40]!r}")
    return cycle


def add(moment: int, duration: Duration) -> int:
    """The instant a duration later: first months by the UTC calendar, then the rest.

    Where the month has no such day, its last one counts: a month after 31 January is the last of February.

    Args:
        moment: Milliseconds since 1970-01-01 UTC.
        duration: How much later.

    Raises:
        ValueError: The result is after the year 9999.
    """
    if duration.months:
        moment = _add_months(moment, duration.months)
    return within_calendar(moment + duration.milliseconds)


def first_due(timer: Timer, now: int) -> int:
    """When a timer fires that is set now.

    Args:
        timer: What was checked by the rules, or at the door.
        now: Milliseconds since 1970-01-01 UTC.

    Raises:
        CycleEnd: Never, since it leads beyond the calendar.
    """
    try:
        if timer.time is not None:
            return parse_instant(timer.time)
        if timer.duration is not None:
            return add(now, parse_duration(timer.duration))
        cycle = timer.cycle or ""
        return next_tick(cycle, now) if is_cron(cycle) else add(now, parse_cycle(cycle).duration)
    except ValueError as fault:
        text = timer.time or timer.cycle or timer.duration
        raise CycleEnd(f"{text} does not tick any more") from fault


def next_due(timer: Timer, due_at: int, now: int) -> tuple[Timer, int]:
    """What remains of a timer that has fired, and from when on it counts.

    A cycle ticks on from when it was due, whenever that was noticed; a duration counts from now.

    Args:
        timer: Which repeats.
        due_at: When it was due.
        now: When it fired.

    Raises:
        CycleEnd: It has fired for the last time.
    """
    if timer.duration is not None:
        return timer, now
    if timer.cycle is None:
        raise CycleEnd("a point in time comes once")
    if is_cron(timer.cycle):
        return timer, due_at
    cycle = parse_cycle(timer.cycle)
    if cycle.repetitions == 1:
        raise CycleEnd(f"{timer.cycle} has ticked for the last time")
    if cycle.repetitions is None:
        return timer, due_at
    return Timer(cycle=f"R{cycle.repetitions - 1}/{timer.cycle.partition('/')[2]}"), due_at


def is_cron(text: str) -> bool:
    """Whether a text is a CRON expression that ever ticks, see `next_tick`."""
    try:
        next_tick(text, 0)
    except ValueError:
        return False
    return True


def next_tick(cron: str, after: int) -> int:
    """The first tick of a CRON expression after an instant.

    Args:
        cron: Five fields (minute, hour, day of month, month, day of week) in UTC, or in the zone named in
            front of them, `CRON_TZ=Europe/Berlin 0 8 * * MON-FRI`. Where clocks are changed, a tick at a
            fixed time in the skipped hour comes right behind it, and one in the repeated hour comes once, as
            in Debian's cron.
        after: Milliseconds since 1970-01-01 UTC; a tick at that very instant does not count.

    Returns:
        Milliseconds since 1970-01-01 UTC, a full minute.

    Raises:
        ValueError: It is no CRON expression, names no known zone, or does not tick within 50 years.
    """
    match = _CRON.fullmatch(cron.strip()) if len(cron) <= _MAX_TEXT else None
    if match is None:
        raise ValueError(f"no CRON expression: {cron[:40]!r}")
    moment = _EPOCH + timedelta(milliseconds=within_calendar(after))
    try:
        ticks = CronSim(match["fields"], moment.astimezone(_zone(match["zone"])))
        return _first_after(ticks, after)
    except (CronSimError, OverflowError) as error:
        raise ValueError(f"no CRON expression: {cron[:40]!r}: {error}") from None


def _first_after(ticks: Iterator[datetime], after: int) -> int:
    # When clocks are set back, cronsim may answer a tick of the first pass through an hour during the second.
    for tick in ticks:
        moment = (tick - _EPOCH) // _MILLISECOND
        if moment > after:
            return moment
    raise ValueError("CRON expression never ticks")


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"no time zone: {name[:40]!r}") from None


def _add_months(moment: int, months: int) -> int:
    days, rest = divmod(moment, DAY)
    try:
        date = _EPOCH + timedelta(days=days) + isodate.Duration(months=months)
    except (OverflowError, ValueError):
        raise ValueError("instant is outside of the years 1 to 9999") from None
    later: int = (date - _EPOCH) // _MILLISECOND
    return later + rest

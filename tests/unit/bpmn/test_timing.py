"""Durations, cycles and CRON."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.bpmn.instants import DAY, HOUR, LAST, MINUTE, SECOND, format_instant, parse_instant
from chalicelib.bpmn.timing import Cycle, Duration, add, is_cron, next_tick, parse_cycle, parse_duration

BERLIN = "CRON_TZ=Europe/Berlin "


def after(text: str, duration: str) -> str:
    return format_instant(add(parse_instant(text), parse_duration(duration)))


def tick(cron: str, text: str) -> str:
    return format_instant(next_tick(cron, parse_instant(text)))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("PT1S", Duration(0, SECOND)),
        ("PT1H30M", Duration(0, HOUR + 30 * MINUTE)),
        ("PT90M", Duration(0, 90 * MINUTE)),
        ("PT36H", Duration(0, 36 * HOUR)),
        ("P1D", Duration(0, DAY)),
        ("P2W", Duration(0, 14 * DAY)),
        ("P1M", Duration(1, 0)),
        ("PT1M", Duration(0, MINUTE)),
        ("P1Y2M3DT4H5M6S", Duration(14, 3 * DAY + 4 * HOUR + 5 * MINUTE + 6 * SECOND)),
        ("PT0.5S", Duration(0, 500)),
        ("PT0,001S", Duration(0, 1)),
        ("PT0.0019S", Duration(0, 1)),
        ("P1.5D", Duration(0, 36 * HOUR)),
        ("PT0S", Duration(0, 0)),
        ("P0D", Duration(0, 0)),
    ],
)
def test_a_duration_is_months_and_milliseconds(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "P",
        "PT",
        "-PT1H",
        "+PT1H",
        "PT-1H",
        "P1DT",
        "P1",
        "PT1",
        "1H",
        "PT1H1H",
        "PT1S1M",
        "P1H",
        "PT1D",
        "pt1h",
        "P1.5M",
        "P0.5Y",
        "P1DT1",
        "P0001-02-03",
        "P20250101",
        "P99999999999D",
        "P9999999999Y",
        "P10000Y",
        "R/PT1H",
        "P1D/P1D",
        "P\u0661D",
        "",
        " ",
        " PT1H",
        "PT1H ",
        "PT1H\n",
        "P" + "9" * 10_000 + "D",
    ],
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@pytest.mark.parametrize(
    "start, duration, end",
    [
        ("2025-05-01T17:44:19.997Z", "PT1H", "2025-05-01T18:44:19.997Z"),
        ("2025-05-01T17:44:19.997Z", "P1M", "2025-06-01T17:44:19.997Z"),
        ("2025-01-31T10:00:00Z", "P1M", "2025-02-28T10:00:00.000Z"),
        ("2024-01-31T10:00:00Z", "P1M", "2024-02-29T10:00:00.000Z"),
        ("2024-02-29T10:00:00Z", "P1Y", "2025-02-28T10:00:00.000Z"),
        ("2025-01-31T10:00:00Z", "P1M1D", "2025-03-01T10:00:00.000Z"),
        ("2025-12-31T23:59:59.999Z", "P14M", "2027-02-28T23:59:59.999Z"),
        ("1969-12-31T23:59:59.999Z", "P1M", "1970-01-31T23:59:59.999Z"),
        ("2025-03-29T10:00:00Z", "P1D", "2025-03-30T10:00:00.000Z"),
    ],
)
def test_months_follow_the_calendar_and_the_rest_does_not(start: str, duration: str, end: str) -> None:
    assert after(start, duration) == end


@pytest.mark.parametrize("duration", ["P8000Y", "P3000000D", "PT1S"])
def test_nothing_is_due_after_the_calendar(duration: str) -> None:
    with pytest.raises(ValueError, match="outside of the years 1 to 9999"):
        add(LAST, parse_duration(duration))


@settings(deadline=None)
@given(st.integers(0, parse_instant("2200-01-01T00:00:00Z")), st.integers(0, 1200), st.integers(0, 10**12))
def test_later_is_later(moment: int, months: int, milliseconds: int) -> None:
    end = add(moment, Duration(months, milliseconds))

    assert end - moment >= months * 28 * DAY + milliseconds
    assert end - moment <= months * 31 * DAY + milliseconds


@pytest.mark.parametrize(
    "text, expected",
    [
        ("R3/PT10M", Cycle(3, Duration(0, 10 * MINUTE))),
        ("R/PT10M", Cycle(None, Duration(0, 10 * MINUTE))),
        ("R12/P1M", Cycle(12, Duration(1, 0))),
    ],
)
def test_a_cycle_is_repetitions_and_a_duration(text: str, expected: Cycle) -> None:
    assert parse_cycle(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "R",
        "R3",
        "R3/",
        "/PT1H",
        "PT1H",
        "R-1/PT1H",
        "R0/PT1H",
        "R/PT0S",
        "R/P",
        "R/PT",
        "r/PT1H",
        "R 3/PT1H",
        "R3/PT1H/PT1H",
        "R3/2025-05-01T00:00:00Z/PT1H",
        "R" + "9" * 10_000 + "/PT1H",
        "R3/PT1H\n",
    ],
)
def test_anything_else_is_no_cycle(text: str) -> None:
    with pytest.raises(ValueError):
        parse_cycle(text)


@pytest.mark.parametrize(
    "start, expected",
    [
        ("2025-05-01T09:59:59.999Z", "2025-05-01T10:00:00.000Z"),
        ("2025-05-01T10:00:00.000Z", "2025-05-01T10:05:00.000Z"),
        ("2025-05-01T10:00:00.001Z", "2025-05-01T10:05:00.000Z"),
        ("2025-12-31T23:59:00Z", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_the_next_tick_is_after_the_instant_never_at_it(start: str, expected: str) -> None:
    assert tick("*/5 * * * *", start) == expected


@pytest.mark.parametrize(
    "cron, expected",
    [
        ("0 8 * * 1-5", "2025-05-02T08:00:00.000Z"),
        ("0 8 * * MON", "2025-05-05T08:00:00.000Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00.000Z"),
        ("0 0 L * *", "2025-05-31T00:00:00.000Z"),
        (" 0\t0  1 1 * ", "2026-01-01T00:00:00.000Z"),
        (BERLIN + "0 8 * * *", "2025-05-02T06:00:00.000Z"),
        ("CRON_TZ=America/New_York 0 8 * * *", "2025-05-02T12:00:00.000Z"),
        ("CRON_TZ=UTC 0 8 * * *", "2025-05-02T08:00:00.000Z"),
    ],
)
def test_five_fields_and_a_zone_say_when(cron: str, expected: str) -> None:
    assert tick(cron, "2025-05-01T18:00:00Z") == expected
    assert is_cron(cron)


def test_a_tick_in_the_hour_that_is_skipped_comes_right_behind_it() -> None:
    assert tick(BERLIN + "30 2 * * *", "2025-03-30T00:00:00Z") == "2025-03-30T01:00:00.000Z"
    assert tick(BERLIN + "30 2 * * *", "2025-03-30T01:00:00Z") == "2025-03-31T00:30:00.000Z"


def test_a_tick_in_the_hour_that_comes_twice_comes_once_and_never_before_now() -> None:
    daily = BERLIN + "45 2 * * *"

    assert tick(daily, "2025-10-26T00:00:00Z") == "2025-10-26T00:45:00.000Z"
    assert tick(daily, "2025-10-26T00:45:00Z") == "2025-10-27T01:45:00.000Z"
    assert tick(daily, "2025-10-26T01:10:00Z") == "2025-10-27T01:45:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "@daily",
        "0 8 * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "0 0 31 2 *",
        "* * * * * *",
    ]
    + ["1/2/3 * * * *", "5-1 * * * *", "*/0 * * * *", ", * * * *", "9999999999999999999999 * * * *"]
    + ["", " ", "a b c d e", "0 0 * * FOO", "0 0 * * \u0661", "0 " * 10_000, "0" + ",0" * 10_000 + " * * * *"]
    + [f"CRON_TZ={zone} 0 8 * * *" for zone in ("Nope/Nope", "../../etc/passwd", "Europe", "/etc/localtime")]
    + ["CRON_TZ= 0 8 * * *", "TZ=UTC 0 8 * * *", "CRON_TZ=UTC", "CRON_TZ=a\x00b 0 8 * * *"],
)
def test_anything_else_is_no_cron_expression(text: str) -> None:
    assert not is_cron(text)
    with pytest.raises(ValueError):
        next_tick(text, 0)


def test_there_is_no_tick_after_the_calendar() -> None:
    with pytest.raises(ValueError):
        next_tick("* * * * *", LAST)


def numbers(first: int, last: int) -> st.SearchStrategy[str]:
    """What one field may say: a number, a list, a range, a step, anything."""
    number = st.integers(first, last)
    listed = st.lists(number, min_size=1, max_size=3).map(lambda some: ",".join(map(str, some)))
    ranges = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    return st.one_of(st.just("*"), listed, ranges, st.integers(1, 70).map("*/{}".format))


CRONS = st.tuples(
    st.sampled_from(["", BERLIN, "CRON_TZ=Australia/Lord_Howe "]).map(str.strip),
    numbers(0, 59),
    numbers(0, 23),
    numbers(1, 28),
    numbers(1, 12),
    numbers(0, 7),
).map(" ".join)


@given(CRONS, st.integers(0, parse_instant("2100-01-01T00:00:00Z")))
@settings(deadline=None)
def test_every_cron_expression_ticks_later(cron: str, moment: int) -> None:
    following = next_tick(cron, moment)

    assert following > moment
    assert following % MINUTE == 0
    assert next_tick(cron, following - 1) == following


@given(st.lists(st.from_regex(r"[0-9*,/L#A-F-]{1,6}", fullmatch=True), min_size=5, max_size=5))
@settings(deadline=None)
def test_random_fields_tick_or_are_refused(fields: list[str]) -> None:
    is_cron(" ".join(fields))


@given(st.text(max_size=30))
@settings(deadline=None)
def test_random_text_raises_nothing_else(text: str) -> None:
    for read in (parse_duration, parse_cycle, lambda cron: next_tick(cron, 0)):
        try:
            read(text)
        except ValueError:
            continue

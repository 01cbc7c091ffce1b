"""Instants as RFC 3339 text and as milliseconds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.bpmn.instants import FIRST, LAST, format_instant, parse_instant

SAMPLE = 1_746_121_459_997


@pytest.mark.parametrize(
    "text",
    [
        "2025-05-01T17:44:19.997Z",
        "2025-05-01t17:44:19.997z",
        "2025-05-01 17:44:19.997Z",
        "2025-05-01T17:44:19.99799999999999999999Z",
        "2025-05-01T17:44:19.997+00:00",
        "2025-05-01T17:44:19.997-00:00",
        "2025-05-01T19:44:19.997+02:00",
        "2025-05-02T07:44:19.997+14:00",
        "2025-05-01T14:14:19.997-03:30",
    ],
)
def test_one_instant_has_many_spellings(text: str) -> None:
    assert parse_instant(text) == SAMPLE


@pytest.mark.parametrize(
    "fraction, milliseconds", [("", 0), (".5", 500), (".05", 50), (".0019", 1), (".9999", 999)]
)
def test_a_fraction_is_cut_off_at_milliseconds(fraction: str, milliseconds: int) -> None:
    assert parse_instant(f"1970-01-01T00:00:00{fraction}Z") == milliseconds


def test_before_1970_instants_are_negative() -> None:
    assert parse_instant("1969-12-31T23:59:59.9999Z") == -1
    assert format_instant(-1) == "1969-12-31T23:59:59.999Z"


def test_an_instant_is_written_in_utc_with_milliseconds() -> None:
    assert format_instant(SAMPLE) == "2025-05-01T17:44:19.997Z"
    assert format_instant(0) == "1970-01-01T00:00:00.000Z"


def test_the_calendar_has_a_first_and_a_last_instant() -> None:
    assert (format_instant(FIRST), format_instant(LAST)) == (
        "0001-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
    )
    assert (parse_instant(format_instant(FIRST)), parse_instant(format_instant(LAST))) == (FIRST, LAST)


@pytest.mark.parametrize("moment", [FIRST - 1, LAST + 1, 10**30])
def test_an_instant_beyond_the_calendar_is_not_written(moment: int) -> None:
    with pytest.raises(ValueError, match="outside of the years 1 to 9999"):
        format_instant(moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-05-01",
        "2025-05-01T17:44Z",
        "2025-05-01T17:44:19",
        "2025-05-01T17:44:19.Z",
        "2025-05-01T17:44:19,5Z",
        "2025-05-01T17:44:19+0200",
        "2025-05-01T17:44:19+24:00",
        "2025-05-01T24:00:00Z",
        "2025-05-01T23:60:00Z",
        "2025-05-01T23:59:60Z",
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "-2025-05-01T17:44:19Z",
        " 2025-05-01T17:44:19Z",
        "2025-05-01T17:44:19Z\n",
        "\u0662\u0660\u0662\u0665-05-01T17:44:19Z",
        "2025-05-01T1\u0667:44:19Z",
        "2025-05-01T17:44:19.\u0669Z",
        "2025-W18-4T17:44:19Z",
        "20250501T174419Z",
        "now",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


@settings(deadline=None)
@given(st.integers(FIRST, LAST))
def test_what_is_written_can_be_read(moment: int) -> None:
    assert parse_instant(format_instant(moment)) == moment


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_agree_with_the_standard_library(moment: datetime) -> None:
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    assert parse_instant(moment.isoformat()) == milliseconds
    assert format_instant(milliseconds) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@settings(deadline=None)
@given(st.text())
def test_random_text_raises_nothing_else(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)

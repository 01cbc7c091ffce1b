"""Values in and out."""

from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from chalicelib.expressions import compile, from_json, literal, to_json


class Color(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, Decimal(1)),
        (1.1, Decimal("1.1")),
        (10**40, Decimal(10**40)),
        (10**10_000, None),
        (float("inf"), None),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (Decimal("1.10"), Decimal("1.1")),
        (True, True),
        (None, None),
        ("a", "a"),
        ([1, [2]], [Decimal(1), [Decimal(2)]]),
        ((1, 2), [Decimal(1), Decimal(2)]),
        ({"a": 1}, {"a": Decimal(1)}),
        ({1: "a"}, {"1": "a"}),
        (Color.RED, "red"),
        (Level.HIGH, Decimal(3)),
        (object(), None),
        (b"x", None),
        (len, None),
        ({1, 2}, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_python_has_becomes_a_value(value: Any, expected: Any) -> None:
    found = from_json(value)

    assert found == expected
    assert type(found) is type(expected)
    assert compile("x").evaluate({"x": value}) == expected
    assert compile("x.y").evaluate({"x": {"y": value}}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("1.0", 1),
        ("1.5", 1.5),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9.223372036854775808e18),
        ("10 ** 400", None),
        ("10 ** -400", 0),
        ("function(x) x", None),
        ("sum", None),
        ("[1..5]", "[1..5]"),
        ('@"P1D"', "P1D"),
        ('{a: [@"2012-12-25"]}', {"a": ["2012-12-25"]}),
    ],
)
def test_a_result_becomes_json(text: str, expected: Any) -> None:
    found = to_json(compile(text).evaluate({}))

    assert found == expected
    assert isinstance(found, type(expected)) or found == 0


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "true",
        "-1.5",
        '"a\\"b\\\\c\\nd"',
        '[1, "a", null, [true]]',
        '{a: 1, "b c": {d: 2}, "then": 3}',
        '@"2012-12-25"',
        '@"23:59:00.5+01:00"',
        '@"2012-12-25T23:59:00@Europe/Paris"',
        '@"-P1DT2H3M4.5S"',
        '@"P1Y2M"',
        "[1..5)",
        "< 5",
        '>= @"P1D"',
    ],
)
def test_a_literal_says_its_value(text: str) -> None:
    value = compile(text).evaluate({})

    assert literal(value) == text
    assert compile(literal(value)).evaluate({}) == value

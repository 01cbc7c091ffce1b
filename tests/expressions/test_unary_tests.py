"""Unary tests of decision tables. Source: DMN 1.5, 10.3.1.2 grammar rules 13 to 15, 10.3.2.10."""

from typing import Any

import pytest

from chalicelib.expressions import compile_unary_tests


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("-", 5, True),
        ("-", None, True),
        ("5", 5, True),
        ("5", 6, False),
        ("5, 6", 6, True),
        ('"a", "b"', "b", True),
        ('not("a", "b")', "b", False),
        ('not("a", "b")', "c", True),
        ("not(> 5)", 4, True),
        ("not(null)", None, False),
        ("> 5", 6, True),
        ("> 5", 5, False),
        (">= 5, < 1", 0, True),
        ("[1..5]", 5, True),
        ("]1..5[", 5, False),
        ("(1..5]", 5, True),
        ("[1..5], [8..9]", 8, True),
        ("> limit", 6, True),
        ("? > 5", 6, True),
        ("? > 5 and ? < 7", 7, False),
        ("even(?)", 4, True),
        ("not(even(?))", 4, False),
        ("count(?) > 1", [1, 2], True),
        ("null", None, True),
        ("null", 1, False),
        ("true", True, True),
        ("true", False, False),
        ("not(true)", False, True),
        ("= 5", 5, True),
        ("!= 5", 5, False),
        ("> 5", None, None),
        ("> 5", "x", None),
        ("values", 2, True),
        ("limit", 5, True),
        ("limit + 1", 6, True),
        ("limit = 5", "x", True),
    ],
)
def test_a_value_meets_its_tests(text: str, value: Any, expected: Any) -> None:
    assert compile_unary_tests(text).evaluate({"?": value, "limit": 5, "values": [1, 2]}) is expected

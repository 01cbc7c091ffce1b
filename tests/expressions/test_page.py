"""docs/expressions.md says nothing that is not so."""

import re
from pathlib import Path

import pytest

from chalicelib.expressions import compile, limits
from chalicelib.expressions.builtins import FAMILIES
from chalicelib.expressions.builtins.rows import parameters
from tests.docs import LIMITS

PAGE = (Path(__file__).parents[2] / "docs" / "expressions.md").read_text(encoding="utf-8")
EXAMPLES = [
    example.strip()
    for line in PAGE.split("```")[1].strip().splitlines()
    for example in re.split(r"\s{3,}", line)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_an_expression(text: str) -> None:
    assert compile(text).result({}).steps > 0


def test_every_limit_that_is_told_is_there() -> None:
    told = {name for name in vars(limits) if name.isupper()} - set(LIMITS)

    assert told == {"WARNINGS", "PATTERN_WORK", "VARIANTS"}


def test_each_row_can_be_read_and_called_by_name() -> None:
    for row in (row for rows in FAMILIES.values() for row in rows):
        arguments = ", ".join(f"{parameter.name}: null" for parameter in parameters(row.parameters))
        compile(f"{row.name}({arguments})").evaluate({})

"""Tables of expressions: text, scope, and the result as JSON or as text of the language."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chalicelib.expressions import compile, to_json

Case = tuple[str, Mapping[str, Any], Any]


def table(*rows: tuple[str, Any] | Case) -> pytest.MarkDecorator:
    """A test per row; a row without a scope has an empty one."""
    cases = [(row[0], row[1], row[2]) if len(row) == 3 else (row[0], {}, row[1]) for row in rows]
    return pytest.mark.parametrize(("text", "scope", "expected"), cases, ids=[case[0][:60] for case in cases])


def examples(*texts: str) -> pytest.MarkDecorator:
    """Examples of the standard that are true."""
    return pytest.mark.parametrize("text", texts)


def check(text: str, scope: Mapping[str, Any], expected: Any) -> None:
    """The result is as expected; 1 and true are not the same."""
    found = to_json(compile(text).evaluate(scope))
    assert json.dumps(found) == json.dumps(expected), text


def check_true(text: str, scope: Mapping[str, Any] | None = None) -> None:
    """The result is true."""
    warnings: list[str] = []
    assert compile(text).evaluate(scope or {}, warnings=warnings) is True, (text, warnings)


def reasons(text: str, scope: Mapping[str, Any] | None = None) -> Sequence[str]:
    """Why something was null."""
    return compile(text).result(scope or {}).warnings

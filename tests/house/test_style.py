"""What ruff does not see: functions stay short, nothing is left for later without an issue."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 60
"""Lines of a function, without its docstring."""

CODE = sorted(
    path
    for place in ("app.py", "chalicelib", "docs/examples", "infra")
    for path in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
)
LEFT_FOR_LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first, *rest = node.body
            is_docstring = ast.get_docstring(node) is not None and rest
            start = rest[0].lineno if is_docstring else first.lineno
            yield node.name, (node.end_lineno or start) - start + 1


@pytest.mark.parametrize("path", CODE, ids=name)
def test_functions_are_short(path: Path) -> None:
    long = [f"{function} ({lines} lines)" for function, lines in functions(path) if lines > LONGEST]

    assert not long, f"{name(path)}: {', '.join(long)}"


@pytest.mark.parametrize("path", [*CODE, *sorted((ROOT / "tests").rglob("*.py"))], ids=name)
def test_nothing_is_left_for_later(path: Path) -> None:
    found = LEFT_FOR_LATER.search(path.read_text(encoding="utf-8"))

    assert not found, f"{name(path)}: {found.group() if found else ''} belongs into an issue"

"""Answers as text: aligned columns, or the JSON of the API."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..sdk import ApiProblem
from .options import PLACED
from .values import Json

LISTS = ("results", "jobs", "variables", "completedTasks", "failedTasks", "data", "users")
"""Where an answer keeps records, if it is not a record itself."""

NONE = "-"
GAP = "  "

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z", re.ASCII)


def as_json(answer: Json) -> str:
    """The answer as the API gave it."""
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"


def as_table(answer: Json, columns: Sequence[str]) -> str:
    """One line per record and one above them; columns are called like the options.

    Nothing is cut and nothing wraps: what does not exist is a dash, what would break a line is escaped.
    """
    lines = [[_heading(column) for column in columns]]
    lines += [[_cell(record, column) for column in columns] for record in _records(answer)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "".join(_line(cells, widths) for cells in lines)


def write(text: str) -> None:
    """Write to standard output, byte for byte; a reader that has left is no fault."""
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # What is left goes nowhere, or Python would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(problem: ApiProblem) -> None:
    """Print a refusal: what failed, then each cause on a line of its own."""
    complain_of(problem.title, problem.detail, problem.errors)


def complain_of(title: str, detail: str, causes: Iterable[Mapping[str, str]]) -> None:
    """Print what failed, then each cause on a line of its own."""
    print(": ".join(filter(None, [title, detail])), file=sys.stderr)
    for cause in causes:
        value = f" (given: {cause['value']})" if cause.get("value") else ""
        print(f"  {cause['pointer']}: {cause['detail']}{value}", file=sys.stderr)


def _records(answer: Json) -> Iterable[Json]:
    lists = [_listed(answer[name]) for name in LISTS if name in answer]
    return [record for records in lists for record in records] if lists else [answer]


def _listed(found: Any) -> Sequence[Json]:
    """Records of a list; values by name become records."""
    if isinstance(found, dict):
        return [{"name": name, "value": value} for name, value in found.items()]
    return found if isinstance(found, list) else []


def _heading(column: str) -> str:
    return re.sub("([A-Z])", r"-\1", column.rpartition(".")[2]).upper()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return GAP.join(padded).rstrip() + "\n"


def _cell(record: Json, column: str) -> str:
    value: Any = record
    for name in column.split("."):
        value = (value or {}).get(name)
    if value is None or value == []:
        return NONE
    if column in PLACED and "partition" in record:
        return f"{record['partition']}/{value}"
    return _plain(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(tag, dict) and "name" in tag for tag in value):
        return ",".join("=".join(filter(None, [tag["name"], tag.get("value")])) for tag in value)
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return ",".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _TIME.sub(r"\1 \2", str(value)) if _TIME.fullmatch(str(value)) else str(value)


def _plain(text: str) -> str:
    """Text of one line that does nothing to a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

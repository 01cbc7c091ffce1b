"""docs/surfaces.md says what the code says: its settings, error types, operations and policies."""

import re
from dataclasses import fields
from pathlib import Path

from chalicelib.api.process_runtime import ERROR_TYPES
from chalicelib.contract.process_runtime import OPERATIONS, PREFIX
from chalicelib.engine.errors import Reason
from chalicelib.engine.policies import Way
from chalicelib.settings import Settings, env_name

PAGE = (Path(__file__).parents[2] / "docs/surfaces.md").read_text(encoding="utf-8")
OF_SURFACES = tuple(
    f"BPMN_{name}" for name in ("SURFACES", "COMPAT", "MICROFLOW", "HTTP", "DYNAMODB", "LAMBDA")
)


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table behind a heading."""
    behind = PAGE[PAGE.index(heading) :]
    found = re.search(r"(?:^\|.*\n)+", behind, re.M)
    assert found is not None
    lines = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in found.group().splitlines()]
    return lines[2:]


def shown(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return "none" if default == () else str(default)


def test_settings_are_those_of_the_code_with_their_defaults():
    page = {
        name.strip("` |"): default.partition(";")[0].strip("`| ") for name, _, default in rows("## Settings")
    }
    code = {
        env_name(row): shown(row.default) for row in fields(Settings) if env_name(row).startswith(OF_SURFACES)
    }

    assert page == code


def test_every_error_type_is_told():
    told = {name for row in rows("| `errorType`") for name in re.findall(r"`(\w+)`", row[0])}

    assert told == {*ERROR_TYPES.values(), *Reason}


def test_every_operation_of_the_process_runtime_is_told():
    told = {path for row in rows("| Operation | What it does") for path in re.findall(r"(/[\w/{}]+)", row[0])}

    assert told == {row.path.removeprefix(PREFIX) for row in OPERATIONS}


def test_every_policy_is_told():
    assert [row[0].strip("` |") for row in rows("| `assignment` | Who")][:-1] == list(Way)

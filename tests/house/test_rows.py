"""A REST operation is a row and a handler: neither is alone, and the rows fit together."""

import re

import pytest

from chalicelib.contract.commands import Command, In, Input, Query, RecordQuery, SurfaceCommand
from chalicelib.contract.surfaces import OPERATIONS, SURFACES
from chalicelib.service.handlers import HANDLERS

BASES = {Command, Query, RecordQuery, SurfaceCommand}


def segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def all_commands(base: type[Input] = Command) -> set[type[Input]]:
    return {base}.union(*(all_commands(kind) for kind in base.__subclasses__()))


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_every_row_has_a_handler(row):
    assert row.command in HANDLERS


@pytest.mark.parametrize("command", HANDLERS, ids=lambda command: command.__name__)
def test_every_handler_has_one_row(command):
    assert [row.name for row in OPERATIONS if row.command is command] == [
        command.__name__[0].lower() + command.__name__[1:]
    ]


def test_every_command_has_a_handler():
    assert all_commands() - BASES == set(HANDLERS)


def test_names_and_routes_are_unique():
    assert len({row.name for row in OPERATIONS}) == len(OPERATIONS)
    assert len({(row.method, row.path) for row in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_rows_stand_in_the_order_of_their_paths(surface):
    assert [row.path for row in surface.operations] == sorted(row.path for row in surface.operations)


def test_path_positions_have_one_variable_name():
    """API Gateway refuses `/jobs/{id}` beside `/jobs/{partition}/{id}`."""
    names: dict[tuple[str, ...], set[str]] = {}
    for row in OPERATIONS:
        parts = segments(row.path)
        for at, part in enumerate(parts):
            if part.startswith("{"):
                names.setdefault(tuple(parts[:at]), set()).add(part)

    assert {where: found for where, found in names.items() if len(found) > 1} == {}


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_path_variables_are_fields_of_the_command(row):
    fields = row.command.model_fields
    from_path = {field.alias for field in fields.values() if In.PATH in field.metadata}

    assert set(re.findall(r"{(\w+)}", row.path)) == from_path


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_answer_and_status_agree(row):
    assert (row.status == 204) <= (row.result is None)
    assert (row.result is not None) <= (row.content_type == "application/json")
    assert row.command.__doc__

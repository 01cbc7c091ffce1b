"""Commands, results and rows have the names and fields of the contract, no more and no less."""

import pytest
from pydantic import BaseModel

from chalicelib.bpmn.types import ElementType
from chalicelib.contract import results as r
from chalicelib.contract.commands import Command, In
from chalicelib.contract.native import OPERATIONS
from chalicelib.engine.states import InstanceState, JobType, TaskType, UserTaskState, WorkState
from tests.api import contract

SCHEMA_OF = {
    r.ResultTag: "Tag",
    r.ResultData: "Data",
    r.ResultVariable: "ProcessVariable",
    r.ResultElementVariable: "ElementVariable",
    r.ResultTimer: "Timer",
    r.ProblemError: "Error",
}
# Optional in the schema, and still never left out (engine-semantics 1).
ALWAYS_THERE = {
    ("EventDefinition", "suspended"),
    ("Process", "tags"),
    ("ProcessInstance", "tags"),
    ("UserTask", "tags"),
    ("Variable", "encrypted"),
    ("EventDefinition", "suspended"),
}
BASES = (r.Result, r.Created, r.OfInstance, r.OfElement, r.Work)
RESULTS = [
    kind
    for kind in vars(r).values()
    if isinstance(kind, type) and issubclass(kind, r.Result) and kind not in BASES
]


def fields(model: type[BaseModel]) -> dict[str, bool]:
    """Names outside, and whether they are required; without what comes from the URL."""
    return {
        field.alias or name: field.is_required()
        for name, field in model.model_fields.items()
        if not {In.PATH, In.QUERY} & set(field.metadata)
    }


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_row_is_the_one_of_the_contract(row):
    expected = contract.OPERATIONS[row.name]
    success = contract.success(row.name)

    assert f"{row.method} {row.path}" == expected["call"]
    assert row.status == success.status
    if success.content_type is not None:
        assert row.content_type == success.content_type
    name = success.schema if success.schema in contract.SCHEMAS else None
    assert (None if row.result is None else row.result.__name__) == name


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_title_is_the_one_of_the_contract(row):
    kinds = ("NOT_FOUND", "CONFLICT", "VALIDATION")
    titles = {
        example.body["title"] for example in contract.examples(row.name) if example.body["type"] in kinds
    }

    assert titles <= {row.title}


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row.method != "GET"], ids=lambda row: row.name)
def test_command_has_the_fields_of_the_contract(row):
    request = contract.OPERATIONS[row.name]["request"]
    expected = {name: field.is_required for name, field in contract.fields(request).items()}
    ours = dict.fromkeys(contract.EXTENSIONS.get(request, ()), False)

    assert fields(row.command) == expected | ours


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_parameters_are_those_of_the_contract(row):
    found = {
        field.alias: next(place for place in In if place in field.metadata).value
        for field in row.command.model_fields.values()
        if {In.PATH, In.QUERY} & set(field.metadata)
    }

    assert found == {name: place for name, (place, _) in contract.parameters(row.name).items()}


@pytest.mark.parametrize("model", RESULTS, ids=lambda model: model.__name__)
def test_result_has_the_fields_of_the_contract(model):
    schema = SCHEMA_OF.get(model, model.__name__)
    expected = contract.fields(schema)
    later = contract.LATER.get(schema, set())

    assert fields(model).keys() == expected.keys() - later
    for name, is_required in fields(model).items():
        assert is_required == (expected[name].is_required or (schema, name) in ALWAYS_THERE)


@pytest.mark.parametrize(
    "kind", [InstanceState, JobType, TaskType, UserTaskState, WorkState], ids=lambda kind: kind.__name__
)
def test_enumeration_is_the_one_of_the_contract(kind):
    assert {member.value for member in kind} == contract.enumeration(kind.__name__)


def test_element_types_are_some_of_the_contract():
    assert {member.value for member in ElementType} <= contract.enumeration("ElementType")


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_limits_are_those_of_the_contract(row):
    assert issubclass(row.command, Command)
    request = contract.OPERATIONS[row.name].get("request")
    if request is None or "limit" not in contract.fields(request):
        return
    limits = contract.fields(request)["limit"].limits
    (rules,) = (field.metadata for name, field in row.command.model_fields.items() if name == "limit")

    assert {"minimum": 1} | {"maximum": next(rule.le for rule in rules if hasattr(rule, "le"))} == limits

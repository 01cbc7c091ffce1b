"""Least privilege: each function has a role of its own, which names what it may do and with what."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from chalicelib.storage import tables

Template = dict[str, Any]

pytestmark = pytest.mark.xdist_group("template")

WITHOUT_NAMES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Actions that know no resources. Source: Service Authorization Reference, "AWS X-Ray"."""

ROLES = {
    "APIHandler": "ApiRole",
    "Authorize": "AuthorizeRole",
    "Work": "WorkRole",
    "Bury": "BuryRole",
    "Sweep": "SweepRole",
}


class Right(NamedTuple):
    """One action on one resource."""

    role: str
    action: str
    resource: str


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text_of(resource: Any) -> str:
    """A resource as text: its name, or the reference to it."""
    match resource:
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"${{{name}.Arn}}"
        case {"Fn::Sub": str(text)}:
            return text
        case {"Ref": name}:
            return f"${{{name}}}"
        case _:
            return str(resource)


def policies(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The policies of a role, also those that it has only sometimes."""
    for policy in role["Properties"]["Policies"]:
        yield from [policy["Fn::If"][1]] if "Fn::If" in policy else [policy]


def rights(stack: Template) -> Iterator[Right]:
    for name, resource in stack["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in policies(resource):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not statement.keys() & {"NotAction", "NotResource"}
                for action in listed(statement["Action"]):
                    yield from (Right(name, action, text_of(r)) for r in listed(statement["Resource"]))


def of_role(stack: Template, role: str) -> set[tuple[str, str]]:
    return {(right.action, right.resource) for right in rights(stack) if right.role == role}


def test_every_function_has_a_role_of_its_own(stack: Template) -> None:
    functions = {
        name: text_of(resource["Properties"]["Role"])
        for name, resource in stack["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }

    assert functions == {name: f"${{{role}.Arn}}" for name, role in ROLES.items()}


def test_only_functions_take_on_the_roles(stack: Template) -> None:
    for role in ROLES.values():
        (statement,) = stack["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_no_right_is_on_everything_where_a_name_is_possible(stack: Template) -> None:
    named = [right for right in rights(stack) if right.action not in WITHOUT_NAMES]

    assert len(named) > 50
    assert not [right for right in named if not right.resource.startswith("${")]


def test_no_right_is_to_do_everything(stack: Template) -> None:
    assert not [right for right in rights(stack) if "*" in right.action]


def test_wildcard_stands_only_behind_the_name_of_the_bucket(stack: Template) -> None:
    assert {right.resource for right in rights(stack) if "*" in right.resource} == {"*", "${Values.Arn}/*"}


def test_every_index_of_the_table_may_be_queried(stack: Template) -> None:
    wanted = {("dynamodb:Query", f"${{Items.Arn}}/index/{name}") for name in tables.indexes()}

    for role in ("ApiRole", "WorkRole", "BuryRole", "SweepRole"):
        found = {right for right in of_role(stack, role) if "/index/" in right[1]}
        assert found == wanted


def test_authorizer_only_reads(stack: Template) -> None:
    assert {action for action, resource in of_role(stack, "AuthorizeRole") if "Items" in resource} == {
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
    }
    assert not [action for action, _ in of_role(stack, "AuthorizeRole") if action.startswith(("s3", "sqs"))]


@pytest.mark.parametrize(("role", "queue"), [("WorkRole", "Feed"), ("BuryRole", "DeadLetters")])
def test_each_queue_is_taken_from_by_its_function_alone(stack: Template, role: str, queue: str) -> None:
    takers = {(right.role, right.resource) for right in rights(stack) if right.action == "sqs:ReceiveMessage"}

    assert (role, f"${{{queue}.Arn}}") in takers
    assert len(takers) == 2


def test_nobody_sends_dead_letters(stack: Template) -> None:
    sent = {right.resource for right in rights(stack) if right.action == "sqs:SendMessage"}

    assert sent == {"${Feed.Arn}"}


def test_bucket_refuses_connections_in_clear(stack: Template) -> None:
    (statement,) = stack["Resources"]["ValuesPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

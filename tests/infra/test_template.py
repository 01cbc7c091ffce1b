"""The template: what Chalice and infra/ make together, before any account sees it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import Settings, env_name
from chalicelib.storage import tables
from infra.template import additions, finish, merge

Template = dict[str, Any]

pytestmark = pytest.mark.xdist_group("template")

FUNCTIONS = {"APIHandler", "Authorize", "Work", "Bury", "Sweep"}
HANDLERS = {
    "APIHandler": "app.app",
    "Authorize": "app.authorize",
    "Work": "chalicelib.lambdas.work",
    "Bury": "chalicelib.lambdas.bury",
    "Sweep": "chalicelib.lambdas.sweep",
}


def properties(stack: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stack["Resources"][name]["Properties"]
    return found


def of_type(stack: Template, type: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in stack["Resources"].items()
        if resource["Type"] == type
    }


def texts(node: object) -> Iterator[str]:
    """All texts in a structure."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (str(key), *texts(value))
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    else:
        yield str(node)


def values_of(stack: Template, parameter: str) -> list[str]:
    """Its default, and all others that are allowed by name."""
    row = stack["Parameters"][parameter]
    return [str(value) for value in (row["Default"], *row.get("AllowedValues", ()))]


def test_settings_can_be_read_with_every_value_that_a_parameter_may_have(dev: Template) -> None:
    names = {env_name(row) for row in fields(Settings)}
    given = dev["Globals"]["Function"]["Environment"]["Variables"]

    assert {name for name in given if name.startswith("BPMN_")} <= names
    read = 0
    for name, value in given.items():
        if isinstance(value, dict) and value.get("Ref") in dev["Parameters"]:
            for text in values_of(dev, value["Ref"]):
                Settings.read({name: text})
                read += 1
    assert read >= 10


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_cfn_lint_finds_nothing(stage: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(request.getfixturevalue(stage)))

    lint = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run([lint, "--", file], capture_output=True, text=True)

    assert (found.stdout, found.returncode) == ("", 0)


def test_every_function_is_there(stack: Template) -> None:
    functions = of_type(stack, "AWS::Serverless::Function")

    assert {name: function["Handler"] for name, function in functions.items()} == HANDLERS
    assert {tuple(function["Architectures"]) for function in functions.values()} == {("arm64",)}


def test_no_function_keeps_the_role_that_stands_in_for_its_own(stack: Template) -> None:
    assert not [text for text in texts(stack) if "see-infra-stack" in text]


@pytest.mark.parametrize(("queue", "function"), [("Feed", "Work"), ("DeadLetters", "Bury")])
def test_queue_hides_a_message_six_times_as_long_as_its_function_may_take(
    stack: Template, queue: str, function: str
) -> None:
    hidden = properties(stack, queue)["VisibilityTimeout"]

    assert hidden >= 6 * properties(stack, function)["Timeout"]


@pytest.mark.parametrize(("queue", "function"), [("Feed", "Work"), ("DeadLetters", "Bury")])
def test_queue_hands_out_tens_and_takes_back_what_failed(stack: Template, queue: str, function: str) -> None:
    (event,) = properties(stack, function)["Events"].values()

    assert event["Properties"] == {
        "Queue": {"Fn::Sub": f"${{{queue}.Arn}}"},
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }


def test_what_fails_again_and_again_becomes_a_dead_letter(stack: Template) -> None:
    assert properties(stack, "Feed")["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
        "maxReceiveCount": 5,
    }


def test_sweep_is_called_each_minute(stack: Template) -> None:
    (event,) = properties(stack, "Sweep")["Events"].values()

    assert event == {"Type": "Schedule", "Properties": {"Schedule": "rate(1 minute)"}}


def test_table_is_the_one_that_the_adapters_know(stack: Template) -> None:
    made = properties(stack, "Items")

    assert {key: made[key] for key in tables.properties("Items")} == tables.properties("Items")
    assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert made["SSESpecification"] == {"SSEEnabled": True}
    assert made["TableName"] == {"Fn::Sub": "${AWS::StackName}-items"}


def test_data_outlives_the_stack_in_production_only(dev: Template, prod: Template) -> None:
    kept = {name: r["DeletionPolicy"] for name, r in prod["Resources"].items() if "DeletionPolicy" in r}
    gone = {r["DeletionPolicy"] for r in dev["Resources"].values() if "DeletionPolicy" in r}

    assert (kept["Items"], kept["Values"]) == ("Retain", "Retain")
    assert properties(prod, "Items")["DeletionProtectionEnabled"]
    assert gone == {"Delete"}
    assert "DeletionProtectionEnabled" not in properties(dev, "Items")


def test_every_function_logs_into_a_group_that_forgets(stack: Template) -> None:
    groups = [properties(stack, name)["LoggingConfig"]["LogGroup"]["Ref"] for name in FUNCTIONS]

    assert len(set(groups)) == len(FUNCTIONS)
    assert {properties(stack, group)["RetentionInDays"]["Ref"] for group in groups} == {"LogRetention"}


def test_every_function_has_alarms(stack: Template) -> None:
    alarms = of_type(stack, "AWS::CloudWatch::Alarm").values()
    watched = {
        (dimension["Value"]["Ref"], alarm["MetricName"])
        for alarm in alarms
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "FunctionName"
    }

    assert watched >= {(name, metric) for name in FUNCTIONS for metric in ("Errors", "Throttles")}
    assert {"ApproximateAgeOfOldestMessage", "TaskLateness", "5XXError", "WriteThrottleEvents"} <= {
        alarm["MetricName"] for alarm in alarms
    }


def test_dashboard_is_json_and_shows_every_alarm_that_is_always_there(stack: Template) -> None:
    body = properties(stack, "Dashboard")["DashboardBody"]["Fn::Sub"]
    alarms, *metrics = json.loads(body)["widgets"]

    always = {
        f"${{{name}.Arn}}"
        for name, resource in stack["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in resource
    }
    assert set(alarms["properties"]["alarms"]) == always
    assert len(metrics) == 6


def test_refusals_of_the_gateway_are_problems(stack: Template) -> None:
    answers = properties(stack, "RestAPI")["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]

    assert {"DEFAULT_4XX", "DEFAULT_5XX", "UNAUTHORIZED", "ACCESS_DENIED"} <= answers.keys()
    for type, answer in answers.items():
        header = answer["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert header == "'application/problem+json'"
        text = answer["responseTemplates"]["application/json"]
        body = json.loads(text.replace("$context.error.messageString", '"told by the gateway"'))
        assert body.keys() >= {"type", "title", "detail"}
        assert str(body.get("status", "")) == str(answer.get("statusCode", "")), type


def test_addition_to_a_function_that_is_not_there_is_refused() -> None:
    chalice = {"Resources": {name: {"Type": "any"} for name in FUNCTIONS - {"Work"}}}

    with pytest.raises(ValueError, match="Work"):
        finish(merge(chalice, additions("dev")))


def test_mappings_are_merged_and_anything_else_is_replaced() -> None:
    assert merge({"a": {"b": 1}, "c": [1]}, {"a": {"d": 2}, "c": [2]}) == {"a": {"b": 1, "d": 2}, "c": [2]}

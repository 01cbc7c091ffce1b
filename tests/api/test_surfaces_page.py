"""docs/surfaces.md: its example of a microflow is deployed and run as it stands there."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.contract.microflow import RunMicroflow
from chalicelib.service.execute import execute
from chalicelib.storage.memory import MemoryItems
from tests.play import Engine

PAGE = (Path(__file__).parents[2] / "docs" / "surfaces.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Microflows")[2].partition("## Connectors")[0]


def block(language: str) -> str:
    """The first block of a language in the section."""
    found = re.search(rf"^```{language}\n(.*?)^```", SECTION, re.M | re.S)
    assert found
    return found[1]


def request() -> dict[str, Any]:
    """What the example sends."""
    return json.loads(re.findall(r"-d '(.*?)'\n", block("sh"), re.S)[0])


@pytest.fixture
def engine() -> Engine:
    engine = Engine(MemoryItems())
    engine.deploy_xml(block("xml"))
    return engine


def run(engine: Engine, **given: Any) -> Any:
    """Run it with what the connector answers."""
    asked: list[dict[str, Any]] = []

    def perform(bpmn_process_id: str, job: dict[str, Any], variables: Any) -> dict[str, Any]:
        asked.append({v["name"]: json.loads(v["data"]["value"]) for v in variables.element_variables(None)})
        return given

    env = replace(engine.environment(), perform=perform)
    answer = execute(RunMicroflow.model_validate(request()), env)
    assert asked == [
        {"url": "https://api.example.com/rates", "query": {"currency": "THB"}, "timeoutSeconds": 3}
    ]
    return answer


def test_the_microflow_answers_what_the_page_says(engine: Engine) -> None:
    response = {"name": "response", "data": {"encoding": "json", "value": '{"body": {"rate": 31.184504}}'}}

    answer = run(engine, elementVariables=[response])

    assert answer["exception"] == ""
    assert answer["objects"] == json.loads(block("json"))["responseObjectsMap"]


def test_its_boundary_event_catches_what_the_connector_throws(engine: Engine) -> None:
    answer = run(engine, completion={"errorCode": "HTTP_404"})

    assert answer["objects"] == {"ResponseBO": {"amount": None, "note": "no rate for THB"}}

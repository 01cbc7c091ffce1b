"""What the functions of the queue and of the schedule do with their events."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import lambdas
from chalicelib.contract.commands import CreateProcess, CreateProcessInstance
from chalicelib.service.execute import execute
from tests.local import handlers
from tests.logs import own_log
from tests.models import drawn

CATCH = Path(__file__).parents[1] / "bpmn" / "timer" / "catch.bpmn"


class Context:
    """What Lambda hands over: how much time is left."""

    aws_request_id = "from-lambda"

    def __init__(self, *milliseconds: int) -> None:
        self._left = list(milliseconds)

    def get_remaining_time_in_millis(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


def record(id: str, body: str) -> dict[str, Any]:
    return {"messageId": id, "body": body}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions around an empty engine, as in a new process."""
    monkeypatch.setenv("BPMN_STORE", "memory")
    with own_log():
        importlib.reload(lambdas)
        yield


def test_only_what_failed_comes_again() -> None:
    records = [record("one", "a"), record("two", "b"), record("three", "c")]
    seen = []

    def follow(hint: str) -> None:
        seen.append(hint)
        if hint == "b":
            raise OSError("gone")

    answer = lambdas.each(records, Context(30_000, 30_000), follow)

    assert seen == ["a", "b", "c"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "two"}]}


def test_what_has_no_time_left_comes_again() -> None:
    records = [record("one", "a"), record("two", "b"), record("three", "c")]
    seen: list[str] = []

    answer = lambdas.each(records, Context(25_001, 25_000), seen.append)

    assert seen == ["a", "b"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "three"}]}


def test_all_is_well_with_a_batch_of_hints() -> None:
    hints = {"Records": [record("one", '["2026-11-25",0,0,null]')]}

    assert lambdas.work(hints, Context()) == {"batchItemFailures": []}


def test_sweep_begins_the_upkeep() -> None:
    assert lambdas.sweep({}, Context(55_000, 54_000)) == {"completed": 0}

    assert len(lambdas.env.store.upkeep().begun) > 0


def test_sweep_leaves_the_rest_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPMN_TASK_MODE", "deferred")
    importlib.reload(lambdas)
    timers = [{"bpmnElementId": "catchEvent", "timer": {"time": "2020-01-01T00:00:00Z"}}]
    name = {"bpmnProcessId": "timerCatchTest", "version": "1", "workerId": "w"}
    execute(CreateProcess(**name, bpmnXml=CATCH.read_text(), timers=timers), lambdas.env)
    execute(CreateProcessInstance(**name), lambdas.env)

    assert lambdas.sweep({}, Context(lambdas.TIME_TO_FINISH)) == {"completed": 0}
    assert lambdas.sweep({}, Context(55_000, 54_000, 53_000)) == {"completed": 1}


def test_a_fed_job_is_told_how_long_there_is_until_the_function_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPMN_HANDLERS", "tests.local.handlers")
    importlib.reload(lambdas)
    xml = drawn("flow", '<serviceTask id="s0"/>', "start -> s0", "s0 -> end")
    name = {"bpmnProcessId": "flow", "version": "1", "workerId": "w"}
    order = [{"name": "Order", "data": {"encoding": "json", "value": '{"quantity": 2}'}}]
    execute(CreateProcess(**name, bpmnXml=xml), lambdas.env)
    made = execute(CreateProcessInstance(**name, variables=order), lambdas.env)
    hint = json.dumps([made["partition"], 0, 0, 1])

    answer = lambdas.work({"Records": [record("one", hint)]}, Context(30_000))

    assert answer == {"batchItemFailures": []}
    assert handlers.calls[-1] == "27 seconds left"

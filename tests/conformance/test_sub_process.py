"""Sub-processes: scopes inside of the process."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import WORKER, Engine, Order


def parents(order: Order) -> dict[str, str]:
    """Element id of the scope around each visit."""
    tokens = order.element_instances()
    names = {token["id"]: token["bpmnElementId"] for token in tokens}
    return {token["bpmnElementId"]: names[token["parentId"]] for token in tokens if "parentId" in token}


def value(text: str) -> dict[str, Any]:
    return {"encoding": "text", "value": text}


@pytest.mark.every_store
def test_sub_process_completes_with_its_last_token(play: Play) -> None:
    order = play("sub-process/plain.bpmn")
    order.waits_at("sub", "a")

    order.complete_job("a")
    order.waits_at("sub", "b", "c")
    order.complete_job("b")
    assert order.states("sub") == ["STARTED"]
    order.has_passed("innerEnd")
    order.complete_job("c")

    order.has_passed("sub", "endEvent")
    assert order.has_ended
    (sub,) = order.element_instances("sub")
    assert sub["startedAt"] == sub["createdAt"]
    assert parents(order) == {
        "startEvent": "plainTest",
        "sub": "plainTest",
        "innerStart": "sub",
        "a": "sub",
        "fork": "sub",
        "b": "sub",
        "c": "sub",
        "innerEnd": "sub",
        "endEvent": "plainTest",
    }


def test_sub_process_with_nothing_but_a_start_event_is_passed(play: Play) -> None:
    order = play("sub-process/empty-path.bpmn")

    assert order.has_ended
    order.has_passed("innerStart", "sub", "endEvent")


def test_ids_rise_from_an_activity_to_its_boundary_events_to_its_content(play: Play) -> None:
    order = play("sub-process/nested.bpmn")

    assert [(token["id"], token["bpmnElementId"], token["state"]) for token in order.element_instances()] == [
        (1, "nestedTest", "STARTED"),
        (2, "startEvent", "COMPLETED"),
        (3, "outer", "STARTED"),
        (4, "outerFailed", "CREATED"),
        (5, "outerTold", "CREATED"),
        (6, "outerStart", "COMPLETED"),
        (7, "inner", "STARTED"),
        (8, "innerFailed", "CREATED"),
        (9, "innerStart", "COMPLETED"),
        (10, "a", "STARTED"),
    ]
    assert parents(order)["outerFailed"] == "nestedTest"
    assert parents(order)["innerFailed"] == "outer"
    assert parents(order)["a"] == "inner"


def test_completed_activity_terminates_its_boundary_events(play: Play) -> None:
    order = play("sub-process/nested.bpmn")

    order.complete_job("a")

    assert order.has_ended
    for event in ("innerFailed", "outerFailed", "outerTold"):
        assert order.states(event) == ["TERMINATED"]
    order.has_not_reached("failedEnd", "otherEnd")


def test_element_instances_are_found_by_the_scope_around_them(play: Play) -> None:
    order = play("sub-process/nested.bpmn")
    (outer,) = order.element_instances("outer")

    inside = order.query(c.QueryElementInstances, parentId=outer["id"])

    assert [token["bpmnElementId"] for token in inside] == ["outerStart", "inner", "innerFailed"]


def test_variables_of_a_scope_are_seen_inside_and_end_with_it(play: Play, engine: Engine) -> None:
    order = play("sub-process/nested.bpmn")
    (a,) = order.element_instances("a")
    engine.send(
        c.SetElementVariables(
            partition=order.partition,
            id=a["id"],
            workerId=WORKER,
            variables=[
                {"name": "x", "data": value("a's")},
                {"name": "x", "bpmnElementId": "inner", "data": value("inner's")},
                {"name": "y", "bpmnElementId": "outer", "data": value("outer's")},
            ],
        )
    )

    def seen(element_id: str, **fields: Any) -> list[tuple[str, str, str]]:
        (token,) = order.element_instances(element_id)
        answer = engine.send(c.GetElementVariables(partition=order.partition, id=token["id"], **fields))
        return [(v["name"], v["bpmnElementId"], v["data"]["value"]) for v in answer["variables"]]

    assert seen("a") == [("x", "inner", "inner's"), ("x", "a", "a's"), ("y", "outer", "outer's")]
    assert seen("a", excludeParentVariables=True) == [("x", "a", "a's")]
    assert seen("outer") == [("y", "outer", "outer's")]
    assert order.variables() == {}

    order.complete_job("a", elementVariables=[{"name": "z", "bpmnElementId": "inner", "data": value("z")}])

    assert order.has_ended
    assert seen("inner") == [("x", "inner", "inner's"), ("y", "outer", "outer's"), ("z", "inner", "z")]


def test_suspended_scopes_stop_their_tokens_and_go_on_when_resumed(play: Play, engine: Engine) -> None:
    order = play("sub-process/plain.bpmn")
    place = {"partition": order.partition, "id": order.id, "workerId": "ops"}
    engine.send(c.SuspendProcessInstance(**place))
    assert order.states("sub") == ["SUSPENDED"]

    order.complete_job("a")
    assert order.states("fork") == ["SUSPENDED"]
    engine.send(c.ResumeProcessInstance(**place))

    assert order.states("sub") == ["STARTED"]
    order.waits_at("sub", "b", "c")
    engine.send(c.SuspendProcessInstance(**place))
    order.complete_job("b")
    order.complete_job("c")
    assert order.states("innerEnd") == ["SUSPENDED"]
    engine.send(c.ResumeProcessInstance(**place))
    assert order.has_ended

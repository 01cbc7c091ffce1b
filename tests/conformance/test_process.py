"""Processes and their instances."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict, NotFound, ProcessModelError
from chalicelib.engine.moment import MAX_VISITS
from tests.conftest import Play
from tests.models import sequence
from tests.play import ENGINE, MODELS, WORKER, Engine


@pytest.mark.every_store
def test_process_scope_is_the_first_element_instance(play: Play) -> None:
    order = play("task/service.bpmn")

    scope, start, task = order.element_instances()

    assert (scope["bpmnElementType"], scope["state"], "parentId" in scope) == ("PROCESS", "STARTED", False)
    assert start["parentId"] == task["parentId"] == scope["id"]
    order.complete_job("serviceTask")
    assert order.element_instances()[0]["state"] == "COMPLETED"


def test_ids_count_from_one_per_kind_and_day(play: Play, engine: Engine) -> None:
    first = play("task/service.bpmn")
    second = play("task/service.bpmn")
    engine.clock.advance("P1D")
    third = play("task/service.bpmn")

    assert (first.id, first.jobs()[0]["id"]) == (1, 1)
    assert (second.partition, second.id, second.jobs()[0]["id"]) == ("2030-01-01", 65, 65)
    assert (third.partition, third.id) == ("2030-01-02", 1)


def test_instance_carries_what_it_was_started_with(play: Play) -> None:
    order = play(
        "task/service.bpmn",
        correlationKey="order-1",
        tags=[{"name": "b", "value": "2"}, {"name": "a"}],
        variables=[{"name": "amount", "data": {"encoding": "json", "value": "12"}}],
    )

    state = order.state()
    assert (state["correlationKey"], state["createdBy"], state["state"]) == ("order-1", WORKER, "STARTED")
    assert state["tags"] == [{"name": "a"}, {"name": "b", "value": "2"}]
    assert order.jobs()[0]["correlationKey"] == "order-1"
    assert order.variables() == {"amount": "12"}


def test_unknown_process_is_not_found(engine: Engine) -> None:
    engine.deploy("task/service.bpmn")

    with pytest.raises(NotFound, match="process serviceTest:2 could not be found"):
        engine.start({"bpmnProcessId": "serviceTest", "version": "2"})


def test_process_without_none_start_cannot_be_started(engine: Engine) -> None:
    process = engine.deploy("process/empty.bpmn")

    with pytest.raises(ProcessModelError, match="scope emptyTest has no none start event element") as refusal:
        engine.start(process)

    assert refusal.value.title == "failed to create execution"


@pytest.mark.every_store
def test_instance_that_would_loop_for_ever_stops_with_an_incident(play: Play, engine: Engine) -> None:
    order = play("process/loop-forever.bpmn")

    (incident,) = order.incidents()
    (task,) = order.tasks()
    assert incident["taskId"] == task["id"]
    assert task["state"] == "CAUSED_INCIDENT"
    assert f"stopped after {MAX_VISITS} elements without a wait state" in task["error"]
    assert (task["lockedBy"], task["lockedAt"]) == (ENGINE, task["completedAt"])
    assert not order.has_ended

    engine.send(c.ResolveIncident(partition=order.partition, id=incident["id"], workerId=WORKER))
    order.run_due_tasks()

    assert [("resolvedAt" in found) for found in order.incidents()] == [True, False]


# Deployment


@pytest.mark.every_store
def test_same_file_again_answers_the_existing_version(engine: Engine) -> None:
    first = engine.deploy("task/service.bpmn")
    engine.clock.advance("PT1H")

    assert engine.deploy("task/service.bpmn") == first
    other = (MODELS / "task/service.bpmn").read_text() + "\n"
    with pytest.raises(Conflict, match="process serviceTest:1 already exists with a different BPMN XML"):
        engine.deploy_xml(other)


def test_elements_have_ids_over_all_processes(engine: Engine) -> None:
    first = engine.deploy("task/service.bpmn")
    second = engine.deploy("task/task.bpmn")

    elements = engine.send(c.QueryElements())["results"]

    assert [element["id"] for element in elements] == list(range(1, 9))
    assert [e["bpmnElementType"] for e in elements[:4]] == [
        "PROCESS",
        "NONE_START_EVENT",
        "SERVICE_TASK",
        "NONE_END_EVENT",
    ]
    assert [e["id"] for e in engine.send(c.QueryElements(processId=second["id"]))["results"]] == [5, 6, 7, 8]
    (start,) = engine.send(c.QueryElements(processId=first["id"], bpmnElementId="startEvent"))["results"]
    assert start["parentBpmnElementId"] == "serviceTest"


@pytest.mark.every_store
def test_xml_is_kept_byte_for_byte(engine: Engine) -> None:
    xml = (MODELS / "task/service.bpmn").read_text() + "<!-- ümläut ไทย -->\n"
    process = engine.deploy_xml(xml)

    assert engine.send(c.GetBpmnXml(id=process["id"])) == xml.encode()
    with pytest.raises(NotFound, match="process 7 could not be found"):
        engine.send(c.GetBpmnXml(id=7))


def test_one_process_of_a_collaboration_is_deployed(engine: Engine) -> None:
    xml = (MODELS / "process/two-in-one-file.bpmn").read_text()
    with pytest.raises(ProcessModelError, match=r"BPMN model has no process example, but \[") as refusal:
        engine.deploy_xml(xml, "example")
    ids = refusal.value.detail.rpartition("[")[2].rstrip("]").split()

    process = engine.deploy_xml(xml, ids[1])

    assert process["bpmnProcessId"] == ids[1]
    assert process["bpmnCollaborationId"]
    assert process["bpmnParticipantId"]


def test_faulty_model_is_refused_with_every_fault(engine: Engine) -> None:
    with pytest.raises(ProcessModelError, match="BPMN process is invalid") as refusal:
        engine.deploy("invalid/example.bpmn")

    assert len(refusal.value.causes) >= 3


# Queries


def test_queries_page_through_in_order(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn")
    ids = [engine.start(process).id for _ in range(5)]
    engine.clock.advance("P1D")
    ids += [engine.start(process).id for _ in range(2)]

    def found(**criteria: Any) -> list[int]:
        return [row["id"] for row in engine.send(c.QueryProcessInstances(**criteria))["results"]]

    assert found() == ids
    assert found(offset=1, limit=3) == ids[1:4]
    assert found(offset=6) == ids[6:]
    assert found(offset=7) == []
    assert found(partition="2030-01-02") == ids[5:]
    assert found(id=1) == [1, 1]
    assert found(processId=process["id"], partition="2030-01-01") == ids[:5]
    assert found(processId=99) == []
    assert engine.send(c.QueryJobs(limit=2, offset=4))["count"] == 2


def test_instances_are_found_by_tags(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn")
    engine.start(process, tags=[{"name": "region", "value": "north"}])
    south = engine.start(process, tags={"region": "south", "vip": "yes"})

    def found(*tags: dict[str, str]) -> list[int]:
        return [row["id"] for row in engine.send(c.QueryProcessInstances(tags=list(tags)))["results"]]

    assert len(found({"name": "region"})) == 2
    assert found({"name": "region", "value": "south"}) == [south.id]
    assert found({"name": "vip"}, {"name": "region", "value": "north"}) == []


# Size


@pytest.mark.every_store
def test_instance_of_five_thousand_elements_in_one_step(engine: Engine) -> None:
    process = engine.deploy_xml(sequence("long", 5000, tag="task"))

    order = engine.start(process)

    assert order.has_ended
    tokens = [*order.element_instances(limit=3000), *order.element_instances(offset=3000, limit=3000)]
    assert [token["id"] for token in tokens[:5]] == [1, 2, 3, 4, 5]
    assert len(tokens) == 5003
    assert len({token["id"] for token in tokens}) == 5003
    last = max(token["id"] for token in tokens)
    assert order.query(c.QueryElementInstances, id=last)[0]["bpmnElementId"] == "end"


def test_long_instance_is_worked_step_by_step_and_keeps_its_history(engine: Engine) -> None:
    process = engine.deploy_xml(sequence("long", 150))
    other = engine.start(process)
    order = engine.start(process)

    for task in range(150):
        order.complete_job(f"t{task}")

    assert order.has_ended
    jobs = order.jobs()
    assert [job["bpmnElementId"] for job in jobs] == [f"t{task}" for task in range(150)]
    assert {job["state"] for job in jobs} == {"DONE"}
    ids = [row["id"] for row in order.query(c.QueryElementInstances)]
    assert ids == sorted(ids)
    assert len(ids) == 153 + len(other.element_instances())


def test_loop_through_a_join_stops_with_an_incident(engine: Engine) -> None:
    order = engine.start(engine.deploy("process/loop-through-join.bpmn"))

    for _ in range(MAX_VISITS // 100):
        engine.send(c.ExecuteTasks(limit=100))

    (incident,) = order.incidents()
    assert incident["taskId"]
    assert not order.has_ended
    assert engine.send(c.ExecuteTasks(limit=100))["locked"] == 0


def test_refused_start_takes_no_id(engine: Engine) -> None:
    with pytest.raises(ProcessModelError):
        engine.start(engine.deploy("process/empty.bpmn"))

    assert engine.start(engine.deploy("task/service.bpmn")).id == 1

"""Tasks of no process instance: those of the engine itself, and that of a start event until it begins one."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine import due, lifecycle
from chalicelib.engine.errors import NotFound
from chalicelib.engine.records import ENGINE, DeployedProcess
from chalicelib.engine.states import TaskType
from chalicelib.service.environment import Ref, Work
from chalicelib.service.planned import plan
from tests.play import WORKER, Engine, Order

TODAY = "2030-01-01"
FIRST = 2_146_959_297
"""Id of the engine's own first task of a date: they lie behind all others."""
START = TaskType.START_PROCESS_INSTANCE
START_EVENT = 1


def planned(engine: Engine, process: DeployedProcess = ENGINE, **fields: Any) -> Work:
    """A task that nobody but a test would make."""
    moment = engine.env.moment(WORKER)
    work = plan(engine.env, process, moment)
    work.step(moment).add_task(START, **fields)
    engine.env.store.commit(work)
    return work


def reloaded(engine: Engine, work: Work) -> Work:
    engine.env = engine.environment()
    (found,) = engine.env.store.load_many([work.ref])
    assert found is not None
    return found


def tasks(engine: Engine, **criteria: Any) -> list[dict[str, Any]]:
    return engine.send(c.QueryTasks(**criteria))["results"]


def deployed(engine: Engine) -> DeployedProcess:
    process = engine.env.store.process(engine.deploy("task/service.bpmn")["id"])
    assert process is not None
    return process


@pytest.mark.every_store
def test_task_of_the_engine_has_no_process(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn")
    planned(engine, serialized='{"elementInstances":[]}')
    order = engine.start(process)

    (task,) = tasks(engine, type=START)

    assert task == {
        "partition": TODAY,
        "id": FIRST,
        "createdAt": "2030-01-01T08:00:00.000Z",
        "createdBy": WORKER,
        "dueAt": "2030-01-01T08:00:00.000Z",
        "retryCount": 0,
        "state": "DUE",
        "type": "START_PROCESS_INSTANCE",
    }
    assert tasks(engine, partition=TODAY, id=FIRST) == tasks(engine, id=FIRST) == [task]
    assert tasks(engine, processInstanceId=FIRST) == tasks(engine, processId=process["id"]) == []
    assert [found["id"] for found in engine.send(c.QueryProcessInstances())["results"]] == [order.id]
    assert engine.send(c.QueryProcessInstances(id=FIRST))["results"] == []


@pytest.mark.every_store
def test_task_of_the_engine_is_executed(engine: Engine) -> None:
    planned(engine)

    assert engine.send(c.ExecuteTasks(limit=1, processInstanceId=FIRST))["locked"] == 0
    (done,) = engine.send(c.ExecuteTasks(limit=1))["completedTasks"]

    assert (done["state"], done["lockedBy"], done.get("processId")) == ("DONE", "default-engine", None)
    assert tasks(engine) == [done]
    assert engine.send(c.ExecuteTasks(limit=1))["locked"] == 0


def test_what_is_planned_is_no_process_instance(engine: Engine) -> None:
    planned(engine)

    for command in (
        c.GetProcessVariables(partition=TODAY, id=FIRST),
        c.SuspendProcessInstance(partition=TODAY, id=FIRST, workerId=WORKER),
        c.GetElementVariables(partition=TODAY, id=FIRST),
    ):
        with pytest.raises(NotFound):
            engine.send(command)


@pytest.mark.every_store
def test_task_of_a_start_event_begins_a_process_instance_in_its_own_place(engine: Engine) -> None:
    process = deployed(engine)
    work = planned(engine, process, element=START_EVENT)
    engine.send(c.ExecuteTasks(limit=1))
    work = reloaded(engine, work)
    moment = engine.env.moment(WORKER)
    due.fail(work.step(moment), work.step(moment).add_task(START, element=START_EVENT), "no", retries=0)
    engine.env.store.commit(work)
    (before, failed) = tasks(engine, processId=process.id)
    assert (before["elementId"], before["bpmnElementId"]) == (2, "startEvent")
    assert "processInstanceId" not in before
    assert "processInstanceId" not in engine.send(c.QueryIncidents())["results"][0]
    engine.send(c.ResolveIncident(partition=TODAY, id=1, workerId=WORKER))
    assert [task.get("elementId") for task in tasks(engine)] == [2, 2, 2]

    engine.clock.advance("P2D")
    work = reloaded(engine, work)
    moment = engine.env.moment("default-engine")
    work.instance.begin(moment.now, moment.actor)
    lifecycle.start(work.step(moment))
    engine.env.store.commit(work)

    order = Order(engine, *Ref(TODAY, work.instance.id))
    order.waits_at("serviceTask")
    state = order.state()
    assert state["createdAt"] == state["startedAt"] == "2030-01-03T08:00:00.000Z"
    assert state["createdBy"] == "default-engine"
    assert order.tasks()[:2] == [{**task, "processInstanceId": order.id} for task in (before, failed)]
    order.complete_job("serviceTask")
    assert order.has_ended


def test_limit_does_not_count_what_is_only_planned(engine: Engine) -> None:
    planned(engine, deployed(engine))

    process = engine.deploy("task/service.bpmn", version="2", parallelism=1)

    assert engine.start(process).state()["state"] == "STARTED"

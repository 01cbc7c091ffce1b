"""Exclusive and parallel gateways."""

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import ENGINE, WORKER, Engine


@pytest.mark.every_store
def test_exclusive_gateway_asks_and_follows_the_decision(play: Play) -> None:
    order = play("gateway/exclusive.bpmn")
    order.waits_at("split")
    (job,) = order.jobs()
    assert job["type"] == "EVALUATE_EXCLUSIVE_GATEWAY"

    order.decide("split", "b")

    order.waits_at("b")
    order.complete_job("b")
    order.has_passed("split", "b", "merge", "endEvent")
    order.has_not_reached("a", "c")
    assert order.has_ended


def test_missing_decision_takes_the_default_flow(play: Play) -> None:
    order = play("gateway/exclusive.bpmn")

    answer = order.complete_job("split")

    assert answer["state"] == "DONE"
    order.waits_at("c")


@pytest.mark.parametrize(
    ("completion", "error"),
    [
        ({}, "expected an exclusive gateway decision"),
        ({"exclusiveGatewayDecision": "merge"}, "no outgoing sequence flow to merge"),
        ({"exclusiveGatewayDecision": "nowhere"}, "no outgoing sequence flow to nowhere"),
    ],
)
def test_decision_that_does_not_fit_is_a_job_error(
    play: Play, completion: dict[str, str], error: str
) -> None:
    order = play("gateway/exclusive-no-default.bpmn")

    answer = order.complete_job("split", completion=completion)

    assert (answer["state"], answer["error"]) == ("CAUSED_INCIDENT", error)
    order.waits_at("split")
    order.has_not_reached("a", "b", "c")


def test_exclusive_merge_lets_every_token_through(play: Play) -> None:
    order = play("gateway/exclusive-merge.bpmn")

    order.waits_at("serviceTask", "serviceTask")
    order.complete_job("serviceTask")
    order.complete_job("serviceTask")

    assert len(order.element_instances("merge", states=["COMPLETED"])) == 2
    assert order.has_ended


@pytest.mark.every_store
def test_parallel_gateway_forks_and_joins(play: Play) -> None:
    order = play("gateway/parallel.bpmn")
    order.waits_at("a", "b")

    order.complete_job("a")
    order.waits_at("join", "b")

    order.complete_job("b")
    order.has_passed("fork", "a", "b", "join", "endEvent")
    assert order.has_ended
    assert len(order.element_instances("join")) == 2
    assert len(order.element_instances("endEvent")) == 1


def test_every_arriving_token_has_its_join_task(play: Play) -> None:
    order = play("gateway/parallel-service-tasks.bpmn")

    for element in ("c", "a", "b"):
        order.complete_job(element)

    tasks = order.tasks("JOIN_PARALLEL_GATEWAY")
    assert [(task["state"], task["bpmnElementId"], task["lockedBy"]) for task in tasks] == [
        ("DONE", "join", ENGINE)
    ] * 3
    order.waits_at("last")
    (last,) = order.element_instances("last")
    assert last["createdBy"] == ENGINE


def test_tokens_join_within_one_command(play: Play) -> None:
    order = play("gateway/parallel-pass-through.bpmn")

    order.has_passed("fork", "a", "b", "join", "endEvent")
    assert order.has_ended


def test_second_token_on_the_same_flow_waits_for_the_next_round(play: Play) -> None:
    order = play("gateway/parallel-uneven.bpmn")
    order.waits_at("a", "b", "join", "join")

    order.complete_job("a")
    order.waits_at("b", "join")
    assert len(order.element_instances("endEvent")) == 1

    order.complete_job("b")
    assert len(order.element_instances("endEvent")) == 2
    assert order.has_ended


def test_deferred_join_waits_for_its_task(engine: Engine, play: Play) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = engine.start(engine.deploy("gateway/parallel.bpmn"))
    job_a, job_b = order.lock_job("a"), order.lock_job("b")
    for job in (job_a, job_b):
        engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId="worker"))
    order.waits_at("join", "join")
    assert [task["state"] for task in order.tasks()] == ["DUE", "DUE"]

    first = engine.send(c.ExecuteTasks(limit=1))
    assert (first["locked"], first["completed"], first["failed"]) == (1, 1, 0)
    assert order.has_ended

    second = engine.send(c.ExecuteTasks(limit=1))
    assert [task["state"] for task in second["completedTasks"]] == ["DONE"]
    assert engine.send(c.ExecuteTasks(limit=1))["locked"] == 0


def test_task_of_a_join_whose_token_was_terminated_is_canceled(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode; in eager mode the task has run at once")
    process = engine.deploy("gateway/parallel-interrupted.bpmn")
    instance = engine.send(
        c.CreateProcessInstance(bpmnProcessId=process["bpmnProcessId"], version="1", workerId=WORKER)
    )
    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    engine.send(c.ExecuteTasks(type="TRIGGER_EVENT", limit=1))

    (join,) = engine.send(c.ExecuteTasks(processInstanceId=instance["id"], limit=10))["completedTasks"]

    assert (join["type"], join["state"]) == ("JOIN_PARALLEL_GATEWAY", "CANCELED")

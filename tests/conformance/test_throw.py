"""Events that throw signals and messages, and links."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import WORKER, Engine, Order

SIGNAL = "throw/signal.bpmn"


def all_instances(engine: Engine, bpmn_process_id: str) -> list[Order]:
    engine.env = engine.environment()
    found = engine.send(c.QueryProcessInstances())["results"]
    return [Order(engine, i["partition"], i["id"]) for i in found if i["bpmnProcessId"] == bpmn_process_id]


@pytest.mark.every_store
def test_thrown_signal_reaches_the_own_scope_other_instances_and_start_events(
    engine: Engine, play: Play
) -> None:
    engine.deploy(SIGNAL, "startedTest")
    waiting = play(SIGNAL, "waitingTest")
    order = play(SIGNAL, "signalTest")

    order.complete_job("a")
    engine.run_all_due_tasks()

    order.has_passed("ring")
    assert order.states("beside") == ["COMPLETED", "CREATED"]
    order.waits_at("sub", "beside", "b", "inform")
    waiting.waits_at("c")
    (started,) = all_instances(engine, "startedTest")
    started.waits_at("d")
    for other, element_id in ((order, "ring"), (order, "beside"), (waiting, "heard")):
        (token, *_) = other.element_instances(element_id)
        (task,) = (t for t in other.tasks("TRIGGER_EVENT") if t["elementInstanceId"] == token["id"])
        assert task["state"] == "DONE"
    assert [s["bpmnElementId"] for s in engine.send(c.QuerySignalSubscriptions())["results"]] == ["beside"]


def test_signal_is_delivered_before_its_thrower_moves_on(engine: Engine, play: Play) -> None:
    if not engine.is_eager:
        pytest.skip("about the eager mode")
    order = play(SIGNAL, "signalTest")

    order.complete_job("a")

    found = [token["bpmnElementId"] for token in order.element_instances()]
    assert found[found.index("ring") :] == ["ring", "beside", "inform", "b"]


def test_signal_event_waits_started_for_its_task(engine: Engine, play: Play) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = play(SIGNAL, "signalTest")
    job = order.lock_job("a")
    engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))
    assert order.states("ring") == ["STARTED"]

    (first,) = engine.send(c.ExecuteTasks(processInstanceId=order.id, limit=1))["completedTasks"]

    assert (first["bpmnElementId"], first["type"]) == ("ring", "TRIGGER_EVENT")
    assert order.states("ring") == ["COMPLETED"]
    assert order.states("b") == ["STARTED"]
    assert order.states("beside") == ["CREATED"]
    assert engine.send(c.QuerySignalSubscriptions())["results"] == []
    (second,) = order.run_due_tasks()
    assert second["bpmnElementId"] == "beside"
    assert order.states("beside") == ["COMPLETED", "CREATED"]


def test_signal_end_event_starts_a_process(engine: Engine, play: Play) -> None:
    engine.deploy(SIGNAL, "startedTest", signals=[{"bpmnElementId": "startedStart", "signalName": "end"}])
    order = play(SIGNAL, "signalTest")
    order.complete_job("a")

    order.complete_job("b")
    order.complete_job("inform")
    engine.run_all_due_tasks()

    order.has_passed("rung")
    assert order.has_ended
    assert len(all_instances(engine, "startedTest")) == 1


@pytest.mark.eager_only
def test_signal_interrupts_its_own_thrower(play: Play) -> None:
    order = play(SIGNAL, "stoppingTest")

    order.complete_job("a")

    assert order.states("stopping") == order.states("ring") == ["TERMINATED"]
    order.has_not_reached("b")
    order.waits_at("inform")


def test_names_of_thrown_signals_are_asked_for_by_jobs(engine: Engine, play: Play) -> None:
    waiting = play(SIGNAL, "waitingTest")
    order = play(SIGNAL, "askingTest")
    assert [(job["type"], job["bpmnElementId"]) for job in order.jobs()] == [("SET_SIGNAL_NAME", "ring")]
    assert order.states("ring") == ["CREATED"]

    assert order.complete_job("ring", retryLimit=1)["error"] == "expected a signal name"
    order.complete_job("ring", completion={"signalName": "bell"})
    engine.run_all_due_tasks()

    waiting.waits_at("c")
    assert order.states("ring") == ["COMPLETED"]
    assert order.states("rung") == ["CREATED"]
    order.complete_job("rung", completion={"signalName": "nobody"})
    assert order.has_ended


def test_names_of_thrown_signals_are_given_with_the_deployment(engine: Engine, play: Play) -> None:
    waiting = play(SIGNAL, "waitingTest")

    signals = [{"bpmnElementId": id, "signalName": "bell"} for id in ("ring", "rung")]
    order = engine.start(engine.deploy(SIGNAL, "askingTest", signals=signals))
    engine.run_all_due_tasks()

    assert order.has_ended
    waiting.waits_at("c")


def test_signal_of_an_ending_process_starts_its_next_instance_although_only_one_may_run(
    engine: Engine,
) -> None:
    engine.deploy(SIGNAL, "againTest", parallelism=1)
    engine.send(c.SendSignal(name="bell", workerId=WORKER))
    engine.run_all_due_tasks()
    (first,) = all_instances(engine, "againTest")

    first.complete_job("work")
    engine.run_all_due_tasks()

    assert first.has_ended
    _, second = all_instances(engine, "againTest")
    assert second.state()["state"] == "STARTED"
    second.waits_at("work")


def test_signal_of_a_new_instance_lets_a_called_one_fail(engine: Engine, play: Play) -> None:
    """Nobody has read who called it when the signal comes."""
    engine.deploy(SIGNAL, "failingTest")
    engine.deploy("call-activity/three-levels.bpmn", "middleTest")
    top = play("call-activity/three-levels.bpmn", "topTest")
    top.complete_job("callMiddle")
    middle = top.called("callMiddle")
    middle.complete_job("callBottom", completion={"calledProcess": {"bpmnProcessId": "failingTest"}})
    bottom = middle.called("callBottom")
    bottom.waits_at("heard")

    signals = [{"bpmnElementId": id, "signalName": "bell"} for id in ("ring", "rung")]
    thrower = engine.start(engine.deploy(SIGNAL, "askingTest", signals=signals))
    engine.run_all_due_tasks()

    assert thrower.has_ended
    assert bottom.state()["state"] == middle.state()["state"] == "TERMINATED"
    assert bottom.states("failed") == ["COMPLETED"]
    top.has_passed("topFailed", "failedEnd")


@pytest.mark.every_store
def test_messages_are_sent_by_workers(play: Play, engine: Engine) -> None:
    messages = [{"bpmnElementId": "sentEnd", "messageName": "ignored"}]
    order = engine.start(engine.deploy("throw/message.bpmn", messages=messages))
    assert [(job["type"], job["bpmnElementId"]) for job in order.jobs()] == [("EXECUTE", "sent")]
    assert order.states("sent") == ["STARTED"]

    order.complete_job("sent")
    order.complete_job("sentEnd")

    order.has_passed("sent", "sentEnd")
    assert order.has_ended
    assert [job["type"] for job in order.jobs()] == ["EXECUTE", "EXECUTE"]
    assert engine.send(c.QueryMessages())["results"] == []


@pytest.mark.every_store
def test_links_jump_to_the_catch_event_of_their_name_in_their_scope(play: Play) -> None:
    order = play("throw/link.bpmn")

    assert order.states("first") == order.states("second") == order.states("other") == ["COMPLETED"]
    assert order.states("here") == ["COMPLETED", "COMPLETED"]
    assert order.states("there") == ["COMPLETED"]
    assert order.states("innerHere") == ["COMPLETED"]
    order.waits_at("a", "a", "sub", "c")
    order.has_passed("b")

    def scope(element_id: str) -> set[Any]:
        return {token["parentId"] for token in order.element_instances(element_id)}

    assert scope("inner") == scope("innerHere") == {order.element_instances("sub")[0]["id"]}
    for element_id in ("a", "a", "c"):
        order.complete_job(element_id)
    assert order.has_ended


@pytest.mark.eager_only
def test_process_that_starts_itself_by_a_signal_does_not_hold_up_the_sender(engine: Engine) -> None:
    engine.deploy("throw/endless.bpmn")

    answer = engine.send(c.SendSignal(name="loop", workerId=WORKER))

    assert answer["subscriberCount"] == 1
    instances = all_instances(engine, "endlessTest")
    assert 1 < len(instances) < 100
    assert all(instance.has_ended for instance in instances)
    # It is the executor that goes on.
    due = [t for t in engine.send(c.QueryTasks(type="TRIGGER_EVENT"))["results"] if t["state"] == "DUE"]
    assert [task["bpmnElementId"] for task in due] == ["endlessStart"]

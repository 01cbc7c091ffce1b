"""Process instances that are suspended and resumed."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict, NotFound
from tests.conftest import Play
from tests.play import Engine, Order


def suspend(engine: Engine, order: Order, **fields: Any) -> None:
    engine.send(
        c.SuspendProcessInstance(**{"partition": order.partition, "id": order.id, "workerId": "ops"} | fields)
    )


def resume(engine: Engine, order: Order, **fields: Any) -> None:
    engine.send(
        c.ResumeProcessInstance(**{"partition": order.partition, "id": order.id, "workerId": "ops"} | fields)
    )
    order.run_due_tasks()


@pytest.mark.every_store
def test_suspended_instance_stops_its_tokens_and_goes_on_when_resumed(play: Play, engine: Engine) -> None:
    order = play("process/ten-tasks.bpmn")
    suspend(engine, order)
    assert order.state()["state"] == "SUSPENDED"
    scope, _, task = order.element_instances()
    assert (scope["state"], task["state"]) == ("SUSPENDED", "STARTED")

    order.complete_job("serviceTask1")

    (stopped,) = order.element_instances("serviceTask2")
    assert (stopped["state"], "startedAt" in stopped) == ("SUSPENDED", False)
    assert len(order.jobs()) == 1

    resume(engine, order)

    assert order.state()["state"] == "STARTED"
    assert [token["state"] for token in order.element_instances("serviceTask2")] == ["STARTED"]
    order.complete_job("serviceTask2")
    order.waits_at("serviceTask3")


def test_open_jobs_of_a_suspended_instance_are_locked(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    suspend(engine, order)

    assert [job["bpmnElementId"] for job in engine.lock()] == ["serviceTask"]


def test_suspended_instance_ends_only_when_resumed(play: Play, engine: Engine) -> None:
    order = play("task/no-end.bpmn")
    suspend(engine, order)

    order.complete_job("serviceTask")
    assert not order.has_ended

    resume(engine, order)
    assert order.has_ended


def test_join_of_a_suspended_instance_joins_when_resumed(play: Play, engine: Engine) -> None:
    order = play("gateway/parallel.bpmn")
    order.complete_job("a")
    suspend(engine, order)

    order.complete_job("b")
    assert [token["state"] for token in order.element_instances("join")] == ["STARTED", "SUSPENDED"]

    resume(engine, order)
    assert order.has_ended
    assert len(order.element_instances("endEvent")) == 1


def test_only_a_started_instance_is_suspended_and_only_a_suspended_one_resumed(
    play: Play, engine: Engine
) -> None:
    order = play("task/service.bpmn")

    with pytest.raises(
        Conflict, match="process instance 2030-01-01/1 is not in state SUSPENDED, but STARTED"
    ):
        resume(engine, order)
    suspend(engine, order)
    with pytest.raises(
        Conflict, match="process instance 2030-01-01/1 is not in state STARTED, but SUSPENDED"
    ):
        suspend(engine, order)
    resume(engine, order)
    order.complete_job("serviceTask")
    with pytest.raises(
        Conflict, match="process instance 2030-01-01/1 is not in state STARTED, but COMPLETED"
    ):
        suspend(engine, order)
    with pytest.raises(NotFound, match="process instance 2030-01-01/2 could not be found"):
        suspend(engine, order, id=2)
    with pytest.raises(NotFound, match="process instance 2030-01-01/65 could not be found"):
        resume(engine, order, id=65)


def send_message(engine: Engine, order: Order) -> None:
    assert engine.message("paid", "order-1")["correlated"]


def send_signal(engine: Engine, order: Order) -> None:
    assert engine.signal("stop") == 1


def wait_an_hour(engine: Engine, order: Order) -> None:
    assert len(engine.after("PT1H")) == 1


def escalate(engine: Engine, order: Order) -> None:
    assert order.escalate("serviceTask", "T")["state"] == "DONE"


BESIDE = {
    "message": ({"messageName": "paid", "messageCorrelationKey": "order-1"}, send_message),
    "signal": ({"signalName": "stop"}, send_signal),
    "timer": ({"timer": {"timeDuration": "PT1H"}}, wait_an_hour),
    "escalation": ({"escalationCode": "T"}, escalate),
}
"""By trigger: what its event is told to wait for, and how it is triggered."""


@pytest.mark.parametrize("trigger", BESIDE)
def test_event_beside_an_activity_goes_on_listening_while_suspended(engine: Engine, trigger: str) -> None:
    """What it catches is not lost; the paths behind it wait."""
    completion, fire = BESIDE[trigger]
    order = engine.start(engine.deploy(f"{trigger}/boundary-beside.bpmn"))
    order.complete_job("boundaryEvent", completion=completion)
    suspend(engine, order)

    for count in (1, 2):
        fire(engine, order)

        assert order.states("boundaryEvent") == ["COMPLETED"] * count + ["CREATED"]
        assert order.states("boundaryEnd") == ["SUSPENDED"] * count

    resume(engine, order)
    assert order.states("boundaryEnd") == ["COMPLETED"] * 2
    order.waits_at("serviceTask", "boundaryEvent")
    order.complete_job("serviceTask")
    assert order.states("boundaryEvent") == ["COMPLETED"] * 2 + ["TERMINATED"]
    assert order.has_ended


def test_activity_that_a_suspended_token_gets_to_waits_with_its_boundary_events(play: Play) -> None:
    order = play("boundary/later.bpmn")
    order.suspend()
    order.complete_job("first")

    for element in ("onSignal", "onMessage", "second"):
        assert order.states(element) == ["SUSPENDED"]

    order.resume()
    for element in ("onSignal", "onMessage", "second"):
        assert order.states(element) == ["CREATED"]

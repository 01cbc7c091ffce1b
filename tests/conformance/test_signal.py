"""Events that wait for a signal, or start a process instance with one."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import ENGINE, MODELS, WORKER, Engine, Order


def stop(element_id: str) -> list[dict[str, Any]]:
    """The definition of the deploy command: the signal is called stop."""
    return [{"bpmnElementId": element_id, "signalName": "stop"}]


def waiting(engine: Engine, model: str = "signal/catch.bpmn") -> Order:
    """An instance that waits for the signal stop."""
    element_id = "catchEvent" if "catch" in model else "boundaryEvent"
    return engine.start(engine.deploy(model, signals=stop(element_id)))


def send(engine: Engine, **fields: Any) -> dict[str, Any]:
    """Only send it."""
    return engine.send(c.SendSignal(name="stop", workerId=WORKER, **fields))


def subscriptions(engine: Engine, **criteria: Any) -> list[dict[str, Any]]:
    engine.env = engine.environment()
    return engine.send(c.QuerySignalSubscriptions(**criteria))["results"]


def _text(value: str) -> dict[str, Any]:
    return {"encoding": "text", "value": value}


# Jobs ask for the name


@pytest.mark.every_store
def test_job_subscribes_a_catch_event(play: Play, engine: Engine) -> None:
    order = play("signal/catch.bpmn")
    (job,) = order.jobs("catchEvent")
    assert (job["type"], order.states("catchEvent")) == ("SUBSCRIBE_SIGNAL", ["CREATED"])
    assert engine.signal("stop") == 0

    order.complete_job("catchEvent", completion={"signalName": "stop"})

    assert order.states("catchEvent") == ["STARTED"]
    (token,) = order.element_instances("catchEvent")
    assert subscriptions(engine) == [
        {
            "id": 1,
            "partition": order.partition,
            "processId": 1,
            "processInstanceId": order.id,
            "elementId": token["elementId"],
            "elementInstanceId": token["id"],
            "bpmnElementId": "catchEvent",
            "createdAt": "2030-01-01T08:00:00.000Z",
            "createdBy": WORKER,
            "name": "stop",
        }
    ]
    engine.clock.advance("PT1M")
    answer = send(engine)
    assert (answer["name"], answer["subscriberCount"]) == ("stop", 1)
    engine.let_arrive()
    order.has_passed("catchEvent", "endEvent")
    assert order.has_ended
    (task,) = order.tasks()
    assert (task["type"], task["state"], task["bpmnElementId"]) == ("TRIGGER_EVENT", "DONE", "catchEvent")
    assert task["createdAt"] == answer["createdAt"] == "2030-01-01T08:01:00.000Z"
    assert subscriptions(engine) == []


def test_model_names_the_signal(play: Play, engine: Engine) -> None:
    order = play("signal/xml.bpmn")
    assert (order.states("catchEvent"), order.jobs()) == (["STARTED"], [])

    assert engine.signal("stop") == 1

    assert order.has_ended


def test_missing_name_is_a_job_error(play: Play, engine: Engine) -> None:
    order = play("signal/catch.bpmn")

    job = order.complete_job("catchEvent", retryLimit=1)

    assert (job["state"], job["error"]) == ("CAUSED_RETRY", "expected a signal name")
    assert (order.states("catchEvent"), subscriptions(engine)) == (["CREATED"], [])


def test_activity_waits_for_the_name_of_its_boundary_event(play: Play, engine: Engine) -> None:
    order = play("signal/boundary.bpmn")
    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["CREATED"], ["CREATED"])
    assert [job["type"] for job in order.jobs()] == ["SUBSCRIBE_SIGNAL"]

    order.complete_job("boundaryEvent", completion={"signalName": "stop"})

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["STARTED"], ["CREATED"])
    order.complete_job("serviceTask")
    assert (order.states("boundaryEvent"), order.has_ended) == (["TERMINATED"], True)
    assert (subscriptions(engine), engine.signal("stop")) == ([], 0)


# Whom a signal reaches


@pytest.mark.every_store
def test_signal_reaches_every_subscriber_once(engine: Engine) -> None:
    catch, interrupted = waiting(engine), waiting(engine, "signal/boundary.bpmn")
    beside, other = (
        waiting(engine, "signal/boundary-beside.bpmn"),
        engine.start(engine.deploy("signal/xml.bpmn")),
    )
    engine.deploy("signal/start.bpmn", signals=stop("startEvent"))

    answer = send(engine)
    assert answer["subscriberCount"] == 5
    if not engine.is_eager:
        assert send(engine)["subscriberCount"] == 1  # the start event
        engine.let_arrive()
        started = 2
    else:
        started = 1

    assert catch.has_ended
    assert interrupted.states("serviceTask") == ["TERMINATED"]
    assert interrupted.has_ended
    assert beside.states("boundaryEvent") == ["COMPLETED", "CREATED"]
    assert other.has_ended
    assert len(engine.instances()) == 4 + started
    # The event beside its activity, and the start event.
    assert engine.signal("stop") == 2
    assert engine.signal("go") == 0


def test_second_signal_right_after_finds_nobody(engine: Engine) -> None:
    order = waiting(engine)

    counts = [send(engine)["subscriberCount"] for _ in range(2)]

    assert counts == [1, 0]
    assert len(order.tasks()) == 1


def test_one_task_for_each_subscriber_although_the_first_ends_the_others(engine: Engine) -> None:
    order = engine.start(engine.deploy("boundary/same-signal.bpmn"))

    assert engine.signal("stop") == 2

    assert [(t["bpmnElementId"], t["state"]) for t in order.tasks()] == [
        ("onStop", "DONE"),
        ("alsoOnStop", "CANCELED"),
    ]
    order.has_passed("onStop")
    assert order.has_ended


@pytest.mark.every_store
def test_event_beside_an_activity_subscribes_again_when_it_is_triggered(engine: Engine) -> None:
    order = waiting(engine, "signal/boundary-beside.bpmn")

    for count in (1, 2, 3):
        assert engine.signal("stop") == 1
        assert order.states("boundaryEvent") == ["COMPLETED"] * count + ["CREATED"]
        assert order.states("boundaryEnd") == ["COMPLETED"] * count

    assert order.jobs("boundaryEvent") == []
    assert [s["elementInstanceId"] for s in subscriptions(engine)] == [
        order.element_instances("boundaryEvent")[-1]["id"]
    ]
    order.complete_job("serviceTask")
    assert (order.has_ended, engine.signal("stop")) == (True, 0)


def test_event_that_a_job_has_named_is_not_asked_again(play: Play, engine: Engine) -> None:
    order = play("signal/boundary-beside.bpmn")
    order.complete_job("boundaryEvent", completion={"signalName": "stop"})

    assert [engine.signal("stop") for _ in range(2)] == [1, 1]

    assert len(order.jobs("boundaryEvent")) == 1


def test_deferred_event_beside_an_activity_misses_what_is_sent_before_its_task(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = waiting(engine, "signal/boundary-beside.bpmn")

    assert [send(engine)["subscriberCount"] for _ in range(2)] == [1, 0]
    order.run_due_tasks()

    assert order.states("boundaryEvent") == ["COMPLETED", "CREATED"]
    assert send(engine)["subscriberCount"] == 1


def test_deferred_task_of_a_target_that_has_ended_is_cancelled(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = waiting(engine, "signal/boundary.bpmn")
    send(engine, variables={"a": _text("1")})
    job = order.lock_job("serviceTask")
    engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))

    order.run_due_tasks()

    assert ([t["state"] for t in order.tasks()], order.has_ended) == (["CANCELED"], True)
    assert order.variables() == {}


@pytest.mark.every_store
def test_variables_of_a_signal_are_set_in_every_instance(engine: Engine) -> None:
    process = engine.deploy("signal/catch.bpmn", signals=stop("catchEvent"))
    orders = [engine.start(process, variables={"a": _text("old"), "b": _text("old")}) for _ in range(2)]
    engine.deploy("signal/start.bpmn", signals=stop("startEvent"))

    engine.signal("stop", variables={"a": _text("new"), "b": None})

    assert [order.variables() for order in orders] == [{"a": "new"}] * 2
    assert engine.instances()[-1].variables() == {"a": "new"}


# Start events


@pytest.mark.every_store
def test_signal_starts_an_instance_of_each_process_that_waits_for_it(engine: Engine) -> None:
    first = engine.deploy("signal/start.bpmn", signals=stop("startEvent"))
    xml = engine.send(c.GetBpmnXml(id=first["id"])).decode()
    engine.deploy_xml(xml.replace("signalStartTest", "other"), signals=stop("startEvent"))

    assert engine.signal("stop") == 2

    orders = engine.instances()
    assert [order.state()["bpmnProcessId"] for order in orders] == ["signalStartTest", "other"]
    for order in orders:
        order.waits_at("serviceTask")
        (task,) = order.tasks()
        assert (task["type"], task["state"], task["bpmnElementId"]) == ("TRIGGER_EVENT", "DONE", "startEvent")
        assert "correlationKey" not in order.state()


def test_start_of_an_older_version_is_suspended(engine: Engine) -> None:
    old = engine.deploy("signal/start.bpmn", signals=stop("startEvent"))
    if not engine.is_eager:
        assert send(engine)["subscriberCount"] == 1
    xml = engine.send(c.GetBpmnXml(id=old["id"])).decode()
    engine.deploy_xml(xml, version="2", signals=stop("startEvent"))

    assert engine.signal("stop") == 1

    assert [order.state()["version"] for order in engine.instances()] == ["2"]
    tasks = engine.send(c.QueryTasks(processId=old["id"]))["results"]
    assert [(t["state"], "processInstanceId" in t) for t in tasks] == (
        [] if engine.is_eager else [("DONE", False)]
    )


def test_signal_beyond_the_limit_makes_an_instance_that_waits_for_its_turn(engine: Engine) -> None:
    engine.deploy("signal/start.bpmn", signals=stop("startEvent"), parallelism=1)
    assert [engine.signal("stop", variables={"n": _text(n)}) for n in "12"] == [1, 1]
    first, second = engine.instances()
    assert [(t["bpmnElementId"], t["state"]) for t in second.element_instances()] == [
        ("signalStartTest", "QUEUED"),
        ("startEvent", "QUEUED"),
    ]

    first.complete_job("serviceTask")
    engine.let_arrive()

    second.waits_at("serviceTask")
    assert second.variables() == {"n": "2"}


# Thrown inside an instance


@pytest.mark.every_store
def test_thrown_signal_reaches_own_subscribers_before_the_throwing_token_moves_on(
    play: Play, engine: Engine
) -> None:
    other = waiting(engine)
    order = play("signal/own.bpmn")

    order.complete_job("beforeThrow")
    engine.let_arrive()

    order.has_passed("throwStop", "afterThrow", "waitForStop", "afterWait", "onStop", "afterOnStop")
    assert other.has_ended
    order.waits_at("serviceTask", "onStop")
    ids = {t["bpmnElementId"]: t["id"] for t in order.element_instances()}
    if engine.is_eager:
        assert max(ids["afterWait"], ids["onStop"], ids["afterOnStop"]) < ids["afterThrow"]
    # The new event has its id before the path behind the old one.
    assert ids["onStop"] < ids["afterOnStop"]
    assert len(order.tasks("TRIGGER_EVENT")) == 3
    assert [(s["processInstanceId"], s["bpmnElementId"]) for s in subscriptions(engine)] == [
        (order.id, "onStop")
    ]


def test_subscriber_of_the_same_step_is_reached_before_the_throwing_token_moves_on(engine: Engine) -> None:
    xml = (MODELS / "signal/own.bpmn").read_text()

    order = engine.start(engine.deploy_xml(xml.replace('serviceTask id="before', 'manualTask id="before')))

    order.has_passed("afterThrow", "afterWait", "afterOnStop")
    if engine.is_eager:
        ids = {t["bpmnElementId"]: t["id"] for t in order.element_instances()}
        assert max(ids["afterWait"], ids["afterOnStop"]) < ids["afterThrow"]


# Suspended instances


def test_signal_reaches_a_suspended_instance_and_its_token_stops(engine: Engine) -> None:
    order = waiting(engine)
    order.suspend()

    assert engine.signal("stop") == 1

    assert (order.states("catchEvent"), order.states("endEvent")) == (["COMPLETED"], ["SUSPENDED"])
    order.resume()
    assert order.has_ended


# Queries


@pytest.mark.every_store
def test_subscriptions_are_found_by_instance_and_name(engine: Engine) -> None:
    first, second = waiting(engine), waiting(engine)
    engine.deploy("signal/start.bpmn", signals=stop("startEvent"))

    def found(**criteria: Any) -> list[int]:
        return [s["processInstanceId"] for s in subscriptions(engine, **criteria)]

    assert found() == [first.id, second.id]
    assert found(processInstanceId=second.id) == [second.id]
    assert found(partition=first.partition, name="stop") == [first.id, second.id]
    assert found(name="go") == []
    assert found(limit=1, offset=1) == [second.id]
    assert engine.send(c.QueryMessageSubscriptions())["results"] == []


def test_tasks_of_a_thrown_signal_are_made_by_the_engine_those_of_a_sent_one_by_its_sender(
    engine: Engine,
) -> None:
    process = engine.deploy("event/price-change.bpmn")
    first, second = engine.start(process), engine.start(process)
    engine.start(engine.deploy("signal/throw-prices.bpmn"))
    third = engine.start(process)

    engine.send(c.SendSignal(name="prices changed", workerId="ann"))

    assert [order.tasks()[0]["createdBy"] for order in (first, second, third)] == [ENGINE, ENGINE, "ann"]

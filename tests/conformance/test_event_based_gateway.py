"""The event-based gateway, and activities with several boundary events: who waits for whom."""

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import WORKER, Engine, Order

MESSAGE = {"messageName": "paid", "messageCorrelationKey": "order-1"}
SIGNAL = {"signalName": "stop"}
TIMER = {"timer": {"timeDuration": "PT1H"}}
EVENTS = ("onMessage", "onSignal", "onTimer")


def defined(engine: Engine) -> Order:
    """An instance that waits at the gateway for each of its events."""
    order = engine.start(engine.deploy("gateway/event-based.bpmn"))
    order.complete_job("onMessage", completion=MESSAGE)
    order.complete_job("onSignal", completion=SIGNAL)
    order.complete_job("onTimer", completion=TIMER)
    return order


def states(order: Order, *element_ids: str) -> dict[str, str]:
    return {id: " ".join(order.states(id)) for id in element_ids}


def subscriptions(engine: Engine) -> list[str]:
    engine.env = engine.environment()
    kinds = (c.QueryMessageSubscriptions(), c.QuerySignalSubscriptions())
    return [found["bpmnElementId"] for kind in kinds for found in engine.send(kind)["results"]]


@pytest.mark.every_store
def test_gateway_starts_once_all_of_its_events_are_defined(play: Play, engine: Engine) -> None:
    order = play("gateway/event-based.bpmn")
    assert [t["bpmnElementId"] for t in order.element_instances()] == [
        "eventBasedTest",
        "startEvent",
        "gateway",
        *EVENTS,
    ]
    assert [job["type"] for job in order.jobs()] == ["SUBSCRIBE_MESSAGE", "SUBSCRIBE_SIGNAL", "SET_TIMER"]

    for element_id, completion in zip(EVENTS, (MESSAGE, SIGNAL, TIMER), strict=True):
        assert states(order, "gateway", *EVENTS) == dict.fromkeys(("gateway", *EVENTS), "CREATED")
        engine.clock.advance("PT1M")
        order.complete_job(element_id, completion=completion)

    assert states(order, "gateway", *EVENTS) == dict.fromkeys(EVENTS, "CREATED") | {"gateway": "STARTED"}
    assert order.element_instances("gateway")[0]["startedAt"] == "2030-01-01T08:03:00.000Z"
    assert subscriptions(engine) == ["onMessage", "onSignal"]


@pytest.mark.every_store
@pytest.mark.parametrize(("first", "end"), [(id, f"{id[2:].lower()}End") for id in EVENTS])
def test_first_event_wins_and_the_others_are_over(engine: Engine, first: str, end: str) -> None:
    order = defined(engine)

    occur(engine, first)

    others = [id for id in EVENTS if id != first]
    assert states(order, "gateway", first, *others) == {
        "gateway": "COMPLETED",
        first: "COMPLETED",
        **dict.fromkeys(others, "TERMINATED"),
    }
    order.has_passed(end)
    assert order.has_ended
    assert subscriptions(engine) == []
    assert engine.signal("stop") == 0
    assert engine.message("paid", "order-1")["correlated"] is False
    # The task of the timer stays due, and ends without effect.
    engine.after("PT1H")
    timer = next(t for t in order.tasks() if t["bpmnElementId"] == "onTimer")
    assert timer["state"] == ("DONE" if first == "onTimer" else "CANCELED")


def occur(engine: Engine, element_id: str) -> None:
    match element_id:
        case "onMessage":
            engine.message("paid", "order-1")
        case "onSignal":
            assert engine.signal("stop") == 1
        case "onTimer":
            engine.after("PT1H")


@pytest.mark.parametrize("first", EVENTS)
def test_event_occurs_although_the_others_are_not_defined_yet(play: Play, engine: Engine, first: str) -> None:
    order = play("gateway/event-based.bpmn")
    completion = {"onMessage": MESSAGE, "onSignal": SIGNAL, "onTimer": TIMER}[first]
    order.complete_job(first, completion=completion)

    occur(engine, first)

    (gateway,) = order.element_instances("gateway")
    assert gateway["state"] == "COMPLETED"
    assert gateway["startedAt"] == gateway["endedAt"]
    assert order.has_ended
    other = next(id for id in EVENTS if id != first)
    assert order.complete_job(other, completion={})["state"] == "CANCELED"


def test_deployment_defines_the_events(engine: Engine) -> None:
    order = engine.start(
        engine.deploy(
            "gateway/event-based.bpmn",
            messages=[{"bpmnElementId": "onMessage", "messageName": "paid"}],
            signals=[{"bpmnElementId": "onSignal", "signalName": "stop"}],
            timers=[{"bpmnElementId": "onTimer", "timer": {"timeDuration": "PT1H"}}],
        )
    )
    (job,) = order.jobs()
    assert job["type"] == "SET_MESSAGE_CORRELATION_KEY"
    assert states(order, "gateway", *EVENTS) == dict.fromkeys(("gateway", *EVENTS), "CREATED")

    order.complete_job("onMessage", completion={"messageCorrelationKey": "order-1"})

    assert states(order, "gateway") == {"gateway": "STARTED"}


def test_message_in_the_buffer_wins_as_soon_as_its_event_is_defined(play: Play, engine: Engine) -> None:
    engine.message("paid", "order-1", expirationTimer={"timeDuration": "PT1H"})
    order = play("gateway/event-based.bpmn")

    order.complete_job("onMessage", completion=MESSAGE)

    order.has_passed("gateway", "onMessage", "messageEnd")
    assert order.has_ended


def test_two_events_that_have_occurred_leave_one_task_without_effect(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = defined(engine)
    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    message = engine.send(c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER))
    assert message["correlated"] is True

    order.run_due_tasks()

    order.has_passed("onSignal", "signalEnd")
    assert states(order, "onMessage", "onTimer") == {"onMessage": "TERMINATED", "onTimer": "TERMINATED"}
    by_element = {t["bpmnElementId"]: t["state"] for t in order.tasks()}
    assert by_element == {"onTimer": "CREATED", "onSignal": "DONE", "onMessage": "CANCELED"}
    assert engine.send(c.QueryMessages())["results"][0]["expiresAt"] == "2030-01-01T08:00:00.000Z"


def test_event_of_a_suspended_instance_wins_and_its_token_stops(engine: Engine) -> None:
    order = defined(engine)
    order.suspend()

    engine.message("paid", "order-1")

    assert states(order, "gateway", "messageEnd") == {"gateway": "COMPLETED", "messageEnd": "SUSPENDED"}
    order.resume()
    assert order.has_ended


def test_events_defined_while_the_instance_is_suspended(play: Play, engine: Engine) -> None:
    order = play("gateway/event-based.bpmn")
    order.suspend()
    for element_id, completion in zip(EVENTS, (MESSAGE, SIGNAL, TIMER), strict=True):
        order.complete_job(element_id, completion=completion)

    order.resume()

    assert states(order, "gateway", *EVENTS) == dict.fromkeys(EVENTS, "CREATED") | {"gateway": "STARTED"}
    assert engine.signal("stop") == 1
    assert order.has_ended


# Several boundary events


@pytest.mark.every_store
def test_activity_starts_once_all_of_its_boundary_events_are_defined(play: Play, engine: Engine) -> None:
    """Ids: the activity, its boundary events in document order, then its content."""
    order = play("boundary/all-kinds.bpmn")
    events = ["onSignal", "onTimer", "onMessage"]
    assert [t["bpmnElementId"] for t in order.element_instances()[2:]] == ["subProcess", *events]
    assert [job["type"] for job in order.jobs()] == ["SUBSCRIBE_SIGNAL", "SET_TIMER", "SUBSCRIBE_MESSAGE"]

    for element_id, completion in (("onMessage", MESSAGE), ("onTimer", TIMER), ("onSignal", SIGNAL)):
        assert states(order, "subProcess") == {"subProcess": "CREATED"}
        order.has_not_reached("innerStart")
        order.complete_job(element_id, completion=completion)

    assert states(order, "subProcess", *events) == dict.fromkeys(events, "CREATED") | {
        "subProcess": "STARTED"
    }
    assert [t["bpmnElementId"] for t in order.element_instances()[6:]] == ["innerStart", "serviceTask"]
    order.complete_job("serviceTask")
    assert states(order, *events) == dict.fromkeys(events, "TERMINATED")
    assert (order.has_ended, subscriptions(engine)) == (True, [])


@pytest.mark.every_store
def test_interrupted_scope_ends_with_all_that_is_inside_of_it(play: Play, engine: Engine) -> None:
    order = play("boundary/all-kinds.bpmn")
    for element_id, completion in (("onMessage", MESSAGE), ("onTimer", TIMER), ("onSignal", SIGNAL)):
        order.complete_job(element_id, completion=completion)
    engine.after("PT1H")
    assert order.states("onTimer") == ["COMPLETED", "CREATED"]

    engine.message("paid", "order-1")

    assert states(order, "subProcess", "serviceTask", "onSignal", "onMessage", "onTimer") == {
        "subProcess": "TERMINATED",
        "serviceTask": "TERMINATED",
        "onSignal": "TERMINATED",
        "onMessage": "COMPLETED",
        "onTimer": "COMPLETED TERMINATED",
    }
    assert (order.has_ended, subscriptions(engine)) == (True, [])
    assert order.complete_job("serviceTask")["state"] == "CANCELED"


def test_event_interrupts_an_activity_that_still_waits_for_the_others(play: Play, engine: Engine) -> None:
    order = play("boundary/all-kinds.bpmn")
    order.complete_job("onSignal", completion=SIGNAL)

    assert engine.signal("stop") == 1

    (activity,) = order.element_instances("subProcess")
    assert (activity["state"], "startedAt" in activity) == ("TERMINATED", False)
    assert order.has_ended
    assert order.complete_job("onMessage", completion=MESSAGE)["state"] == "CANCELED"
    assert subscriptions(engine) == []


def test_event_beside_an_activity_fires_while_it_still_waits_for_the_others(
    play: Play, engine: Engine
) -> None:
    order = play("boundary/all-kinds.bpmn")
    order.complete_job("onTimer", completion=TIMER)

    engine.after("PT1H")

    assert states(order, "subProcess", "onTimer") == {"subProcess": "CREATED", "onTimer": "COMPLETED CREATED"}
    order.complete_job("onMessage", completion=MESSAGE)
    order.complete_job("onSignal", completion=SIGNAL)
    assert states(order, "subProcess") == {"subProcess": "STARTED"}
    assert len(order.jobs("serviceTask")) == 1


@pytest.mark.every_store
def test_what_a_token_reaches_in_a_suspended_instance_begins_when_it_is_resumed(
    play: Play, engine: Engine
) -> None:
    """First an activity with boundary events, then a gateway with its events."""
    order = play("boundary/later.bpmn")
    order.suspend()
    order.complete_job("first")
    assert states(order, "second", "onSignal", "onMessage") == dict.fromkeys(
        ("second", "onSignal", "onMessage"), "SUSPENDED"
    )
    assert (engine.signal("stop"), order.jobs("onMessage")) == (0, [])

    order.resume()

    assert states(order, "second", "onSignal", "onMessage") == dict.fromkeys(
        ("second", "onSignal", "onMessage"), "CREATED"
    )
    assert order.jobs("second") == []
    order.complete_job("onMessage", completion=MESSAGE)
    assert states(order, "second") == {"second": "STARTED"}
    order.suspend()
    order.complete_job("second")
    assert states(order, "gateway", "onSignal", "onMessage") == {
        "gateway": "SUSPENDED",
        "onSignal": "TERMINATED",
        "onMessage": "TERMINATED",
    }
    order.has_not_reached("goOn")

    order.resume()

    assert states(order, "gateway", "goOn", "giveUp") == {
        "gateway": "STARTED",
        "goOn": "CREATED",
        "giveUp": "CREATED",
    }
    assert engine.signal("go") == 1
    assert states(order, "gateway", "giveUp") == {"gateway": "COMPLETED", "giveUp": "TERMINATED"}
    assert order.has_ended

"""Events that wait for a message, or start a process instance with one."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.step import MAX_TASKS
from tests.conftest import Play
from tests.play import WORKER, Engine, Order

KEPT = {"expirationTimer": {"timeDuration": "PT1H"}}


def paid(element_id: str) -> list[dict[str, Any]]:
    """The definition of the deploy command: the message is called paid."""
    return [{"bpmnElementId": element_id, "messageName": "paid"}]


def subscribe(order: Order, element_id: str, key: str = "order-1") -> dict[str, Any]:
    """Complete the job that asks for name and key, or for the key alone."""
    return order.complete_job(element_id, completion={"messageName": "paid", "messageCorrelationKey": key})


def waiting(engine: Engine, model: str = "message/catch.bpmn", key: str = "order-1") -> Order:
    """An instance that waits for the message paid."""
    element_id = "catchEvent" if "catch" in model else "boundaryEvent"
    order = engine.start(engine.deploy(model, messages=paid(element_id)))
    order.complete_job(element_id, completion={"messageCorrelationKey": key})
    return order


def messages(engine: Engine, **criteria: Any) -> list[dict[str, Any]]:
    engine.env = engine.environment()
    return engine.send(c.QueryMessages(**criteria))["results"]


def subscriptions(engine: Engine, **criteria: Any) -> list[dict[str, Any]]:
    engine.env = engine.environment()
    return engine.send(c.QueryMessageSubscriptions(**criteria))["results"]


# Jobs ask for name and key


@pytest.mark.every_store
def test_job_subscribes_a_catch_event(play: Play, engine: Engine) -> None:
    order = play("message/catch.bpmn")
    (job,) = order.jobs("catchEvent")
    assert (job["type"], order.states("catchEvent")) == ("SUBSCRIBE_MESSAGE", ["CREATED"])
    assert subscriptions(engine) == []

    subscribe(order, "catchEvent")

    assert order.states("catchEvent") == ["STARTED"]
    assert order.tasks() == []
    (subscription,) = subscriptions(engine)
    (token,) = order.element_instances("catchEvent")
    assert subscription == {
        "id": 1,
        "partition": order.partition,
        "processId": 1,
        "processInstanceId": order.id,
        "elementId": token["elementId"],
        "elementInstanceId": token["id"],
        "bpmnElementId": "catchEvent",
        "createdAt": "2030-01-01T08:00:00.000Z",
        "createdBy": WORKER,
        "name": "paid",
        "correlationKey": "order-1",
    }
    engine.clock.advance("PT1M")
    engine.message("paid", "order-1")

    assert order.has_ended
    order.has_passed("catchEvent", "endEvent")
    (task,) = order.tasks()
    assert (task["type"], task["state"], task["bpmnElementId"]) == ("TRIGGER_EVENT", "DONE", "catchEvent")
    assert task["createdAt"] == "2030-01-01T08:01:00.000Z"
    assert subscriptions(engine) == []


@pytest.mark.parametrize("model", ["message/catch.bpmn", "message/xml.bpmn"])
def test_job_gives_the_key_where_the_name_is_known(engine: Engine, model: str) -> None:
    definitions = paid("catchEvent") if model == "message/catch.bpmn" else []
    order = engine.start(engine.deploy(model, messages=definitions))
    (job,) = order.jobs("catchEvent")
    assert (job["type"], order.states("catchEvent")) == ("SET_MESSAGE_CORRELATION_KEY", ["CREATED"])

    order.complete_job("catchEvent", completion={"messageCorrelationKey": "order-1"})

    assert [(s["name"], s["correlationKey"]) for s in subscriptions(engine)] == [("paid", "order-1")]
    engine.message("paid", "order-1")
    assert order.has_ended


@pytest.mark.parametrize(
    ("completion", "error"),
    [
        ({}, "expected a message name"),
        ({"messageCorrelationKey": "order-1"}, "expected a message name"),
        ({"messageName": "paid"}, "expected a message correlation key"),
    ],
)
def test_missing_name_or_key_is_a_job_error(
    play: Play, engine: Engine, completion: dict[str, str], error: str
) -> None:
    order = play("message/catch.bpmn")

    job = order.complete_job("catchEvent", completion=completion, retryLimit=1)

    assert (job["state"], job["error"]) == ("CAUSED_RETRY", error)
    assert (order.states("catchEvent"), subscriptions(engine)) == (["CREATED"], [])
    subscribe(order, "catchEvent")
    assert order.states("catchEvent") == ["STARTED"]


@pytest.mark.every_store
def test_activity_waits_for_the_key_of_its_boundary_event(play: Play, engine: Engine) -> None:
    order = play("message/boundary.bpmn")
    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["CREATED"], ["CREATED"])
    assert [job["type"] for job in order.jobs()] == ["SUBSCRIBE_MESSAGE"]

    subscribe(order, "boundaryEvent")

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["STARTED"], ["CREATED"])
    order.complete_job("serviceTask")
    assert order.states("boundaryEvent") == ["TERMINATED"]
    assert (order.has_ended, subscriptions(engine)) == (True, [])
    # Nobody is left to take it.
    assert engine.message("paid", "order-1", **KEPT)["correlated"] is False


# Who takes a message


@pytest.mark.every_store
def test_message_is_taken_by_one_subscriber_of_its_name_and_key(engine: Engine) -> None:
    first, second = waiting(engine), waiting(engine)
    other = waiting(engine, key="order-2")

    engine.message("refunded", "order-1")
    assert not any(order.has_ended for order in (first, second, other))
    engine.message("paid", "order-1")

    assert (first.has_ended, second.has_ended, other.has_ended) == (True, False, False)
    engine.message("paid", "order-1")
    engine.message("paid", "order-2")
    assert second.has_ended
    assert other.has_ended


@pytest.mark.every_store
def test_names_and_keys_of_subscribers_are_never_mixed_up(engine: Engine) -> None:
    pairs = [("a#b", "c"), ("a", "b#c"), ('a","', "c"), ("a", '","c'), ("ก ข", "é\n")]
    orders = []
    process = engine.deploy("message/catch.bpmn")
    for name, key in pairs:
        order = engine.start(process)
        order.complete_job("catchEvent", completion={"messageName": name, "messageCorrelationKey": key})
        orders.append(order)

    for (name, key), order in zip(pairs, orders, strict=True):
        engine.message(name, key)
        assert [o.has_ended for o in orders] == [o.id <= order.id for o in orders]


@pytest.mark.every_store
def test_new_subscriber_takes_the_oldest_message_of_the_buffer(engine: Engine) -> None:
    expired, *kept = (
        engine.message("paid", "order-1", expirationTimer={"timeDuration": f"PT{minutes}M"})
        for minutes in (10, 60, 60, 60)
    )
    engine.clock.advance("PT10M")

    orders = [waiting(engine) for _ in range(4)]
    engine.let_arrive()

    assert [order.has_ended for order in orders] == [True, True, True, False]
    by_id = {message["id"]: message for message in messages(engine)}
    assert (by_id[expired["id"]]["correlated"], by_id[expired["id"]]["expiresAt"]) == (
        False,
        expired["expiresAt"],
    )
    for message in kept:
        assert by_id[message["id"]]["correlated"] is True
        # It has done its work.
        assert by_id[message["id"]]["expiresAt"] == "2030-01-01T08:10:00.000Z"


def test_who_waits_no_more_does_not_stay_in_the_slot(engine: Engine) -> None:
    """A subscription that has been taken, one whose activity is completed, and one that was interrupted."""
    taken, completed = waiting(engine), waiting(engine, "message/boundary.bpmn", key="order-2")
    beside = waiting(engine, "message/boundary-beside.bpmn", key="order-3")
    engine.message("paid", "order-1")
    completed.complete_job("serviceTask")
    engine.message("paid", "order-3")
    beside.complete_job("serviceTask")
    assert all(order.has_ended for order in (taken, completed, beside))

    for key in ("order-1", "order-2", "order-3"):
        assert engine.env.store.message_slot("paid", key).subscribers == []


def test_deferred_message_has_no_expiry_until_its_task_has_run(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = waiting(engine)

    message = engine.send(c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER, **KEPT))

    assert message["correlated"] is True
    assert "expiresAt" not in message
    assert messages(engine, excludeExpired=True) == [message]
    assert order.states("catchEvent") == ["STARTED"]
    assert subscriptions(engine) == []
    second = engine.send(c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER))
    assert second["correlated"] is False
    engine.clock.advance("PT1M")
    order.run_due_tasks()
    assert messages(engine)[0]["expiresAt"] == "2030-01-01T08:01:00.000Z"
    assert order.has_ended


def test_message_whose_target_has_ended_expires_with_its_cancelled_task(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = waiting(engine, "message/boundary.bpmn")
    engine.send(c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER, **KEPT))
    job = order.lock_job("serviceTask")
    engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))
    assert (order.has_ended, order.states("boundaryEvent")) == (True, ["TERMINATED"])
    assert "expiresAt" not in messages(engine)[0]
    engine.clock.advance("PT1M")

    order.run_due_tasks()

    assert [task["state"] for task in order.tasks()] == ["CANCELED"]
    assert messages(engine)[0]["expiresAt"] == "2030-01-01T08:01:00.000Z"


# Boundary events


@pytest.mark.every_store
def test_message_interrupts_an_activity(engine: Engine) -> None:
    order = waiting(engine, "message/boundary.bpmn")

    engine.message("paid", "order-1")

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["TERMINATED"], ["COMPLETED"])
    order.has_passed("boundaryEnd")
    assert order.has_ended


@pytest.mark.every_store
def test_event_beside_an_activity_subscribes_again_after_each_message(engine: Engine) -> None:
    order = waiting(engine, "message/boundary-beside.bpmn")

    for count in (1, 2, 3):
        assert engine.message("paid", "order-1")["correlated"] is True
        assert order.states("boundaryEvent") == ["COMPLETED"] * count + ["CREATED"]
        assert order.states("boundaryEnd") == ["COMPLETED"] * count

    assert len(order.jobs("boundaryEvent")) == 1
    assert [s["elementInstanceId"] for s in subscriptions(engine)] == [
        order.element_instances("boundaryEvent")[-1]["id"]
    ]
    ids = [(t["id"], t["bpmnElementId"]) for t in order.element_instances()[3:]]
    assert [name for _, name in sorted(ids)] == ["boundaryEvent", *["boundaryEvent", "boundaryEnd"] * 3]
    order.complete_job("serviceTask")
    assert order.has_ended
    assert subscriptions(engine) == []


def test_event_beside_an_activity_takes_all_that_is_buffered(engine: Engine) -> None:
    for _ in range(3):
        engine.message("paid", "order-1", **KEPT)

    order = waiting(engine, "message/boundary-beside.bpmn")

    # It lets its activity start.
    assert order.states("serviceTask") == ["STARTED"]
    assert len(order.jobs("serviceTask")) == 1
    assert order.states("boundaryEvent") == ["COMPLETED"] * 3 + ["CREATED"]
    assert all(message["correlated"] for message in messages(engine))


def test_more_messages_than_one_command_may_work_on_are_all_taken(engine: Engine) -> None:
    """A hundred tasks run inside of the command; the executor does the rest."""
    for number in range(130):
        engine.message("paid", "order-1", variables={"n": _text(str(number))}, **KEPT)

    order = waiting(engine, "message/boundary-beside.bpmn")

    if engine.is_eager:
        assert order.states("boundaryEvent").count("COMPLETED") == MAX_TASKS
    engine.after("PT0S")
    assert order.states("boundaryEvent") == ["COMPLETED"] * 130 + ["CREATED"]
    assert order.variables() == {"n": "129"}
    assert all(message["correlated"] and "expiresAt" in message for message in messages(engine))


def test_interrupting_event_that_finds_a_message_keeps_its_activity_from_starting(engine: Engine) -> None:
    engine.message("paid", "order-1", **KEPT)
    order = engine.start(engine.deploy("message/boundary.bpmn", messages=paid("boundaryEvent")))
    job = order.lock_job("boundaryEvent")

    engine.send(
        c.CompleteJob(
            partition=order.partition,
            id=job["id"],
            workerId=WORKER,
            completion={"messageCorrelationKey": "order-1"},
        )
    )

    assert order.states("serviceTask") == ["TERMINATED" if engine.is_eager else "CREATED"]
    assert order.jobs("serviceTask") == []
    order.run_due_tasks()
    (activity,) = order.element_instances("serviceTask")
    assert activity["state"] == "TERMINATED"
    assert "startedAt" not in activity
    assert order.states("boundaryEvent") == ["COMPLETED"]
    assert order.jobs("serviceTask") == []
    assert order.has_ended


# Start events


@pytest.mark.every_store
def test_message_starts_an_instance_that_it_lasts_as_long_as(engine: Engine) -> None:
    engine.deploy("message/start.bpmn", messages=paid("startEvent"))

    message = engine.message("paid", "order-1", uniqueKey="u")

    assert message["correlated"] is True
    (order,) = engine.instances()
    assert order.state()["correlationKey"] == "order-1"
    order.waits_at("serviceTask")
    (task,) = order.tasks()
    assert (task["type"], task["state"], task["bpmnElementId"]) == ("TRIGGER_EVENT", "DONE", "startEvent")
    (stored,) = messages(engine)
    assert (stored["id"], stored["correlated"], "expiresAt" in stored) == (message["id"], True, False)
    # Its unique key makes a singleton.
    assert engine.message("paid", "order-1", uniqueKey="u")["id"] == message["id"]
    assert len(engine.instances()) == 1
    engine.message("paid", "order-2", uniqueKey="u")
    assert len(engine.instances()) == 2
    engine.clock.advance("PT1M")

    order.complete_job("serviceTask")

    assert messages(engine, id=message["id"])[0]["expiresAt"] == "2030-01-01T08:01:00.000Z"
    assert engine.message("paid", "order-1", uniqueKey="u")["id"] != message["id"]
    assert len(engine.instances()) == 3


@pytest.mark.every_store
def test_message_that_expires_starts_an_instance_without_correlation_key(engine: Engine) -> None:
    engine.deploy("message/start.bpmn", messages=paid("startEvent"))

    engine.message("paid", "order-1", uniqueKey="u", **KEPT)

    (order,) = engine.instances()
    assert "correlationKey" not in order.state()
    assert messages(engine)[0]["expiresAt"] == "2030-01-01T08:00:00.000Z"
    engine.message("paid", "order-1", uniqueKey="u", **KEPT)
    assert len(engine.instances()) == 2


def test_deferred_start_makes_its_instance_with_its_task(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    engine.deploy("message/start.bpmn", messages=paid("startEvent"))
    message = engine.send(c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER, **KEPT))
    assert (message["correlated"], "expiresAt" in message) == (True, False)
    assert engine.instances() == []
    engine.clock.advance("P1D")

    (done,) = engine.send(c.ExecuteTasks(limit=1))["completedTasks"]

    (order,) = engine.instances()
    assert (done["partition"], done["processInstanceId"]) == (order.partition, order.id)
    assert order.partition == "2030-01-01"
    assert order.state()["createdAt"] == "2030-01-02T08:00:00.000Z"
    assert messages(engine)[0]["expiresAt"] == "2030-01-02T08:00:00.000Z"


def test_deferred_start_that_is_suspended_meanwhile_makes_no_instance(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    old = engine.deploy("message/start.bpmn", messages=paid("startEvent"))
    engine.send(c.SendMessage(name="paid", correlationKey="order-1", uniqueKey="u", workerId=WORKER))
    xml = engine.send(c.GetBpmnXml(id=old["id"])).decode()
    engine.deploy_xml(xml, version="2", messages=paid("startEvent"))
    engine.clock.advance("PT1M")

    (done,) = engine.run_all_due_tasks()

    assert (done["state"], "processInstanceId" in done) == ("DONE", False)
    assert engine.instances() == []
    assert messages(engine)[0]["expiresAt"] == "2030-01-01T08:01:00.000Z"
    engine.message("paid", "order-1", uniqueKey="u")
    assert [order.state()["version"] for order in engine.instances()] == ["2"]


def test_subscriber_comes_before_a_start_event_and_both_before_the_buffer(engine: Engine) -> None:
    engine.message("paid", "order-1", **KEPT)
    order = waiting(engine)
    engine.let_arrive()
    assert order.has_ended
    order = waiting(engine)
    engine.deploy("message/start.bpmn", messages=paid("startEvent"))

    engine.message("paid", "order-1", **KEPT)
    assert order.has_ended
    assert len(engine.instances()) == 2
    engine.message("paid", "order-1", **KEPT)

    assert len(engine.instances()) == 3
    assert all(message["correlated"] for message in messages(engine))


def test_message_left_in_the_buffer_starts_nothing_later(engine: Engine) -> None:
    engine.message("paid", "order-1", **KEPT)

    engine.deploy("message/start.bpmn", messages=paid("startEvent"))
    engine.let_arrive()

    assert engine.instances() == []


def test_newest_version_alone_is_started(engine: Engine) -> None:
    old = engine.deploy("message/start.bpmn", messages=paid("startEvent"))
    xml = engine.send(c.GetBpmnXml(id=old["id"])).decode()
    engine.deploy_xml(xml, version="2", messages=[{"bpmnElementId": "startEvent", "messageName": "ordered"}])
    assert [
        (e["processId"], e["eventDefinition"])
        for e in engine.send(c.QueryElements(bpmnElementId="startEvent"))["results"]
    ] == [
        (1, {"suspended": True, "messageName": "paid"}),
        (2, {"suspended": False, "messageName": "ordered"}),
    ]

    assert engine.message("paid", "order-1")["correlated"] is False
    assert engine.message("ordered", "order-1")["correlated"] is True

    assert [order.state()["version"] for order in engine.instances()] == ["2"]


def test_message_beyond_the_limit_makes_an_instance_that_waits_for_its_turn(engine: Engine) -> None:
    engine.deploy("message/start.bpmn", messages=paid("startEvent"), parallelism=1)
    for number in (1, 2):
        engine.message("paid", f"order-{number}", uniqueKey="u", variables={"n": _text(str(number))})
    first, second = engine.instances()
    assert second.state()["state"] == "QUEUED"
    assert [(t["bpmnElementId"], t["state"]) for t in second.element_instances()] == [
        ("messageStartTest", "QUEUED"),
        ("startEvent", "QUEUED"),
    ]
    assert second.variables() == {"n": "2"}
    assert "expiresAt" not in messages(engine)[1]

    first.complete_job("serviceTask")
    engine.let_arrive()

    second.waits_at("serviceTask")
    second.complete_job("serviceTask")
    assert all(message["expiresAt"] for message in messages(engine))


def test_next_in_the_queue_starts_when_a_message_ends_the_one_before(engine: Engine) -> None:
    process = engine.deploy("message/catch.bpmn", parallelism=1)
    first, second = engine.start(process), engine.start(process)
    subscribe(first, "catchEvent")

    engine.message("paid", "order-1")

    assert first.has_ended
    assert second.state()["state"] == "STARTED"


# Variables


def _text(value: str, **fields: Any) -> dict[str, Any]:
    return {"encoding": "text", "value": value, **fields}


@pytest.mark.every_store
def test_variables_of_a_message_are_set_at_process_scope_when_it_triggers(engine: Engine) -> None:
    process = engine.deploy("message/boundary.bpmn")
    order = engine.start(process, variables={"a": _text("old"), "b": _text("old"), "c": _text("old")})
    subscribe(order, "boundaryEvent")
    answer = engine.send(
        c.SendMessage(
            name="paid",
            correlationKey="order-1",
            workerId=WORKER,
            variables={"a": _text("new"), "b": None, "d": _text("new")},
        )
    )
    assert "variables" not in answer
    if not engine.is_eager:
        assert order.variables() == {"a": "old", "b": "old", "c": "old"}

    engine.let_arrive()

    assert order.variables() == {"a": "new", "c": "old", "d": "new"}
    assert order.has_ended


def test_variables_of_a_buffered_message_wait_with_it(engine: Engine) -> None:
    engine.message("paid", "order-1", variables={"a": _text("1")}, **KEPT)

    order = waiting(engine)

    assert order.has_ended
    assert order.variables() == {"a": "1"}
    # What has been taken over is not kept twice.
    assert '"a"' not in json.dumps(order.tasks())


def test_variables_of_a_message_start_with_its_instance(engine: Engine) -> None:
    engine.deploy("message/start.bpmn", messages=paid("startEvent"))

    engine.message("paid", "order-1", variables={"a": _text("1"), "b": None})

    (order,) = engine.instances()
    assert order.variables() == {"a": "1"}


@pytest.mark.parametrize("is_buffered", [True, False])
def test_encrypted_variable_of_a_message_is_never_stored_in_clear(
    engine: Engine, *, is_buffered: bool
) -> None:
    recording = engine.record()
    engine.settings = replace(engine.settings, encryption_keys=(bytes(32),))
    engine.env = engine.environment()
    variables = {"card": _text("4111-1111", encrypted=True)}
    if is_buffered:
        engine.message("paid", "order-1", variables=variables, **KEPT)
        order = waiting(engine)
    else:
        order = waiting(engine)
        engine.send(
            c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER, variables=variables)
        )
        assert "4111" not in json.dumps(order.tasks())
        engine.let_arrive()

    assert order.variables() == {"card": "4111-1111"}
    assert order.has_ended
    assert not any(b"4111" in body for body in recording.bodies)


# Suspended instances


def test_message_reaches_a_suspended_instance_and_its_token_stops(engine: Engine) -> None:
    order = waiting(engine)
    order.suspend()

    engine.message("paid", "order-1")

    assert (order.states("catchEvent"), order.states("endEvent")) == (["COMPLETED"], ["SUSPENDED"])
    order.resume()
    assert order.has_ended


def test_key_given_while_the_instance_is_suspended_subscribes_at_once(engine: Engine) -> None:
    order = engine.start(engine.deploy("message/boundary.bpmn"))
    order.suspend()

    subscribe(order, "boundaryEvent")

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["SUSPENDED"], ["CREATED"])
    assert len(subscriptions(engine)) == 1
    order.resume()
    assert order.states("serviceTask") == ["STARTED"]
    engine.message("paid", "order-1")
    assert order.has_ended


def test_interrupting_event_that_finds_a_message_in_a_suspended_instance(engine: Engine) -> None:
    engine.message("paid", "order-1", **KEPT)
    order = engine.start(engine.deploy("message/boundary.bpmn"))
    order.suspend()

    subscribe(order, "boundaryEvent")

    assert (order.states("serviceTask"), order.states("boundaryEnd")) == (["TERMINATED"], ["SUSPENDED"])
    order.resume()
    assert (order.has_ended, order.jobs("serviceTask")) == (True, [])


# Queries


@pytest.mark.every_store
def test_subscriptions_are_found_by_instance_name_and_key(engine: Engine) -> None:
    first, second = waiting(engine), waiting(engine, key="order-2")
    engine.deploy("message/start.bpmn", messages=paid("startEvent"))

    def found(**criteria: Any) -> list[int]:
        return [s["processInstanceId"] for s in subscriptions(engine, **criteria)]

    # Start events have no subscription.
    assert found() == [first.id, second.id]
    assert found(processInstanceId=second.id) == [second.id]
    assert found(partition=first.partition, name="paid") == [first.id, second.id]
    assert found(correlationKey="order-1") == [first.id]
    assert found(name="refunded") == []
    assert found(limit=1, offset=1) == [second.id]
    assert engine.send(c.QuerySignalSubscriptions(partition=first.partition))["results"] == []

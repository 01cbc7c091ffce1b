"""Timers: set by the model, the deployment or a job; they fire when somebody executes what is due."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import WORKER, Engine, Order

HOUR = {"timeDuration": "PT1H"}


def timers(timer: dict[str, str], element_id: str = "boundaryEvent") -> list[dict[str, Any]]:
    """Definitions of the deploy command."""
    return [{"bpmnElementId": element_id, "timer": timer}]


def set_timer(order: Order, element_id: str, timer: dict[str, str] | None = HOUR) -> dict[str, Any]:
    return order.complete_job(element_id, completion={"timer": timer})


def due_times(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["dueAt"][11:16] for task in tasks]


def instances(engine: Engine) -> list[dict[str, Any]]:
    engine.env = engine.environment()
    return engine.send(c.QueryProcessInstances())["results"]


def tasks(engine: Engine, **criteria: Any) -> list[dict[str, Any]]:
    engine.env = engine.environment()
    return engine.send(c.QueryTasks(**criteria))["results"]


# Catch events


@pytest.mark.every_store
def test_job_sets_the_timer_of_a_catch_event(play: Play, engine: Engine) -> None:
    order = play("timer/catch.bpmn")
    (job,) = order.jobs("catchEvent")
    assert (job["type"], order.states("catchEvent")) == ("SET_TIMER", ["CREATED"])
    (created,) = order.element_instances("catchEvent")
    assert "startedAt" not in created

    assert set_timer(order, "catchEvent")["state"] == "DONE"

    assert order.states("catchEvent") == ["STARTED"]
    (task,) = order.tasks()
    assert (task["type"], task["state"]) == ("TRIGGER_EVENT", "CREATED")
    assert (task["bpmnElementId"], task["dueAt"]) == ("catchEvent", "2030-01-01T09:00:00.000Z")
    assert engine.after("PT59M") == []
    (done,) = engine.after("PT1M")
    assert (done["state"], done["lockedBy"]) == ("DONE", "default-engine")
    assert done["completedAt"] == "2030-01-01T09:00:00.000Z"
    order.has_passed("catchEvent", "endEvent")
    assert order.has_ended


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        ({"time": "2030-01-01T11:30:00+02:00"}, "2030-01-01T09:30:00.000Z"),
        ({"time": "2029-12-31T00:00:00Z"}, "2029-12-31T00:00:00.000Z"),
        ({"timeDuration": "PT0.5S"}, "2030-01-01T08:00:00.500Z"),
        ({"timeDuration": "P1M"}, "2030-02-01T08:00:00.000Z"),
        ({"timeCycle": "0 9 * * *"}, "2030-01-01T09:00:00.000Z"),
        ({"timeCycle": "CRON_TZ=Europe/Berlin 30 10 * * *"}, "2030-01-01T09:30:00.000Z"),
        ({"timeCycle": "R3/PT10M"}, "2030-01-01T08:10:00.000Z"),
        ({"timeCycle": "R/P1W"}, "2030-01-08T08:00:00.000Z"),
    ],
)
@pytest.mark.parametrize("is_deployed", [True, False])
def test_timer_is_a_time_a_duration_or_a_cycle(
    engine: Engine, timer: dict[str, str], due: str, *, is_deployed: bool
) -> None:
    definitions = timers(timer, "catchEvent") if is_deployed else []
    order = engine.start(engine.deploy("timer/catch.bpmn", timers=definitions))
    if not is_deployed:
        set_timer(order, "catchEvent", timer)
    assert not (is_deployed and order.jobs())

    (task,) = order.tasks()

    assert task["dueAt"] == due
    engine.after("P40D")
    # At a catch event, a cycle fires once, too.
    assert order.has_ended
    assert len(order.tasks()) == 1


def test_timer_in_the_past_fires_at_once(play: Play, engine: Engine) -> None:
    order = play("timer/catch.bpmn")

    set_timer(order, "catchEvent", {"time": "2029-12-31T00:00:00Z"})

    assert order.has_ended


def test_missing_timer_is_a_job_error(play: Play) -> None:
    order = play("timer/catch.bpmn")

    job = set_timer(order, "catchEvent", None)

    assert (job["state"], job["error"]) == ("CAUSED_INCIDENT", "expected a timer")
    assert order.states("catchEvent") == ["CREATED"]


def test_timer_beyond_the_calendar_is_a_job_error(play: Play) -> None:
    order = play("timer/catch.bpmn")

    job = set_timer(order, "catchEvent", {"timeDuration": "P7999Y"})

    assert job["state"] == "CAUSED_INCIDENT"
    assert "P7999Y" in job["error"]


def test_months_end_with_the_month_and_a_zone_keeps_its_clock(engine: Engine) -> None:
    """From 31 January; in Berlin clocks are set forward on 31 March 2030."""
    engine.clock.advance("P30D")
    month = engine.start(
        engine.deploy("timer/catch.bpmn", timers=timers({"timeDuration": "P1M"}, "catchEvent"))
    )
    assert month.tasks()[0]["dueAt"] == "2030-02-28T08:00:00.000Z"

    berlin = timers({"timeCycle": "CRON_TZ=Europe/Berlin 0 8 * * *"})
    daily = engine.start(engine.deploy("timer/boundary-beside.bpmn", timers=berlin))
    engine.after("P60D")

    due = [task["dueAt"][:16] for task in daily.tasks()]
    assert (due[0], due[-1]) == ("2030-02-01T07:00", "2030-04-02T06:00")
    assert due.index("2030-03-31T06:00") == due.index("2030-03-30T07:00") + 1


# Boundary events


@pytest.mark.every_store
def test_activity_waits_for_the_timer_of_its_boundary_event(play: Play, engine: Engine) -> None:
    order = play("timer/boundary.bpmn")
    _, _, activity, event = order.element_instances()
    assert (activity["bpmnElementId"], event["bpmnElementId"]) == ("serviceTask", "boundaryEvent")
    assert activity["state"] == event["state"] == "CREATED"
    assert [job["type"] for job in order.jobs()] == ["SET_TIMER"]
    engine.clock.advance("PT1M")

    set_timer(order, "boundaryEvent")

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["STARTED"], ["CREATED"])
    (activity,) = order.element_instances("serviceTask")
    assert activity["startedAt"] == "2030-01-01T08:01:00.000Z"
    assert [job["type"] for job in order.jobs()] == ["SET_TIMER", "EXECUTE"]
    assert order.tasks()[0]["dueAt"] == "2030-01-01T09:01:00.000Z"


@pytest.mark.every_store
def test_interrupting_timer_ends_its_activity(engine: Engine) -> None:
    order = engine.start(engine.deploy("timer/boundary.bpmn", timers=timers(HOUR)))
    job = order.lock_job("serviceTask")

    engine.after("PT1H")

    assert order.states("serviceTask") == ["TERMINATED"]
    order.has_passed("boundaryEvent", "boundaryEnd")
    order.has_not_reached("endEvent")
    assert order.has_ended
    answer = engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))
    assert (answer["state"], answer["completedAt"]) == ("CANCELED", "2030-01-01T09:00:00.000Z")


def test_completed_activity_ends_its_timer_and_the_task_stays_due(engine: Engine) -> None:
    order = engine.start(engine.deploy("timer/boundary.bpmn", timers=timers(HOUR)))

    order.complete_job("serviceTask")

    assert order.states("boundaryEvent") == ["TERMINATED"]
    assert order.has_ended
    engine.clock.advance("PT1H")
    assert [task["state"] for task in order.tasks()] == ["DUE"]
    (task,) = engine.after("PT1H")
    assert task["state"] == "CANCELED"
    assert order.tasks() == [task]
    order.has_not_reached("boundaryEnd")


@pytest.mark.every_store
@pytest.mark.parametrize("is_deployed", [True, False])
def test_duration_beside_an_activity_counts_again_from_each_firing(
    engine: Engine, *, is_deployed: bool
) -> None:
    process = engine.deploy("timer/boundary-beside.bpmn", timers=timers(HOUR) if is_deployed else [])
    order = engine.start(process)
    if not is_deployed:
        set_timer(order, "boundaryEvent")

    engine.after("PT1H5M")

    assert order.states("boundaryEvent") == ["COMPLETED", "CREATED"]
    assert due_times(order.tasks()) == ["09:00", "10:05"]
    fired, again, end = order.element_instances()[3:]
    assert [fired["bpmnElementId"], again["bpmnElementId"], end["bpmnElementId"]] == [
        "boundaryEvent",
        "boundaryEvent",
        "boundaryEnd",
    ]
    assert again["createdAt"] == fired["endedAt"] == "2030-01-01T09:05:00.000Z"
    engine.after("PT3H")
    assert due_times(order.tasks()) == ["09:00", "10:05", "13:05"]
    order.waits_at("serviceTask", "boundaryEvent")
    order.complete_job("serviceTask")
    assert order.has_ended
    assert len(order.jobs("boundaryEvent")) == (0 if is_deployed else 1)


@pytest.mark.parametrize("is_deployed", [True, False])
@pytest.mark.parametrize(
    ("timer", "due"),
    [
        ({"timeCycle": "R3/PT1H"}, ["09:00", "10:00", "11:00"]),
        ({"timeCycle": "R/PT2H"}, ["10:00", "12:00", "14:00"]),
        ({"timeCycle": "15 */2 * * *"}, ["08:15", "10:15", "12:15", "14:15"]),
        ({"time": "2030-01-01T09:00:00Z"}, ["09:00"]),
    ],
)
def test_moved_clock_fires_each_tick_of_a_cycle_in_order(
    engine: Engine, timer: dict[str, str], due: list[str], *, is_deployed: bool
) -> None:
    process = engine.deploy("timer/boundary-beside.bpmn", timers=timers(timer) if is_deployed else [])
    order = engine.start(process)
    if not is_deployed:
        set_timer(order, "boundaryEvent", timer)

    engine.after("PT5H5M")

    fired = [task for task in order.tasks() if task["state"] == "DONE"]
    assert due_times(fired) == [at for at in due if at < "13:05"]
    assert due_times(order.tasks()) == due
    assert order.states("boundaryEnd") == ["COMPLETED"] * len(fired)


def test_xml_says_how_often_a_timer_beside_an_activity_fires(play: Play, engine: Engine) -> None:
    order = play("timer/xml.bpmn")
    assert [t["bpmnElementId"] for t in order.element_instances()[2:]] == [
        "serviceTask",
        "once",
        "twice",
        "atNoon",
        "hourly",
    ]

    engine.after("PT4H10M")

    assert {id: len(order.states(id)) for id in ("once", "twice", "atNoon", "hourly")} == {
        "once": 1,
        "twice": 2,
        "atNoon": 1,
        "hourly": 5,
    }
    order.waits_at("serviceTask", "hourly")


# Start events


@pytest.mark.every_store
def test_each_tick_of_a_start_event_makes_an_instance_and_the_next_task(engine: Engine) -> None:
    process = engine.deploy("timer/start.bpmn", timers=timers({"timeCycle": "0 * * * *"}, "startEvent"))
    (task,) = tasks(engine)
    assert task == {
        "partition": "2030-01-01",
        "id": 1,
        "processId": process["id"],
        "elementId": 2,
        "bpmnElementId": "startEvent",
        "createdAt": "2030-01-01T08:00:00.000Z",
        "createdBy": WORKER,
        "dueAt": "2030-01-01T09:00:00.000Z",
        "retryCount": 0,
        "state": "CREATED",
        "type": "TRIGGER_EVENT",
    }
    assert instances(engine) == []

    (done,) = engine.after("PT1H30M")

    (instance,) = instances(engine)
    assert (done["state"], done["processInstanceId"]) == ("DONE", instance["id"])
    assert (instance["partition"], instance["state"]) == ("2030-01-01", "STARTED")
    assert instance["createdAt"] == instance["startedAt"] == "2030-01-01T09:30:00.000Z"
    assert "correlationKey" not in instance
    order = Order(engine, instance["partition"], instance["id"])
    order.waits_at("serviceTask")
    order.has_passed("startEvent")
    following = tasks(engine)[1]
    assert following["dueAt"] == "2030-01-01T10:00:00.000Z"
    assert "processInstanceId" not in following
    order.complete_job("serviceTask")
    assert order.has_ended


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        ({"timeCycle": "R3/PT1H"}, ["09:00", "10:00", "11:00"]),
        ({"timeCycle": "R/PT2H"}, ["10:00", "12:00", "14:00"]),
        ({"timeDuration": "PT2H"}, ["10:00", "12:00", "14:00"]),
        ({"time": "2030-01-01T09:00:00Z"}, ["09:00"]),
    ],
)
def test_next_tick_of_a_start_event_counts_from_when_the_last_was_due(
    engine: Engine, timer: dict[str, str], due: list[str]
) -> None:
    engine.deploy("timer/start.bpmn", timers=timers(timer, "startEvent"))

    engine.after("PT5H5M")

    assert due_times(tasks(engine)) == due
    done = [task for task in tasks(engine) if task["state"] == "DONE"]
    assert due_times(done) == [at for at in due if at < "13:05"]
    assert [task["processInstanceId"] for task in done] == [found["id"] for found in instances(engine)]


def test_start_that_is_hundreds_of_ticks_behind_catches_up_bit_by_bit(engine: Engine) -> None:
    """No transaction holds them all, and a limit of tasks to execute is one."""
    engine.deploy("timer/start.bpmn", timers=timers({"timeCycle": "R/PT1M"}, "startEvent"))
    recording = engine.record()
    engine.clock.advance("PT5H")

    engine.send(c.ExecuteTasks(limit=1))

    assert len(instances(engine)) <= 101
    engine.after("PT0S")
    assert len(instances(engine)) == 300
    assert recording.largest_transaction <= 10


def test_task_of_a_start_has_the_date_it_was_made_and_its_instance_too(engine: Engine) -> None:
    engine.deploy("timer/start.bpmn", timers=timers({"timeCycle": "0 0 * * *"}, "startEvent"))

    for _ in range(2):
        engine.after("P1D")

    assert [(t["partition"], t["dueAt"][:10]) for t in tasks(engine)] == [
        ("2030-01-01", "2030-01-02"),
        ("2030-01-02", "2030-01-03"),
        ("2030-01-03", "2030-01-04"),
    ]
    assert [(i["partition"], i["createdAt"][:10]) for i in instances(engine)] == [
        ("2030-01-01", "2030-01-02"),
        ("2030-01-02", "2030-01-03"),
    ]


def test_start_in_the_past_makes_its_instance_with_the_deployment(engine: Engine) -> None:
    engine.deploy("timer/start.bpmn", timers=timers({"time": "2029-12-31T00:00:00Z"}, "startEvent"))
    engine.let_arrive()

    (instance,) = instances(engine)
    assert instance["partition"] == "2030-01-01"


def test_task_of_a_suspended_start_is_done_without_instance_or_next_tick(engine: Engine) -> None:
    hourly = timers({"timeCycle": "0 * * * *"}, "startEvent")
    old = engine.deploy("timer/start.bpmn", timers=hourly)
    xml = engine.send(c.GetBpmnXml(id=old["id"])).decode()
    new = engine.deploy_xml(xml, version="2", timers=timers({"timeCycle": "30 * * * *"}, "startEvent"))
    suspended = {
        e["processId"]: e["eventDefinition"]["suspended"]
        for e in engine.send(c.QueryElements(bpmnElementId="startEvent"))["results"]
    }
    assert suspended == {old["id"]: True, new["id"]: False}

    done = engine.after("PT1H15M")

    assert [(t["processId"], t["state"], "processInstanceId" in t) for t in done] == [
        (new["id"], "DONE", True),
        (old["id"], "DONE", False),
    ]
    assert [instance["version"] for instance in instances(engine)] == ["2"]
    assert [task["dueAt"][11:16] for task in tasks(engine, processId=old["id"])] == ["09:00"]


def test_tick_beyond_the_limit_makes_an_instance_that_waits_for_its_turn(engine: Engine) -> None:
    hourly = timers({"timeCycle": "0 * * * *"}, "startEvent")
    engine.deploy("timer/start.bpmn", timers=hourly, parallelism=1)
    engine.after("PT2H")
    first, second = (Order(engine, found["partition"], found["id"]) for found in instances(engine))
    assert (first.state()["state"], second.state()["state"]) == ("STARTED", "QUEUED")
    assert [(t["bpmnElementId"], t["state"]) for t in second.element_instances()] == [
        ("timerStartTest", "QUEUED"),
        ("startEvent", "QUEUED"),
    ]
    assert "startedAt" not in second.state()

    first.complete_job("serviceTask")
    engine.let_arrive()

    second.waits_at("serviceTask")
    assert second.states("startEvent") == ["COMPLETED"]
    assert second.tasks("START_PROCESS_INSTANCE")[0]["state"] == "DONE"


# Suspended instances


def test_timer_of_a_suspended_instance_fires_and_its_token_stops(play: Play, engine: Engine) -> None:
    order = engine.start(engine.deploy("timer/boundary.bpmn", timers=timers(HOUR)))
    order.suspend()

    engine.after("PT1H")

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["TERMINATED"], ["COMPLETED"])
    assert order.states("boundaryEnd") == ["SUSPENDED"]
    order.resume()
    assert order.has_ended


def test_timer_that_a_job_sets_while_the_instance_is_suspended_counts_from_then(
    play: Play, engine: Engine
) -> None:
    order = play("timer/boundary.bpmn")
    order.suspend()

    set_timer(order, "boundaryEvent")

    assert (order.states("serviceTask"), order.states("boundaryEvent")) == (["SUSPENDED"], ["CREATED"])
    order.resume()
    order.waits_at("serviceTask", "boundaryEvent")
    assert len(order.jobs("serviceTask")) == 1


def test_event_beside_an_activity_ticks_on_while_suspended(play: Play, engine: Engine) -> None:
    order = engine.start(engine.deploy("timer/boundary-beside.bpmn", timers=timers(HOUR)))
    order.suspend()

    engine.after("PT1H")

    assert order.states("boundaryEvent") == ["COMPLETED", "CREATED"]
    # The duration counts from the firing.
    assert due_times(order.tasks()) == ["09:00", "10:00"]
    order.resume()
    assert due_times(order.tasks()) == ["09:00", "10:00"]

"""Escalations: thrown by events, jobs and people, caught by boundary events that interrupt or run beside."""

import pytest

from chalicelib.engine.errors import ExecutionError
from tests.conftest import Play
from tests.play import Engine, Order


def ids(order: Order) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for token in order.element_instances():
        found.setdefault(token["bpmnElementId"], []).append(token["id"])
    return found


@pytest.mark.every_store
def test_throw_event_is_caught_by_a_boundary_event_that_does_not_interrupt(play: Play) -> None:
    order = play("escalation/throw.bpmn")

    assert order.states("stopped") == ["CREATED"]
    assert order.states("same") == ["COMPLETED", "CREATED"]
    assert order.states("any") == ["CREATED"]
    order.has_passed("told")
    order.waits_at("sub", "stopped", "same", "any", "a", "inform")
    order.complete_job("a")
    order.complete_job("inform")
    assert order.has_ended
    assert order.states("same") == ["COMPLETED", "TERMINATED"]


def test_boundary_event_listens_again_before_its_path_and_that_comes_before_the_thrower_goes_on(
    play: Play,
) -> None:
    found = ids(play("escalation/throw.bpmn"))

    first, again = found["same"]
    told, inform, a = (found[id][0] for id in ("told", "inform", "a"))
    assert (again, inform, a) == (told + 1, told + 2, told + 3)
    assert first < told


@pytest.mark.every_store
def test_end_event_is_caught_by_a_boundary_event_that_interrupts(play: Play) -> None:
    order = play("escalation/end.bpmn")

    assert order.states("told") == ["COMPLETED"]
    assert order.states("sub") == order.states("a") == ["TERMINATED"]
    assert order.states("beside") == ["TERMINATED"]
    assert order.states("stopped") == ["COMPLETED"]
    order.has_passed("stoppedEnd")
    assert order.has_ended
    assert order.complete_job("a")["state"] == "CANCELED"


def test_uncaught_escalation_is_a_none_event(play: Play) -> None:
    order = play("escalation/uncaught.bpmn")

    order.has_passed("told", "ended", "sub", "endEvent")
    assert order.states("other") == ["TERMINATED"]
    assert [task["state"] for task in order.tasks("TRIGGER_EVENT")] == ["DONE", "DONE"]
    assert order.has_ended


def test_escalation_of_a_job_makes_a_new_job_for_its_activity(play: Play, engine: Engine) -> None:
    order = play("escalation/activities.bpmn")
    order.complete_job("a", error="not yet", retryLimit=2)

    job = order.escalate("a", "T", retryTimer="PT1H")

    assert (job["state"], "error" in job) == ("DONE", False)
    again = order.jobs("a")[-1]
    assert (again["type"], again["retryCount"]) == ("EXECUTE", 1)
    assert (again["dueAt"], again["createdAt"]) == ("2030-01-01T09:00:00.000Z", job["completedAt"])
    assert again["elementInstanceId"] == job["elementInstanceId"]
    assert order.states("besideA") == ["COMPLETED", "CREATED"]
    assert order.states("a") == ["STARTED"]
    order.waits_at("a", "besideA", "stoppedA", "b", "besideB", "stoppedB", "inform")
    engine.clock.advance("PT1H")
    order.escalate("a", "T")
    assert order.states("besideA") == ["COMPLETED", "COMPLETED", "CREATED"]
    order.complete_job("a")
    assert order.states("besideA") == ["COMPLETED", "COMPLETED", "TERMINATED"]


def test_escalation_of_a_job_ends_its_activity(play: Play) -> None:
    order = play("escalation/activities.bpmn")

    order.escalate("a", "S")

    assert order.states("a") == ["TERMINATED"]
    assert order.states("stoppedA") == ["COMPLETED"]
    assert len(order.jobs("a")) == 1
    order.waits_at("b", "besideB", "stoppedB", "inform")


def test_uncaught_escalation_of_a_job_is_an_error_of_the_job(play: Play) -> None:
    order = play("escalation/activities.bpmn")

    job = order.escalate("a", "X")

    assert job["error"] == "failed to find boundary event for escalation code X"
    assert job["state"] == "CAUSED_INCIDENT"


def test_person_escalates_and_goes_on_working(play: Play) -> None:
    order = play("escalation/activities.bpmn")

    answer = order.update_user_task(escalationCode="T")

    assert (answer["state"], answer["revision"]) == ("STARTED", 2)
    assert order.states("besideB") == ["COMPLETED", "CREATED"]
    assert order.states("b") == ["STARTED"]
    assert len(order.user_tasks()) == 1
    order.update_user_task(completed=True)
    assert order.states("b") == ["COMPLETED"]


def test_person_escalates_and_is_done(play: Play) -> None:
    order = play("escalation/activities.bpmn")

    order.update_user_task(escalationCode="S")

    assert [task["state"] for task in order.user_tasks()] == ["TERMINATED"]
    assert order.states("stoppedB") == ["COMPLETED"]


def test_escalation_of_a_person_that_nobody_catches_is_refused(play: Play) -> None:
    order = play("escalation/activities.bpmn")

    with pytest.raises(
        ExecutionError, match="failed to find boundary event for escalation code X"
    ) as refusal:
        order.update_user_task(escalationCode="X")

    assert refusal.value.title == "failed to escalate user task"


def test_codes_are_asked_for_by_jobs(play: Play) -> None:
    order = play("escalation/defined-by-jobs.bpmn")
    assert {job["type"] for job in order.jobs()} == {"SET_ESCALATION_CODE"}
    assert order.states("sub") == ["CREATED"]

    order.complete_job("beside")
    order.complete_job("stopped", completion={"escalationCode": "E"})
    assert order.states("told") == ["CREATED"]
    assert order.complete_job("told", retryLimit=1)["error"] == "expected an escalation code"
    order.complete_job("told", completion={"escalationCode": "whatever"})

    assert order.states("told") == ["COMPLETED"]
    # What it catches was given to it by a job; that holds for the next time as well.
    assert order.states("beside") == ["COMPLETED", "CREATED"]
    assert len(order.jobs("beside")) == 1
    order.complete_job("ended", completion={"escalationCode": "F"})
    assert order.states("stopped") == ["TERMINATED"]
    order.waits_at("inform")
    order.has_passed("sub", "endEvent")


def test_codes_are_given_with_the_deployment(engine: Engine) -> None:
    escalations = [
        {"bpmnElementId": "beside", "escalationCode": "T"},
        {"bpmnElementId": "stopped"},
        {"bpmnElementId": "told", "escalationCode": "T"},
        {"bpmnElementId": "ended", "escalationCode": "E"},
    ]

    order = engine.start(engine.deploy("escalation/defined-by-jobs.bpmn", escalations=escalations))

    assert order.states("beside") == ["COMPLETED", "TERMINATED"]
    order.has_passed("told", "ended", "stopped", "stoppedEnd")
    order.waits_at("inform")


def test_end_event_passes_boundary_events_that_do_not_interrupt(play: Play) -> None:
    order = play("escalation/nested.bpmn")

    assert order.states("told") == ["COMPLETED"]
    assert order.states("beside") == order.states("inner") == order.states("outer") == ["TERMINATED"]
    order.has_passed("stopped", "stoppedEnd")
    order.has_not_reached("never")


def test_path_behind_a_boundary_event_is_not_inside_of_its_activity(play: Play) -> None:
    order = play("escalation/throw.bpmn")

    assert order.escalate("inform", "T")["error"] == "failed to find boundary event for escalation code T"


def test_person_escalates_twice_while_the_instance_is_suspended(play: Play) -> None:
    order = play("escalation/activities.bpmn")
    order.suspend()

    for _ in range(2):
        order.update_user_task(escalationCode="T")

    assert order.states("besideB") == ["COMPLETED", "COMPLETED", "CREATED"]
    assert order.states("inform") == ["SUSPENDED", "SUSPENDED"]
    order.resume()
    assert order.states("besideB") == ["COMPLETED", "COMPLETED", "CREATED"]
    assert order.states("inform") == ["STARTED", "STARTED"]

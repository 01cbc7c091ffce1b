"""BPMN errors: thrown by jobs, people and end events, caught by the nearest boundary event."""

import logging

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import ExecutionError
from tests.conftest import Play
from tests.play import Engine


@pytest.mark.every_store
def test_error_of_a_job_is_caught_by_the_boundary_event_with_its_code(play: Play) -> None:
    order = play("error/job.bpmn")

    job = order.throw_error("a", "A")

    assert (job["state"], "error" in job) == ("DONE", False)
    assert order.states("a") == ["TERMINATED"]
    assert order.states("sameA") == ["COMPLETED"]
    assert order.states("anyA") == ["TERMINATED"]
    order.has_passed("aFailed", "sub", "endEvent")
    assert order.has_ended


def test_error_without_a_boundary_event_of_its_code_is_caught_by_one_without_code(play: Play) -> None:
    order = play("error/job.bpmn")

    order.throw_error("a", "B")

    assert order.states("sameA") == ["TERMINATED"]
    assert order.states("anyA") == ["COMPLETED"]
    order.has_not_reached("repair")


def test_error_of_a_job_that_nobody_catches_is_an_error_of_the_job(play: Play) -> None:
    """The boundary event of `outer` is behind it."""
    order = play("error/end.bpmn", "errorEndTest")
    order.complete_job("a")

    job = order.throw_error("repair", "E", retryLimit=1)

    assert job["error"] == "failed to find boundary event for error code E"
    assert job["state"] == "CAUSED_RETRY"
    job = order.throw_error("repair", "E")
    assert (job["state"], job["retryCount"]) == ("CAUSED_INCIDENT", 1)
    assert [incident["jobId"] for incident in order.incidents()] == [job["id"]]
    order.waits_at("repair")


def test_job_throws_either_an_error_or_an_escalation(play: Play) -> None:
    order = play("error/job.bpmn")

    job = order.complete_job("a", completion={"errorCode": "A", "escalationCode": "A"})

    assert job["error"] == "expected either an error code or an escalation code"
    order.waits_at("sub", "a", "sameA", "anyA", "sameSub", "otherSub")


def test_error_terminates_all_that_is_inside(engine: Engine) -> None:
    engine.deploy("error/end.bpmn", "errorHelper")
    order = engine.start(engine.deploy("error/end.bpmn", "errorEndTest"))
    order.complete_job("helper")
    order.complete_job("news", completion={"messageCorrelationKey": "k"})
    helper = order.called("helper")
    open_job = helper.lock_job("help")
    assert len(order.query(c.QueryMessageSubscriptions, processInstanceId=order.id)) == 1

    order.complete_job("a")
    done = [] if engine.is_eager else engine.run_all_due_tasks()

    assert order.states("failed") == ["COMPLETED"]
    assert order.states("outerFailed") == ["COMPLETED"]
    for element_id in ("outer", "inner", "check", "helper", "news"):
        assert order.states(element_id) == ["TERMINATED"], element_id
    assert [task["state"] for task in order.user_tasks()] == ["TERMINATED"]
    assert order.query(c.QueryMessageSubscriptions, processInstanceId=order.id) == []
    order.has_not_reached("outerEnd", "endEvent")
    order.waits_at("repair")
    assert helper.state()["state"] == "TERMINATED"
    assert helper.state()["endedAt"]
    assert {token["state"] for token in helper.element_instances()} == {"COMPLETED", "TERMINATED"}
    (task,) = helper.tasks("TERMINATE_PROCESS_INSTANCE")
    assert (task["state"], task["lockedBy"]) == ("DONE", "default-engine")
    assert engine.is_eager or [task["type"] for task in done] == ["TERMINATE_PROCESS_INSTANCE"]
    # The job was not touched.
    assert [job["state"] for job in helper.jobs()] == ["LOCKED"]
    answer = helper.complete_job("help")
    assert (answer["id"], answer["state"], "completedAt" in answer) == (open_job["id"], "CANCELED", True)
    assert order.complete_job("repair")["state"] == "DONE"
    assert order.has_ended


def test_nearest_scope_catches_first(play: Play) -> None:
    order = play("sub-process/nested.bpmn")

    order.throw_error("a", "E")

    assert order.states("innerFailed") == ["COMPLETED"]
    assert order.states("inner") == ["TERMINATED"]
    order.has_passed("failedEnd", "outer", "endEvent")
    assert order.states("outerFailed") == ["TERMINATED"]


def test_error_end_event_throws_by_a_task(engine: Engine, play: Play) -> None:
    order = play("error/end.bpmn", "errorEndTest")
    order.complete_job("a")

    (task,) = order.tasks("TRIGGER_EVENT")
    (failed,) = order.element_instances("failed")
    assert task["elementInstanceId"] == failed["id"]
    assert task["state"] == "DONE"


def test_thrown_error_waits_started_for_its_task(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = engine.start(engine.deploy("error/end.bpmn", "errorEndTest"))
    job = order.lock_job("a")
    engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId="worker"))

    assert order.states("failed") == ["STARTED"]
    assert order.states("inner") == ["STARTED"]
    assert [task["state"] for task in order.tasks("TRIGGER_EVENT")] == ["DUE"]


def test_uncaught_error_end_event_is_a_none_end_event_and_a_line_in_the_log(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        order = play("error/uncaught.bpmn")

    assert order.states("failed") == ["COMPLETED"]
    assert "nobody catches error E of failed in process instance 2030-01-01/1" in caplog.text
    order.waits_at("sub", "otherFailed", "a")
    order.complete_job("a")
    assert order.has_ended
    order.has_passed("sub", "endEvent")


def test_codes_are_asked_for_by_jobs(play: Play) -> None:
    order = play("error/defined-by-jobs.bpmn")
    assert order.states("sub") == ["CREATED"]
    assert [(job["bpmnElementId"], job["type"]) for job in order.jobs()] == [
        ("first", "SET_ERROR_CODE"),
        ("second", "SET_ERROR_CODE"),
    ]

    order.complete_job("first")
    assert order.states("sub") == ["CREATED"]
    order.complete_job("second", completion={"errorCode": "E"})
    assert order.states("sub") == ["STARTED"]
    assert order.states("first") + order.states("second") == ["CREATED", "CREATED"]
    order.complete_job("a")

    assert order.states("failed") == ["CREATED"]
    job = order.complete_job("failed", retryLimit=1)
    assert (job["type"], job["error"]) == ("SET_ERROR_CODE", "expected an error code")
    order.complete_job("failed", completion={"errorCode": "E"})
    order.has_passed("failed", "second", "secondEnd")
    assert order.states("first") == ["TERMINATED"]
    assert order.has_ended


def test_boundary_event_without_code_catches_what_no_other_does(play: Play) -> None:
    order = play("error/defined-by-jobs.bpmn")
    order.complete_job("first")
    order.complete_job("second", completion={"errorCode": "E"})
    order.complete_job("a")

    order.complete_job("failed", completion={"errorCode": "F"})

    order.has_passed("first", "firstEnd")


def test_codes_are_given_with_the_deployment(engine: Engine) -> None:
    process = engine.deploy(
        "error/defined-by-jobs.bpmn",
        errors=[
            {"bpmnElementId": "first", "errorCode": "E"},
            {"bpmnElementId": "second"},
            {"bpmnElementId": "failed", "errorCode": "F"},
        ],
    )
    order = engine.start(process)
    assert [job["bpmnElementId"] for job in order.jobs()] == ["a"]

    order.complete_job("a")

    order.has_passed("failed", "second", "secondEnd")


@pytest.mark.every_store
def test_person_ends_a_user_task_with_an_error(play: Play) -> None:
    order = play("error/user-task.bpmn")

    answer = order.update_user_task(errorCode="NO")

    assert answer["state"] == "TERMINATED"
    assert order.states("check") == ["TERMINATED"]
    order.has_passed("refused")
    order.waits_at("repair")


def test_error_of_a_person_that_nobody_catches_is_refused(play: Play) -> None:
    order = play("error/user-task.bpmn")

    with pytest.raises(ExecutionError, match="failed to find boundary event for error code X") as refusal:
        order.update_user_task(errorCode="X")

    assert refusal.value.title == "failed to throw BPMN error"
    assert [(task["state"], task["revision"]) for task in order.user_tasks()] == [("STARTED", 1)]


def test_second_error_of_a_scope_that_has_ended_is_canceled(play: Play) -> None:
    order = play("error/twice.bpmn")

    assert order.states("first") == ["COMPLETED"]
    assert order.states("second") == ["TERMINATED"]
    assert [task["state"] for task in order.tasks("TRIGGER_EVENT")] == ["DONE", "CANCELED"]
    assert len(order.element_instances("failedEnd")) == 1
    assert order.has_ended


def test_error_terminates_what_still_waits_for_its_definition(play: Play) -> None:
    order = play("error/held.bpmn")
    assert (order.states("b"), order.states("open")) == (["CREATED"], ["CREATED"])

    order.throw_error("a", "E")

    assert (order.states("b"), order.states("open")) == (["TERMINATED"], ["TERMINATED"])
    (b,) = order.element_instances("b")
    assert "startedAt" not in b and b["endedAt"]
    assert order.complete_job("open")["state"] == "CANCELED"
    assert order.has_ended


def test_incident_of_a_terminated_element_is_resolved_without_a_new_job(play: Play, engine: Engine) -> None:
    order = play("error/held.bpmn")
    order.complete_job("open", error="no idea")
    (incident,) = order.incidents()
    order.throw_error("a", "E")
    assert "resolvedAt" not in order.incidents()[0]

    engine.send(
        c.ResolveIncident(partition=order.partition, id=incident["id"], workerId="ops", retryTimer=None)
    )

    assert "resolvedAt" in order.incidents()[0]
    assert [job["state"] for job in order.jobs("open")] == ["CAUSED_INCIDENT"]


def test_error_in_a_suspended_instance_ends_the_activity_and_its_path_waits(
    play: Play, engine: Engine
) -> None:
    order = play("error/job.bpmn")
    place = {"partition": order.partition, "id": order.id, "workerId": "ops"}
    engine.send(c.SuspendProcessInstance(**place))

    order.throw_error("a", "A")

    assert order.states("a") == ["TERMINATED"]
    assert order.states("sameA") == ["COMPLETED"]
    assert order.states("aFailed") == ["SUSPENDED"]
    engine.send(c.ResumeProcessInstance(**place))
    assert order.has_ended

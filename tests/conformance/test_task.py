"""Tasks: those that pass through, and those whose work is a job for an outside worker."""

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict, InvalidCommand, NotFound
from tests.conftest import Play
from tests.play import WORKER, Engine

PASSING = [("task/task.bpmn", "task"), ("task/manual.bpmn", "manualTask")]
WORKED = [
    ("task/service.bpmn", "serviceTask"),
    ("task/script.bpmn", "scriptTask"),
    ("task/send.bpmn", "sendTask"),
    ("task/business-rule.bpmn", "businessRuleTask"),
]


@pytest.mark.every_store
@pytest.mark.parametrize(("model", "element"), PASSING)
def test_task_without_work_passes_through(play: Play, model: str, element: str) -> None:
    order = play(model)

    order.has_passed("startEvent", element, "endEvent")
    assert order.has_ended
    (token,) = order.element_instances(element)
    assert token["startedAt"] == token["endedAt"]
    assert order.jobs() == []


@pytest.mark.every_store
@pytest.mark.parametrize(("model", "element"), WORKED)
def test_task_with_work_waits_for_its_job(play: Play, model: str, element: str) -> None:
    order = play(model)
    order.waits_at(element)
    (job,) = order.jobs()
    assert (job["type"], job["state"], job["retryCount"]) == ("EXECUTE", "DUE", 0)

    answer = order.complete_job(element)

    assert answer["state"] == "DONE"
    order.has_passed("startEvent", element, "endEvent")
    assert order.has_ended


def test_ten_tasks_are_worked_one_after_the_other(play: Play) -> None:
    order = play("process/ten-tasks.bpmn")

    for job in range(10):
        (waiting,) = order.element_instances(states=["STARTED"])[1:]
        assert len(order.jobs()) == job + 1
        order.complete_job(waiting["bpmnElementId"])

    assert order.has_ended
    assert [token["id"] for token in order.element_instances()] == list(range(1, 14))


def test_task_with_several_ways_out_forks(play: Play) -> None:
    order = play("task/implicit-split.bpmn")
    order.waits_at("a", "b")

    order.complete_job("b")
    order.waits_at("a")
    assert not order.has_ended

    order.complete_job("a")
    order.has_passed("endA", "endB")
    assert order.has_ended


def test_instance_ends_without_an_end_event(play: Play) -> None:
    order = play("task/no-end.bpmn")

    while not order.has_ended:
        order.complete_job(order.element_instances(states=["STARTED"])[-1]["bpmnElementId"])

    assert order.state()["endedAt"]


def test_times_of_one_command_are_one_instant(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    engine.clock.advance("PT1H")

    job = order.complete_job("serviceTask")

    (end,) = order.element_instances("endEvent")
    assert job["completedAt"] == end["createdAt"] == end["endedAt"] == order.state()["endedAt"]
    assert job["createdAt"] == order.state()["createdAt"] == "2030-01-01T08:00:00.000Z"
    assert job["completedAt"] == "2030-01-01T09:00:00.000Z"


# Failure, retry, incident


def test_failed_job_is_retried_later(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")

    failed = order.complete_job("serviceTask", error="no paper", retryLimit=1, retryTimer="PT1H")

    assert (failed["state"], failed["error"]) == ("CAUSED_RETRY", "no paper")
    retry = order.jobs()[1]
    assert (retry["state"], retry["retryCount"]) == ("CREATED", 1)
    assert retry["createdAt"] == failed["completedAt"]
    assert engine.lock() == []
    engine.clock.advance("PT1H")
    assert [job["id"] for job in engine.lock()] == [retry["id"]]


def test_failed_job_without_retries_causes_an_incident(play: Play) -> None:
    order = play("task/service.bpmn")

    failed = order.complete_job("serviceTask", error="no paper")

    assert failed["state"] == "CAUSED_INCIDENT"
    (incident,) = order.incidents()
    assert incident["jobId"] == failed["id"]
    assert incident["createdAt"] == failed["completedAt"]
    assert incident["elementInstanceId"] == failed["elementInstanceId"]
    order.waits_at("serviceTask")


@pytest.mark.every_store
def test_resolved_incident_makes_a_fresh_job(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    failed = order.complete_job("serviceTask", error="no paper", retryLimit=0)
    (incident,) = order.incidents()

    resolve = c.ResolveIncident(
        partition=order.partition, id=incident["id"], workerId="operator", retryTimer="PT1M"
    )
    engine.send(resolve)

    (resolved,) = order.incidents()
    assert resolved["resolvedBy"] == "operator"
    fresh = order.jobs()[1]
    assert (fresh["retryCount"], fresh["state"], fresh["type"]) == (0, "CREATED", "EXECUTE")
    with pytest.raises(Conflict, match=f"incident {order.partition}/{incident['id']} is resolved"):
        engine.send(resolve)
    with pytest.raises(Conflict, match="is completed"):
        engine.send(c.CompleteJob(partition=order.partition, id=failed["id"], workerId=WORKER))
    engine.clock.advance("PT1M")
    order.complete_job("serviceTask")
    assert order.has_ended


def test_variables_of_a_failed_job_are_kept(play: Play) -> None:
    order = play("task/service.bpmn")

    order.complete_job(
        "serviceTask",
        error="no",
        processVariables=[{"name": "found", "data": {"encoding": "json", "value": "1"}}],
    )

    assert order.variables() == {"found": "1"}


def test_bpmn_error_that_nobody_catches_is_a_job_error(play: Play) -> None:
    order = play("task/service.bpmn")

    failed = order.complete_job("serviceTask", completion={"errorCode": "E1"})

    assert failed["state"] == "CAUSED_INCIDENT"
    assert failed["error"] == "failed to find boundary event for error code E1"
    order.waits_at("serviceTask")


# Who may complete


def test_job_can_be_completed_by_its_holder_alone(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    (job,) = order.jobs()
    complete = {"partition": order.partition, "id": job["id"]}

    with pytest.raises(Conflict, match=r"job 2030-01-01/1 is not locked$"):
        engine.send(c.CompleteJob(**complete, workerId=WORKER))
    order.lock_job("serviceTask")
    with pytest.raises(Conflict, match="job 2030-01-01/1 is not locked by worker other, but worker"):
        engine.send(c.CompleteJob(**complete, workerId="other"))
    engine.send(c.CompleteJob(**complete, workerId=WORKER))
    with pytest.raises(Conflict, match="job 2030-01-01/1 is completed"):
        engine.send(c.CompleteJob(**complete, workerId=WORKER))


@pytest.mark.parametrize("id", [2, 64, 65, 10**9])
def test_unknown_job_is_not_found(play: Play, engine: Engine, id: int) -> None:
    play("task/service.bpmn")

    with pytest.raises(NotFound, match=f"job 2030-01-01/{id} could not be found"):
        engine.send(c.CompleteJob(partition="2030-01-01", id=id, workerId=WORKER))


@pytest.mark.every_store
def test_expired_lock_may_be_taken_by_another(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    (job,) = engine.lock(lockTimeout="PT5M")
    engine.clock.advance("PT4M59S")
    assert engine.lock(workerId="other") == []
    engine.clock.advance("PT1S")

    (again,) = engine.lock(workerId="other", lockTimeout="PT5M")

    assert (again["id"], again["lockedBy"], again["lockedAt"]) == (
        job["id"],
        "other",
        "2030-01-01T08:05:00.000Z",
    )
    with pytest.raises(Conflict, match="is not locked by worker worker, but other"):
        engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))


def test_holder_of_an_expired_lock_may_still_complete(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    (job,) = engine.lock(lockTimeout="PT5M")
    engine.clock.advance("PT1H")

    engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))

    assert order.has_ended


def test_unlocked_job_can_be_locked_by_another(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    job = order.lock_job("serviceTask")
    assert engine.lock(workerId="other") == []

    assert engine.send(c.UnlockJobs(workerId="other")) == {"count": 0}
    assert engine.send(c.UnlockJobs(workerId=WORKER, partition=order.partition, id=job["id"])) == {"count": 1}

    (locked,) = engine.lock(workerId="other")
    assert (locked["id"], locked["lockedBy"], locked["state"]) == (job["id"], "other", "LOCKED")


def test_lock_timeout_beyond_the_calendar_is_refused_also_while_nothing_is_due(engine: Engine) -> None:
    with pytest.raises(InvalidCommand, match=r"P9000Y after .* is beyond the calendar"):
        engine.lock(lockTimeout="P9000Y")

"""Call activities: a process calls another one."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict, ExecutionError
from tests.play import WORKER, Engine, Order


def call(order: Order, element_id: str = "callActivity", **called: Any) -> Order:
    """Complete the job that asks what to call, and follow what is called."""
    job = order.complete_job(element_id, completion={"calledProcess": called})
    assert "error" not in job, job["error"]
    return order.called(element_id)


def caller(engine: Engine) -> Order:
    """Waits for what to call: `called`, `calledAtOnce` or nothing."""
    for called in ("called", "calledAtOnce"):
        engine.deploy("call-activity/call.bpmn", called)
    return engine.start(engine.deploy("call-activity/call.bpmn", "callTest"))


def three_levels(engine: Engine) -> tuple[Order, Order, Order]:
    for called in ("middleTest", "bottomTest"):
        engine.deploy("call-activity/three-levels.bpmn", called)
    top = engine.start(engine.deploy("call-activity/three-levels.bpmn", "topTest"))
    if not top.jobs("callMiddle"):
        top.complete_job("topFailed")
        top.complete_job("topTold")
    middle = call(top, "callMiddle")
    return top, middle, call(middle, "callBottom")


def run_all(engine: Engine) -> list[dict[str, Any]]:
    """In eager mode everything has run; in deferred mode, also what others have to do."""
    return engine.run_all_due_tasks()


@pytest.mark.every_store
def test_call_activity_calls_and_takes_over_variables_when_what_it_called_has_ended(engine: Engine) -> None:
    order = caller(engine)
    assert order.states("callActivity") == ["STARTED"]
    assert [(job["type"], job["state"]) for job in order.jobs()] == [("CALL_PROCESS", "DUE")]

    child = call(
        order,
        bpmnProcessId="called",
        version="1",
        correlationKey="k",
        tags={"t": "1"},
        variables={"v": {"encoding": "text", "value": "in"}},
    )

    state = child.state()
    assert (state["parentId"], state["rootId"], state["partition"]) == (order.id, order.id, order.partition)
    assert (state["bpmnProcessId"], state["state"], state["correlationKey"]) == ("called", "STARTED", "k")
    assert state["tags"] == [{"name": "t", "value": "1"}]
    assert child.variables() == {"v": "in"}
    assert (state["createdBy"], state["createdAt"]) == (WORKER, state["startedAt"])
    (token,) = order.element_instances("callActivity")
    scope, *inside = child.element_instances()
    assert scope["parentId"] == token["id"]
    assert {other["parentId"] for other in inside} == {scope["id"]}
    order.waits_at("callActivity")
    assert "rootId" not in order.state() and "parentId" not in order.state()

    engine.clock.advance("PT1H")
    child.complete_job("work")

    assert child.has_ended
    order.waits_at("callActivity")
    job = order.jobs()[-1]
    assert (job["type"], job["createdAt"]) == ("PASS_VARIABLES", child.state()["endedAt"])
    assert order.query(c.QueryElementInstances, parentId=token["id"])[0]["id"] == scope["id"]
    order.complete_job("callActivity", processVariables={"out": {"encoding": "text", "value": "1"}})
    assert order.has_ended
    assert order.variables() == {"out": "1"}
    order.has_passed("callActivity", "endEvent")
    assert order.query(c.QueryElementInstances, parentId=token["id"])[0]["id"] == scope["id"]


def test_called_process_may_end_at_once(engine: Engine) -> None:
    order = caller(engine)

    child = call(order, bpmnProcessId="calledAtOnce", version="1")

    assert child.has_ended
    assert [job["type"] for job in order.jobs()] == ["CALL_PROCESS", "PASS_VARIABLES"]
    order.complete_job("callActivity")
    assert order.has_ended


@pytest.mark.parametrize(
    ("called", "error"),
    [
        ({}, "expected a called process"),
        ({"version": "1"}, "expected a called process"),
        ({"bpmnProcessId": "nobody"}, "process nobody could not be found"),
        ({"bpmnProcessId": "called", "version": "9"}, "process called:9 could not be found"),
        ({"bpmnProcessId": "noNoneStart"}, "process noNoneStart:1 has no none start event"),
    ],
)
def test_call_that_does_not_fit_is_an_error_of_the_job(
    engine: Engine, called: dict[str, str], error: str
) -> None:
    engine.deploy("call-activity/call.bpmn", "noNoneStart")
    order = caller(engine)

    job = order.complete_job("callActivity", completion={"calledProcess": called})

    assert (job["state"], job["error"]) == ("CAUSED_INCIDENT", error)
    assert engine.send(c.QueryProcessInstances())["count"] == 1
    order.waits_at("callActivity")


@pytest.mark.parametrize(
    ("process", "called", "version"),
    [
        ("latestTest", {}, "2"),
        ("latestTest", {"version": "1"}, "1"),
        ("latestTest", {"bpmnProcessId": "called"}, "2"),
        ("versionTest", {}, "1"),
        ("versionTest", {"version": "2"}, "2"),
        ("versionTest", {"bpmnProcessId": "called"}, "1"),
    ],
)
def test_model_fills_what_the_completion_leaves_out(
    engine: Engine, process: str, called: dict[str, str], version: str
) -> None:
    for deployed in ("1", "2"):
        engine.deploy("call-activity/call.bpmn", "called", deployed)
    order = engine.start(engine.deploy("call-activity/by-model.bpmn", process))

    assert call(order, **called).state()["version"] == version


def test_another_process_than_that_of_the_model_is_called_in_its_latest_version(engine: Engine) -> None:
    for deployed in ("1", "2"):
        engine.deploy("call-activity/call.bpmn", "calledAtOnce", deployed)
    order = engine.start(engine.deploy("call-activity/by-model.bpmn", "versionTest"))

    state = call(order, bpmnProcessId="calledAtOnce").state()

    assert (state["bpmnProcessId"], state["version"]) == ("calledAtOnce", "2")


def test_call_without_a_word_is_filled_by_the_model(engine: Engine) -> None:
    engine.deploy("call-activity/call.bpmn", "called")
    order = engine.start(engine.deploy("call-activity/by-model.bpmn", "latestTest"))

    order.complete_job("callActivity")

    order.called("callActivity").waits_at("work")


def test_call_in_another_partition_keeps_that_of_the_parent(engine: Engine) -> None:
    order = caller(engine)
    engine.clock.advance("P1D")

    child = call(order, bpmnProcessId="called")

    assert child.state()["partition"] == "2030-01-01"
    assert child.state()["createdAt"] == "2030-01-02T08:00:00.000Z"


def test_called_processes_are_found_by_their_root(engine: Engine) -> None:
    top, middle, bottom = three_levels(engine)
    engine.start(engine.deploy("task/service.bpmn"))

    def found(**criteria: Any) -> list[int]:
        return [instance["id"] for instance in top.query(c.QueryProcessInstances, **criteria)]

    assert found(rootId=top.id) == [top.id, middle.id, bottom.id]
    assert found(parentId=top.id) == [middle.id]
    assert found(parentId=middle.id) == [bottom.id]
    assert found(rootId=middle.id) == [middle.id]
    assert bottom.state()["rootId"] == top.id
    assert bottom.state()["parentId"] == middle.id


def test_three_levels_return_one_after_the_other(engine: Engine) -> None:
    top, middle, bottom = three_levels(engine)

    bottom.complete_job("work")
    bottom.decide("which", "bottomEnd")
    assert bottom.has_ended
    middle.complete_job("callBottom")
    assert middle.has_ended
    top.complete_job("callMiddle")
    assert top.has_ended
    assert top.states("topFailed") == ["TERMINATED"]


@pytest.mark.every_store
def test_error_crosses_call_activities(engine: Engine) -> None:
    top, middle, bottom = three_levels(engine)
    bottom.complete_job("work")

    bottom.decide("which", "failed")
    run_all(engine)

    assert bottom.states("failed") == ["COMPLETED"]
    assert bottom.state()["state"] == "TERMINATED"
    assert middle.state()["state"] == "TERMINATED"
    assert top.states("callMiddle") == ["TERMINATED"]
    assert top.states("topFailed") == ["COMPLETED"]
    assert top.has_ended
    top.has_passed("failedEnd")
    (task,) = top.tasks("TRIGGER_EVENT")
    (boundary,) = top.element_instances("topFailed")
    assert (task["elementInstanceId"], task["state"]) == (boundary["id"], "DONE")
    assert {token["state"] for token in middle.element_instances()} == {"COMPLETED", "TERMINATED"}


def test_crossing_error_waits_for_a_task_of_the_parent(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    top, middle, bottom = three_levels(engine)

    bottom.throw_error("work", "E")

    assert bottom.state()["state"] == "TERMINATED"
    assert top.states("callMiddle") == ["STARTED"]
    assert [task["state"] for task in top.tasks("TRIGGER_EVENT")] == ["DUE"]
    assert top.jobs("callMiddle")[-1]["type"] == "CALL_PROCESS"
    assert top.run_due_tasks()[0]["type"] == "TRIGGER_EVENT"
    assert top.has_ended
    assert middle.state()["state"] == "STARTED"
    (task,) = middle.run_due_tasks()
    assert (task["type"], task["state"]) == ("TERMINATE_PROCESS_INSTANCE", "DONE")
    assert middle.state()["state"] == "TERMINATED"


def test_error_of_a_job_crosses_call_activities(engine: Engine) -> None:
    top, middle, bottom = three_levels(engine)

    job = bottom.throw_error("work", "X")
    run_all(engine)

    assert (job["state"], "error" in job) == ("DONE", False)
    assert bottom.states("work") == ["TERMINATED"]
    assert [order.state()["state"] for order in (top, middle, bottom)] == [
        "COMPLETED",
        "TERMINATED",
        "TERMINATED",
    ]


def test_error_of_a_person_crosses_call_activities(engine: Engine) -> None:
    engine.deploy("call-activity/three-levels.bpmn", "bottomUserTest")
    top, middle, _ = three_levels_with_a_person(engine)
    bottom = middle.called("callBottom")

    bottom.update_user_task(errorCode="X")
    run_all(engine)

    assert [task["state"] for task in bottom.user_tasks()] == ["TERMINATED"]
    assert bottom.state()["state"] == middle.state()["state"] == "TERMINATED"
    top.has_passed("topFailed")


def three_levels_with_a_person(engine: Engine) -> tuple[Order, Order, Order]:
    engine.deploy("call-activity/three-levels.bpmn", "middleTest")
    top = engine.start(engine.deploy("call-activity/three-levels.bpmn", "topTest"))
    middle = call(top, "callMiddle")
    return top, middle, call(middle, "callBottom", bpmnProcessId="bottomUserTest")


def test_error_that_nobody_catches_on_any_level_is_refused(engine: Engine) -> None:
    engine.deploy("error/user-task.bpmn")
    order = caller(engine)
    child = call(order, bpmnProcessId="errorUserTest")

    with pytest.raises(ExecutionError, match="failed to find boundary event for error code X"):
        child.update_user_task(errorCode="X")

    child.waits_at("check", "refused")


def test_escalation_crosses_call_activities_and_the_thrower_goes_on(engine: Engine) -> None:
    top, middle, bottom = three_levels(engine)
    bottom.complete_job("work")

    bottom.decide("which", "told")
    run_all(engine)

    assert bottom.has_ended
    assert top.states("topTold") == ["COMPLETED", "CREATED"]
    top.has_passed("toldEnd")
    middle.complete_job("callBottom")
    top.complete_job("callMiddle")
    assert top.has_ended


def test_interrupted_call_activity_ends_what_it_called(engine: Engine) -> None:
    engine.deploy("call-activity/call.bpmn", "called")
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order)
    child.lock_job("work")

    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    run_all(engine)

    assert order.has_ended
    assert order.states("callActivity") == ["TERMINATED"]
    assert child.state()["state"] == "TERMINATED"
    (task,) = child.tasks()
    assert (task["type"], task["state"]) == ("TERMINATE_PROCESS_INSTANCE", "DONE")
    assert child.complete_job("work")["state"] == "CANCELED"
    assert [job["type"] for job in order.jobs()] == ["CALL_PROCESS"]


def test_interrupted_call_activity_leaves_alone_what_has_returned(engine: Engine) -> None:
    engine.deploy("call-activity/call.bpmn", "called")
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order)
    child.complete_job("work")

    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    run_all(engine)

    assert child.has_ended and child.tasks() == []
    assert order.complete_job("callActivity")["state"] == "CANCELED"


def test_end_of_a_child_whose_parent_has_gone_on_changes_nothing(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("in eager mode the child is terminated at once")
    engine.deploy("call-activity/call.bpmn", "called")
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order)
    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    order.run_due_tasks()
    job = child.lock_job("work")

    engine.send(c.CompleteJob(partition=child.partition, id=job["id"], workerId=WORKER))
    (task,) = run_all(engine)

    assert child.has_ended
    assert (task["type"], task["state"]) == ("TERMINATE_PROCESS_INSTANCE", "CANCELED")
    assert [job["type"] for job in order.jobs()] == ["CALL_PROCESS"]


def place(order: Order) -> dict[str, Any]:
    return {"partition": order.partition, "id": order.id, "workerId": "ops"}


def test_child_called_by_a_suspended_parent_is_suspended(engine: Engine) -> None:
    order = caller(engine)
    engine.send(c.SuspendProcessInstance(**place(order)))

    child = call(order, bpmnProcessId="called")

    assert child.state()["state"] == "SUSPENDED"
    assert "startedAt" not in child.state()
    assert [(t["bpmnElementId"], t["state"]) for t in child.element_instances()] == [
        ("called", "SUSPENDED"),
        ("calledStart", "SUSPENDED"),
    ]
    engine.send(c.ResumeProcessInstance(**place(child)))
    assert child.state()["state"] == "STARTED"
    child.waits_at("work")
    child.complete_job("work")
    # Its parent is still suspended; the job can be completed, the token then stops.
    order.complete_job("callActivity")
    assert order.states("endEvent") == ["SUSPENDED"]
    engine.send(c.ResumeProcessInstance(**place(order)))
    assert order.has_ended


def test_child_waits_for_its_turn(engine: Engine) -> None:
    called = engine.deploy("call-activity/call.bpmn", "called", parallelism=1)
    first = engine.start(called)
    order = caller(engine)

    child = call(order, bpmnProcessId="called")
    assert child.state()["state"] == "QUEUED"
    first.complete_job("work")
    run_all(engine)

    assert child.state()["state"] == "STARTED"
    child.complete_job("work")
    order.complete_job("callActivity")
    assert order.has_ended


def test_terminated_child_gives_its_turn_to_the_next(engine: Engine) -> None:
    called = engine.deploy("call-activity/call.bpmn", "called", parallelism=1)
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order)
    second = engine.start(called)
    assert second.state()["state"] == "QUEUED"

    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    run_all(engine)

    assert child.state()["state"] == "TERMINATED"
    assert second.state()["state"] == "STARTED"


def test_queued_child_that_is_terminated_leaves_the_queue(engine: Engine) -> None:
    called = engine.deploy("call-activity/call.bpmn", "called", parallelism=1)
    first = engine.start(called)
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order)
    second = engine.start(called)
    assert [child.state()["state"], second.state()["state"]] == ["QUEUED", "QUEUED"]

    engine.send(c.SendSignal(name="stop", workerId=WORKER))
    run_all(engine)
    assert child.state()["state"] == "TERMINATED"
    first.complete_job("work")
    run_all(engine)

    assert second.state()["state"] == "STARTED"
    assert child.tasks("START_PROCESS_INSTANCE") == []
    second.complete_job("work")
    assert engine.start(called).state()["state"] == "STARTED"


def test_escalation_of_a_job_crosses_call_activities_and_makes_a_new_job(engine: Engine) -> None:
    top, middle, bottom = three_levels(engine)

    bottom.escalate("work", "X")
    run_all(engine)

    assert top.states("topTold") == ["COMPLETED", "CREATED"]
    assert [job["state"] for job in bottom.jobs("work")] == ["DONE", "DUE"]
    assert middle.state()["state"] == bottom.state()["state"] == "STARTED"


def test_every_escalation_that_crosses_is_delivered_also_if_the_first_still_waits(engine: Engine) -> None:
    top, _, bottom = three_levels(engine)

    bottom.escalate("work", "X")
    bottom.escalate("work", "Y")
    run_all(engine)

    assert top.states("topTold") == ["COMPLETED", "COMPLETED", "CREATED"]
    assert len(top.element_instances("toldEnd")) == 2
    assert [task["state"] for task in top.tasks("TRIGGER_EVENT")] == ["DONE", "DONE"]


def test_crossing_event_finds_its_call_activity_ended(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    top, _, bottom = three_levels(engine)
    bottom.escalate("work", "X")
    bottom.throw_error("work", "X")
    # Backwards: the error first.
    _, error = top.tasks("TRIGGER_EVENT")
    engine.send(c.ExecuteTasks(partition=top.partition, id=error["id"], limit=1))

    run_all(engine)

    assert [task["state"] for task in top.tasks("TRIGGER_EVENT")] == ["CANCELED", "DONE"]
    assert top.states("topTold") == ["TERMINATED"]


def test_error_of_a_child_ends_the_call_activity_of_a_suspended_parent(engine: Engine) -> None:
    top, _, bottom = three_levels(engine)
    engine.send(c.SuspendProcessInstance(**place(top)))

    bottom.throw_error("work", "X")
    run_all(engine)

    assert top.states("callMiddle") == ["TERMINATED"]
    assert top.states("failedEnd") == ["SUSPENDED"]
    engine.send(c.ResumeProcessInstance(**place(top)))
    assert top.has_ended


def test_child_ends_itself_by_a_signal_that_interrupts_its_call_activity(engine: Engine) -> None:
    engine.deploy("throw/signal.bpmn", "askingTest")
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order, bpmnProcessId="askingTest")

    child.complete_job("ring", completion={"signalName": "stop"})
    run_all(engine)

    assert order.has_ended
    order.has_passed("stopped", "stoppedEnd")
    assert child.states("ring") == ["COMPLETED"]
    assert child.states("rung") == ["TERMINATED"]
    assert child.state()["state"] == "TERMINATED"


def test_terminated_instance_is_read_and_not_changed(engine: Engine) -> None:
    _, middle, bottom = three_levels(engine)
    variable = {"name": "v", "data": {"encoding": "text", "value": "1"}}
    engine.send(c.SetProcessVariables(**place(bottom), variables=[variable]))
    bottom.throw_error("work", "X")
    run_all(engine)

    assert bottom.variables() == {"v": "1"}
    for command in (
        c.SetProcessVariables(**place(bottom), variables=[variable]),
        c.SuspendProcessInstance(**place(bottom)),
        c.ResumeProcessInstance(**place(middle)),
    ):
        with pytest.raises(Conflict):
            engine.send(command)


def test_error_of_a_child_is_caught_by_a_scope_around_its_call_activity(engine: Engine) -> None:
    engine.deploy("error/end.bpmn", "errorHelper")
    order = engine.start(engine.deploy("error/end.bpmn", "errorEndTest"))
    order.complete_job("helper")
    helper = order.called("helper")

    helper.throw_error("help", "E")
    run_all(engine)

    assert helper.state()["state"] == "TERMINATED"
    assert order.states("helper") == order.states("outer") == ["TERMINATED"]
    order.waits_at("repair")


def test_task_that_running_another_one_has_made_waits_for_the_next_call(engine: Engine) -> None:
    """Caller and called one wait for the same signal; the first to be told ends the other."""
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    child = call(order, bpmnProcessId="endedTest")
    engine.send(c.SendSignal(name="stop", workerId=WORKER))

    answer = engine.send(c.ExecuteTasks(limit=100))

    assert [task["type"] for task in answer["completedTasks"]] == ["TRIGGER_EVENT", "TRIGGER_EVENT"]
    assert order.has_ended
    assert child.has_ended
    (task,) = run_all(engine)
    assert (task["type"], task["state"]) == ("TERMINATE_PROCESS_INSTANCE", "CANCELED")

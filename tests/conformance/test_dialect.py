"""Order fulfilment as it is drawn in each dialect: work types, headers, retries, user tasks, calls."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import InvalidCommand
from tests import models
from tests.conftest import Play
from tests.feeding import Handlers
from tests.play import WORKER, Engine, Order, as_json
from tests.recording import Recording

WITH_TYPES = ("zeebe", "camunda")
DIALECTS = (*WITH_TYPES, "bpmn")
HEADERS = {"warehouse": "north", "carrier": "post"}


VALUES = {
    "order": {"id": "o-7", "items": ["teapot"], "total": 250, "hours": 2, "followUp": "2030-01-15T00:00:00Z"},
    "customer": {"name": "Ann", "tier": "gold"},
    "address": "Main Street 1",
}
"""What an order begins with."""

LETTER = {"letter": "Dear Ann"}
MADE: dict[str, dict[str, Any]] = {
    "zeebe": LETTER | {"reservationId": 7, "payment": {"amount": 250}, "received": 250},
    "camunda": LETTER | {"reservationId": 7, "parcel": 1, "to": "Main Street 1", "items": ["teapot"]},
    "bpmn": {},
}
"""What the model makes of it; a script of BPMN alone says nowhere where its result goes."""

DELIVERED: dict[str, dict[str, Any]] = {
    "zeebe": VALUES | MADE["zeebe"] | {"reservation": {"id": 7}},
    "camunda": {"to": "Main Street 1", "items": ["teapot"]},
    "bpmn": {},
}
"""What the called process sees."""


def order_of(engine: Engine, dialect: str, **fields: Any) -> Order:
    return engine.start(engine.deploy(f"dialect/{dialect}.bpmn"), **fields)


def complete(engine: Engine, job: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return engine.send(c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER, **fields))


def failed(engine: Engine, **fields: Any) -> dict[str, Any]:
    """The next job of the type fails."""
    (job,) = engine.lock(workTypes=["reserve"])
    return complete(engine, job, error="no shelf", **fields)


def queries_of_one_process(engine: Engine, recording: Recording) -> int:
    """How many look-ups a lock needs that names the one process."""
    before = recording.calls["query"]
    engine.lock(processIds=[2])
    return recording.calls["query"] - before


def found(order: Order, **criteria: Any) -> bool:
    return bool(order.query(c.QueryUserTasks, processInstanceId=order.id, **criteria))


@pytest.mark.every_store
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_order_is_fulfilled_in_each_dialect(engine: Engine, dialect: str) -> None:
    engine.deploy("dialect/delivery.bpmn", version="2")
    order = order_of(engine, dialect, variables=as_json(**VALUES))
    by_type = dialect in WITH_TYPES
    (reserve,) = engine.lock(workTypes=["reserve"]) if by_type else engine.lock(bpmnElementIds=["reserve"])
    assert reserve.get("workType") == ("reserve" if by_type else None)
    assert reserve.get("headers") == (HEADERS if by_type else None)
    complete(engine, reserve, processVariables=as_json(reservation={"id": 7}))
    order.run_due_tasks()

    (task,) = order.user_tasks()
    assert (task["assignee"], task["candidateUsers"], task["candidateGroups"]) == (
        "ann",
        ["ann", "bob"],
        ["sales"],
    )
    order.update_user_task(completed=True)
    order.complete_job("price")
    order.waits_at("cool")
    engine.after("PT2H")
    if dialect == "zeebe":
        engine.message("payment", "o-7", variables=as_json(payment={"amount": 250}))
    if not by_type:
        called = {"calledProcess": {"bpmnProcessId": "delivery", "version": "2"}}
        order.complete_job("deliver", completion=called)
    delivery = order.called("deliver")
    delivery.complete_job("pack", processVariables=as_json(parcel=1))
    order.run_due_tasks()
    if not by_type:
        order.complete_job("deliver")

    order.has_passed("reserve", "approve", "price", "thank", "cool", "deliver", "delivered")
    assert order.has_ended
    assert order.values() == VALUES | {"reservation": {"id": 7}} | MADE[dialect]
    assert delivery.values() == DELIVERED[dialect] | {"parcel": 1}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_small_order_needs_no_price(engine: Engine, dialect: str) -> None:
    small = VALUES | {"customer": {"name": "Ann", "tier": "none"}}
    order = order_of(engine, dialect, variables=as_json(**small))
    order.complete_job("reserve")
    order.update_user_task(completed=True)

    order.has_passed("isLarge", "thank")
    order.has_not_reached("price")


# Work types


def test_a_lock_takes_only_the_work_types_it_names(engine: Engine) -> None:
    order_of(engine, "zeebe")
    engine.start(engine.deploy("task/service.bpmn"))

    assert engine.lock(workTypes=["price"]) == []
    assert engine.lock(workTypes=["reserve"], bpmnElementIds=["serviceTask"]) == []
    (job,) = engine.lock(workTypes=["other", "reserve"])
    assert job["bpmnElementId"] == "reserve"
    (job,) = engine.lock()
    assert job["bpmnElementId"] == "serviceTask"


def test_a_lock_takes_only_the_elements_it_names(engine: Engine) -> None:
    order_of(engine, "bpmn")
    engine.start(engine.deploy("task/service.bpmn"))

    assert engine.lock(bpmnElementIds=["price"]) == []
    (job,) = engine.lock(bpmnElementIds=["price", "serviceTask"], limit=1)
    assert job["bpmnElementId"] == "serviceTask"


def test_what_stands_in_front_does_not_hide_what_is_wanted(engine: Engine) -> None:
    process = engine.deploy("dialect/zeebe.bpmn")
    first = engine.start(process)
    first.set_values(**VALUES)
    first.complete_job("reserve")
    first.update_user_task(completed=True)
    for _ in range(3):
        engine.start(process)

    jobs = engine.lock(workTypes=["price"], limit=1)

    assert [job["bpmnElementId"] for job in jobs] == ["price"]


def test_a_process_without_the_work_type_is_not_read(engine: Engine) -> None:
    engine.start(engine.deploy("task/service.bpmn"))
    engine.deploy("dialect/zeebe.bpmn")
    engine.lock(workTypes=["reserve"])
    recording = engine.record()
    engine.send(c.QueryProcesses())
    reads = recording.calls.copy()

    assert engine.lock(workTypes=["reserve"]) == []

    read = recording.calls - reads
    assert read["query"] == queries_of_one_process(engine, recording)


def test_a_question_of_the_engine_has_no_work_type(engine: Engine) -> None:
    added = (
        '<extensionElements xmlns:z="http://camunda.org/schema/zeebe/1.0">'
        '<z:taskDefinition type="timing"/></extensionElements><timerEventDefinition/>'
    )
    order = engine.start(engine.deploy_xml(models.event("asks", added)))

    (job,) = order.jobs("event")

    assert (job["type"], job.get("workType")) == ("SET_TIMER", None)
    assert engine.lock(workTypes=["timing"]) == []


@pytest.mark.every_store
def test_jobs_of_a_work_type_are_fed(engine: Engine) -> None:
    handlers = Handlers(engine, "reserve")
    order = order_of(engine, "zeebe")
    (job,) = order.jobs("reserve")
    assert (job["state"], job["lockedBy"]) == ("LOCKED", "@feed")

    handlers.hand_out()

    assert handlers.done == ["reserve"]
    assert handlers.jobs[0]["headers"] == HEADERS
    order.waits_at("approve")


def test_a_lost_hint_of_a_work_type_is_sent_again(engine: Engine) -> None:
    handlers = Handlers(engine, "reserve")
    order_of(engine, "zeebe")
    handlers.lose()
    engine.clock.advance("PT31M")

    handlers.look()
    handlers.hand_out()

    assert handlers.done == ["reserve"]


# Retries


@pytest.mark.parametrize("dialect", WITH_TYPES)
def test_the_retries_of_the_model_count_where_nothing_is_said(engine: Engine, dialect: str) -> None:
    order = order_of(engine, dialect)

    states = []
    for _ in range(3):
        states.append(failed(engine)["state"])
        engine.clock.advance("PT10S")

    assert states == ["CAUSED_RETRY", "CAUSED_RETRY", "CAUSED_INCIDENT"]
    assert len(order.incidents()) == 1


def test_the_pause_of_the_model_counts_where_nothing_is_said(engine: Engine) -> None:
    order = order_of(engine, "camunda")
    job = failed(engine)
    assert (job["retryLimit"], job["retryTimer"]) == (2, "PT10S")
    assert order.jobs("reserve")[-1]["dueAt"] == "2030-01-01T08:00:10.000Z"
    engine.clock.advance("PT10S")

    failed(engine, retryTimer="PT1M")

    assert order.jobs("reserve")[-1]["dueAt"] == "2030-01-01T08:01:10.000Z"


def test_what_a_completion_says_counts_more(engine: Engine) -> None:
    order = order_of(engine, "camunda")

    assert failed(engine, retryLimit=1)["state"] == "CAUSED_RETRY"
    assert order.jobs("reserve")[-1]["dueAt"] == "2030-01-01T08:00:00.000Z", "at once, as without a model"
    assert failed(engine, retryLimit=1)["state"] == "CAUSED_INCIDENT"


def test_a_completion_may_want_no_retry(engine: Engine) -> None:
    order_of(engine, "camunda")

    assert failed(engine, noRetry=True)["state"] == "CAUSED_INCIDENT"


def test_without_a_word_in_the_model_a_failure_is_an_incident(play: Play) -> None:
    order = play("task/service.bpmn")

    assert order.complete_job("serviceTask", error="no")["state"] == "CAUSED_INCIDENT"


# User tasks


@pytest.fixture
def approval(engine: Engine) -> Order:
    order = order_of(engine, "zeebe", variables=as_json(**VALUES))
    order.complete_job("reserve")
    return order


def test_a_user_task_is_as_the_model_says(approval: Order) -> None:
    (task,) = approval.user_tasks()

    assert task["dueDate"] == "2030-02-01T11:00:00.000Z"
    assert (task["priority"], task["formKey"]) == (80, "approve-order")
    assert task["followUpDate"] == "2030-01-15T00:00:00.000Z"


def test_only_what_expressions_come_to_is_stored(approval: Order) -> None:
    work = approval.engine.env.store.load(approval.partition, approval.id)
    assert work is not None

    (task,) = work.instance.user_tasks.values()
    assert task.assignment == {"followUpDate": "2030-01-15T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"assignee": "ann"}, {"assignee": "bob"}),
        ({"candidateUser": "bob"}, {"candidateUser": "cat"}),
        ({"candidateGroup": "sales"}, {"candidateGroup": "ann"}),
        ({"dueBefore": "2030-02-01T11:00:00.001Z"}, {"dueBefore": "2030-02-01T11:00:00Z"}),
        ({"priority": 80}, {"priority": 8}),
        ({"formKey": "approve-order"}, {"formKey": "approve"}),
        ({"assignee": "ann", "priority": 80}, {"assignee": "ann", "priority": 8}),
        ({}, {"unassigned": True}),
        ({"followUpBefore": "2030-02-01T00:00:00Z"}, {"followUpBefore": "2030-01-15T00:00:00Z"}),
    ],
)
def test_user_tasks_are_found_by_their_assignment(approval: Order, right: Any, wrong: Any) -> None:
    assert found(approval, **right)
    assert not found(approval, **wrong)


@pytest.mark.every_store
def test_a_person_changes_the_assignment(approval: Order) -> None:
    changed = approval.update_user_task(
        assignee="bob", candidateGroups=["office"], followUpDate="2030-01-05T00:00:00Z", priority=5
    )

    assert (changed["assignee"], changed["candidateGroups"], changed["priority"]) == ("bob", ["office"], 5)
    assert changed["candidateUsers"] == ["ann", "bob"], "as the model says"
    assert approval.user_tasks() == [changed]
    assert found(approval, assignee="bob", followUpBefore="2030-01-06T00:00:00Z")
    assert not found(approval, assignee="ann")


def test_a_user_task_may_be_nobodys(approval: Order) -> None:
    changed = approval.update_user_task(unassign=True, candidateUsers=[])

    assert changed.keys().isdisjoint({"assignee", "candidateUsers"})
    assert found(approval, unassigned=True)
    assert approval.update_user_task(completed=True)["state"] == "COMPLETED"
    assert found(approval, unassigned=True)


def test_an_update_does_not_assign_and_unassign(approval: Order) -> None:
    with pytest.raises(InvalidCommand, match="expected to either assign or unassign user task"):
        approval.update_user_task(assignee="bob", unassign=True)

"""User tasks: work for people."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict, ExecutionError, InvalidCommand, NotFound
from tests.conftest import Play
from tests.play import WORKER, Engine, Order


def update(engine: Engine, order: Order, revision: int, id: int = 1, **fields: Any) -> dict[str, Any]:
    answer = engine.send(
        c.UpdateUserTask(partition=order.partition, id=id, revision=revision, **{"workerId": "ann", **fields})
    )
    order.run_due_tasks()
    return answer


def user_tasks(order: Order, **criteria: Any) -> list[dict[str, Any]]:
    return order.query(c.QueryUserTasks, processInstanceId=order.id, **criteria)


@pytest.mark.every_store
def test_user_task_waits_until_it_is_completed(play: Play, engine: Engine) -> None:
    order = play("user-task/user.bpmn", correlationKey="order-1")
    order.waits_at("userTask")
    (task,) = user_tasks(order)
    assert (task["state"], task["revision"], task["correlationKey"]) == ("STARTED", 1, "order-1")
    assert (task["createdBy"], task["updatedBy"], task["tags"]) == (WORKER, WORKER, [])
    engine.clock.advance("PT1H")

    answer = update(engine, order, 1, completed=True)

    assert (answer["state"], answer["revision"], answer["updatedBy"]) == ("COMPLETED", 2, "ann")
    assert answer["updatedAt"] == "2030-01-01T09:00:00.000Z"
    assert user_tasks(order) == [answer]
    order.has_passed("userTask", "endEvent")
    assert order.has_ended


def test_update_keeps_the_task_open_and_merges_tags(play: Play, engine: Engine) -> None:
    order = play("user-task/user.bpmn")
    update(engine, order, 1, tags={"b": "1", "a": "1"})

    answer = update(
        engine, order, 2, tags=[{"name": "b", "value": "2"}, {"name": "a"}, {"name": "c", "value": "3"}]
    )

    assert answer["tags"] == [{"name": "b", "value": "2"}, {"name": "c", "value": "3"}]
    assert (answer["revision"], answer["state"]) == (3, "STARTED")
    assert user_tasks(order, tags=[{"name": "b"}]) == [answer]
    assert user_tasks(order, tags=[{"name": "b", "value": "1"}]) == []
    order.waits_at("userTask")


def test_update_sets_variables_of_both_scopes(play: Play, engine: Engine) -> None:
    order = play("user-task/user.bpmn")
    data = {"encoding": "json", "value": "1"}

    update(
        engine,
        order,
        1,
        completed=True,
        processVariables=[{"name": "p", "data": data}],
        elementVariables=[{"name": "e", "data": data}],
    )

    assert order.variables() == {"p": "1"}
    (task,) = order.element_instances("userTask")
    answer = engine.send(c.GetElementVariables(partition=order.partition, id=task["id"]))
    assert answer["variables"] == [{"bpmnElementId": "userTask", "name": "e", "data": data}]


def test_update_needs_the_current_revision(play: Play, engine: Engine) -> None:
    order = play("user-task/user.bpmn")
    update(engine, order, 1, tags={"a": "1"})

    with pytest.raises(Conflict, match="user task 2030-01-01/1 is not in revision 1, but 2"):
        update(engine, order, 1, completed=True)

    order.waits_at("userTask")


def test_racing_updates_of_one_revision_have_one_winner(engine: Engine) -> None:
    recording = engine.record()
    order = engine.start(engine.deploy("user-task/user.bpmn"))
    recording.before_commit = lambda: update(engine, order, 1, tags={"by": "bob"})

    with pytest.raises(Conflict, match="is not in revision 1, but 2"):
        update(engine, order, 1, tags={"by": "ann"})

    assert user_tasks(order)[0]["tags"] == [{"name": "by", "value": "bob"}]


def test_ended_user_task_is_not_updated(play: Play, engine: Engine) -> None:
    order = play("user-task/user.bpmn")
    update(engine, order, 1, completed=True)

    with pytest.raises(Conflict, match="user task 2030-01-01/1 is not in state STARTED, but COMPLETED"):
        update(engine, order, 2, completed=True)


@pytest.mark.parametrize("id", [2, 65])
def test_unknown_user_task_is_not_found(play: Play, engine: Engine, id: int) -> None:
    order = play("user-task/user.bpmn")

    with pytest.raises(NotFound, match=f"user task 2030-01-01/{id} could not be found"):
        update(engine, order, 1, id=id)


@pytest.mark.parametrize(
    "fields",
    [
        {"completed": True, "errorCode": "E"},
        {"completed": True, "escalationCode": "E"},
        {"errorCode": "E", "escalationCode": "E"},
    ],
)
def test_user_task_ends_in_one_way(play: Play, engine: Engine, fields: dict[str, Any]) -> None:
    order = play("user-task/user.bpmn")

    with pytest.raises(
        InvalidCommand, match="expected to either complete user task, throw error or escalate"
    ):
        update(engine, order, 1, **fields)


@pytest.mark.parametrize(
    ("field", "title", "detail"),
    [
        ("errorCode", "failed to throw BPMN error", "failed to find boundary event for error code E"),
        (
            "escalationCode",
            "failed to escalate user task",
            "failed to find boundary event for escalation code E",
        ),
    ],
)
def test_uncaught_error_or_escalation_is_refused(
    play: Play, engine: Engine, field: str, title: str, detail: str
) -> None:
    order = play("user-task/user.bpmn")

    with pytest.raises(ExecutionError, match=detail) as refusal:
        update(engine, order, 1, **{field: "E"})

    assert refusal.value.title == title
    assert user_tasks(order)[0]["revision"] == 1

"""Processes of which only some instances may run at the same time."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.service.once import execute_once
from tests.play import MODELS, WORKER, Engine, Order
from tests.recording import Failing, Troubled

SERVICE = (MODELS / "task/service.bpmn").read_text()


def deploy(engine: Engine, version: str, parallelism: int) -> dict[str, Any]:
    return engine.deploy_xml(SERVICE + f"<!-- {version} -->", version=version, parallelism=parallelism)


def states(*orders: Order) -> list[str]:
    return [order.state()["state"] for order in orders]


def execute_all(engine: Engine) -> None:
    """Due tasks of any instance; in eager mode they have run already."""
    while engine.send(c.ExecuteTasks(limit=100))["locked"]:
        assert not engine.is_eager


@pytest.mark.every_store
def test_instance_beyond_the_limit_waits_for_its_turn(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    first, second, third = (engine.start(process) for _ in range(3))
    assert states(first, second, third) == ["STARTED", "QUEUED", "QUEUED"]
    assert "startedAt" not in second.state()
    assert [(t["bpmnElementId"], t["state"]) for t in second.element_instances()] == [
        ("serviceTest", "QUEUED"),
        ("startEvent", "QUEUED"),
    ]
    engine.clock.advance("PT1H")

    first.complete_job("serviceTask")
    execute_all(engine)

    assert states(first, second, third) == ["COMPLETED", "STARTED", "QUEUED"]
    assert second.state()["startedAt"] == "2030-01-01T09:00:00.000Z"
    (task,) = second.tasks("START_PROCESS_INSTANCE")
    assert (task["state"], task["processInstanceId"]) == ("DONE", second.id)
    second.waits_at("serviceTask")
    second.complete_job("serviceTask")
    execute_all(engine)
    third.complete_job("serviceTask")
    execute_all(engine)
    assert states(first, second, third) == ["COMPLETED"] * 3


def test_deferred_start_waits_for_its_task(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    process = deploy(engine, "1", 1)
    first, second = engine.start(process), engine.start(process)

    first.complete_job("serviceTask")

    assert states(second) == ["QUEUED"]
    assert [task["state"] for task in second.tasks()] == ["DUE"]
    # The turn is given: a third one waits although nothing runs.
    assert states(engine.start(process)) == ["QUEUED"]


def test_suspended_instance_counts_as_running(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    first = engine.start(process)
    engine.send(c.SuspendProcessInstance(partition=first.partition, id=first.id, workerId="ops"))

    assert states(engine.start(process)) == ["QUEUED"]


def test_instance_that_ends_at_once_leaves_no_trace_in_the_queue(engine: Engine) -> None:
    process = engine.deploy("task/task.bpmn", parallelism=1)

    orders = [engine.start(process) for _ in range(3)]

    assert states(*orders) == ["COMPLETED"] * 3


@pytest.mark.parametrize(("parallelism", "running"), [(2, 2), (3, 3), (0, 4)])
def test_raised_or_lifted_limit_lets_waiting_ones_start(
    engine: Engine, parallelism: int, running: int
) -> None:
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(4)]

    deploy(engine, "2", parallelism)
    execute_all(engine)

    assert states(*orders) == ["STARTED"] * running + ["QUEUED"] * (4 - running)


def dequeues(engine: Engine) -> list[dict[str, Any]]:
    return engine.send(c.QueryTasks(type="DEQUEUE_PROCESS_INSTANCE"))["results"]


@pytest.mark.every_store
def test_raised_limit_makes_one_task_per_instance_that_gets_room(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(4)]

    raised = deploy(engine, "2", 3)
    execute_all(engine)

    assert [task["state"] for task in dequeues(engine)] == ["DONE", "DONE"]
    assert {task["processId"] for task in dequeues(engine)} == {raised["id"]}
    assert not any("processInstanceId" in task for task in dequeues(engine))
    assert states(*orders) == ["STARTED", "STARTED", "STARTED", "QUEUED"]
    assert [len(order.tasks("START_PROCESS_INSTANCE")) for order in orders] == [0, 1, 1, 0]
    assert len(engine.send(c.QueryProcessInstances())["results"]) == 4


def test_deferred_turns_are_given_one_step_each(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("about the deferred mode")
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(3)]
    deploy(engine, "2", 0)
    assert [task["state"] for task in dequeues(engine)] == ["DUE", "DUE"]

    one = engine.send(c.ExecuteTasks(limit=1))

    assert [task["type"] for task in one["completedTasks"]] == ["DEQUEUE_PROCESS_INSTANCE"]
    assert states(*orders) == ["STARTED", "QUEUED", "QUEUED"]
    assert [task["state"] for task in orders[1].tasks()] == ["DUE"]
    assert orders[2].tasks() == []
    # Room for all, but somebody waits: a new one waits behind, and has its turn with a deployment sent again.
    fourth = engine.start(process)
    deploy(engine, "2", 0)
    assert len(dequeues(engine)) == 3
    execute_all(engine)
    assert states(*orders, fourth) == ["STARTED"] * 4


def test_who_queues_up_behind_promised_turns_has_one_too(engine: Engine) -> None:
    if engine.is_eager:
        pytest.skip("in eager mode the turns have been given by then")
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(2)]
    deploy(engine, "2", 4)
    orders += [engine.start(process) for _ in range(3)]
    assert states(*orders) == ["STARTED"] + ["QUEUED"] * 4

    execute_all(engine)

    assert states(*orders) == ["STARTED"] * 4 + ["QUEUED"]
    assert [task["state"] for task in dequeues(engine)] == ["DONE"] * 3


@pytest.mark.eager_only
def test_who_queues_up_behind_turns_left_to_the_executor_has_one_too(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(2)]
    engine.env = replace(engine.environment(), eager=False)
    deploy(engine, "2", 0)
    orders += [engine.start(process) for _ in range(2)]
    assert states(*orders) == ["STARTED"] + ["QUEUED"] * 3

    engine.env = engine.environment()
    engine.after("PT0S")

    assert states(*orders) == ["STARTED"] * 4


def test_turn_is_not_given_once_the_limit_is_lowered_again(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    first, second = engine.start(process), engine.start(process)
    if engine.is_eager:
        pytest.skip("in eager mode the turn has been given by then")
    deploy(engine, "2", 2)
    deploy(engine, "3", 1)

    execute_all(engine)

    assert [task["state"] for task in dequeues(engine)] == ["DONE"]
    assert states(first, second) == ["STARTED", "QUEUED"]
    deploy(engine, "4", 2)
    execute_all(engine)
    assert states(first, second) == ["STARTED", "STARTED"]


@pytest.mark.parametrize("passed", range(8))
def test_raised_limit_that_broke_off_gives_each_turn_once(engine: Engine, passed: int) -> None:
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(4)]
    failing = Failing(engine.items)
    engine.items = failing
    engine.env = engine.environment()
    failing.passes = passed
    with suppress(ConnectionError):
        deploy(engine, "2", 3)
    failing.passes = None

    deploy(engine, "2", 3)

    while engine.send(c.ExecuteTasks(limit=100))["locked"]:
        pass
    assert len(dequeues(engine)) == 2
    assert states(*orders) == ["STARTED"] * 3 + ["QUEUED"]


def test_limit_is_set_under_an_idempotency_key(engine: Engine) -> None:
    fields = {"bpmnProcessId": "serviceTest", "bpmnXml": SERVICE, "version": "1", "parallelism": 1}

    process = execute_once(c.CreateProcess(**fields, workerId=WORKER), engine.env, "k")

    assert states(engine.start(process), engine.start(process)) == ["STARTED", "QUEUED"]


def test_limit_is_raised_under_an_idempotency_key(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(3)]
    raise_limit = c.CreateProcess(
        bpmnProcessId="serviceTest", bpmnXml=SERVICE, version="2", parallelism=3, workerId=WORKER
    )

    first = execute_once(raise_limit, engine.env, "k")
    again = execute_once(raise_limit, engine.environment(), "k")

    execute_all(engine)
    assert again == first
    assert len(dequeues(engine)) == 2
    assert states(*orders) == ["STARTED"] * 3


@pytest.mark.every_store
def test_racing_turns_give_each_instance_one(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    orders = [engine.start(process) for _ in range(3)]
    recording = engine.record()
    first = orders[0].lock_job("serviceTask")
    engine.env = replace(engine.environment(), eager=False)
    deploy(engine, "2", 2)
    complete = c.CompleteJob(partition=orders[0].partition, id=first["id"], workerId=WORKER)
    recording.before_commit = lambda: engine.send(complete)

    while engine.send(c.ExecuteTasks(limit=100))["locked"]:
        pass

    assert states(*orders) == ["COMPLETED", "STARTED", "STARTED"]
    assert [len(order.tasks("START_PROCESS_INSTANCE")) for order in orders] == [0, 1, 1]


def test_newest_version_counts_for_all_also_for_those_that_run_already(engine: Engine) -> None:
    old = deploy(engine, "1", 0)
    first = engine.start(old)
    new = deploy(engine, "2", 1)
    engine.env = engine.environment()

    second, third = engine.start(old), engine.start(new)
    assert states(first, second, third) == ["STARTED", "QUEUED", "QUEUED"]

    first.complete_job("serviceTask")
    execute_all(engine)
    assert states(second, third) == ["STARTED", "QUEUED"]


@pytest.mark.parametrize("passed", range(6))
def test_deployment_that_broke_off_is_finished_by_sending_it_again(engine: Engine, passed: int) -> None:
    first = engine.start(deploy(engine, "1", 0))
    failing = Failing(engine.items)
    engine.items = failing
    engine.env = engine.environment()
    failing.passes = passed
    with suppress(ConnectionError):
        deploy(engine, "2", 1)
    failing.passes = None

    process = deploy(engine, "2", 1)

    second = engine.start(process)
    assert states(first, second) == ["STARTED", "QUEUED"]
    first.complete_job("serviceTask")
    execute_all(engine)
    assert states(first, second) == ["COMPLETED", "STARTED"]


def test_lost_race_for_the_queue_leaves_nothing_behind(engine: Engine) -> None:
    recording = engine.record()
    process = deploy(engine, "1", 1)
    large = [{"name": "a", "data": {"encoding": "json", "value": str(list(range(900)))}}]
    recording.before_commit = lambda: engine.start(process)

    engine.start(process, variables=large)

    assert len([key for key in recording.keys if key.sort.startswith("VALUE#")]) == 1


@pytest.mark.eager_only
def test_command_is_done_although_the_next_in_the_queue_cannot_start(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    first, second = engine.start(process), engine.start(process)
    job = first.lock_job("serviceTask")
    troubled = Troubled(engine.items)
    engine.items = troubled
    engine.env = replace(engine.environment(), pauses=lambda: iter(()))
    # Instance, process, clock, queue, the next one; then the next one once more, to run its task.
    troubled.refuses["get"] = 5

    answer = engine.send(c.CompleteJob(partition=first.partition, id=job["id"], workerId=WORKER))

    assert answer["state"] == "DONE"
    assert states(second) == ["QUEUED"]
    assert engine.send(c.ExecuteTasks(limit=1))["completed"] == 1
    assert states(second) == ["STARTED"]


def test_variables_of_a_queued_instance_are_kept(engine: Engine) -> None:
    process = deploy(engine, "1", 1)
    first = engine.start(process)
    second = engine.start(process, variables=[{"name": "a", "data": {"encoding": "json", "value": "1"}}])

    first.complete_job("serviceTask")
    execute_all(engine)

    assert second.variables() == {"a": "1"}


@pytest.mark.every_store
def test_racing_starts_do_not_pass_the_limit(engine: Engine) -> None:
    recording = engine.record()
    process = deploy(engine, "1", 1)
    others: list[Order] = []
    recording.before_commit = lambda: others.append(engine.start(process))

    mine = engine.start(process)

    assert sorted(states(mine, *others)) == ["QUEUED", "STARTED"]


def test_queue_of_a_hundred_that_end_at_once_is_worked_off(engine: Engine) -> None:
    xml = SERVICE.replace("serviceTask", "task")
    blocked = engine.deploy_xml(SERVICE, parallelism=1)
    first = engine.start(blocked)
    orders = [engine.start(engine.deploy_xml(xml, version="2", parallelism=1)) for _ in range(30)]

    first.complete_job("serviceTask")
    execute_all(engine)

    assert set(states(*orders)) == {"COMPLETED"}

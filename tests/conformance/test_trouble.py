"""The store refuses for a moment, in the middle of a command."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.contract import commands as c
from chalicelib.storage import keys
from chalicelib.storage.ports import Item, Put
from tests.models import sequence
from tests.play import WORKER, Engine, Order
from tests.recording import Forgetful, Troubled


@pytest.fixture
def troubled(engine: Engine) -> Troubled:
    troubled = Troubled(engine.items)
    engine.items = troubled
    engine.env = engine.environment()
    return troubled


def text(name: str, value: str) -> dict[str, object]:
    return {"name": name, "data": {"encoding": "text", "value": value}}


@pytest.mark.parametrize("passed", range(5))
def test_nothing_refers_to_what_was_not_written(engine: Engine, troubled: Troubled, passed: int) -> None:
    process = engine.deploy_xml(sequence("long", 200, tag="task"))
    troubled.refuses["write"] = passed

    order = engine.start(process)

    assert order.has_ended
    assert len(order.element_instances()) == 203


def test_locked_jobs_are_answered_although_the_store_refuses_the_next(
    engine: Engine, troubled: Troubled
) -> None:
    process = engine.deploy("task/service.bpmn")
    for _ in range(120):
        engine.start(process)
    # Clock, list of processes, the first hundred instances; the rest is refused once.
    troubled.refuses["get"] = 3

    first = engine.lock(limit=1000)
    second = engine.lock(limit=1000)

    assert (len(first), len(second)) == (100, 20)


def test_claimed_instances_are_released_when_the_look_for_jobs_fails(
    engine: Engine, troubled: Troubled
) -> None:
    process = engine.deploy("task/service.bpmn")
    for _ in range(120):
        engine.start(process)
    troubled.refuses["query"] = 1

    assert len(engine.lock(limit=1000, processIds=[process["id"]])) == 100

    for lock in engine.env.locks._locks.values():
        assert not lock._is_owned()  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", ["get", "query", "write"])
@pytest.mark.parametrize("passed", range(4))
def test_refused_once_is_tried_again(engine: Engine, troubled: Troubled, verb: str, passed: int) -> None:
    process = engine.deploy("task/service.bpmn")
    troubled.refuses[verb] = passed
    order = engine.start(process, variables=[text("large", str(list(range(900))))])
    troubled.refuses[verb] = passed
    (job,) = engine.lock()
    troubled.refuses[verb] = passed

    engine.send(
        c.CompleteJob(
            partition=order.partition, id=job["id"], workerId=WORKER, processVariables=[text("large", "x")]
        )
    )

    troubled.refuses.clear()
    assert order.has_ended
    assert order.variables() == {"large": "x"}


def test_start_whose_answer_was_lost_starts_once(engine: Engine) -> None:
    forgetful = Forgetful(engine.items)
    engine.items = forgetful
    engine.env = engine.environment()
    process = engine.deploy("task/service.bpmn")
    forgetful.meanwhile = engine.lock

    engine.start(process)

    assert engine.send(c.QueryProcessInstances())["count"] == 1


def test_unreadable_instance_does_not_keep_the_others_waiting(engine: Engine) -> None:
    process = engine.deploy("gateway/parallel-pass-through.bpmn")
    good = engine.start(engine.deploy("task/service.bpmn"))
    item = Item(
        keys.instance("2030-01-01", 999),
        b"from the future",
        index=keys.list_attributes(engine.shards, "2030-01-01", 999, process["id"])
        | keys.due_attributes(engine.shards, 999, process["id"], 0, 0),
    )
    engine.items.commit([Put(item, 0)])

    assert engine.send(c.ExecuteTasks(limit=100))["failed"] == 0
    assert [job["processInstanceId"] for job in engine.lock()] == [good.id]


def test_id_of_a_forward_whose_instance_was_never_written_is_not_found(engine: Engine) -> None:
    order = engine.start(engine.deploy("task/service.bpmn"))
    engine.items.commit([Put(Item(keys.instance(order.partition, 1), b"F0"), 0)])

    assert order.query(c.QueryElementInstances, id=66) == []
    assert engine.send(c.ExecuteTasks(partition=order.partition, id=66, limit=1))["locked"] == 0


def test_named_lock_waits_for_the_instance(engine: Engine) -> None:
    recording = engine.record()
    order = engine.start(engine.deploy("gateway/parallel.bpmn"))
    job_a, job_b = order.jobs()
    recording.before_commit = partial(put, engine, order)

    (locked,) = engine.lock(partition=order.partition, id=job_b["id"])

    assert locked["id"] == job_b["id"]
    assert [job["id"] for job in engine.lock()] == [job_a["id"]]


def test_release_counts_every_job_also_when_overtaken(engine: Engine) -> None:
    recording = engine.record()
    process = engine.deploy("task/service.bpmn")
    orders = [engine.start(process) for _ in range(3)]
    engine.lock()
    overtake: Callable[[], object] = partial(put, engine, orders[0])
    recording.before_commit = overtake

    assert engine.send(c.UnlockJobs(workerId=WORKER)) == {"count": 3}


def test_value_of_an_ended_scope_survives_what_happens_to_others(engine: Engine) -> None:
    order = engine.start(engine.deploy("process/ten-tasks.bpmn"))
    (task,) = order.element_instances("serviceTask1")
    mine = str([number * 7919 % 1000 for number in range(200)])
    engine.send(
        c.SetElementVariables(
            partition=order.partition, id=task["id"], variables=[text("mine", mine)], workerId=WORKER
        )
    )
    put(engine, order, str([number * 6007 % 1000 for number in range(500)]))
    order.complete_job("serviceTask1")
    put(engine, order, "short")

    answer = engine.send(c.GetElementVariables(partition=order.partition, id=task["id"]))

    assert answer["variables"] == [{"bpmnElementId": "serviceTask1"} | text("mine", mine)]


def put(engine: Engine, order: Order, value: str = "1") -> None:
    engine.send(
        c.SetProcessVariables(
            partition=order.partition, id=order.id, variables=[text("ours", value)], workerId=WORKER
        )
    )

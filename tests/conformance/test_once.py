"""Commands under an idempotency key: sent again, they answer the first result and change nothing."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.engine.errors import Conflict, InvalidCommand, NotFound
from chalicelib.service.once import execute_once
from tests.play import MODELS, WORKER, Engine

SERVICE = (MODELS / "task/service.bpmn").read_text()


def once(engine: Engine, command: Command, key: str = "k") -> Any:
    engine.env = engine.environment()
    return execute_once(command, engine.env, key)


def start(**fields: Any) -> Command:
    return c.CreateProcessInstance(bpmnProcessId="serviceTest", version="1", workerId=WORKER, **fields)


def count(engine: Engine) -> int:
    return engine.send(c.QueryProcessInstances())["count"]


@pytest.mark.every_store
def test_same_command_again_answers_the_first_result_and_changes_nothing(engine: Engine) -> None:
    engine.deploy("task/service.bpmn")
    first = once(engine, start())
    engine.clock.advance("PT23H59M")

    assert once(engine, start()) == first
    assert count(engine) == 1
    assert once(engine, start(), "other") != first
    assert count(engine) == 2


def test_key_may_be_used_anew_after_a_day(engine: Engine) -> None:
    engine.deploy("task/service.bpmn")
    once(engine, start())
    engine.clock.advance("P1D")

    once(engine, start())

    assert count(engine) == 2


def test_other_command_under_the_same_key_is_a_conflict(engine: Engine) -> None:
    engine.deploy("task/service.bpmn")
    once(engine, start())

    with pytest.raises(Conflict, match="idempotency key k was used for another command"):
        once(engine, start(correlationKey="x"))

    assert count(engine) == 1


def test_refused_command_leaves_its_key_free(engine: Engine) -> None:
    with pytest.raises(NotFound):
        once(engine, start())

    engine.deploy("task/service.bpmn")
    once(engine, start())
    assert count(engine) == 1


@pytest.mark.every_store
def test_answer_is_written_with_the_effect_or_not_at_all(engine: Engine) -> None:
    recording = engine.record()
    engine.deploy("task/service.bpmn")
    before = recording.calls["transaction"]
    others: list[Any] = []
    recording.before_commit = lambda: others.append(once(engine, start()))

    mine = once(engine, start())

    assert [mine] == others
    assert count(engine) == 1
    assert recording.calls["transaction"] - before == 2


def test_no_key_costs_nothing(engine: Engine) -> None:
    recording = engine.record()
    process = engine.deploy("task/service.bpmn")
    engine.start(process)
    engine.env = engine.environment()
    engine.send(start())
    before = dict(recording.calls)

    engine.send(start())

    assert recording.calls["write"] - before["write"] == 1
    assert recording.calls["transaction"] == before["transaction"]


def test_every_kind_of_command_is_done_once(engine: Engine) -> None:
    deploy = c.CreateProcess(bpmnProcessId="serviceTest", bpmnXml=SERVICE, version="1", workerId=WORKER)
    assert once(engine, deploy) == once(engine, deploy)
    orders = [engine.start({"bpmnProcessId": "serviceTest", "version": "1"}) for _ in range(3)]
    place = {"partition": orders[0].partition, "id": orders[0].id}

    lock = c.LockJobs(limit=2, workerId=WORKER)
    locked = once(engine, lock)
    assert once(engine, lock) == locked
    assert locked["count"] == 2

    complete = c.CompleteJob(partition=orders[0].partition, id=locked["jobs"][0]["id"], workerId=WORKER)
    assert once(engine, complete)["state"] == once(engine, complete)["state"] == "DONE"
    with pytest.raises(Conflict, match="is completed"):
        once(engine, complete, "another")

    unlock = c.UnlockJobs(workerId=WORKER)
    assert once(engine, unlock) == once(engine, unlock) == {"count": 1}

    message = c.SendMessage(name="paid", correlationKey="1", workerId=WORKER)
    assert once(engine, message) == once(engine, message)
    assert engine.send(c.QueryMessages())["count"] == 1

    suspend = c.SuspendProcessInstance(**{**place, "id": orders[1].id}, workerId="ops")
    assert once(engine, suspend) is once(engine, suspend) is None
    assert orders[1].state()["state"] == "SUSPENDED"

    move = c.SetTime(timeDuration="P2D")
    assert once(engine, move) == once(engine, move)
    assert engine.env.now() == engine.clock.now + 2 * 24 * 60 * 60 * 1000


def test_command_that_changes_too_much_for_one_transaction_is_refused(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn")
    for _ in range(95):
        engine.start(process)

    with pytest.raises(InvalidCommand, match="changes at most 90 process instances"):
        once(engine, c.LockJobs(limit=100, workerId=WORKER))

    assert len(engine.lock(limit=100)) == 95


def test_next_in_the_queue_starts_in_the_same_transaction(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn", parallelism=1)
    first, second = engine.start(process), engine.start(process)
    job = first.lock_job("serviceTask")

    complete = c.CompleteJob(partition=first.partition, id=job["id"], workerId=WORKER)
    assert once(engine, complete) == once(engine, complete)
    second.run_due_tasks()

    assert second.state()["state"] == "STARTED"
    second.complete_job("serviceTask")
    assert second.has_ended

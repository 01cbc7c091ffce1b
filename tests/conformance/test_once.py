"""Commands under an idempotency key: sent again, they answer the first result and change nothing."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.engine.errors import Conflict, InvalidCommand, NotFound
from chalicelib.service.once import execute_once
from chalicelib.service.retry import Busy
from tests.play import MODELS, WORKER, Engine
from tests.recording import Troubled

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


class Slow:
    """A store whose reader is so slow that something happens once it has looked for an answer."""

    def __init__(self, store: Any, happens: Callable[[], object]) -> None:
        self._store = store
        self._happens = [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def answer(self, key: str) -> Any:
        found = self._store.answer(key)
        if self._happens:
            self._happens.pop()()
        return found


def test_of_two_at_once_both_have_the_same_answer(engine: Engine) -> None:
    engine.deploy("task/service.bpmn")
    once(engine, start())
    (job,) = engine.lock()
    complete = c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER)
    other = engine.environment()
    slow = replace(other, store=Slow(other.store, lambda: once(engine, complete, "job")))

    answer = execute_once(complete, slow, "job")

    assert answer == once(engine, complete, "job"), "and no conflict: the job was completed by itself"


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


@pytest.mark.every_store
def test_command_that_comes_to_one_message_slot_twice_writes_it_once(engine: Engine) -> None:
    """It ends the instance of one message, and then that of the next one of the same name and key."""
    start = [{"bpmnElementId": "startEvent", "messageName": "paid"}]
    xml = (MODELS / "message/start.bpmn").read_text()
    engine.deploy_xml(xml, messages=start, parallelism=1)
    engine.message("paid", "order-1")
    through = xml.replace("serviceTask", "task")
    engine.deploy_xml(through, version="2", messages=start, parallelism=1)
    engine.message("paid", "order-1")
    (job,) = engine.lock()
    engine.clock.advance("PT1M")

    complete = c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER)
    assert once(engine, complete) == once(engine, complete)
    engine.let_arrive()

    states = [found["state"] for found in engine.send(c.QueryProcessInstances())["results"]]
    assert states == ["COMPLETED", "COMPLETED"]
    expiries = [message["expiresAt"] for message in engine.send(c.QueryMessages())["results"]]
    assert expiries == ["2030-01-01T08:01:00.000Z"] * 2


@pytest.mark.every_store
def test_command_that_comes_to_one_signal_slot_twice_writes_it_once(engine: Engine) -> None:
    """It ends an instance that is subscribed, and the next in the queue subscribes."""
    engine.shards = replace(engine.shards, signals=1)
    engine.env = engine.environment()
    stop = [{"bpmnElementId": "boundaryEvent", "signalName": "stop"}]
    process = engine.deploy("signal/boundary.bpmn", signals=stop, parallelism=1)
    first, second = engine.start(process), engine.start(process)
    job = first.lock_job("serviceTask")

    complete = c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER)
    assert once(engine, complete) == once(engine, complete)
    engine.let_arrive()

    assert first.has_ended
    second.waits_at("serviceTask", "boundaryEvent")
    send = c.SendSignal(name="stop", workerId=WORKER)
    assert [once(engine, send, key)["subscriberCount"] for key in "aab"] == [1, 1, 0]
    engine.let_arrive()
    assert second.has_ended


@pytest.mark.every_store
def test_message_and_signal_under_a_key_reach_who_waits_once(engine: Engine) -> None:
    signalled = engine.start(engine.deploy("signal/boundary-beside.bpmn"))
    told = engine.start(engine.deploy("message/boundary-beside.bpmn"))
    for order, completion in (
        (signalled, {"signalName": "stop"}),
        (told, {"messageName": "paid", "messageCorrelationKey": "1"}),
    ):
        job = order.lock_job("boundaryEvent")
        complete = c.CompleteJob(
            partition=order.partition, id=job["id"], workerId=WORKER, completion=completion
        )
        key = str(order.id)
        assert once(engine, complete, key) == once(engine, complete, key)

    for command in (
        c.SendSignal(name="stop", workerId=WORKER),
        c.SendMessage(name="paid", correlationKey="1", workerId=WORKER),
    ):
        assert once(engine, command) == once(engine, command)
    engine.let_arrive()

    for order in (signalled, told):
        assert order.states("boundaryEvent") == ["COMPLETED", "CREATED"]


@pytest.mark.eager_only
@pytest.mark.parametrize("passed", range(12))
def test_what_fails_behind_a_command_stays_due_and_is_not_written_half(engine: Engine, passed: int) -> None:
    """The next in the queue begins inside of the command; the store refuses one read on its way."""
    stop = [{"bpmnElementId": "boundaryEvent", "signalName": "stop"}]
    process = engine.deploy("signal/boundary.bpmn", signals=stop, parallelism=1)
    first, second = engine.start(process), engine.start(process)
    job = first.lock_job("serviceTask")
    troubled = Troubled(engine.items)
    engine.items = troubled
    env = replace(engine.environment(), pauses=lambda: iter(()))
    troubled.refuses["get"] = passed

    complete = c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER)
    with suppress(Busy):
        execute_once(complete, env, "k")
    troubled.refuses.clear()
    once(engine, complete)
    engine.send(c.ExecuteTasks(limit=10))

    assert first.has_ended
    second.waits_at("serviceTask", "boundaryEvent")
    assert engine.signal("stop") == 1
    assert second.has_ended

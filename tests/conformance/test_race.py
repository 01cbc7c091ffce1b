"""Two writers on one process instance: a race is played by committing in between."""

from functools import partial

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict
from chalicelib.service.retry import Busy
from tests.conftest import Play
from tests.models import parallel, sequence
from tests.play import WORKER, Engine, Order
from tests.recording import Forgetful, Losing


@pytest.mark.every_store
def test_overtaken_command_thinks_again_and_loses_nothing(engine: Engine) -> None:
    recording = engine.record()
    order = engine.start(engine.deploy("gateway/parallel.bpmn"))
    job_a, job_b = order.lock_job("a"), order.lock_job("b")

    def complete(job: dict) -> None:
        engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))

    recording.before_commit = lambda: complete(job_b)
    complete(job_a)
    order.run_due_tasks()

    assert [job["state"] for job in order.jobs()] == ["DONE", "DONE"]
    assert order.has_ended
    assert len(order.element_instances("endEvent")) == 1


def test_second_completion_of_the_same_job_is_a_conflict_also_when_it_loses_a_race(engine: Engine) -> None:
    recording = engine.record()
    order = engine.start(engine.deploy("task/service.bpmn"))
    job = order.lock_job("serviceTask")
    complete = c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER)
    recording.before_commit = lambda: engine.send(complete)

    with pytest.raises(Conflict, match="is completed"):
        engine.send(complete)

    assert len(order.element_instances("endEvent")) == 1


def test_job_that_is_locked_in_between_is_given_to_one_worker(engine: Engine) -> None:
    recording = engine.record()
    engine.start(engine.deploy("task/service.bpmn"))
    other: list[dict] = []
    recording.before_commit = lambda: other.extend(engine.lock(workerId="other"))

    mine = engine.lock()

    assert len(mine) + len(other) == 1


def test_loser_removes_the_page_it_has_written(engine: Engine) -> None:
    recording = engine.record()
    process = engine.deploy_xml(sequence("long", 150))
    order = engine.start(process)
    for at in range(150):
        engine.clock.advance(f"PT{at * 7919 % 3600}.{at}S")
        (job,) = engine.lock(processIds=[process["id"]])
        recording.before_commit = partial(put_at, engine, order, at)
        engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))

    written = [key for key in recording.written if key.sort.startswith("PAGE#")]
    pages = {key for key in recording.keys if key.sort.startswith("PAGE#")}
    assert 2 <= len(pages) < len(written)
    assert len(order.jobs()) == 150


def test_page_of_a_write_whose_answer_was_lost_is_kept(engine: Engine) -> None:
    forgetful = Forgetful(engine.items)
    engine.items = forgetful
    engine.env = engine.environment()
    process = engine.deploy_xml(sequence("long", 120))
    order = engine.start(process)

    for at in range(119):
        engine.clock.advance(f"PT{at * 7919 % 3600}.{at}S")
        (job,) = engine.lock(processIds=[process["id"]])
        forgetful.meanwhile = partial(put_at, engine, order, at)
        with pytest.raises(Conflict, match="is completed"):
            engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))

    assert any(key.sort.startswith("PAGE#") for key in forgetful.keys)
    assert [job["bpmnElementId"] for job in order.jobs()] == [f"t{at}" for at in range(120)]


def put_at(engine: Engine, order: Order, at: int) -> None:
    variable = {"name": "at", "data": {"encoding": "text", "value": str(at)}}
    engine.send(
        c.SetProcessVariables(partition=order.partition, id=order.id, variables=[variable], workerId=WORKER)
    )


def test_command_that_never_gets_through_says_busy(engine: Engine, play: Play) -> None:
    order = play("task/service.bpmn")
    engine.items = Losing(engine.items)
    engine.env = engine.environment()

    with pytest.raises(Busy, match="SetProcessVariables did not get through"):
        engine.send(c.SetProcessVariables(partition=order.partition, id=order.id, workerId=WORKER))


def test_a_hundred_parallel_jobs_end_one_instance_once(engine: Engine) -> None:
    order = engine.start(engine.deploy_xml(parallel("wide", 100)))

    jobs = engine.lock(limit=1000)
    assert len(jobs) == 100
    for job in jobs:
        engine.send(c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER))
    order.run_due_tasks()

    assert order.has_ended
    assert len(order.element_instances("end")) == 1

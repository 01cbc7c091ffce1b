"""Many threads at once on one sqlite file: who wins, wins alone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict
from chalicelib.service.execute import execute
from chalicelib.storage.sqlite import SqliteItems
from tests.models import parallel
from tests.play import WORKER, Engine

THREADS = 8


@pytest.fixture
def on_file(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(SqliteItems(tmp_path / "bpmn.db"))
    yield engine
    engine.items.close()


def at_once(engine: Engine, act: Callable[[Any, int], Any], times: int) -> list[Any]:
    """Act from many threads, of which half share an environment as in one server, and half have one each."""
    shared = engine.environment()
    envs = [
        replace(env, pauses=lambda: repeat(0.0, 1000))
        for env in [shared] * (THREADS // 2) + [engine.environment() for _ in range(THREADS // 2)]
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda number: act(envs[number % THREADS], number), range(times)))


def test_one_revision_of_a_user_task_has_one_winner(on_file: Engine) -> None:
    order = on_file.start(on_file.deploy("user-task/user.bpmn"))

    def update(env: Any, number: int) -> str | None:
        command = c.UpdateUserTask(
            partition=order.partition, id=1, revision=1, tags={"by": str(number)}, workerId=f"w{number}"
        )
        try:
            return str(execute(command, env)["updatedBy"])
        except Conflict:
            return None

    winners = [winner for winner in at_once(on_file, update, 4 * THREADS) if winner]

    (task,) = order.query(c.QueryUserTasks, processInstanceId=order.id)
    assert winners == [task["updatedBy"]]
    assert task["revision"] == 2


def test_limit_of_a_process_holds_and_everybody_gets_a_turn(on_file: Engine) -> None:
    process = on_file.deploy("task/service.bpmn", parallelism=3)
    start = c.CreateProcessInstance(bpmnProcessId="serviceTest", version="1", workerId=WORKER)

    at_once(on_file, lambda env, _: execute(start, env), 4 * THREADS)

    states = [row["state"] for row in on_file.send(c.QueryProcessInstances())["results"]]
    assert (states.count("STARTED"), states.count("QUEUED")) == (3, 4 * THREADS - 3)

    def work(env: Any, number: int) -> None:
        for job in execute(c.LockJobs(limit=1, processIds=[process["id"]], workerId=f"w{number}"), env)[
            "jobs"
        ]:
            execute(c.CompleteJob(partition=job["partition"], id=job["id"], workerId=f"w{number}"), env)

    for _ in range(4 * THREADS):
        at_once(on_file, work, THREADS)
        states = [row["state"] for row in on_file.send(c.QueryProcessInstances())["results"]]
        assert states.count("STARTED") <= 3
        if set(states) == {"COMPLETED"}:
            return
    raise AssertionError(f"not everybody got a turn: {states}")


def test_parallel_jobs_of_one_instance_are_all_done_once(on_file: Engine) -> None:
    order = on_file.start(on_file.deploy_xml(parallel("wide", 40)))
    jobs = on_file.lock(limit=40)

    def complete(env: Any, number: int) -> str:
        command = c.CompleteJob(partition=order.partition, id=jobs[number]["id"], workerId=WORKER)
        return str(execute(command, env)["state"])

    assert set(at_once(on_file, complete, 40)) == {"DONE"}
    assert order.has_ended
    assert len(order.element_instances("end")) == 1

"""What `bpmn serve` serves: upkeep that begins with it, timers, and job handlers that it runs itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.records import Instant
from chalicelib.local.feed import LocalFeed
from chalicelib.local.service import LocalService
from chalicelib.sdk.loading import NotLoaded
from chalicelib.service.environment import Hint, Ref
from chalicelib.service.execute import execute
from chalicelib.settings import Settings
from tests.local import handlers
from tests.play import MODELS

PATIENCE = 10
"""Seconds after which a test gives up; none waits that long when the server is right."""


def make_instance(service: LocalService, **fields: Any) -> None:
    xml = (MODELS / "process" / "ten-tasks.bpmn").read_text()
    process = {"bpmnProcessId": "tenTasksTest", "version": "1", "workerId": "test"}
    execute(c.CreateProcess(bpmnXml=xml, **process), service.env)
    amount = {"name": "amount", "data": {"encoding": "json", "value": "7"}}
    execute(c.CreateProcessInstance(**process, variables=[amount], **fields), service.env)


def jobs(service: LocalService) -> list[tuple[str, str]]:
    found = execute(c.QueryJobs(), service.env)["results"]
    return [(job["bpmnElementId"], job["state"]) for job in found]


@contextmanager
def called() -> Iterator[list[str]]:
    """What handlers were called with."""
    handlers.calls.clear()
    handlers.all_done.clear()
    yield handlers.calls


@pytest.mark.parametrize("mode", ["eager", "deferred"])
def test_upkeep_begins_with_the_server(mode: str) -> None:
    service = LocalService(Settings(store="memory", task_mode=mode))
    assert execute(c.QueryTasks(), service.env)["count"] == 0

    service.start()

    found = execute(c.QueryTasks(), service.env)["results"]
    service.stop()
    assert [task["type"] for task in found] == [
        "CREATE_PARTITION",
        "DETACH_PARTITION",
        "PURGE_MESSAGES",
        "PURGE_SIGNALS",
    ]


def test_the_server_runs_job_handlers_itself() -> None:
    service = LocalService(Settings(store="memory", handlers="tests.local.handlers"))
    service.start()

    with called() as calls:
        make_instance(service)
        assert handlers.all_done.wait(PATIENCE)
        service.stop()

    assert calls == ["first 7", "second 8"]
    assert jobs(service) == [("serviceTask1", "DONE"), ("serviceTask2", "CAUSED_INCIDENT")]


def test_what_one_server_leaves_behind_the_next_one_does(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "bpmn.db"), handlers="tests.local.handlers")
    # It never starts to hand out what it was told: as if it was killed just then.
    killed = LocalService(settings)
    make_instance(killed)
    killed.env.store.close()

    service = LocalService(settings)
    with called() as calls:
        service.start()
        assert handlers.all_done.wait(PATIENCE)
        service.stop()

    assert calls == ["first 7", "second 8"]


def test_without_executor_jobs_wait_for_workers() -> None:
    settings = Settings(store="memory", handlers="tests.local.handlers", task_mode="deferred")
    service = LocalService(settings)
    service.start()

    make_instance(service)
    service.stop()

    assert jobs(service) == [("serviceTask1", "DUE")]


def test_wrong_handlers_are_refused_before_anything_runs() -> None:
    with pytest.raises(NotLoaded, match="cannot import no_such_module"):
        LocalService(Settings(store="memory", handlers="no_such_module"))


def test_hints_come_when_they_are_due_and_a_failure_stops_nobody() -> None:
    feed = LocalFeed(clock=lambda: 100.0)
    now = Instant(1_000)
    hints = [Hint(Ref("2030-01-01", block), Instant(now + after), 1) for block, after in enumerate((0, 0, 9))]
    done: SimpleQueue[int] = SimpleQueue()

    def act(hint: Hint) -> None:
        done.put(hint.ref.block)
        raise ConnectionError("the store cannot be reached")

    assert feed.send(hints[:1], now) == []
    feed.start(act)
    feed.send(hints[1:], now)
    came = {done.get(timeout=PATIENCE) for _ in range(2)}
    feed.stop()

    assert came == {0, 1}
    assert done.empty(), "the third is due in 9 ms, and this clock stands still"

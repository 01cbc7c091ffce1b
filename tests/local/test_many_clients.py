"""Many clients at once, each with a connection of its own, on one running server with a file.

The same as in `conformance/test_concurrency.py`, but through sockets, gateway and routes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.local.server import serving
from chalicelib.local.service import LocalService
from chalicelib.settings import Settings
from tests.bench.connection import Connection
from tests.models import sequence
from tests.play import MODELS

CLIENTS = 8
STARTS = 32
LIMIT = 3
KEY = "secret"

Answers = list[tuple[int, Any]]
Act = Callable[[Connection, int], tuple[int, Any]]


class Clients:
    """Connections to one server, each used by one thread at a time."""

    def __init__(self, connections: list[Connection], pool: ThreadPoolExecutor) -> None:
        self.connections = connections
        self.pool = pool

    def at_once(self, act: Act, times: int) -> Answers:
        """Act so many times, shared out among the clients."""

        def act_for(client: int) -> Answers:
            return [act(self.connections[client], number) for number in range(client, times, CLIENTS)]

        return [answer for answers in self.pool.map(act_for, range(CLIENTS)) for answer in answers]

    def call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """One request, which works."""
        status, answer = self.connections[0].call(method, path, body)
        assert 200 <= status < 300, (status, answer)
        return answer


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    settings = Settings(data=str(tmp_path / "bpmn.db"), api_key=KEY, executor=False)
    with ExitStack() as stack:
        url = urlsplit(stack.enter_context(serving(lambda: LocalService(settings))))
        address = (str(url.hostname), int(url.port or 0), KEY)
        connections = [stack.enter_context(closing(Connection(*address))) for _ in range(CLIENTS)]
        yield Clients(connections, stack.enter_context(ThreadPoolExecutor(CLIENTS)))


def deploy(clients: Clients, bpmn_process_id: str, xml: str, **fields: Any) -> dict[str, Any]:
    """Deploy a model; answers what starts it."""
    process = {"bpmnProcessId": bpmn_process_id, "version": "1", "workerId": "w"}
    clients.call("POST", "/processes", {**process, "bpmnXml": xml, **fields})
    return process


def most_at_once(instances: list[dict[str, Any]]) -> int:
    """How many ran at the same time, by the times that are recorded; one may start when another ends."""
    moments = sorted(
        [(instance["endedAt"], -1) for instance in instances]
        + [(instance["startedAt"], 1) for instance in instances]
    )
    running = [sum(step for _, step in moments[: number + 1]) for number in range(len(moments))]
    return max(running)


def test_one_revision_of_a_user_task_has_one_winner(clients):
    start = deploy(clients, "userTest", (MODELS / "user-task" / "user.bpmn").read_text())
    clients.call("POST", "/process-instances", start)
    (task,) = clients.call("POST", "/user-tasks/query", {})["results"]
    path = f"/user-tasks/{task['partition']}/{task['id']}"

    def update(connection: Connection, number: int) -> tuple[int, Any]:
        return connection.call("PATCH", path, {"revision": task["revision"], "workerId": f"w{number}"})

    answers = clients.at_once(update, STARTS)

    assert Counter(status for status, _ in answers) == {200: 1, 409: STARTS - 1}
    (winner,) = [answer for status, answer in answers if status == 200]
    assert clients.call("POST", "/user-tasks/query", {})["results"] == [winner]
    assert winner["revision"] == task["revision"] + 1


def test_no_more_than_the_limit_run_and_nobody_is_lost(clients):
    start = deploy(clients, "order", sequence("order", 1), parallelism=LIMIT)

    def start_one(connection: Connection, number: int) -> tuple[int, Any]:
        return connection.call("POST", "/process-instances", start)

    def work(connection: Connection, number: int) -> tuple[int, Any]:
        worker = {"workerId": f"w{number}"}
        _, locked = connection.call("POST", "/jobs/lock", {"limit": 1, **worker})
        for job in locked["jobs"]:
            path = f"/jobs/{job['partition']}/{job['id']}/complete"
            assert connection.call("PATCH", path, worker)[0] == 200
        return len(locked["jobs"]), None

    started = clients.at_once(start_one, STARTS)
    assert {status for status, _ in started} == {201}
    states = Counter(answer["state"] for _, answer in started)
    assert states == {"STARTED": LIMIT, "QUEUED": STARTS - LIMIT}

    done = 0
    while found := sum(count for count, _ in clients.at_once(work, CLIENTS)):
        done += found
    instances = clients.call("POST", "/process-instances/query", {})["results"]

    assert done == STARTS
    assert {instance["state"] for instance in instances} == {"COMPLETED"}
    assert sorted(instance["id"] for instance in instances) == sorted(answer["id"] for _, answer in started)
    assert most_at_once(instances) == LIMIT

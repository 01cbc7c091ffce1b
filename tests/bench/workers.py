"""Section e: many workers complete the jobs of one instance, over HTTP, on sqlite.

Once on one server, whose threads spare each other the races, and once on two servers on one file, which
race as two containers of Lambda do.
"""

import contextlib
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chalicelib import wiring
from chalicelib.local.server import serving
from chalicelib.local.service import LocalService
from chalicelib.service.watch import Metric
from chalicelib.settings import Settings
from chalicelib.watching import Watching
from tests.bench.connection import Connection
from tests.bench.report import Report
from tests.models import parallel

JOBS = 100
WORKERS = 16
BATCH = 3
"""Jobs that a worker locks at a time."""

REST = 0.002
"""Seconds that a worker waits when there was no job for it."""

PATIENCE = 60.0


@dataclass
class Outcome:
    """What the workers saw.

    Attributes:
        completed: Ids of the jobs whose completion was answered with 200.
        refusals: Other answers, by status.
        seconds: From the first lock to the last completion.
        empty_locks: Locks that found no job, although some were left.
        overtaken: How often a command had to be thought again.
        is_ended: Whether the instance has ended.
    """

    completed: list[int] = field(default_factory=list)
    refusals: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    empty_locks: int = 0
    overtaken: int = 0
    is_ended: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether each job was completed once, and the instance has ended."""
        return len(self.completed) == JOBS == len(set(self.completed)) and self.is_ended


def print_workers(report: Report) -> None:
    """Section e of the report."""
    report.section(f"(e) {WORKERS} workers complete {JOBS} parallel jobs of one instance over HTTP, sqlite")
    rows = [_row(report, servers, _play(servers)) for servers in (1, 2)]
    report.table(
        [
            "servers on the file",
            "jobs",
            "lost",
            "refused with 409",
            "other",
            "retries",
            "empty locks",
            "s",
            "",
        ],
        rows,
    )
    report.line("\ntarget: none lost, none refused with 409. Retries: commands that another server overtook.")


def _row(report: Report, servers: int, outcome: Outcome) -> Sequence[str]:
    refused = outcome.refusals[409]
    other = sum(outcome.refusals.values()) - refused
    is_met = outcome.is_sound and not refused and not other
    return [
        str(servers),
        str(len(outcome.completed)),
        str(JOBS - len(set(outcome.completed))),
        str(refused),
        str(other),
        str(outcome.overtaken),
        str(outcome.empty_locks),
        f"{outcome.seconds:.2f}",
        "" if is_met else report.miss(f"{servers} servers: {outcome}"),
    ]


def _play(servers: int) -> Outcome:
    key = secrets.token_hex(16)
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, contextlib.ExitStack() as stack:
        settings = Settings(store="sqlite", data=str(Path(directory) / "bpmn.db"), api_key=key)
        watches = [Watching() for _ in range(servers)]
        urls = [stack.enter_context(_serving(settings, watch)) for watch in watches]
        process_id, instance = _begin(urls[0], key)
        workers = [_Worker(urls[number % servers], key, process_id, outcome) for number in range(WORKERS)]
        _let_work(workers, outcome)
        outcome.overtaken = sum(watch.counts.counted.get(Metric.CONFLICTS, 0) for watch in watches)
        outcome.is_ended = _is_ended(urls[0], key, instance)
    return outcome


@contextlib.contextmanager
def _serving(settings: Settings, watch: Watching) -> Iterator[str]:
    with serving(lambda: LocalService(settings, wiring.build(settings, watch))) as url:
        yield url


def _begin(url: str, key: str) -> tuple[int, dict[str, Any]]:
    with contextlib.closing(_connect(url, key)) as connection:
        model = {"bpmnProcessId": "wide", "version": "1", "workerId": "bench"}
        _, process = connection.call("POST", "/processes", {**model, "bpmnXml": parallel("wide", JOBS)})
        _, instance = connection.call("POST", "/process-instances", model)
        return process["id"], instance


def _let_work(workers: "Sequence[_Worker]", outcome: Outcome) -> None:
    threads = [threading.Thread(target=worker.run) for worker in workers]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome.seconds = time.monotonic() - began


def _is_ended(url: str, key: str, instance: dict[str, Any]) -> bool:
    with contextlib.closing(_connect(url, key)) as connection:
        place = {"partition": instance["partition"], "id": instance["id"]}
        _, answer = connection.call("POST", "/process-instances/query", place)
        state: str = answer["results"][0]["state"]
        return state == "COMPLETED"


def _connect(url: str, key: str) -> Connection:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    return Connection(parts.hostname, parts.port, key)


class _Worker:
    """Locks a few jobs, completes them, and comes back until none is left."""

    def __init__(self, url: str, key: str, process_id: int, outcome: Outcome) -> None:
        self._connection = _connect(url, key)
        self._id = f"worker-{secrets.token_hex(3)}"
        self._process_id = process_id
        self._outcome = outcome

    def run(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._is_over() and time.monotonic() < deadline:
            wanted = {"processIds": [self._process_id], "limit": BATCH, "workerId": self._id}
            status, answer = self._connection.call("POST", "/jobs/lock", wanted)
            if status != 200:
                self._outcome.refusals[status] += 1
            elif answer["jobs"]:
                for job in answer["jobs"]:
                    self._complete(job)
            elif not self._is_over():
                self._outcome.empty_locks += 1
                time.sleep(REST)
        self._connection.close()

    def _is_over(self) -> bool:
        return len(self._outcome.completed) + sum(self._outcome.refusals.values()) >= JOBS

    def _complete(self, job: dict[str, Any]) -> None:
        path = f"/jobs/{job['partition']}/{job['id']}/complete"
        status, _ = self._connection.call("PATCH", path, {"workerId": self._id})
        if status == 200:
            self._outcome.completed.append(job["id"])
        else:
            self._outcome.refusals[status] += 1

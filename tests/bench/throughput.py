"""Section d: one-task instances per second over HTTP, on the durable sqlite store."""

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from tests.bench.connection import Connection
from tests.bench.load import Order, Result
from tests.bench.report import Report
from tests.models import sequence

TARGET_CLIENTS = 4
TARGET = 500
"""One-task instances per second (issue: two cores, durable)."""

CLIENTS = (1, 4, 16)
ROOT = Path(__file__).parents[2]
PAGE = 1000


@dataclass(frozen=True)
class Address:
    """Where a server listens, and how to come in."""

    host: str
    port: int
    api_key: str
    pid: int


def print_throughput(report: Report, *, seconds: float, warm_up: float) -> None:
    """Section d of the report.

    Args:
        report: Where to write.
        seconds: How long each number of clients is measured.
        warm_up: Seconds before.
    """
    report.section("(d) One-task instances per second over HTTP, sqlite, durable")
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        report.plain("one write of 4 KB with fsync, p50", fsync_milliseconds(Path(directory)), "ms")
        report.plain("processors", os.cpu_count() or 0, digits=0)
        with serving(Path(directory)) as address:
            rows = [_measure(report, address, number, seconds, warm_up) for number in CLIENTS]
    report.line()
    report.table(
        ["clients", "per second", "p50 ms", "p95 ms", "empty locks", "refused", "ended", "server CPU ms", ""],
        rows,
    )
    report.line("\nserver CPU: of one instance, three requests. Only instances that ended are counted.")


def fsync_milliseconds(directory: Path, times: int = 100) -> float:
    """What the machine takes to make 4 KB durable: the floor under every durable commit."""
    took = []
    with (directory / "probe").open("wb", buffering=0) as probe:
        for _ in range(times):
            probe.write(b"x" * 4096)
            began = time.perf_counter()
            os.fsync(probe.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


@contextmanager
def serving(directory: Path) -> Iterator[Address]:
    """`bpmn serve` on a fresh file, stopped in the end."""
    key = secrets.token_hex(16)
    file = directory / f"{secrets.token_hex(4)}.db"
    options = ["--store", "sqlite", "--data", str(file), "--port", "0", "--api-key", key]
    command = [sys.executable, "-m", "chalicelib.cli", "serve", *options]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("BPMN_")}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = urlsplit(server.stdout.readline().split()[2])
            assert url.hostname and url.port
            yield Address(url.hostname, url.port, key, server.pid)
        finally:
            server.terminate()


def _measure(report: Report, address: Address, clients: int, seconds: float, warm_up: float) -> Sequence[str]:
    name = f"one-{clients}"
    process_id = _deploy(address, name)
    order = Order(address.host, address.port, address.api_key, name, process_id, clients, warm_up, seconds)
    before = processor_seconds(address.pid)
    result = _run_clients(order)
    used = processor_seconds(address.pid) - before
    ended = _count_ended(address, process_id)
    per_second = result.counted / result.elapsed
    return [
        str(clients),
        f"{per_second:,.0f}",
        f"{result.p50:.1f}",
        f"{result.p95:.1f}",
        str(result.empty_locks),
        ", ".join(f"{status}: {times}" for status, times in result.refusals.items()) or "0",
        f"{ended} of {result.completed}",
        f"{used * 1000 / max(result.completed, 1):.2f}",
        _verdict(report, clients, per_second, ended == result.completed and not result.refusals),
    ]


def _verdict(report: Report, clients: int, per_second: float, is_sound: bool) -> str:
    words = []
    if clients == TARGET_CLIENTS:
        words.append(f"target >= {TARGET}")
        if per_second < TARGET:
            words.append(report.miss(f"{clients} clients: {per_second:,.0f} instances/s, target >= {TARGET}"))
    if not is_sound:
        words.append(report.miss(f"{clients} clients: not every instance ended"))
    return " ".join(words)


def _run_clients(order: Order) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        cwd=ROOT,
        input=orjson.dumps(asdict(order)),
        stdout=subprocess.PIPE,
        check=True,
        timeout=order.warm_up + order.seconds + 60,
    )
    return Result(**orjson.loads(done.stdout))


def _deploy(address: Address, name: str) -> int:
    body = {"bpmnProcessId": name, "bpmnXml": sequence(name, 1), "version": "1", "workerId": "bench"}
    connection = Connection(address.host, address.port, address.api_key)
    status, answer = connection.call("POST", "/processes", body)
    connection.close()
    assert status == 201, answer
    return int(answer["id"])


def _count_ended(address: Address, process_id: int) -> int:
    """Ask the server page by page; an instance that is not completed counts as nothing."""
    connection = Connection(address.host, address.port, address.api_key)
    ended, offset = 0, 0
    while True:
        path = f"/process-instances/query?offset={offset}&limit={PAGE}"
        status, answer = connection.call("POST", path, {"processId": process_id})
        assert status == 200, answer
        ended += sum(instance["state"] == "COMPLETED" for instance in answer["results"])
        if answer["count"] < PAGE:
            connection.close()
            return ended
        offset += PAGE


def processor_seconds(pid: int) -> float:
    """Processor time of a process so far; 0 where the system does not tell (no Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""The clients of section d, in a process of their own: `python -m tests.bench.load`.

Takes an order as JSON and answers a result as JSON. Each client starts an instance, locks one job of the
process, completes it, and starts again.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from tests.bench.connection import Connection
from tests.bench.report import percentile

WORKER = "worker-1"


@dataclass
class Order:
    """What the clients are to do.

    Attributes:
        warm_up: Seconds before the clock runs.
        seconds: Seconds that count.
    """

    host: str
    port: int
    api_key: str
    bpmn_process_id: str
    process_id: int
    clients: int
    warm_up: float
    seconds: float


@dataclass
class Result:
    """What they did.

    Attributes:
        completed: Instances completed in all, warm-up included; as many were started.
        counted: Those completed in the seconds that count.
        elapsed: The seconds that count, exactly.
        empty_locks: How often a lock found nothing, since other clients were there first.
        refusals: Answers above 299, by status.
        p50: Median milliseconds from the start of an instance to its end, as the client sees it.
        p95: The same for 95 of 100.
    """

    completed: int = 0
    counted: int = 0
    elapsed: float = 0.0
    empty_locks: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    p50: float = 0.0
    p95: float = 0.0


class Client:
    """One client on one connection."""

    def __init__(self, order: Order, begin: float) -> None:
        """Connect.

        Args:
            order: What to do.
            begin: Monotonic time at which the seconds that count begin.
        """
        self._order = order
        self._begin = begin
        self._connection = Connection(order.host, order.port, order.api_key)
        self.completed = 0
        self.latencies: list[float] = []
        self.empty_locks = 0
        self.refusals: Counter[str] = Counter()

    def run(self) -> None:
        """Work until the time is over; what was begun is finished."""
        end = self._begin + self._order.seconds
        while (began := time.monotonic()) < end:
            self._instance()
            self.completed += 1
            ended = time.monotonic()
            if self._begin <= ended < end:
                self.latencies.append((ended - began) * 1000)
        self._connection.close()

    def _instance(self) -> None:
        name = {"bpmnProcessId": self._order.bpmn_process_id, "version": "1", "workerId": WORKER}
        self._call("POST", "/process-instances", name)
        job = self._lock()
        self._call("PATCH", f"/jobs/{job['partition']}/{job['id']}/complete", {"workerId": WORKER})

    def _lock(self) -> Mapping[str, Any]:
        wanted = {"processIds": [self._order.process_id], "limit": 1, "workerId": WORKER}
        while True:
            jobs = self._call("POST", "/jobs/lock", wanted)["jobs"]
            if jobs:
                job: Mapping[str, Any] = jobs[0]
                return job
            self.empty_locks += 1

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        status, answer = self._connection.call(method, path, body)
        if status >= 300:
            self.refusals[str(status)] += 1
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer


def run(order: Order) -> Result:
    """Let all clients work, each in its thread."""
    begin = time.monotonic() + order.warm_up
    clients = [Client(order, begin) for _ in range(order.clients)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    latencies = [one for client in clients for one in client.latencies]
    return Result(
        completed=sum(client.completed for client in clients),
        counted=len(latencies),
        elapsed=order.seconds,
        empty_locks=sum(client.empty_locks for client in clients),
        refusals=sum((client.refusals for client in clients), Counter()),
        p50=percentile(latencies, 50) if latencies else 0.0,
        p95=percentile(latencies, 95) if latencies else 0.0,
    )


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)  # clients hand over quickly, so that none is late with its next request
    sys.stdout.buffer.write(orjson.dumps(asdict(run(Order(**orjson.loads(sys.stdin.buffer.read()))))))

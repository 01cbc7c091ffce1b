"""The whole way of a process, on this machine: serve, deploy, start, work, look at the result.

Starts `bpmn serve` on an embedded store in a temporary directory and `bpmn worker run` with the handlers of
`worker.py` as a process of its own, sends orders, waits until all of them have ended, and checks what the
server says about them. Exits with 1 if anything is off. Stops what it started and leaves nothing behind.
"""

import argparse
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib.sdk import ApiProblem, Client

HERE = Path(__file__).parent
MODEL = HERE / "order-fulfilment.bpmn"
ITEMS = ("teapot", "umbrella", "bicycle bell")
PAGE = 1000
"""Results per query."""
WINDOW = 100
"""Instances that are looked at to show the progress."""

CHARGED = ("chargeCard", "EXECUTE", "DONE")
"""The one job of an order that is shipped; one that has to wait has none."""


class Failed(Exception):
    """The demo cannot go on."""


@dataclass(frozen=True)
class Result:
    """What the server says when all is over.

    Attributes:
        states: Instances by state.
        outcomes: Instances by the end event that they reached.
        jobs: Jobs by element id, type and state.
        incidents: Number of incidents.
        seconds: From the creation of the first instance to the end of the last one.
    """

    states: Counter[str]
    outcomes: Counter[str]
    jobs: Counter[tuple[str, str, str]]
    incidents: int
    seconds: float


def order(number: int) -> dict[str, Any]:
    """The order with a number from 1; every tenth one asks for more than there is."""
    return {"item": ITEMS[number % len(ITEMS)], "quantity": 12 if number % 10 == 0 else 1 + number % 3}


def deploy(client: Client) -> int:
    """Create the process from the model; its id."""
    created = client.call(
        "POST",
        "/processes",
        {
            "bpmnProcessId": "orderFulfilment",
            "version": "1",
            "bpmnXml": MODEL.read_text(encoding="utf-8"),
            "workerId": "demo",
        },
    )
    return int(created["id"])


def start(client: Client, number: int) -> None:
    """Start the instance of one order."""
    data = {"encoding": "json", "value": json.dumps(order(number))}
    client.call(
        "POST",
        "/process-instances",
        {
            "bpmnProcessId": "orderFulfilment",
            "version": "1",
            "workerId": "demo",
            "variables": [{"name": "order", "data": data}],
        },
    )


def query(client: Client, path: str, criteria: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    """All results of a query, page by page."""
    offset = 0
    while True:
        page = client.call("POST", path, criteria, query={"offset": offset, "limit": PAGE})["results"]
        yield from page
        if len(page) < PAGE:
            return
        offset += PAGE


def look(client: Client, process_id: int) -> Result:
    """Ask the server how it all went."""
    of_process = {"processId": process_id}
    instances = list(query(client, "/process-instances/query", of_process))
    created = [datetime.fromisoformat(instance["createdAt"]) for instance in instances]
    ended = [datetime.fromisoformat(instance["endedAt"]) for instance in instances if "endedAt" in instance]
    visits = query(client, "/element-instances/query", of_process)
    jobs = query(client, "/jobs/query", of_process)
    return Result(
        states=Counter(instance["state"] for instance in instances),
        outcomes=Counter(v["bpmnElementId"] for v in visits if v["bpmnElementType"] == "NONE_END_EVENT"),
        jobs=Counter((job["bpmnElementId"], job["type"], job["state"]) for job in jobs),
        incidents=sum(1 for _ in query(client, "/incidents/query", {})),
        seconds=(max(ended) - min(created)).total_seconds() if ended else 0.0,
    )


def expected(instances: int) -> Result:
    """What the server has to say; the time is not known before."""
    waiting = sum(order(number)["quantity"] > 10 for number in range(1, instances + 1))
    shipped = instances - waiting
    outcomes = +Counter({"orderShipped": shipped, "orderBackOrdered": waiting})
    return Result(Counter({"COMPLETED": instances}), outcomes, +Counter({CHARGED: shipped}), 0, 0.0)


def faults(found: Result, wanted: Result) -> list[str]:
    """What is not as it should be, one sentence each."""
    pairs = (
        ("instances by state", found.states, wanted.states),
        ("instances by outcome", found.outcomes, wanted.outcomes),
        ("jobs", found.jobs, wanted.jobs),
    )
    wrong = [f"{what}: {dict(has)}, expected {dict(should)}" for what, has, should in pairs if has != should]
    if found.incidents:
        wrong.append(f"{found.incidents} incidents, expected none")
    return wrong


def table(result: Result) -> str:
    """The result as text; rates count from the first instance's creation to the last one's end."""
    ended = sum(result.outcomes.values())
    done = sum(times for (_, _, state), times in result.jobs.items() if state == "DONE")
    rows = [("instances ended", f"{ended}")]
    rows += [(f"  {outcome}", f"{times}") for outcome, times in sorted(result.outcomes.items())]
    rows += [("jobs done", f"{done}")]
    rows += [("  " + ", ".join(job), f"{times}") for job, times in sorted(result.jobs.items())]
    rows += [("seconds", f"{result.seconds:.2f}")]
    if result.seconds:
        rows += [("instances per second", f"{ended / result.seconds:.1f}")]
        rows += [("jobs per second", f"{done / result.seconds:.1f}")]
    return "\n".join(f"{name:<52}{value:>9}" for name, value in rows)


@contextlib.contextmanager
def running(*command: str, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block runs, in this directory; its output goes into a file."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=HERE, env=env, stdout=output, stderr=output) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_ready(client: Client, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait for the server to say so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Failed(f"the server ended with {server.returncode}")
        with contextlib.suppress(OSError, ApiProblem):
            if client.call("GET", "/readiness") == "ready":
                return
        time.sleep(0.05)
    raise Failed(f"the server was not ready within {seconds:g} seconds")


def start_orders(client: Client, instances: int, clients: int) -> None:
    """Start one instance per order, several at once."""
    with ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(lambda number: start(client, number), range(1, instances + 1)):
            pass


def wait_until_ended(
    client: Client, process_id: int, instances: int, worker: subprocess.Popen[bytes], patience: float
) -> None:
    """Watch the instances end, on one line; give up when none has ended for a while."""
    ended, last_change = -1, time.monotonic()
    while ended < instances:
        if worker.poll() is not None:
            raise Failed(f"the worker ended with {worker.returncode}")
        asked = time.monotonic()
        now_ended = count_ended(client, process_id, max(ended, 0))
        if now_ended != ended:
            ended, last_change = now_ended, time.monotonic()
            show(ended, instances)
        elif time.monotonic() - last_change > patience:
            raise Failed(f"no instance has ended for {patience:g} seconds")
        # Looking costs the server time that the workers need: a tenth of it at most.
        time.sleep(max(0.1, 9 * (time.monotonic() - asked)))
    print()


def count_ended(client: Client, process_id: int, known: int) -> int:
    """How many instances have ended, as far as one small query tells.

    Instances are listed in the order of their creation; windows in which all have ended are not read again.
    """
    first = known // WINDOW * WINDOW
    query = {"offset": first, "limit": WINDOW}
    page = client.call("POST", "/process-instances/query", {"processId": process_id}, query=query)["results"]
    return first + sum("endedAt" in instance for instance in page)


def show(ended: int, instances: int) -> None:
    """Draw the progress over itself."""
    bar = "#" * (30 * ended // instances)
    print(f"\r  [{bar:<30}] {ended} of {instances} ended", end="", flush=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def play(directory: Path, instances: int, clients: int, jobs: int, patience: float) -> Result:
    """Serve, deploy, start, work; what came of it."""
    port, key = free_port(), secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BPMN_")}
    settings = {
        "BPMN_STORE": "sqlite",
        "BPMN_DATA": str(directory / "demo.sqlite"),
        "BPMN_HOST": "127.0.0.1",
        "BPMN_PORT": str(port),
        "BPMN_API_KEY": key,
    }
    bpmn = str(Path(sys.executable).with_name("bpmn"))
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(Client(address, api_key=key))
        print(f"server     bpmn serve on {address}, sqlite")
        log = directory / "server.log"
        server = stack.enter_context(running(bpmn, "serve", env=clean | settings, log=log))
        wait_until_ready(client, server)
        process_id = deploy(client)
        print(f"process    {MODEL.name} deployed, id {process_id}")
        worker = stack.enter_context(
            running(
                *(bpmn, "worker", "run", "worker"),
                f"--address={address}",
                f"--concurrency={jobs}",
                env=clean | {"BPMN_API_KEY": key},
                log=directory / "worker.log",
            )
        )
        print(f"worker     process {worker.pid}, {jobs} jobs at once")
        print(f"instances  {instances}, started by {clients} clients")
        start_orders(client, instances, clients)
        wait_until_ended(client, process_id, instances, worker, patience)
        return look(client, process_id)


def attempt(instances: int, clients: int, jobs: int, patience: float) -> int:
    """Play and judge; the exit code."""
    with tempfile.TemporaryDirectory(prefix="bpmn-demo-") as directory:
        try:
            result = play(Path(directory), instances, clients, jobs, patience)
        except (Failed, ApiProblem, OSError) as failure:
            print(f"\nfailed: {failure}", file=sys.stderr)
            for log in sorted(Path(directory).glob("*.log")):
                last_lines = log.read_text(errors="replace").splitlines()[-30:]
                print(f"--- {log.name}", *last_lines, sep="\n", file=sys.stderr)
            return 1
    print(table(result))
    wrong = faults(result, expected(instances))
    for fault in wrong:
        print(f"wrong: {fault}", file=sys.stderr)
    print("not as it should be" if wrong else "all as it should be")
    return 1 if wrong else 0


def main() -> int:
    """Read the options and play."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--instances", type=int, default=100, help="orders to send")
    options.add_argument("--clients", type=int, default=4, help="connections that start instances at once")
    options.add_argument("--jobs", type=int, default=32, help="jobs that the worker does at once")
    options.add_argument("--patience", type=float, default=60, help="seconds to wait for the next end")
    given = options.parse_args()
    if given.instances < 1 or given.clients < 1 or given.jobs < 1:
        options.error("at least one instance, one client and one job")
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: sys.exit(1))  # a stopped demo stops its processes, too
    return attempt(given.instances, given.clients, given.jobs, given.patience)


if __name__ == "__main__":
    sys.exit(main())

"""A worker for the order-fulfilment process: takes jobs over HTTP, does them, hands back the results.

Reads its API key from BPMN_API_KEY, works until it is told to stop (SIGTERM, Ctrl-C), and needs nothing but
the client.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.sdk import Client

BATCH = 20
"""Jobs taken with one request."""

NOTHING_TO_DO = 0.05
"""Seconds to wait before asking again when there was no job."""

ON_THE_SHELF = 10
"""Parcels of every item in stock; an order for more has to wait."""

Job = Mapping[str, Any]
Variables = Mapping[str, Any]
Result = dict[str, Any]


def check_stock(order: Variables) -> Result:
    """Look at the shelf."""
    return _set(inStock=order["order"]["quantity"] <= ON_THE_SHELF)


def decide_is_in_stock(order: Variables) -> Result:
    """Answer the gateway: name the element where the token goes on."""
    target = "startFulfilment" if order["inStock"] else "sendBackOrderNotice"
    return {"completion": {"exclusiveGatewayDecision": target}}


def choose_carrier(order: Variables) -> Result:
    """Small parcels go by letter post."""
    return _set(carrier="letter post" if order["order"]["quantity"] == 1 else "courier")


READS_VARIABLES: Mapping[str, Callable[[Variables], Result]] = {
    "checkStock": check_stock,
    "isInStock": decide_is_in_stock,
    "chooseCarrier": choose_carrier,
}
"""What needs to know the order; all other elements are done without a look at it."""


def do(client: Client, job: Job, worker_id: str) -> None:
    """Do one job and complete it; a handler that fails becomes the job's error, for the engine to judge."""
    result: Result = {}
    handler = READS_VARIABLES.get(job["bpmnElementId"])
    if handler:
        variables = _variables(client, job)
        try:
            result = handler(variables)
        except Exception as failure:
            result = {"error": repr(failure)}
    path = f"/jobs/{job['partition']}/{job['id']}/complete"
    client.call("PATCH", path, {"workerId": worker_id, **result})


def work(client: Client, process_id: int, worker_id: str, stop: threading.Event) -> None:
    """Lock jobs of one process in batches and do them, until told to stop."""
    wanted = {"workerId": worker_id, "processIds": [process_id], "limit": BATCH}
    while not stop.is_set():
        jobs = client.call("POST", "/jobs/lock", wanted)["jobs"]
        for job in jobs:
            do(client, job, worker_id)
        if not jobs:
            stop.wait(NOTHING_TO_DO)


def _variables(client: Client, job: Job) -> Variables:
    path = f"/process-instances/{job['partition']}/{job['processInstanceId']}/variables"
    answer = client.call("GET", path)
    return {variable["name"]: json.loads(variable["data"]["value"]) for variable in answer["variables"]}


def _set(**variables: object) -> Result:
    """A result that sets process variables."""
    return {
        "processVariables": [
            {"name": name, "data": {"encoding": "json", "value": json.dumps(value)}}
            for name, value in variables.items()
        ]
    }


def main() -> int:
    """Work with several clients at once; 1 if one of them failed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--address", default="http://127.0.0.1:8080", help="where the server is")
    options.add_argument("--process-id", type=int, required=True, help="the deployed process")
    options.add_argument("--clients", type=int, default=4, help="connections that work at once")
    given = options.parse_args()

    stop, failures = threading.Event(), list[BaseException]()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())

    def work_as(worker_id: str) -> None:
        try:
            work(client, given.process_id, worker_id, stop)
        except Exception as failure:
            failures.append(failure)
            stop.set()

    with Client(given.address, api_key=os.environ.get("BPMN_API_KEY")) as client:
        threads = [
            threading.Thread(target=work_as, args=[f"worker-{number}"])
            for number in range(1, given.clients + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for failure in failures:
        print(f"worker: {failure!r}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

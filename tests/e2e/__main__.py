"""`make e2e`: docs/deploy.md, command by command, on an AWS of this machine; and the example process on it.

Everything runs on loopback, in processes that are started and stopped here. Exits with 1 if anything is off.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.sdk import ApiProblem, Client
from tests import models

from . import page
from .cloud import ROOT, TOOLS, Cloud, running

sys.path.insert(0, str(ROOT / "docs" / "examples" / "order-fulfilment"))
sys.path.insert(0, str(ROOT / "docs" / "examples" / "booking-room"))
import demo  # type: ignore[import-not-found]
import walk as booking

WORK = ROOT / "build" / "e2e"
STAGE = os.environ.get("STAGE", "dev")
STACK = f"bpmn-{STAGE}"
ORDERS = 30
PATIENCE = 150.0
"""Seconds: the schedule comes each minute, and the machine may have other things to do."""

BEFORE = r"""
aws() {
  command aws "$@" | sed -E "s|https://([a-z0-9]+)\.execute-api\.[a-z0-9.-]+/api/|$AWS_ENDPOINT_URL/restapis/\1/api/_user_request_|"
}
"""
"""The API of a real account has a name of its own; here it has a path."""

ONE_MORE_MODULE = r"""
make() { command make "$@" HANDLERS="docs/examples/order-fulfilment/worker.py build/e2e/release_two.py"; }
"""
"""What is said last counts: the package of the page, and a module."""

DOUBLE = models.microflow(
    "double", ("m", "n * 2"), inputs={"n": "Integer"}, outputs={"m": "Integer"}, bpmn_process_id="double"
)
"""A microflow of one script."""

CATCH = ROOT / "tests" / "bpmn" / "timer" / "catch.bpmn"


Answer = TypeVar("Answer")


class Failed(Exception):
    """Something is not as it should be."""


def main() -> int:
    """Walk through the page; 1 if it cannot be walked."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    log = WORK / "ministack.log"
    try:
        with running(log) as cloud:
            walk(cloud)
    except (Failed, ApiProblem, OSError, RuntimeError, subprocess.CalledProcessError) as fault:
        print(f"\nfailed: {fault}", file=sys.stderr)
        print(
            "--- ministack.log",
            *log.read_text(errors="replace").splitlines()[-40:],
            sep="\n",
            file=sys.stderr,
        )
        return 1
    print("all as it should be")
    return 0


def walk(cloud: Cloud) -> None:
    """Deploy, use, change, update, roll back, remove."""
    given = say("first instance", lambda: read(cloud, "From an empty account to the first instance"))
    address, key = given.split()
    with Client(address, api_key=key, timeout=120) as client:
        say("first order is shipped", lambda: ended(client, 1))
        say(f"{ORDERS} orders, by the queue", lambda: orders(client))
        say("timer, by the schedule", lambda: timer(client))
        say("people, by the Process Runtime", lambda: people(client))
        say("microflow", lambda: microflow(client))
        say("no path", lambda: refused(client))
        say("rights", lambda: rights(cloud, address))
        say("change a setting", lambda: read(cloud, "Change a setting"))
        first = code(cloud)
        say("update", lambda: update(cloud, first))
        say("an order after the update", lambda: one_more(client, ORDERS + 3))
        say("roll back", lambda: roll_back(cloud, first))
        say("an order after the roll back", lambda: one_more(client, ORDERS + 4))
    say("remove", lambda: read(cloud, "Remove"))
    say("nothing is left", lambda: nothing_left(cloud))


def read(cloud: Cloud, heading: str, before: str = "") -> str:
    """Run the commands of a section; the address of the API and the API key, where it has made them."""
    environment = {
        **cloud.environment,
        "PATH": os.pathsep.join([str(TOOLS), os.environ["PATH"]]),
        "ARCHITECTURE": {"x86_64": "x86_64", "amd64": "x86_64"}.get(platform.machine().lower(), "arm64"),
    }
    return page.run(heading, environment, BEFORE + before, 'echo "${BPMN_ADDRESS-} ${BPMN_API_KEY-}"')


def orders(client: Client) -> None:
    """Start orders; each is done by the functions alone, no worker runs here."""
    demo.start_orders(client, ORDERS, 2)
    ended(client, ORDERS + 1)
    found = demo.look(client, process_id(client, "orderFulfilment"))
    wanted = demo.expected(ORDERS)
    # The first order of the page is one more that was shipped.
    for counter in (found.states, found.outcomes):
        counter.subtract({"COMPLETED": 1} if counter is found.states else {"orderShipped": 1})
    found.jobs.subtract({demo.CHARGED: 1})
    if faults := demo.faults(found, wanted):
        raise Failed("; ".join(faults))


def timer(client: Client) -> None:
    """A token waits for a second; who looks for due tasks lets it go on."""
    document = {
        "bpmnProcessId": "timerCatchTest",
        "version": "1",
        "bpmnXml": CATCH.read_text(encoding="utf-8"),
        "timers": [{"bpmnElementId": "catchEvent", "timer": {"timeDuration": "PT1S"}}],
        "workerId": "e2e",
    }
    client.call("POST", "/processes", document)
    start = {"bpmnProcessId": "timerCatchTest", "version": "1", "workerId": "e2e"}
    client.call("POST", "/process-instances", start)
    ended(client, ORDERS + 2)


def people(client: Client) -> None:
    """A room is booked by several people."""
    hotel = booking.Hotel(client)
    hotel.deploy()
    booking.walk(hotel)


def microflow(client: Client) -> None:
    """A flow answers at once."""
    names = {"bpmnProcessId": "double", "version": "1", "workerId": "e2e"}
    client.call("POST", "/processes", {**names, "bpmnXml": DOUBLE})
    answer = client.call("POST", "/MicroflowRest/DoAction", {"flowName": "double", "object": {"n": 21}})
    if answer["responseObjectsMap"] != {"m": 42}:
        raise Failed(f"the microflow answers {answer}")


def refused(client: Client) -> None:
    """A path that is not there is refused by the gateway, before any function is called."""
    try:
        client.call("GET", "/nowhere")
    except ApiProblem as problem:
        # ministack does not take answers of the gateway from the definition of the API, AWS does: 404.
        if problem.status in (403, 404):
            return
        raise
    raise Failed("a path that is not there was answered")


def rights(cloud: Cloud, address: str) -> None:
    """A worker's key starts orders and deploys nothing; what is no key may do nothing."""
    command = [sys.executable, "-m", "chalicelib.cli", "key", "create"]
    options = ["--store", "dynamodb", "--data", STACK, "--role", "worker", "--name", "e2e"]
    made = subprocess.run(
        [*command, *options], env=cloud.environment, cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    for key, expected in ((made.stdout.decode().strip(), (403,)), ("wrong", (401, 403))):
        with Client(address, api_key=key, timeout=120) as client:
            try:
                client.call("POST", "/processes", {})
            except ApiProblem as problem:
                if problem.status in expected:
                    continue
                raise
            raise Failed(f"who may not deploy was not refused with {expected}")


def code(cloud: Cloud) -> dict[str, str]:
    """What code each function has, by name of the function."""
    functions = cloud.aws("lambda", "list-functions")["Functions"]
    return {function["FunctionName"]: function["CodeSha256"] for function in functions}


def update(cloud: Cloud, first: dict[str, str]) -> None:
    """Deploy a package that has one module more."""
    (WORK / "release_two.py").write_text("NUMBER = 2\n", encoding="utf-8")
    read(cloud, "Update", ONE_MORE_MODULE)
    same = [name for name, sha256 in code(cloud).items() if first[name] == sha256]
    if same:
        raise Failed(f"functions have the code of before: {same}")


def roll_back(cloud: Cloud, first: dict[str, str]) -> None:
    """Deploy the first package again."""
    read(cloud, "Roll back")
    if code(cloud) != first:
        raise Failed("functions have not the code of before the update")


def one_more(client: Client, instances: int) -> None:
    """An order more, on functions that were changed meanwhile."""
    demo.start(client, 1)
    ended(client, instances)


def process_id(client: Client, bpmn_process_id: str) -> int:
    """The deployed process of a BPMN process id."""
    deployed = client.call("POST", "/processes/query", {})["results"]
    (found,) = [process["id"] for process in deployed if process["bpmnProcessId"] == bpmn_process_id]
    return int(found)


def ended(client: Client, instances: int) -> None:
    """Wait until so many process instances have ended."""
    deadline = time.monotonic() + PATIENCE
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        found = client.call("POST", "/process-instances/query", {}, query={"limit": 1000})["results"]
        if len(found) >= instances and all("endedAt" in instance for instance in found):
            return
        time.sleep(1)
    open = [instance for instance in found if "endedAt" not in instance]
    raise Failed(f"{len(open)} of {len(found)} process instances have not ended: {json.dumps(open[:3])}")


def nothing_left(cloud: Cloud) -> None:
    """Table, bucket, queues and functions went with the stack; packages stay, and in prod the data, too."""
    left = {
        "tables": cloud.aws("dynamodb", "list-tables")["TableNames"],
        "functions": cloud.aws("lambda", "list-functions")["Functions"],
        "queues": (cloud.aws("sqs", "list-queues") or {}).get("QueueUrls", []),
        "buckets": [
            b["Name"] for b in cloud.aws("s3api", "list-buckets")["Buckets"] if "packages" not in b["Name"]
        ],
    }
    kept = {name for name, found in left.items() if found}
    if kept != ({"tables", "buckets"} if STAGE == "prod" else set()):
        raise Failed(f"not as it should be after the stack: {left}")


def say(what: str, do: Callable[[], Answer]) -> Answer:
    """Do a step, and say how long it took."""
    began = time.monotonic()
    print(f"--- {what}", flush=True)
    answer = do()
    print(f"    {what}: {time.monotonic() - began:.1f} s", flush=True)
    return answer


if __name__ == "__main__":
    sys.exit(main())

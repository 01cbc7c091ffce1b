"""`make bench-dynoxide`: the meter against the consumed capacity that an independent DynamoDB reports."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from chalicelib.storage.dynamodb import DynamoItems, create_table
from chalicelib.storage.meter import Bill
from tests.bench.costs import Run, Tally, metered, play
from tests.bench.report import Report
from tests.bench.scenario import Walk, new_engine

PACKAGE = "@dynoxide/linux-x64"
VERSION = "1.2.1"
PATIENCE = 10.0
"""Seconds until the server must listen."""

REPORTING = ("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "UpdateItem", "TransactWriteItems")
COUNTED_AS: Mapping[str, str] = {
    "GetItem": "gets",
    "BatchGetItem": "batches",
    "Query": "queries",
    "PutItem": "writes",
    "DeleteItem": "writes",
    "UpdateItem": "counters",
    "TransactWriteItems": "transactions",
}
COMPARED = ("gets", "batches", "queries", "writes", "transactions", "counters")
UNITS = ("read_units", "write_units", "index_units")


class NotThere(Exception):
    """Dynoxide cannot be installed or does not start."""


@dataclass
class Consumption:
    """Sums the consumed capacity of all answers of a boto3 client.

    Attributes:
        bill: What has been consumed so far.
    """

    bill: Bill = field(default_factory=Bill)

    def watch(self, client: Any) -> None:
        """Ask for consumed capacity with every request, and read it off every answer."""
        for name in REPORTING:
            client.meta.events.register(f"before-parameter-build.dynamodb.{name}", _ask)
            client.meta.events.register(f"after-call.dynamodb.{name}", self._note)

    def _note(self, model: Any, parsed: Mapping[str, Any], **more: Any) -> None:
        found = parsed.get("ConsumedCapacity", [])
        consumed = found if isinstance(found, list) else [found]
        is_read = COUNTED_AS[model.name] in ("gets", "batches", "queries")
        total = sum(one["CapacityUnits"] for one in consumed)
        indexes = sum(_of_indexes(one) for one in consumed)
        units = {"read_units": total} if is_read else {"write_units": total, "index_units": indexes}
        self.bill += Bill(**{COUNTED_AS[model.name]: 1}, **units)


def compare(report: Report) -> bool:
    """Play the scenario on both, and print where they differ; answers whether they agree.

    Raises:
        NotThere: Dynoxide cannot be installed or does not start.
    """
    report.section(f"The meter against the consumed capacity of dynoxide {VERSION}")
    with _running() as url:
        measured = _measured(url)
    return _print_comparison(report, metered(), measured)


def _measured(url: str) -> Run:
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    create_table(client, "items")
    consumption = Consumption()
    consumption.watch(client)
    items = DynamoItems(client, "items")
    try:
        tally = Tally(lambda: consumption.bill)
        return play(Walk(new_engine(items), tally.observe), tally)
    finally:
        items.close()


def _print_comparison(report: Report, computed: Run, measured: Run) -> bool:
    rows = []
    differences = 0
    kinds = {kind for kind, _ in computed.commands}
    assert [kind for kind, _ in computed.commands] == [kind for kind, _ in measured.commands]
    for kind in sorted(kinds):
        pairs = [
            (ours, theirs)
            for (name, ours), (_, theirs) in zip(computed.commands, measured.commands, strict=True)
            if name == kind
        ]
        different = [pair for pair in pairs if not _agree(*pair)]
        differences += len(different)
        ours, theirs = different[0] if different else pairs[-1]
        verdict = f"{len(different)} DIFFER" if different else ""
        rows.append([kind, str(len(pairs)), _text(ours), _text(theirs), verdict])
    report.table(["command", "times", "meter: requests RU WU index", "dynoxide", ""], rows)
    total = sum((bill for _, bill in computed.commands), Bill())
    theirs = sum((bill for _, bill in measured.commands), Bill())
    report.line(f"\n{len(computed.commands)} commands: meter {_text(total)}, dynoxide {_text(theirs)}")
    report.line(f"{differences} differ" if differences else "all agree")
    return not differences


def _agree(ours: Bill, theirs: Bill) -> bool:
    return all(getattr(ours, name) == getattr(theirs, name) for name in (*COMPARED, *UNITS))


def _text(bill: Bill) -> str:
    return f"{bill.requests} {bill.read_units:g} {bill.write_units:g} {bill.index_units:g}"


def _ask(params: dict[str, Any], **more: Any) -> None:
    params["ReturnConsumedCapacity"] = "INDEXES"


def _of_indexes(consumed: Mapping[str, Any]) -> float:
    return sum(float(index["CapacityUnits"]) for index in consumed.get("GlobalSecondaryIndexes", {}).values())


@contextmanager
def _running() -> Iterator[str]:
    """Dynoxide in a directory of its own, both gone in the end; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="dynoxide-") as directory:
        binary = _install(Path(directory))
        port = _free_port()
        with subprocess.Popen(
            [binary, "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _wait_for(process, port)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def _install(directory: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise NotThere("npm is not installed")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode:
        raise NotThere(f"npm install failed: {done.stderr.strip()}")
    return directory / "node_modules" / PACKAGE / "dynoxide"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotThere("dynoxide does not listen")

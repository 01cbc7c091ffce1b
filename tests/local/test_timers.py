"""A thousand timers on a real server that is killed in between: on the second, and each once."""

import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sdk.client import Client
from tests.cli.server import serving
from tests.play import MODELS

TIMERS = 1_000
SPREAD = timedelta(minutes=5)
ARMED_WITHIN = timedelta(seconds=60)
"""Time to set all of them; the first is due after that."""

LATE = timedelta(seconds=2)
KEY = "secret"


@pytest.mark.soak
def test_a_thousand_timers_fire_within_two_seconds_although_the_server_is_killed(tmp_path: Path) -> None:
    first = datetime.now(UTC) + ARMED_WITHIN
    with start(tmp_path) as server, Client(server.address, api_key=KEY) as client:
        arm_timers(client, first)
        assert datetime.now(UTC) < first, "the machine is too slow for this test"
        wait_until(first + SPREAD / 2)
        server.stop(signal.SIGKILL)

    with start(tmp_path) as server, Client(server.address, api_key=KEY) as client:
        wait_until(first + SPREAD + 2 * LATE)
        query = {"type": "TRIGGER_EVENT"}
        tasks = client.call("POST", "/tasks/query", query, {"limit": 2 * TIMERS})["results"]
        ended = client.call("POST", "/process-instances/query", {}, {"limit": 2 * TIMERS})["results"]
        server.stop(signal.SIGTERM)

    late = sorted(at(task["completedAt"]) - at(task["dueAt"]) for task in tasks)
    assert Counter(task["state"] for task in tasks) == {"DONE": TIMERS}, "each timer once"
    assert late[0] >= timedelta(0), "none too early"
    assert late[TIMERS * 99 // 100] <= LATE
    assert Counter(instance["state"] for instance in ended) == {"COMPLETED": TIMERS}


def start(directory: Path) -> Any:
    data = str(directory / "bpmn.db")
    return serving(directory, key=KEY, patience=600, BPMN_API_KEY=KEY, BPMN_DATA=data)


def arm_timers(client: Client, first: datetime) -> None:
    """Process instances that wait for a timer each, due one after the other."""
    process = {"bpmnProcessId": "timerCatchTest", "version": "1", "workerId": "test"}
    xml = (MODELS / "timer" / "catch.bpmn").read_text()
    process_id = client.call("POST", "/processes", process | {"bpmnXml": xml})["id"]
    for _ in range(TIMERS):
        client.call("POST", "/process-instances", process)
    wanted = {"workerId": "test", "processIds": [process_id], "limit": TIMERS}
    for number, job in enumerate(client.call("POST", "/jobs/lock", wanted)["jobs"]):
        due_at = first + number * SPREAD / TIMERS
        completion = {"timer": {"time": due_at.isoformat().replace("+00:00", "Z")}}
        path = f"/jobs/{job['partition']}/{job['id']}/complete"
        client.call("PATCH", path, {"workerId": "test", "completion": completion})


def wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)

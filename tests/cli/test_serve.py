"""`bpmn serve` from outside: what it prints, how it stops, and what survives when it is killed."""

import json
import signal
import sqlite3
import time

import pytest

from chalicelib.api.auth import hash_key
from tests.cli.server import PATIENCE, serving
from tests.models import parallel, sequence

SQLITE = ("--store", "sqlite", "--data", "orders.db")
DEPLOYMENT = {"bpmnProcessId": "order", "bpmnXml": sequence("order", 2), "version": "1", "workerId": "w"}
START = {"bpmnProcessId": "order", "version": "1", "workerId": "w"}


def test_key_is_printed_at_the_first_start_and_never_again(tmp_path):
    with serving(tmp_path, *SQLITE) as first:
        key = first.new_key
        assert len(key) >= 43, "256 random bits"
        assert first.lines[-1] == f"serving on {first.address} (store: sqlite)"
        assert first.call("GET", "/readiness") == b"ready"
        assert first.call("POST", "/processes/query", {}) == {"count": 0, "results": []}
        assert first.stop(signal.SIGTERM) == (0, "", "")

    with serving(tmp_path, *SQLITE, key=key) as second:
        assert second.new_key is None
        assert second.call("POST", "/processes/query", {}) == {"count": 0, "results": []}
        second.key = "wrong"
        assert second.call("POST", "/processes/query", {}) == 401
        assert second.stop(signal.SIGINT) == (0, "", "")

    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "orders.db" in files
    assert not any(key.encode() in content for content in files.values()), "only its hash is kept"
    assert hash_key(key) != key


def test_what_was_answered_survives_kill_9(tmp_path):
    with serving(tmp_path, *SQLITE, "--api-key", "secret", key="secret") as server:
        server.call("POST", "/processes", DEPLOYMENT)
        started = server.call("POST", "/process-instances", START)
        (job,) = server.call("POST", "/jobs/lock", {"workerId": "w", "limit": 1})["jobs"]
        done = server.call("PATCH", f"/jobs/{job['partition']}/{job['id']}/complete", {"workerId": "w"})
        assert server.stop(signal.SIGKILL)[0] == -signal.SIGKILL

    with serving(tmp_path, *SQLITE, "--api-key", "secret", key="secret") as server:
        assert server.call("POST", "/process-instances/query", {})["results"] == [started]
        first, second = server.call("POST", "/jobs/query", {})["results"]
        assert first == done
        assert (second["bpmnElementId"], second["state"]) == ("t1", "DUE")
        another = server.call("POST", "/process-instances", START)
        assert (another["partition"], another["id"]) > (started["partition"], started["id"])
        assert server.stop(signal.SIGTERM) == (0, "", "")

    with sqlite3.connect(tmp_path / "orders.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_options_win_over_the_environment(tmp_path):
    with serving(
        tmp_path,
        "--store",
        "memory",
        "--basic-auth",
        "ada:lovelace",
        "--set-time",
        "on",
        key="from-environment",
        BPMN_STORE="sqlite",
        BPMN_API_KEY="from-environment",
        BPMN_SET_TIME="off",
        BPMN_PORT="1",
    ) as server:
        assert server.new_key is None
        assert server.lines == [f"serving on {server.address} (store: memory)"]
        assert server.call("PATCH", "/time", {"timeDuration": "PT1H"})["newTime"]
        assert server.call("GET", "/openapi.json")["openapi"].startswith("3.1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_executor_runs_due_tasks_and_stops_with_the_server(sign, tmp_path):
    with serving(
        tmp_path,
        "--store",
        "memory",
        "--task-mode",
        "deferred",
        "--executor",
        "on",
        "--api-key",
        "k",
        key="k",
    ) as server:
        server.call("POST", "/processes", {**DEPLOYMENT, "bpmnXml": parallel("order", 2, "task")})
        assert server.call("POST", "/process-instances", START)["state"] == "STARTED"

        end = time.monotonic() + PATIENCE
        while server.call("POST", "/process-instances/query", {})["results"][0]["state"] != "COMPLETED":
            assert time.monotonic() < end, "nobody ran the tasks of the join"

        assert server.stop(sign) == (0, "", "")


def test_log_and_metrics_of_a_server(tmp_path):
    with serving(
        tmp_path,
        *("--store", "memory", "--api-key", "k", "--executor", "off"),
        *("--log-level", "info", "--log-format", "json", "--metrics", "bpmn"),
        key="k",
    ) as server:
        server.call("POST", "/processes", DEPLOYMENT)
        server.call("POST", "/process-instances", START)
        code, printed, logged = server.stop(signal.SIGTERM)

    assert code == 0
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line["message"] for line in lines] == ["CreateProcess", "CreateProcessInstance"]
    (metrics,) = (json.loads(line) for line in printed.splitlines())
    assert (metrics["Commands"], metrics["ProcessInstancesStarted"]) == ([2.0], [1.0])

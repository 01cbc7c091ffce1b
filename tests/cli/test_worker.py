"""`bpmn worker run`: a module of handlers does jobs until a signal comes."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalicelib.cli import worker
from tests.cli import terminal
from tests.cli.server import PATIENCE, command, environment
from tests.cli.terminal import Terminal
from tests.models import sequence

HANDLERS = """
import os
import signal

from chalicelib.sdk.worker import Failure, Job, Worker

worker = Worker()


@worker.job("{process}", "t0")
def first(job: Job, number: int) -> dict[str, int]:
    return {{"number": number + 1}}


@worker.job("{process}", "t1")
def second(job: Job) -> None:
    if "stop" in job.variables:
        os.kill(os.getpid(), signal.SIGTERM)
    if "fail" in job.variables:
        raise Failure("no paper", retries=0)
"""


@pytest.fixture
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bpmn: Terminal) -> str:
    """Name of a module in the current directory, and of the process that it works for, which is deployed."""
    name = f"work_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(HANDLERS.format(process=name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    bpmn.deploy(name, sequence(name, 2))
    return name


def start(bpmn: Terminal, process: str, **variables: int) -> str:
    return bpmn.start(process, *(f"--variable {name}={value}" for name, value in variables.items()))


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_a_worker_that_has_nothing_to_do(sign, handlers, bpmn, address):
    with running(handlers, address) as process:
        assert process.stderr.readline() == f"2 handlers of {handlers} work for {address}\n"
        process.send_signal(sign)
        output, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, output) == (0, "")
    assert errors == "0 done, 0 failed, 0 running, 0.0/s\n"


def test_jobs_are_done_and_what_is_under_way_at_the_signal_too(handlers, bpmn):
    instance = start(bpmn, handlers, number=1, stop=1)
    before = signal.getsignal(signal.SIGTERM)

    ran = bpmn(f"worker run {handlers}")

    assert (ran.code, ran.out) == (0, "")
    first, last = ran.err.splitlines()
    assert first.startswith(f"2 handlers of {handlers} work for http://")
    assert last.startswith("2 done, 0 failed, 0 running, ")
    assert bpmn.json(f"variable get {instance} number")["variables"][0]["data"]["value"] == "2"
    assert bpmn.json(f"instance query --id {instance}")["results"][0]["state"] == "COMPLETED"
    assert signal.getsignal(signal.SIGTERM) == before


def test_json_is_an_object_per_line(handlers, bpmn):
    start(bpmn, handlers, number=1, stop=1, fail=1)

    ran = bpmn(f"worker run {handlers}:worker --json --concurrency 1 --lock-timeout PT1M --worker-id me")

    assert ran.code == 0
    *_, last = lines = [json.loads(line) for line in ran.err.splitlines()]
    assert {line["level"] for line in lines} == {"INFO"}
    assert last | {"time": "", "perSecond": 0} == {
        "time": "",
        "level": "INFO",
        "message": "progress",
        "done": 1,
        "failed": 1,
        "running": 0,
        "perSecond": 0,
    }
    jobs = bpmn.json(f"job query --process-id {process_id(bpmn, handlers)}")["results"]
    assert [job["lockedBy"] for job in jobs] == ["me", "me"]
    assert jobs[1]["error"] == f"{handlers}.second: no paper"


def process_id(bpmn: Terminal, name: str) -> int:
    (found,) = [p["id"] for p in bpmn.json("process query")["results"] if p["bpmnProcessId"] == name]
    return found


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        ("no_such_module", "cannot import no_such_module: ModuleNotFoundError: No module named"),
        ("json", "module json has no worker, like `worker = Worker()`"),
        ("json:loads", "loads of json is no worker"),
        ("{handlers} --concurrency 0", "concurrency and lock timeout must be more than nothing"),
        ("{handlers} --lock-timeout soon", "'soon' is no duration, like PT10S"),
        ("{handlers} --address nowhere", "address must look like http://host:port"),
        ("{handlers} --api-key ключ", "the API key has characters that a header cannot have"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_sent(arguments, fact, handlers, bpmn):
    ran = bpmn("worker run " + arguments.format(handlers=handlers))

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"bpmn: {fact}")


@pytest.mark.parametrize("words", ["worker", "worker run", "worker walk", "worker run m --concurrency many"])
def test_words_that_are_no_command(words, bpmn):
    assert bpmn(words).code == 2


def test_connectors_need_no_module(bpmn, monkeypatch):
    assert bpmn("worker run").code == 2

    monkeypatch.setenv("BPMN_HTTP_HOSTS", "api.example.com")
    monkeypatch.setenv("BPMN_LAMBDA_FUNCTIONS", "price")
    monkeypatch.setenv("BPMN_API_KEY", "wrong")
    ran = bpmn("worker run")

    assert ran.code == 1
    assert ran.err.startswith("2 handlers of the engine work for http://")


def test_a_setting_that_cannot_be_is_said_before_anything_is_sent(bpmn, monkeypatch):
    monkeypatch.setenv("BPMN_HTTP_HOSTS", "https://api.example.com")

    ran = bpmn("worker run")

    assert ran.code == 2
    assert "BPMN_HTTP_HOSTS must be hosts" in ran.err


def test_refused_credentials_end_the_worker(handlers, bpmn):
    ran = bpmn(f"worker run {handlers} --api-key wrong")

    assert ran.code == 1
    assert "Unauthorized\n" in ran.err


def test_each_worker_has_a_name_of_its_own():
    assert worker.new_id() != worker.new_id()


def test_help_says_what_is_worked_with_unless_told_otherwise(bpmn):
    text = bpmn.done("worker run --help").out

    assert "MODULE[:ATTRIBUTE]" in text and "(8)" in text and "(PT5M)" in text and "BPMN_API_KEY" in text


@contextmanager
def running(handlers: str, address: str) -> Iterator[subprocess.Popen[str]]:
    """`bpmn worker run` in a process of its own, in the current directory."""
    with subprocess.Popen(
        command("worker", "run", handlers),
        env=environment(BPMN_ADDRESS=address, BPMN_API_KEY=terminal.KEY),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()

"""Exit codes that scripts can use, and what is said when something is wrong."""

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tests.cli.server import PATIENCE, command, environment
from tests.cli.terminal import DAY, KEY, Terminal
from tests.models import sequence


def test_unknown_is_exit_code_4(bpmn):
    ran = bpmn(f"instance suspend {DAY}/999999")

    assert (ran.code, ran.out) == (4, "")
    assert ran.err == (
        f"failed to suspend process instance: process instance {DAY}/999999 could not be found\n"
    )


def test_conflict_is_exit_code_5(bpmn):
    bpmn.deploy("conflict", sequence("conflict", 1))
    instance = bpmn.start("conflict")
    (job,) = bpmn.done(f"job query --process-instance-id {instance}").table

    ran = bpmn(f"job complete {job['ID']}")

    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("failed to complete job: ")


def test_each_cause_of_a_refusal_has_a_line(bpmn):
    ran = bpmn("job lock --limit 2000 --lock-timeout soon")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "invalid request body: failed to validate request body\n"
        "  #/limit: must be less than or equal to 1000 (given: 2000)\n"
        "  #/lockTimeout: is invalid (given: soon)\n"
    )


def test_model_that_cannot_be_executed_is_exit_code_1(bpmn, tmp_path):
    (tmp_path / "model.bpmn").write_text(sequence("broken", 1).replace('isExecutable="true"', ""))

    ran = bpmn(f"process create {tmp_path}/model.bpmn --bpmn-process-id broken --version 1")

    assert ran.code == 1
    assert ran.err.startswith("failed to create process: ")
    assert "\n  /broken: " in ran.err


# Credentials


@pytest.mark.parametrize(
    "options",
    [f"--api-key {KEY}", "--basic-auth ada:lovelace"],
)
def test_options_go_before_the_environment(bpmn, monkeypatch, options, address):
    monkeypatch.setenv("BPMN_API_KEY", "wrong")
    monkeypatch.setenv("BPMN_BASIC_AUTH", "ada:wrong")
    monkeypatch.setenv("BPMN_ADDRESS", "http://127.0.0.1:1")

    assert bpmn.done(f"process query --address {address}/ {options}")


def test_password_in_the_environment_is_taken(bpmn, monkeypatch):
    monkeypatch.delenv("BPMN_API_KEY")
    monkeypatch.setenv("BPMN_BASIC_AUTH", "ada:lovelace")

    assert bpmn.done("process query")


@pytest.mark.parametrize("options", ["", "--api-key wrong"])
def test_no_or_wrong_credential_is_exit_code_1(bpmn, monkeypatch, options):
    monkeypatch.delenv("BPMN_API_KEY")

    ran = bpmn(f"process query {options}")

    assert (ran.code, ran.out, ran.err) == (1, "", "Unauthorized\n")
    assert bpmn.done("ready"), "everybody may ask that"


# Usage


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("instance suspend 17", "'17' is no partition and id; they look like 2030-01-01/17"),
        ("instance suspend ../../17", "is no partition and id"),
        ("job query --id x", "'x' is no id; one looks like 17 or 2030-01-01/17"),
        ("process xml x", "'x' is no id"),
        ("instance create --version 1", "the following arguments are required: --bpmn-process-id"),
        ("task unlock", "the following arguments are required: --engine-id"),
        ("element-instance query --state ASLEEP", "invalid choice: 'ASLEEP'"),
        ("process query --limit many", "'many' is no whole number"),
        ("process query --lim 1", "unrecognized arguments: --lim 1"),
        (f"variable set {DAY}/1", "the following arguments are required: NAME=JSON"),
        (f"variable set {DAY}/1 a", "'a' has no value; a variable is set by name=json"),
        (f"variable set {DAY}/1 a=text", "the value of a is no JSON"),
        (f"variable set {DAY}/1 a=@nowhere", "cannot read nowhere: No such file or directory"),
        (f"variable delete {DAY}/1 a=1", "a variable is deleted by its name alone"),
        (
            f"variable get {DAY}/1 --exclude-parent-variables",
            "--exclude-parent-variables goes with --element-instance only",
        ),
        (
            f"job query --id {DAY}/1 --process-instance-id 2000-01-01/1",
            f"more than one partition: 2000-01-01, {DAY}",
        ),
        (
            f"process create {__file__}x --bpmn-process-id p --version 1",
            "test_refusals.pyx: No such file",
        ),
        ("process query --address localhost", "address must look like http://host:port"),
        ("process query --basic-auth ada", "basic authorization must be user:password"),
        ("process query --api-key 'a\nb'", "the API key has characters that a header cannot have"),
        ("process query --api-key a --basic-auth b:c", "not allowed with argument"),
        ("process", "the following arguments are required: VERB"),
        ("process nap", "invalid choice: 'nap'"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_sends_nothing(bpmn, line, sentence):
    ran = bpmn(line)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"usage: bpmn {line.split()[0]} ")
    assert sentence in ran.err


# No engine


@contextlib.contextmanager
def somebody_else(answer: bytes) -> Iterator[str]:
    """The address of a server that says the same to everybody and hangs up."""

    def answer_all(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_all, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def test_nobody_there_is_exit_code_3(bpmn):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

    ran = bpmn(f"ready --address {address}")

    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"bpmn: cannot reach {address}: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xff",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{]",
    ],
)
@pytest.mark.parametrize("line", ["process query", "job lock"])
def test_no_engine_there_is_exit_code_3(bpmn, answer, line):
    with somebody_else(answer) as address:
        ran = bpmn(f"{line} --address {address}")

    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"bpmn: cannot reach {address}: ")


def test_reader_that_leaves_is_no_fault(bpmn: Terminal, address: str):
    bpmn.deploy("left", sequence("left", 1), *(f"--tag t{n}={'x' * 2000}" for n in range(100)))

    with subprocess.Popen(
        command("process", "query", "--tag", "t1"),
        env=environment(BPMN_ADDRESS=address, BPMN_API_KEY=KEY),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""

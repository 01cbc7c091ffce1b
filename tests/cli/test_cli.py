"""The command line itself: what it says, and its exit codes."""

import re
import socket
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from chalicelib import __version__
from chalicelib.cli import main
from chalicelib.settings import Settings, env_name, option
from tests.cli.server import PATIENCE, command, environment
from tests.docs import ROOT


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for row in fields(Settings):
        monkeypatch.delenv(env_name(row), raising=False)
    monkeypatch.chdir(tmp_path)


def leave(*arguments: str) -> int:
    """Exit code of a command that argparse ends."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


def test_version(capsys):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert leave("--version") == 0
    assert capsys.readouterr().out == f"bpmn {__version__}\n"
    assert __version__ == project["version"]
    assert project["scripts"] == {"bpmn": "chalicelib.cli:main"}


def test_help_names_every_setting(capsys):
    assert leave("serve", "--help") == 0

    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    for row in fields(Settings):
        assert f" {option(row)} " in shown
        assert f"({env_name(row)})" in shown


@pytest.mark.parametrize(
    "arguments", [(), ("nap",), ("serve", "--nap"), ("serve", "8080"), ("serve", "--port")]
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    assert leave(*arguments) == 2
    assert capsys.readouterr().err.startswith("usage: bpmn")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--port", "http"), "BPMN_PORT must be a whole number from 0 to 65535"),
        (("--store", "mysql"), "BPMN_STORE must be one of memory, sqlite, dynamodb"),
        (("--encryption-keys", "c2hvcnQ="), "BPMN_ENCRYPTION_KEYS each key must have 32 bytes"),
    ],
    ids=str,
)
def test_wrong_setting_is_exit_code_2_and_a_sentence(arguments, sentence, capsys):
    assert main(("serve", *arguments)) == 2
    assert capsys.readouterr() == ("", f"bpmn: {sentence}\n")


def test_wrong_setting_in_the_environment_is_said_too(monkeypatch, capsys):
    monkeypatch.setenv("BPMN_TASK_MODE", "lazy")

    assert main(["serve"]) == 2
    assert capsys.readouterr().err == "bpmn: BPMN_TASK_MODE must be one of eager, deferred\n"


def test_taken_port_is_exit_code_1_and_opens_no_store(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert main(["serve", "--port", str(port)]) == 1

    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith(f"bpmn: cannot serve on 127.0.0.1:{port}: ")
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_store_that_cannot_be_opened_is_exit_code_1(tmp_path, capsys):
    (tmp_path / "text.db").write_text("this is no database, only a text that is long enough\n" * 100)

    assert main(["serve", "--port", "0", "--data", "nowhere/bpmn.db"]) == 1
    assert main(["serve", "--port", "0", "--data", "text.db"]) == 1

    assert capsys.readouterr().err == (
        "bpmn: cannot open sqlite store nowhere/bpmn.db: unable to open database file\n"
        "bpmn: cannot open sqlite store text.db: file is not a database\n"
    )


def test_module_is_the_command():
    ended = subprocess.run(
        command("--version"), env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"bpmn {__version__}\n", "")

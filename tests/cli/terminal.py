"""`bpmn` as somebody at a terminal uses it, against a server in this process."""

import json
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli import main
from chalicelib.local.service import LocalService
from chalicelib.settings import Settings

KEY = "secret"
NOW = "2130-01-01T00:00:00Z"
"""Later than any clock, so that no test depends on the day; the engine's clock only goes forward."""

DAY = NOW[:10]


def service() -> LocalService:
    """Tasks wait until they are asked for, so that they can be seen."""
    return LocalService(
        Settings(
            store="memory",
            api_key=KEY,
            basic_auth="ada:lovelace",
            set_time=True,
            task_mode="deferred",
            executor=False,
        )
    )


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def table(self) -> list[dict[str, str]]:
        """Rows by heading; columns are at least two spaces apart."""
        heading, *lines = self.out.splitlines()
        starts = [
            at for at, letter in enumerate(heading) if letter != " " and (at == 0 or heading[at - 1] == " ")
        ]
        cells = [
            [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
            for line in (heading, *lines)
        ]
        return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


@dataclass(frozen=True)
class Terminal:
    """Types commands and reads what they print."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str) -> Ran:
        """Run `bpmn` with the words of a shell command."""
        try:
            code = main(shlex.split(command))
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *self.capsys.readouterr())

    def done(self, command: str) -> Ran:
        """Run a command that works and says nothing on standard error."""
        ran = self(command)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran

    def json(self, command: str) -> Any:
        """The JSON that a command answers."""
        return self.done(f"{command} --json").json

    def deploy(self, bpmn_process_id: str, xml: str, *options: str) -> dict[str, Any]:
        """Deploy a model."""
        with tempfile.NamedTemporaryFile("w", suffix=".bpmn", encoding="utf-8") as file:
            file.write(xml)
            file.flush()
            command = f"process create {file.name} --bpmn-process-id {bpmn_process_id} --version 1"
            return self.json(" ".join((command, *options)))

    def start(self, bpmn_process_id: str, *options: str) -> str:
        """Start an instance; answers `partition/id`."""
        command = f"instance create --bpmn-process-id {bpmn_process_id} --version 1"
        return place(self.json(" ".join((command, *options))))


def place(record: dict[str, Any]) -> str:
    """Partition and id as they are typed."""
    return f"{record['partition']}/{record['id']}"


MODELS = Path(__file__).parents[1] / "bpmn"

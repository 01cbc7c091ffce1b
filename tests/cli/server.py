"""`bpmn serve` in a process of its own, as a user starts it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.docs import ROOT

PATIENCE = 20
"""Seconds after which a process that does not do what it should is given up; none takes that long."""


class Server:
    """A running server and what it has printed.

    Attributes:
        lines: Standard output until it was ready.
        address: Where it serves.
        key: The credential for `call`.
    """

    def __init__(self, process: subprocess.Popen[str], key: str | None) -> None:
        self.process = process
        self.lines: list[str] = []
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("serving on "):
                break
        assert self.lines and self.lines[-1].startswith("serving on "), (self.lines, process.stderr.read())
        self.address = self.lines[-1].split()[2]
        self.key = key or self.new_key

    @property
    def new_key(self) -> str | None:
        """The API key that it has printed."""
        keys = [line.removeprefix("API key, shown once: ") for line in self.lines if "API key" in line]
        assert len(keys) <= 1
        return keys[0] if keys else None

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Answer's JSON; the status instead, if it is a refusal."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(
                Request(self.address + path, data, headers, method=method), timeout=PATIENCE
            ) as answer:
                text = answer.read()
                return json.loads(text) if answer.headers["content-type"] == "application/json" else text
        except HTTPError as refusal:
            refusal.close()
            return refusal.code

    def stop(self, sign: signal.Signals) -> tuple[int, str, str]:
        """Exit code, and the rest of standard output and error."""
        self.process.send_signal(sign)
        output, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output, errors


def command(*arguments: str) -> list[str]:
    """The command line of `bpmn`."""
    return [sys.executable, "-m", "chalicelib.cli", *arguments]


def environment(**settings: str) -> dict[str, str]:
    """Without the settings of whoever runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BPMN_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **settings}


@contextlib.contextmanager
def serving(
    directory: Path, *arguments: str, key: str | None = None, patience: float = 3 * PATIENCE, **settings: str
) -> Iterator[Server]:
    """`bpmn serve` on any free port, in a directory, for some seconds at most."""
    with subprocess.Popen(
        command("serve", "--port", "0", *arguments),
        cwd=directory,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watch = threading.Timer(patience, process.kill)
        watch.start()
        try:
            yield Server(process, key)
        finally:
            watch.cancel()
            process.kill()

"""The running server keeps what its OpenAPI document promises, whatever it is asked.

No fault of the engine, no status that the operation does not document, bodies as their schemas say, media
types exact; and nothing to log.
"""

import base64
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.server import environment, serving
from tests.docs import ROOT

KEY = "secret"
ENCRYPTION_KEY = base64.b64encode(bytes(32)).decode()
LONGEST = 15 * 60.0
"""Seconds."""


def play(directory: Path, *, rounds: int, times: int) -> None:
    """Let `target.py` shoot at a server with a file, an encryption key and a clock that may be moved."""
    options = "--data", "bpmn.db", "--set-time", "on", "--api-key", KEY, "--encryption-keys", ENCRYPTION_KEY
    with serving(directory, *options, key=KEY, patience=LONGEST) as server:
        command = [sys.executable, "-m", "tests.local.target", server.address, KEY, str(rounds), str(times)]
        shooting = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LONGEST
        )
        stopped = server.stop(signal.SIGTERM)
    assert shooting.returncode == 0, shooting.stderr
    assert stopped == (0, "", "")


def test_every_operation_keeps_its_promises(tmp_path: Path) -> None:
    play(tmp_path, rounds=1, times=4)

    assert "schemathesis" not in sys.modules, "it changes Hypothesis for all other tests"


@pytest.mark.soak
def test_every_operation_keeps_its_promises_for_thousands_of_requests(tmp_path: Path) -> None:
    play(tmp_path, rounds=6, times=12)

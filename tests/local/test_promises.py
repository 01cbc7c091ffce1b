"""The running server keeps what its OpenAPI document promises, whatever it is asked.

No fault of the engine, no status that the operation does not document, bodies as their schemas say, media
types exact.
"""

import base64
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from schemathesis import GenerationMode

from chalicelib.contract.native import OPERATIONS
from tests.cli.server import serving
from tests.local.target import ORDER, Target

KEY = "secret"
ENCRYPTION_KEY = base64.b64encode(bytes(32)).decode()
TAKES_NOTHING = ("checkReadiness",)
"""There is no wrong request for it."""

MINUTES = 60.0


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """`bpmn serve` on a file, with an encryption key and a clock that may be moved; it has nothing to log."""
    options = "--data", "bpmn.db", "--set-time", "on", "--api-key", KEY, "--encryption-keys", ENCRYPTION_KEY
    with serving(tmp_path, *options, key=KEY, patience=15 * MINUTES) as server:
        target = Target(server, KEY)
        with target.session:
            yield target
        assert server.stop(signal.SIGTERM) == (0, "", "")


def play_round(target: Target, number: int, times: int) -> None:
    """Ask each operation several times, and half as often in a wrong way."""
    for row in ORDER:
        target.shoot(row, GenerationMode.POSITIVE, number, times)
        if row.name not in TAKES_NOTHING:
            target.shoot(row, GenerationMode.NEGATIVE, number, times // 2)


def unreached(target: Target) -> list[str]:
    """Operations that have had no success: the requests stopped at their door."""
    return [row.name for row in OPERATIONS if not target.answers[row.name, row.status]]


def test_every_operation_keeps_its_promises(target: Target) -> None:
    play_round(target, number=0, times=6)

    assert not unreached(target), target.answers


@pytest.mark.soak
def test_every_operation_keeps_its_promises_for_thousands_of_requests(target: Target) -> None:
    for number in range(6):
        play_round(target, number, times=12)

    assert not unreached(target), target.answers

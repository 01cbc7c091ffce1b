"""An engine in this process, and a terminal that has its address and a credential in the environment."""

import os
from collections.abc import Iterator

import pytest

from chalicelib.local.server import serving
from chalicelib.sdk import Client
from tests.cli import terminal


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the engine is; its clock has been moved to a day that tests can name."""
    with serving(terminal.service) as url:
        with Client(url, api_key=terminal.KEY) as client:
            client.call("PATCH", "/time", {"time": terminal.NOW})
        yield url


@pytest.fixture
def bpmn(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> terminal.Terminal:
    """Runs `bpmn`."""
    for name in [name for name in os.environ if name.startswith("BPMN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BPMN_ADDRESS", address)
    monkeypatch.setenv("BPMN_API_KEY", terminal.KEY)
    return terminal.Terminal(capsys)

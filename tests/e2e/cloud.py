"""AWS on this machine: ministack as a process of its own, on loopback, and the AWS command line beside it.

Source: ministack's README for its settings; functions run as its child processes, without docker.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-e2e" / "bin"
PATIENCE = 60
"""Seconds that ministack may take to begin."""


class Cloud:
    """What runs; to be called by the AWS command line, or by anything that reads its environment."""

    def __init__(self, address: str) -> None:
        """Know where it is."""
        self.address = address
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BPMN_"))}
        self.environment = {
            **kept,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": address,
            # What somebody has configured for the real AWS must not be found.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }

    def aws(self, *arguments: str) -> Any:
        """Run a command of the AWS command line; its answer.

        Raises:
            subprocess.CalledProcessError: It failed; what it said is on standard error.
        """
        command = [str(TOOLS / "aws"), "--output", "json", *arguments]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, check=True)
        text = done.stdout.decode()
        return json.loads(text) if text.lstrip().startswith(("{", "[", '"')) else text


@contextmanager
def running(log: Path) -> Iterator[Cloud]:
    """A cloud for as long as the block runs, with all processes of its functions; it forgets everything."""
    port = _free_port()
    cloud = Cloud(f"http://127.0.0.1:{port}")
    environment = {
        **{name: value for name, value in cloud.environment.items() if name != "AWS_ENDPOINT_URL"},
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": "eu-central-1",
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
    }
    with (
        log.open("wb") as output,
        # A session of its own, so that the processes of functions can be ended with it.
        subprocess.Popen(
            [TOOLS / "ministack"], env=environment, stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            _wait(cloud, process)
            yield cloud
        finally:
            _end(process)


def _wait(cloud: Cloud, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"ministack ended with {process.returncode}")
        try:
            with urlopen(f"{cloud.address}/_ministack/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"ministack was not ready within {PATIENCE} seconds")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the session that was begun: ministack first, then whatever of it is left."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

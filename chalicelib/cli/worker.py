"""The verb `worker run`: jobs are done by handlers in Python, in this process."""

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from ..settings import Settings
from . import codes

if TYPE_CHECKING:
    from ..sdk.worker import Worker

NOUN = "worker"
SUMMARY = "do the jobs of processes with handlers in Python"

WORKER_ID = "BPMN_WORKER_ID"
SIGNALS = (signal.SIGTERM, signal.SIGINT)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Its one verb."""
    # Only this noun needs them; they take longer to load than all that `bpmn --help` says.
    from ..sdk.runner import CONCURRENCY, LOCK_TIMEOUT
    from . import connection

    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    run = verbs.add_parser(
        "run",
        help=SUMMARY,
        description="Lock the jobs that a worker in Python has handlers for, do and complete them, until "
        "told to stop (SIGTERM, Ctrl-C). Modules are found from the current directory, too.",
    )
    run.add_argument(
        "handlers",
        nargs="?",
        metavar="MODULE[:ATTRIBUTE]",
        help="where the worker is: orders.handlers; may be left out where the environment lists what "
        "connectors may call (BPMN_HTTP_HOSTS and the like)",
    )
    run.add_argument(
        "--concurrency",
        metavar="NUMBER",
        type=int,
        default=CONCURRENCY,
        help=f"jobs that are under way at once ({CONCURRENCY})",
    )
    run.add_argument(
        "--lock-timeout",
        metavar="DURATION",
        default=LOCK_TIMEOUT,
        help=f"after which others may take a job that is not completed, as ISO 8601 ({LOCK_TIMEOUT})",
    )
    run.add_argument(
        "--worker-id",
        metavar="TEXT",
        help=f"name of this worker, unique among all ({WORKER_ID}, made of host, process and chance)",
    )
    run.add_argument(
        "--log-level",
        choices=LEVELS,
        default="WARNING",
        help="what handlers log is shown from here (WARNING)",
    )
    run.add_argument("--json", action="store_true", help="print a JSON object per line, for machines")
    connection.add_options(run)
    run.set_defaults(run=run_worker)


def run_worker(parsed: argparse.Namespace) -> int:
    """Work until told to stop; answers the exit code."""
    from ..sdk import ApiProblem
    from ..sdk.loading import NotLoaded
    from ..sdk.runner import Runner
    from ..sdk.worker import InvalidHandler
    from . import connection, output
    from .progress import Progress

    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does
    progress = Progress(sys.stderr, as_json=parsed.json)
    logging.basicConfig(level=parsed.log_level, handlers=[progress.log_handler()])
    try:
        worker = _worker(parsed.handlers)
        client = connection.connect(parsed, os.environ)
        runner = Runner(
            client,
            worker,
            parsed.worker_id or os.environ.get(WORKER_ID) or new_id(),
            concurrency=parsed.concurrency,
            lock_timeout=parsed.lock_timeout,
            watch=progress,
        )
    except (NotLoaded, InvalidHandler, ValueError) as fault:
        print(f"bpmn: {fault}", file=sys.stderr)
        return codes.USAGE
    with client, _signals_to(runner.stop):
        address = connection.address(parsed, os.environ)
        progress.say(
            f"{len(worker.places())} handlers of {parsed.handlers or 'the engine'} work for {address}"
        )
        try:
            runner.run()
        except ApiProblem as problem:
            output.complain(problem)
            return codes.of_status(problem.status)
        finally:
            progress.finish()
    return codes.DONE


def _worker(handlers: str | None) -> "Worker":
    """The handlers of a module, and the connectors that the environment lets call something.

    Raises:
        NotLoaded: There are none at all, or those of the module cannot be loaded.
        InvalidSetting: The environment has a setting that cannot be.
    """
    from .. import wiring
    from ..sdk.loading import NotLoaded, load

    connectors = wiring.connectors(Settings.read(os.environ))
    if handlers is None and not connectors.places():
        raise NotLoaded("name a module with handlers, or list what connectors may call (BPMN_HTTP_HOSTS)")
    return connectors if handlers is None else load(handlers).beside(connectors)


def new_id() -> str:
    """A name that no other worker has: host, number of the process, and chance."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


@contextmanager
def _signals_to(stop: Callable[[], None]) -> Iterator[None]:
    """The first signal lets the work end; a second one ends the process, and locks expire."""

    def handle(number: int, frame: FrameType | None) -> None:
        for sign in SIGNALS:
            signal.signal(sign, signal.SIG_DFL)
        stop()

    before = {sign: signal.signal(sign, handle) for sign in SIGNALS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)

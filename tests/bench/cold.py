"""Section f: how long a fresh interpreter takes to import what a Lambda function needs, with byte-code."""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.report import Report

ROOT = Path(__file__).parents[2]
TIMES = 9


@dataclass(frozen=True)
class Function:
    """A Lambda function.

    Attributes:
        modules: What its handler lives in; the first one that there is counts.
        target: Milliseconds to import it.
    """

    modules: Sequence[str]
    target: float


FUNCTIONS: Mapping[str, Function] = {
    "API": Function(("app",), 350),
    "worker": Function(("chalicelib.lambdas", "app"), 250),
}

ENVIRONMENT = {
    "BPMN_STORE": "dynamodb",
    "BPMN_QUEUE": "https://sqs.us-east-1.amazonaws.com/1/feed",
    "BPMN_API_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""As on Lambda, and nothing in it makes a request."""

PROBE = """
import importlib, sys, time
from importlib.util import find_spec
name = next(name for name in sys.argv[1:] if find_spec(name.partition(".")[0]) and find_spec(name))
wall, processor = time.perf_counter(), time.process_time()
importlib.import_module(name)
print(name, (time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000)
"""


def print_cold_starts(report: Report) -> None:
    """Section f of the report."""
    report.section("(f) Cold start: a fresh interpreter imports a function, medians, byte-code there")
    rows = []
    for name, function in FUNCTIONS.items():
        module, wall, processor = measure(function)
        verdict = (
            ""
            if wall <= function.target
            else report.miss(
                f"cold start of the {name} function: {wall:.0f} ms, target <= {function.target:.0f}"
            )
        )
        rows.append(
            [name, module, f"{wall:.0f}", f"{processor:.0f}", f"<= {function.target:.0f} ms", verdict]
        )
    report.table(["function", "module", "ms", "CPU ms", "target", ""], rows)


def measure(function: Function, times: int = TIMES) -> tuple[str, float, float]:
    """The module that was imported, and medians of milliseconds on the clock and of the processor."""
    with tempfile.TemporaryDirectory(prefix="bench-") as bytecode:
        _import(function, bytecode)
        runs = [_import(function, bytecode) for _ in range(times)]
    return runs[0][0], *(statistics.median(run[1][at] for run in runs) for at in (0, 1))


def _import(function: Function, bytecode: str) -> tuple[str, tuple[float, float]]:
    """Import it once; byte-code is left in a directory, and found there the next time."""
    foreign = ("BPMN_", "AWS_", "PYTHON")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *function.modules],
        cwd=ROOT,
        env=clean | ENVIRONMENT | {"PYTHONPYCACHEPREFIX": bytecode},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    module, wall, processor = done.stdout.split()
    return module, (float(wall), float(processor))

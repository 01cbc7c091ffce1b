"""`python -m tests.bench` (make bench): what a command costs, in units, in time, in throughput.

Prints each figure beside its target, and `MISSED` where it misses it; a missed target is no error.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cold import print_cold_starts
from tests.bench.costs import print_costs
from tests.bench.cpu import print_cpu
from tests.bench.dynoxide import NotThere, compare
from tests.bench.expressions import print_expressions
from tests.bench.microflows import print_microflows
from tests.bench.page import page
from tests.bench.report import Report
from tests.bench.throughput import print_throughput
from tests.bench.workers import print_workers


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        rounds: Ten-task instances in sections b and c.
        others: Stored instances in section c.
        seconds: Measured per number of clients in section d.
        warm_up: Seconds before.
    """

    rounds: int
    others: int
    seconds: float
    warm_up: float


FULL = Size(rounds=300, others=100_000, seconds=10, warm_up=2)
QUICK = Size(rounds=40, others=5_000, seconds=1.5, warm_up=0.5)


def sections(report: Report, size: Size) -> Mapping[str, Callable[[], None]]:
    """The sections of the report, by the letters that choose them."""
    return {
        "a": lambda: print_costs(report),
        "bc": lambda: print_cpu(report, size.others, rounds=size.rounds),
        "d": lambda: print_throughput(report, seconds=size.seconds, warm_up=size.warm_up),
        "e": lambda: print_workers(report),
        "f": lambda: print_cold_starts(report),
        "g": lambda: print_expressions(report),
        "h": lambda: print_microflows(report),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.write is not None:
        chosen.write.write_text(page(), encoding="utf-8")
        return 0
    report = Report()
    if chosen.dynoxide:
        return _compare(report)
    _print_machine(report)
    began = time.monotonic()
    for letters, run in sections(report, QUICK if chosen.quick else FULL).items():
        if any(letter in letters for letter in chosen.only):
            run()
    report.end()
    report.line(f"  {time.monotonic() - began:.0f} seconds")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What a command costs.")
    parser.add_argument("--quick", action="store_true", help="measure less, in a few seconds")
    parser.add_argument(
        "--only", default="abcdefgh", metavar="LETTERS", help="sections to run, for example ad"
    )
    parser.add_argument(
        "--dynoxide", action="store_true", help="compare the meter with dynoxide; fails where they differ"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write section a as a page, docs/cost.md")
    return parser


def _compare(report: Report) -> int:
    try:
        return 0 if compare(report) else 1
    except NotThere as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 2


def _print_machine(report: Report) -> None:
    report.line(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} (times suffer if others work meanwhile)"
    )


if __name__ == "__main__":
    sys.exit(main())

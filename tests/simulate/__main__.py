"""`python -m tests.simulate` (make simulate): how hot the hottest key of table and indexes gets.

Fails if one partition would have to bear more than it can.
"""

import argparse
import io
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.report import Report
from tests.simulate.page import Simulation, with_simulation


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description="How hot keys get.")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the report into docs/scale.md, too")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    out = io.StringIO()
    simulation = Simulation(Report(out))
    simulation.print()
    print(out.getvalue())
    if chosen.write is not None:
        page = with_simulation(chosen.write.read_text(encoding="utf-8"), out.getvalue())
        chosen.write.write_text(page, encoding="utf-8")
    for what in simulation.too_hot:
        print(f"TOO HOT: {what}")
    print(f"{time.monotonic() - began:.0f} seconds, {len(simulation.too_hot)} too hot")
    return 1 if simulation.too_hot else 0


if __name__ == "__main__":
    sys.exit(main())

"""The report of `make bench`: sections, tables, and figures beside their targets."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Report:
    """Writes as it goes.

    Attributes:
        missed: What missed its target so far.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    missed: list[str] = field(default_factory=list)

    def section(self, title: str) -> None:
        """Begin a section."""
        self.line(f"\n{title}\n{'-' * len(title)}")

    def line(self, text: str = "") -> None:
        """A line of prose."""
        print(text, file=self.out, flush=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table: the first column to the left, the others to the right, empty ones at the end dropped."""
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        for row in (head, *rows):
            cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            self.line("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())

    def at_most(self, name: str, value: float, target: float, unit: str = "", digits: int = 2) -> None:
        """A figure that shall not exceed its target."""
        self._figure(name, value, target, value <= target, "<=", unit, digits)

    def at_least(self, name: str, value: float, target: float, unit: str = "", digits: int = 0) -> None:
        """A figure that shall reach its target."""
        self._figure(name, value, target, value >= target, ">=", unit, digits)

    def plain(self, name: str, value: float, unit: str = "", digits: int = 2) -> None:
        """A figure without a target."""
        self.line(f"  {name:<58} {value:>10,.{digits}f} {unit}".rstrip())

    def miss(self, name: str) -> str:
        """Note something that missed its target; answers the word for it."""
        self.missed.append(name)
        return "MISSED"

    def end(self) -> None:
        """Say what missed its target."""
        self.section("Targets")
        for name in self.missed:
            self.line(f"  MISSED: {name}")
        self.line(f"  {len(self.missed)} missed" if self.missed else "  all met")

    def _figure(
        self, name: str, value: float, target: float, is_met: bool, sign: str, unit: str, digits: int
    ) -> None:
        verdict = (
            "" if is_met else self.miss(f"{name}: {value:,.{digits}f}, target {sign} {target:,.{digits}f}")
        )
        goal = f"target {sign} {target:,.{digits}f}"
        self.line(f"  {name:<58} {value:>10,.{digits}f} {unit:<5} {goal} {verdict}".rstrip())


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which a percentage of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]

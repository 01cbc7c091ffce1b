"""Section a: what commands and whole instances cost on DynamoDB."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.service import prices
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import Bill, Meter
from tests.bench.fed import print_fed
from tests.bench.report import Report
from tests.bench.scenario import Walk, instances, new_engine, other_commands, prepare


@dataclass(frozen=True)
class Budget:
    """The most that a command may cost."""

    queries: int
    gets: int
    writes: int
    write_units: int
    transactions: int = 0

    def holds(self, bill: Bill) -> bool:
        """Whether a bill keeps it; nothing but the requests that it names is allowed."""
        return (
            bill.queries <= self.queries
            and bill.gets <= self.gets
            and bill.writes <= self.writes
            and bill.transactions <= self.transactions
            and bill.requests == bill.queries + bill.gets + bill.writes + bill.transactions
            and bill.write_units <= self.write_units
        )

    def __str__(self) -> str:
        """In the short form of the report."""
        reads = [f"{self.queries} query"] * bool(self.queries) + [f"{self.gets} get"] * bool(self.gets)
        writes = f"{self.transactions} txn" if self.transactions else f"{self.writes} put"
        return f"{' + '.join(reads) or 'no read'}, {writes}, {self.write_units} WU"


COMMANDS: Mapping[str, Budget] = {
    "start, first job created": Budget(0, 0, 1, 4),
    "lock one job": Budget(1, 1, 1, 2),
    "complete, next job created": Budget(0, 1, 1, 2),
    "complete, instance ends": Budget(0, 1, 1, 3),
    "correlate a message": Budget(0, 2, 0, 6, transactions=1),
    "fire a timer": Budget(4, 1, 1, 3),
}
"""Ordinary commands, on instances of at most ten tasks without variables. One unit of a correlated message is
its place in the list of messages (docs/adr/0018)."""

INSTANCES: Mapping[str, int] = {"one task": 9, "ten tasks": 45}
"""Write units of instances over HTTP."""


@dataclass
class Costs:
    """Bills of everything in the scenario.

    Attributes:
        commands: By kind: each distinct bill, and how often it came.
        instances: By name: requests over HTTP, and their bill.
    """

    commands: dict[str, Counter[tuple[Any, ...]]] = field(default_factory=dict)
    instances: dict[str, tuple[int, Bill]] = field(default_factory=dict)


@dataclass
class Tally:
    """Watches commands, and asks a source of bills what each has cost."""

    read_bill: Callable[[], Bill]
    seen: list[tuple[str, Bill]] = field(default_factory=list)

    def observe(self, kind: str, command: Callable[[], Any]) -> Any:
        """Carry out a command and note its bill."""
        before = self.read_bill()
        answer = command()
        self.seen.append((kind, self.read_bill() - before))
        return answer


@dataclass
class Run:
    """The whole scenario: every command with its bill, and where each instance begins and ends.

    Attributes:
        commands: Kind and bill, in the order of the commands.
        parts: Name of each part of the scenario, and the numbers of its first and its last command.
    """

    commands: list[tuple[str, Bill]]
    parts: dict[str, tuple[int, int]]

    def bill(self, part: str) -> tuple[int, Bill]:
        """Number of commands and bill of a part."""
        first, end = self.parts[part]
        return end - first, sum((bill for _, bill in self.commands[first:end]), Bill())


def play(walk: Walk, tally: Tally) -> Run:
    """Play the scenario."""
    parts: dict[str, tuple[int, int]] = {}

    def part(name: str, act: Callable[[], None]) -> None:
        first = len(tally.seen)
        act()
        parts[name] = (first, len(tally.seen))

    part("preparation", lambda: prepare(walk))
    for name, run in instances(walk):
        part(name, run)
    part("other commands", lambda: other_commands(walk))
    return Run(tally.seen, parts)


def metered() -> Run:
    """Play the scenario on the memory store, with the meter."""
    meter = Meter(MemoryItems())
    tally = Tally(lambda: meter.bill)
    return play(Walk(new_engine(meter), tally.observe), tally)


def ordinary(run: Run) -> dict[str, list[Bill]]:
    """Bills of the ordinary commands, by kind."""
    found: dict[str, list[Bill]] = {kind: [] for kind in COMMANDS}
    for part in ("one task", "two tasks", "ten tasks", "a message, a task", "a timer, a task"):
        first, end = run.parts[part]
        for kind, bill in run.commands[first:end]:
            if kind in found:
                found[kind].append(bill)
    return found


def print_costs(report: Report) -> None:
    """Section a of the report."""
    run = metered()
    report.section("(a) Requests, read units (RU) and write units (WU) on DynamoDB, by the meter")
    _print_ordinary(report, run)
    _print_others(report, run)
    _print_instances(report, run)
    print_fed(report)


COLUMNS = ("get", "batch", "query", "write", "txn", "count", "RU", "WU", "index WU", "$/million")


def _table(bill: Bill) -> float:
    return prices.table(bill.write_units, bill.read_units)


def _columns(bill: Bill) -> list[str]:
    counts = (bill.gets, bill.batches, bill.queries, bill.writes, bill.transactions, bill.counters)
    units = (bill.read_units, bill.write_units, bill.index_units)
    dollars = f"{_table(bill) * prices.MILLION:,.2f}"
    return [
        *(str(count or "") for count in counts),
        *(f"{unit:g}" if unit else "" for unit in units),
        dollars,
    ]


def _print_ordinary(report: Report, run: Run) -> None:
    report.line("Ordinary commands, the dearest of each kind ($: table only):\n")
    rows = []
    for kind, bills in ordinary(run).items():
        dearest = max(bills, key=_table)
        is_kept = all(COMMANDS[kind].holds(bill) for bill in bills)
        verdict = "" if is_kept else report.miss(f"{kind}: budget {COMMANDS[kind]}")
        rows.append([kind, *_columns(dearest), str(COMMANDS[kind]), verdict])
    report.table(["command", *COLUMNS, "budget", ""], rows)


def _print_others(report: Report, run: Run) -> None:
    report.line("\nOther commands:\n")
    shown: dict[str, Bill] = {}
    for name in ("preparation", "ten parallel tasks, jobs locked at once", "other commands"):
        first, end = run.parts[name]
        for kind, bill in run.commands[first:end]:
            if kind not in COMMANDS and kind != "preparation":
                shown[kind] = max(shown.get(kind, Bill()), bill, key=_table)
    report.table(["command", *COLUMNS], [[kind, *_columns(bill)] for kind, bill in shown.items()])


def _print_instances(report: Report, run: Run) -> None:
    report.line(
        f"\nWhole instances over HTTP (API Gateway REST; Lambda {prices.LAMBDA_GB * 1024:.0f} MB and"
        f" {prices.LAMBDA_SECONDS * 1000:.0f} ms a request, assumed):\n"
    )
    rows = []
    for name in (part for part in run.parts if part not in ("preparation", "other commands")):
        requests, bill = run.bill(name)
        table, front = _table(bill) * prices.MILLION, prices.front(requests) * prices.MILLION
        budget, verdict = INSTANCES.get(name), ""
        if budget is not None and bill.write_units > budget:
            verdict = report.miss(f"{name}: {bill.write_units:g} WU, budget {budget}")
        rows.append(
            [
                name,
                str(requests),
                str(bill.requests),
                f"{bill.read_units:g}",
                f"{bill.write_units:g}",
                f"{bill.index_units:g}",
                f"{table:,.2f}",
                f"{front:,.2f}",
                f"{table + front:,.2f}",
                "" if budget is None else f"<= {budget} WU",
                verdict,
            ]
        )
    head = ["instance", "HTTP", "table requests", "RU", "WU", "index WU"]
    report.table([*head, "table $/million", "front $/million", "all $/million", "budget", ""], rows)

"""What is simulated, and the report: the block of `docs/scale.md` between its markers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.settings import Settings
from chalicelib.storage import keys
from chalicelib.storage.keys import Shards
from chalicelib.wiring import SHARDS_ON_DYNAMODB, shards
from tests.bench.report import Report
from tests.marked import put_between
from tests.simulate.lives import trace
from tests.simulate.pressure import Heat, heats
from tests.simulate.starts import Fleet, Rate, Starts

BEGIN = "<!-- simulation -->"
END = "<!-- /simulation -->"

DAY = 24 * 3600

QUOTA = 40_000
"""Write units per second of a table, and of each index, unless a higher quota was asked for. Source: Amazon
DynamoDB developer guide, "Quotas in Amazon DynamoDB"."""

ORDINARY = (
    "one task",
    "one task, a correlation key",
    "one task, locks that expire",
    "a timer, a task",
    "a message, a task",
    "one task, fed",
)
"""Lives with up to two jobs."""

TEN = ("ten tasks", "ten tasks, fed")


@dataclass(frozen=True)
class Run:
    """One simulation: who lives, how many start, and how the indexes are spread.

    Attributes:
        title: What it shows.
        rate: The starts.
        setting: Text of `BPMN_SHARDS`; empty for the default.
        lives: Names of lives; each for itself, with all starts in one process.
    """

    title: str
    rate: Rate
    setting: str
    lives: Sequence[str]

    @property
    def shards(self) -> Shards:
        """As the engine reads them."""
        return shards(Settings.read({"BPMN_STORE": "dynamodb", "BPMN_SHARDS": self.setting}))

    @property
    def period(self) -> int:
        """Id blocks that differ by it have the same shards."""
        return max(self.shards.jobs, self.shards.tasks, self.shards.lists)


OVER_MIDNIGHT = Rate(1_000, 600, containers=100, midnight=300)

RUNS = (
    Run(
        "1,000 starts per second for ten minutes, over midnight, default shards", OVER_MIDNIGHT, "", ORDINARY
    ),
    Run("the same, ten tasks: 10,000 jobs per second", OVER_MIDNIGHT, "jobs=32", TEN),
    Run(
        "10,000 starts per second for ten minutes, over midnight",
        replace(OVER_MIDNIGHT, per_second=10_000, containers=1_000),
        "jobs=64,tasks=32",
        ORDINARY,
    ),
    Run(
        "the same, ten tasks: 100,000 jobs per second",
        replace(OVER_MIDNIGHT, per_second=10_000, containers=1_000),
        "jobs=256,tasks=32",
        TEN,
    ),
    Run(
        "388 starts per second for a whole day, the limit of its ids, default shards",
        Rate(388, DAY, containers=40),
        "",
        ORDINARY + TEN,
    ),
)


@dataclass
class Simulation:
    """All runs, with the starts of each rate played once.

    Attributes:
        too_hot: What a partition does not bear.
    """

    report: Report
    runs: Sequence[Run] = RUNS

    def __post_init__(self) -> None:
        self.too_hot: list[str] = []
        self._starts: dict[Rate, Starts] = {}

    def print(self) -> None:
        """The report."""
        self.report.line(f"default on DynamoDB: {text(SHARDS_ON_DYNAMODB)}")
        for run in self.runs:
            self._print(run)

    def _print(self, run: Run) -> None:
        starts = self._played(run).folded(run.period)
        title = f"{run.title}: {text(run.shards)}"
        self.report.line(f"\n{title}\n{'-' * len(title)}")
        self.report.line(f"{run.rate.containers:,} containers, {starts.made:,} starts")
        if run.rate.seconds >= DAY:
            self.report.line(
                f"{starts.made + starts.lost:,} of {keys.MAX_BLOCKS:,} id blocks of the date,"
                f" {starts.lost:,} of them lost with the rest of leases"
            )
        if starts.refused_at is not None:
            self.too_hot.append(f"{run.title}: no ids left after {starts.refused_at:,} seconds")
            self.report.line(f"NO IDS LEFT after {starts.refused_at:,} seconds")
        self.report.line()
        head = ["process instances", "hottest key", "WU/s", "RU/s", "all keys WU/s", ""]
        self.report.table(head, list(self._rows(run, starts)))

    def _played(self, run: Run) -> Starts:
        """The starts of a rate; the longest period of all runs with it serves the others too."""
        if run.rate not in self._starts:
            period = max(other.period for other in self.runs if other.rate == run.rate)
            self._starts[run.rate] = Fleet(run.rate).starts(period)
        return self._starts[run.rate]

    def _rows(self, run: Run, starts: Starts) -> Iterator[list[str]]:
        for name in run.lives:
            traces = trace(name, run.shards)
            shown = name
            for heat in heats(traces, starts):
                together = (heat.together or 0) * run.rate.per_second
                verdict = "quota" if together > QUOTA else ""
                if not heat.is_fine:
                    verdict = "TOO HOT"
                    self.too_hot.append(f"{run.title}: {name}: {heat.kind}")
                units = f"{heat.writes:,.0f}", f"{heat.reads:,.0f}", f"{together:,.0f}" if together else ""
                yield [shown, _named(heat), *units, verdict]
                shown = ""


def with_simulation(page: str, report: str) -> str:
    """A page with the report between its two markers, which stay.

    Raises:
        ValueError: The page does not have each marker once, in this order.
    """
    return put_between(page, BEGIN, END, f"```text\n{report.strip()}\n```")


def _named(heat: Heat) -> str:
    return heat.kind if heat.keys == 1 else f"{heat.kind}, {heat.keys} keys"


def text(shards: Shards) -> str:
    """As one would write them into the setting."""
    return f"jobs={shards.jobs},tasks={shards.tasks},lists={shards.lists},signals={shards.signals}"

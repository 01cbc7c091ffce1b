"""How hot each key gets: what lives touch, laid over the starts of every second."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add

from tests.bench.meter import TABLE
from tests.simulate.lives import Place, Traces
from tests.simulate.starts import Starts

MOST_WRITES = 1000
MOST_READS = 3000
"""Units per second of one partition; an index has partitions of its own. A partition key whose sort key only
rises is not spread over more of them. Source: Amazon DynamoDB developer guide, "Best practices for designing
and using partition keys effectively"."""

COUNTER = "counter of id blocks"
CATALOG = "list of dates"


@dataclass(frozen=True)
class Heat:
    """The hottest key of one kind.

    Attributes:
        kind: The table's own keys of a life, an index, or what all share.
        key: Which key it is.
        reads: Most read units in one second.
        writes: Most write units in one second.
        keys: How many keys of the kind there are.
    """

    kind: str
    key: str
    reads: float
    writes: float
    keys: int = 1

    @property
    def is_fine(self) -> bool:
        """Whether one partition bears it."""
        return self.writes <= MOST_WRITES and self.reads <= MOST_READS


def heats(traces: Traces, starts: Starts) -> list[Heat]:
    """The hottest key of each kind while process instances start at some rate and live on.

    Args:
        traces: What one of them touches.
        starts: When they start, by the period of the traces.
    """
    assert starts.period == traces.period
    found: dict[str, list[Heat]] = {}
    for place in sorted({place for _, _, place, _ in traces.steps}):
        reads = max(_series(traces, starts, place, 0))
        writes = max(_series(traces, starts, place, 1))
        found.setdefault(_kind(place), []).append(Heat(_kind(place), place[1], reads, writes))
    return [
        Heat("table: one process instance", "its own", *traces.alone),
        Heat(f"table: {COUNTER}", COUNTER, *starts.counters),
        Heat(f"table: {CATALOG}", CATALOG, *starts.catalog),
        *(_hottest(every) for every in found.values()),
    ]


def _kind(place: Place) -> str:
    where, key = place
    return f"table: {key}" if where == TABLE else f"index {where}"


def _hottest(every: Sequence[Heat]) -> Heat:
    hottest = max(every, key=lambda heat: (heat.writes / MOST_WRITES, heat.reads / MOST_READS))
    reads = max(heat.reads for heat in every)
    return Heat(hottest.kind, hottest.key, reads, hottest.writes, len(every))


def _series(traces: Traces, starts: Starts, place: Place, of: int) -> list[float]:
    """Units of a place, second by second, until the last life has ended."""
    seconds = len(starts.by_second[0])
    sums = [0.0] * (seconds + 1 + max(after for after, *_ in traces.steps))
    for after, remainder, touched, units in traces.steps:
        if touched == place and units[of]:
            row = starts.by_second[remainder]
            scaled = row if units[of] == 1 else [units[of] * count for count in row]
            sums[after : after + seconds] = map(add, sums[after : after + seconds], scaled)
    return sums

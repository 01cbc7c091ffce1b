"""How hot each key gets: what lives touch, laid over the starts of every second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import add

from chalicelib.storage.meter import TABLE
from tests.simulate.lives import Place, Traces, Units
from tests.simulate.starts import Starts

MOST_WRITES = 1000
MOST_READS = 3000
"""Units per second of one partition; an index has partitions of its own. A partition key whose sort key only
rises is not spread over more of them. Source: Amazon DynamoDB developer guide, "Best practices for designing
and using partition keys effectively"."""

INDEX = "index "
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
        together: Write units that one life takes from all of the table, or all of the index; None where
            another row says it.
    """

    kind: str
    key: str
    reads: float
    writes: float
    keys: int = 1
    together: float | None = None

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
    for place, touches in sorted(_by_place(traces).items()):
        reads, writes = (_most(touches, starts, of) for of in (0, 1))
        found.setdefault(_kind(place), []).append(Heat(_kind(place), place[1], reads, writes))
    return [
        Heat("table: one process instance", "its own", *traces.alone, together=traces.table),
        Heat(f"table: {COUNTER}", COUNTER, *starts.counters),
        Heat(f"table: {CATALOG}", CATALOG, *starts.catalog),
        *(
            replace(_hottest(every), together=traces.indexes.get(kind.removeprefix(INDEX)))
            for kind, every in found.items()
        ),
    ]


def _kind(place: Place) -> str:
    where, key = place
    return f"table: {key}" if where == TABLE else f"{INDEX}{where}"


def _hottest(every: Sequence[Heat]) -> Heat:
    hottest = max(every, key=lambda heat: (heat.writes / MOST_WRITES, heat.reads / MOST_READS))
    reads = max(heat.reads for heat in every)
    return replace(hottest, reads=reads, keys=len(every))


Touches = list[tuple[int, int, Units]]
"""Seconds after the start, remainder of the id block, units."""


def _by_place(traces: Traces) -> dict[Place, Touches]:
    found: dict[Place, Touches] = {}
    for after, remainder, place, units in traces.steps:
        found.setdefault(place, []).append((after, remainder, units))
    return found


def _most(touches: Touches, starts: Starts, of: int) -> float:
    """Most units of one second, reads or writes, from the first start until the last life has ended."""
    seconds = len(starts.by_second[0])
    sums = [0.0] * (seconds + max(after for after, *_ in touches))
    for after, remainder, units in touches:
        if units[of]:
            row = starts.by_second[remainder]
            scaled = row if units[of] == 1 else [units[of] * count for count in row]
            sums[after : after + seconds] = map(add, sums[after : after + seconds], scaled)
    return max(sums)

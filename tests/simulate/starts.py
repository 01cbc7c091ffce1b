"""Which id blocks process instances get, second by second, from many Lambda containers.

Each container has `IdBlocks` of its own, the real ones, over the same counters.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib.engine.errors import ExecutionError
from chalicelib.storage import keys
from chalicelib.storage.blocks import IdBlocks
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import Meter, Touched

NEW_CONTAINERS = 100
"""That Lambda adds per second at most. Source: AWS Lambda developer guide, "Lambda scaling behavior": a
function gets up to 1,000 execution environments every 10 seconds."""

LIFETIME = 2 * 3600
"""Seconds after which a container is replaced, with the rest of its lease. Source: the same guide, "Lambda
execution environment": execution environments are terminated every few hours."""

SEED = 5


@dataclass(frozen=True)
class Rate:
    """How many starts there are.

    Attributes:
        per_second: Starts.
        seconds: For how long.
        containers: That are at work at the same time; they come one after the other, as Lambda adds them.
        midnight: After how many seconds the next date begins; None: it does not.
    """

    per_second: int
    seconds: int
    containers: int
    midnight: int | None = None


@dataclass(frozen=True)
class Starts:
    """What was given out.

    Attributes:
        by_second: For each remainder of id blocks modulo the period, how many were used, second by second.
        counters: Most units of one second of the counter of id blocks: reads, writes.
        catalog: The same of the list of dates.
        made: How many instances were started.
        lost: Id blocks of the first date that were leased and not used, before it was over.
        refused_at: The second of the first start for which the date had no id left, if any.
    """

    period: int
    by_second: Sequence[list[int]]
    counters: tuple[float, float]
    catalog: tuple[float, float]
    made: int
    lost: int
    refused_at: int | None

    def folded(self, period: int) -> "Starts":
        """The same by a shorter period, of which this one is a multiple."""
        assert self.period % period == 0, f"{self.period} is no multiple of {period}"
        rows = [[sum(each) for each in zip(*self.by_second[n::period], strict=True)] for n in range(period)]
        return replace(self, period=period, by_second=rows)


DATES = ("2030-01-01", "2030-01-02")


class Fleet:
    """Containers over one table."""

    def __init__(self, rate: Rate, seed: int = SEED) -> None:
        """Nothing has been started; both dates are listed, as upkeep does days ahead."""
        self._meter = Meter(MemoryItems(), touch=self._touch)
        self._rate = rate
        self._random = random.Random(seed)
        self._containers: list[tuple[IdBlocks, int]] = []
        self._leases: list[Callable[[str], int]] = []
        self._now: dict[str, list[float]] = {}
        self.most: dict[str, tuple[float, float]] = {}
        first = IdBlocks(self._meter)
        for date in DATES:
            first.create(date)

    def use_up(self, count: int) -> None:
        """Leave less of the first date."""
        self._meter.items.add(keys.blocks(DATES[0]), count)

    def starts(self, period: int) -> Starts:
        """Let it run."""
        rate = self._rate
        rows: list[list[int]] = []
        refused_at: int | None = None
        for second in range(rate.seconds):
            self._now.clear()
            self._renew(second)
            used = [0] * period
            rows.append(used)
            is_next = rate.midnight is not None and second >= rate.midnight
            date = DATES[is_next]
            try:
                for lease in self._random.choices(self._leases, k=rate.per_second):
                    used[lease(date) % period] += 1
            except ExecutionError:
                refused_at = second if refused_at is None else refused_at
            self._note_most()
        made = sum(map(sum, rows))
        return Starts(
            period,
            [list(row) for row in zip(*rows, strict=True)],
            max((self.most.get(keys.blocks(date).partition, (0, 0)) for date in DATES), key=lambda u: u[1]),
            self.most.get(keys.PARTITIONS.partition, (0, 0)),
            made,
            self._lost(made) if rate.midnight is None else 0,
            refused_at,
        )

    def _renew(self, second: int) -> None:
        """Containers come, as many as are needed and as fast as they can; the old ones go."""
        left = [pair for pair in self._containers if pair[1] > second]
        missing = min(self._rate.containers - len(left), NEW_CONTAINERS)
        # The first ones have lived for a while, each another time: they do not all go at once.
        ages = [LIFETIME if second else self._random.randrange(1, LIFETIME) for _ in range(missing)]
        left += [(IdBlocks(self._meter), second + age) for age in ages]
        self._containers = left
        self._leases = [container.lease for container, _ in left]

    def _lost(self, made: int) -> int:
        return self._meter.items.add(keys.blocks(DATES[0]), 0) - made

    def _touch(self, touched: Touched) -> None:
        units = self._now.setdefault(touched.key, [0, 0])
        units[0] += touched.read_units
        units[1] += touched.write_units

    def _note_most(self) -> None:
        for key, (reads, writes) in self._now.items():
            most = self.most.get(key, (0, 0))
            self.most[key] = max(most[0], reads), max(most[1], writes)

"""Lives of process instances, carried out by the real engine, to learn how much each takes from which key.

Many instances live side by side, step by step, as under load: first all are started, then one job after the
other is locked, and so on. What a lock costs is that of the instance whose job it found.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chalicelib.contract import commands as c
from chalicelib.engine.instance import IDS_PER_BLOCK
from chalicelib.service import fed
from chalicelib.settings import Settings
from chalicelib.storage import keys
from chalicelib.storage.keys import Shards
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import TABLE, Meter, Touched
from chalicelib.storage.ports import Key
from tests.feeding import Handlers
from tests.models import event, sequence
from tests.play import Engine

WORKER = "worker-1"
WARM_UP = 80
"""Instances before those that are watched, so that ids are leased in large numbers."""

Place = tuple[str, str]
"""`TABLE` or the name of an index, and a partition key or hash value of it."""

Units = tuple[float, float]
"""Read units and write units."""

Rename = Callable[[Touched], Place]
"""Under which key something is counted."""


def as_it_is(touched: Touched) -> Place:
    """Under its own key."""
    return touched.place, touched.key


@dataclass
class Crowd:
    """Process instances that live at the same time, on an engine whose every key is watched.

    Attributes:
        blocks: The id blocks of those that are watched, in the order of their starts.
        touched: For each step, by id block: which place was charged with what.
        at: How many seconds after the start each step happens.
    """

    engine: Engine
    rename: Rename
    blocks: list[int] = field(default_factory=list)
    touched: list[dict[int, dict[Place, Units]]] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    jobs: dict[int, dict[str, Any]] = field(default_factory=dict)
    second: int = -1
    _now: list[Touched] = field(default_factory=list)

    def step(self, act: Callable[[int], int], count: int) -> list[int]:
        """One command for each instance, a second after the step before; answers whom each was about.

        Args:
            act: Carries out a command and answers the id block of the process instance that it was about.
            count: How often.
        """
        self.second += 1
        self.engine.clock.advance("PT1S")
        rows: dict[int, dict[Place, Units]] = {}
        met = []
        for number in range(count):
            self._now.clear()
            block = act(number)
            rows[block] = self._sums(self._now)
            met.append(block)
        self.touched.append(rows)
        self.at.append(self.second)
        return met

    def note(self, touched: Touched) -> None:
        """A key was charged."""
        self._now.append(touched)

    def _sums(self, every: Sequence[Touched]) -> dict[Place, Units]:
        sums: dict[Place, Units] = {}
        for touched in every:
            place = self.rename(touched)
            reads, writes = sums.get(place, (0, 0))
            sums[place] = (reads + touched.read_units, writes + touched.write_units)
        return sums

    # What a life is made of

    def start(self, **fields: Any) -> None:
        """Start an instance for each."""

        def act(number: int) -> int:
            fields_now = {name: value(number) if callable(value) else value for name, value in fields.items()}
            answer = self.engine.send(
                c.CreateProcessInstance(bpmnProcessId="p", version="1", workerId=WORKER, **fields_now)
            )
            return _block(answer["id"])

        self.blocks = self.step(act, len(self.blocks))

    def lock(self, **fields: Any) -> None:
        """Lock as many jobs as there are instances, one by one."""

        def act(number: int) -> int:
            (job,) = self.engine.send(c.LockJobs(processIds=[1], limit=1, workerId=WORKER, **fields))["jobs"]
            self.jobs[_block(job["processInstanceId"])] = job
            return _block(job["processInstanceId"])

        assert set(self.step(act, len(self.blocks))) == set(self.blocks), "each had a job"

    def complete(self, completion: Callable[[int], dict[str, Any]] | None = None) -> None:
        """Complete the locked job of each instance."""

        def act(number: int) -> int:
            block = self.blocks[number]
            job = self.jobs.pop(block)
            more = {"completion": completion(block)} if completion else {}
            self.engine.send(c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER, **more))
            return block

        self.step(act, len(self.blocks))

    def send(self, name: str, key: Callable[[int], str]) -> None:
        """Send each instance the message that it waits for."""

        def act(number: int) -> int:
            block = self.blocks[number]
            message = c.SendMessage(name=name, correlationKey=key(block), workerId=WORKER)
            assert self.engine.send(message)["correlated"]
            return block

        self.step(act, len(self.blocks))

    def fire(self) -> None:
        """Let an hour pass, which does not count, and the timers of all instances fire in one sweep."""
        self.engine.clock.advance("PT1H")
        self.second += 1
        self._now.clear()
        assert self.engine.send(c.ExecuteTasks(limit=len(self.blocks)))["completed"] == len(self.blocks)
        about: dict[int, list[Touched]] = {block: [] for block in self.blocks}
        block = self.blocks[0]
        for touched in self._now:
            # The item of an instance is written first, its place in the indexes follows.
            if touched.place == TABLE:
                block = keys.block_of(Key(touched.key, keys.STATE))[1]
            about[block].append(touched)
        self.touched.append({block: self._sums(every) for block, every in about.items()})
        self.at.append(self.second)

    def follow(self, handlers: Handlers) -> None:
        """The handler of the engine does a job of each instance, as a hint says."""

        def act(number: int) -> int:
            hint = handlers.hints.waiting.pop(0)
            fed.work_on(self.engine.env, hint, handlers.perform)
            return hint.ref.block

        self.step(act, len(self.blocks))

    def work_off(self, jobs: int, **fields: Any) -> None:
        """Lock and complete so many jobs of each, one by one."""
        for _ in range(jobs):
            self.lock(**fields)
            self.complete()


@dataclass(frozen=True)
class Life:
    """How process instances of some model live.

    Attributes:
        xml: The model, a process with the id `p`.
        live: From start to end.
    """

    xml: str
    live: Callable[[Crowd], None]


def _message(crowd: Crowd) -> None:
    crowd.start()
    crowd.lock()
    crowd.complete(lambda block: {"messageCorrelationKey": f"order-{block}"})
    crowd.send("payment received", lambda block: f"order-{block}")
    crowd.work_off(1)


def _timer(crowd: Crowd) -> None:
    crowd.start()
    crowd.fire()
    crowd.work_off(1)


def _with_jobs(jobs: int, lock: Mapping[str, Any], **start: Any) -> Callable[[Crowd], None]:
    def live(crowd: Crowd) -> None:
        crowd.start(**start)
        crowd.work_off(jobs, **lock)

    return live


def _fed(jobs: int) -> Callable[[Crowd], None]:
    def live(crowd: Crowd) -> None:
        handlers = Handlers(crowd.engine, *(("p", f"t{number}") for number in range(jobs)))
        crowd.start()
        for _ in range(jobs):
            crowd.follow(handlers)

    return live


_HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
_PAYMENT = ('<messageEventDefinition messageRef="m"/>', '<message id="m" name="payment received"/>')

LIVES: Mapping[str, Life] = {
    "one task": Life(sequence("p", 1), _with_jobs(1, {})),
    "one task, a correlation key": Life(
        sequence("p", 1), _with_jobs(1, {}, correlationKey=lambda number: f"order-{number}")
    ),
    "one task, locks that expire": Life(sequence("p", 1), _with_jobs(1, {"lockTimeout": "PT5M"})),
    "a timer, a task": Life(event("p", _HOUR), _timer),
    "a message, a task": Life(event("p", *_PAYMENT), _message),
    "one task, fed": Life(sequence("p", 1), _fed(1)),
    "ten tasks": Life(sequence("p", 10), _with_jobs(10, {})),
    "ten tasks, fed": Life(sequence("p", 10), _fed(10)),
}
"""Process instances from start to end, as workers and senders over HTTP let them live, or job handlers."""


@dataclass(frozen=True)
class Traces:
    """What lives touch.

    Attributes:
        period: Id blocks that differ by it touch the same shards.
        steps: Seconds after the start, id block modulo the period, place, units; for places that lives share.
        alone: Most read units and write units that one command takes from a place of its own life, such as
            the item of the process instance.
        table: Write units that one life takes from the table.
        indexes: Write units that it takes from each index, by name.
    """

    period: int
    steps: list[tuple[int, int, Place, Units]]
    alone: Units
    table: float
    indexes: Mapping[str, float]


@cache
def trace(name: str, shards: Shards, rename: Rename = as_it_is) -> Traces:
    """Let as many process instances live as there are shards of the most."""
    period = max(shards.jobs, shards.tasks, shards.lists)
    meter = Meter(MemoryItems())
    engine = Engine(meter, Settings(), shards=shards)
    life = LIVES[name]
    engine.deploy_xml(life.xml, "p")
    life.live(Crowd(engine, as_it_is, blocks=[0] * WARM_UP))
    crowd = Crowd(engine, rename, blocks=[0] * period)
    meter.touch = crowd.note
    life.live(crowd)
    return _traces(crowd, period)


def _traces(crowd: Crowd, period: int) -> Traces:
    rows = [
        (second, block, place, units)
        for second, step in zip(crowd.at, crowd.touched, strict=True)
        for block, row in step.items()
        for place, units in row.items()
    ]
    shared = _shared({(block, place) for _, block, place, _ in rows})
    counter = TABLE, keys.blocks(crowd.engine.env.moment(WORKER).partition).partition
    steps = [
        (second, block % period, place, units)
        for second, block, place, units in rows
        if place in shared and place != counter  # leases are replayed by themselves
    ]
    own = [units for _, _, place, units in rows if place not in shared]
    writes: Counter[str] = Counter()
    for _, _, (where, _), (_, units) in rows:
        writes[where] += units / period
    table = writes.pop(TABLE)
    return Traces(period, steps, _most(own), table, dict(writes))


def _shared(touched: set[tuple[int, Place]]) -> set[Place]:
    """Places of more than one life: hash values of indexes, and what several have touched in the table."""
    lives = Counter(place for _, place in touched)
    return {place for place, count in lives.items() if place[0] != TABLE or count > 1}


def _most(units: Sequence[Units]) -> Units:
    return max((reads for reads, _ in units), default=0), max((writes for _, writes in units), default=0)


def _block(id: int) -> int:
    return (id - 1) // IDS_PER_BLOCK

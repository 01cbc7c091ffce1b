"""Sections b and c: processor time of commands on the memory store, codec included.

Counts the processor time of the thread, not the time on the wall. Even so, other work on the machine makes
a processor half as fast for seconds on end; so whatever is compared takes turns, a few milliseconds each,
and ratios are taken of neighbours. Commands are validated outside of the measured time and timed by
themselves: over HTTP that is part of reading the request.
"""

import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib import wiring
from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.service.environment import Environment
from chalicelib.service.execute import execute
from chalicelib.settings import Settings
from tests.bench.report import Report, percentile
from tests.models import parallel, sequence

P50_TARGET = 0.20
"""Milliseconds per command of a ten-task instance."""

LENGTH_TARGET = 1.3
"""CPU per task of 1,000 tasks in sequence, relative to 10."""

GROWTH_TARGET = 1.1
"""CPU with many other instances, relative to none: no growth, and a tenth for the processor's caches."""

WORKER = "worker-1"
NANOSECONDS = 1_000_000
"""Per millisecond."""

TURN = 10
"""Tasks in a short sequence, and between two rests of a long one."""

LONG = 1000
LONG_RUNS = 3


@dataclass
class Stopwatch:
    """Processor time per command.

    Attributes:
        validated: Milliseconds to make each command of its JSON, by kind.
        executed: Milliseconds to carry it out, by kind.
    """

    validated: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    executed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def run(self, env: Environment, kind: str, command: type[Command], fields: dict[str, Any]) -> Any:
        """Validate and carry out a command."""
        began = time.thread_time_ns()
        made = command.model_validate(fields)
        validated = time.thread_time_ns()
        answer = execute(made, env)
        ended = time.thread_time_ns()
        self.validated[kind].append((validated - began) / NANOSECONDS)
        self.executed[kind].append((ended - validated) / NANOSECONDS)
        return answer

    def total(self) -> float:
        """Milliseconds of all commands."""
        return sum(sum(times) for times in self.executed.values())

    def all(self) -> list[float]:
        """Milliseconds of each command, whatever its kind."""
        return [one for times in self.executed.values() for one in times]


@dataclass
class Bench:
    """An engine on the memory store, with the processes that are measured."""

    env: Environment = field(default_factory=lambda: wiring.build(Settings(store="memory")))
    ids: dict[str, int] = field(default_factory=dict)

    def deploy(self, name: str, xml: str) -> None:
        """Deploy a model."""
        command = c.CreateProcess(bpmnProcessId=name, bpmnXml=xml, version="1", workerId=WORKER)
        self.ids[name] = execute(command, self.env)["id"]

    def start(self, watch: Stopwatch, name: str) -> None:
        """Start an instance."""
        fields = {"bpmnProcessId": name, "version": "1", "workerId": WORKER}
        watch.run(self.env, "start", c.CreateProcessInstance, fields)

    def lock(self, watch: Stopwatch, name: str, limit: int = 1) -> list[dict[str, Any]]:
        """Lock jobs of a process."""
        fields = {"processIds": [self.ids[name]], "limit": limit, "workerId": WORKER}
        return watch.run(self.env, "lock", c.LockJobs, fields)["jobs"]

    def complete(
        self, watch: Stopwatch, job: dict[str, Any], kind: str = "complete, next job created"
    ) -> None:
        """Complete a job."""
        fields = {"partition": job["partition"], "id": job["id"], "workerId": WORKER}
        watch.run(self.env, kind, c.CompleteJob, fields)

    def sequence(self, watch: Stopwatch, name: str, length: int) -> None:
        """One instance from start to end."""
        for _ in self.steps(watch, name, length):
            pass

    def steps(self, watch: Stopwatch, name: str, length: int) -> Iterator[None]:
        """One instance from start to end, with a rest after each ten tasks."""
        self.start(watch, name)
        for left in reversed(range(length)):
            (job,) = self.lock(watch, name)
            self.complete(watch, job, "complete, next job created" if left else "complete, instance ends")
            if left % TURN == 0:
                yield


def print_cpu(report: Report, others: int, *, rounds: int) -> None:
    """Sections b and c of the report.

    Args:
        report: Where to write.
        others: How many other instances section c stores.
        rounds: Ten-task instances that are measured.
    """
    bench = _bench()
    _warm_up(bench)
    watches = [Stopwatch() for _ in range(rounds)]
    for watch in watches:
        bench.sequence(watch, "ten", TURN)
    report.section("(b) Processor time per command, memory store, codec included")
    _print_commands(report, watches)
    _print_lengths(report)
    report.section(f"(c) The same with {others:,} other instances stored")
    _print_crowd(report, others, rounds)


def _bench() -> Bench:
    bench = Bench()
    bench.deploy("ten", sequence("ten", TURN))
    bench.deploy("long", sequence("long", LONG))
    bench.deploy("wide", parallel("wide", LONG))
    bench.deploy("other", sequence("other", 1))
    return bench


def _warm_up(bench: Bench) -> None:
    for _ in range(30):
        bench.sequence(Stopwatch(), "ten", TURN)
    gc.collect()


# Section b


def _print_commands(report: Report, watches: Sequence[Stopwatch]) -> None:
    merged = _merged(watches)
    report.line(f"Ten-task instances ({len(watches)} of them), milliseconds:\n")
    rows = [_row(kind, times, merged.validated[kind]) for kind, times in merged.executed.items()]
    rows.append(_row("all", merged.all(), [one for times in merged.validated.values() for one in times]))
    report.table(["command", "times", "p50", "p95", "max", "validation p50", "p95"], rows)
    report.line()
    p50 = statistics.median(merged.all())
    report.at_most("CPU per command of a ten-task instance, p50", p50, P50_TARGET, "ms", digits=3)


def _row(kind: str, times: list[float], validated: list[float]) -> list[str]:
    figures = (percentile(times, 50), percentile(times, 95), max(times))
    more = (percentile(validated, 50), percentile(validated, 95))
    return [kind, str(len(times)), *(f"{figure:.3f}" for figure in (*figures, *more))]


def _merged(watches: Sequence[Stopwatch]) -> Stopwatch:
    merged = Stopwatch()
    for watch in watches:
        for kind, times in watch.executed.items():
            merged.executed[kind] += times
        for kind, times in watch.validated.items():
            merged.validated[kind] += times
    return merged


def _print_lengths(report: Report) -> None:
    """Lock and complete only: the start of a long sequence would be spread over more tasks."""
    bench = _bench()
    _warm_up(bench)
    short, long = Stopwatch(), Stopwatch()
    for _ in range(LONG_RUNS):
        for _ in bench.steps(long, "long", LONG):
            bench.sequence(short, "ten", TURN)
    ten, thousand = (_work(watch) / (LONG_RUNS * LONG) for watch in (short, long))
    report.plain("CPU per task (lock and complete), 10 in sequence", ten, "ms", digits=3)
    report.plain("CPU per task, 1,000 in sequence", thousand, "ms", digits=3)
    report.at_most("1,000 in sequence relative to 10", thousand / ten, LENGTH_TARGET, "times")
    report.plain("CPU per task, 1,000 open in parallel", _in_parallel(bench), "ms", digits=3)


def _work(watch: Stopwatch) -> float:
    return watch.total() - sum(watch.executed["start"])


def _in_parallel(bench: Bench) -> float:
    """All jobs are locked by one command; then each is completed by its own."""
    watch = Stopwatch()
    bench.start(watch, "wide")
    jobs = bench.lock(watch, "wide", limit=LONG)
    assert len(jobs) == LONG
    for job in jobs:
        bench.complete(watch, job)
    return _work(watch) / LONG


# Section c


def _print_crowd(report: Report, others: int, rounds: int) -> None:
    alone, crowded = _bench(), _bench()
    seconds = _fill(crowded, others)
    report.plain(f"Seconds to start {others:,} instances through the service", seconds, "s", 1)
    for bench in (alone, crowded):
        _warm_up(bench)
    pairs = [_pair(alone, crowded, is_swapped=number % 2 == 1) for number in range(rounds)]
    before, after = (_merged([pair[side] for pair in pairs]) for side in (0, 1))
    for kind in before.executed:
        old, new = (statistics.median(watch.executed[kind]) for watch in (before, after))
        report.line(f"  {kind + ', p50':<58} {new:>10.3f} ms    {old:.3f} alone")
    growth = statistics.median(new.total() / old.total() for old, new in pairs)
    report.at_most("CPU of a ten-task instance, relative to no others", growth, GROWTH_TARGET, "times")
    _print_full_index(report, crowded, rounds)
    gc.unfreeze()


def _fill(bench: Bench, others: int) -> float:
    """Store other instances, each with a job that is due; answers the seconds that it took."""
    began = time.monotonic()
    watch = Stopwatch()
    for _ in range(others):
        bench.start(watch, "other")
    seconds = time.monotonic() - began
    # What is stored is not this process's garbage: in the other stores it lies in a file or in a table.
    gc.collect()
    gc.freeze()
    return seconds


def _pair(alone: Bench, crowded: Bench, *, is_swapped: bool) -> tuple[Stopwatch, Stopwatch]:
    """The same on both, in either order."""
    watches = (Stopwatch(), Stopwatch())
    runs = list(zip((alone, crowded), watches, strict=True))
    for bench, watch in reversed(runs) if is_swapped else runs:
        bench.sequence(watch, "ten", TURN)
    return watches


def _print_full_index(report: Report, bench: Bench, rounds: int) -> None:
    """Also locked: jobs of the very process of which all those instances are waiting."""
    watch = Stopwatch()
    for _ in range(rounds):
        (job,) = bench.lock(watch, "other")
        bench.complete(watch, job)
    times = watch.executed["lock"]
    report.plain("lock one job where all the others are due (*), p50", percentile(times, 50), "ms", 3)
    report.line("  * reads a hundred entries of the index of due jobs, however many more there are")

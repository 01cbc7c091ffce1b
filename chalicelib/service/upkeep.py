"""Upkeep: what the engine does for itself, day by day, by tasks of no process.

`ROWS` is the table: what there is, when it is due, what it does. Each run makes the next one in the same
transaction, so that a chain neither breaks nor doubles. Nothing here is followed up inside of a command: what
is due again at once waits for the next look of the executor, so that no answer waits for upkeep.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..bpmn.instants import format_instant, parse_instant
from ..engine.records import ENGINE, Instant, Task
from ..engine.states import TaskType
from . import drop
from .environment import Environment
from .outside import Outside, Run, owe
from .planned import plan
from .retry import until_through

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
AHEAD = 2
"""Days that a partition is created ahead. Source: engine-semantics 5."""

DETACHED = 50
"""Dates that are marked in one transaction, each with its task."""

PURGED = 500
"""Messages, or places that hold them, that one task looks at."""

EXPIRED = 1000
"""Expired items that one task removes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of upkeep.

    Attributes:
        type: Of its tasks.
        minute: When it is due, in minutes after each midnight UTC; None: when another row says so.
        run: What it does.
    """

    type: TaskType
    minute: int | None
    run: Run


def begin(env: Environment) -> None:
    """Make the first task of each row that comes by itself; two that begin at once make one set.

    To be called by whoever runs due tasks, when it starts: one read, once there is a set.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline.
    """

    def attempt() -> None:
        upkeep = env.store.upkeep()
        rows = [row for row in ROWS if row.minute is not None and row.type not in upkeep.begun]
        if not rows:
            return
        moment = env.moment(env.engine_id)
        upkeep.begun += [row.type for row in rows]
        works = [plan(env, ENGINE, moment) for _ in rows]
        for row, work in zip(rows, works, strict=True):
            due_at = _next_due(row, moment.now)
            owe(work, row.type, moment, due_at, _document(row.type, due_at))
        env.store.commit(upkeep, *works)

    until_through(env, "Upkeep", attempt)


def _create_partition(outside: Outside, task: Task) -> None:
    """List a date two days ahead, so that its first process instances need not; every missed date in turn."""
    date = json.loads(task.serialized or "{}")["Partition"]
    if date >= outside.moment.partition:
        outside.env.store.create_partition(date)
    due_at = Instant(parse_instant(f"{date}T00:00:00Z") - (AHEAD - 1) * DAY)
    outside.owe(task.type, due_at, _document(task.type, due_at))


def _detach_partitions(outside: Outside, task: Task) -> None:
    """Mark the dates whose retention is over; each has a task that drops it."""
    env, now = outside.env, outside.moment.now
    upkeep = env.store.upkeep()
    over = [date for date in env.store.partitions() if drop.is_over(env, date, now)]
    dates = [date for date in over if date not in upkeep.detached]
    for date in dates[:DETACHED]:
        outside.owe(TaskType.DROP_PARTITION, now, {"Partition": date})
    if dates:
        upkeep.detached += dates[:DETACHED]
        outside.changes.append(upkeep)
    _again(outside, task, {} if dates[DETACHED:] else None)


def _purge_messages(outside: Outside, task: Task) -> None:
    """Remove the messages whose time has been over for as long as things are kept."""
    env, now = outside.env, outside.moment.now
    if env.retention is None:
        _again(outside, task, None)
        return
    first = json.loads(task.serialized or "{}").get("from", 0)
    rest = env.store.purge_messages(lambda expired: drop.is_past(env, expired, now), first, PURGED)
    _again(outside, task, None if rest is None else {"from": rest})


def _purge_signals(outside: Outside, task: Task) -> None:
    """Nothing is stored of signals; what has expired otherwise and is not kept goes here: answers."""
    removed = outside.env.store.purge_expired(outside.env.wall_clock(), EXPIRED)
    _again(outside, task, {} if removed == EXPIRED else None)


def _again(outside: Outside, task: Task, rest: dict[str, Any] | None) -> None:
    """The next task of a row: at once with what the last one has left over, or at the next due time."""
    now = outside.moment.now
    if rest is None:
        outside.owe(task.type, _next_due(BY_TYPE[task.type], now))
    else:
        outside.owe(task.type, now, rest or None)


def _next_due(row: Row, now: Instant) -> Instant:
    """The next time of day of a row; what was missed is made up for by one run."""
    assert row.minute is not None
    offset = row.minute * MINUTE
    return Instant((now - offset) // DAY * DAY + DAY + offset)


def _document(type: TaskType, due_at: Instant) -> dict[str, Any] | None:
    if type is not TaskType.CREATE_PARTITION:
        return None
    return {"Partition": format_instant(Instant(due_at + AHEAD * DAY))[:10]}


ROWS = (
    Row(TaskType.CREATE_PARTITION, 0, _create_partition),
    Row(TaskType.DETACH_PARTITION, 5, _detach_partitions),
    Row(TaskType.DROP_PARTITION, None, drop.drop_partition),
    Row(TaskType.PURGE_MESSAGES, 10, _purge_messages),
    Row(TaskType.PURGE_SIGNALS, 15, _purge_signals),
)

BY_TYPE: Mapping[TaskType, Row] = {row.type: row for row in ROWS}

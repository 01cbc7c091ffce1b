"""A date whose retention is over: archived, then removed, step by step.

    check ──► a process instance lives: again tomorrow
      │
      ▼
    archive some ──► the next task: remove these, archive more ──► ... ──► the date leaves the list

Every step may be repeated. What a task is to remove, an earlier one has archived: it names each process
instance with the revision that the archive has, and one that was written since is archived once more.
"""

import gzip
import hashlib
import json
from itertools import islice
from typing import Any

import orjson

from ..bpmn.instants import parse_instant
from ..bpmn.timing import add, parse_duration
from ..contract import wire
from ..engine.records import ElementInstance, Incident, Instant, Job, Task, UserTask, Variable
from ..engine.states import TaskType
from .environment import Environment, Overtaken, Ref, Work
from .outside import Outside

DAY = 24 * 60 * 60 * 1000

CHECKED = 1000
"""Id blocks that one task looks at, to find a process instance that lives."""

DROPPED = 50
"""Process instances that one task archives, and the next one removes."""

ENOUGH = 8 * 1024 * 1024
"""Bytes after which an archive file takes no further process instance."""


def is_past(env: Environment, end: Instant, now: Instant) -> bool:
    """Whether something that ended then has been kept for as long as the setting says; without it never."""
    if env.retention is None:
        return False
    try:
        return add(end, parse_duration(env.retention)) <= now
    except ValueError:
        return False


def is_over(env: Environment, date: str, now: Instant) -> bool:
    """Whether the retention of a date is over; it counts from the end of the date."""
    return is_past(env, Instant(parse_instant(f"{date}T00:00:00Z") + DAY), now)


def drop_partition(outside: Outside, task: Task) -> str | None:
    """Do the next step in the dropping of a date; a date on which something lives is looked at tomorrow."""
    env, now = outside.env, outside.moment.now
    progress = json.loads(task.serialized or "{}")
    date = progress["Partition"]
    if not is_over(env, date, now):
        _leave(outside, date)
        return None
    if "archived" not in progress:
        refs = list(islice(env.store.instances(date, None, progress.get("checked", 0)), CHECKED))
        if any(_is_living(work) for work in _firsts(env, refs)):
            outside.owe(task.type, Instant(now + DAY), {"Partition": date})
            return None
        rest = {"checked": refs[-1].block + 1} if len(refs) == CHECKED else {"from": 0, "archived": []}
        outside.owe(task.type, now, {"Partition": date, **rest})
        return None
    return _go_on(outside, date, progress)


def _go_on(outside: Outside, date: str, progress: dict[str, Any]) -> str | None:
    """Remove what is archived, and archive more."""
    env, now = outside.env, outside.moment.now
    changed = _remove(env, date, progress["archived"])
    refs = list(islice(env.store.instances(date, None, progress["from"]), DROPPED))
    works = [*changed, *_firsts(env, refs)]
    if any(_is_living(work) for work in works):
        outside.owe(TaskType.DROP_PARTITION, Instant(now + DAY), {"Partition": date})
        return None
    if not refs and not works:
        env.store.forget_partition(date)
        _leave(outside, date)
        return None
    try:
        taken = _archive(env, date, works)
    except OSError as reason:
        return f"partition {date} could not be archived: {reason}"
    following = refs[-1].block + 1 if refs else progress["from"]
    if len(taken) < len(works):
        following = works[len(taken)].ref.block
    archived = [[work.ref.block, work.revision] for work in taken]
    outside.owe(TaskType.DROP_PARTITION, now, {"Partition": date, "from": following, "archived": archived})
    return None


def _leave(outside: Outside, date: str) -> None:
    """The date is not to be dropped any more: it is gone, or kept after all."""
    upkeep = outside.env.store.upkeep()
    upkeep.detached = [detached for detached in upkeep.detached if detached != date]
    outside.changes.append(upkeep)


def _firsts(env: Environment, refs: list[Ref]) -> list[Work]:
    """Process instances, each once; a large one is named by each of its id blocks."""
    works = env.store.load_many(refs) if refs else []
    return [work for ref, work in zip(refs, works, strict=True) if work is not None and work.ref == ref]


def _is_living(work: Work) -> bool:
    """Whether it may still go on."""
    instance = work.instance
    return bool(instance.tasks) if instance.is_planned else not instance.is_ended


def _remove(env: Environment, date: str, archived: list[list[int]]) -> list[Work]:
    """Remove process instances as they were archived; answers those that were written since.

    Raises:
        Overtaken: One was written this moment.
    """
    revisions = {Ref(date, block): revision for block, revision in archived}
    works = _firsts(env, list(revisions))
    unchanged = [work for work in works if work.revision == revisions[work.ref]]
    if not env.store.remove(unchanged):
        raise Overtaken(f"somebody else wrote a process instance of {date}")
    return [work for work in works if work.revision != revisions[work.ref]]


def _archive(env: Environment, date: str, works: list[Work]) -> list[Work]:
    """Write a file of some process instances; answers which. The same ones have the same name and content."""
    lines: list[bytes] = []
    for work in works:
        if env.archive is not None and sum(map(len, lines)) < ENOUGH:
            lines.append(orjson.dumps(_line(env, work)))
    if env.archive is None or not lines:
        return works
    content = b"".join(line + b"\n" for line in lines)
    name = f"{date}/{works[0].instance.id}-{hashlib.sha256(content).hexdigest()[:16]}.jsonl.gz"
    env.archive.put(name, gzip.compress(content, mtime=0))
    return works[: len(lines)]


def _line(env: Environment, work: Work) -> dict[str, Any]:
    """All of a process instance in the words of the API; values as they are stored, encrypted ones too."""
    instance, process, now = work.instance, work.process, Instant(0)
    records = [*instance.records(), *env.store.history(work)]
    env.store.read_values(work, [record for record in records if isinstance(record, Variable)])
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in KEPT.values()}
    for record in sorted(records, key=lambda record: record.id):
        match record:
            case ElementInstance():
                shown = wire.element_instance(record, instance, process)
            case Job():
                shown = wire.job(record, instance, process, now)
            case Task():
                shown = wire.task(record, instance, process, now)
            case Incident():
                shown = wire.incident(record, instance, process)
            case UserTask():
                shown = wire.user_task(record, instance, process)
            case Variable():
                shown = {**wire.variable(record, instance, process), "value": record.value}
        found[KEPT[type(record)]].append(shown)
    if instance.is_planned:
        return dict(found)
    return {"processInstance": wire.process_instance(instance, process), **found}


KEPT = {
    ElementInstance: "elementInstances",
    Job: "jobs",
    Task: "tasks",
    Incident: "incidents",
    UserTask: "userTasks",
    Variable: "variables",
}
"""Where a line of the archive has the records of a class."""

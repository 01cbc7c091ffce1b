"""What a store holds, in a form in which two runs can be compared.

`ALLOWED` is all that may differ between a run that was disturbed and one that was not.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.contract import commands as c
from chalicelib.contract import process_runtime as p
from chalicelib.engine.instance import IDS_PER_BLOCK
from chalicelib.engine.records import Variable
from chalicelib.service.environment import Environment, Ref
from chalicelib.service.loading import loaded
from tests.play import Engine
from tests.walks.snapshot import EVERYTHING, Snapshot

Record = dict[str, Any]
Look = Mapping[str, Any]

ALLOWED = {
    "ids of a partition have gaps": "an id block that was leased by who then died or began anew is not given "
    "again; the order of the ids, and what they point at, is the same",
    "ids of messages, signals and subscriptions have gaps": "a count is never taken back",
    "times of fed jobs, and of what comes after them": "a second hint that is lost costs as much time again",
    "ids of the engine's own tasks come in another order": "they are due at the same time, and one that has "
    "failed is run after the others; so what a drop says of its progress in ids differs too",
}
"""Each difference and its reason. Nothing else may differ: no state, time, name, value, count or order."""

IN_BLOCKS = ("id", "processInstanceId", "elementInstanceId", "jobId", "taskId", "parentId", "rootId")
"""Fields with an id that counts within a partition, of records that have one."""

SUBSCRIPTIONS = (c.QueryMessageSubscriptions, c.QuerySignalSubscriptions)


def look(engine: Engine) -> Look:
    """All that there is: what the queries answer, and what only the engine sees."""
    found = {kind.__name__: records for kind, records in Snapshot.of(engine).found.items()}
    env = engine.env
    queries = {kind.__name__: engine.send(kind(limit=EVERYTHING))["results"] for kind in SUBSCRIPTIONS}
    ranks = _Ranks(found, queries)
    records = {kind: [ranks.record(record) for record in rows] for kind, rows in found.items()}
    records |= {kind: [ranks.subscription(record) for record in rows] for kind, rows in queries.items()}
    records["QueryTasks"] = sorted(map(_task, records["QueryTasks"]), key=str)
    records["QueryMessages"] = [ranks.message(record) for record in found["QueryMessages"]]
    names = {record["name"] for rows in (*queries.values(), found["QueryMessages"]) for record in rows}
    return {
        **records,
        "values": _values(env),
        "queues": _queues(env, found, ranks),
        "signal slots": _signal_slots(env, sorted(names), ranks),
        "message slots": _message_slots(env, [*queries["QueryMessageSubscriptions"]], ranks),
        "dates": env.store.partitions(),
        "upkeep": [env.store.upkeep().begun, env.store.upkeep().detached],
        "clock": env.store.clock_offset().milliseconds,
        "keys": len(env.store.api_keys().keys),
        "lists": _lists(engine),
        "directory": env.store.directory().document,
    }


def _lists(engine: Engine) -> list[Record]:
    """What is on some lists; ids are told by the user tasks."""
    wanted = [{"user": ("ann",)}, {"user": ("bob",)}, {"group": ("Desk",)}]
    pages = [engine.send(p.ListTasks(**one))["data"] for one in wanted]
    return [{name: task[name] for name in ("name", "assignee")} for page in pages for task in page]


def answer(result: Any) -> Any:
    """An answer of an operation without the ids that may differ, and that the records show anyway."""
    if isinstance(result, list):
        return [answer(each) for each in result]
    if isinstance(result, dict):
        return {name: answer(value) for name, value in result.items() if name not in IN_BLOCKS}
    return result


def timeless(look: Look) -> Look:
    """What there is, whenever it came about."""
    return {name: _timeless(found) for name, found in look.items() if name != "clock"}


def _timeless(found: Any) -> Any:
    match found:
        case dict():
            return {name: _timeless(value) for name, value in found.items() if not name.endswith("At")}
        case list():
            return [_timeless(each) for each in found]
    return found


def difference(one: Look, other: Look) -> str | None:
    """The first thing that differs, in words."""
    for name in one:
        if one[name] == other[name]:
            continue
        if not isinstance(one[name], list) or not isinstance(other[name], list):
            return f"{name}: {one[name]} and not {other[name]}"
        more = [record for record in one[name] if record not in other[name]]
        less = [record for record in other[name] if record not in one[name]]
        return f"{name}: {more} and not {less}"
    return None


class _Ranks:
    """Ids by their order: the n-th block of a partition, the n-th message, the n-th subscription."""

    def __init__(self, found: Mapping[str, list[Record]], queries: Mapping[str, list[Record]]) -> None:
        blocks: dict[str, set[int]] = defaultdict(set)
        for record in _all(found):
            for name in IN_BLOCKS if "partition" in record else ():
                if name in record:
                    blocks[record["partition"]].add((record[name] - 1) // IDS_PER_BLOCK)
        self._blocks = {date: sorted(numbers) for date, numbers in blocks.items()}
        self._messages = sorted(record["id"] for record in found["QueryMessages"])
        self._subscriptions = sorted(record["id"] for record in _all(queries))

    def record(self, record: Record) -> Record:
        if "partition" not in record:
            return record
        date = record["partition"]
        return record | {name: self.id(date, record[name]) for name in IN_BLOCKS if name in record}

    def id(self, date: str, id: int) -> str:
        block, number = divmod(id - 1, IDS_PER_BLOCK)
        return f"{self._blocks[date].index(block)}/{number + 1}"

    def ref(self, ref: Ref) -> str:
        return self.id(ref.partition, ref.block * IDS_PER_BLOCK + 1)

    def message(self, record: Record) -> Record:
        return record | {"id": self._messages.index(record["id"])}

    def subscription(self, record: Record) -> Record:
        return self.record(record) | {"id": self._subscriptions.index(record["id"])}

    def subscriber(self, id: int, date: str, process_instance_id: int) -> tuple[Any, ...]:
        number = self._subscriptions.index(id) if id in self._subscriptions else "nobody knows it"
        return number, date, self.id(date, process_instance_id)


def _task(task: Record) -> Record:
    """A task; those of the engine itself without id, and with the date alone of what they carry."""
    if "processId" in task:
        return task
    serialized = json.loads(task.get("serializedTask", "{}"))
    rest = {"Partition": serialized.get("Partition"), "is begun": "from" in serialized}
    return task | {"id": None, "serializedTask": rest}


def _all(found: Mapping[str, list[Record]]) -> Iterator[Record]:
    for records in found.values():
        yield from records


def _values(env: Environment) -> list[tuple[Any, ...]]:
    """Values of all variables, in the order of their process instances."""
    found: list[tuple[Any, ...]] = []
    for ref, work in loaded(env, env.store.instances(None, None)):
        if ref == work.ref:
            records = [*work.instance.records(), *env.store.history(work)]
            variables = sorted((r for r in records if isinstance(r, Variable)), key=lambda r: r.id)
            env.store.read_values(work, variables)
            found += [(variable.name, variable.element, variable.value) for variable in variables]
    return found


def _queues(env: Environment, found: Mapping[str, list[Record]], ranks: _Ranks) -> list[Any]:
    names = sorted({process["bpmnProcessId"] for process in found["QueryProcesses"]})
    queues = [queue for name in names if (queue := env.store.queue(name))]
    return [
        (q.bpmn_process_id, q.limit, q.active, [ranks.ref(ref) for ref in q.waiting], q.promised)
        for q in queues
    ]


def _signal_slots(env: Environment, names: Iterable[str], ranks: _Ranks) -> list[Any]:
    """Who is in the slots of a signal; in which of them says the id, which may differ."""
    return [
        sorted(ranks.subscriber(*each) for slot in env.store.signal_slots(name) for each in slot.subscribers)
        for name in names
    ]


def _message_slots(env: Environment, subscriptions: Iterable[Record], ranks: _Ranks) -> list[Any]:
    keys = sorted({(record["name"], record["correlationKey"]) for record in subscriptions})
    slots = [env.store.message_slot(*key) for key in keys]
    return [sorted(ranks.subscriber(*each) for each in slot.subscribers) for slot in slots]

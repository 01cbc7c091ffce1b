"""Queries over what belongs to process instances, in the order of partition and id.

With an id or a process instance id, single process instances are read, strongly consistent. Everything else
walks the lists by process or by partition and reads each process instance on the way: right, and slower the
more there are.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ..contract import commands as c
from ..contract import wire
from ..engine.instance import IDS_PER_BLOCK
from ..engine.records import ElementInstance, Incident, Job, Record, Task, UserTask, Variable
from .environment import Environment, Ref, Work
from .paging import answer
from .processes import has_tags
from .work import owners

RecordT = TypeVar("RecordT", ElementInstance, Job, Task, Incident, Variable, UserTask)

BATCH = 100
"""Process instances read at a time."""


def query_process_instances(cmd: c.QueryProcessInstances, env: Environment) -> dict[str, Any]:
    """Process instances; the root id matches the root itself and all below it."""
    if cmd.id is not None:
        works: Iterable[Work] = (w for w in owners(env, cmd.partition, cmd.id) if w.instance.id == cmd.id)
    else:
        found = _walk(env, cmd.partition, cmd.process_id)
        works = (work for work, block in found if work.instance.blocks[0] == block)
    return answer(
        cmd,
        (
            wire.process_instance(work.instance, work.process)
            for work in works
            if cmd.process_id in (None, work.process.id)
            and cmd.parent_id in (None, work.instance.parent_id)
            and cmd.root_id in (None, work.instance.root_id, work.instance.id)
            and has_tags(work.instance.tags, cmd.tags)
        ),
    )


def query_element_instances(cmd: c.QueryElementInstances, env: Environment) -> dict[str, Any]:
    """Element instances, the ended ones as well."""

    def matches(record: ElementInstance, work: Work) -> bool:
        element = work.process.model.elements[record.element]
        return (
            cmd.parent_id in (None, _public(work, record.parent_id))
            and cmd.bpmn_element_id in (None, element.bpmn_element_id)
            and (not cmd.states or record.state in cmd.states)
        )

    found = _find(
        env, ElementInstance, cmd, matches, id=cmd.id, process_id=cmd.process_id, hints=(cmd.parent_id,)
    )
    return answer(cmd, (wire.element_instance(record, work.instance, work.process) for record, work in found))


def query_jobs(cmd: c.QueryJobs, env: Environment) -> dict[str, Any]:
    """Jobs, the completed ones as well."""
    now = env.now()

    def matches(record: Job, work: Work) -> bool:
        return cmd.element_id in (
            None,
            work.process.element_id(record.element),
        ) and cmd.element_instance_id in (
            None,
            _public(work, record.element_instance_id),
        )

    found = _find(
        env, Job, cmd, matches, id=cmd.id, process_id=cmd.process_id, hints=(cmd.element_instance_id,)
    )
    return answer(cmd, (wire.job(record, work.instance, work.process, now) for record, work in found))


def query_tasks(cmd: c.QueryTasks, env: Environment) -> dict[str, Any]:
    """Tasks, the completed ones as well."""
    now = env.now()

    def matches(record: Task, work: Work) -> bool:
        element_id = None if record.element is None else work.process.element_id(record.element)
        return (
            cmd.element_id in (None, element_id)
            and cmd.element_instance_id in (None, _public(work, record.element_instance_id))
            and cmd.type in (None, record.type)
        )

    found = _find(
        env, Task, cmd, matches, id=cmd.id, process_id=cmd.process_id, hints=(cmd.element_instance_id,)
    )
    return answer(cmd, (wire.task(record, work.instance, work.process, now) for record, work in found))


def query_incidents(cmd: c.QueryIncidents, env: Environment) -> dict[str, Any]:
    """Incidents, the resolved ones as well."""

    def matches(record: Incident, work: Work) -> bool:
        return cmd.job_id in (None, _public(work, record.job_id)) and cmd.task_id in (
            None,
            _public(work, record.task_id),
        )

    found = _find(env, Incident, cmd, matches, id=cmd.id, hints=(cmd.job_id, cmd.task_id))
    return answer(cmd, (wire.incident(record, work.instance, work.process) for record, work in found))


def query_user_tasks(cmd: c.QueryUserTasks, env: Environment) -> dict[str, Any]:
    """User tasks, the ended ones as well."""

    def matches(record: UserTask, work: Work) -> bool:
        return cmd.element_instance_id in (None, _public(work, record.element_instance_id)) and has_tags(
            record.tags, cmd.tags
        )

    found = _find(
        env, UserTask, cmd, matches, id=cmd.id, process_id=cmd.process_id, hints=(cmd.element_instance_id,)
    )
    return answer(cmd, (wire.user_task(record, work.instance, work.process) for record, work in found))


def query_variables(cmd: c.QueryVariables, env: Environment) -> dict[str, Any]:
    """Variables without their values."""

    def matches(record: Variable, work: Work) -> bool:
        return cmd.element_instance_id in (None, _public(work, record.element_instance_id)) and (
            not cmd.names or record.name in cmd.names
        )

    found = _find(env, Variable, cmd, matches, hints=(cmd.element_instance_id,))
    return answer(cmd, (wire.variable(record, work.instance, work.process) for record, work in found))


def _find(
    env: Environment,
    kind: type[RecordT],
    cmd: c.RecordQuery,
    matches: Callable[[RecordT, Work], bool],
    *,
    id: int | None = None,
    process_id: int | None = None,
    hints: Iterable[int | None] = (),
) -> Iterator[tuple[RecordT, Work]]:
    """Records of one kind, by partition and public id.

    Args:
        env: The environment.
        kind: Which records.
        cmd: Names partition and process instance, where it does.
        matches: What else must hold.
        id: Public id of the record, if the query names it.
        process_id: Process that the query names.
        hints: Public ids of other records that lie in the same process instance.
    """
    owned = next((hint for hint in (id, cmd.process_instance_id, *hints) if hint is not None), None)
    for work, records in _records(env, cmd.partition, owned, process_id):
        if process_id not in (None, work.process.id) or cmd.process_instance_id not in (
            None,
            work.instance.id,
        ):
            continue
        number = None if id is None else work.instance.number(id)
        found = [record for record in records if isinstance(record, kind) and number in (None, record.id)]
        for record in sorted(found, key=lambda record: record.id):
            if matches(record, work):
                yield record, work


def _records(
    env: Environment, partition: str | None, owned: int | None, process_id: int | None
) -> Iterator[tuple[Work, list[Record]]]:
    """Process instances with the records to look at: all of one, or those of one id block after the other."""
    if owned is not None:
        for work in owners(env, partition, owned):
            yield work, _all_records(env, work)
        return
    for work, block in _walk(env, partition, process_id):
        first = work.instance.blocks.index(block) * IDS_PER_BLOCK
        records = _all_records(env, work)
        yield work, [record for record in records if first < record.id <= first + IDS_PER_BLOCK]


def _walk(env: Environment, partition: str | None, process_id: int | None) -> Iterator[tuple[Work, int]]:
    """Process instances, once per id block they own, in the order of their blocks."""
    batch: list[Ref] = []
    for ref in env.store.instances(partition, process_id):
        batch.append(ref)
        if len(batch) == BATCH:
            yield from _load(env, batch)
            batch = []
    yield from _load(env, batch)


def _load(env: Environment, refs: list[Ref]) -> Iterator[tuple[Work, int]]:
    works = env.store.load_many(refs) if refs else []
    for ref, work in zip(refs, works, strict=True):
        if work is not None and ref.block in work.instance.blocks:
            yield work, ref.block


def _all_records(env: Environment, work: Work) -> list[Record]:
    return [*work.instance.records(), *env.store.history(work)]


def _public(work: Work, number: int | None) -> int | None:
    return None if number is None else work.instance.public_id(number)

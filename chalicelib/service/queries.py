"""Queries over what belongs to process instances, in the order of partition and id.

With an id or a process instance id, single process instances are read, strongly consistent. Everything else
walks the lists by process or by partition and reads each process instance on the way: right, and slower the
more there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import eq
from typing import Any, TypeVar

from ..bpmn.instants import parse_instant
from ..contract import commands as c
from ..contract import wire
from ..engine.assignment import assignment
from ..engine.instance import IDS_PER_BLOCK
from ..engine.records import (
    ElementInstance,
    Incident,
    Job,
    Record,
    Subscription,
    Task,
    UserTask,
    Variable,
)
from .environment import Environment, Ref, Work
from .loading import loaded
from .paging import answer
from .processes import has_tags
from .work import fits, owners

RecordT = TypeVar("RecordT", ElementInstance, Job, Task, Incident, Variable, UserTask)

WITHOUT_INSTANCE: tuple[type[Record], ...] = (Task, Incident)
"""Records that are shown although no process instance has begun."""

RECENT = 8
"""Process instances whose records are kept while a list goes on: a large one comes once per block."""


def query_process_instances(cmd: c.QueryProcessInstances, env: Environment) -> dict[str, Any]:
    """Process instances; the root id matches the root itself and all below it."""
    if cmd.id is not None:
        works: Iterable[Work] = owners(env, cmd.partition, cmd.id)
    else:
        refs = env.store.instances(cmd.partition, cmd.process_id)
        works = (work for ref, work in loaded(env, refs) if ref == work.ref)
    return answer(
        cmd,
        (
            wire.process_instance(work.instance, work.process)
            for work in works
            if not work.instance.is_planned
            and fits(cmd.id, work.instance.id)
            and fits(cmd.process_id, work.process.id)
            and fits(cmd.parent_id, work.instance.parent_id)
            and cmd.root_id in (None, work.instance.root_id, work.instance.id)
            and has_tags(work.instance.tags, cmd.tags)
        ),
    )


def query_element_instances(cmd: c.QueryElementInstances, env: Environment) -> dict[str, Any]:
    """Element instances, the ended ones as well."""

    def matches(record: ElementInstance, work: Work) -> bool:
        element = work.process.model.elements[record.element]
        return (
            fits(cmd.parent_id, work.instance.around(record))
            and fits(cmd.bpmn_element_id, element.bpmn_element_id)
            and (not cmd.states or record.state in cmd.states)
        )

    works = None
    if cmd.parent_id is not None and cmd.id is None and cmd.process_instance_id is None:
        works = _inside(env, cmd.partition, cmd.parent_id)
    found = _find(env, ElementInstance, cmd, matches, id=cmd.id, process_id=cmd.process_id, works=works)
    return answer(cmd, (wire.element_instance(record, work.instance, work.process) for record, work in found))


def query_jobs(cmd: c.QueryJobs, env: Environment) -> dict[str, Any]:
    """Jobs, the completed ones as well."""
    now = env.now()

    def matches(record: Job, work: Work) -> bool:
        return fits(cmd.element_id, work.process.element_id(record.element)) and fits(
            cmd.element_instance_id, _public(work, record.element_instance_id)
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
            fits(cmd.element_id, element_id)
            and fits(cmd.element_instance_id, _public(work, record.element_instance_id))
            and fits(cmd.type, record.type)
        )

    found = _find(
        env, Task, cmd, matches, id=cmd.id, process_id=cmd.process_id, hints=(cmd.element_instance_id,)
    )
    return answer(cmd, (wire.task(record, work.instance, work.process, now) for record, work in found))


def query_incidents(cmd: c.QueryIncidents, env: Environment) -> dict[str, Any]:
    """Incidents, the resolved ones as well."""

    def matches(record: Incident, work: Work) -> bool:
        return fits(cmd.job_id, _public(work, record.job_id)) and fits(
            cmd.task_id, _public(work, record.task_id)
        )

    found = _find(env, Incident, cmd, matches, id=cmd.id, hints=(cmd.job_id, cmd.task_id))
    return answer(cmd, (wire.incident(record, work.instance, work.process) for record, work in found))


def query_user_tasks(cmd: c.QueryUserTasks, env: Environment) -> dict[str, Any]:
    """User tasks, the ended ones as well."""

    def matches(record: UserTask, work: Work) -> bool:
        return (
            fits(cmd.element_instance_id, _public(work, record.element_instance_id))
            and has_tags(record.tags, cmd.tags)
            and (not wanted or _is_assigned(assignment(record, work.process.model)))
        )

    wanted = [(name, holds, value) for name, holds, value in _assigned(cmd) if value]

    def _is_assigned(said: Mapping[str, Any]) -> bool:
        return all(holds(said.get(name), value) for name, holds, value in wanted)

    found = _find(
        env, UserTask, cmd, matches, id=cmd.id, process_id=cmd.process_id, hints=(cmd.element_instance_id,)
    )
    return answer(cmd, (wire.user_task(record, work.instance, work.process) for record, work in found))


def _assigned(cmd: c.QueryUserTasks) -> Iterator[tuple[str, Callable[[Any, Any], bool], Any]]:
    """What a query asks of the assignment of user tasks: the field, how it is compared, and with what."""
    yield "assignee", eq, cmd.assignee
    yield "assignee", lambda assignee, _: assignee is None, cmd.unassigned
    yield "candidateUsers", _has, cmd.candidate_user
    yield "candidateGroups", _has, cmd.candidate_group
    yield "dueDate", _is_before, cmd.due_before
    yield "followUpDate", _is_before, cmd.follow_up_before
    yield "priority", eq, cmd.priority
    yield "formKey", eq, cmd.form_key


def _has(found: list[str] | None, wanted: str) -> bool:
    return wanted in (found or ())


def _is_before(found: str | None, instant: int) -> bool:
    return found is not None and parse_instant(found) < instant


def query_variables(cmd: c.QueryVariables, env: Environment) -> dict[str, Any]:
    """Variables without their values."""

    def matches(record: Variable, work: Work) -> bool:
        return fits(cmd.element_instance_id, _public(work, record.element_instance_id)) and (
            not cmd.names or record.name in cmd.names
        )

    found = _find(env, Variable, cmd, matches, hints=(cmd.element_instance_id,))
    return answer(cmd, (wire.variable(record, work.instance, work.process) for record, work in found))


def query_message_subscriptions(cmd: c.QueryMessageSubscriptions, env: Environment) -> dict[str, Any]:
    """Tokens that wait for a message, by the id of their subscription."""

    def matches(record: Subscription) -> bool:
        return record.correlation_key is not None and fits(cmd.correlation_key, record.correlation_key)

    return _subscriptions(cmd, env, matches)


def query_signal_subscriptions(cmd: c.QuerySignalSubscriptions, env: Environment) -> dict[str, Any]:
    """Tokens that wait for a signal, by the id of their subscription."""
    return _subscriptions(cmd, env, lambda record: record.correlation_key is None)


def _subscriptions(
    cmd: c.QueryMessageSubscriptions | c.QuerySignalSubscriptions,
    env: Environment,
    matches: Callable[[Subscription], bool],
) -> dict[str, Any]:
    if cmd.process_instance_id is not None:
        works: Iterable[Work] = owners(env, cmd.partition, cmd.process_instance_id)
    else:
        refs = env.store.instances(cmd.partition, None)
        works = (work for ref, work in loaded(env, refs) if ref == work.ref)
    found = [
        wire.subscription(record, work.instance, work.process)
        for work in works
        if fits(cmd.process_instance_id, work.instance.process_instance_id)
        for record in work.instance.subscriptions.values()
        if matches(record) and fits(cmd.name, record.name)
    ]
    return answer(cmd, sorted(found, key=lambda subscription: subscription["id"]))


def _find(
    env: Environment,
    kind: type[RecordT],
    cmd: c.RecordQuery,
    matches: Callable[[RecordT, Work], bool],
    *,
    id: int | None = None,
    process_id: int | None = None,
    hints: Iterable[int | None] = (),
    works: Iterable[Work] | None = None,
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
        works: The process instances they lie in, where the caller knows.
    """
    owned = next((hint for hint in (id, cmd.process_instance_id, *hints) if hint is not None), None)
    if works is None and owned is not None:
        works = owners(env, cmd.partition, owned)
    for work, records in _records(env, cmd.partition, works, process_id):
        instance = work.instance
        if not fits(process_id, work.process.id) or (instance.is_planned and kind not in WITHOUT_INSTANCE):
            continue
        if not fits(cmd.process_instance_id, instance.process_instance_id):
            continue
        number = None if id is None else instance.number(id)
        found = [record for record in records if isinstance(record, kind) and fits(number, record.id)]
        for record in sorted(found, key=lambda record: record.id):
            if matches(record, work):
                yield record, work


def _records(
    env: Environment, partition: str | None, works: Iterable[Work] | None, process_id: int | None
) -> Iterator[tuple[Work, list[Record]]]:
    """Process instances with the records to look at: all of some, or those of one block after the other."""
    if works is not None:
        for work in works:
            yield work, _all_records(env, work)
        return
    recent: dict[Ref, dict[int, list[Record]]] = {}
    for ref, work in loaded(env, env.store.instances(partition, process_id)):
        first = work.ref
        if first not in recent:
            if len(recent) == RECENT:
                recent.pop(next(iter(recent)))
            recent[first] = _by_block(_all_records(env, work))
        yield work, recent[first].get(work.instance.blocks.index(ref.block), [])


def _by_block(records: list[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for record in records:
        found.setdefault((record.id - 1) // IDS_PER_BLOCK, []).append(record)
    return found


def _inside(env: Environment, partition: str | None, id: int) -> Iterator[Work]:
    """The process instances in which the content of an element instance lies, one at most per partition.

    The content of a call activity is the process instance that it has called.
    """
    for work in owners(env, partition, id):
        number = work.instance.number(id)
        tokens = (r for r in _all_records(env, work) if isinstance(r, ElementInstance) and r.id == number)
        called_id = next((token.called_id for token in tokens), None)
        yield from [work] if called_id is None else owners(env, work.instance.partition, called_id)


def _all_records(env: Environment, work: Work) -> list[Record]:
    return [*work.instance.records(), *env.store.history(work)]


def _public(work: Work, number: int | None) -> int | None:
    return None if number is None else work.instance.public_id(number)

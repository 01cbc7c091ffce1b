"""Jobs: locked, unlocked, completed by outside workers."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..bpmn.model import Element
from ..bpmn.retries import retries_of
from ..contract import commands as c
from ..contract import wire
from ..engine import jobs
from ..engine.asks import Called
from ..engine.behaviors.base import JobCompletion
from ..engine.feed import work_type_of
from ..engine.records import Instant, Job, NewVariable
from ..engine.states import JobType
from ..engine.step import Step
from .definitions import timer
from .environment import Environment, Overtaken, Ref, Unanswered, Unavailable, Work
from .loading import loaded
from .retry import until_through
from .variables import element_variables, new_variables
from .work import change, due_after, fits, owners, partitions

BATCH = 100
"""Process instances locked at a time."""

Locked = list[tuple[Job, Work]]


def lock_jobs(cmd: c.LockJobs, env: Environment) -> dict[str, Any]:
    """Give due jobs to one worker, by partition and due time; no job is given twice."""
    now = env.now()
    # Refused also while nothing is due.
    due_after(now, cmd.lock_timeout)
    named = cmd.id or cmd.process_instance_id
    locked = _lock_due(cmd, env, now) if named is None else _lock_named(cmd, env, now, named)
    found = [wire.job(job, work.instance, work.process, now) for job, work in sorted(locked, key=_order)]
    return {"count": len(found), "jobs": found}


def unlock_jobs(cmd: c.UnlockJobs, env: Environment) -> dict[str, Any]:
    """Release the jobs that a worker holds and has not completed.

    Without an id, every process instance of the partition is read.
    """
    count = 0
    for ref, work in loaded(env, _to_unlock(cmd, env)):
        holds = any(job.locked_by == cmd.worker_id for job in work.instance.jobs.values())
        if holds and ref == work.ref:
            count += _unlock(cmd, env, ref)
    return {"count": count}


def complete_job(cmd: c.CompleteJob, env: Environment) -> dict[str, Any]:
    """Complete a locked job and run its process instance to the next wait states.

    Raises:
        NotFound: There is no such job.
        Conflict: It is completed, not locked, or locked by another worker.
        InvalidCommand: A variable names an element that is neither the job's nor around it.
    """

    def think(work: Work, step: Step) -> dict[str, Any]:
        instance = work.instance
        number = instance.number(cmd.id)
        limit, timer = _retries(cmd, work, number)
        result = jobs.JobResult(
            cmd.worker_id,
            _completion(cmd, env, work, number, due_after(step.now, cmd.retry_timer)),
            cmd.error,
            limit,
            due_after(step.now, timer),
            new_variables(cmd.process_variables, env) + _element_variables(cmd, env, work, number),
        )
        job = jobs.complete(step, number, result, f"{cmd.partition}/{cmd.id}")
        return wire.job(job, instance, work.process, step.now)

    return change(env, cmd.worker_id, cmd.partition, cmd.id, "job", think)


# Lock


def _lock_named(cmd: c.LockJobs, env: Environment, now: Instant, id: int) -> Locked:
    """Lock the jobs that the caller names, after whoever works on their process instance now."""
    locked: Locked = []
    for work in owners(env, cmd.partition, id):
        locked += _lock_one(cmd, env, work.ref, now, cmd.limit - len(locked))
    return locked


def _lock_one(cmd: c.LockJobs, env: Environment, ref: Ref, now: Instant, limit: int) -> Locked:
    def attempt() -> Locked:
        with env.locks.hold(ref):
            return _lock(cmd, env, [ref], now, limit)

    return until_through(env, "LockJobs", attempt)


def _lock_due(cmd: c.LockJobs, env: Environment, now: Instant) -> Locked:
    """Lock what is due, earliest first.

    An instance that somebody else is working on, or has just written, is given up at once: there are others.
    Once something is locked, it is answered whatever happens next, since nobody else can get it.
    """
    locked: Locked = []
    candidates, width = _due(cmd, env, now), cmd.limit
    while (limit := cmd.limit - len(locked)) > 0:
        try:
            with _claimed(candidates, env, min(width, BATCH)) as refs:
                if not refs:
                    break
                locked += (found := _lock(cmd, env, refs, now, limit, gives_up=True))
            # Where a filter passes over what is due, more is read at a time.
            width = limit - len(found) if found else 2 * width
        except (Overtaken, Unavailable, Unanswered):
            if not locked:
                raise
            break
    return locked


def _due(cmd: c.LockJobs, env: Environment, now: Instant) -> Iterator[Ref]:
    """Process instances with a due job, each once, though its due time may change meanwhile."""
    ids = cmd.process_ids or env.store.process_ids()
    walks = [env.store.due_jobs(process_id, now) for process_id in ids if _may_have(cmd, env, process_id)]
    seen: set[Ref] = set()
    for _, ref in heapq.merge(*walks):
        if fits(cmd.partition, ref.partition) and ref not in seen:
            seen.add(ref)
            yield ref


def _may_have(cmd: c.LockJobs, env: Environment, process_id: int) -> bool:
    """Whether a process has an element whose jobs are wanted; none of its instances is read otherwise."""
    if not (cmd.bpmn_element_ids or cmd.work_types):
        return True
    process = env.store.process(process_id)
    return process is not None and any(_is_of(cmd, e, e.work_type) for e in process.model.elements)


def _is_of(cmd: c.LockJobs, element: Element, work_type: str | None) -> bool:
    """Whether an element and a work type are those that the caller names."""
    return (not cmd.bpmn_element_ids or element.bpmn_element_id in cmd.bpmn_element_ids) and (
        not cmd.work_types or work_type in cmd.work_types
    )


@contextmanager
def _claimed(candidates: Iterator[Ref], env: Environment, limit: int) -> Iterator[list[Ref]]:
    """The next instances that no other thread of this process is working on, kept for the block."""
    refs: list[Ref] = []
    try:
        for ref in candidates:
            if env.locks.claim(ref):
                refs.append(ref)
                if len(refs) == limit:
                    break
        yield refs
    finally:
        for ref in refs:
            env.locks.release(ref)


def _lock(
    cmd: c.LockJobs, env: Environment, refs: list[Ref], now: Instant, limit: int, *, gives_up: bool = False
) -> Locked:
    """Lock matching jobs of some instances.

    Raises:
        Overtaken: Somebody else wrote one of them meanwhile; not if `gives_up`.
    """
    works = [work for work in env.store.load_many(refs, skip_unreadable=True) if work is not None]
    free = [
        (job, work) for work in works for job in jobs.free(work.instance, now) if _is_wanted(cmd, job, work)
    ]
    chosen = sorted(free, key=_order)[:limit]
    expires_at = due_after(now, cmd.lock_timeout) if cmd.lock_timeout else None
    for job, _ in chosen:
        jobs.lock(job, cmd.worker_id, now, expires_at)
    changed = list({id(work): work for _, work in chosen}.values())
    if not changed:
        return []
    written = env.store.commit_each(changed)
    if not (gives_up or all(written)):
        raise Overtaken("somebody else wrote the process instance")
    kept = {id(work) for work, was_written in zip(changed, written, strict=True) if was_written}
    return [(job, work) for job, work in chosen if id(work) in kept]


def _is_wanted(cmd: c.LockJobs, job: Job, work: Work) -> bool:
    element = work.process.model.elements[job.element]
    return (
        (not cmd.process_ids or work.process.id in cmd.process_ids)
        and _is_of(cmd, element, work_type_of(element, job.type))
        and fits(cmd.process_instance_id, work.instance.id)
        and (cmd.id is None or work.instance.number(cmd.id) == job.id)
    )


def _order(locked: tuple[Job, Work]) -> tuple[str, Instant, int]:
    """By partition, due time and id."""
    job, work = locked
    return work.instance.partition, job.due_at, work.instance.public_id(job.id)


# Unlock


def _to_unlock(cmd: c.UnlockJobs, env: Environment) -> Iterator[Ref]:
    """Process instances in which the worker may hold a job, each once."""
    if cmd.id is not None:
        yield from (work.ref for work in owners(env, cmd.partition, cmd.id))
        return
    for date in partitions(env, cmd.partition):
        yield from env.store.instances(date, None)


def _unlock(cmd: c.UnlockJobs, env: Environment, ref: Ref) -> int:
    """Release the jobs in one process instance; answers how many."""

    def attempt() -> int:
        with env.locks.hold(ref):
            (work,) = env.store.load_many([ref])
            if work is None:
                return 0
            released = jobs.unlock(work.instance, cmd.worker_id, _unlockable(cmd, work))
            if released:
                env.store.commit(work)
            return released

    return until_through(env, "UnlockJobs", attempt)


def _unlockable(cmd: c.UnlockJobs, work: Work) -> Callable[[Job], bool]:
    number = None if cmd.id is None else work.instance.number(cmd.id)
    return lambda job: fits(number, job.id)


# Complete


def _retries(cmd: c.CompleteJob, work: Work, number: int | None) -> tuple[int, str | None]:
    """How often a failed job is tried again, and after which duration.

    What the completion says counts; what it leaves out, the model says, if it says anything.
    """
    job = work.instance.jobs.get(number or 0)
    said = None if job is None else retries_of(work.process.model.elements[job.element])
    if cmd.no_retry or cmd.retry_limit or said is None:
        return 0 if cmd.no_retry else cmd.retry_limit, cmd.retry_timer
    return said.limit, cmd.retry_timer or said.timer


def _completion(
    cmd: c.CompleteJob, env: Environment, work: Work, number: int | None, retry_due: Instant
) -> JobCompletion:
    given = cmd.completion
    job = work.instance.jobs.get(number or 0)
    is_call = job is not None and job.type is JobType.CALL_PROCESS
    return JobCompletion(
        given.error_code,
        given.escalation_code,
        given.exclusive_gateway_decision,
        given.inclusive_gateway_decision,
        given.message_name,
        given.message_correlation_key,
        given.signal_name,
        None if given.timer is None else timer(given.timer),
        _called(given.called_process, env, work.process.model.elements[job.element])
        if job and is_call
        else None,
        retry_due,
    )


def _called(given: c.CalledProcess | None, env: Environment, call_activity: Element) -> Called:
    """What a call activity calls: what the worker leaves out, the model fills in."""
    given = given or c.CalledProcess()
    id, _, version = (call_activity.called_element or "").partition(":")
    if given.bpmn_process_id and given.bpmn_process_id != id:
        version = ""
    id, version = given.bpmn_process_id or id, given.version or version
    found = env.store.find_process(id, version) if version else env.store.latest(id)
    return Called(
        id,
        version or None,
        found,
        given.correlation_key,
        tuple((tag.name, tag.value) for tag in given.tags),
        tuple(new_variables(given.variables, env)),
    )


def _element_variables(
    cmd: c.CompleteJob, env: Environment, work: Work, number: int | None
) -> list[NewVariable]:
    """Variables of the job's element, or of a scope around it; none if the element has ended."""
    job = work.instance.jobs.get(number or 0)
    if job is None or job.element_instance_id not in work.instance.element_instances:
        return []
    return element_variables(cmd.element_variables, env, work, job.element_instance_id)

"""Jobs: locked, unlocked, completed by outside workers."""

import heapq
from collections.abc import Callable, Iterator
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import jobs
from ..engine.behaviors.base import JobCompletion
from ..engine.records import Instant, Job
from ..engine.step import Step
from ..engine.variables import NewVariable
from .environment import Environment, Ref, Work
from .variables import element_variables, new_variables
from .work import change, due_after, owners, partitions

CANDIDATES = 100
"""Process instances read at a time when jobs are locked."""


def lock_jobs(cmd: c.LockJobs, env: Environment) -> dict[str, Any]:
    """Give due jobs to one worker, by partition and due time; no job is given twice.

    An instance that somebody else is working on, or has just written, is given up at once: there are others.
    """
    now = env.now()
    locked: list[tuple[Job, Work]] = []
    candidates = _candidates(cmd, env, now)
    while len(locked) < cmd.limit:
        refs = _claim(candidates, env, min(cmd.limit - len(locked), CANDIDATES))
        if not refs:
            break
        try:
            locked += _lock(cmd, env, refs, now, cmd.limit - len(locked))
        finally:
            for ref in refs:
                env.locks.release(ref)
    locked.sort(
        key=lambda pair: (pair[1].instance.partition, pair[0].due_at, pair[1].instance.public_id(pair[0].id))
    )
    found = [wire.job(job, work.instance, work.process, now) for job, work in locked]
    return {"count": len(found), "jobs": found}


def unlock_jobs(cmd: c.UnlockJobs, env: Environment) -> dict[str, Any]:
    """Release the jobs that a worker holds and has not completed."""
    wanted = _matcher(cmd.id)
    count = 0
    for ref in list(_holding(cmd, env)):
        with env.locks.hold(ref):
            work = env.store.load_many([ref])[0]
            if work is not None and (released := jobs.unlock(work.instance, cmd.worker_id, wanted(work))):
                env.store.commit(work)
                count += released
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
        result = jobs.JobResult(
            cmd.worker_id,
            JobCompletion(
                cmd.completion.error_code,
                cmd.completion.escalation_code,
                cmd.completion.exclusive_gateway_decision,
            ),
            cmd.error,
            cmd.retry_limit,
            due_after(step.now, cmd.retry_timer),
            new_variables(cmd.process_variables, env) + _element_variables(cmd, env, work, number),
        )
        job = jobs.complete(step, number, result, f"{cmd.partition}/{cmd.id}")
        return wire.job(job, instance, work.process, step.now)

    return change(env, cmd.worker_id, cmd.partition, cmd.id, "job", think)


def _candidates(cmd: c.LockJobs, env: Environment, now: Instant) -> Iterator[Ref]:
    """Process instances that may have a matching job: by id at once, else by the index of due jobs."""
    for id in (cmd.id, cmd.process_instance_id):
        if id is not None:
            yield from (
                Ref(work.instance.partition, work.instance.blocks[0])
                for work in owners(env, cmd.partition, id)
            )
            return
    process_ids = cmd.process_ids or [process.id for process in env.store.processes()]
    walks = [env.store.due_jobs(process_id, now) for process_id in process_ids]
    for _, ref in heapq.merge(*walks):
        if cmd.partition in (None, ref.partition):
            yield ref


def _claim(candidates: Iterator[Ref], env: Environment, limit: int) -> list[Ref]:
    """The next instances that no other thread of this process is working on."""
    refs: list[Ref] = []
    for ref in candidates:
        if env.locks.claim(ref):
            refs.append(ref)
            if len(refs) == limit:
                break
    return refs


def _lock(
    cmd: c.LockJobs, env: Environment, refs: list[Ref], now: Instant, limit: int
) -> list[tuple[Job, Work]]:
    wanted = _lock_matcher(cmd)
    expires_at = due_after(now, cmd.lock_timeout) if cmd.lock_timeout else None
    taken: list[tuple[list[Job], Work]] = []
    for work in env.store.load_many(refs):
        if work is not None and limit > 0:
            found = jobs.lock(work.instance, cmd.worker_id, now, wanted(work), limit, expires_at)
            if found:
                taken.append((found, work))
                limit -= len(found)
    written = env.store.commit_each([work for _, work in taken]) if taken else []
    return [
        (job, work)
        for (found, work), was_written in zip(taken, written, strict=True)
        if was_written
        for job in found
    ]


def _lock_matcher(cmd: c.LockJobs) -> Callable[[Work], Callable[[Job], bool]]:
    by_id = _matcher(cmd.id)

    def matches(work: Work) -> Callable[[Job], bool]:
        of_process = not cmd.process_ids or work.process.id in cmd.process_ids
        of_instance = cmd.process_instance_id in (None, work.instance.id)
        return by_id(work) if of_process and of_instance else lambda job: False

    return matches


def _matcher(id: int | None) -> Callable[[Work], Callable[[Job], bool]]:
    """Which jobs of a process instance have a public id; all of them if it is None."""

    def matches(work: Work) -> Callable[[Job], bool]:
        if id is None:
            return lambda job: True
        number = work.instance.number(id)
        return lambda job: job.id == number

    return matches


def _holding(cmd: c.UnlockJobs, env: Environment) -> Iterator[Ref]:
    """Process instances in which the worker may hold a job: without an id, any of them."""
    if cmd.id is not None:
        yield from (
            Ref(w.instance.partition, w.instance.blocks[0]) for w in owners(env, cmd.partition, cmd.id)
        )
        return
    for date in partitions(env, cmd.partition):
        yield from env.store.instances(date, None)


def _element_variables(
    cmd: c.CompleteJob, env: Environment, work: Work, number: int | None
) -> list[NewVariable]:
    """Variables of the job's element, or of a scope around it; none if the element has ended."""
    job = work.instance.jobs.get(number or 0)
    if job is None or job.element_instance_id not in work.instance.element_instances:
        return []
    return element_variables(cmd.element_variables, env, work, job.element_instance_id)

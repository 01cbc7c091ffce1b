"""What a hint brings about: due tasks run, fed jobs done by their handler, and lost hints sent again.

The process instance decides, not the hint: one that comes twice, or late, finds that nothing is left to do.
"""

import logging
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import feed, jobs, tasks
from ..engine.errors import Conflict, InvalidCommand, NotFound
from ..engine.feed import FEED
from ..engine.records import Job
from .announcing import announce
from .due import follow_up, run_tasks
from .environment import Environment, Hint, Perform, Ref, Work
from .execute import execute
from .retry import until_through
from .variables import Variables

logger = logging.getLogger(__name__)

LOST = "was handed out again and again, and never came to its end"


def work_on(env: Environment, hint: Hint, perform: Perform) -> None:
    """Do what a hint is about, if it is still to be done.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline; the hint should come again.
    """
    with env.watch.command("FollowHint"):
        if hint.due_at > (now := env.now()):
            announce(env, [hint], now)
        elif hint.job is None:
            look(env, hint.ref)
        else:
            _do_job(env, hint, perform)


def look(env: Environment, ref: Ref) -> None:
    """Run the due tasks of a process instance, and announce its fed jobs again whose hint is missing."""
    moment = env.moment(env.engine_id)
    ran = run_tasks(env, ref, moment, lambda work: tasks.due_tasks(work.instance, moment.now, lambda t: True))
    follow_up(env, ran.following, moment)
    if ran.work is not None and feed.overdue(ran.work.instance, moment.now):
        announce(env, announced_again(env, ref), env.now())


def announced_again(env: Environment, ref: Ref) -> list[Hint]:
    """Hints for the fed jobs of a process instance that may have lost theirs; these get new time.

    Jobs for which there is no handler any more are left to workers.
    """

    def attempt() -> list[Hint]:
        with env.locks.hold(ref):
            (work,) = env.store.load_many([ref])
            missing = feed.overdue(work.instance, env.now()) if work else []
            if work is None or not missing:
                return []
            hints = [_renewed(env, work, job) for job in missing]
            env.store.commit(work)
            return [hint for hint in hints if hint is not None]

    return until_through(env, "AnnounceJobs", attempt)


def bury(env: Environment, hint: Hint) -> None:
    """A hint was handed out too often: the job fails for good, so that a person looks at it.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline; the hint should come again.
    """
    with env.watch.command("BuryHint"):
        work, job = _open_job(env, hint)
        if work is not None and job is not None:
            _complete(env, work, job, {"error": f"job {work.instance.pointer(job.id)} {LOST}"})


# private


def _do_job(env: Environment, hint: Hint, perform: Perform) -> None:
    work, job = _open_job(env, hint)
    if work is None or job is None:
        return
    given = _performed(env, work, job, perform)
    if given is None:
        _leave_to_workers(env, hint)
    else:
        _complete(env, work, job, given)


def _renewed(env: Environment, work: Work, job: Job) -> Hint | None:
    element = work.process.model.elements[job.element]
    if feed.has_handler(env.fed, work.process.bpmn_process_id, element, job.type):
        feed.feed(job, env.now())
        return Hint(work.ref, job.due_at, job.id)
    jobs.unlock(work.instance, FEED, lambda other: other is job)
    return None


def _open_job(env: Environment, hint: Hint) -> tuple[Work | None, Job | None]:
    (work,) = env.store.load_many([hint.ref])
    job = work.instance.jobs.get(hint.job or 0) if work else None
    return work, job if job is not None and feed.is_fed(job) else None


def _performed(env: Environment, work: Work, job: Job, perform: Perform) -> dict[str, Any] | None:
    """What the handler answers; for a job whose element has ended nobody is asked."""
    if job.element_instance_id not in work.instance.element_instances:
        return {}
    answer = wire.job(job, work.instance, work.process, env.now())
    return perform(work.process.bpmn_process_id, answer, Variables(env, work, job))


def _complete(env: Environment, work: Work, job: Job, given: dict[str, Any]) -> None:
    address = {
        "partition": work.instance.partition,
        "id": work.instance.public_id(job.id),
        "workerId": FEED,
    }
    try:
        try:
            execute(c.CompleteJob.model_validate(given | address), env)
        except (InvalidCommand, ValueError) as fault:
            # What the handler answered does not fit; doing it again would not help.
            execute(c.CompleteJob.model_validate({"error": str(fault)} | address), env)
    except (Conflict, NotFound) as done:
        logger.info("a fed job was done already: %s", done)


def _leave_to_workers(env: Environment, hint: Hint) -> None:
    """There is no handler any more: a worker may take the job."""

    def attempt() -> None:
        with env.locks.hold(hint.ref):
            work, job = _open_job(env, hint)
            if work is not None and job is not None:
                jobs.unlock(work.instance, FEED, lambda other: other.id == job.id)
                env.store.commit(work)

    until_through(env, "UnlockJobs", attempt)

"""Jobs: given to workers, completed, failed, tried again."""

from collections.abc import Callable
from dataclasses import dataclass

from .behaviors import BEHAVIORS
from .behaviors.base import JobCompletion
from .errors import Conflict, NotFound
from .instance import ProcessInstance
from .loop import run
from .records import Instant, Job, NewVariable
from .states import WorkState
from .step import Step
from .variables import set_variables


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a worker brings back.

    Attributes:
        worker_id: Who; must hold the lock.
        completion: Answers to what the job asks.
        error: Why the work failed; None if it did not.
        retry_limit: How many retries there may be.
        retry_due: When a retry is due.
        variables: What to store, also if the work failed.
    """

    worker_id: str
    completion: JobCompletion
    error: str | None
    retry_limit: int
    retry_due: Instant
    variables: list[NewVariable]


def free(instance: ProcessInstance, now: Instant) -> list[Job]:
    """The jobs that a worker may take now."""
    return [job for job in instance.jobs.values() if job.free_at is not None and job.free_at <= now]


def lock(job: Job, worker_id: str, now: Instant, expires_at: Instant | None = None) -> None:
    """Give a free job to a worker.

    Args:
        job: The job.
        worker_id: Who gets it.
        now: When.
        expires_at: From when on another worker may take it; None: never.
    """
    job.state = WorkState.LOCKED
    job.locked_at = now
    job.locked_by = worker_id
    job.lock_expires_at = expires_at


def unlock(instance: ProcessInstance, worker_id: str, wanted: Callable[[Job], bool]) -> int:
    """Take back what a worker holds and has not completed; answers how many jobs that were."""
    held = [
        job
        for job in instance.jobs.values()
        if job.locked_by == worker_id and job.completed_at is None and wanted(job)
    ]
    for job in held:
        job.state = WorkState.CREATED
        job.locked_at = job.locked_by = job.lock_expires_at = None
    return len(held)


def complete(step: Step, number: int | None, result: JobResult, pointer: str) -> Job:
    """Complete a locked job and run the process instance to its next wait states.

    A failed job is retried while there are retries, then causes an incident. A job whose element has ended is
    CANCELED, and nothing moves.

    Args:
        step: The step to run in.
        number: The job.
        result: What the worker brings back.
        pointer: How to name the job in an error, `2030-01-01/17`.

    Raises:
        NotFound: There is no such job.
        Conflict: It is completed, not locked, or locked by another worker.
    """
    job = _held_job(step.instance, number, result.worker_id, pointer)
    job.completed_at = step.now
    token = step.instance.element_instances.get(job.element_instance_id)
    if token is None:
        _close(step, job, WorkState.CANCELED)
        return job
    set_variables(step, result.variables)
    job.error = result.error
    if job.error is None:
        element = step.process.elements[token.element]
        job.error = BEHAVIORS[element.type].resume(step, element, token, job, result.completion)
    if job.error is None:
        _close(step, job, WorkState.DONE)
        run(step)
    elif job.retry_count < result.retry_limit:
        step.add_job(token, job.type, due_at=result.retry_due, retry_count=job.retry_count + 1)
        _close(step, job, WorkState.CAUSED_RETRY)
    else:
        job.state = WorkState.CAUSED_INCIDENT
        step.add_incident(job=job)
    return job


def _held_job(instance: ProcessInstance, number: int | None, worker_id: str, pointer: str) -> Job:
    """The job, if the worker may complete it."""
    if number is None or number > instance.counters.jobs:
        raise NotFound(f"job {pointer} could not be found")
    job = instance.jobs.get(number)
    if job is None or job.completed_at is not None:
        raise Conflict(f"job {pointer} is completed")
    if job.locked_by is None:
        raise Conflict(f"job {pointer} is not locked")
    if job.locked_by != worker_id:
        raise Conflict(f"job {pointer} is not locked by worker {worker_id}, but {job.locked_by}")
    return job


def _close(step: Step, job: Job, state: WorkState) -> None:
    job.state = state
    step.instance.ended.append(step.instance.jobs.pop(job.id))

"""Fed jobs: handed to a handler of the engine as soon as they are made, by a hint that may be lost.

Such a job is locked from the beginning, so that it needs no look-up by workers and no write for a lock. What
watches over it is a time to look again, which a process instance has in common for all its fed jobs, coarse,
so that it rarely changes.
"""

from ..bpmn.model import Element
from .instance import ProcessInstance
from .moment import Fed
from .records import Instant, Job
from .states import JobType, WorkState

FEED = "@feed"
"""Who holds a fed job: `lockedBy`. Who unlocks the jobs of this name leaves them to workers."""

QUARTER = 15 * 60_000
"""Milliseconds in which a handler must have come to its end. Source: AWS Lambda quotas, function time-out."""

BETWEEN_LOOKS = 60_000
"""Milliseconds between two looks for what is due."""

AHEAD = 90_000
"""Milliseconds that a look looks ahead; more than there are between two, since one may be late."""


def has_handler(fed: Fed, bpmn_process_id: str, element: Element, type: JobType) -> bool:
    """Whether the jobs of an element have a handler of the engine: by the element, or by their work type."""
    work_type = work_type_of(element, type)
    return (bpmn_process_id, element.bpmn_element_id) in fed or (work_type is not None and work_type in fed)


def work_type_of(element: Element, type: JobType) -> str | None:
    """What kind of worker does a job; only work has a type, a question of the engine has none."""
    return element.work_type if type is JobType.EXECUTE else None


def feed(job: Job, now: Instant) -> None:
    """Keep a job for the feed."""
    job.state = WorkState.LOCKED
    job.locked_at = now
    job.locked_by = FEED


def is_fed(job: Job) -> bool:
    """Whether a job is open and kept for the feed."""
    return job.locked_by == FEED and job.completed_at is None


def is_soon(due_at: Instant, now: Instant) -> bool:
    """Whether a hint has to be sent at once for what is due then; later things are found by a look before."""
    return due_at - now <= BETWEEN_LOOKS + AHEAD


def next_watch(instance: ProcessInstance) -> Instant | None:
    """When to look again whether the fed jobs of a process instance are done; None if it has none."""
    return min((_watched_at(job) for job in instance.jobs.values() if is_fed(job)), default=None)


def announced(instance: ProcessInstance) -> list[Job]:
    """The fed jobs for which a hint was sent."""
    return [job for job in instance.jobs.values() if is_fed(job) and _announced_at(job) is not None]


def overdue(instance: ProcessInstance, now: Instant) -> list[Job]:
    """The fed jobs whose hint is not known to be on its way: it was too early for one, or was lost."""
    return [job for job in instance.jobs.values() if is_fed(job) and _hint_is_missing(job, now)]


# private


def _announced_at(job: Job) -> Instant | None:
    """When the last hint came or comes; None if it was too early to send one."""
    assert job.locked_at is not None, "a fed job is locked"
    return max(job.locked_at, job.due_at) if is_soon(job.due_at, job.locked_at) else None


def _watched_at(job: Job) -> Instant:
    """A job that was announced has a quarter of an hour at least, up to the next full one."""
    announced_at = _announced_at(job)
    if announced_at is None:
        return job.due_at
    return Instant(-(-announced_at // QUARTER) * QUARTER + QUARTER)


def _hint_is_missing(job: Job, now: Instant) -> bool:
    announced_at = _announced_at(job)
    return job.due_at <= now + AHEAD if announced_at is None else announced_at + QUARTER <= now

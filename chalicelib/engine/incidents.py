"""Incidents: a person has looked, and the work is tried again."""

from . import due, leaving
from .errors import Conflict, NotFound
from .loop import run
from .records import Incident, Instant
from .step import Step


def resolve(step: Step, number: int | None, retry_due: Instant, pointer: str) -> Incident:
    """Resolve an incident: its job or task is made afresh, without retries counted.

    Args:
        step: The step to run in.
        number: The incident.
        retry_due: When the fresh job or task is due.
        pointer: How to name the incident in an error, `2030-01-01/17`.

    Raises:
        NotFound: There is no such incident.
        Conflict: It is resolved.
    """
    instance = step.instance
    if number is None or number > instance.counters.incidents:
        raise NotFound(f"incident {pointer} could not be found")
    if number not in instance.incidents:
        raise Conflict(f"incident {pointer} is resolved")
    incident = instance.incidents.pop(number)
    incident.resolved_at = step.now
    incident.resolved_by = step.actor
    instance.ended.append(incident)
    if incident.job_id is not None:
        _retry_job(step, incident.job_id, retry_due)
    if incident.task_id is not None:
        task = instance.tasks.pop(incident.task_id)
        instance.ended.append(task)
        due.again(step, task, due_at=retry_due, retry_count=0)
    run(step)
    return incident


def _retry_job(step: Step, number: int, retry_due: Instant) -> None:
    job = step.instance.jobs.pop(number)
    step.instance.ended.append(job)
    token = step.instance.element_instances.get(job.element_instance_id)
    if token is None:
        return
    if token.stopped is not None:
        leaving.resolve(step, token, retry_due)
    else:
        step.add_job(token, job.type, due_at=retry_due)

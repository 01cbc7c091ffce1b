"""Incidents: a person has looked, and the work is tried again."""

from collections.abc import Sequence

from ..bpmn.types import Trigger
from . import due, leaving
from .catching import Thrown, catch, deliver
from .errors import Conflict, NotFound
from .loop import run
from .records import Incident, Instant, NewVariable
from .step import Step
from .variables import set_variables


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
    _close(step, incident)
    if incident.job_id is not None:
        _retry_job(step, incident.job_id, retry_due)
    if incident.task_id is not None:
        task = instance.tasks.pop(incident.task_id)
        instance.ended.append(task)
        due.again(step, task, due_at=retry_due, retry_count=0)
    run(step)
    return incident


def throw(step: Step, number: int, code: str, variables: Sequence[NewVariable]) -> bool:
    """Let the diagram handle what a person would look at: the element throws an error.

    Args:
        step: The step to run in.
        number: The incident of a job.
        code: Code of the error.
        variables: What the path behind the boundary event sees.

    Returns:
        Whether a boundary event has caught it; if none does, everything is as it was.

    Raises:
        CallersNeeded: Nobody inside catches it, and the callers are not read yet.
    """
    instance = step.instance
    incident = instance.incidents[number]
    token = instance.element_instances.get(incident.element_instance_id or 0)
    caught = catch(step, token, Thrown(Trigger.ERROR, code)) if token else None
    if token is None or caught is None or incident.job_id is None:
        return False
    _close(step, instance.incidents.pop(number))
    instance.ended.append(instance.jobs.pop(incident.job_id))
    set_variables(step, variables)
    deliver(step, token, caught)
    run(step)
    return True


def close_all(step: Step) -> None:
    """Nobody will look at the incidents of a process instance."""
    for incident in list(step.instance.incidents.values()):
        _close(step, step.instance.incidents.pop(incident.id))


def _close(step: Step, incident: Incident) -> None:
    incident.resolved_at = step.now
    incident.resolved_by = step.actor
    step.instance.ended.append(incident)


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

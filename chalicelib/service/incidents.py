"""Incidents: resolved."""

from ..contract import commands as c
from ..engine import incidents
from ..engine.step import Step
from .environment import Environment, Work
from .work import change, due_after


def resolve_incident(cmd: c.ResolveIncident, env: Environment) -> None:
    """Resolve an incident: its job or task is made afresh.

    Raises:
        NotFound: There is no such incident.
        Conflict: It is resolved.
    """

    def think(work: Work, step: Step) -> None:
        retry_due = due_after(step.now, cmd.retry_timer)
        incidents.resolve(step, work.instance.number(cmd.id), retry_due, f"{cmd.partition}/{cmd.id}")

    change(env, cmd.worker_id, cmd.partition, cmd.id, "incident", think)

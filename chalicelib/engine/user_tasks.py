"""User tasks: updated, completed, or left by a BPMN error or escalation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bpmn.types import Trigger
from .assignment import reassign
from .catching import Thrown, catch, deliver
from .errors import Conflict, ExecutionError, InvalidCommand
from .loop import run
from .records import NewVariable, UserTask
from .states import UserTaskState
from .step import Step
from .variables import set_variables

_TITLES: Mapping[Trigger, str] = {
    Trigger.ERROR: "failed to throw BPMN error",
    Trigger.ESCALATION: "failed to escalate user task",
}


@dataclass(frozen=True, slots=True)
class Update:
    """What a person has done.

    Attributes:
        revision: The revision that the person has seen.
        completed: The work is done.
        error_code: The work ended with a BPMN error.
        escalation_code: The work needs somebody else.
        tags: To set, or without value to delete.
        variables: To set or delete.
        assignment: What is to hold from now on, by the names of the API; None: nothing.
    """

    revision: int
    completed: bool = False
    error_code: str | None = None
    escalation_code: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    variables: tuple[NewVariable, ...] = ()
    assignment: Mapping[str, Any] = field(default_factory=dict)


def update(step: Step, user_task: UserTask, change: Update, pointer: str) -> None:
    """Change tags and variables of an open user task, and let its token go if the work is over.

    Args:
        step: The step to run in.
        user_task: The user task.
        change: What has happened.
        pointer: How to name the user task in an error, `2030-01-01/17`.

    Raises:
        Conflict: Somebody else has updated it.
        InvalidCommand: It cannot be completed, throw an error and escalate at once.
        ExecutionError: No boundary event catches the error or the escalation.
    """
    if user_task.revision != change.revision:
        raise Conflict(f"user task {pointer} is not in revision {change.revision}, but {user_task.revision}")
    if [change.completed, bool(change.error_code), bool(change.escalation_code)].count(True) > 1:
        raise InvalidCommand("expected to either complete user task, throw error or escalate user task")
    token = step.instance.element_instances[user_task.element_instance_id]
    thrown = _thrown(change)
    caught = thrown and catch(step, token, thrown)
    if thrown and not caught:
        raise ExecutionError(
            f"failed to find boundary event for {thrown.trigger} code {thrown.code}",
            title=_TITLES[thrown.trigger],
        )
    set_variables(step, change.variables)
    user_task.tags = _merged(user_task.tags, change.tags)
    if change.assignment:
        reassign(user_task, step.process, change.assignment)
    user_task.revision += 1
    user_task.updated_at = step.now
    user_task.updated_by = step.actor
    if change.completed or caught:
        step.instance.acted(step.actor)
    if change.completed:
        user_task.state = UserTaskState.COMPLETED
        step.instance.ended.append(step.instance.user_tasks.pop(user_task.id))
        step.finish(token)
    elif caught:
        deliver(step, token, caught)
    run(step)


def _thrown(change: Update) -> Thrown | None:
    """What the update throws at the user task."""
    if change.error_code:
        return Thrown(Trigger.ERROR, change.error_code)
    return Thrown(Trigger.ESCALATION, change.escalation_code) if change.escalation_code else None


def _merged(tags: Mapping[str, str | None], changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """Tags merge by name; one without value is deleted."""
    return {name: value for name, value in {**tags, **changes}.items() if value is not None}

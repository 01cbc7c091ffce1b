"""User tasks: updated and ended by people."""

from typing import Any

from ..bpmn.instants import format_instant
from ..contract import commands as c
from ..contract import wire
from ..engine import user_tasks
from ..engine.errors import Conflict, InvalidCommand, NotFound, Reason
from ..engine.records import UserTask
from ..engine.step import Step
from .environment import Environment, Work
from .variables import element_variables, new_variables
from .work import change


def update_user_task(cmd: c.UpdateUserTask, env: Environment) -> dict[str, Any]:
    """Change tags and variables of a user task, and do at most one of complete, throw an error, escalate.

    Raises:
        NotFound: There is no such user task.
        Conflict: It has ended, or somebody else has updated it.
        InvalidCommand: More than one of complete, error and escalation is asked for, or an assignee and none.
        ExecutionError: Nobody catches the error or the escalation.
    """

    def think(work: Work, step: Step) -> dict[str, Any]:
        user_task = open_user_task(env, work, cmd.id, f"user task {cmd.partition}/{cmd.id}")
        own = element_variables(cmd.element_variables, env, work, user_task.element_instance_id)
        update = user_tasks.Update(
            cmd.revision,
            cmd.completed,
            cmd.error_code,
            cmd.escalation_code,
            {tag.name: tag.value for tag in cmd.tags},
            (*new_variables(cmd.process_variables, env), *own),
            _assignment(cmd),
        )
        user_tasks.update(step, user_task, update, f"{cmd.partition}/{cmd.id}")
        return wire.user_task(user_task, work.instance, work.process)

    return change(env, cmd.worker_id, cmd.partition, cmd.id, "user task", think)


def _assignment(cmd: c.UpdateUserTask) -> dict[str, Any]:
    """What is to hold from now on, by the names of the API."""
    if cmd.assignee and cmd.unassign:
        raise InvalidCommand("expected to either assign or unassign user task")
    given = {
        "assignee": cmd.assignee,
        "candidateUsers": None if cmd.candidate_users is None else list(cmd.candidate_users),
        "candidateGroups": None if cmd.candidate_groups is None else list(cmd.candidate_groups),
        "dueDate": None if cmd.due_date is None else format_instant(cmd.due_date),
        "followUpDate": None if cmd.follow_up_date is None else format_instant(cmd.follow_up_date),
        "priority": cmd.priority,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    return changed | ({"assignee": None} if cmd.unassign else {})


def open_user_task(env: Environment, work: Work, id: int, name: str) -> UserTask:
    """A user task that has not ended.

    Args:
        env: The environment.
        work: The process instance that owns its id.
        id: Its public id.
        name: What to call it.

    Raises:
        NotFound: There is no such user task.
        Conflict: It has ended.
    """
    number = work.instance.number(id)
    if number is None or number > work.instance.counters.user_tasks:
        raise NotFound(f"{name} could not be found", reason=Reason.TASK_NOT_FOUND)
    user_task = work.instance.user_tasks.get(number)
    if user_task is not None:
        return user_task
    ended = (record for record in env.store.history(work) if isinstance(record, UserTask))
    state = next(record.state for record in ended if record.id == number)
    raise Conflict(f"{name} is not in state STARTED, but {state}", reason=Reason.TASK_NOT_ACTIVE)

"""User tasks: updated and ended by people."""

from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import user_tasks
from ..engine.errors import Conflict, NotFound
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
        InvalidCommand: More than one of complete, error and escalation is asked for.
        ExecutionError: Nobody catches the error or the escalation.
    """

    def think(work: Work, step: Step) -> dict[str, Any]:
        user_task = _open_user_task(cmd, env, work)
        own = element_variables(cmd.element_variables, env, work, user_task.element_instance_id)
        update = user_tasks.Update(
            cmd.revision,
            cmd.completed,
            cmd.error_code,
            cmd.escalation_code,
            {tag.name: tag.value for tag in cmd.tags},
            (*new_variables(cmd.process_variables, env), *own),
        )
        user_tasks.update(step, user_task, update, f"{cmd.partition}/{cmd.id}")
        return wire.user_task(user_task, work.instance, work.process)

    return change(env, cmd.worker_id, cmd.partition, cmd.id, "user task", think)


def _open_user_task(cmd: c.UpdateUserTask, env: Environment, work: Work) -> UserTask:
    pointer = f"{cmd.partition}/{cmd.id}"
    number = work.instance.number(cmd.id)
    if number is None or number > work.instance.counters.user_tasks:
        raise NotFound(f"user task {pointer} could not be found")
    user_task = work.instance.user_tasks.get(number)
    if user_task is not None:
        return user_task
    ended = (record for record in env.store.history(work) if isinstance(record, UserTask))
    state = next(record.state for record in ended if record.id == number)
    raise Conflict(f"user task {pointer} is not in state STARTED, but {state}")

"""Due tasks: executed when the executor or a caller asks."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import tasks
from ..engine.records import Instant, Task
from .environment import Environment, Overtaken, Ref, Work
from .work import new_step, owners

MAX_INSTANCES = 1000
"""Process instances that one call looks at."""


def execute_tasks(cmd: c.ExecuteTasks, env: Environment) -> dict[str, Any]:
    """Run due, matching tasks, by due time; what they make due in turn waits for the next call."""
    moment = env.moment(env.engine_id)
    completed: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for ref in list(islice(_candidates(cmd, env, moment.now), MAX_INSTANCES)):
        limit = cmd.limit - len(completed) - len(failed)
        if limit == 0:
            break
        with env.locks.hold(ref):
            done, were_written = _execute(cmd, env, ref, moment.now, limit)
        (completed if were_written else failed).extend(done)
    return {
        "locked": len(completed) + len(failed),
        "completed": len(completed),
        "failed": len(failed),
        "completedTasks": completed,
        "failedTasks": failed,
    }


def unlock_tasks(cmd: c.UnlockTasks, env: Environment) -> dict[str, Any]:
    """Release the tasks that an engine holds: none, since a task is locked and run in one write."""
    return {"count": 0}


def _candidates(cmd: c.ExecuteTasks, env: Environment, now: Instant) -> Iterator[Ref]:
    for id in (cmd.id, cmd.process_instance_id):
        if id is not None:
            yield from (
                Ref(work.instance.partition, work.instance.blocks[0])
                for work in owners(env, cmd.partition, id)
            )
            return
    for _, ref in env.store.due_tasks(now):
        if cmd.partition in (None, ref.partition):
            yield ref


def _execute(
    cmd: c.ExecuteTasks, env: Environment, ref: Ref, now: Instant, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Run the matching tasks of one process instance; whoever overtakes us runs them instead."""
    work = env.store.load_many([ref])[0]
    if work is None:
        return [], True
    found = tasks.due_tasks(work.instance, now, _matcher(cmd, work))[:limit]
    if not found:
        return [], True
    step = new_step(work, env.moment(env.engine_id))
    for task in found:
        tasks.execute(step, task)
    try:
        env.store.commit(work)
    except Overtaken:
        return [wire.task(task, work.instance, work.process, now) for task in found], False
    return [wire.task(task, work.instance, work.process, now) for task in found], True


def _matcher(cmd: c.ExecuteTasks, work: Work) -> Callable[[Task], bool]:
    of_process = cmd.process_id in (None, work.process.id)
    of_instance = cmd.process_instance_id in (None, work.instance.id)
    number = None if cmd.id is None else work.instance.number(cmd.id)

    def matches(task: Task) -> bool:
        return of_process and of_instance and cmd.type in (None, task.type) and number in (None, task.id)

    return matches

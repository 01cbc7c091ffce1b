"""Due tasks: executed when the executor or a caller asks."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import tasks
from ..engine.moment import Moment
from ..engine.records import Instant, Task
from .due import follow_up, run_tasks
from .environment import Environment, Ref, Work
from .work import fits, owners

Tasks = list[dict[str, Any]]

logger = logging.getLogger(__name__)


def execute_tasks(cmd: c.ExecuteTasks, env: Environment) -> dict[str, Any]:
    """Run due, matching tasks, by due time.

    In eager mode, what they make due in turn runs with them; in deferred mode it waits for the next call.
    """
    moment = env.moment(env.engine_id)
    completed: Tasks = []
    failed: Tasks = []
    made: set[tuple[Ref, int]] = set()
    for ref in _candidates(cmd, env, moment.now):
        limit = cmd.limit - len(completed) - len(failed)
        if limit == 0:
            break
        try:
            completed += _execute(cmd, env, ref, moment, limit, made)
        except Exception:
            # One process instance that cannot be worked on must not keep the others waiting.
            logger.exception("tasks of %s were not executed", ref)
            failed += _still_due(cmd, env, ref, moment.now, limit)
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
    """Process instances that may have a matching task, each once, even if its due time changes."""
    named = cmd.id or cmd.process_instance_id
    if named is not None:
        yield from (work.ref for work in owners(env, cmd.partition, named))
        return
    seen: set[Ref] = set()
    for _, ref in env.store.due_tasks(now):
        if fits(cmd.partition, ref.partition) and ref not in seen:
            seen.add(ref)
            yield ref


def _execute(
    cmd: c.ExecuteTasks,
    env: Environment,
    ref: Ref,
    moment: Moment,
    limit: int,
    made: set[tuple[Ref, int]],
) -> Tasks:
    """Run the matching tasks of one process instance, but none that the call itself has made."""

    def choose(work: Work) -> list[Task]:
        found = _matching(cmd, work, moment.now)
        return [task for task in found if (work.ref, task.id) not in made][:limit]

    work, done, following = run_tasks(env, ref, moment, choose, made)
    follow_up(env, following, moment)
    if work is None:
        return []
    return [wire.task(task, work.instance, work.process, moment.now) for task in done]


def _still_due(cmd: c.ExecuteTasks, env: Environment, ref: Ref, now: Instant, limit: int) -> Tasks:
    """The tasks that could not be run, as they are stored; none if that cannot be read either."""
    (work,) = env.store.load_many([ref], skip_unreadable=True)
    if work is None:
        return []
    return [wire.task(task, work.instance, work.process, now) for task in _matching(cmd, work, now)[:limit]]


def _matching(cmd: c.ExecuteTasks, work: Work, now: Instant) -> list[Task]:
    instance = work.instance
    if not fits(cmd.process_id, work.process.id):
        return []
    if not fits(cmd.process_instance_id, instance.process_instance_id):
        return []
    return tasks.due_tasks(instance, now, _wanted(cmd, work))


def _wanted(cmd: c.ExecuteTasks, work: Work) -> Callable[[Task], bool]:
    number = None if cmd.id is None else work.instance.number(cmd.id)
    return lambda task: fits(cmd.type, task.type) and fits(number, task.id)

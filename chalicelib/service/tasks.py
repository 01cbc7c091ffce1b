"""Due tasks: executed when the executor or a caller asks."""

import heapq
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import tasks
from ..engine.moment import Moment
from ..engine.records import Instant, Task
from .due import follow_up, run_all, run_tasks
from .environment import Environment, Ref, Work
from .watch import Metric
from .work import fits, owners

Tasks = list[dict[str, Any]]

logger = logging.getLogger(__name__)


class _Agenda:
    """Process instances with something due, earliest first: as the store has it, and what has come since.

    Attributes:
        made: Tasks that were made meanwhile, by process instance and number.
    """

    def __init__(self, stored: Iterator[tuple[Instant, Ref]]) -> None:
        self._stored = stored
        self._next = next(stored, None)
        self._later: list[tuple[Instant, Ref]] = []
        self.made: set[tuple[Ref, int]] = set()

    def add(self, due_at: Instant, ref: Ref) -> None:
        """Something has become due while others were worked on."""
        heapq.heappush(self._later, (due_at, ref))

    def __iter__(self) -> Iterator[tuple[Instant, Ref]]:
        while self._next is not None or self._later:
            if self._next is None or (self._later and self._later[0] < self._next):
                yield heapq.heappop(self._later)
            else:
                found, self._next = self._next, next(self._stored, None)
                yield found


def execute_tasks(cmd: c.ExecuteTasks, env: Environment) -> dict[str, Any]:
    """Run due, matching tasks, by due time.

    In eager mode, what they make due in turn runs with them, and what is due because a clock was moved comes
    in its order; in deferred mode it waits for the next call.
    """
    moment = env.moment(env.engine_id)
    completed: Tasks = []
    failed: Tasks = []
    agenda = _Agenda(_candidates(cmd, env, moment.now))
    for due_at, ref in agenda:
        limit = cmd.limit - len(completed) - len(failed)
        if limit == 0:
            break
        try:
            completed += _execute(cmd, env, ref, moment, limit, agenda)
        except Exception:
            # One process instance that cannot be worked on must not keep the others waiting.
            logger.exception("tasks of %s were not executed", ref)
            env.watch.count(Metric.TASKS_FAILED)
            env.watch.measure(Metric.TASK_LATENESS, max(0, moment.now - due_at))
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


def _candidates(cmd: c.ExecuteTasks, env: Environment, now: Instant) -> Iterator[tuple[Instant, Ref]]:
    """Process instances that may have a matching task, each once, even if its due time changes."""
    named = cmd.id or cmd.process_instance_id
    if named is not None:
        yield from ((now, work.ref) for work in owners(env, cmd.partition, named))
        return
    seen: set[Ref] = set()
    for due_at, ref in env.store.due_tasks(now):
        if fits(cmd.partition, ref.partition) and ref not in seen:
            seen.add(ref)
            yield due_at, ref


def _execute(
    cmd: c.ExecuteTasks, env: Environment, ref: Ref, moment: Moment, limit: int, agenda: _Agenda
) -> Tasks:
    """Run matching tasks of one process instance, none that the call itself has made in deferred mode."""

    def choose(work: Work) -> list[Task]:
        matching = _matching(cmd, work, moment.now)
        if env.eager:
            # The earliest, before the next look: what they make due may come before the others.
            return [task for task in matching if task.due_at == matching[0].due_at][:limit]
        return [task for task in matching if (work.ref, task.id) not in agenda.made][:limit]

    ran = run_tasks(env, ref, moment, choose)
    follow_up(env, ran.following, moment)
    if not env.eager:
        # In deferred mode each of many has its task now; how that comes about is nobody's business.
        run_all(env, ran.for_many, moment)
    if ran.work is None:
        return []
    agenda.made.update(ran.left_due)
    if env.eager and ran.tasks:
        left = [(task.due_at, ref) for task in _matching(cmd, ran.work, moment.now)[:1]]
        for due_at, other in (*left, *ran.planned):
            if due_at <= moment.now:
                agenda.add(due_at, other)
    return [wire.task(task, ran.work.instance, ran.work.process, moment.now) for task in ran.tasks]


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

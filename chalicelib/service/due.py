"""Run due tasks of one process instance, and what they make due in others."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from ..engine import tasks
from ..engine.moment import Moment
from ..engine.records import Task
from ..engine.states import TaskType
from . import queue, upkeep
from .environment import Environment, Ref, Work
from .outside import Outside, Run
from .retry import until_through

logger = logging.getLogger(__name__)

MAX_FOLLOWING = 100
"""Other process instances that are worked on inside of a command; the rest is left to the executor."""

RUNS: Mapping[TaskType, Run] = {
    TaskType.DEQUEUE_PROCESS_INSTANCE: queue.dequeue,
    **{row.type: row.run for row in upkeep.ROWS},
}
"""The tasks whose work lies outside of the process instance that they lie in."""


def run_tasks(
    env: Environment, ref: Ref, moment: Moment, choose: Callable[[Work], list[Task]]
) -> tuple[Work | None, list[Task], list[Ref]]:
    """Run chosen tasks of a process instance and write it, again if it was overtaken.

    Returns:
        The process instance, the tasks that ran, and process instances that have a due task because of them.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline.
    """

    def attempt() -> tuple[Work | None, list[Task], list[Ref]]:
        with env.locks.hold(ref):
            (work,) = env.store.load_many([ref])
            chosen = _together(choose(work)) if work else []
            if work is None or not chosen:
                return work, [], []
            outside = Outside(env, work, moment)
            for task in chosen:
                tasks.execute(work.step(moment, partial(_run_outside, outside)), task)
            following = queue.commit(env, work, moment, outside.changes)
            return work, chosen, [*following, *outside.following]

    return until_through(env, "ExecuteTasks", attempt)


def _together(chosen: list[Task]) -> list[Task]:
    """Tasks for one write; one that reaches outside has a transaction for itself."""
    alone = next((at for at, task in enumerate(chosen) if task.type in RUNS), len(chosen))
    return chosen[: max(alone, 1)]


def _run_outside(outside: Outside, task: Task) -> str | None:
    return RUNS[task.type](outside, task)


def follow_up(env: Environment, refs: Iterable[Ref], moment: Moment) -> None:
    """In eager mode, run what a command has made due in other process instances, before its answer.

    The command itself is done: whatever fails here stays due, and the executor finds it.
    """
    pending = deque(refs)
    if not (env.eager and pending):
        return
    moment = replace(moment, actor=env.engine_id)

    def all_due(work: Work) -> list[Task]:
        return tasks.due_tasks(work.instance, moment.now, lambda task: True)

    for _ in range(MAX_FOLLOWING):
        if not pending:
            return
        ref = pending.popleft()
        try:
            _, _, following = run_tasks(env, ref, moment, all_due)
        except Exception:
            logger.exception("tasks of %s were not executed", ref)
            return
        pending.extend(following)

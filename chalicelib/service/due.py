"""Run due tasks of one process instance, and what they make due in others."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

from ..engine import tasks
from ..engine.moment import Moment
from ..engine.records import ENGINE, Instant, Task
from ..engine.states import TaskType
from ..engine.step import Step, reaches_outside
from . import many, queue, upkeep
from .answers import settle
from .desk import Desk, thought_through
from .environment import Environment, Ref, Work
from .outside import Outside, Run
from .retry import until_through
from .watch import Metric

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

Follow = Callable[[Environment, Iterable[Ref], Moment], None]

MAX_FOLLOWING = 100
"""Other process instances that are worked on inside of a command; the rest is left to the executor."""

FOLLOWING_MS = 5_000
"""Milliseconds that a command works on others. Source: engine-semantics 5."""

RUNS: Mapping[TaskType, Run] = {
    TaskType.DEQUEUE_PROCESS_INSTANCE: queue.dequeue,
    TaskType.TERMINATE_PROCESS_INSTANCE: many.end_some,
    TaskType.TRIGGER_EVENT: many.tell_some,
    **{row.type: row.run for row in upkeep.ROWS},
}
"""The tasks whose work lies outside of the process instance that they lie in."""


class Ran(NamedTuple):
    """What has come of running tasks.

    Attributes:
        work: The process instance; None if there is none.
        tasks: Those that ran.
        following: Process instances that have a due task because of them.
        planned: Start events that tick again because of them, and when.
        for_many: Where tasks of the engine are that do the same in many process instances.
        left_due: Tasks, by process instance and number, that became due meanwhile and were not run.
    """

    work: Work | None
    tasks: list[Task]
    following: list[Ref]
    planned: list[tuple[Instant, Ref]]
    for_many: list[Ref]
    left_due: set[tuple[Ref, int]]


def run_tasks(env: Environment, ref: Ref, moment: Moment, choose: Callable[[Work], list[Task]]) -> Ran:
    """Run chosen tasks of a process instance and write it, again if it was overtaken.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline.
    """

    def attempt(with_callers: bool) -> Ran:
        with env.locks.hold(ref):
            (work,) = env.store.load_many([ref])
            chosen = _together(choose(work)) if work else []
            if work is None or not chosen:
                return Ran(work, [], [], [], [], set())
            desk, outside = Desk(env, moment, with_callers=with_callers), Outside(env, work, moment)
            step = desk.take(work)
            step.run_outside = partial(_run_outside, outside)
            for task in chosen:
                _run(desk, work, step, task)
            for change in outside.changes:
                desk.add(change)
            following = [*desk.commit(), *outside.following]
            return Ran(work, chosen, following, desk.planned, desk.for_many, desk.left_due())

    return until_through(env, "ExecuteTasks", lambda: thought_through(attempt))


def _run(desk: Desk, work: Work, step: Step, task: Task) -> None:
    """Run one task; that of a start event may make a process instance of what was only planned."""
    if work.instance.is_planned and task.type is TaskType.TRIGGER_EVENT and work.process is not ENGINE:
        latest = desk.env.store.latest(work.process.bpmn_process_id)
        step.may_start = latest is not None and latest.id == work.process.id
        desk.begin_planned(work, step, lambda: tasks.execute(step, task))
    else:
        tasks.execute(step, task)
    settle(desk)


def _together(chosen: list[Task]) -> list[Task]:
    """Tasks for one write; one that reaches outside has a transaction for itself."""
    alone = next((at for at, task in enumerate(chosen) if reaches_outside(task)), len(chosen))
    return chosen[: max(alone, 1)]


def _run_outside(outside: Outside, task: Task) -> str | None:
    return RUNS[task.type](outside, task)


def run_all(env: Environment, refs: Iterable[Ref], moment: Moment) -> None:
    """Run what a command has left to tasks of the engine itself, to the end, before its answer.

    The command itself is done: whatever fails here stays due.
    """
    pending = deque(refs)
    while pending:
        pending.extend(_run_due(env, pending.popleft(), moment))


def _run_due(env: Environment, ref: Ref, moment: Moment) -> list[Ref]:
    """Run what is due in a process instance; answers where something is due because of that."""
    try:
        return run_tasks(env, ref, moment, partial(_all_due, moment)).following
    except Exception:
        logger.exception("tasks of %s were not executed", ref)
        env.watch.count(Metric.TASKS_FAILED)
        return []


def _all_due(moment: Moment, work: Work) -> list[Task]:
    return tasks.due_tasks(work.instance, moment.now, lambda task: True)


def carried_out(
    env: Environment,
    moment: Moment,
    think: Callable[[Desk], Answer],
    follow: Follow | None = None,
    check: Callable[[Desk], None] = lambda desk: None,
) -> Answer:
    """Let a command think at a desk, write it all, and run what it has made due in other instances.

    Args:
        env: The environment.
        moment: The instant of the command, and who sends it.
        think: Takes what it needs to the desk; may be asked twice, each time with a fresh desk.
        follow: How the others are run; `follow_up` if it is not said.
        check: Raises if what was thought is not to be written.

    Raises:
        Overtaken: Somebody else wrote meanwhile what was taken.
    """

    def attempt(with_callers: bool) -> tuple[Answer, list[Ref]]:
        desk = Desk(env, moment, with_callers=with_callers)
        answer = think(desk)
        settle(desk)
        check(desk)
        return answer, desk.commit()

    answer, following = thought_through(attempt)
    (follow or follow_up)(env, following, moment)
    return answer


def follow_up(env: Environment, refs: Iterable[Ref], moment: Moment) -> None:
    """In eager mode, run what a command has made due in other process instances, before its answer.

    The command itself is done: whatever fails here stays due, and the executor finds it.
    """
    pending = deque(refs)
    if not (env.eager and pending):
        return
    moment = replace(moment, actor=env.engine_id)
    deadline = env.wall_clock() + FOLLOWING_MS
    for _ in range(MAX_FOLLOWING):
        if not pending or env.wall_clock() > deadline:
            return
        pending.extend(_run_due(env, pending.popleft(), moment))

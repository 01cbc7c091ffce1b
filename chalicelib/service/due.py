"""Run due tasks of one process instance, and what they make due in others."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from ..engine import tasks
from ..engine.moment import Moment
from ..engine.records import Task
from ..engine.step import Step
from .desk import Desk, thought_through
from .environment import Environment, Ref, Work
from .retry import until_through

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

MAX_FOLLOWING = 100
"""Other process instances that are worked on inside of a command; the rest is left to the executor."""


def run_tasks(
    env: Environment,
    ref: Ref,
    moment: Moment,
    choose: Callable[[Work], list[Task]],
    left_due: set[tuple[Ref, int]] | None = None,
) -> tuple[Work | None, list[Task], list[Ref]]:
    """Run chosen tasks of a process instance and write it, again if it was overtaken.

    Args:
        env: The environment.
        ref: Which process instance.
        moment: When, and by whom.
        choose: Chooses the tasks.
        left_due: Here the tasks are noted that became due meanwhile and were not run.

    Returns:
        The process instance, the tasks that ran, and process instances that have a due task because of them.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline.
    """

    def attempt(with_callers: bool) -> tuple[Work | None, list[Task], list[Ref]]:
        with env.locks.hold(ref):
            (work,) = env.store.load_many([ref])
            chosen = choose(work) if work else []
            if work is None or not chosen:
                return work, [], []
            desk = Desk(env, moment, with_callers=with_callers)
            step = desk.take(work)
            for task in chosen:
                _run(desk, work, step, task)
            following = desk.commit()
            if left_due is not None:
                left_due.update(desk.left_due())
            return work, chosen, following

    return until_through(env, "ExecuteTasks", lambda: thought_through(attempt))


def _run(desk: Desk, work: Work, step: Step, task: Task) -> None:
    """Run one task; that of a start event may make a process instance of what was only planned."""
    if work.instance.is_planned:
        latest = desk.env.store.latest(work.process.bpmn_process_id)
        step.may_start = latest is not None and latest.id == work.process.id
        desk.begin_planned(work, step, lambda: tasks.execute(step, task))
    else:
        tasks.execute(step, task)
    desk.settle()


def carried_out(env: Environment, moment: Moment, think: Callable[[Desk], Answer]) -> Answer:
    """Let a command think at a desk, write it all, and run what it has made due in other instances.

    Args:
        env: The environment.
        moment: The instant of the command, and who sends it.
        think: Takes what it needs to the desk; may be asked twice, each time with a fresh desk.

    Raises:
        Overtaken: Somebody else wrote meanwhile what was taken.
    """

    def attempt(with_callers: bool) -> tuple[Answer, list[Ref]]:
        desk = Desk(env, moment, with_callers=with_callers)
        answer = think(desk)
        desk.settle()
        return answer, desk.commit()

    answer, following = thought_through(attempt)
    follow_up(env, following, moment)
    return answer


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

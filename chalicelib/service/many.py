"""What one command sets off in many other process instances, by tasks of the engine itself.

The tasks are written in one transaction with the command, so that nobody is forgotten, whatever breaks off.
Doing something twice is harmless: a process instance knows whether it still waits, and whether it has ended.
Only what begins does not know; it is written with the task.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..engine import signals
from ..engine.moment import Moment
from ..engine.records import Task
from ..engine.states import TaskType
from .answers import settle
from .desk import Desk, called_later, thought_through
from .environment import Environment
from .outside import Outside
from .planned import plan
from .retry import until_through

Other = TypeVar("Other")

AT_A_TIME = 50
"""Process instances that one task works on; the others are left to the next one."""


def tell_some(outside: Outside, task: Task) -> None:
    """A signal that many wait for: their subscriptions are taken already, each is told now."""
    variables, subscribers, starts = signals.read_remaining(task.serialized)
    rest = _each(outside, task, subscribers, lambda desk, subscriber: desk.tell([subscriber], variables))
    for start in starts[:AT_A_TIME]:
        _trigger(outside, task, *start, variables)
    starts = starts[AT_A_TIME:]
    _leave(outside, task, signals.remaining(variables, rest, starts) if rest or starts else None)


def _trigger(outside: Outside, task: Task, process_id: int, element: int, variables: signals.Rows) -> None:
    """A task for a start event, written in one transaction with the task that makes it: it comes once."""
    process = outside.env.store.process(process_id)
    assert process is not None, "a process is never removed"
    moment = replace(outside.moment, actor=task.created_by)
    work = plan(outside.env, process, moment)
    content = signals.content(variables)
    work.step(moment).add_task(TaskType.TRIGGER_EVENT, element=element, serialized=content)
    outside.changes.append(work)
    if outside.env.eager:
        outside.following.append(work.ref)


def end_some(outside: Outside, task: Task) -> None:
    """An activity has ended that has called many process instances: each of them ends now."""
    called: list[tuple[str, int]] = [(partition, id) for partition, id in json.loads(task.serialized or "[]")]
    rest = _each(outside, task, called, lambda desk, other: desk.end_called(*other))
    _leave(outside, task, called_later(rest) if rest else None)


def _each(
    outside: Outside, task: Task, others: Sequence[Other], act: Callable[[Desk, Other], None]
) -> Sequence[Other]:
    """Do something to some process instances, each in a write of its own; answers which are left.

    In the name of who made the task, whoever runs it: the command itself, or the sweep after it broke off.
    """
    moment = replace(outside.moment, actor=task.created_by)
    for other in others[:AT_A_TIME]:
        _write(outside.env, moment, other, act)
    return others[AT_A_TIME:]


def _write(env: Environment, moment: Moment, other: Other, act: Callable[[Desk, Other], None]) -> None:
    def attempt(with_callers: bool) -> None:
        desk = Desk(env, moment, with_callers=with_callers)
        act(desk, other)
        settle(desk)
        desk.commit()

    until_through(env, "ExecuteTasks", lambda: thought_through(attempt))


def _leave(outside: Outside, task: Task, content: str | None) -> None:
    """A task for those that are left, which runs at once; what this one was told is not kept."""
    task.serialized = None
    if content is not None:
        moment = replace(outside.moment, actor=task.created_by)
        outside.work.step(moment).add_task(TaskType(task.type), serialized=content)
        outside.following.append(outside.work.ref)

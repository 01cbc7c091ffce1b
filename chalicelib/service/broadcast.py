"""A signal that many wait for: their subscriptions are taken at once, and tasks tell one after the other.

The tasks are written in one transaction with the subscriptions that they take, so that nobody is forgotten,
whatever breaks off; and the process instance knows whether it still waits, so that nobody is told twice.
"""

from ..engine import signals
from ..engine.messages import Subscriber
from ..engine.moment import Moment
from ..engine.records import Task
from ..engine.signals import Rows
from ..engine.states import TaskType
from .desk import Desk, thought_through
from .environment import Environment
from .outside import Outside
from .retry import until_through

AT_A_TIME = 50
"""Subscribers that one task tells; the others are left to the next one."""


def tell_some(outside: Outside, task: Task) -> None:
    """Tell some subscribers, each in a write of its own, and make a task for the others."""
    variables, subscribers = signals.read_remaining(task.serialized)
    for subscriber in subscribers[:AT_A_TIME]:
        _tell(outside.env, outside.moment, subscriber, variables)
    task.serialized = None
    if rest := subscribers[AT_A_TIME:]:
        step = outside.work.step(outside.moment)
        step.add_task(TaskType.TRIGGER_EVENT, serialized=signals.remaining(variables, rest))
        outside.following.append(outside.work.ref)


def _tell(env: Environment, moment: Moment, subscriber: Subscriber, variables: Rows) -> None:
    def attempt(with_callers: bool) -> None:
        ref = env.store.first_ref(subscriber.partition, subscriber.process_instance_id)
        with env.locks.hold(ref):
            desk = Desk(env, moment, with_callers=with_callers)
            desk.tell([subscriber], variables)
            desk.settle()
            desk.commit()

    until_through(env, "SendSignal", lambda: thought_through(attempt))

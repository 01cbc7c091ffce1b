"""What a step asks of the world outside of its process instance, and how it is answered: one row per ask."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..bpmn.types import ElementType
from ..engine import asks, lifecycle, messages
from ..engine.asks import Ask
from ..engine.behaviors.containers import CallActivity
from ..engine.errors import ProcessModelError
from ..engine.evaluation import EvaluationFailed
from ..engine.instance import ProcessInstance
from ..engine.leaving import Phase, stop
from ..engine.loop import run
from ..engine.messages import Subscriber
from ..engine.records import DeployedProcess, Subscription
from ..engine.states import InstanceState, JobType
from ..engine.step import Step
from .desk import Desk
from .staffing import staff

SUBSCRIPTIONS = "SUBSCRIPTIONS"
"""Name of the counter of subscriptions."""


def settle(desk: Desk) -> None:
    """Carry out what the steps at a desk ask for, until none of them asks any more.

    What crosses a call activity is a task in another process instance; in eager mode it is run as well.
    """
    while step := desk.next_asking():
        if step.asks:
            ask = step.asks.popleft()
            desk.actor = step.actor
            ANSWERS[type(ask)](desk, step, ask)
        run(step)


def _subscribe(desk: Desk, step: Step, ask: asks.Subscribe) -> None:
    if ask.token.ended_at is None and not desk.leaves_to_later(step, ask.token):
        slot = desk.message_slot(ask.name, ask.correlation_key)
        messages.subscribe(step, ask.token, slot, lambda: desk.env.store.next_id(SUBSCRIPTIONS))


def _subscribe_signal(desk: Desk, step: Step, ask: asks.SubscribeSignal) -> None:
    if ask.token.ended_at is not None:
        return
    id = desk.env.store.next_id(SUBSCRIPTIONS)
    step.instance.subscriptions[ask.token.id] = Subscription(
        id, ask.token.id, ask.token.element, ask.name, step.now, step.actor
    )
    subscriber = Subscriber(id, step.instance.partition, step.instance.id)
    desk.signal_slot(ask.name, id).subscribers.append(subscriber)
    step.arm(ask.token)


def _unsubscribe(desk: Desk, step: Step, ask: asks.Unsubscribe) -> None:
    """Take it out of its slot; of very many, some stay: who waits no more is passed over by a message."""
    subscription = ask.subscription
    if not desk.has_room:
        return
    if subscription.correlation_key is not None:
        desk.message_slot(subscription.name, subscription.correlation_key).remove_subscriber(subscription.id)
        return
    slot = desk.holding_slot(subscription.name, subscription.id)
    if slot is not None:
        slot.subscribers = [subscriber for subscriber in slot.subscribers if subscriber.id != subscription.id]


def _finish_message(desk: Desk, step: Step, ask: asks.FinishMessage) -> None:
    desk.message_slot(ask.name, ask.correlation_key).finish(ask.id, step.now)


def _broadcast(desk: Desk, step: Step, ask: asks.Broadcast) -> None:
    desk.send_signal(ask.name, [])


def _call(desk: Desk, step: Step, ask: asks.Call) -> None:
    called, process = ask.called, ask.called.process
    assert process is not None, "a call without process is refused before"
    desk.env.store.cover_ids(step.instance)
    is_held = step.instance.state is InstanceState.SUSPENDED

    child = desk.new_instance(
        process,
        step.instance.partition,
        called.variables,
        lifecycle.hold if is_held else lifecycle.start,
        correlation_key=called.correlation_key,
        tags=dict(called.tags),
        parent_id=step.instance.id,
        root_id=step.instance.root_id or step.instance.id,
        called_by=step.instance.public_id(ask.token.id),
        last_person=_person_for(process, step.instance, desk.actor),
        # Nobody outside has acted since: processes that call each other for ever are stopped as a loop is.
        visits=step.instance.visits,
    )
    ask.token.called_id = child.instance.id


def _person_for(process: DeployedProcess, caller: ProcessInstance, actor: str) -> str | None:
    """Who acted last as a person, for a called process that may ask; None where that is who creates it."""
    asks_people = caller.last_person is not None or any(process.model.of_type(ElementType.USER_TASK))
    return caller.person if asks_people and caller.person != actor else None


def _find(desk: Desk, step: Step, ask: asks.Find) -> None:
    """Call what the model says."""
    if ask.token.ended_at is not None or desk.leaves_to_later(step, ask.token):
        return
    called, store = ask.called, desk.env.store
    version = called.version or (desk.work(step).process.version if ask.has_own_version else None)
    id = called.bpmn_process_id
    problem: str | None
    try:
        found = store.find_process(id, version) if version else store.latest(id)
    except ProcessModelError as refusal:
        problem = refusal.detail
    else:
        problem = CallActivity.call(step, ask.token, replace(called, version=version, process=found))
    if problem is not None:
        stop(step, ask.token, Phase.ENTER, EvaluationFailed(problem, JobType.CALL_PROCESS))


def _take_back(desk: Desk, step: Step, ask: asks.TakeBack) -> None:
    called = desk.step(step.instance.partition, ask.token.called_id or 0)
    assert called is not None, "a called process instance is kept as long as its caller lives"
    CallActivity.take_back(step, ask.token, called)


def _staff(desk: Desk, step: Step, ask: asks.Staff) -> None:
    user_task = step.instance.user_tasks.get(ask.id)
    if user_task is not None:
        staff(desk, step, user_task, ask.people)


def _end_called(desk: Desk, step: Step, ask: asks.EndCalled) -> None:
    desk.end_called(step.instance.partition, ask.id)


def _return_to_caller(desk: Desk, step: Step, ask: asks.ReturnToCaller) -> None:
    caller = desk.step(step.instance.partition, step.instance.called_by or 0)
    if caller is None:
        return
    number = caller.instance.number(step.instance.called_by or 0)
    token = caller.instance.element_instances.get(number or 0)
    if token is not None:
        desk.keep(caller)
        if step.instance.counters.user_tasks:
            caller.instance.acted(step.instance.person)
        CallActivity.take_back(caller, token, step)
        run(caller)


def _start_later(desk: Desk, step: Step, ask: asks.StartLater) -> None:
    # Not here, although it may be due already: after a moved clock, all that is due comes in order.
    process = desk.work(step).process
    planned = desk.plan(process, ask.element, due_at=ask.due_at, content=ask.content, runs=False)
    desk.planned.append((ask.due_at, desk.work(planned).ref))


ANSWERS: Mapping[type[Ask], Callable[..., None]] = {
    asks.Subscribe: _subscribe,
    asks.SubscribeSignal: _subscribe_signal,
    asks.Unsubscribe: _unsubscribe,
    asks.FinishMessage: _finish_message,
    asks.Broadcast: _broadcast,
    asks.Call: _call,
    asks.Find: _find,
    asks.TakeBack: _take_back,
    asks.Staff: _staff,
    asks.EndCalled: _end_called,
    asks.ReturnToCaller: _return_to_caller,
    asks.StartLater: _start_later,
}

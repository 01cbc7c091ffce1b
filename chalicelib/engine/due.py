"""What each due task does. A new one is a function here and a row in `DUE_TASKS`.

A function answers None when the task is done, or the reason why it failed.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..bpmn.model import Timer
from ..bpmn.timing import CycleEnd, first_due, next_due
from ..bpmn.types import ElementType, Trigger
from .asks import FinishMessage, StartLater
from .behaviors import BEHAVIORS
from .behaviors.containers import ProcessScope
from .behaviors.gateways import MERGED, ParallelGateway
from .records import ElementInstance, Instant, NewVariable, Task
from .states import InstanceState, TaskType, WorkState
from .step import OUTSIDE, Step, reaches_outside
from .variables import set_variables


def execute(step: Step, task: Task) -> None:
    """Run a task and record how it ended; `loop.run` then moves the tokens.

    From here on the engine is the actor: what the tokens create next is the task's doing. A task whose target
    has ended is CANCELED.
    """
    lock(step, task)
    step.actor = step.moment.engine_id
    is_void = _is_void(step, task)
    failure = None if is_void else DUE_TASKS[task.type](step, task)
    if failure is not None:
        fail(step, task, failure, retries=step.moment.task_retries)
        return
    if task.type is TaskType.TRIGGER_EVENT:
        _finish_message(step, task)
    task.state = WorkState.CANCELED if is_void else WorkState.DONE
    task.completed_at = step.now
    step.instance.ended.append(step.instance.tasks.pop(task.id))


def lock(step: Step, task: Task) -> None:
    """The engine takes a task, for as long as the step lasts."""
    task.locked_at = step.now
    task.locked_by = step.moment.engine_id


def fail(step: Step, task: Task, reason: str, *, retries: int) -> None:
    """Record a failure: a fresh task while there are retries, then an incident."""
    task.error = reason
    task.completed_at = step.now
    if task.retry_count < retries:
        task.state = WorkState.CAUSED_RETRY
        again(step, task, due_at=step.now, retry_count=task.retry_count + 1)
        step.instance.ended.append(step.instance.tasks.pop(task.id))
    else:
        task.state = WorkState.CAUSED_INCIDENT
        step.add_incident(task=task)


def again(step: Step, task: Task, *, due_at: Instant, retry_count: int) -> Task:
    """A fresh task with the same purpose."""
    token = step.instance.element_instances.get(task.element_instance_id or 0)
    return step.add_task(
        task.type,
        token,
        element=task.element,
        due_at=due_at,
        retry_count=retry_count,
        serialized=task.serialized,
    )


def _is_void(step: Step, task: Task) -> bool:
    """Whether the target of a task has ended; that of a token that a join has merged has not, it went on."""
    if task.serialized == MERGED:
        return False
    if task.element_instance_id is not None:
        return _target(step, task) is None
    return step.instance.is_ended


def _target(step: Step, task: Task) -> ElementInstance | None:
    """The token that a task is about; of a boundary event that has fired since, the one that listens now."""
    tokens = step.instance.element_instances
    token = tokens.get(task.element_instance_id or 0)
    if token is not None:
        return token
    attached_to = _content(task).get("attachedTo", 0)
    same = (t for t in tokens.values() if (t.host_id, t.element) == (attached_to, task.element))
    return next(same, None)


# What tasks do


def _join_parallel_gateway(step: Step, task: Task) -> str | None:
    token = step.instance.element_instances.get(task.element_instance_id or 0)
    if token is not None:
        element = step.process.elements[token.element]
        assert element.type is ElementType.PARALLEL_GATEWAY
        ParallelGateway.join(step, element, token)
    return None


def _start_process_instance(step: Step, task: Task) -> str | None:
    """Let a queued instance begin, or the tokens go on that a stopped step has left behind."""
    if step.instance.state is InstanceState.QUEUED:
        queued = list(step.instance.element_instances.values())
        ProcessScope.begin(step, queued[0])
        for token in queued[1:]:
            step.make_ready(token)
    step.go_on(_content(task).get("elementInstances", ()))
    return None


def _terminate_process_instance(step: Step, task: Task) -> str | None:
    """Its call activity has ended."""
    if reaches_outside(task):
        return _outside(step, task)
    step.terminate_instance()
    return None


def _trigger_event(step: Step, task: Task) -> str | None:
    """An event occurs: at a token that waits for it or throws it, or at a start event."""
    if reaches_outside(task):
        return _outside(step, task)
    if task.element_instance_id is None:
        return _start(step, task)
    set_variables(step, _variables(task))
    token = _target(step, task)
    assert token is not None, "a task without target is not run"
    element = step.process.elements[token.element]
    behavior = BEHAVIORS[element.type]
    for other in behavior.trigger(step, element, token, task):
        if step.moment.eager:
            step.due.remove(other)
            execute(step, other)
    if token.ended_at is None and not token.stopped:
        behavior.go_on(step, element, token)
    return None


def _start(step: Step, task: Task) -> str | None:
    """A start event makes a process instance, unless a newer version has taken its place."""
    element = step.process.elements[task.element or 0]
    if not step.may_start:
        return None
    content = _content(task)
    if element.trigger is Trigger.MESSAGE and content.get("lasts"):
        # It lasts as long as the process instance, so that its unique key makes a singleton.
        name, correlation_key, id = content.pop("message")
        step.instance.message = (name, correlation_key, id)
        step.instance.correlation_key = correlation_key
        task.serialized = json.dumps(content)
    set_variables(step, _variables(task))
    ProcessScope.begin_at(step, element)
    if element.trigger is Trigger.TIMER:
        _tick_again(step, task, content.get("timer"))
    return None


def _tick_again(step: Step, task: Task, remaining: str | None) -> None:
    element = step.process.elements[task.element or 0]
    defined = element.event.timer if element.event else None
    timer = Timer.of(remaining) if remaining else defined
    assert timer is not None, "deployment refuses a timer start event without timer"
    if timer.fires_once and timer.cycle is None:
        return
    try:
        following, _ = next_due(timer, task.due_at, step.now)
        due_at = Instant(first_due(following, task.due_at))
    except CycleEnd:
        return
    content = json.dumps({"timer": following.cycle or following.duration})
    step.asks.append(StartLater(element.number, due_at, content))


def _finish_message(step: Step, task: Task) -> None:
    """The message that a task was made for has done its work; its variables are no longer kept here."""
    content = _content(task)
    if "message" in content:
        step.asks.append(FinishMessage(*content["message"]))
    if "variables" in content:
        task.serialized = None


def _variables(task: Task) -> list[NewVariable]:
    """The variables of the message or signal."""
    return [NewVariable(*row) for row in _content(task).get("variables", ())]


def _content(task: Task) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(task.serialized or "{}")
    return content


def _outside(step: Step, task: Task) -> str | None:
    assert step.run_outside is not None, f"nobody runs a task of type {task.type} here"
    return step.run_outside(task)


DUE_TASKS: Mapping[TaskType, Callable[[Step, Task], str | None]] = {
    TaskType.JOIN_PARALLEL_GATEWAY: _join_parallel_gateway,
    TaskType.START_PROCESS_INSTANCE: _start_process_instance,
    TaskType.TERMINATE_PROCESS_INSTANCE: _terminate_process_instance,
    TaskType.TRIGGER_EVENT: _trigger_event,
    **dict.fromkeys(OUTSIDE, _outside),
}

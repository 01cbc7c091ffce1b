"""What each due task does. A new one is a function here and a row in `DUE_TASKS`.

A function answers None when the task is done, or the reason why it failed.
"""

import json
from collections.abc import Callable, Mapping

from ..bpmn.types import ElementType
from .behaviors.containers import ProcessScope
from .behaviors.gateways import ParallelGateway
from .records import Instant, Task
from .states import InstanceState, TaskType, WorkState
from .step import OUTSIDE, Step


def execute(step: Step, task: Task) -> None:
    """Run a task and record how it ended; `loop.run` then moves the tokens.

    From here on the engine is the actor: what the tokens create next is the task's doing.
    """
    task.locked_at = step.now
    task.locked_by = step.moment.engine_id
    step.actor = step.moment.engine_id
    failure = DUE_TASKS[task.type](step, task)
    if failure is None:
        task.state = WorkState.DONE
        task.completed_at = step.now
        step.instance.ended.append(step.instance.tasks.pop(task.id))
    else:
        fail(step, task, failure, retries=step.moment.task_retries)


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
    step.open_again(json.loads(task.serialized or "{}").get("elementInstances", ()))
    return None


def _outside(step: Step, task: Task) -> str | None:
    assert step.run_outside is not None, f"nobody runs a task of type {task.type} here"
    return step.run_outside(task)


DUE_TASKS: Mapping[TaskType, Callable[[Step, Task], str | None]] = {
    TaskType.JOIN_PARALLEL_GATEWAY: _join_parallel_gateway,
    TaskType.START_PROCESS_INSTANCE: _start_process_instance,
    **dict.fromkeys(OUTSIDE, _outside),
}

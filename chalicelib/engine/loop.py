"""The loop: take a ready token, look up its behavior, until every token waits or has ended."""

import json

from . import due, joins, leaving
from .behaviors import BEHAVIORS
from .evaluation import EvaluationFailed
from .mappings import map_inputs
from .records import ElementInstance
from .states import InstanceState, TaskType
from .step import Step


def run(step: Step) -> None:
    """Move every ready token to its next wait state; in eager mode, run the tasks that become due."""
    _move_tokens(step)
    # What the step has asked for may change what the next task finds; whoever answers runs it again.
    while step.has_due_task and not step.asks:
        step.tasks_run += 1
        due.execute(step, step.due.popleft())
        _move_tokens(step)


def _move_tokens(step: Step) -> None:
    while step.ready or joins.fire(step):
        token = step.ready.popleft()
        # It may have ended since, or be entered already: an activity is made ready by each of its events.
        if token.state is not InstanceState.CREATED or step.is_held(token):
            continue
        if step.instance.visits >= step.moment.max_visits:
            _stop(step, token)
            return
        step.instance.visits += 1
        _enter(step, token)


def _enter(step: Step, token: ElementInstance) -> None:
    element = step.process.elements[token.element]
    try:
        map_inputs(step, element, token)
        BEHAVIORS[element.type].enter(step, element, token)
    except EvaluationFailed as failed:
        leaving.stop(step, token, leaving.Phase.ENTER, failed)


def _stop(step: Step, first: ElementInstance) -> None:
    """Leave the tokens where they stand; once the incident is resolved, a fresh task moves them on."""
    waiting = dict.fromkeys(
        token.id for token in (first, *step.ready) if token.state is InstanceState.CREATED
    )
    step.ready.clear()
    before = step.process.elements[first.element]
    content = json.dumps({"elementInstances": list(waiting)})
    task = step.add_task(TaskType.START_PROCESS_INSTANCE, serialized=content)
    step.due.remove(task)
    due.lock(step, task)
    due.fail(
        step,
        task,
        f"stopped after {step.moment.max_visits} elements without a wait state, before "
        f"{before.bpmn_element_id}",
        retries=0,
    )

"""The loop: take a ready token, look up its behavior, until every token waits or has ended."""

import json

from . import due, joins
from .behaviors import BEHAVIORS
from .states import InstanceState, TaskType
from .step import MAX_VISITS, Step


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
        if step.instance.visits >= MAX_VISITS:
            _stop(step)
            return
        token = step.ready.popleft()
        # It may have ended since, or be entered already: an activity is made ready by each of its events.
        if token.state is not InstanceState.CREATED or step.is_held(token):
            continue
        step.instance.visits += 1
        element = step.process.elements[token.element]
        BEHAVIORS[element.type].enter(step, element, token)


def _stop(step: Step) -> None:
    """Leave the tokens where they stand; once the incident is resolved, a fresh task moves them on."""
    tokens = list(step.ready)
    step.ready.clear()
    first = step.process.elements[tokens[0].element]
    task = step.add_task(
        TaskType.START_PROCESS_INSTANCE,
        serialized=json.dumps({"elementInstances": [token.id for token in tokens]}),
    )
    step.due.remove(task)
    due.fail(
        step,
        task,
        f"stopped after {MAX_VISITS} elements without a wait state, before {first.bpmn_element_id}",
        retries=0,
    )

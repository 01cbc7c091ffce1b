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
        if token.state is not InstanceState.CREATED or token.stopped or _has_to_wait(step, token):
            continue
        if step.instance.visits >= step.moment.max_visits:
            _stop(step, token)
            return
        step.instance.visits += 1
        _enter(step, token)


def _has_to_wait(step: Step, token: ElementInstance) -> bool:
    """Whether a token waits for another: an activity for its boundary events, these for its inputs."""
    activity = step.activity_of(token)
    if activity is not None and activity.stopped and step.lacks_inputs(activity):
        return True
    return step.is_held(token)


def _enter(step: Step, token: ElementInstance) -> None:
    """Enter; the inputs of an activity are made before its boundary events listen, since these see them."""
    element = step.process.elements[token.element]
    failing = token
    try:
        for failing in filter(None, (step.activity_of(token), token)):
            map_inputs(step, step.process.elements[failing.element], failing)
        BEHAVIORS[element.type].enter(step, element, token)
    except EvaluationFailed as failed:
        leaving.stop(step, failing, leaving.Phase.ENTER, failed)


def _stop(step: Step, first: ElementInstance) -> None:
    """Leave the tokens where they stand; once the incident is resolved, a fresh task moves them on."""
    waiting = {
        token.id: token
        for token in (first, *step.ready)
        if token.state is InstanceState.CREATED and not token.stopped
    }
    for token in waiting.values():
        token.stopped = leaving.Phase.ENTER
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

"""How a token leaves an element whose work is done, and how it stops where the model has no answer.

Source: BPMN 2.0.2, 13.3.1 (sequence flow), 13.4.2 and 13.4.3 (exclusive and inclusive gateway).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from ..bpmn.model import Element, SequenceFlow
from ..bpmn.types import ElementType
from .asks import TakeBack
from .evaluation import EvaluationFailed
from .mappings import forget_inputs, map_outputs
from .records import ElementInstance, Instant
from .states import InstanceState, JobType, TaskType

if TYPE_CHECKING:
    from .step import Step


LONGEST = 2000
"""Characters of what an incident says."""


class Phase(StrEnum):
    """What the engine was about to do with a token when it stopped: nothing of it has been done."""

    ENTER = "enter"
    TAKE_BACK = "take back"
    LEAVE = "leave"
    CHOOSE = "choose"


def finish(step: "Step", token: ElementInstance) -> None:
    """The work is done: map the outputs, and let a token go down each flow that is to be taken.

    Where the model has no answer, the token stays, with an incident.
    """
    try:
        map_outputs(step, step.process.elements[token.element], token)
    except EvaluationFailed as failed:
        stop(step, token, Phase.LEAVE, failed)
    else:
        _take_flows(step, token)


def _take_flows(step: "Step", token: ElementInstance) -> None:
    try:
        flows = chosen(step, step.process.elements[token.element], token)
    except EvaluationFailed as failed:
        stop(step, token, Phase.CHOOSE, failed)
    else:
        step.leave(token, flows)


def chosen(step: "Step", element: Element, token: ElementInstance) -> Sequence[SequenceFlow]:
    """The flows to be taken: all, unless one has a condition.

    An exclusive gateway takes the first one whose condition is true, or the one without condition. Everything
    else takes those without condition, and each whose condition is true. Where no condition is true, the
    default flow is taken.

    Raises:
        EvaluationFailed: None is left.
    """
    flows = step.process.outgoing(element)
    if all(flow.condition is None for flow in flows):
        return flows
    is_exclusive = element.type is ElementType.EXCLUSIVE_GATEWAY
    asks = JobType.EVALUATE_EXCLUSIVE_GATEWAY if is_exclusive else JobType.EVALUATE_INCLUSIVE_GATEWAY
    evaluator = step.evaluator(token, asks)
    reasons: list[str] = []
    true = []
    for flow in flows:
        if flow.condition is None:
            continue
        if evaluator.holds(flow):
            true.append(flow)
            if is_exclusive:
                return true
        else:
            reasons.append(evaluator.explained(flow.condition))
    default = [flow for flow in flows if flow.bpmn_element_id == element.default_flow]
    always = [flow for flow in flows if flow.condition is None and flow not in default]
    taken = [*true, *always] if true else [*always, *default]
    if not taken:
        fact = f"no condition on a sequence flow of {element.bpmn_element_id} is true"
        raise EvaluationFailed(f"{fact}, and it has no default: {', '.join(reasons)}", asks)
    return sorted(taken, key=lambda flow: flow.number)


def stop(step: "Step", token: ElementInstance, phase: Phase, failed: EvaluationFailed) -> None:
    """Leave a token where it is, with an incident; the question is recorded as a job of the engine.

    Nothing moves it until the incident is resolved.
    """
    if phase is not Phase.ENTER and token.started_at is None:
        step.start(token)
    token.stopped = phase
    reason = failed.reason
    job = step.add_own_job(token, failed.asks, reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}...")
    step.add_incident(job=job)


def resolve(step: "Step", token: ElementInstance, due_at: Instant) -> None:
    """The incident of a token that is stopped is resolved: it goes on, now or later."""
    if due_at <= step.now:
        go_on(step, token)
        return
    content = json.dumps({"elementInstances": [token.id]})
    step.add_task(TaskType.START_PROCESS_INSTANCE, token, due_at=due_at, serialized=content)


def go_on(step: "Step", token: ElementInstance) -> None:
    """Do what the engine was about to do when the token stopped."""
    assert token.stopped is not None, "only who has stopped goes on"
    phase = Phase(token.stopped)
    token.stopped = None
    _NEXT[phase](step, token)


def _enter(step: "Step", token: ElementInstance) -> None:
    """Enter it as if it had just come, with inputs that are made of what there is now.

    Before an activity whose inputs were not made, its boundary events do not listen either. A boundary event
    that comes back has the inputs of its activity made again, as long as that has not begun.
    """
    activity = step.activity_of(token)
    if step.lacks_inputs(token):
        for event in step.hosted(token):
            step.make_ready(event)
    elif activity is not None and activity.state is InstanceState.CREATED and not activity.stopped:
        forget_inputs(step, activity)
    forget_inputs(step, token)
    step.make_ready(token)


_NEXT: Mapping[Phase, Callable[["Step", ElementInstance], None]] = {
    Phase.ENTER: _enter,
    Phase.TAKE_BACK: lambda step, token: step.asks.append(TakeBack(token)),
    Phase.LEAVE: finish,
    Phase.CHOOSE: _take_flows,
}

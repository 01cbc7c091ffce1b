"""How a token leaves an element whose work is done, and what happens where the model has no answer.

Source: BPMN 2.0.2, 13.3.1 (sequence flow), 13.4.2 and 13.4.3 (exclusive and inclusive gateway).
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from ..bpmn.model import Element, SequenceFlow
from ..bpmn.types import ElementType
from .evaluation import EvaluationFailed
from .mappings import map_outputs
from .records import ElementInstance, Instant
from .states import JobType, TaskType

if TYPE_CHECKING:
    from .step import Step


class Phase(StrEnum):
    """What the engine was about to do with a token when the model had no answer."""

    ENTER = "enter"
    LEAVE = "leave"


def finish(step: "Step", token: ElementInstance) -> None:
    """The work is done: map the outputs, and let a token go down each flow that is to be taken.

    Where the model has no answer, the token stays, with an incident.
    """
    element = step.process.elements[token.element]
    try:
        map_outputs(step, element, token)
        flows = chosen(step, element, token)
    except EvaluationFailed as failed:
        stop(step, token, Phase.LEAVE, failed)
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
    """Leave a token where it is, with an incident; the question is recorded as a job of the engine."""
    job = step.add_own_job(token, failed.asks, failed.reason)
    job.stopped_at = phase
    step.add_incident(job=job)


def go_on(step: "Step", token: ElementInstance, phase: Phase, due_at: Instant) -> None:
    """An incident is resolved: do again what the engine was about to do, now or later."""
    if due_at > step.now:
        content = json.dumps({_CONTENT[phase]: [token.id]})
        step.add_task(TaskType.START_PROCESS_INSTANCE, token, due_at=due_at, serialized=content)
    elif phase is Phase.LEAVE:
        finish(step, token)
    else:
        step.make_ready(token)


_CONTENT = {Phase.ENTER: "elementInstances", Phase.LEAVE: "finished"}
"""How a task of type START_PROCESS_INSTANCE names the tokens that it moves on."""

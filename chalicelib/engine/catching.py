"""Who catches a BPMN error or escalation: the nearest boundary event, also across call activities."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ..bpmn.model import Element
from ..bpmn.types import Trigger
from . import boundary
from .records import ElementInstance
from .states import TaskType
from .step import Step


class CallersNeeded(Exception):
    """The process instances that have called this one must be read first; then the step is run again."""


@dataclass(frozen=True, slots=True)
class Thrown:
    """A BPMN error or escalation on its way up.

    Attributes:
        trigger: Which of the two.
        code: Its code.
        interrupts: Whether only interrupting boundary events catch it, or only the others; None: all do.
    """

    trigger: Trigger
    code: str
    interrupts: bool | None = None


@dataclass(frozen=True, slots=True)
class Caught:
    """The boundary event that catches.

    Attributes:
        step: Of the process instance that it is in.
        event: The boundary event.
        token: Its element instance.
    """

    step: Step
    event: Element
    token: ElementInstance


def catch(step: Step, token: ElementInstance, thrown: Thrown) -> Caught | None:
    """Find the boundary event that catches what is thrown at a token.

    Nearest first: the token's own boundary events, then those of the scopes around it, then those of the call
    activity that has called the process instance, and so on. At one activity the same code comes first, then
    an event without code.

    Raises:
        CallersNeeded: Nobody inside catches it, and the callers are not read yet.
    """
    for at, place in _places(step, token):
        found = [
            Caught(at, event, other)
            for other in at.hosted(place)
            if (event := at.process.elements[other.element]).trigger is thrown.trigger
            and thrown.interrupts in (None, event.is_interrupting)
            and code_of(event, other) in (None, thrown.code)
        ]
        if found:
            # Without a code sorts behind; of equals the first in the diagram catches.
            return min(found, key=lambda caught: code_of(caught.event, caught.token) is None)
    return None


def deliver(step: Step, token: ElementInstance, caught: Caught) -> None:
    """Trigger the event that has caught what a token threw.

    In the caller's process instance a task does it; an interrupting event ends this one at once.
    """
    if caught.step is not step:
        # Until then the event may have fired for another one, and listen with a new element instance.
        content = json.dumps({"attachedTo": caught.token.host_id})
        caught.step.add_task(TaskType.TRIGGER_EVENT, caught.token, serialized=content)
        if caught.event.is_interrupting:
            step.terminate_instance()
        return
    boundary.fire(step, caught.event, caught.token, boundary.Renewal(caught.token.given))


def code_of(event: Element, token: ElementInstance) -> str | None:
    """Error or escalation code that a boundary event catches; None: every one."""
    if token.given is not None:
        return token.given or None
    return event.event.name if event.event else None


def _places(step: Step, token: ElementInstance) -> Iterator[tuple[Step, ElementInstance]]:
    """A token, the scopes around it, the call activity that called its process instance, and so on."""
    yield from ((step, place) for place in _up(step, token))
    if step.instance.called_by is None:
        return
    if step.callers is None:
        raise CallersNeeded
    called = step
    for caller in step.callers:
        number = caller.instance.number(called.instance.called_by or 0)
        call_activity = caller.instance.element_instances.get(number or 0)
        if call_activity is None:
            return
        yield from ((caller, place) for place in _up(caller, call_activity))
        called = caller


def _up(step: Step, token: ElementInstance) -> Iterator[ElementInstance]:
    place: ElementInstance | None = token
    while place is not None:
        yield place
        place = step.instance.element_instances.get(place.parent_id or 0)

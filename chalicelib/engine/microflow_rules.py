"""What makes a process a microflow: it comes to its end while its caller waits, and nobody is asked.

Which element types can run in one stands in `bpmn.types.KINDS`. What the model leaves open, an ordinary
process asks a worker by a job; in a microflow the model says it.
"""

from collections.abc import Callable, Iterator

from ..bpmn.errors import Cause
from ..bpmn.faults import fault
from ..bpmn.model import Element, Process
from ..bpmn.types import KIND_OF, ElementType
from .calls import is_said


def runs_as_microflow(process: Process) -> Iterator[Cause]:
    """Every fault that keeps a process from running as a microflow; none if it can."""
    if process.none_start(process.elements[0]) is None:
        yield fault(process, process.elements[0], "a microflow needs a none start event")
    for element in process.elements:
        if not KIND_OF[element.type].in_microflow:
            fact = f"element {element.bpmn_element_id} of type {element.type} cannot run in a microflow"
            yield fault(process, element, fact)
        elif (fact_of := _OPEN.get(element.type)) and (problem := fact_of(process, element)):
            yield fault(process, element, f"in a microflow {problem}")


def _undecided(process: Process, gateway: Element) -> str | None:
    flows = process.outgoing(gateway)
    if len(flows) < 2 or any(flow.condition is not None for flow in flows):
        return None
    return f"the flows of exclusive gateway {gateway.bpmn_element_id} need conditions"


def _unsaid_call(process: Process, activity: Element) -> str | None:
    if is_said(activity):
        return None
    return f"call activity {activity.bpmn_element_id} must say its binding or a mapping of variables"


def _unsaid_code(process: Process, event: Element) -> str | None:
    if event.event is not None and event.event.name:
        return None
    return f"error end event {event.bpmn_element_id} needs an error with a code"


def _unfit_timer(process: Process, event: Element) -> str | None:
    if event.event is None or event.event.timer is None:
        return f"timer boundary event {event.bpmn_element_id} needs a timer"
    if not event.is_interrupting:
        return f"timer boundary event {event.bpmn_element_id} must interrupt its activity: it is a time-out"
    return None


_OPEN: dict[ElementType, Callable[[Process, Element], str | None]] = {
    ElementType.EXCLUSIVE_GATEWAY: _undecided,
    ElementType.CALL_ACTIVITY: _unsaid_call,
    ElementType.ERROR_END_EVENT: _unsaid_code,
    ElementType.TIMER_BOUNDARY_EVENT: _unfit_timer,
}
"""What the model must say of an element; answers what is missing, in a sentence."""

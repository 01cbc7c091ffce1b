"""Rules about events, and about what events are attached to or stand behind."""

from collections import Counter
from collections.abc import Iterator

from .errors import Cause
from .extension import is_expression
from .faults import fault, flow_name
from .instants import parse_instant
from .model import Element, Process, Timer
from .timing import is_cron, parse_cycle, parse_duration
from .types import ElementType, Family, Trigger

_CAN_FOLLOW_A_CHOICE = {
    ElementType.MESSAGE_CATCH_EVENT,
    ElementType.SIGNAL_CATCH_EVENT,
    ElementType.TIMER_CATCH_EVENT,
}


def boundary_events_are_attached(process: Process) -> Iterator[Cause]:
    """A boundary event sits on an activity of its own scope.

    Source: BPMN 2.0.2, Intermediate Event, Activity Boundary Connections.
    """
    for event in _of_family(process, Family.BOUNDARY_EVENT):
        if problem := _attachment_problem(process, event):
            yield fault(process, event, f"boundary event {event.bpmn_element_id} is {problem}")


def boundary_events_are_not_entered(process: Process) -> Iterator[Cause]:
    """A boundary event is triggered, never reached.

    Source: BPMN 2.0.2, Intermediate Event Sequence Flow Connections: a boundary event MUST NOT be a target.
    """
    for event in _of_family(process, Family.BOUNDARY_EVENT):
        for flow in process.incoming(event):
            yield fault(process, flow, f"{flow_name(flow)} enters boundary event {event.bpmn_element_id}")


def error_boundary_events_interrupt(process: Process) -> Iterator[Cause]:
    """An error ends the activity in which it is thrown.

    Source: BPMN 2.0.2, Intermediate Event Types Attached to an Activity Boundary: an Error always interrupts.
    """
    for event in process.of_type(ElementType.ERROR_BOUNDARY_EVENT):
        if not event.is_interrupting:
            detail = f"error boundary event {event.bpmn_element_id} does not interrupt its activity"
            yield fault(process, event, detail)


def event_based_gateways_choose(process: Process) -> Iterator[Cause]:
    """An event-based gateway waits for one of several events.

    Source: BPMN 2.0.2, Event-Based Gateway: two or more outgoing flows, to catch events that nothing else
    enters.
    """
    for gateway in process.of_type(ElementType.EVENT_BASED_GATEWAY):
        flows = process.outgoing(gateway)
        name = f"event-based gateway {gateway.bpmn_element_id}"
        if len(flows) < 2:
            yield fault(process, gateway, f"{name} has fewer than two outgoing sequence flows")
        for flow in flows:
            if flow.target is None or process.is_stand_in(flow.target, flow.scope):
                continue
            target = process.elements[flow.target]
            if target.type not in _CAN_FOLLOW_A_CHOICE:
                detail = f"{name} is followed by {target.bpmn_element_id}, which cannot catch"
                yield fault(process, gateway, detail)
            elif len(process.incoming(target)) > 1:
                detail = f"{name} is followed by {target.bpmn_element_id}, which other flows enter too"
                yield fault(process, gateway, detail)


def links_lead_somewhere(process: Process) -> Iterator[Cause]:
    """A link throw event jumps to the one catch event of its name in its scope.

    Source: BPMN 2.0.2, Link Event.
    """
    catches = Counter(
        (event.parent, _link_name(event)) for event in process.of_type(ElementType.LINK_CATCH_EVENT)
    )
    for event in process.of_type(ElementType.LINK_CATCH_EVENT, ElementType.LINK_THROW_EVENT):
        name = _link_name(event)
        found = catches[event.parent, name]
        if not name:
            yield fault(process, event, f"link event {event.bpmn_element_id} has no link name")
        elif event.type is ElementType.LINK_CATCH_EVENT and found > 1:
            yield fault(process, event, f"link name {name} is not unique among the catch events of its scope")
        elif found == 0:
            yield fault(process, event, f"link name {name} has no catch event in the same scope")


def links_replace_flows(process: Process) -> Iterator[Cause]:
    """A link throw event has no flow that leaves it, a link catch event none that enters it.

    Source: BPMN 2.0.2, Intermediate Event Sequence Flow Connections.
    """
    for event in process.of_type(ElementType.LINK_THROW_EVENT):
        for flow in process.outgoing(event):
            yield fault(process, flow, f"{flow_name(flow)} leaves link throw event {event.bpmn_element_id}")
    for event in process.of_type(ElementType.LINK_CATCH_EVENT):
        for flow in process.incoming(event):
            yield fault(process, flow, f"{flow_name(flow)} enters link catch event {event.bpmn_element_id}")


def sub_processes_have_one_none_start_event(process: Process) -> Iterator[Cause]:
    """A sub-process begins where its token enters it: at one start event that waits for nothing.

    What such a start event waits for is judged where the sub-process itself is supported: the start event of
    an event sub-process is not to blame.

    Source: BPMN 2.0.2, Start Event, and engine-semantics, section 2.
    """
    refused = {part.bpmn_element_id for part in process.unsupported}
    for scope in process.of_type(ElementType.SUB_PROCESS):
        if scope.bpmn_element_id in refused:
            continue
        starts = [e for e in process.content(scope) if e.family is Family.START_EVENT]
        if not any(start.trigger is None for start in starts):
            yield fault(process, scope, f"sub-process {scope.bpmn_element_id} has no none start event")
        for start in starts:
            if start.trigger is not None:
                detail = (
                    f"start event {start.bpmn_element_id} of a sub-process cannot wait for a {start.trigger}"
                )
                yield fault(process, start, detail)


def timers_can_be_read(process: Process) -> Iterator[Cause]:
    """A timer says exactly one of point in time, cycle and duration, in a form that can be read."""
    for element in process.elements:
        timer = element.event.timer if element.event else None
        if timer is not None and (problem := _problem(timer)):
            yield fault(process, element, f"timer of element {element.bpmn_element_id} {problem}")


EVENT_RULES = (
    boundary_events_are_attached,
    boundary_events_are_not_entered,
    error_boundary_events_interrupt,
    event_based_gateways_choose,
    links_lead_somewhere,
    links_replace_flows,
    sub_processes_have_one_none_start_event,
    timers_can_be_read,
)


def _of_family(process: Process, family: Family) -> Iterator[Element]:
    return (element for element in process.elements if element.family is family)


def _attachment_problem(process: Process, event: Element) -> str | None:
    """What is wrong with the activity of a boundary event, as the end of a sentence."""
    if event.attached_to is None:
        return "not attached to an activity"
    if process.is_stand_in(event.attached_to, event.parent or 0):
        return None
    host = process.elements[event.attached_to]
    if host.family is not Family.ACTIVITY:
        return f"attached to {host.bpmn_element_id}, which is no activity"
    if host.parent != event.parent:
        return f"attached to {host.bpmn_element_id} in another scope"
    return None


def _link_name(event: Element) -> str:
    assert event.trigger is Trigger.LINK
    return (event.event and event.event.name) or ""


def _problem(timer: Timer) -> str | None:
    """Why a timer cannot be read, as the end of a sentence."""
    said = [part for part in (timer.time, timer.cycle, timer.duration) if part is not None]
    if len(said) != 1:
        return "says more than one of time, cycle and duration"
    if is_expression(said[0]):
        return None
    try:
        if timer.time is not None:
            parse_instant(timer.time)
        if timer.duration is not None:
            parse_duration(timer.duration)
        if timer.cycle is not None and not is_cron(timer.cycle):
            parse_cycle(timer.cycle)
    except ValueError:
        return f"is invalid: {timer.time or timer.cycle or timer.duration}"
    return None

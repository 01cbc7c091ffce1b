"""What makes a process executable: one small generator per rule, listed in `RULES`.

The rules about events stand in `event_rules`. A missing none start event is no fault of a process: it can be
deployed, only starting it is refused.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from .business_objects import declared, read_type
from .errors import Cause, InvalidModel
from .event_rules import EVENT_RULES
from .faults import fault, flow_name
from .model import Element, Process, SequenceFlow
from .scripts import is_known
from .types import ElementType, Family

MAX_CAUSES = 1000
"""Faults that one error names; more would not fit into an answer."""

Rule = Callable[[Process], Iterator[Cause]]


def validate(process: Process) -> list[Cause]:
    """Name every fault of a process; an empty list if it can be executed."""
    return list(_causes(process))


def check(process: Process, *further: Rule) -> None:
    """Refuse a process that cannot be executed.

    Args:
        process: The process.
        further: Rules besides those of `RULES`.

    Raises:
        InvalidModel: It breaks rules; `causes` are its faults, the first 1000 of them.
    """
    causes = list(islice(_causes(process, further), MAX_CAUSES))
    if causes:
        raise InvalidModel("BPMN process is invalid", causes)


def process_is_executable(process: Process) -> Iterator[Cause]:
    """The process must say `isExecutable="true"`."""
    if not process.is_executable:
        yield fault(process, process.elements[0], f"process {process.bpmn_process_id} is not executable")


def elements_have_ids(process: Process) -> Iterator[Cause]:
    """An element without an id cannot be named by jobs, decisions and variables."""
    for element in process.elements:
        if not element.bpmn_element_id:
            yield fault(process, element, f"element of type {element.type} has no ID")


def everything_is_supported(process: Process) -> Iterator[Cause]:
    """What cannot be executed is refused by name, never ignored."""
    for part in process.unsupported:
        name = part.bpmn_element_id or "without ID"
        pointer = process.pointer(part.scope, part.bpmn_element_id)
        yield Cause(pointer, "element", f"BPMN element {name} is not supported: {part.tag}")


def flows_have_ends(process: Process) -> Iterator[Cause]:
    """A sequence flow needs an element at both ends."""
    for flow in process.flows:
        if flow.source is None:
            yield fault(process, flow, f"{flow_name(flow)} has no source element")
        if flow.target is None:
            yield fault(process, flow, f"{flow_name(flow)} has no target element")


def ids_are_unique(process: Process) -> Iterator[Cause]:
    """No two elements or sequence flows share an id.

    Source: BPMN 2.0.2, XML Schema: the id of a BaseElement is of type xsd:ID.
    """
    parts: list[Element | SequenceFlow] = [*process.elements, *process.flows]
    seen = set[str]()
    for part in parts:
        if part.bpmn_element_id in seen:
            yield fault(process, part, f"ID {part.bpmn_element_id} is not unique")
        elif part.bpmn_element_id:
            seen.add(part.bpmn_element_id)


def flows_stay_in_their_scope(process: Process) -> Iterator[Cause]:
    """A sequence flow connects elements of the scope it is drawn in.

    Source: BPMN 2.0.2, Sequence Flow Rules: a sequence flow cannot cross a sub-process boundary.
    """
    for flow in process.flows:
        for number in (flow.source, flow.target):
            if number is None or process.is_stand_in(number, flow.scope):
                continue
            end = process.elements[number]
            if end.parent != flow.scope:
                fact = f"{flow_name(flow)} leaves its scope at element {end.bpmn_element_id}"
                yield fault(process, flow, fact)


def a_scope_has_one_none_start_event(process: Process) -> Iterator[Cause]:
    """Several none start events would leave open where an instance begins."""
    starts: dict[int | None, list[Element]] = {}
    for element in process.of_type(ElementType.NONE_START_EVENT):
        starts.setdefault(element.parent, []).append(element)
    for scope, events in starts.items():
        if len(events) > 1:
            around = process.elements[scope or 0]
            ids = " ".join(event.bpmn_element_id for event in events)
            fact = f"scope {around.bpmn_element_id} has several none start events [{ids}]"
            yield fault(process, around, fact)


def start_events_are_not_entered(process: Process) -> Iterator[Cause]:
    """A start event is where tokens begin.

    Source: BPMN 2.0.2, Start Event, Sequence Flow Connections: it MUST NOT be a target for sequence flows.
    """
    for element in process.elements:
        if element.family is Family.START_EVENT:
            for flow in process.incoming(element):
                yield fault(process, flow, f"{flow_name(flow)} enters start event {element.bpmn_element_id}")


def end_events_are_not_left(process: Process) -> Iterator[Cause]:
    """An end event is where tokens end.

    Source: BPMN 2.0.2, End Event, Sequence Flow Connections: it MUST NOT be a source for sequence flows.
    """
    for element in process.elements:
        if element.family is Family.END_EVENT:
            for flow in process.outgoing(element):
                yield fault(process, flow, f"{flow_name(flow)} leaves end event {element.bpmn_element_id}")


def default_flows_leave_their_element(process: Process) -> Iterator[Cause]:
    """The default sequence flow is one of those that leave the element."""
    for element in process.elements:
        default = element.default_flow
        if default and default not in {flow.bpmn_element_id for flow in process.outgoing(element)}:
            fact = f"default sequence flow {default} does not leave element {element.bpmn_element_id}"
            yield fault(process, element, fact)


def only_a_choice_has_a_default_flow(process: Process) -> Iterator[Cause]:
    """Activities and gateways that choose can have a default sequence flow.

    Source: BPMN 2.0.2, XML Schema: only these types have the attribute `default`.
    """
    for element in process.elements:
        if element.default_flow and not _chooses(element):
            name = f"element {element.bpmn_element_id} of type {element.type}"
            yield fault(process, element, f"{name} cannot have a default sequence flow")


def only_a_choice_has_conditions(process: Process) -> Iterator[Cause]:
    """A condition stands on a flow that leaves an activity, or a gateway that chooses.

    Source: BPMN 2.0.2, Start Event, Intermediate Event, Parallel Gateway, Event-Based Gateway: the flows that
    leave them must not have one.
    """
    for flow in process.flows:
        if flow.condition is None or flow.source is None or process.is_stand_in(flow.source, flow.scope):
            continue
        source = process.elements[flow.source]
        if not _chooses(source):
            name = f"element {source.bpmn_element_id} of type {source.type}"
            yield fault(process, flow, f"{flow_name(flow)} has a condition, but {name} does not choose")


def conditions_are_in_a_known_language(process: Process) -> Iterator[Cause]:
    """FEEL, or the `${...}` of older models."""
    for flow in process.flows:
        if flow.condition is not None and flow.language is not None and not is_known(flow.language):
            yield fault(process, flow, f"condition of {flow_name(flow)} is in language {flow.language}")


def an_exclusive_gateway_has_one_flow_for_all_else(process: Process) -> Iterator[Cause]:
    """Where conditions decide, at most one flow needs none, be it the default flow or not."""
    for gateway in process.of_type(ElementType.EXCLUSIVE_GATEWAY):
        flows = process.outgoing(gateway)
        free = [flow.bpmn_element_id for flow in flows if flow.condition is None]
        if len(free) > 1 and len(free) < len(flows):
            fact = f"exclusive gateway {gateway.bpmn_element_id} has several sequence flows without condition"
            yield fault(process, gateway, f"{fact} [{' '.join(free)}]")


def types_of_business_objects_can_be_read(process: Process) -> Iterator[Cause]:
    """What goes in and comes out has a type that is one."""
    for way, name, text in declared(process):
        try:
            read_type(text)
        except ValueError as reason:
            yield fault(process, process.elements[0], f"{way} {name} has no type that can be read: {reason}")


RULES: tuple[Rule, ...] = (
    process_is_executable,
    elements_have_ids,
    everything_is_supported,
    flows_have_ends,
    ids_are_unique,
    flows_stay_in_their_scope,
    a_scope_has_one_none_start_event,
    start_events_are_not_entered,
    end_events_are_not_left,
    default_flows_leave_their_element,
    only_a_choice_has_a_default_flow,
    only_a_choice_has_conditions,
    conditions_are_in_a_known_language,
    an_exclusive_gateway_has_one_flow_for_all_else,
    types_of_business_objects_can_be_read,
    *EVENT_RULES,
)


def _causes(process: Process, further: Iterable[Rule] = ()) -> Iterator[Cause]:
    return (cause for rule in (*RULES, *further) for cause in rule(process))


def _chooses(element: Element) -> bool:
    if element.family is Family.GATEWAY:
        return element.type not in (ElementType.PARALLEL_GATEWAY, ElementType.EVENT_BASED_GATEWAY)
    return element.family is Family.ACTIVITY

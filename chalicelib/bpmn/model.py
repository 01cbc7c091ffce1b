"""A BPMN process as immutable data: elements and the sequence flows between them.

Elements and flows are numbered by their position in the document; numbers, not ids, are what running
instances store. The model can hold a faulty process as well (a flow without a target, an element that is not
supported), so that `rules` can name every fault at once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from .extension import NOTHING_ADDED, Extension, Pairs, literal
from .paths import Reach
from .types import KIND_OF, ElementType, Family, Trigger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer event fires: exactly one of the three.

    Attributes:
        time: A point in time, RFC 3339.
        cycle: A CRON expression, or a repeating interval `R[n]/duration`.
        duration: An ISO 8601 duration.
        fires_once: Whether a non-interrupting boundary event with a duration is not armed again: so it is in
            BPMN XML, where `cycle` says what repeats.
    """

    time: str | None = None
    cycle: str | None = None
    duration: str | None = None
    fires_once: bool = False

    @staticmethod
    def of(text: str) -> "Timer":
        """The timer of a text that is a duration or a cycle."""
        return Timer(duration=text) if text.startswith("P") else Timer(cycle=text)


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """What an event waits for or throws, where the model or the deployment says so.

    Attributes:
        name: Error or escalation code, or the name of a message, signal or link. An error or escalation
            without code catches every one.
        timer: Of a timer event.
    """

    name: str | None = None
    timer: Timer | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A node of the diagram, or the process itself.

    Attributes:
        number: Position in `Process.elements`; 0 is the process element.
        bpmn_element_id: The id from the XML; empty if the XML has none.
        type: What it is.
        name: The name from the XML, if any.
        parent: Number of the scope around it; None for the process element.
        default_flow: Id of the default sequence flow from the XML, if any.
        attached_to: Number of the activity that a boundary event is attached to; None if the XML names none
            that exists.
        is_interrupting: Whether a boundary event ends its activity.
        event: What an event waits for or throws; None where a job has to ask.
        called_element: What a call activity calls: `id` or `id:version`.
        extension: What a modeler adds.
    """

    number: int
    bpmn_element_id: str
    type: ElementType
    name: str | None = None
    parent: int | None = None
    default_flow: str | None = None
    attached_to: int | None = None
    is_interrupting: bool = True
    event: EventDefinition | None = None
    called_element: str | None = None
    extension: Extension = NOTHING_ADDED

    @property
    def work_type(self) -> str | None:
        """What kind of worker does its work; None where the model does not say it, or not plainly."""
        return literal(self.extension.work_type)

    @property
    def family(self) -> Family:
        """What it is in the words of the specification."""
        return KIND_OF[self.type].family

    @property
    def trigger(self) -> Trigger | None:
        """What it waits for or throws, if it is an event that does."""
        return KIND_OF[self.type].trigger

    @property
    def is_scope(self) -> bool:
        """Whether it holds other elements."""
        return KIND_OF[self.type].is_scope


@dataclass(frozen=True, slots=True)
class SequenceFlow:
    """An arrow between two elements.

    Attributes:
        number: Position in `Process.flows`.
        bpmn_element_id: The id from the XML; empty if the XML has none.
        source: Number of the element it leaves; None if the XML names none that exists.
        target: Number of the element it enters; None if the XML names none that exists.
        scope: Number of the scope it is drawn in.
        condition: Text of its conditionExpression, if any.
        language: Language of the condition, if the XML names one.
    """

    number: int
    bpmn_element_id: str
    source: int | None
    target: int | None
    scope: int = 0
    condition: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something in the XML that matters for the execution and that this engine cannot execute.

    Attributes:
        bpmn_element_id: The id from the XML; empty if the XML has none.
        tag: What it is: the local name of the XML element, for an event with its definition,
            `startEvent/timerEventDefinition`.
        scope: Number of the scope around it.
    """

    bpmn_element_id: str
    tag: str
    scope: int


@dataclass(frozen=True, slots=True)
class Lane:
    """Who does what, as it is drawn: a part of a pool, or of another lane.

    Attributes:
        bpmn_element_id: The id from the XML; empty if the XML has none.
        name: The name from the XML, if any.
        parent: Position of the lane around it in `Process.lanes`, if any.
        elements: Numbers of the elements that lie in it.
        properties: What a modeler adds, by name.
    """

    bpmn_element_id: str
    name: str | None = None
    parent: int | None = None
    elements: tuple[int, ...] = ()
    properties: Pairs = ()

    def property(self, name: str) -> str | None:
        """A property by name; of several with one name the first counts."""
        return next((value for key, value in self.properties if key == name), None)


@dataclass(frozen=True)
class Process:
    """One process of a BPMN file.

    Attributes:
        elements: The process element first, then its content in document order, a scope before its content.
        flows: The sequence flows in document order.
        is_executable: True only if the XML says so.
        bpmn_collaboration_id: Id of the collaboration in whose pool the process is drawn, if any.
        bpmn_participant_id: Id of that pool, if any.
        bpmn_participant_name: Name of that pool, if any.
        unsupported: What cannot be executed; a process with any is refused by the rules.
        lanes: The lanes in document order, a lane before those in it.
    """

    elements: Sequence[Element]
    flows: Sequence[SequenceFlow]
    is_executable: bool = True
    bpmn_collaboration_id: str | None = None
    bpmn_participant_id: str | None = None
    bpmn_participant_name: str | None = None
    unsupported: Sequence[Unsupported] = ()
    lanes: Sequence[Lane] = ()
    _incoming: dict[int, tuple[SequenceFlow, ...]] = field(init=False, repr=False, compare=False)
    _outgoing: dict[int, tuple[SequenceFlow, ...]] = field(init=False, repr=False, compare=False)
    _boundary: dict[int, tuple[Element, ...]] = field(init=False, repr=False, compare=False)
    _content: dict[int, tuple[Element, ...]] = field(init=False, repr=False, compare=False)

    _ways: dict[tuple[int, int, bool], frozenset[int]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _made: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index flows by both of their ends, boundary events by their activity, elements by their scope."""
        attached = ((element.attached_to, element) for element in self.elements)
        object.__setattr__(self, "_boundary", _by_number(attached))
        inside = ((element.parent, element) for element in self.elements)
        object.__setattr__(self, "_content", _by_number(inside))
        object.__setattr__(self, "_incoming", _by_number((flow.target, flow) for flow in self.flows))
        object.__setattr__(self, "_outgoing", _by_number((flow.source, flow) for flow in self.flows))

    @property
    def bpmn_process_id(self) -> str:
        """The id of the process element."""
        return self.elements[0].bpmn_element_id

    @property
    def name(self) -> str:
        """What people call it: its name, or that of its pool, or its id."""
        return self.elements[0].name or self.bpmn_participant_name or self.bpmn_process_id

    def lane(self, element: Element) -> Lane | None:
        """The innermost lane that an element lies in; inside of a sub-process, that of the sub-process."""
        at: Element | None = element
        while at is not None:
            if at.number in self._lane_of:
                return self._lane_of[at.number]
            at = None if at.parent is None else self.elements[at.parent]
        return None

    @cached_property
    def _lane_of(self) -> dict[int, Lane]:
        """A lane stands before those in it, so that the innermost counts."""
        return {number: lane for lane in self.lanes for number in lane.elements}

    @property
    def has_triggered_start(self) -> bool:
        """Whether one of its own events starts it."""
        return any(e.family is Family.START_EVENT and e.trigger is not None for e in self.elements)

    def none_start(self, scope: Element) -> Element | None:
        """The start event of a scope that waits for nothing."""
        starts = (e for e in self.content(scope) if e.type is ElementType.NONE_START_EVENT)
        return next(starts, None)

    def incoming(self, element: Element) -> tuple[SequenceFlow, ...]:
        """The flows that enter an element, in document order."""
        return self._incoming.get(element.number, ())

    def outgoing(self, element: Element) -> tuple[SequenceFlow, ...]:
        """The flows that leave an element, in document order."""
        return self._outgoing.get(element.number, ())

    def boundary_events(self, activity: Element) -> tuple[Element, ...]:
        """The events attached to an activity, in document order."""
        return self._boundary.get(activity.number, ())

    def link_target(self, throw: Element) -> Element | None:
        """The link catch event that a link throw event jumps to: of the same name, in the same scope."""
        return next(
            (
                element
                for element in self.content(self.elements[throw.parent or 0])
                if element.type is ElementType.LINK_CATCH_EVENT and element.event == throw.event
            ),
            None,
        )

    def target(self, flow: SequenceFlow) -> Element:
        """The element a flow enters; only for a process that has passed the rules."""
        assert flow.target is not None, "rules refuse a flow without a target"
        return self.elements[flow.target]

    def places_beside(self, element: Element) -> list[Element]:
        """The elements of the same scope that a token at an element can go to without a sequence flow.

        From an activity, a token may also leave by its boundary events; a link jumps.
        """
        places = [*self.boundary_events(element)]
        if element.type is ElementType.LINK_THROW_EVENT:
            target = self.link_target(element)
            places += [target] if target else []
        return places

    @cached_property
    def inclusive_joins(self) -> frozenset[int]:
        """Numbers of the inclusive gateways that several sequence flows enter."""
        return self._joins(ElementType.INCLUSIVE_GATEWAY)

    @cached_property
    def parallel_joins(self) -> frozenset[int]:
        """Numbers of the parallel gateways that several sequence flows enter."""
        return self._joins(ElementType.PARALLEL_GATEWAY)

    def _joins(self, type: ElementType) -> frozenset[int]:
        gateways = self.of_type(type)
        return frozenset(gateway.number for gateway in gateways if len(self.incoming(gateway)) > 1)

    def ways(self, start: int, end: int, *, is_alone: bool) -> frozenset[int]:
        """The flows by which a token that leaves one element can get into another for the first time.

        Worked out once; only for a process that has passed the rules.

        Args:
            start: Number of the one.
            end: Number of the other.
            is_alone: Whether the token must find its way alone, through no parallel join that waits for more.
        """
        key = (start, end, is_alone)
        if key not in self._ways:
            reach = Reach(self, {end}, is_joining=is_alone)
            reach.leave([start])
            incoming = (flow.number for flow in self.incoming(self.elements[end]))
            self._ways[key] = frozenset(reach.flows.intersection(incoming))
        return self._ways[key]

    def made_of(self, text: str, make: Callable[[str], T]) -> T:
        """What is made of one of its texts, once for as long as the process lives.

        Args:
            text: An expression.
            make: Makes something of it that never changes; the same for one text every time.
        """
        if text not in self._made:
            self._made[text] = make(text)
        made: T = self._made[text]
        return made

    def is_stand_in(self, number: int, scope: int) -> bool:
        """Whether a scope stands for something unsupported in it, which has no number of its own.

        Args:
            number: Of the element that a flow or a boundary event in the scope is connected to.
            scope: Number of the scope.
        """
        return number == scope and scope in self._scopes_with_unsupported

    @cached_property
    def _scopes_with_unsupported(self) -> frozenset[int]:
        return frozenset(part.scope for part in self.unsupported)

    def content(self, scope: Element) -> tuple[Element, ...]:
        """The elements directly inside a scope, in document order."""
        return self._content.get(scope.number, ())

    def of_type(self, *types: ElementType) -> list[Element]:
        """All elements of the types, in document order."""
        return [element for element in self.elements if element.type in types]

    def pointer(self, scope: int, bpmn_element_id: str) -> str:
        """Path from the process down to something in a scope, `/process/scope/element`."""
        path = [bpmn_element_id]
        at: int | None = scope
        while at is not None:
            path.append(self.elements[at].bpmn_element_id)
            at = self.elements[at].parent
        return "/" + "/".join(reversed(path))

    def pointer_to(self, element: Element) -> str:
        """Path from the process down to an element; the process itself is `/process`."""
        if element.parent is None:
            return f"/{element.bpmn_element_id}"
        return self.pointer(element.parent, element.bpmn_element_id)


def _by_number(pairs: Iterable[tuple[int | None, T]]) -> dict[int, tuple[T, ...]]:
    found: dict[int, list[T]] = {}
    for number, part in pairs:
        if number is not None:
            found.setdefault(number, []).append(part)
    return {number: tuple(parts) for number, parts in found.items()}

"""XML nodes -> processes, driven by `KINDS`.

Reads what is there, also what is wrong: a flow without an end, an element without an id, something that
cannot be executed. `rules` names the faults.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from .dialects import RESOURCES, read_extension
from .extension import Extension, Pairs, literal
from .model import Element, EventDefinition, Lane, Process, SequenceFlow, Timer, Unsupported
from .node import Node
from .types import KINDS, ElementType, Family, Kind, Trigger

_DATA = {
    "dataInput",
    "dataInputAssociation",
    "dataOutput",
    "dataOutputAssociation",
    "inputSet",
    "ioSpecification",
    "outputSet",
}
"""How data flows in the drawing; nothing moves by it, variables do."""

DOCUMENTATION = "documentation"

_REMARKS = {"auditing", DOCUMENTATION, "monitoring"}

_DRAWING = {"BPMNDiagram"}

SKIPPED = _DATA | _REMARKS | _DRAWING
"""Left out wherever they stand, with all that is inside; but for the documentation of a user task."""

EXTENSIONS = "extensionElements"
"""Of what is inside, only known dialects count."""

_IGNORED_IN_SCOPE = {
    "association",
    "category",
    "dataObject",
    "dataObjectReference",
    "dataStore",
    "dataStoreReference",
    "group",
    "import",
    "incoming",
    "itemDefinition",
    "messageFlow",
    "outgoing",
    "property",
    "textAnnotation",
}
"""Source: engine-semantics, section 2, read and ignored without complaint."""

_IGNORED_IN_ELEMENT = {DOCUMENTATION, "incoming", "outgoing", "property", "script"}
"""`script` is for the worker that executes the job of the script task."""

_LANE_SETS = {"laneSet", "childLaneSet"}
_FLOW = "sequenceFlow"
_CONDITION = "conditionExpression"
_TRUE = {"true", "1"}
"""Source: XML Schema Part 2, boolean."""

_USUAL: Mapping[str, str] = {
    "isForCompensation": "false",
    "startQuantity": "1",
    "completionQuantity": "1",
    "triggeredByEvent": "false",
    "parallelMultiple": "false",
    "instantiate": "false",
    "eventGatewayType": "Exclusive",
}
"""Attributes that change how an element behaves, and the value that leaves everything as usual."""

_SHORT: Mapping[str, str] = {"false": "0"}
"""Source: XML Schema Part 2, boolean: 0 is false."""

_CODES = {Trigger.ERROR, Trigger.ESCALATION}

_LOOPS = {"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"}

_DECLARED: Mapping[Trigger, tuple[str, str]] = {
    Trigger.ERROR: ("errorRef", "errorCode"),
    Trigger.ESCALATION: ("escalationRef", "escalationCode"),
    Trigger.MESSAGE: ("messageRef", "name"),
    Trigger.SIGNAL: ("signalRef", "name"),
}
"""What stands beside the processes of a file, and is referred to by event definitions: the attribute that
refers to it, and its own attribute that counts. Its XML element is called like the trigger."""

_KIND_BY_XML: Mapping[tuple[str, ...], Kind] = {
    (kind.tag, kind.trigger.tag) if kind.trigger else (kind.tag,): kind
    for kind in KINDS
    if kind.type is not ElementType.PROCESS
}
"""By local name and local names of all event definitions inside."""


class _Pool(NamedTuple):
    collaboration_id: str | None = None
    participant_id: str | None = None
    participant_name: str | None = None


def read_processes(root: Node) -> list[Process]:
    """All processes of a file, in document order, faulty ones included."""
    pools, declared = dict(_pools(root)), dict(_declared(root))
    messages = {node.attributes.get("id", ""): node for node in root.children if node.tag == Trigger.MESSAGE}
    return [
        _ProcessReader(node, declared, messages).process(pools)
        for node in root.children
        if node.tag == "process"
    ]


def _declared(root: Node) -> Iterator[tuple[tuple[Trigger, str], str]]:
    """Codes and names of errors, escalations, messages and signals, by id; empty where there is none."""
    for node in root.children:
        for trigger, (_, attribute) in _DECLARED.items():
            if node.tag == trigger and (id := node.attributes.get("id")):
                yield (trigger, id), node.attributes.get(attribute, "")


def _pools(root: Node) -> Iterator[tuple[str, _Pool]]:
    """Pools by process id; backwards, so that of several pools with one process the first stays."""
    collaborations = [node for node in root.children if node.tag == "collaboration"]
    for collaboration in reversed(collaborations):
        for node in reversed(collaboration.children):
            if node.tag == "participant":
                pool = _Pool(_text(collaboration, "id"), _text(node, "id"), _text(node, "name"))
                yield _local(node.attributes.get("processRef", "")), pool


class _ProcessReader:
    """Collects the content of one process element."""

    def __init__(
        self, node: Node, declared: Mapping[tuple[Trigger, str], str], messages: Mapping[str, Node]
    ) -> None:
        self._node = node
        self._declared = declared
        self._messages = messages
        self._elements: list[Element] = []
        self._unsupported: list[Unsupported] = []
        self._flow_nodes: list[tuple[Node, int]] = []
        # An unsupported element has no number. In these tables it has that of its scope, which keeps its
        # flows from being called loose: the process is refused already.
        self._number_of: dict[str, int] = {}
        self._entered_by: dict[str, int] = {}
        self._left_by: dict[str, int] = {}
        self._attached: dict[int, str] = {}
        self._lanes: list[tuple[Node, int | None]] = []

    def process(self, pools: dict[str, _Pool]) -> Process:
        """The process, in the pool it is drawn in."""
        bpmn_process_id = self._node.attributes.get("id", "")
        pool = pools.get(bpmn_process_id, _Pool())
        extension = Extension(properties=_properties(self._node))
        self._elements.append(
            Element(0, bpmn_process_id, ElementType.PROCESS, _text(self._node, "name"), extension=extension)
        )
        self._read_scope(self._node, 0)
        self._attach()
        flows = [self._flow(number, node, scope) for number, (node, scope) in enumerate(self._flow_nodes)]
        return Process(
            tuple(self._elements),
            tuple(flows),
            self._node.attributes.get("isExecutable", "").strip() in _TRUE,
            pool.collaboration_id,
            pool.participant_id,
            pool.participant_name,
            tuple(self._unsupported),
            tuple(self._lane(node, parent) for node, parent in self._lanes),
        )

    def _read_scope(self, node: Node, scope: int) -> None:
        for child in node.children:
            if child.tag == _FLOW:
                self._flow_nodes.append((child, scope))
            elif child.tag in _LANE_SETS:
                self._read_lanes(child, None)
            elif child.tag not in _IGNORED_IN_SCOPE and child.tag not in _LOOPS:
                self._read_element(child, scope)

    def _read_lanes(self, lane_set: Node, parent: int | None) -> None:
        for node in lane_set.children:
            if node.tag == "lane":
                number = len(self._lanes)
                self._lanes.append((node, parent))
                for inner in node.children:
                    if inner.tag in _LANE_SETS:
                        self._read_lanes(inner, number)

    def _lane(self, node: Node, parent: int | None) -> Lane:
        """A lane, once all elements are known; what it refers to in vain is left out."""
        found = (self._number_of.get(_local(ref.text)) for ref in node.children if ref.tag == "flowNodeRef")
        return Lane(
            node.attributes.get("id", ""),
            _text(node, "name"),
            parent,
            tuple(number for number in found if number),
            _properties(node),
        )

    def _read_element(self, node: Node, scope: int) -> None:
        kind = _kind(node)
        if kind is None:
            self._refuse(node, scope, _unknown_event(node) or [node.tag])
            self._know_content(node, scope)
            self._know(node, scope)
        else:
            self._refuse(node, scope, dict.fromkeys(_unknown_parts(node, kind)))
            number = self._add(node, kind, scope)
            self._know(node, number)
            if kind.is_scope:
                self._read_scope(node, number)

    def _add(self, node: Node, kind: Kind, scope: int) -> int:
        number = len(self._elements)
        extension = read_extension(self._parts(node, kind))
        element = Element(
            number,
            node.attributes.get("id", ""),
            kind.type,
            _text(node, "name"),
            scope,
            _text(node, "default"),
            is_interrupting=node.attributes.get("cancelActivity", "true").strip() in _TRUE,
            event=self._event(node, kind),
            called_element=_text(node, "calledElement") or literal(extension.called_process),
            extension=extension,
        )
        self._elements.append(element)
        if kind.family is Family.BOUNDARY_EVENT:
            self._attached[number] = _local(node.attributes.get("attachedToRef", ""))
        return number

    def _attach(self) -> None:
        """Find the activities of boundary events; they may stand behind them."""
        for number, activity in self._attached.items():
            host = self._number_of.get(activity)
            self._elements[number] = replace(self._elements[number], attached_to=host)

    def _parts(self, node: Node, kind: Kind) -> Iterator[Node]:
        """Where a modeler adds to an element: itself, its event definition, and its message."""
        yield node
        for definition in filter(_is_trigger, node.children):
            yield definition
            message = self._messages.get(_local(definition.attributes.get("messageRef", "")))
            if message is not None and kind.trigger is Trigger.MESSAGE:
                yield message

    def _event(self, node: Node, kind: Kind) -> EventDefinition | None:
        """What the XML says of an event; None if it leaves that open, as a reference to nothing does."""
        if kind.trigger is None:
            return None
        (definition,) = (child for child in node.children if _is_trigger(child))
        if kind.trigger is Trigger.LINK:
            return EventDefinition(definition.attributes.get("name", ""))
        if kind.trigger is Trigger.TIMER:
            timer = _timer(definition)
            return None if timer is None else EventDefinition(timer=timer)
        reference, _ = _DECLARED[kind.trigger]
        name = self._declared.get((kind.trigger, _local(definition.attributes.get(reference, ""))))
        catches_all = name == "" and kind.family is Family.BOUNDARY_EVENT and kind.trigger in _CODES
        return EventDefinition(name or None) if name or catches_all else None

    def _refuse(self, node: Node, scope: int, tags: Iterable[str]) -> None:
        element_id = node.attributes.get("id", "")
        self._unsupported.extend(Unsupported(element_id, tag, scope) for tag in tags)

    def _know(self, node: Node, number: int) -> None:
        """Note how flows may name the element: by its id, or the element names them."""
        self._number_of.setdefault(node.attributes.get("id", ""), number)
        for child in node.children:
            if child.tag == "incoming":
                self._entered_by.setdefault(_local(child.text), number)
            elif child.tag == "outgoing":
                self._left_by.setdefault(_local(child.text), number)

    def _know_content(self, node: Node, scope: int) -> None:
        nodes = list(node.children)
        while nodes:
            inner = nodes.pop()
            self._number_of.setdefault(inner.attributes.get("id", ""), scope)
            nodes.extend(inner.children)

    def _flow(self, number: int, node: Node, scope: int) -> SequenceFlow:
        flow_id = node.attributes.get("id", "")
        source = self._end(node, "sourceRef", self._left_by)
        target = self._end(node, "targetRef", self._entered_by)
        condition = None if self._is_default(flow_id, source) else _condition(node)
        parts = [child.tag for child in node.children if child.tag != _CONDITION]
        self._refuse(node, scope, [f"{_FLOW}/{tag}" for tag in parts])
        language = _language(node) if condition else None
        return SequenceFlow(number, flow_id, source, target, scope, condition, language)

    def _end(self, node: Node, reference: str, named_by: dict[str, int]) -> int | None:
        element_id, flow_id = node.attributes.get(reference), node.attributes.get("id")
        number = self._number_of.get(element_id) if element_id else None
        if number is None and flow_id:
            number = named_by.get(_local(flow_id))
        return number

    def _is_default(self, flow_id: str, source: int | None) -> bool:
        """Whether a condition on the flow is to be ignored.

        Source: BPMN 2.0.2, Sequence Flow: an expression on a default sequence flow SHALL be ignored.
        """
        return source is not None and bool(flow_id) and self._elements[source].default_flow == flow_id


def _properties(node: Node) -> Pairs:
    """What a modeler adds to a process or a lane; nothing else of it means anything there."""
    return read_extension([node]).properties


def _kind(node: Node) -> Kind | None:
    return _KIND_BY_XML.get((node.tag, *(child.tag for child in node.children if _is_trigger(child))))


def _is_trigger(node: Node) -> bool:
    return node.tag.endswith("EventDefinition") or node.tag == "eventDefinitionRef"


def _unknown_event(node: Node) -> list[str]:
    return [f"{node.tag}/{child.tag}" for child in node.children if _is_trigger(child)]


def _unknown_parts(node: Node, kind: Kind) -> Iterator[str]:
    """What makes an element behave in a way that cannot be executed, such as `task/isForCompensation`."""
    for attribute, usual in _USUAL.items():
        if node.attributes.get(attribute, usual).strip() not in (usual, _SHORT.get(usual)):
            yield f"{node.tag}/{attribute}"
    for child in node.children:
        is_content = kind.is_scope and child.tag not in _LOOPS
        is_person = kind.type is ElementType.USER_TASK and child.tag in RESOURCES
        if (
            child.tag not in _IGNORED_IN_ELEMENT
            and not is_person
            and not _is_trigger(child)
            and not is_content
        ):
            yield f"{node.tag}/{child.tag}"


def _timer(definition: Node) -> Timer | None:
    """When a timer fires; an empty expression, as modelers leave it behind, says nothing."""
    texts = {child.tag: child.text.strip() for child in definition.children if child.text.strip()}
    time, cycle, duration = map(texts.get, ("timeDate", "timeCycle", "timeDuration"))
    return Timer(time, cycle, duration, fires_once=True) if texts else None


def _condition(node: Node) -> str | None:
    """Text of the condition; an empty expression, as modelers leave it behind, is none."""
    texts = [child.text.strip() for child in node.children if child.tag == _CONDITION]
    return "".join(texts) or None


def _language(node: Node) -> str | None:
    return next((_text(child, "language") for child in node.children if child.tag == _CONDITION), None)


def _text(node: Node, attribute: str) -> str | None:
    return node.attributes.get(attribute) or None


def _local(qualified_name: str) -> str:
    """A reference without white space and prefix: BPMN spells some references as qualified names."""
    return qualified_name.strip().rpartition(":")[2]

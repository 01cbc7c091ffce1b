"""XML nodes -> processes, driven by `KINDS`.

Reads what is there, also what is wrong: a flow without an end, an element without an id, something that
cannot be executed. `rules` names the faults.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .model import Element, Process, SequenceFlow, Unsupported
from .types import KINDS, ElementType, Kind

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

_REMARKS = {"auditing", "documentation", "extensionElements", "monitoring"}

_DRAWING = {"BPMNDiagram"}

SKIPPED = _DATA | _REMARKS | _DRAWING
"""Left out wherever they stand, with all that is inside."""

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
    "laneSet",
    "messageFlow",
    "outgoing",
    "property",
    "textAnnotation",
}
"""Source: engine-semantics, section 2, read and ignored without complaint."""

_IGNORED_IN_ELEMENT = {"incoming", "outgoing", "property", "script"}
"""`script` is for the worker that executes the job of the script task."""

_FLOW = "sequenceFlow"
_CONDITION = "conditionExpression"
_TRUE = {"true", "1"}
"""Source: XML Schema Part 2, boolean."""

_KIND_BY_XML: Mapping[tuple[str, ...], Kind] = {
    (kind.tag, kind.trigger) if kind.trigger else (kind.tag,): kind
    for kind in KINDS
    if kind.type is not ElementType.PROCESS
}
"""By local name and local names of all event definitions inside."""


@dataclass(slots=True)
class Node:
    """An XML element of the BPMN model, its name freed from namespace and prefix.

    Attributes:
        tag: Local name.
        attributes: Values by name; names with a declared prefix are spelled `{namespace}name`.
        children: Elements of the model inside of it, in document order.
        text: Text after its last child, for a leaf the whole text; untrimmed.
    """

    tag: str
    attributes: Mapping[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""


class _Pool(NamedTuple):
    collaboration_id: str | None = None
    participant_id: str | None = None
    participant_name: str | None = None


def read_processes(root: Node) -> list[Process]:
    """All processes of a file, in document order, faulty ones included."""
    pools = dict(_pools(root))
    return [_ProcessReader(node).process(pools) for node in root.children if node.tag == "process"]


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

    def __init__(self, node: Node) -> None:
        self._node = node
        self._elements: list[Element] = []
        self._unsupported: list[Unsupported] = []
        self._flow_nodes: list[tuple[Node, int]] = []
        # An unsupported element has no number. In these tables it has that of its scope, which keeps its
        # flows from being called loose: the process is refused already.
        self._number_of: dict[str, int] = {}
        self._entered_by: dict[str, int] = {}
        self._left_by: dict[str, int] = {}

    def process(self, pools: dict[str, _Pool]) -> Process:
        """The process, in the pool it is drawn in."""
        bpmn_process_id = self._node.attributes.get("id", "")
        pool = pools.get(bpmn_process_id, _Pool())
        self._elements.append(Element(0, bpmn_process_id, ElementType.PROCESS, _text(self._node, "name")))
        self._read_scope(self._node, 0)
        flows = [self._flow(number, node, scope) for number, (node, scope) in enumerate(self._flow_nodes)]
        return Process(
            tuple(self._elements),
            tuple(flows),
            self._node.attributes.get("isExecutable", "").strip() in _TRUE,
            pool.collaboration_id,
            pool.participant_id,
            pool.participant_name,
            tuple(self._unsupported),
        )

    def _read_scope(self, node: Node, scope: int) -> None:
        for child in node.children:
            if child.tag == _FLOW:
                self._flow_nodes.append((child, scope))
            elif child.tag not in _IGNORED_IN_SCOPE:
                self._read_element(child, scope)

    def _read_element(self, node: Node, scope: int) -> None:
        kind = _kind(node)
        if kind is None:
            self._refuse(node, scope, _unknown_event(node) or [node.tag])
            self._know_content(node, scope)
            self._know(node, scope)
        else:
            self._refuse(node, scope, dict.fromkeys(_unknown_parts(node)))
            self._know(node, self._add(node, kind, scope))

    def _add(self, node: Node, kind: Kind, scope: int) -> int:
        number = len(self._elements)
        element_id, name = node.attributes.get("id", ""), _text(node, "name")
        self._elements.append(Element(number, element_id, kind.type, name, scope, _text(node, "default")))
        return number

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
        self._refuse(node, scope, [f"{_FLOW}/{tag}" for tag in ([_CONDITION] if condition else []) + parts])
        return SequenceFlow(number, flow_id, source, target, scope, condition)

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


def _kind(node: Node) -> Kind | None:
    return _KIND_BY_XML.get((node.tag, *(child.tag for child in node.children if _is_trigger(child))))


def _is_trigger(node: Node) -> bool:
    return node.tag.endswith("EventDefinition") or node.tag == "eventDefinitionRef"


def _unknown_event(node: Node) -> list[str]:
    return [f"{node.tag}/{child.tag}" for child in node.children if _is_trigger(child)]


def _unknown_parts(node: Node) -> Iterator[str]:
    """What makes an element behave in a way that cannot be executed, such as `task/isForCompensation`."""
    if node.attributes.get("isForCompensation", "").strip() in _TRUE:
        yield f"{node.tag}/isForCompensation"
    for quantity in ("startQuantity", "completionQuantity"):
        if node.attributes.get(quantity, "1").strip() != "1":
            yield f"{node.tag}/{quantity}"
    for child in node.children:
        if child.tag not in _IGNORED_IN_ELEMENT and not _is_trigger(child):
            yield f"{node.tag}/{child.tag}"


def _condition(node: Node) -> str | None:
    """Text of the condition; an empty expression, as modelers leave it behind, is none."""
    texts = [child.text.strip() for child in node.children if child.tag == _CONDITION]
    return "".join(texts) or None


def _text(node: Node, attribute: str) -> str | None:
    return node.attributes.get(attribute) or None


def _local(qualified_name: str) -> str:
    """A reference without white space and prefix: BPMN spells some references as qualified names."""
    return qualified_name.strip().rpartition(":")[2]

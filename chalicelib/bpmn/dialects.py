"""The dialects of modelers: where each writes what this engine understands, one row per element or attribute.

Everything else that a modeler adds is left out, and never refused. Where two dialects say the same of an
element, the row that stands first counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .extension import NOTHING_ADDED, Extension
from .node import Node


class Dialect(StrEnum):
    """Who writes it, by the usual prefix of its namespace."""

    ZEEBE = "zeebe"
    CAMUNDA = "camunda"
    BPMN = "bpmn"


NAMESPACES: Mapping[str, Dialect] = {
    "http://camunda.org/schema/zeebe/1.0": Dialect.ZEEBE,
    "http://camunda.org/schema/1.0/bpmn": Dialect.CAMUNDA,
}
"""Source: the XML schemas that both modelers write."""

_NAMESPACE_OF = {dialect: namespace for namespace, dialect in NAMESPACES.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a dialect says of an element.

    Attributes:
        dialect: Whose it is.
        path: Where it stands: below `extensionElements`, in BPMN itself below the element; with `@` an
            attribute, without its text. `@topic` alone is an attribute of the element.
        field: What it says, by the field of `Extension`.
        meaning: What it means here, in a sentence for users.
        name: Attribute of the name, where a row reads names and texts.
        reads: Makes what it says of the text; None: nothing.
        joins: Whether what several of them say counts, separated by commas; else the first one does.
    """

    dialect: Dialect
    path: str
    field: str
    meaning: str
    name: str = ""
    reads: Callable[[str], str | None] = str
    joins: bool = False

    @property
    def steps(self) -> list[str]:
        """Tags from the element down, as `reader.Node` has them."""
        prefix = "" if self.dialect is Dialect.BPMN else f"{self.dialect}:"
        return [prefix + step for step in self.path.partition("@")[0].split("/") if step]

    @property
    def attribute(self) -> str:
        """Name of the attribute, as `reader.Node` has it; empty where the text of an element counts."""
        name = self.path.partition("@")[2]
        is_own = not self.steps and self.dialect in _NAMESPACE_OF
        return f"{{{_NAMESPACE_OF[self.dialect]}}}{name}" if is_own else name


def _kind(wanted: str) -> Callable[[str], str | None]:
    """Of `user(ann), group(sales), office`, those of one kind; what is of no kind is a group."""

    def read(text: str) -> str | None:
        found = []
        for part in filter(None, map(str.strip, text.split(","))):
            kind, _, rest = part.partition("(")
            is_said = rest.endswith(")") and kind in ("user", "group")
            if (kind if is_said else "group") == wanted:
                found.append(rest[:-1].strip() if is_said else part)
        return ", ".join(found) or None

    return read


def _variable(name: str) -> str:
    """The expression that is a variable."""
    return f"={name}"


def _all(text: str) -> str | None:
    """Whether all are meant."""
    return "true" if text == "all" else None


_PERFORMER = "/resourceAssignmentExpression/formalExpression"
_Z, _C, _B = Dialect

ROWS: tuple[Row, ...] = (
    Row(_Z, "taskDefinition@type", "work_type", "work type of its EXECUTE jobs"),
    Row(_Z, "taskDefinition@retries", "retries", "how often a failed job is tried again"),
    Row(_Z, "taskHeaders/header@value", "headers", "headers of its jobs", name="key"),
    Row(_Z, "ioMapping/input@source", "inputs", "variables made for the element", name="target"),
    Row(_Z, "ioMapping/output@source", "outputs", "variables made when it is done", name="target"),
    Row(_Z, "calledElement@processId", "called_process", "what a call activity calls"),
    Row(_Z, "calledElement@bindingType", "called_binding", "which version it calls"),
    Row(_Z, "calledElement@versionTag", "called_version", "the version it calls"),
    Row(_Z, "calledElement@propagateAllParentVariables", "passes_all_in", "whether all variables go in"),
    Row(_Z, "calledElement@propagateAllChildVariables", "passes_all_out", "whether all variables come back"),
    Row(_Z, "subscription@correlationKey", "correlation_key", "correlation key of the message awaited"),
    Row(_Z, "assignmentDefinition@assignee", "assignee", "who does the user task"),
    Row(_Z, "assignmentDefinition@candidateUsers", "candidate_users", "who may do it"),
    Row(_Z, "assignmentDefinition@candidateGroups", "candidate_groups", "whose members may do it"),
    Row(_Z, "taskSchedule@dueDate", "due_date", "when it should be done"),
    Row(_Z, "taskSchedule@followUpDate", "follow_up_date", "when somebody should look at it"),
    Row(_Z, "priorityDefinition@priority", "priority", "how urgent it is"),
    Row(_Z, "formDefinition@formKey", "form_key", "its form"),
    Row(_Z, "formDefinition@externalReference", "form_key", "its form"),
    Row(_Z, "formDefinition@formId", "form_id", "its form, by id"),
    Row(_Z, "script@expression", "script", "what the script task does"),
    Row(_Z, "script@resultVariable", "result_variable", "where the result goes"),
    Row(_Z, "calledDecision@decisionId", "decision", "decision of the business rule task"),
    Row(_Z, "calledDecision@resultVariable", "result_variable", "where the result goes"),
    Row(_Z, "properties/property@value", "properties", "properties of the element", name="name"),
    Row(_C, "@topic", "work_type", "work type of its EXECUTE jobs"),
    Row(
        _C,
        "failedJobRetryTimeCycle",
        "retries",
        "how often a failed job is tried again, and after which pause",
    ),
    Row(_C, "properties/property@value", "headers", "headers of its jobs", name="name"),
    Row(_C, "properties/property@value", "properties", "properties of the element", name="name"),
    Row(_C, "inputOutput/inputParameter", "inputs", "variables made for the element", name="name"),
    Row(_C, "inputOutput/outputParameter", "outputs", "variables made when it is done", name="name"),
    Row(_C, "@calledElementBinding", "called_binding", "which version a call activity calls"),
    Row(_C, "@calledElementVersion", "called_version", "the version it calls"),
    Row(_C, "@calledElementVersionTag", "called_version", "the version it calls"),
    Row(_C, "in@businessKey", "called_key", "correlation key of what is called"),
    Row(_C, "in@variables", "passes_all_in", "`all`: all variables go in", reads=_all),
    Row(_C, "out@variables", "passes_all_out", "`all`: all variables come back", reads=_all),
    Row(_C, "in@source", "called_inputs", "a variable that goes in", name="target", reads=_variable),
    Row(_C, "in@sourceExpression", "called_inputs", "a variable that goes in", name="target"),
    Row(_C, "out@source", "called_outputs", "a variable that comes back", name="target", reads=_variable),
    Row(_C, "out@sourceExpression", "called_outputs", "a variable that comes back", name="target"),
    Row(_C, "@assignee", "assignee", "who does the user task"),
    Row(_C, "@candidateUsers", "candidate_users", "who may do it"),
    Row(_C, "@candidateGroups", "candidate_groups", "whose members may do it"),
    Row(_C, "@dueDate", "due_date", "when it should be done"),
    Row(_C, "@followUpDate", "follow_up_date", "when somebody should look at it"),
    Row(_C, "@priority", "priority", "how urgent it is"),
    Row(_C, "@formKey", "form_key", "its form"),
    Row(_C, "@formRef", "form_id", "its form, by id"),
    Row(_C, "@resultVariable", "result_variable", "where the result goes"),
    Row(_C, "@decisionRef", "decision", "decision of the business rule task"),
    Row(_B, f"humanPerformer{_PERFORMER}", "assignee", "who does the user task"),
    Row(
        _B,
        f"potentialOwner{_PERFORMER}",
        "candidate_users",
        "who may do it: `user(ann)`",
        reads=_kind("user"),
        joins=True,
    ),
    Row(
        _B,
        f"potentialOwner{_PERFORMER}",
        "candidate_groups",
        "whose members may do it: `group(sales)`, or the name alone",
        reads=_kind("group"),
        joins=True,
    ),
    Row(_B, "documentation", "documentation", "what the user task is about"),
    Row(_B, "script", "script", "what the script task does"),
    Row(_B, "@scriptFormat", "script_format", "in which language"),
)

KEPT = frozenset({"decision", "documentation", "properties"})
"""What is kept with the model, and not followed by the engine itself: workers decide, people read, and
expressions see the properties."""

RESOURCES = frozenset({"humanPerformer", "performer", "potentialOwner", "resourceRole"})
"""Who does something, in BPMN itself."""

_AT: dict[str, list[tuple[int, Row]]] = {}
"""Rows with their position, by the attribute or the tag that an element must have for them."""

for _position, _row in enumerate(ROWS):
    _AT.setdefault(_row.steps[0] if _row.steps else f"@{_row.attribute}", []).append((_position, _row))


def read_extension(nodes: Iterable[Node]) -> Extension:
    """What a modeler adds to an element.

    Args:
        nodes: The element, its event definition, and what that refers to.
    """
    said: dict[str, list[Any]] = {}
    said_by: dict[str, Row] = {}
    for _, row, value in sorted(_found(nodes), key=lambda found: found[0]):
        first = said_by.setdefault(row.field, row)
        if row.name or (row.joins and first is row) or row.field not in said:
            said.setdefault(row.field, []).append(value)
    values: dict[str, Any] = {
        field: tuple(found) if said_by[field].name else ", ".join(found) for field, found in said.items()
    }
    return Extension(**values) if values else NOTHING_ADDED


def _found(nodes: Iterable[Node]) -> Iterator[tuple[int, Row, Any]]:
    for node in nodes:
        for attribute in node.attributes:
            for position, row in _AT.get(f"@{attribute}", ()):
                yield from ((position, row, value) for value in _values(row, node))
        for child in (*node.extensions, *node.children):
            for position, row in _AT.get(child.tag, ()):
                for end in _ends(child, row.steps[1:]):
                    yield from ((position, row, value) for value in _values(row, end))


def _ends(node: Node, steps: list[str]) -> Iterator[Node]:
    """The elements at the end of a path."""
    if not steps:
        yield node
        return
    for child in node.children:
        if child.tag == steps[0]:
            yield from _ends(child, steps[1:])


def _values(row: Row, node: Node) -> Iterator[Any]:
    """What a row says at a place, if anything; a list, a map or a script has no text of its own."""
    text = (node.attributes.get(row.attribute, "") if row.attribute else node.text).strip()
    name = node.attributes.get(row.name, "").strip()
    value = row.reads(text) if text else None
    if value is not None and (name or not row.name):
        yield (name, value) if row.name else value

"""What exists: one row per BPMN element type that this engine executes.

Parser, rules, documentation and the completeness tests read `KINDS`. A new element type is one row here and
one row in `engine/behaviors`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ElementType(StrEnum):
    """The element types, spelled as on the wire."""

    BUSINESS_RULE_TASK = "BUSINESS_RULE_TASK"
    EXCLUSIVE_GATEWAY = "EXCLUSIVE_GATEWAY"
    INCLUSIVE_GATEWAY = "INCLUSIVE_GATEWAY"
    MANUAL_TASK = "MANUAL_TASK"
    NONE_END_EVENT = "NONE_END_EVENT"
    NONE_START_EVENT = "NONE_START_EVENT"
    NONE_THROW_EVENT = "NONE_THROW_EVENT"
    PARALLEL_GATEWAY = "PARALLEL_GATEWAY"
    PROCESS = "PROCESS"
    SCRIPT_TASK = "SCRIPT_TASK"
    SEND_TASK = "SEND_TASK"
    SERVICE_TASK = "SERVICE_TASK"
    TASK = "TASK"
    USER_TASK = "USER_TASK"


class Family(StrEnum):
    """What an element is in the words of the specification; rules speak about families, not about types."""

    ACTIVITY = "activity"
    CATCH_EVENT = "catch event"
    END_EVENT = "end event"
    GATEWAY = "gateway"
    SCOPE = "scope"
    START_EVENT = "start event"
    THROW_EVENT = "throw event"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one element type looks in BPMN XML.

    Attributes:
        type: The element type.
        family: What it is.
        tag: Local name of its XML element.
        trigger: Local name of the event definition inside of it; None for everything without one.
    """

    type: ElementType
    family: Family
    tag: str
    trigger: str | None = None


KINDS: tuple[Kind, ...] = (
    Kind(ElementType.PROCESS, Family.SCOPE, "process"),
    Kind(ElementType.NONE_START_EVENT, Family.START_EVENT, "startEvent"),
    Kind(ElementType.NONE_THROW_EVENT, Family.THROW_EVENT, "intermediateThrowEvent"),
    Kind(ElementType.NONE_END_EVENT, Family.END_EVENT, "endEvent"),
    Kind(ElementType.TASK, Family.ACTIVITY, "task"),
    Kind(ElementType.MANUAL_TASK, Family.ACTIVITY, "manualTask"),
    Kind(ElementType.SERVICE_TASK, Family.ACTIVITY, "serviceTask"),
    Kind(ElementType.SCRIPT_TASK, Family.ACTIVITY, "scriptTask"),
    Kind(ElementType.SEND_TASK, Family.ACTIVITY, "sendTask"),
    Kind(ElementType.BUSINESS_RULE_TASK, Family.ACTIVITY, "businessRuleTask"),
    Kind(ElementType.USER_TASK, Family.ACTIVITY, "userTask"),
    Kind(ElementType.EXCLUSIVE_GATEWAY, Family.GATEWAY, "exclusiveGateway"),
    Kind(ElementType.INCLUSIVE_GATEWAY, Family.GATEWAY, "inclusiveGateway"),
    Kind(ElementType.PARALLEL_GATEWAY, Family.GATEWAY, "parallelGateway"),
)

KIND_OF: Mapping[ElementType, Kind] = {kind.type: kind for kind in KINDS}

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
    CALL_ACTIVITY = "CALL_ACTIVITY"
    ERROR_BOUNDARY_EVENT = "ERROR_BOUNDARY_EVENT"
    ERROR_END_EVENT = "ERROR_END_EVENT"
    ESCALATION_BOUNDARY_EVENT = "ESCALATION_BOUNDARY_EVENT"
    ESCALATION_END_EVENT = "ESCALATION_END_EVENT"
    ESCALATION_THROW_EVENT = "ESCALATION_THROW_EVENT"
    EVENT_BASED_GATEWAY = "EVENT_BASED_GATEWAY"
    EXCLUSIVE_GATEWAY = "EXCLUSIVE_GATEWAY"
    INCLUSIVE_GATEWAY = "INCLUSIVE_GATEWAY"
    LINK_CATCH_EVENT = "LINK_CATCH_EVENT"
    LINK_THROW_EVENT = "LINK_THROW_EVENT"
    MANUAL_TASK = "MANUAL_TASK"
    MESSAGE_BOUNDARY_EVENT = "MESSAGE_BOUNDARY_EVENT"
    MESSAGE_CATCH_EVENT = "MESSAGE_CATCH_EVENT"
    MESSAGE_END_EVENT = "MESSAGE_END_EVENT"
    MESSAGE_START_EVENT = "MESSAGE_START_EVENT"
    MESSAGE_THROW_EVENT = "MESSAGE_THROW_EVENT"
    NONE_END_EVENT = "NONE_END_EVENT"
    NONE_START_EVENT = "NONE_START_EVENT"
    NONE_THROW_EVENT = "NONE_THROW_EVENT"
    PARALLEL_GATEWAY = "PARALLEL_GATEWAY"
    PROCESS = "PROCESS"
    SCRIPT_TASK = "SCRIPT_TASK"
    SEND_TASK = "SEND_TASK"
    SERVICE_TASK = "SERVICE_TASK"
    SIGNAL_BOUNDARY_EVENT = "SIGNAL_BOUNDARY_EVENT"
    SIGNAL_CATCH_EVENT = "SIGNAL_CATCH_EVENT"
    SIGNAL_END_EVENT = "SIGNAL_END_EVENT"
    SIGNAL_START_EVENT = "SIGNAL_START_EVENT"
    SIGNAL_THROW_EVENT = "SIGNAL_THROW_EVENT"
    SUB_PROCESS = "SUB_PROCESS"
    TASK = "TASK"
    TIMER_BOUNDARY_EVENT = "TIMER_BOUNDARY_EVENT"
    TIMER_CATCH_EVENT = "TIMER_CATCH_EVENT"
    TIMER_START_EVENT = "TIMER_START_EVENT"
    USER_TASK = "USER_TASK"


class Family(StrEnum):
    """What an element is in the words of the specification; rules speak about families, not about types."""

    ACTIVITY = "activity"
    BOUNDARY_EVENT = "boundary event"
    CATCH_EVENT = "catch event"
    END_EVENT = "end event"
    GATEWAY = "gateway"
    PROCESS = "process"
    START_EVENT = "start event"
    THROW_EVENT = "throw event"


class Trigger(StrEnum):
    """What an event waits for or throws."""

    ERROR = "error"
    ESCALATION = "escalation"
    LINK = "link"
    MESSAGE = "message"
    SIGNAL = "signal"
    TIMER = "timer"

    @property
    def tag(self) -> str:
        """Local name of its event definition in BPMN XML."""
        return f"{self}EventDefinition"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one element type looks in BPMN XML.

    Attributes:
        type: The element type.
        family: What it is.
        tag: Local name of its XML element.
        trigger: What the event definition inside of it is about; None for everything without one.
        is_scope: Whether it holds other elements.
        in_microflow: Whether it can run in a microflow: it waits for nobody but a connector or a handler, and
            tells nobody outside.
    """

    type: ElementType
    family: Family
    tag: str
    trigger: Trigger | None = None
    is_scope: bool = False
    in_microflow: bool = False


KINDS: tuple[Kind, ...] = (
    Kind(ElementType.PROCESS, Family.PROCESS, "process", is_scope=True, in_microflow=True),
    # start events
    Kind(ElementType.NONE_START_EVENT, Family.START_EVENT, "startEvent", in_microflow=True),
    Kind(ElementType.MESSAGE_START_EVENT, Family.START_EVENT, "startEvent", Trigger.MESSAGE),
    Kind(ElementType.SIGNAL_START_EVENT, Family.START_EVENT, "startEvent", Trigger.SIGNAL),
    Kind(ElementType.TIMER_START_EVENT, Family.START_EVENT, "startEvent", Trigger.TIMER),
    # intermediate events
    Kind(
        ElementType.LINK_CATCH_EVENT,
        Family.CATCH_EVENT,
        "intermediateCatchEvent",
        Trigger.LINK,
        in_microflow=True,
    ),
    Kind(ElementType.MESSAGE_CATCH_EVENT, Family.CATCH_EVENT, "intermediateCatchEvent", Trigger.MESSAGE),
    Kind(ElementType.SIGNAL_CATCH_EVENT, Family.CATCH_EVENT, "intermediateCatchEvent", Trigger.SIGNAL),
    Kind(ElementType.TIMER_CATCH_EVENT, Family.CATCH_EVENT, "intermediateCatchEvent", Trigger.TIMER),
    Kind(ElementType.NONE_THROW_EVENT, Family.THROW_EVENT, "intermediateThrowEvent", in_microflow=True),
    Kind(
        ElementType.ESCALATION_THROW_EVENT, Family.THROW_EVENT, "intermediateThrowEvent", Trigger.ESCALATION
    ),
    Kind(
        ElementType.LINK_THROW_EVENT,
        Family.THROW_EVENT,
        "intermediateThrowEvent",
        Trigger.LINK,
        in_microflow=True,
    ),
    Kind(ElementType.MESSAGE_THROW_EVENT, Family.THROW_EVENT, "intermediateThrowEvent", Trigger.MESSAGE),
    Kind(ElementType.SIGNAL_THROW_EVENT, Family.THROW_EVENT, "intermediateThrowEvent", Trigger.SIGNAL),
    # boundary events
    Kind(
        ElementType.ERROR_BOUNDARY_EVENT,
        Family.BOUNDARY_EVENT,
        "boundaryEvent",
        Trigger.ERROR,
        in_microflow=True,
    ),
    Kind(ElementType.ESCALATION_BOUNDARY_EVENT, Family.BOUNDARY_EVENT, "boundaryEvent", Trigger.ESCALATION),
    Kind(ElementType.MESSAGE_BOUNDARY_EVENT, Family.BOUNDARY_EVENT, "boundaryEvent", Trigger.MESSAGE),
    Kind(ElementType.SIGNAL_BOUNDARY_EVENT, Family.BOUNDARY_EVENT, "boundaryEvent", Trigger.SIGNAL),
    Kind(
        ElementType.TIMER_BOUNDARY_EVENT,
        Family.BOUNDARY_EVENT,
        "boundaryEvent",
        Trigger.TIMER,
        in_microflow=True,
    ),
    # end events
    Kind(ElementType.NONE_END_EVENT, Family.END_EVENT, "endEvent", in_microflow=True),
    Kind(ElementType.ERROR_END_EVENT, Family.END_EVENT, "endEvent", Trigger.ERROR, in_microflow=True),
    Kind(ElementType.ESCALATION_END_EVENT, Family.END_EVENT, "endEvent", Trigger.ESCALATION),
    Kind(ElementType.MESSAGE_END_EVENT, Family.END_EVENT, "endEvent", Trigger.MESSAGE),
    Kind(ElementType.SIGNAL_END_EVENT, Family.END_EVENT, "endEvent", Trigger.SIGNAL),
    # activities
    Kind(ElementType.TASK, Family.ACTIVITY, "task", in_microflow=True),
    Kind(ElementType.MANUAL_TASK, Family.ACTIVITY, "manualTask", in_microflow=True),
    Kind(ElementType.SERVICE_TASK, Family.ACTIVITY, "serviceTask", in_microflow=True),
    Kind(ElementType.SCRIPT_TASK, Family.ACTIVITY, "scriptTask", in_microflow=True),
    Kind(ElementType.SEND_TASK, Family.ACTIVITY, "sendTask", in_microflow=True),
    Kind(ElementType.BUSINESS_RULE_TASK, Family.ACTIVITY, "businessRuleTask", in_microflow=True),
    Kind(ElementType.USER_TASK, Family.ACTIVITY, "userTask"),
    Kind(ElementType.SUB_PROCESS, Family.ACTIVITY, "subProcess", is_scope=True, in_microflow=True),
    Kind(ElementType.CALL_ACTIVITY, Family.ACTIVITY, "callActivity", in_microflow=True),
    # gateways
    Kind(ElementType.EXCLUSIVE_GATEWAY, Family.GATEWAY, "exclusiveGateway", in_microflow=True),
    Kind(ElementType.INCLUSIVE_GATEWAY, Family.GATEWAY, "inclusiveGateway"),
    Kind(ElementType.PARALLEL_GATEWAY, Family.GATEWAY, "parallelGateway"),
    Kind(ElementType.EVENT_BASED_GATEWAY, Family.GATEWAY, "eventBasedGateway"),
)

KIND_OF: Mapping[ElementType, Kind] = {kind.type: kind for kind in KINDS}

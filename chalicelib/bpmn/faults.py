"""How a rule names a fault: where it is, what it is, and the fact."""

from .errors import Cause
from .model import Element, Process, SequenceFlow


def fault(process: Process, part: Element | SequenceFlow, detail: str) -> Cause:
    """A fault of an element, of the process itself, or of a sequence flow."""
    if isinstance(part, Element):
        return Cause(process.pointer_to(part), "process" if part.number == 0 else "element", detail)
    return Cause(process.pointer(part.scope, part.bpmn_element_id), "sequence_flow", detail)


def flow_name(flow: SequenceFlow) -> str:
    """A sequence flow in a sentence."""
    return f"sequence flow {flow.bpmn_element_id or 'without ID'}"

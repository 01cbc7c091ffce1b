"""Start of a process instance."""

from ..bpmn.types import ElementType
from .errors import ProcessModelError
from .loop import run
from .step import Step


def start(step: Step) -> None:
    """Open the process scope and run to the first wait states.

    Raises:
        ProcessModelError: The process has no none start event, so nothing can start it but its own events.
    """
    process = step.process.elements[0]
    if not any(element.type is ElementType.NONE_START_EVENT for element in step.process.content(process)):
        raise ProcessModelError(
            f"scope {process.bpmn_element_id} has no none start event element",
            title="failed to create execution",
        )
    step.open(process, None)
    run(step)

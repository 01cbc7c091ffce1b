"""What every behavior answers to.

A token's life at an element: it is opened (CREATED), *entered* (the behavior starts it, and it passes
through, waits for a job or a task, or opens content), *resumed* when its job is completed, and left by its
outgoing flows (COMPLETED).
"""

from dataclasses import dataclass

from ...bpmn.model import Element
from ..records import ElementInstance, Job
from ..step import Step


@dataclass(frozen=True, slots=True)
class JobCompletion:
    """What a worker answers to a job that asks; what does not belong to the job's type is not looked at."""

    error_code: str | None = None
    escalation_code: str | None = None
    exclusive_gateway_decision: str | None = None
    inclusive_gateway_decision: tuple[str, ...] = ()


class Behavior:
    """How tokens move through an element of one type."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """A token arrives."""
        raise NotImplementedError

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """A job is completed: move on, or answer why the completion does not fit and change nothing."""
        return f"an element of type {element.type} has no jobs"


class PassThrough(Behavior):
    """Completes as soon as it is entered; a token goes down every outgoing flow."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Through."""
        step.leave(token, step.process.outgoing(element))

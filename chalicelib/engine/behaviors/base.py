"""What every behavior answers to.

A token's life at an element: it is opened (CREATED), *entered* (the behavior starts it, and it passes
through, waits for a job, a task or an event, or opens content), *resumed* when its job is completed,
*triggered* when its event occurs, and left by its outgoing flows (COMPLETED).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...bpmn.model import Element, Timer
from ..asks import Called
from ..records import ElementInstance, Instant, Job, Task
from ..states import JobType
from ..step import Step


@dataclass(frozen=True, slots=True)
class JobCompletion:
    """What a worker answers to a job that asks; what does not belong to the job's type is not looked at.

    Attributes:
        retry_due: When a job that is made again is due; None: at once.
    """

    error_code: str | None = None
    escalation_code: str | None = None
    exclusive_gateway_decision: str | None = None
    inclusive_gateway_decision: tuple[str, ...] = ()
    message_name: str | None = None
    message_correlation_key: str | None = None
    signal_name: str | None = None
    timer: Timer | None = None
    called: Called | None = None
    retry_due: Instant | None = None


class Behavior:
    """How tokens move through an element of one type."""

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return ()

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """A token arrives."""
        raise NotImplementedError

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """A job is completed: move on, or answer why the completion does not fit and change nothing."""
        return f"an element of type {element.type} has no jobs"

    def trigger(self, step: Step, element: Element, token: ElementInstance, task: Task) -> Sequence[Task]:
        """What the token waits for occurs, or what it throws is on its way.

        Returns:
            Tasks that come before the token goes on; it then waits for `go_on`.
        """
        raise NotImplementedError

    def go_on(self, step: Step, element: Element, token: ElementInstance) -> None:
        """The tasks that came before are done."""
        step.finish(token)


class PassThrough(Behavior):
    """Completes as soon as it is entered."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Through."""
        step.finish(token)

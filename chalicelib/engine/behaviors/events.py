"""Where an event stands. With the triggers of `triggers`, every event type is a pair of both."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...bpmn.model import Element
from .. import boundary
from ..mappings import map_outputs
from ..records import ElementInstance, Job, Task
from ..states import JobType, TaskType
from ..step import Step
from .base import Behavior, JobCompletion
from .gateways import EventBasedGateway
from .triggers import Awaited, Thrower, defined_name


@dataclass(frozen=True, slots=True)
class Listening(Behavior):
    """Listens for what it awaits, once it is known what that is."""

    awaited: Awaited

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return self.awaited.jobs

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Listen."""
        self.awaited.arm(step, element, token)

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """Now it is known for what to listen."""
        return self.awaited.define(step, element, token, job, completion)


class Catch(Listening):
    """Waits in the flow until it is triggered, alone or behind an event-based gateway."""

    def trigger(self, step: Step, element: Element, token: ElementInstance, task: Task) -> Sequence[Task]:
        """Go on; a gateway in front ends its other events."""
        gateway = step.instance.element_instances.get(token.host_id or 0)
        if gateway is not None:
            EventBasedGateway.choose(step, gateway, token)
        step.unsubscribe(token)
        step.finish(token)
        return ()


class Boundary(Listening):
    """Listens beside its activity; when triggered, it ends the activity or a token runs next to it."""

    def trigger(self, step: Step, element: Element, token: ElementInstance, task: Task) -> Sequence[Task]:
        """Fire, and listen again if that is its kind."""
        step.unsubscribe(token)
        boundary.fire(step, element, token, self.awaited.renewal(step, element, token, task))
        return ()


@dataclass(frozen=True, slots=True)
class Throw(Behavior):
    """Throws as soon as it is known what, then goes on; an end event has nowhere to go."""

    thrower: Thrower

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return (self.thrower.job_type,)

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Throw what the model says, or ask."""
        if defined_name(step, element, token, self.thrower.job_type) is None:
            step.add_job(token, self.thrower.job_type)
        else:
            self._on_its_way(step, token)

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """Throw what the worker says."""
        code: str | None = getattr(completion, self.thrower.field)
        if not code:
            return f"expected {self.thrower.called}"
        token.given = code
        self._on_its_way(step, token)
        return None

    def trigger(self, step: Step, element: Element, token: ElementInstance, task: Task) -> Sequence[Task]:
        """Throw."""
        code = token.given or (element.event and element.event.name)
        assert code, "nothing is thrown before it is known what"
        return self.thrower.throw(step, element, token, code)

    @staticmethod
    def _on_its_way(step: Step, token: ElementInstance) -> None:
        step.start(token)
        step.add_task(TaskType.TRIGGER_EVENT, token)


class LinkThrow(Behavior):
    """Jumps to the catch event of its name in the same scope."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Go on there."""
        target = step.process.link_target(element)
        assert target is not None, "rules refuse a link that leads nowhere"
        map_outputs(step, element, token)
        step.jump(token, target)

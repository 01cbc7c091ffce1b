"""Elements that hold others."""

from ...bpmn.model import Element
from ...bpmn.types import ElementType
from ..records import ElementInstance
from ..states import InstanceState
from ..step import Step
from .base import Behavior


class ProcessScope(Behavior):
    """The process itself: starts with its none start event and ends with its last token."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Start the instance and put a token on the none start event."""
        self.begin(step, token)
        for start in step.process.content(element):
            if start.type is ElementType.NONE_START_EVENT:
                step.open(start, token)

    @staticmethod
    def begin(step: Step, token: ElementInstance) -> None:
        """The instance runs from now on."""
        step.start(token)
        step.instance.state = InstanceState.STARTED
        step.instance.started_at = step.now

"""Elements that hold others, or call a process."""

from ...bpmn.model import Element
from .. import calls
from ..asks import Call, Called
from ..evaluation import EvaluationFailed
from ..leaving import Phase, stop
from ..records import ElementInstance, Job
from ..states import InstanceState, JobType
from ..step import Step
from .base import Behavior, JobCompletion


class ProcessScope(Behavior):
    """The process itself: starts with its none start event and ends with its last token."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Start the instance and put a token on the none start event."""
        self.begin(step, token)
        _open_none_start(step, element, token)

    @staticmethod
    def begin(step: Step, token: ElementInstance) -> None:
        """The instance runs from now on."""
        step.start(token)
        step.instance.state = InstanceState.STARTED
        step.instance.started_at = step.now

    @classmethod
    def begin_at(cls, step: Step, start: Element) -> None:
        """What was planned begins at one of its start events."""
        step.instance.begin(step.now, step.actor)
        if step.must_wait:
            cls.wait_at(step, start)
            return
        scope = step.open(step.process.elements[0], None)
        step.ready.remove(scope)
        cls.begin(step, scope)
        step.open(start, scope)

    @staticmethod
    def wait_at(step: Step, start: Element) -> None:
        """The instance waits for its turn: process scope and start event are QUEUED."""
        scope = step.open(step.process.elements[0], None)
        for token in (scope, step.open(start, scope)):
            step.ready.remove(token)
            token.state = InstanceState.QUEUED
        step.instance.state = InstanceState.QUEUED


class SubProcess(Behavior):
    """A process inside of the process: starts with its none start event and ends with its last token."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Put a token on the none start event."""
        step.start(token)
        _open_none_start(step, element, token)


class CallActivity(Behavior):
    """Calls a process.

    Where the model says neither binding nor mapping, one job says which, and another takes over its variables
    when it has ended.
    """

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return (JobType.CALL_PROCESS, JobType.PASS_VARIABLES)

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Call, or ask what to call and with which variables."""
        if calls.is_said(element):
            step.asks.append(calls.find(step, element, token))
            step.start(token)
        else:
            step.start(token)
            step.add_job(token, JobType.CALL_PROCESS)

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """Call, or go on after the call."""
        if job.type is JobType.PASS_VARIABLES:
            step.finish(token)
            return None
        return self.call(step, token, completion.called)

    @staticmethod
    def call(step: Step, token: ElementInstance, called: Called | None) -> str | None:
        """Call a process, or answer why that cannot be."""
        if called is None or not called.bpmn_process_id:
            return "expected a called process"
        name = ":".join(filter(None, (called.bpmn_process_id, called.version)))
        if called.process is None:
            return f"process {name} could not be found"
        if called.process.model.none_start(called.process.model.elements[0]) is None:
            return f"process {called.bpmn_process_id}:{called.process.version} has no none start event"
        step.asks.append(Call(token, called))
        return None

    @staticmethod
    def take_back(step: Step, token: ElementInstance, called: Step) -> None:
        """What was called is completed: take over its variables and go on, or ask which of them count."""
        element = step.process.elements[token.element]
        if not calls.is_said(element):
            step.add_job(token, JobType.PASS_VARIABLES)
            return
        try:
            calls.take_over(step, element, token, called)
        except EvaluationFailed as failed:
            stop(step, token, Phase.TAKE_BACK, failed)
        else:
            step.finish(token)


def _open_none_start(step: Step, scope: Element, token: ElementInstance) -> None:
    start = step.process.none_start(scope)
    assert start is not None, "rules refuse a sub-process, and a start a process, without none start event"
    step.open(start, token)

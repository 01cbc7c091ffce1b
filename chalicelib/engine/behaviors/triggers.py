"""What an event waits for or throws. With the positions of `events`, every event type is a pair of both."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from ...bpmn.extension import is_expression
from ...bpmn.model import Element, Timer
from ...bpmn.timing import CycleEnd, first_due, next_due
from ...bpmn.types import Trigger
from ..asks import Broadcast, Subscribe, SubscribeSignal
from ..boundary import Renewal
from ..catching import Thrown, catch, deliver
from ..evaluation import EvaluationFailed
from ..records import ElementInstance, Instant, Job, Task
from ..states import JobType, TaskType
from ..step import Step
from .base import JobCompletion


class Awaited:
    """Something that an event waits for."""

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that may ask for it."""
        return ()

    def arm(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Let the token listen; where neither model nor deployment says for what, a job asks."""
        raise NotImplementedError

    def define(
        self, step: Step, element: Element, token: ElementInstance, job: Job, c: JobCompletion
    ) -> str | None:
        """Take what the job brings, and listen; or answer why it does not fit."""
        raise NotImplementedError

    def renewal(self, step: Step, element: Element, token: ElementInstance, task: Task) -> Renewal | None:
        """With what a non-interrupting boundary event listens again; None: it does not."""
        return Renewal(token.given, token.correlation_key)


class AwaitedCode(Awaited):
    """An error or an escalation: of one code, or of every code.

    Whoever throws it looks for the event that catches, see `engine.catching`.
    """

    def __init__(self, job_type: JobType, field: str) -> None:
        """Keep which job asks for the code, and which field of its completion answers."""
        self._job_type = job_type
        self._field = field

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that may ask for it."""
        return (self._job_type,)

    def arm(self, step: Step, element: Element, token: ElementInstance) -> None:
        """There is nothing to wait for but the code."""
        if element.event is None and token.given is None:
            step.add_job(token, self._job_type)
        else:
            defined_name(step, element, token, self._job_type)
            step.arm(token)

    def define(
        self, step: Step, element: Element, token: ElementInstance, job: Job, c: JobCompletion
    ) -> str | None:
        """Without a code, it catches every one."""
        token.given = getattr(c, self._field) or ""
        step.arm(token)
        return None


class AwaitedTimer(Awaited):
    """A timer: a point in time, a duration, or the ticks of a cycle.

    A task is due when it fires.
    """

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that may ask for it."""
        return (JobType.SET_TIMER,)

    def arm(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Set the timer of the model, or the one that a job has given before."""
        timer = _timer(element, token)
        if timer is None:
            step.add_job(token, JobType.SET_TIMER)
            return
        since = step.now if token.since is None else token.since
        try:
            timer = step.evaluator(token, JobType.SET_TIMER).timer(timer)
            due_at = first_due(timer, since)
        except ValueError as fault:
            fact = f"timer of {element.bpmn_element_id}: {fault}"
            raise EvaluationFailed(fact, JobType.SET_TIMER) from fault
        if element.event and element.event.timer and timer != element.event.timer:
            token.given = timer.cycle or timer.duration
        # What ticks again may be due already, after a moved clock: it comes when all before it have come.
        self._set(step, token, due_at, runs=token.since is None)

    def define(
        self, step: Step, element: Element, token: ElementInstance, job: Job, c: JobCompletion
    ) -> str | None:
        """Set the timer."""
        if c.timer is None:
            return "expected a timer"
        try:
            due_at = first_due(c.timer, step.now)
        except ValueError as fault:
            return str(fault)
        token.given = c.timer.cycle or c.timer.duration
        self._set(step, token, due_at)
        return None

    def renewal(self, step: Step, element: Element, token: ElementInstance, task: Task) -> Renewal | None:
        """A cycle ticks on from when it was due, a duration counts from now, a point in time comes once."""
        timer = _timer(element, token)
        if timer is None or (timer.fires_once and timer.cycle is None):
            return None
        try:
            following, due_at = next_due(timer, task.due_at, step.now)
        except CycleEnd:
            return None
        return Renewal(following.cycle or following.duration, since=Instant(due_at))

    @staticmethod
    def _set(step: Step, token: ElementInstance, due_at: int, *, runs: bool = True) -> None:
        step.add_task(TaskType.TRIGGER_EVENT, token, due_at=Instant(due_at), runs=runs)
        step.arm(token)


def _timer(element: Element, token: ElementInstance) -> Timer | None:
    said = element.event.timer if element.event else None
    if token.given is None:
        return said
    return replace(Timer.of(token.given), fires_once=said is not None and said.fires_once)


class AwaitedMessage(Awaited):
    """A message: of one name and correlation key; each is taken by one who waits for it.

    A subscription lies in the slot of name and correlation key.
    """

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that may ask for it."""
        return (JobType.SUBSCRIBE_MESSAGE, JobType.SET_MESSAGE_CORRELATION_KEY)

    def arm(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Subscribe, or ask for what is not known."""
        name = defined_name(step, element, token, JobType.SUBSCRIBE_MESSAGE)
        if name is None:
            step.add_job(token, JobType.SUBSCRIBE_MESSAGE)
            return
        if token.correlation_key is None:
            token.correlation_key = self._key(step, element, token)
        if token.correlation_key is None:
            step.add_job(token, JobType.SET_MESSAGE_CORRELATION_KEY)
        else:
            step.asks.append(Subscribe(token, name, token.correlation_key))

    def define(
        self, step: Step, element: Element, token: ElementInstance, job: Job, c: JobCompletion
    ) -> str | None:
        """Subscribe."""
        if job.type is JobType.SUBSCRIBE_MESSAGE and not c.message_name:
            return "expected a message name"
        try:
            key = c.message_correlation_key or self._key(step, element, token)
        except EvaluationFailed as failed:
            return failed.reason
        if not key:
            return "expected a message correlation key"
        if job.type is JobType.SUBSCRIBE_MESSAGE:
            token.given = c.message_name
        token.correlation_key = key
        self.arm(step, element, token)
        return None

    @staticmethod
    def _key(step: Step, element: Element, token: ElementInstance) -> str | None:
        """The correlation key that the model says."""
        said = element.extension.correlation_key
        if said is None:
            return None
        evaluator = step.evaluator(token, JobType.SET_MESSAGE_CORRELATION_KEY)
        return evaluator.text(said, f"correlation key of {element.bpmn_element_id}")


class AwaitedSignal(Awaited):
    """A signal: of one name; each reaches everybody who waits for it.

    A subscription lies among those of the name.
    """

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that may ask for it."""
        return (JobType.SUBSCRIBE_SIGNAL,)

    def arm(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Subscribe, or ask for the name."""
        name = defined_name(step, element, token, JobType.SUBSCRIBE_SIGNAL)
        if name is None:
            step.add_job(token, JobType.SUBSCRIBE_SIGNAL)
        else:
            step.asks.append(SubscribeSignal(token, name))

    def define(
        self, step: Step, element: Element, token: ElementInstance, job: Job, c: JobCompletion
    ) -> str | None:
        """Subscribe."""
        if not c.signal_name:
            return "expected a signal name"
        token.given = c.signal_name
        self.arm(step, element, token)
        return None


def defined_name(step: Step, element: Element, token: ElementInstance, asks: JobType) -> str | None:
    """Name or code of an event: that of a job, or the one of the model, of which an expression is kept.

    Raises:
        EvaluationFailed: The expression comes to nothing.
    """
    said = element.event.name if element.event else None
    if token.given is None and said is not None and is_expression(said):
        what = f"{element.trigger} name or code of {element.bpmn_element_id}"
        token.given = step.evaluator(token, asks).text(said, what)
    return token.given or said


class Thrower:
    """Something that an event throws, known by a code or name.

    Attributes:
        job_type: Which job asks for the code or name.
        field: Which field of its completion answers.
        called: What it is, in a sentence.
    """

    job_type: ClassVar[JobType]
    field: ClassVar[str]
    called: ClassVar[str]

    def throw(self, step: Step, element: Element, token: ElementInstance, code: str) -> Sequence[Task]:
        """Throw it; the token itself is left by the position.

        Returns:
            Tasks of this process instance that come before the token goes on.
        """
        raise NotImplementedError


class ThrownError(Thrower):
    """An error: ends the nearest activity around that catches it."""

    job_type = JobType.SET_ERROR_CODE
    field = "error_code"
    called = "an error code"

    def throw(self, step: Step, element: Element, token: ElementInstance, code: str) -> Sequence[Task]:
        """Uncaught, it is a none end event, and a line in the log; in a microflow, the end of everything."""
        _throw(step, element, token, Thrown(Trigger.ERROR, code))
        return ()


class ThrownEscalation(Thrower):
    """An escalation: caught by a boundary event that runs beside, at an end event by one that interrupts."""

    job_type = JobType.SET_ESCALATION_CODE
    field = "escalation_code"
    called = "an escalation code"

    def __init__(self, *, interrupts: bool) -> None:
        """Keep which boundary events catch it."""
        self._interrupts = interrupts

    def throw(self, step: Step, element: Element, token: ElementInstance, code: str) -> Sequence[Task]:
        """Uncaught, it is a none event."""
        _throw(step, element, token, Thrown(Trigger.ESCALATION, code, self._interrupts))
        return ()


def _throw(step: Step, element: Element, token: ElementInstance, thrown: Thrown) -> None:
    caught = catch(step, token, thrown)
    if caught is not None and caught.event.is_interrupting:
        # What was thrown has left its event, also when the scope around it ends now.
        step.end(token)
    if caught is not None:
        deliver(step, token, caught)
    elif thrown.trigger is Trigger.ERROR:
        step.notes.append(f"nobody catches error {thrown.code} of {element.bpmn_element_id}")
        if step.moment.uncaught_ends:
            step.end(token)
            step.terminate_instance()


class ThrownSignal(Thrower):
    """A signal: reaches everybody who waits for it, in this process instance first."""

    job_type = JobType.SET_SIGNAL_NAME
    field = "signal_name"
    called = "a signal name"

    def throw(self, step: Step, element: Element, token: ElementInstance, code: str) -> Sequence[Task]:
        """One task for each subscriber."""
        waiting = [
            s for s in step.instance.subscriptions.values() if (s.name, s.correlation_key) == (code, None)
        ]
        tokens = [
            step.instance.element_instances[subscription.element_instance_id] for subscription in waiting
        ]
        for subscriber in tokens:
            step.unsubscribe(subscriber)
        step.asks.append(Broadcast(code))
        return [step.add_task(TaskType.TRIGGER_EVENT, subscriber) for subscriber in tokens]

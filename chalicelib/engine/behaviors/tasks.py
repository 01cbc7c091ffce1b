"""Tasks: most of them are done outside of the engine."""

from dataclasses import dataclass

from ...bpmn.model import Element
from ...bpmn.scripts import own_script
from ...bpmn.types import Trigger
from ..asks import Staff
from ..assignment import evaluated
from ..catching import Thrown, catch, deliver
from ..mappings import put_result
from ..policies import policy_of, wanted
from ..records import ElementInstance, Job
from ..states import JobType
from ..step import Step
from .base import Behavior, JobCompletion


@dataclass(frozen=True, slots=True)
class JobTask(Behavior):
    """Waits for a job, in which a worker may throw; then a token goes down every outgoing flow."""

    type: JobType

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return (self.type,)

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Make the job."""
        step.start(token)
        step.add_job(token, self.type)

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """The work is done, or the worker throws a BPMN error or escalation at the activity."""
        if completion.error_code and completion.escalation_code:
            return "expected either an error code or an escalation code"
        if completion.error_code or completion.escalation_code:
            return _throw(step, token, job, completion)
        step.finish(token)
        return None


def _throw(step: Step, token: ElementInstance, job: Job, completion: JobCompletion) -> str | None:
    """Throw at the activity; if that does not end it, the work is asked for again."""
    trigger = Trigger.ERROR if completion.error_code else Trigger.ESCALATION
    code = completion.error_code or completion.escalation_code or ""
    caught = catch(step, token, Thrown(trigger, code))
    if caught is None:
        return f"failed to find boundary event for {trigger} code {code}"
    deliver(step, token, caught)
    if token.ended_at is None:
        step.add_job(token, job.type, due_at=completion.retry_due, retry_count=job.retry_count)
    return None


class ScriptTask(JobTask):
    """Evaluates its script, if it is in a language that the engine knows; else a worker executes it."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Set the result variable, or make the job."""
        script = own_script(element)
        if script is None:
            super().enter(step, element, token)
            return
        evaluator = step.evaluator(token)
        value = evaluator.json(script)
        if element.extension.result_variable:
            put_result(step, element, token, element.extension.result_variable, value, evaluator)
        step.finish(token)


class UserTask(Behavior):
    """Waits for a person, who completes the user task, or throws an error or escalation at it.

    `engine.user_tasks` lets the token go.
    """

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Make the user task."""
        evaluator = step.evaluator(token)
        policy = policy_of(step.process, element)
        people = None if policy is None else wanted(policy, evaluator)
        assignment = evaluated(step.process, element, evaluator)
        step.start(token)
        user_task = step.add_user_task(token, assignment)
        if people is not None:
            step.asks.append(Staff(user_task.id, people))

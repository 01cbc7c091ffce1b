"""Gateways: where tokens part and meet."""

from collections.abc import Mapping, Sequence

from ...bpmn.model import Element, SequenceFlow
from ..records import ElementInstance, Job
from ..states import JobType, TaskType
from ..step import Step
from .base import Behavior, JobCompletion

MERGED = '{"merged":true}'
"""Content of the task of a token that a join has merged: it has nothing to do any more."""


class ExclusiveGateway(Behavior):
    """One token in, one token out: conditions decide; with several ways out and none of them, a worker."""

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return (JobType.EVALUATE_EXCLUSIVE_GATEWAY,)

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Pass a merge; decide at a split, or ask."""
        if _must_ask(step, element):
            step.start(token)
            step.add_job(token, JobType.EVALUATE_EXCLUSIVE_GATEWAY)
        else:
            step.finish(token)

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """Go down the flow to the chosen target element; without a choice, down the default flow."""
        flows = step.process.outgoing(element)
        target = completion.exclusive_gateway_decision
        if target is None:
            chosen = [flow for flow in flows if flow.bpmn_element_id == element.default_flow]
            problem = "expected an exclusive gateway decision"
        else:
            chosen = [flow for flow in flows if step.process.target(flow).bpmn_element_id == target]
            problem = f"no outgoing sequence flow to {target}"
        if not chosen:
            return problem
        step.leave(token, chosen[:1])
        return None


class InclusiveGateway(Behavior):
    """Forks into the flows that conditions, or a worker, choose; a join waits for all that can arrive."""

    @property
    def jobs(self) -> tuple[JobType, ...]:
        """The types of the jobs that it may make."""
        return (JobType.EVALUATE_INCLUSIVE_GATEWAY,)

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Wait at a join, where `engine.joins` looks when the tokens have moved; else go on at once."""
        if element.number in step.process.inclusive_joins:
            step.start(token)
        else:
            self._go_on(step, element, token)

    @classmethod
    def join(cls, step: Step, element: Element, tokens: Sequence[ElementInstance]) -> None:
        """Merge waiting tokens, one per flow, into the first of them, which goes on."""
        first, *others = tokens
        for other in others:
            step.end(other)
        cls._go_on(step, element, first)

    def resume(
        self, step: Step, element: Element, token: ElementInstance, job: Job, completion: JobCompletion
    ) -> str | None:
        """Go down the flows to the chosen targets and, if its target is not chosen, the default flow."""
        flows = step.process.outgoing(element)
        decision = completion.inclusive_gateway_decision
        named: dict[str, SequenceFlow] = {}
        for flow in flows:
            named.setdefault(step.process.target(flow).bpmn_element_id, flow)
        problem = _misfit(decision, named)
        if problem is not None:
            return problem
        chosen = [named[target] for target in decision]
        default = [flow for flow in flows if flow.bpmn_element_id == element.default_flow]
        chosen += [flow for flow in default if step.process.target(flow).bpmn_element_id not in decision]
        if not chosen:
            return "expected an inclusive gateway decision"
        step.leave(token, sorted(chosen, key=lambda flow: flow.number))
        return None

    @staticmethod
    def _go_on(step: Step, element: Element, token: ElementInstance) -> None:
        """Decide, or ask."""
        if not _must_ask(step, element):
            step.finish(token)
            return
        if token.started_at is None:
            step.start(token)
        step.add_job(token, JobType.EVALUATE_INCLUSIVE_GATEWAY)


class ParallelGateway(Behavior):
    """Forks into all outgoing flows; joins one token per incoming flow."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Pass a plain fork; wait at a join, where a task looks whether all tokens are there."""
        if len(step.process.incoming(element)) <= 1:
            step.finish(token)
            return
        step.start(token)
        step.add_task(TaskType.JOIN_PARALLEL_GATEWAY, token)

    @staticmethod
    def join(step: Step, element: Element, token: ElementInstance) -> None:
        """Merge one waiting token per incoming flow and go on, if every flow has brought one.

        A second token on the same flow waits for the next round.

        Source: BPMN 2.0.2, 13.4.1 Parallel Gateway (Fork and Join).
        """
        oldest: dict[int | None, ElementInstance] = {}
        for waiting in step.waiting_at(element, token.parent_id):
            oldest.setdefault(waiting.arrived_by, waiting)
        if len(oldest) < len(step.process.incoming(element)):
            return
        first, *others = oldest.values()
        for other in others:
            step.end(other)
        merged = {token.id for token in oldest.values()}
        for task in step.instance.tasks.values():
            if task.type is TaskType.JOIN_PARALLEL_GATEWAY and task.element_instance_id in merged:
                task.serialized = MERGED
        step.finish(first)


class EventBasedGateway(Behavior):
    """Waits for one of the events behind it; the first that occurs chooses the way."""

    def enter(self, step: Step, element: Element, token: ElementInstance) -> None:
        """Let all of the events listen."""
        scope = step.instance.element_instances[token.parent_id or 0]
        for flow in step.process.outgoing(element):
            step.open(step.process.target(flow), scope, flow, host=token)

    @staticmethod
    def choose(step: Step, gateway: ElementInstance, chosen: ElementInstance) -> None:
        """One event has occurred: the gateway is completed, the others are over."""
        chosen.host_id = None
        for event in step.hosted(gateway):
            step.terminate(event)
        step.end(gateway)


def _must_ask(step: Step, element: Element) -> bool:
    """Whether there are several ways out, and no condition on any."""
    flows = step.process.outgoing(element)
    return len(flows) > 1 and all(flow.condition is None for flow in flows)


def _misfit(decision: Sequence[str], named: Mapping[str, SequenceFlow]) -> str | None:
    """Why target elements cannot be chosen; None if they can."""
    seen: set[str] = set()
    for target in decision:
        if target not in named:
            return f"no outgoing sequence flow to {target}"
        if target in seen:
            return f"duplicate target element {target}"
        seen.add(target)
    return None

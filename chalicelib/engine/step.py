"""A step: what a behavior may do to a process instance, and the tokens that are ready to move.

Behaviors call these verbs and nothing else. A step begins with a command or a due task and ends when every
token waits or has ended; `loop.run` drives it.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..bpmn.model import Element, Process, SequenceFlow
from ..bpmn.types import Family
from . import leaving
from .asks import Ask, EndCalled, ReturnToCaller, Unsubscribe
from .evaluation import AT_HAND, Evaluator, Values
from .feed import feed, has_handler
from .instance import ProcessInstance
from .moment import Moment
from .records import ElementInstance, Incident, Instant, Job, Task, UserTask
from .states import UPKEEP, InstanceState, JobType, TaskType, UserTaskState, WorkState

SUSPENDED = InstanceState.SUSPENDED

OUTSIDE = UPKEEP | {TaskType.DEQUEUE_PROCESS_INSTANCE}
"""Tasks whose work lies outside of a process instance; each runs by itself, not in the step that makes it."""

FOR_MANY = frozenset({TaskType.TERMINATE_PROCESS_INSTANCE, TaskType.TRIGGER_EVENT})
"""Tasks that, without an element but with a list, do the same in many process instances."""


def reaches_outside(task: Task) -> bool:
    """Whether the work of a task lies outside of the process instance that it lies in."""
    is_for_many = task.type in FOR_MANY and task.element is None and task.serialized is not None
    return task.type in OUTSIDE or is_for_many


RunOutside = Callable[[Task], str | None]
"""Does what a task asks outside of its process instance; answers None, or the reason why it failed."""

MAX_TASKS = 100
"""Due tasks that run inside one command; the rest is left to the executor. Source: engine-semantics 5."""


Evaluators = Callable[["Step", ElementInstance, JobType], Evaluator]
"""Makes what evaluates expressions at an element instance."""


@dataclass(slots=True)
class Step:
    """One run of a process instance to its next wait states.

    Attributes:
        process: The diagram.
        instance: The instance, changed in place.
        moment: When, and by whom.
        actor: Who creates what is created now: the sender of the command, or the engine inside of a due task.
        ready: Tokens that have been opened and not entered yet, in order.
        due: Tasks of this step that are due and not run yet, in order.
        tasks_run: Due tasks run so far.
        asks: What the step asks of the world outside, in order.
        callers: Steps of the process instances that have called this one, the nearest first; None if nobody
            has read them yet.
        may_start: Whether start events of this version still make process instances.
        must_wait: Whether such a process instance must wait for its turn.
        made: Jobs and tasks that the step has made.
        notes: What an operator should find in the log.
        run_outside: Runs the tasks whose work lies outside of the instance.
        values: Where the values of variables are.
        evaluators: Makes what evaluates the expressions of the model.
        values_read: Values that expressions have read, by the id of the variable, with the stored text.
    """

    process: Process
    instance: ProcessInstance
    moment: Moment
    actor: str = ""
    ready: deque[ElementInstance] = field(default_factory=deque)
    due: deque[Task] = field(default_factory=deque)
    tasks_run: int = 0
    asks: deque[Ask] = field(default_factory=deque)
    callers: "Sequence[Step] | None" = None
    may_start: bool = True
    must_wait: bool = False
    made: list[Job | Task] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    run_outside: RunOutside | None = None
    values: Values = AT_HAND
    evaluators: "Evaluators" = Evaluator.at
    values_read: dict[int, tuple[str, Any]] = field(default_factory=dict)
    _later: Task | None = None

    def __post_init__(self) -> None:
        """The sender of the command acts first."""
        self.actor = self.actor or self.moment.actor

    @property
    def now(self) -> Instant:
        """The instant of the command."""
        return self.moment.now

    def evaluator(self, token: ElementInstance, asks: JobType = JobType.EXECUTE) -> Evaluator:
        """Evaluates expressions of the model at an element instance.

        Args:
            token: The element instance.
            asks: The job that would ask, had the model said nothing.
        """
        return self.evaluators(self, token, asks)

    @property
    def has_due_task(self) -> bool:
        """Whether a due task is run inside of this command: in eager mode, up to a limit."""
        return self.moment.eager and bool(self.due) and self.tasks_run < MAX_TASKS

    # Tokens

    def open(
        self,
        element: Element,
        scope: ElementInstance | None,
        flow: SequenceFlow | None = None,
        host: ElementInstance | None = None,
    ) -> ElementInstance:
        """Put a new token on an element; on an activity, its boundary events come with it.

        Args:
            element: Where.
            scope: Element instance of the scope around it.
            flow: How the token comes there.
            host: The activity of a boundary event, or the gateway that waits for an event.
        """
        token = self._new(element, scope, flow, host)
        for event in self.process.boundary_events(element):
            self.make_ready(self._new(event, scope, None, token))
        self.make_ready(token)
        return token

    def listen_again(self, event: Element, fired: ElementInstance) -> ElementInstance:
        """Put a new token on a boundary event that has fired and does not interrupt its activity.

        In a suspended scope it listens as well, so that nothing is lost that occurs meanwhile: suspending
        holds the tokens that move, and one that listens does not. The path behind the event is held.

        Source: engine-semantics 3, "Boundary events ... stay CREATED ... until they are COMPLETED or
        TERMINATED", which goes before "new element instances are SUSPENDED".
        """
        tokens = self.instance.element_instances
        again = self._new(event, tokens[fired.parent_id or 0], None, tokens[fired.host_id or 0])
        self.ready.append(again)
        return again

    def _new(
        self,
        element: Element,
        scope: ElementInstance | None,
        flow: SequenceFlow | None,
        host: ElementInstance | None,
    ) -> ElementInstance:
        counters = self.instance.counters
        counters.element_instances += 1
        token = ElementInstance(
            counters.element_instances,
            element.number,
            scope.id if scope else None,
            InstanceState.CREATED,
            self.now,
            self.actor,
            arrived_by=flow.number if flow else None,
            host_id=host.id if host else None,
        )
        self.instance.element_instances[token.id] = token
        return token

    def make_ready(self, token: ElementInstance) -> None:
        """Enter a token when its turn comes; in a suspended scope not before it is resumed."""
        scope = self.instance.element_instances.get(token.parent_id or 0)
        if scope is not None and scope.state is SUSPENDED:
            token.state = SUSPENDED
        else:
            token.state = InstanceState.CREATED
            self.ready.append(token)

    def is_held(self, token: ElementInstance) -> bool:
        """Whether an activity waits until it is known what its boundary events wait for."""
        if not self.process.boundary_events(self.process.elements[token.element]):
            return False
        return not all(event.is_armed for event in self.hosted(token))

    def lacks_inputs(self, token: ElementInstance) -> bool:
        """Whether the variables that an element works with are still to be made."""
        return not token.is_mapped and bool(self.process.elements[token.element].extension.inputs)

    def activity_of(self, token: ElementInstance) -> ElementInstance | None:
        """The activity that a boundary event listens at; None for all else."""
        if self.process.elements[token.element].family is not Family.BOUNDARY_EVENT:
            return None
        return self.instance.element_instances.get(token.host_id or 0)

    def hosted(self, host: ElementInstance) -> list[ElementInstance]:
        """The boundary events of an activity, or the events that a gateway waits for."""
        return [other for other in self.instance.element_instances.values() if other.host_id == host.id]

    def arm(self, token: ElementInstance) -> None:
        """Nothing is missing any more for an event to be triggered; what waited for that begins."""
        host = self.instance.element_instances.get(token.host_id or 0)
        if host is None:
            self.start(token)
            return
        token.is_armed = True
        if self.process.elements[host.element].family is Family.ACTIVITY:
            self.make_ready_again(host)
        elif all(event.is_armed for event in self.hosted(host)):
            self.start(host)

    def make_ready_again(self, token: ElementInstance) -> None:
        """Enter a token that was held; not one that is inside its element already."""
        if token.state is InstanceState.CREATED:
            self.make_ready(token)

    def start(self, token: ElementInstance) -> None:
        """The token is inside its element and works or waits there."""
        token.state = InstanceState.STARTED
        token.started_at = self.now

    def end(self, token: ElementInstance, state: InstanceState = InstanceState.COMPLETED) -> None:
        """The visit is over."""
        if token.started_at is None and state is InstanceState.COMPLETED:
            token.started_at = self.now
        token.state = state
        token.ended_at = self.now
        self.instance.ended.append(self.instance.element_instances.pop(token.id))
        self.instance.end_variables(token.id)
        if self.process.boundary_events(self.process.elements[token.element]):
            for event in self.hosted(token):
                self._end_early(event)

    def terminate(self, token: ElementInstance) -> None:
        """End a token before its time, and with it all that is inside of it or belongs to it."""
        inside = {token.id}
        for other in list(self.instance.element_instances.values()):
            # Who belongs to another was opened after it.
            if other.parent_id in inside or other.host_id in inside:
                inside.add(other.id)
                self._end_early(other)
        self._end_early(token)

    def terminate_instance(self) -> None:
        """End the process instance before its time."""
        scope = next(iter(self.instance.element_instances.values()), None)
        if scope is not None:
            self.terminate(scope)
        self.ready.clear()
        self.instance.state = InstanceState.TERMINATED
        self.instance.ended_at = self.now

    def _end_early(self, token: ElementInstance) -> None:
        if token.ended_at is not None:
            return
        self.unsubscribe(token)
        for user_task in [u for u in self.instance.user_tasks.values() if u.element_instance_id == token.id]:
            user_task.state = UserTaskState.TERMINATED
            self.instance.ended.append(self.instance.user_tasks.pop(user_task.id))
        if token.called_id is not None:
            self.asks.append(EndCalled(token.called_id))
        self.end(token, InstanceState.TERMINATED)

    def unsubscribe(self, token: ElementInstance) -> None:
        """The token waits for no message or signal any more."""
        subscription = self.instance.subscriptions.pop(token.id, None)
        if subscription is not None:
            self.asks.append(Unsubscribe(subscription))

    def jump(self, token: ElementInstance, target: Element) -> None:
        """The visit is over, and a token goes on at another element of the same scope, without a flow."""
        self.end(token)
        self.open(target, self.instance.element_instances[token.parent_id or 0])

    def finish(self, token: ElementInstance) -> None:
        """The work of the element is done: map its outputs, and go on by the flows that the model chooses."""
        leaving.finish(self, token)

    def leave(self, token: ElementInstance, flows: Sequence[SequenceFlow]) -> None:
        """The visit is over, and a token goes down each of the flows; the last token of a scope ends it."""
        self.end(token)
        assert token.parent_id is not None, "the process scope is ended, never left"
        scope = self.instance.element_instances[token.parent_id]
        for flow in flows:
            self.open(self.process.target(flow), scope, flow)
        if not flows:
            self.end_scope_if_empty(scope)

    def end_scope_if_empty(self, scope: ElementInstance) -> None:
        """A scope completes when its last token has ended, a suspended one when it is resumed."""
        is_held = scope.state is SUSPENDED or scope.stopped is not None
        if is_held or any(other.parent_id == scope.id for other in self.instance.element_instances.values()):
            return
        if scope.parent_id is not None:
            self.finish(scope)
            return
        self.end(scope)
        self.instance.state = InstanceState.COMPLETED
        self.instance.ended_at = self.now
        if self.instance.called_by is not None:
            self.asks.append(ReturnToCaller())

    def waiting_at(self, element: Element, scope_id: int | None) -> list[ElementInstance]:
        """The tokens that have arrived at an element of one scope and wait there, oldest first."""
        return [
            token
            for token in self.instance.element_instances.values()
            if token.element == element.number
            and token.parent_id == scope_id
            and token.state is InstanceState.STARTED
            and token.stopped is None
        ]

    # Work

    def add_job(
        self, token: ElementInstance, type: JobType, *, due_at: Instant | None = None, retry_count: int = 0
    ) -> Job:
        """Ask an outside worker; due at once unless said otherwise."""
        job = self._new_job(token, type, self.now if due_at is None else due_at, retry_count)
        element = self.process.elements[token.element]
        if has_handler(self.moment.fed, self.process.bpmn_process_id, element, type):
            feed(job, self.now)
        return job

    def add_own_job(self, token: ElementInstance, type: JobType, error: str) -> Job:
        """Record a question that the engine itself has failed to answer; no worker gets it."""
        job = self._new_job(token, type, self.now, 0)
        job.state = WorkState.CAUSED_INCIDENT
        job.locked_at = job.completed_at = self.now
        job.locked_by = self.moment.engine_id
        job.error = error
        return job

    def _new_job(self, token: ElementInstance, type: JobType, due_at: Instant, retry_count: int) -> Job:
        counters = self.instance.counters
        counters.jobs += 1
        job = Job(
            counters.jobs,
            token.id,
            token.element,
            type,
            WorkState.CREATED,
            self.now,
            self.actor,
            due_at=due_at,
            retry_count=retry_count,
        )
        self.instance.jobs[job.id] = job
        self.made.append(job)
        return job

    def add_task(
        self,
        type: TaskType,
        token: ElementInstance | None = None,
        *,
        element: int | None = None,
        due_at: Instant | None = None,
        retry_count: int = 0,
        serialized: str | None = None,
        runs: bool = True,
    ) -> Task:
        """Owe something to ourselves; due at once unless said otherwise.

        Args:
            type: What.
            token: The element instance that it is about, if there is one.
            element: The element, where no element instance is there: a start event.
            due_at: When.
            retry_count: How often it was tried before.
            serialized: JSON text for the task itself.
            runs: Whether it is run in this step once it is due.
        """
        counters = self.instance.counters
        counters.tasks += 1
        task = Task(
            counters.tasks,
            type,
            WorkState.CREATED,
            self.now,
            self.actor,
            due_at=self.now if due_at is None else due_at,
            element_instance_id=token.id if token else None,
            element=token.element if token else element,
            retry_count=retry_count,
            serialized=serialized,
        )
        self.instance.tasks[task.id] = task
        self.made.append(task)
        if runs and task.due_at <= self.now and not reaches_outside(task):
            self.due.append(task)
        return task

    def add_user_task(self, token: ElementInstance, assignment: dict[str, Any] | None = None) -> UserTask:
        """Ask a person.

        Args:
            token: At the user task.
            assignment: What holds for this one alone, by the names of the API.
        """
        counters = self.instance.counters
        counters.user_tasks += 1
        user_task = UserTask(
            counters.user_tasks,
            token.id,
            token.element,
            UserTaskState.STARTED,
            1,
            self.now,
            self.actor,
            self.now,
            self.actor,
            assignment=assignment,
            person=None if self.instance.person == self.actor else self.instance.person,
        )
        self.instance.user_tasks[user_task.id] = user_task
        return user_task

    def add_incident(self, *, job: Job | None = None, task: Task | None = None) -> Incident:
        """Stop here for a person to look."""
        work = job or task
        assert work is not None
        counters = self.instance.counters
        counters.incidents += 1
        incident = Incident(
            counters.incidents,
            self.now,
            self.actor,
            work.element_instance_id,
            work.element,
            job_id=job.id if job else None,
            task_id=task.id if task else None,
        )
        self.instance.incidents[incident.id] = incident
        return incident

    def enter_later(self, token: ElementInstance) -> None:
        """Enter a token in another step: the executor goes on; one task does so for all of a step."""
        token.stopped = leaving.Phase.ENTER
        self._later = self._later or self.add_task(TaskType.START_PROCESS_INSTANCE, runs=False)
        left = json.loads(self._later.serialized or '{"elementInstances":[]}')
        left["elementInstances"].append(token.id)
        self._later.serialized = json.dumps(left)

    def go_on(self, ids: Iterable[int]) -> None:
        """Let tokens go on that an earlier step left behind; those that have ended since are passed over."""
        for token in map(self.instance.element_instances.get, ids):
            if token is not None and token.stopped:
                leaving.go_on(self, token)

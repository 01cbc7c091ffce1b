"""A step: what a behavior may do to a process instance, and the tokens that are ready to move.

Behaviors call these verbs and nothing else. A step begins with a command or a due task and ends when every
token waits or has ended; `loop.run` drives it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ..bpmn.model import Element, Process, SequenceFlow
from .instance import ProcessInstance
from .moment import Moment
from .records import ElementInstance, Incident, Instant, Job, Task, UserTask
from .states import InstanceState, JobType, TaskType, UserTaskState, WorkState

SUSPENDED = InstanceState.SUSPENDED

OUTSIDE = frozenset(
    {
        TaskType.CREATE_PARTITION,
        TaskType.DEQUEUE_PROCESS_INSTANCE,
        TaskType.DETACH_PARTITION,
        TaskType.DROP_PARTITION,
        TaskType.PURGE_MESSAGES,
        TaskType.PURGE_SIGNALS,
    }
)
"""Tasks whose work lies outside of a process instance; each runs by itself, not in the step that makes it."""

RunOutside = Callable[[Task], str | None]
"""Does what a task asks outside of its process instance; answers None, or the reason why it failed."""

MAX_VISITS = 10_000
"""Element visits while nobody outside acts; what goes on beyond that is taken to loop for ever."""

MAX_TASKS = 100
"""Due tasks that run inside one command; the rest is left to the executor. Source: engine-semantics 5."""


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
        run_outside: Runs the tasks whose work lies outside of the instance.
    """

    process: Process
    instance: ProcessInstance
    moment: Moment
    actor: str = ""
    ready: deque[ElementInstance] = field(default_factory=deque)
    due: deque[Task] = field(default_factory=deque)
    tasks_run: int = 0
    run_outside: RunOutside | None = None

    def __post_init__(self) -> None:
        """The sender of the command acts first."""
        self.actor = self.actor or self.moment.actor

    @property
    def now(self) -> Instant:
        """The instant of the command."""
        return self.moment.now

    # Tokens

    def open(
        self, element: Element, scope: ElementInstance | None, flow: SequenceFlow | None = None
    ) -> ElementInstance:
        """Put a new token on an element."""
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
        )
        self.instance.element_instances[token.id] = token
        self.make_ready(token)
        return token

    def make_ready(self, token: ElementInstance) -> None:
        """Enter a token when its turn comes; in a suspended scope not before it is resumed."""
        scope = self.instance.element_instances.get(token.parent_id or 0)
        if scope is not None and scope.state is SUSPENDED:
            token.state = SUSPENDED
        else:
            token.state = InstanceState.CREATED
            self.ready.append(token)

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
        if scope.state is SUSPENDED or any(
            other.parent_id == scope.id for other in self.instance.element_instances.values()
        ):
            return
        if scope.parent_id is not None:
            self.leave(scope, self.process.outgoing(self.process.elements[scope.element]))
            return
        self.end(scope)
        self.instance.state = InstanceState.COMPLETED
        self.instance.ended_at = self.now

    def waiting_at(self, element: Element, scope_id: int | None) -> list[ElementInstance]:
        """The tokens that have arrived at an element of one scope and wait there, oldest first."""
        return [
            token
            for token in self.instance.element_instances.values()
            if token.element == element.number
            and token.parent_id == scope_id
            and token.state is InstanceState.STARTED
        ]

    # Work

    def add_job(
        self, token: ElementInstance, type: JobType, *, due_at: Instant | None = None, retry_count: int = 0
    ) -> Job:
        """Ask an outside worker; due at once unless said otherwise."""
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
            due_at=self.now if due_at is None else due_at,
            retry_count=retry_count,
        )
        self.instance.jobs[job.id] = job
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
    ) -> Task:
        """Owe something to ourselves; due at once unless said otherwise.

        Args:
            type: What.
            token: The element instance that it is about, if there is one.
            element: The element, where no element instance is there: a start event.
            due_at: When.
            retry_count: How often it was tried before.
            serialized: JSON text for the task itself.
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
        if task.due_at <= self.now and type not in OUTSIDE:
            self.due.append(task)
        return task

    def add_user_task(self, token: ElementInstance) -> UserTask:
        """Ask a person."""
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

    def open_again(self, ids: Iterable[int]) -> None:
        """Make tokens ready that an earlier step left behind; those that have ended since are passed over."""
        for token in map(self.instance.element_instances.get, ids):
            if token is not None:
                self.make_ready(token)

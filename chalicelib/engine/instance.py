"""A process instance in memory: its open records, what ended in this step, and its counters."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .records import (
    ElementInstance,
    Incident,
    Instant,
    Job,
    Record,
    Subscription,
    Task,
    UserTask,
    Variable,
)
from .states import InstanceState

IDS_PER_BLOCK = 64

Scope = int | None
"""Where a variable lives: an element instance, or None for the process scope."""


@dataclass(slots=True)
class Counters:
    """The last id given per record type."""

    element_instances: int = 0
    jobs: int = 0
    tasks: int = 0
    incidents: int = 0
    user_tasks: int = 0
    variables: int = 0

    @property
    def highest(self) -> int:
        """The largest of them: so many ids the blocks of the instance must cover."""
        return max(
            self.element_instances, self.jobs, self.tasks, self.incidents, self.user_tasks, self.variables
        )


@dataclass(slots=True)
class ProcessInstance:
    """A running process instance.

    Attributes:
        partition: UTC date of its creation, `YYYY-MM-DD`.
        blocks: Id blocks it owns, rising; 64 public ids each per record type.
        element_instances: Open ones by id; the process scope is the first.
        jobs: By id, those not completed and those that wait for their incident to be resolved.
        tasks: The same for tasks.
        incidents: Unresolved ones by id.
        variables: By scope and name; those of an element instance until it ends.
        user_tasks: Open ones by id.
        subscriptions: By the element instance that waits.
        is_counted: Whether it counts in the queue of its BPMN process.
        called_by: Public id of the element instance, in the parent, of the call activity that called it.
        message: Name, correlation key and id of the message that started it and lasts as long as it does.
        is_planned: Whether there are only tasks so far, and no process instance has begun: the task of a
            start event, or tasks of the engine itself.
        planned_at: When its first task was made, if it was planned before it began.
        last_person: Who completed the last user task, in it or in what it has called or was called by; None
            while that is who created it.
        visits: Elements entered since somebody outside last did something.
        write_units: What all its writes have cost on DynamoDB, this one included. The store counts; here and
            below, the engine only keeps the numbers.
        read_units: What was read of it before those writes.
        ended: What ended since the instance was read; history that the step does not look at again.
    """

    partition: str
    blocks: list[int]
    process_id: int
    created_at: Instant
    created_by: str
    state: InstanceState = InstanceState.CREATED
    started_at: Instant | None = None
    ended_at: Instant | None = None
    correlation_key: str | None = None
    tags: dict[str, str | None] = field(default_factory=dict)
    parent_id: int | None = None
    root_id: int | None = None
    called_by: int | None = None
    message: tuple[str, str, int] | None = None
    visits: int = 0
    is_counted: bool = False
    is_planned: bool = False
    planned_at: Instant | None = None
    last_person: str | None = None
    counters: Counters = field(default_factory=Counters)
    write_units: int = 0
    read_units: int = 0
    element_instances: dict[int, ElementInstance] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    variables: dict[tuple[Scope, str], Variable] = field(default_factory=dict)
    user_tasks: dict[int, UserTask] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    ended: list[Record] = field(default_factory=list)

    @property
    def id(self) -> int:
        """Public id of the instance: the first id of its first block."""
        return self.blocks[0] * IDS_PER_BLOCK + 1

    @property
    def process_instance_id(self) -> int | None:
        """The same as others see it; None while no process instance has begun."""
        return None if self.is_planned else self.id

    @property
    def base(self) -> Instant:
        """The instant that its stored times count from; never changes."""
        return self.created_at if self.planned_at is None else self.planned_at

    def begin(self, now: Instant, actor: str) -> None:
        """What was only planned is a process instance from now on, created by an actor."""
        self.is_planned = False
        self.created_at = now
        self.created_by = actor

    @property
    def person(self) -> str:
        """The person who acted last: who completed the last user task, or who started it all."""
        return self.last_person or self.created_by

    def acted(self, person: str) -> None:
        """A person has completed a user task."""
        if person != self.person:
            self.last_person = person

    @property
    def is_ended(self) -> bool:
        """Whether the process scope has ended."""
        return self.ended_at is not None

    def public_id(self, number: int) -> int:
        """The id of a record in the API: 64 * block + k, k from 1 to 64."""
        block, k = divmod(number - 1, IDS_PER_BLOCK)
        return self.blocks[block] * IDS_PER_BLOCK + k + 1

    def number(self, public_id: int) -> int | None:
        """The engine's number for an id of the API; None if none of the instance's blocks holds it."""
        block, k = divmod(public_id - 1, IDS_PER_BLOCK)
        if block not in self.blocks:
            return None
        return self.blocks.index(block) * IDS_PER_BLOCK + k + 1

    def around(self, token: ElementInstance) -> int | None:
        """Public id of the element instance around a token: its scope, or what called the instance."""
        return self.called_by if token.parent_id is None else self.public_id(token.parent_id)

    def pointer(self, number: int) -> str:
        """Partition and public id as texts name them: `2030-01-01/17`."""
        return f"{self.partition}/{self.public_id(number)}"

    def missing_blocks(self) -> int:
        """How many more id blocks the counters ask for."""
        return max(0, -(-self.counters.highest // IDS_PER_BLOCK) - len(self.blocks))

    def end_variables(self, element_instance_id: int) -> None:
        """The variables of an element instance end with it; they stay readable."""
        for key in [key for key in self.variables if key[0] == element_instance_id]:
            self.ended.append(self.variables.pop(key))

    def records(self) -> Iterator[Record]:
        """All open records."""
        yield from self.element_instances.values()
        yield from self.jobs.values()
        yield from self.tasks.values()
        yield from self.incidents.values()
        yield from self.variables.values()
        yield from self.user_tasks.values()

    def next_due_job(self) -> Instant | None:
        """When the next job is free for a worker."""
        free = (job.free_at for job in self.jobs.values())
        return min((at for at in free if at is not None), default=None)

    def next_due_task(self) -> Instant | None:
        """When the earliest task becomes due."""
        return min((task.due_at for task in self.tasks.values() if task.completed_at is None), default=None)

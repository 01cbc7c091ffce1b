"""What a process instance is made of: one class per record, every field one column of a stored row.

Inside the engine ids count from 1 per record type within the process instance; `ProcessInstance.public_id`
turns them into the ids of the API. Elements are numbers in `bpmn.model.Process.elements`. Instants are
milliseconds since 1970-01-01 UTC. Records are changed in place by a step: they belong to one command alone,
between its read and its write (docs/adr/0004).

Fields are stored by position: new ones go to the end and have a default.
"""

from dataclasses import dataclass, field
from typing import Any, NewType

from ..bpmn.model import Element, Process
from ..bpmn.types import ElementType
from .states import InstanceState, JobType, TaskType, UserTaskState, WorkState

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01 UTC."""


@dataclass(slots=True)
class ElementInstance:
    """One visit of a token to an element; the process scope itself is the first.

    Attributes:
        id: Counts from 1.
        element: Number of the element.
        parent_id: Element instance of the scope around it; None for the process scope.
        arrived_by: Number of the sequence flow it came by; None at a start event or a scope.
        host_id: Element instance it belongs to: the activity of a boundary event, the gateway before an event
            that it waits for.
        is_armed: Whether nothing is missing any more for such an event to be triggered.
        given: What a job gave it: an error or escalation code, the name of a message or signal, or the text
            of a timer that repeats. Empty for an error or escalation boundary event that catches every code.
        correlation_key: The same for the correlation key of a message.
        since: From when on a timer that is armed again counts.
        called_id: Public id of the process instance that a call activity has called, also once it has ended.
        is_mapped: Whether its inputs are made.
        stopped: What the engine was about to do with it when it stopped here (`leaving.Phase`); None while
            nothing has stopped it.
    """

    id: int
    element: int
    parent_id: int | None
    state: InstanceState
    created_at: Instant
    created_by: str
    started_at: Instant | None = None
    ended_at: Instant | None = None
    arrived_by: int | None = None
    host_id: int | None = None
    is_armed: bool = False
    given: str | None = None
    correlation_key: str | None = None
    since: Instant | None = None
    called_id: int | None = None
    is_mapped: bool = False
    stopped: str | None = None


@dataclass(slots=True)
class Job:
    """Work for an outside worker.

    Attributes:
        lock_expires_at: From when on another worker may take it although it is locked; None: never.
    """

    id: int
    element_instance_id: int
    element: int
    type: JobType
    state: WorkState
    created_at: Instant
    created_by: str
    due_at: Instant
    locked_at: Instant | None = None
    completed_at: Instant | None = None
    locked_by: str | None = None
    retry_count: int = 0
    error: str | None = None
    lock_expires_at: Instant | None = None

    @property
    def free_at(self) -> Instant | None:
        """When a worker may take it: at its due time, or when its lock expires; None: not any more."""
        if self.completed_at is not None:
            return None
        return self.due_at if self.locked_at is None else self.lock_expires_at


@dataclass(slots=True)
class Task:
    """Work that the engine owes itself.

    Attributes:
        serialized: JSON text for the task itself, for example the tokens that a stopped step left behind.
    """

    id: int
    type: TaskType
    state: WorkState
    created_at: Instant
    created_by: str
    due_at: Instant
    element_instance_id: int | None = None
    element: int | None = None
    locked_at: Instant | None = None
    completed_at: Instant | None = None
    locked_by: str | None = None
    retry_count: int = 0
    error: str | None = None
    serialized: str | None = None


@dataclass(slots=True)
class Incident:
    """A job or a task that failed for good; a person looks at it and resolves it."""

    id: int
    created_at: Instant
    created_by: str
    element_instance_id: int | None = None
    element: int | None = None
    job_id: int | None = None
    task_id: int | None = None
    resolved_at: Instant | None = None
    resolved_by: str | None = None


@dataclass(slots=True)
class Variable:
    """A variable at process scope or at the scope of an element instance.

    Attributes:
        element_instance_id: The scope; None for the process scope.
        value: The text as given, or its cipher text; None if it lies in a value item that was not read.
        stored_as: Name of the value item that holds the text, where it does not fit into the instance.
    """

    id: int
    name: str
    encoding: str
    encrypted: bool
    created_at: Instant
    created_by: str
    updated_at: Instant
    updated_by: str
    element_instance_id: int | None = None
    element: int | None = None
    value: str | None = None
    stored_as: str | None = None


@dataclass(slots=True)
class UserTask:
    """Work for a person.

    Attributes:
        revision: Counts its updates, from 1.
        tags: By name.
        assignment: What is not as the model says it, by the names of the API (`assignment`); None for a field
            that is set no more.
        person: The person behind it, where that is not who created it but a worker or the engine.
    """

    id: int
    element_instance_id: int
    element: int
    state: UserTaskState
    revision: int
    created_at: Instant
    created_by: str
    updated_at: Instant
    updated_by: str
    tags: dict[str, str | None] = field(default_factory=dict)
    assignment: dict[str, Any] | None = None
    person: str | None = None


@dataclass(slots=True)
class Subscription:
    """A token that waits for a message or a signal; gone once it waits no longer.

    Attributes:
        id: Counts over all subscriptions of the engine.
        name: Of the message or signal.
        correlation_key: Of the message; None for a signal.
    """

    id: int
    element_instance_id: int
    element: int
    name: str
    created_at: Instant
    created_by: str
    correlation_key: str | None = None


Record = ElementInstance | Job | Task | Incident | Variable | UserTask


@dataclass(frozen=True, slots=True)
class NewVariable:
    """A variable to set; without an encoding, to delete.

    Attributes:
        scope: An element instance, or None for the process scope.
        value: The text as given, or its cipher text if `encrypted`.
    """

    name: str
    encoding: str | None = None
    value: str | None = None
    encrypted: bool = False
    scope: int | None = None


@dataclass(frozen=True, slots=True)
class DeployedProcess:
    """A deployed version of a process.

    Attributes:
        id: Counts from 1 over all processes.
        first_element_id: Public id of its process element; the others follow in the order of the model.
        model: Elements and flows (`bpmn.model.Process`).
    """

    id: int
    bpmn_process_id: str
    version: str
    created_at: Instant
    created_by: str
    first_element_id: int
    model: Process
    parallelism: int = 0
    tags: dict[str, str | None] = field(default_factory=dict)

    def element_id(self, number: int) -> int:
        """Public id of an element."""
        return self.first_element_id + number


ENGINE = DeployedProcess(0, "", "", Instant(0), "", 0, Process([Element(0, "", ElementType.PROCESS)], []))
"""Stands for a process where a task belongs to none but to the engine itself; nobody sees it."""

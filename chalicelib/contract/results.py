"""What callers get: the shapes of the answers. `wire` makes them, OpenAPI shows them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.alias_generators import to_camel

from ..bpmn.types import ElementType
from ..engine.states import InstanceState, JobType, TaskType, UserTaskState, WorkState

Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
DateTime = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Count = Annotated[int, Field(ge=0)]


class Result(BaseModel):
    """Base of all answers; fields that are not set are left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, defer_build=True)


class ResultTag(Result):
    """A name and an optional value."""

    name: str
    value: str | None = None


class ResultData(Result):
    """The value of a variable."""

    encoding: str
    value: str
    encrypted: bool | None = None


class ResultVariable(Result):
    """A variable with its value."""

    name: str
    data: ResultData | None = None


class ResultElementVariable(Result):
    """A variable of an element instance with its value."""

    bpmn_element_id: str | None = None
    name: str
    data: ResultData | None = None


class Process(Result):
    """A deployed version of a process."""

    id: int
    bpmn_collaboration_id: str | None = None
    bpmn_participant_id: str | None = None
    bpmn_participant_name: str | None = None
    bpmn_process_id: str
    created_at: DateTime
    created_by: str
    parallelism: Count | None = None
    tags: list[ResultTag]
    version: str


class ResultTimer(Result):
    """When a timer event fires."""

    time: DateTime | None = None
    time_cycle: str | None = None
    time_duration: str | None = None


class EventDefinition(Result):
    """What an event waits for or throws; without code, name and timer, an error or escalation of any code."""

    suspended: bool
    error_code: str | None = None
    escalation_code: str | None = None
    message_name: str | None = None
    signal_name: str | None = None
    timer: ResultTimer | None = None


class Element(Result):
    """An element of a deployed process."""

    id: int
    process_id: int
    bpmn_element_id: str
    bpmn_element_name: str | None = None
    bpmn_element_type: ElementType
    multi_instance: bool | None = None
    parent_bpmn_element_id: str | None = None
    event_definition: EventDefinition | None = None


class ProcessInstance(Result):
    """A process instance."""

    partition: Date
    id: int
    parent_id: int | None = None
    root_id: int | None = None
    process_id: int | None = None
    bpmn_process_id: str
    correlation_key: str | None = None
    created_at: DateTime
    created_by: str
    ended_at: DateTime | None = None
    started_at: DateTime | None = None
    state: InstanceState
    tags: list[ResultTag]
    version: str


class Created(Result):
    """What everything says about where it comes from."""

    created_at: DateTime
    created_by: str


class OfInstance(Created):
    """What belongs to a process instance."""

    partition: Date
    id: int
    process_id: int
    process_instance_id: int


class OfElement(OfInstance):
    """What belongs to an element instance."""

    element_id: int
    element_instance_id: int
    bpmn_element_id: str


class Work(Result):
    """What jobs and tasks have in common."""

    completed_at: DateTime | None = None
    due_at: DateTime
    error: str | None = None
    locked_at: DateTime | None = None
    locked_by: str | None = None
    retry_count: Count
    state: WorkState


class ElementInstance(OfInstance):
    """One visit of a token to an element."""

    parent_id: int | None = None
    element_id: int
    bpmn_element_id: str
    bpmn_element_type: ElementType
    ended_at: DateTime | None = None
    multi_instance: bool | None = None
    started_at: DateTime | None = None
    state: InstanceState


class Job(OfElement, Work):
    """Work for an outside worker.

    Attributes:
        work_type: What kind of worker does it, by the model; our addition to the API, as what follows.
        headers: What the model says to the worker, by name.
        retry_limit: How often it is tried again, by the model.
        retry_timer: After which ISO 8601 duration, by the model.
    """

    correlation_key: str | None = None
    type: JobType
    work_type: str | None = None
    headers: dict[str, str] | None = None
    retry_limit: Count | None = None
    retry_timer: str | None = None


class Task(Created, Work):
    """Work that the engine owes itself."""

    partition: Date
    id: int
    element_id: int | None = None
    element_instance_id: int | None = None
    process_id: int | None = None
    process_instance_id: int | None = None
    bpmn_element_id: str | None = None
    serialized_task: str | None = None
    type: TaskType


class UserTask(OfElement):
    """Work for a person.

    Attributes:
        assignee: Who does it; our addition to the API, as what follows.
        candidate_users: Who may do it.
        candidate_groups: Groups whose members may do it.
        due_date: When it should be done.
        follow_up_date: When somebody should look at it.
        priority: A number; more is more urgent.
        form_key: Its form, by name.
        form_id: Its form, by id.
        claimed_by: Who has claimed it.
        owner: Who had claimed it before it was given to others.
    """

    revision: Annotated[int, Field(ge=1)]
    correlation_key: str | None = None
    state: UserTaskState
    tags: list[ResultTag]
    updated_at: DateTime
    updated_by: str
    assignee: str | None = None
    candidate_users: list[str] | None = None
    candidate_groups: list[str] | None = None
    due_date: DateTime | None = None
    follow_up_date: DateTime | None = None
    priority: int | None = None
    form_key: str | None = None
    form_id: str | None = None
    claimed_by: str | None = None
    owner: str | None = None


class User(Result):
    """Somebody who does user tasks."""

    id: str
    name: str | None = None
    roles: list[str] | None = None


class PartyRole(Result):
    """What several users are."""

    code: str
    name: str | None = None


class Member(Result):
    """A member of a work party."""

    type: str
    id: str


class WorkParty(Result):
    """A set of users and roles that do user tasks together."""

    name: str
    lead: str | None = None
    members: list[Member] | None = None


class Directory(Result):
    """The users, roles and work parties that are known."""

    users: list[User]
    roles: list[PartyRole]
    work_parties: list[WorkParty]


class Incident(Created):
    """A job or a task that failed for good."""

    partition: Date
    id: int
    element_id: int | None = None
    element_instance_id: int | None = None
    job_id: int | None = None
    process_id: int | None = None
    process_instance_id: int | None = None
    task_id: int | None = None
    resolved_at: DateTime | None = None
    resolved_by: str | None = None


class Variable(OfInstance):
    """A variable without its value."""

    element_id: int | None = None
    element_instance_id: int | None = None
    encoding: str
    encrypted: bool
    name: str
    updated_at: DateTime
    updated_by: str


class Message(Created):
    """A message that was sent."""

    id: int
    correlation_key: str
    expires_at: DateTime | None = None
    correlated: bool
    name: str
    unique_key: str | None = None


class MessageSubscription(OfElement):
    """An element instance that waits for a message."""

    correlation_key: str
    name: str


class Signal(Created):
    """A signal that was sent."""

    id: int
    name: str
    subscriber_count: Count


class SignalSubscription(OfElement):
    """An element instance that waits for a signal."""

    name: str


def _found(record: type[Result]) -> type[Result]:
    """The answer of a query over records."""
    return create_model(
        f"{record.__name__}Res",
        __base__=Result,
        __doc__=f"{record.__name__} records found by a query.",
        count=(Count, ...),
        results=(list[record], ...),  # type: ignore[valid-type]
    )


ProcessRes = _found(Process)
ElementRes = _found(Element)
ProcessInstanceRes = _found(ProcessInstance)
ElementInstanceRes = _found(ElementInstance)
JobRes = _found(Job)
TaskRes = _found(Task)
IncidentRes = _found(Incident)
VariableRes = _found(Variable)
UserTaskRes = _found(UserTask)
MessageRes = _found(Message)
MessageSubscriptionRes = _found(MessageSubscription)
SignalSubscriptionRes = _found(SignalSubscription)


class ProcessInstanceCost(Result):
    """What a process instance has cost so far on DynamoDB.

    Attributes:
        write_units: Of 1 KB, of all that was written of it, indexes included.
        read_units: Of 4 KB, of what was read of it before those writes; what only looked at it left no trace.
        dollars: Both at list prices.
    """

    partition: Date
    id: int
    write_units: Count
    read_units: Count
    dollars: float


class GetProcessVariablesRes(Result):
    """Variables of the process scope, by name."""

    count: Count
    variables: list[ResultVariable]


class GetElementVariablesRes(Result):
    """Variables of element instances, by name."""

    count: Count
    variables: list[ResultElementVariable]


class LockJobsRes(Result):
    """Jobs that were locked."""

    count: Count
    jobs: list[Job]


class CountRes(Result):
    """How many there were."""

    count: Count


class ExecuteTasksRes(Result):
    """What became of the tasks that were due."""

    locked: Count
    completed: Count
    failed: Count
    completed_tasks: list[Task]
    failed_tasks: list[Task]


class SetTimeRes(Result):
    """The clock before and after."""

    new_time: DateTime
    old_time: DateTime


class ProblemError(Result):
    """One fault and its place."""

    pointer: str
    type: str
    detail: str
    value: str | None = None


class Problem(Result):
    """What went wrong.

    Source: RFC 9457, Problem Details for HTTP APIs.
    """

    status: int
    type: str
    title: str
    detail: str
    errors: list[ProblemError] | None = None

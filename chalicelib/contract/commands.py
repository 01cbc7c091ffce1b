"""What callers may ask: one frozen class per operation, checked when it is made.

The rules that hold for every body (contract, engine-semantics 1): unknown fields are refused; `null` at any
depth, and `0` or `""` in an optional field, mean absent; in a required field they are a `required` fault.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..bpmn.instants import parse_instant
from ..bpmn.timing import is_cron, parse_cycle, parse_duration
from ..engine.states import InstanceState, TaskType

NAME_PATTERN = r"^[a-zA-Z0-9_-]+$"
INT32_MAX = 2**31 - 1
MAX_ITEMS = 100


class In(Enum):
    """Where a field comes from, if not from a field of the body: `BODY` is the body as a whole."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"
    CALLER = "caller"


# Field types


def _fault(type: str, detail: str) -> PydanticCustomError:
    return PydanticCustomError(type, detail)


def _checked(check: Callable[[str], object], type: str) -> AfterValidator:
    def validate(text: str) -> str:
        try:
            check(text)
        except ValueError:
            raise _fault(type, "is invalid") from None
        return text

    return AfterValidator(validate)


def _check_cron(text: str) -> None:
    if not is_cron(text):
        raise ValueError(text)


def _check_cycle(text: str) -> None:
    if not is_cron(text):
        parse_cycle(text)


def _check_lasting(text: str) -> None:
    duration = parse_duration(text)
    if not (duration.months or duration.milliseconds):
        raise ValueError(text)


def _name_checker(type: str) -> AfterValidator:
    def validate(name: str) -> str:
        if not (name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()):
            raise _fault(type, f"must match regex {NAME_PATTERN}")
        return name

    return AfterValidator(validate)


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise _fault("unique", "must contain unique values")
    return values


def _to_instant(text: object) -> int:
    if not isinstance(text, str):
        raise _fault("type", "must be a date-time")
    try:
        return parse_instant(text)
    except ValueError:
        raise _fault("type", "must be a date-time") from None


def to_enum(kind: type[Enum]) -> BeforeValidator:
    """One of the values of an enumeration."""

    def validate(text: object) -> object:
        try:
            return kind(text)
        except ValueError:
            raise _fault("type", "must be one of " + ", ".join(member.value for member in kind)) from None

    return BeforeValidator(validate)


def _to_partition(text: object) -> str:
    """A UTC date; a date-time at midnight is what some clients make of it."""
    try:
        if isinstance(text, str) and len(text) == len("2030-01-01"):
            parse_instant(text + "T00:00:00Z")
            return text
    except ValueError:
        pass
    raise _fault("type", "must be a date")


def _map_to_tags(value: object) -> object:
    if isinstance(value, dict):
        return tuple({"name": name, "value": text} for name, text in value.items())
    return to_tuple(value)


def _map_to_variables(value: object) -> object:
    if isinstance(value, dict):
        return tuple({"name": name, "data": data} for name, data in value.items())
    return to_tuple(value)


def to_tuple(value: object) -> object:
    """JSON knows lists only; commands are frozen."""
    return tuple(item for item in value if item is not None) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1)]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Int32 = Annotated[int, Field(ge=-(2**31), le=INT32_MAX)]
Partition = Annotated[
    str, BeforeValidator(_to_partition), WithJsonSchema({"type": "string", "format": "date"})
]
DateTime = Annotated[
    int, BeforeValidator(_to_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
Duration = Annotated[str, _checked(parse_duration, "iso8601_duration")]
Cron = Annotated[str, _checked(_check_cron, "cron")]
Cycle = Annotated[str, _checked(_check_cycle, "cron")]
TagName = Annotated[
    str, _name_checker("tag_name"), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})
]
VariableName = Annotated[
    str, _name_checker("variable_name"), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})
]
Ids = Annotated[
    tuple[Int32, ...], Field(max_length=MAX_ITEMS), AfterValidator(_unique), BeforeValidator(to_tuple)
]
Texts = Annotated[
    tuple[Text, ...], Field(max_length=MAX_ITEMS), AfterValidator(_unique), BeforeValidator(to_tuple)
]
PathPartition = Annotated[Partition, In.PATH]
PathId = Annotated[Int32, Field(ge=1), In.PATH]


class Input(BaseModel):
    """Base of everything that comes in."""

    # Built when it is first used: a cold start pays for the one command that it came for.
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def leave_out_absent(cls, data: object) -> object:
        """Drop `null`, `0` and `""` of known fields; a required one is then reported as missing."""
        if not isinstance(data, Mapping):
            return data
        known = _aliases(cls)
        return {
            name: value
            for name, value in data.items()
            if name not in known or not (value is None or value == "" or value == 0)
        }


@cache
def _aliases(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


class Command(Input):
    """Base of all operations."""


class SurfaceCommand(Command):
    """Base of the operations of the further surfaces: what they do not know is left out, not refused.

    Attributes:
        caller: Who sends it, by name; empty if nobody was asked.
        is_admin: Whether they may do everything.
    """

    model_config = ConfigDict(extra="ignore")

    caller: Annotated[str, In.CALLER] = ""
    is_admin: Annotated[bool, In.CALLER] = False


class Tag(Input):
    """A name and an optional value."""

    name: TagName
    value: str | None = None


class Data(Input):
    """A value: text in some encoding, kept as given."""

    encoding: Text
    value: Text
    encrypted: bool = False


class ProcessVariable(Input):
    """A variable of the process scope; without data it is deleted."""

    name: VariableName
    data: Data | None = None


class ElementVariable(Input):
    """A variable at the scope of an element; without data it is deleted."""

    bpmn_element_id: str | None = None
    name: VariableName
    data: Data | None = None


class Timer(Input):
    """A point in time, a cycle (CRON, or `R[n]/duration`) or a duration: exactly one of them."""

    time: DateTime | None = None
    time_cycle: Cycle | None = None
    time_duration: Duration | None = None

    @model_validator(mode="wrap")
    @classmethod
    def has_one(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Exactly one of the three is given; if not, that is said beside the faults of each."""
        faults: list[InitErrorDetails] = []
        if isinstance(data, Mapping) and sum(bool(data.get(name)) for name in _aliases(cls)) != 1:
            fault = _fault("timer", "must specify a time, time cycle or time duration")
            faults.append({"type": fault, "input": data})
        try:
            timer = handler(data)
        except ValidationError as found:
            faults += [
                {"type": _fault(error["type"], error["msg"]), "loc": error["loc"], "input": error["input"]}
                for error in found.errors()
            ]
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return timer


Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_ITEMS), BeforeValidator(_map_to_tags)]
ProcessVariables = Annotated[
    tuple[ProcessVariable, ...], Field(max_length=MAX_ITEMS), BeforeValidator(_map_to_variables)
]
ElementVariables = Annotated[
    tuple[ElementVariable, ...], Field(max_length=MAX_ITEMS), BeforeValidator(_map_to_variables)
]


class CalledProcess(Input):
    """What a call activity starts."""

    bpmn_process_id: str | None = None
    correlation_key: str | None = None
    tags: Tags = ()
    variables: ProcessVariables = ()
    version: str | None = None


# Processes


class Definition(Input):
    """What an event of the process waits for or throws, given with the deployment."""

    bpmn_element_id: Text


class ErrorDefinition(Definition):
    """An error; without a code it catches all."""

    error_code: str | None = None


class EscalationDefinition(Definition):
    """An escalation; without a code it catches all."""

    escalation_code: str | None = None


class MessageDefinition(Definition):
    """A message."""

    message_name: Text


class SignalDefinition(Definition):
    """A signal."""

    signal_name: Text


class TimerDefinition(Definition):
    """A timer."""

    timer: Timer


class CreateProcess(Command):
    """Deploy one process of a BPMN file as a version."""

    bpmn_process_id: Text
    bpmn_xml: Text
    parallelism: Annotated[Int32, Field(ge=0)] = 0
    tags: Tags = ()
    errors: Annotated[
        tuple[ErrorDefinition, ...], Field(max_length=MAX_ITEMS), BeforeValidator(to_tuple)
    ] = ()
    escalations: Annotated[
        tuple[EscalationDefinition, ...], Field(max_length=MAX_ITEMS), BeforeValidator(to_tuple)
    ] = ()
    messages: Annotated[
        tuple[MessageDefinition, ...], Field(max_length=MAX_ITEMS), BeforeValidator(to_tuple)
    ] = ()
    signals: Annotated[
        tuple[SignalDefinition, ...], Field(max_length=MAX_ITEMS), BeforeValidator(to_tuple)
    ] = ()
    timers: Annotated[
        tuple[TimerDefinition, ...], Field(max_length=MAX_ITEMS), BeforeValidator(to_tuple)
    ] = ()
    version: Text
    worker_id: Text


class GetBpmnXml(Command):
    """Read the BPMN XML of a process, byte for byte."""

    id: PathId


# Process instances


class CreateProcessInstance(Command):
    """Start a process and run it to its first wait states."""

    bpmn_process_id: Text
    correlation_key: str | None = None
    tags: Tags = ()
    variables: ProcessVariables = ()
    version: Text
    worker_id: Text


class GetProcessInstanceCost(Command):
    """Ask what a process instance has cost so far on DynamoDB, at list prices; our addition to the API."""

    partition: PathPartition
    id: PathId


class GetProcessVariables(Command):
    """Read variables of the process scope."""

    partition: PathPartition
    id: PathId
    names: Annotated[str | None, In.QUERY] = None


class SetProcessVariables(Command):
    """Set or delete variables of the process scope."""

    partition: PathPartition
    id: PathId
    variables: ProcessVariables = ()
    worker_id: Text


class SuspendProcessInstance(Command):
    """Hold a process instance: its tokens stop at the next element."""

    partition: PathPartition
    id: PathId
    worker_id: Text


class ResumeProcessInstance(Command):
    """Let a suspended process instance go on."""

    partition: PathPartition
    id: PathId
    worker_id: Text


# Element instances


class GetElementVariables(Command):
    """Read variables of an element instance and, unless excluded, of the scopes around it."""

    partition: PathPartition
    id: PathId
    exclude_parent_variables: Annotated[bool, In.QUERY] = False
    names: Annotated[str | None, In.QUERY] = None


class SetElementVariables(Command):
    """Set or delete variables at the scope of an element instance or of a scope around it."""

    partition: PathPartition
    id: PathId
    variables: ElementVariables = ()
    worker_id: Text


# User tasks


class UpdateUserTask(Command):
    """Change a user task, or end it: completed, with a BPMN error, or by an escalation.

    Attributes:
        assignee: Who does it from now on; our addition to the API, as what follows.
        unassign: Whether nobody does it from now on.
        candidate_users: Who may do it; an empty list: nobody.
        candidate_groups: Groups whose members may do it; an empty list: none.
        due_date: When it should be done.
        follow_up_date: When somebody should look at it.
        priority: A number; more is more urgent.
    """

    partition: PathPartition
    id: PathId
    revision: Annotated[Int32, Field(ge=1)]
    element_variables: ElementVariables = ()
    error_code: str | None = None
    escalation_code: str | None = None
    completed: bool = False
    process_variables: ProcessVariables = ()
    tags: Tags = ()
    assignee: str | None = None
    unassign: bool = False
    candidate_users: Texts | None = None
    candidate_groups: Texts | None = None
    due_date: DateTime | None = None
    follow_up_date: DateTime | None = None
    priority: Int32 | None = None
    worker_id: Text


# Jobs


class JobCompletion(Input):
    """What a job asks for; which field counts depends on the type of the job."""

    called_process: CalledProcess | None = None
    error_code: str | None = None
    escalation_code: str | None = None
    exclusive_gateway_decision: str | None = None
    inclusive_gateway_decision: Annotated[tuple[str, ...], BeforeValidator(to_tuple)] = ()
    message_correlation_key: str | None = None
    message_name: str | None = None
    signal_name: str | None = None
    timer: Timer | None = None


class LockJobs(Command):
    """Lock due jobs for one worker.

    Attributes:
        bpmn_element_ids: Of these elements only; our addition to the API, as what follows.
        work_types: Of these work types only.
        lock_timeout: ISO 8601 duration after which another worker may take them.
    """

    partition: Partition | None = None
    id: Int32 | None = None
    process_ids: Ids = ()
    process_instance_id: Int32 | None = None
    bpmn_element_ids: Texts = ()
    work_types: Texts = ()
    limit: Annotated[int, Field(ge=1, le=1000, validate_default=True)] = 0
    lock_timeout: Annotated[str, _checked(_check_lasting, "iso8601_duration")] | None = None
    worker_id: Text


class UnlockJobs(Command):
    """Release the jobs that a worker holds and has not completed."""

    partition: Partition | None = None
    id: Int32 | None = None
    worker_id: Text


class CompleteJob(Command):
    """Complete a locked job, or report that its work failed.

    Attributes:
        no_retry: Whether a failure is an incident at once, whatever the model says; our addition to the API.
    """

    partition: PathPartition
    id: PathId
    element_variables: ElementVariables = ()
    error: str | None = None
    process_variables: ProcessVariables = ()
    retry_limit: Annotated[Int32, Field(ge=0)] = 0
    retry_timer: Duration | None = None
    no_retry: bool = False
    completion: JobCompletion = JobCompletion()
    worker_id: Text


# Incidents, tasks, time


class ResolveIncident(Command):
    """Resolve an incident: its job or task is tried again."""

    partition: PathPartition
    id: PathId
    retry_timer: Duration | None = None
    worker_id: Text


class ExecuteTasks(Command):
    """Run due tasks now."""

    partition: Partition | None = None
    id: Int32 | None = None
    process_id: Int32 | None = None
    process_instance_id: Int32 | None = None
    type: Annotated[TaskType, to_enum(TaskType)] | None = None
    limit: Annotated[int, Field(ge=1, le=100, validate_default=True)] = 0


class UnlockTasks(Command):
    """Release the tasks that an engine holds and has not completed."""

    partition: Partition | None = None
    id: Int32 | None = None
    engine_id: Text


class SetTime(Command):
    """Move the clock of the engine forward."""

    time: DateTime | None = None
    time_cycle: Cron | None = None
    time_duration: Duration | None = None


class CheckReadiness(Command):
    """Ask whether the engine can work."""


# Messages and signals


class SendMessage(Command):
    """Send a message to whoever waits for it, or buffer it until it expires."""

    correlation_key: Text
    expiration_timer: Timer | None = None
    name: Text
    unique_key: str | None = None
    variables: ProcessVariables = ()
    worker_id: Text


class SendSignal(Command):
    """Send a signal to everybody who waits for it."""

    name: Text
    variables: ProcessVariables = ()
    worker_id: Text


# Queries


class Query(Command):
    """Base of all queries.

    Attributes:
        offset: How many hits to pass over.
        limit: How many hits to answer; 0 means 1,000.
    """

    offset: Annotated[Int32, Field(ge=0), In.QUERY] = 0
    limit: Annotated[Int32, Field(ge=0), In.QUERY] = 0


class QueryProcesses(Query):
    """Find deployed processes."""

    id: Int32 | None = None
    tags: Tags = ()


class QueryElements(Query):
    """Find the elements of processes."""

    process_id: Int32 | None = None
    bpmn_element_id: str | None = None


class QueryProcessInstances(Query):
    """Find process instances."""

    partition: Partition | None = None
    id: Int32 | None = None
    parent_id: Int32 | None = None
    root_id: Int32 | None = None
    process_id: Int32 | None = None
    tags: Tags = ()


class RecordQuery(Query):
    """Base of the queries over what belongs to process instances."""

    partition: Partition | None = None
    process_instance_id: Int32 | None = None


class QueryElementInstances(RecordQuery):
    """Find element instances."""

    id: Int32 | None = None
    parent_id: Int32 | None = None
    process_id: Int32 | None = None
    bpmn_element_id: str | None = None
    states: Annotated[
        tuple[Annotated[InstanceState, to_enum(InstanceState)], ...],
        Field(max_length=7),
        AfterValidator(_unique),
        BeforeValidator(to_tuple),
    ] = ()


class QueryJobs(RecordQuery):
    """Find jobs."""

    id: Int32 | None = None
    element_id: Int32 | None = None
    element_instance_id: Int32 | None = None
    process_id: Int32 | None = None


class QueryTasks(RecordQuery):
    """Find tasks."""

    id: Int32 | None = None
    element_id: Int32 | None = None
    element_instance_id: Int32 | None = None
    process_id: Int32 | None = None
    type: Annotated[TaskType, to_enum(TaskType)] | None = None


class QueryIncidents(RecordQuery):
    """Find incidents."""

    id: Int32 | None = None
    job_id: Int32 | None = None
    task_id: Int32 | None = None


class User(Input):
    """Somebody who does user tasks."""

    id: Text
    name: str | None = None
    roles: Texts = ()


class PartyRole(Input):
    """What several users are."""

    code: Text
    name: str | None = None


class Member(Input):
    """A member of a work party: a user by id, or all users of a role by its code."""

    type: Literal["USER", "ROLE"]
    id: Text


class WorkParty(Input):
    """A set of users and roles that do user tasks together."""

    name: Text
    lead: str | None = None
    members: Annotated[tuple[Member, ...], BeforeValidator(to_tuple)] = ()


class PutDirectory(Command):
    """Load the directory of users, roles and work parties, as a whole.

    Attributes:
        users: Everybody who does user tasks; once a directory is loaded, nobody else may.
        roles: What they are.
        work_parties: Those who do user tasks together.
    """

    users: Annotated[tuple[User, ...], BeforeValidator(to_tuple)] = ()
    roles: Annotated[tuple[PartyRole, ...], BeforeValidator(to_tuple)] = ()
    work_parties: Annotated[tuple[WorkParty, ...], BeforeValidator(to_tuple)] = ()


class GetDirectory(Command):
    """Answer the directory of users, roles and work parties."""


class QueryUserTasks(RecordQuery):
    """Find user tasks.

    Attributes:
        assignee: Who does them; our addition to the API, as what follows.
        unassigned: Only those that nobody does.
        candidate_user: Who may do them.
        candidate_group: A group whose members may do them.
        due_before: Those that should be done before.
        follow_up_before: Those that somebody should look at before.
        priority: Those of this priority.
        form_key: Those of this form.
    """

    id: Int32 | None = None
    element_instance_id: Int32 | None = None
    process_id: Int32 | None = None
    tags: Tags = ()
    assignee: str | None = None
    unassigned: bool = False
    candidate_user: str | None = None
    candidate_group: str | None = None
    due_before: DateTime | None = None
    follow_up_before: DateTime | None = None
    priority: Int32 | None = None
    form_key: str | None = None


class QueryMessages(Query):
    """Find messages."""

    id: Int64 | None = None
    exclude_expired: bool = False
    name: str | None = None


class QueryMessageSubscriptions(Query):
    """Find what waits for messages."""

    partition: Partition | None = None
    process_instance_id: Int32 | None = None
    correlation_key: str | None = None
    name: str | None = None


class QuerySignalSubscriptions(Query):
    """Find what waits for signals."""

    partition: Partition | None = None
    process_instance_id: Int32 | None = None
    name: str | None = None


class QueryVariables(RecordQuery):
    """Find variables; values are not answered."""

    element_instance_id: Int32 | None = None
    names: Annotated[tuple[str, ...], BeforeValidator(to_tuple)] = ()

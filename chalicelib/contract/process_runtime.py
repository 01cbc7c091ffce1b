"""The operations of the Process Runtime, in the order of their paths, with what they take and answer.

Every answer is an envelope around `data`. What its words mean stands in docs/surfaces.md.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .commands import In, SurfaceCommand, Text
from .operation import Operation
from .results import Result

PREFIX = "/BPMREST/service/runtime"


def _to_texts(value: object) -> object:
    """JSON knows lists only."""
    return tuple(value) if isinstance(value, list) else value


MOST_NAMED = 1000
"""Users, roles or groups that a request names: each is an entry to write or to read."""

Users = Annotated[tuple[str, ...], In.QUERY, Field(alias="user", max_length=MOST_NAMED)]
Roles = Annotated[tuple[str, ...], In.QUERY, Field(alias="role", max_length=MOST_NAMED)]
Groups = Annotated[tuple[str, ...], In.QUERY, Field(alias="group", max_length=MOST_NAMED)]
TaskId = Annotated[Text, In.PATH]
InstanceId = Annotated[Text, In.PATH]

# What operations take


class ProcessClassAction(SurfaceCommand):
    """Read some processes anew, or list them.

    Attributes:
        file_names: Of each process: `uniqueId.appName.processName.snapVersion.jar`.
        event: `refresh`, `file` or `generate`.
    """

    file_names: Annotated[tuple[str, ...], Field(max_length=1000), BeforeValidator(_to_texts)] = ()
    event: str = ""


class GetInstanceTasks(SurfaceCommand):
    """List the open tasks of a process instance, oldest first."""

    instance_id: InstanceId


class AssignInstanceTasks(SurfaceCommand):
    """Name others for every open task of a process instance, all or none."""

    instance_id: InstanceId
    users: Users = ()
    roles: Roles = ()
    groups: Groups = ()


class StartProcess(SurfaceCommand):
    """Start a process and run it to its first wait states.

    Attributes:
        process_name: What people call it, or its BPMN process id.
        app_name: The application that it belongs to.
        unique_id: Its unique id.
        snap_version: Version of the snapshot; without one, the newest.
        objects: Business objects by name.
    """

    process_name: Text
    app_name: Text | None = None
    unique_id: Text | None = None
    snap_version: Text | None = None
    objects: Annotated[dict[str, Any], Field(alias="object")] = Field(default_factory=dict)


class StartProcessByName(SurfaceCommand):
    """Start the newest process of a name; the body is its business objects by name."""

    process_name: Annotated[Text, In.PATH]
    objects: Annotated[dict[str, Any], In.BODY] = Field(default_factory=dict)


class RefreshProcessCache(SurfaceCommand):
    """Read everything about deployed processes anew."""


class ListTasks(SurfaceCommand):
    """List tasks of users, roles or groups, oldest first; exactly one of the three is given.

    Attributes:
        users: Tasks that they hold, or could claim.
        roles: Tasks that nobody holds and that somebody of the role could claim.
        groups: The same for work parties.
        offset: How many to leave out.
        limit: How many to answer at most; without one, all.
    """

    users: Users = ()
    roles: Roles = ()
    groups: Groups = ()
    offset: Annotated[int, Field(ge=0), In.QUERY] = 0
    limit: Annotated[int, In.QUERY] = 0


class AssignTask(SurfaceCommand):
    """Name others for a task, in place of whoever was named; a claim is dropped."""

    task_id: TaskId
    users: Users = ()
    roles: Roles = ()
    groups: Groups = ()


class ClaimTask(SurfaceCommand):
    """Take a task for a user, who may do it, if nobody else holds it."""

    task_id: TaskId
    users: Users = ()


class CompleteTask(SurfaceCommand):
    """Complete a task for a user, with changes of business objects by name, and go on to the next tasks."""

    task_id: TaskId
    users: Users = ()
    objects: Annotated[dict[str, Any], In.BODY] = Field(default_factory=dict)


class UnclaimTask(SurfaceCommand):
    """Give a task back that a user holds."""

    task_id: TaskId
    users: Users = ()


class GetTaskVariables(SurfaceCommand):
    """Answer the business objects of a task by name."""

    task_id: TaskId


# What they answer


class Envelope(Result):
    """What every answer is in.

    Attributes:
        code: 0, or the HTTP status of a refusal.
        timestamp: Milliseconds since 1970-01-01 UTC.
        total_record_count: How many records there are, with those that were not asked for.
    """

    code: int
    timestamp: int
    total_record_count: Annotated[int, Field(ge=0)]


class TextEnvelope(Envelope):
    """An answer that is a text, or nothing."""

    data: str


class RefusalEnvelope(TextEnvelope):
    """A refusal.

    Attributes:
        message: The fact.
        error_type: What it is about, one of a few names.
    """

    message: str
    error_type: str


class TaskRecord(Result):
    """A task; all fields are always there.

    Attributes:
        definition_id: Of the deployed version of its process.
        create_by: Who started the process, or completed the task before.
        create_time: Milliseconds since 1970-01-01 UTC, as `due_date`.
        priority: From 1 to 99; more is more urgent.
        assignee: Who has it; null while it is anybody's.
        owner: Who had claimed it before it was given to others.
        parent_task_id: Of a task that is made of several.
        loadlink_entity_id: What its screen shows.
        loadlink_param: Which of it, `key=value` pairs with `&`.
    """

    id: str
    instance_id: str
    name: str
    process_name: str
    definition_id: str
    description: str | None
    create_by: str
    create_time: int
    due_date: int | None
    priority: int
    assignee: str | None
    owner: str | None
    parent_task_id: str | None
    loadlink_entity_id: str | None
    loadlink_param: str | None


class TasksEnvelope(Envelope):
    """Tasks."""

    data: list[TaskRecord]


class ObjectsEnvelope(Envelope):
    """Business objects by name."""

    data: dict[str, Any]


class ClassActionAnswer(Result):
    """What is known of processes after a class action; not in the envelope.

    Attributes:
        process: Names of the processes that it was about.
        files: Names of packages, where the event was `file`.
        exception: What went wrong.
    """

    business_object_size: int
    exception: str
    field_descripters_map_size: int
    process: list[str]
    business_object_def_size: int
    files: list[str]
    cache_class_size: int
    definition_size: int
    response_status: str
    field_descripter_size: int


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "processClassAction",
        "POST",
        f"{PREFIX}/classAction",
        ProcessClassAction,
        ClassActionAnswer,
        reads=True,
        answers_alone=True,
    ),
    Operation(
        "getInstanceTasks", "GET", f"{PREFIX}/instance/{{instanceId}}/tasks", GetInstanceTasks, TasksEnvelope
    ),
    Operation(
        "assignInstanceTasks",
        "POST",
        f"{PREFIX}/instance/{{instanceId}}/tasks/assign",
        AssignInstanceTasks,
        TextEnvelope,
    ),
    Operation("startProcess", "POST", f"{PREFIX}/process/start", StartProcess, TextEnvelope),
    Operation(
        "startProcessByName",
        "POST",
        f"{PREFIX}/process/{{processName}}/start",
        StartProcessByName,
        TextEnvelope,
    ),
    Operation(
        "refreshProcessCache", "POST", f"{PREFIX}/refreshCache", RefreshProcessCache, TextEnvelope, reads=True
    ),
    Operation("listTasks", "GET", f"{PREFIX}/tasks", ListTasks, TasksEnvelope, acts_for="seeOthers"),
    Operation("assignTask", "POST", f"{PREFIX}/tasks/{{taskId}}/assign", AssignTask, TextEnvelope),
    Operation(
        "claimTask",
        "POST",
        f"{PREFIX}/tasks/{{taskId}}/claim",
        ClaimTask,
        TextEnvelope,
        acts_for="actForOthers",
    ),
    Operation(
        "completeTask",
        "POST",
        f"{PREFIX}/tasks/{{taskId}}/complete",
        CompleteTask,
        TextEnvelope,
        acts_for="actForOthers",
    ),
    Operation(
        "unclaimTask",
        "POST",
        f"{PREFIX}/tasks/{{taskId}}/unclaim",
        UnclaimTask,
        TextEnvelope,
        acts_for="actForOthers",
    ),
    Operation(
        "getTaskVariables",
        "POST",
        f"{PREFIX}/tasks/{{taskId}}/variables",
        GetTaskVariables,
        ObjectsEnvelope,
        further_methods=("GET",),
        reads=True,
    ),
)

"""The verbs that operate an engine: `bpmn NOUN VERB`, one row each.

Everything else about a verb is read off its operation: what it takes, what it answers, what it is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Verb:
    """An operation as it is called from a terminal.

    Attributes:
        noun: First word.
        name: Second word; empty if the noun says it all.
        operation: Name of the operation.
        columns: What a table shows of each record, by names of the API; empty for what is no table.
        positionals: Fields of the body that are given without option, with the kind of text they are made of
            (`options.KINDS`). What stands in the path of the operation comes before them by itself.
        fixed: Fields of the body that the verb itself says.
        summary: What it is for, if the operation says too much.
        content: Field of the answer that is printed as JSON, in place of a table.
        fault: Field of the answer that says why it has failed, if it has.
        of_element: The operation that takes its place with `--element-instance`. It takes at least what the
            other takes.
        reads_body: Whether the body is a JSON file that is given.
    """

    noun: str
    name: str
    operation: str
    columns: tuple[str, ...] = ()
    positionals: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    content: str = ""
    fault: str = ""
    of_element: str | None = None
    reads_body: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed: `("job", "complete")`."""
        return (self.noun, self.name) if self.name else (self.noun,)


_PROCESS = ("id", "bpmnProcessId", "version", "parallelism", "createdAt", "createdBy", "tags")
_ELEMENT = ("id", "processId", "bpmnElementId", "bpmnElementType", "bpmnElementName")
_INSTANCE = ("id", "state", "bpmnProcessId", "version", "correlationKey", "createdAt", "endedAt", "tags")
_ELEMENT_INSTANCE = (
    "id",
    "processInstanceId",
    "bpmnElementId",
    "bpmnElementType",
    "state",
    "createdAt",
    "endedAt",
)
_MESSAGE = ("id", "name", "correlationKey", "correlated", "createdAt", "expiresAt", "uniqueKey")
_SUBSCRIPTION = ("id", "name", "processInstanceId", "bpmnElementId", "createdAt")
_JOB = (
    "id",
    "processInstanceId",
    "bpmnElementId",
    "type",
    "state",
    "dueAt",
    "lockedBy",
    "retryCount",
    "error",
)
_TASK = ("id", "processInstanceId", "bpmnElementId", "type", "state", "dueAt", "retryCount", "error")
_USER_TASK = ("id", "revision", "processInstanceId", "bpmnElementId", "state", "updatedAt", "tags")
_TASK_RECORD = ("id", "name", "processName", "assignee", "priority", "dueDate", "createTime", "createBy")
_INCIDENT = ("id", "processInstanceId", "jobId", "taskId", "createdAt", "resolvedAt", "resolvedBy")
_VALUE = ("name", "data.value", "data.encoding", "bpmnElementId")
_VARIABLE = ("id", "processInstanceId", "elementInstanceId", "name", "encoding", "encrypted", "updatedAt")
_MICROFLOW = ("flowName", "appName", "uniqueId", "snapVersion", "bpmnProcessId", "version", "fileName")

VERBS: tuple[Verb, ...] = (
    Verb("ready", "", "checkReadiness"),
    Verb("process", "create", "createProcess", _PROCESS, {"bpmnXml": "file"}),
    Verb("process", "query", "queryProcesses", _PROCESS),
    Verb("process", "xml", "getBpmnXml"),
    Verb("element", "query", "queryElements", _ELEMENT),
    Verb("instance", "create", "createProcessInstance", _INSTANCE),
    Verb("instance", "query", "queryProcessInstances", _INSTANCE),
    Verb("instance", "cost", "getProcessInstanceCost", ("id", "writeUnits", "readUnits", "dollars")),
    Verb("instance", "suspend", "suspendProcessInstance"),
    Verb("instance", "resume", "resumeProcessInstance"),
    Verb("element-instance", "query", "queryElementInstances", _ELEMENT_INSTANCE),
    Verb("job", "lock", "lockJobs", _JOB),
    Verb("job", "query", "queryJobs", _JOB),
    Verb("job", "unlock", "unlockJobs", ("count",)),
    Verb("job", "complete", "completeJob", _JOB),
    Verb("task", "execute", "executeTasks", _TASK),
    Verb("task", "query", "queryTasks", _TASK),
    Verb("task", "unlock", "unlockTasks", ("count",)),
    Verb("user-task", "query", "queryUserTasks", _USER_TASK),
    Verb("user-task", "update", "updateUserTask", _USER_TASK),
    Verb(
        "user-task",
        "complete",
        "updateUserTask",
        _USER_TASK,
        fixed={"completed": True},
        summary="Complete a user task.",
    ),
    Verb("worklist", "list", "listTasks", _TASK_RECORD),
    Verb("worklist", "claim", "claimTask"),
    Verb("worklist", "unclaim", "unclaimTask"),
    Verb("worklist", "complete", "completeTask"),
    Verb("worklist", "assign", "assignTask"),
    Verb("worklist", "variables", "getTaskVariables", ("name", "value")),
    Verb("directory", "load", "putDirectory", reads_body=True),
    Verb("directory", "show", "getDirectory", ("id", "name", "roles")),
    Verb("incident", "query", "queryIncidents", _INCIDENT),
    Verb("incident", "resolve", "resolveIncident"),
    Verb(
        "variable",
        "get",
        "getProcessVariables",
        _VALUE,
        {"names": "names"},
        summary="Read variables of a process instance, or of an element instance and the scopes around it.",
        of_element="getElementVariables",
    ),
    Verb(
        "variable",
        "set",
        "setProcessVariables",
        positionals={"variables": "assignments"},
        summary="Set variables of a process instance or of an element instance.",
        of_element="setElementVariables",
    ),
    Verb(
        "variable",
        "delete",
        "setProcessVariables",
        positionals={"variables": "deletions"},
        summary="Delete variables of a process instance or of an element instance.",
        of_element="setElementVariables",
    ),
    Verb("variable", "query", "queryVariables", _VARIABLE),
    Verb("message", "send", "sendMessage", _MESSAGE),
    Verb("message", "query", "queryMessages", _MESSAGE),
    Verb("message", "subscriptions", "queryMessageSubscriptions", _SUBSCRIPTION),
    Verb("signal", "send", "sendSignal", ("id", "name", "subscriberCount", "createdAt", "createdBy")),
    Verb("signal", "subscriptions", "querySignalSubscriptions", _SUBSCRIPTION),
    Verb(
        "microflow",
        "run",
        "runMicroflow",
        positionals={"flowName": "name"},
        content="responseObjectsMap",
        fault="exception",
    ),
    Verb("microflow", "list", "listMicroflows", _MICROFLOW),
    Verb("microflow", "refresh", "refreshMicroflowCache"),
    Verb("microflow", "act", "actOnMicroflows", ("responseStatus", "definitionSize"), fault="exception"),
    Verb("time", "set", "setTime", ("oldTime", "newTime")),
)


def find(words: Sequence[str]) -> Verb | None:
    """The verb that a command line begins with."""
    return next((verb for verb in VERBS if tuple(words[: len(verb.words)]) == verb.words), None)


def nouns() -> dict[str, list[Verb]]:
    """The verbs by noun, in the order of the table."""
    found: dict[str, list[Verb]] = {}
    for verb in VERBS:
        found.setdefault(verb.noun, []).append(verb)
    return found

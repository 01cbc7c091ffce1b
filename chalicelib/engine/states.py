"""States and types of what runs, spelled as on the wire.

Stored rows hold the position of a member, so members are never moved or removed; new ones go to the end.
"""

from enum import StrEnum


class InstanceState(StrEnum):
    """State of a process instance or an element instance."""

    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"
    CREATED = "CREATED"
    QUEUED = "QUEUED"
    STARTED = "STARTED"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"


class WorkState(StrEnum):
    """State of a job or a task. DUE is never stored: an unlocked one is shown so once its time has come."""

    CANCELED = "CANCELED"
    CAUSED_INCIDENT = "CAUSED_INCIDENT"
    CAUSED_RETRY = "CAUSED_RETRY"
    CREATED = "CREATED"
    DONE = "DONE"
    DUE = "DUE"
    LOCKED = "LOCKED"


class UserTaskState(StrEnum):
    """State of a user task."""

    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"
    STARTED = "STARTED"
    TERMINATED = "TERMINATED"


class JobType(StrEnum):
    """What a job asks of a worker."""

    CALL_PROCESS = "CALL_PROCESS"
    EVALUATE_EXCLUSIVE_GATEWAY = "EVALUATE_EXCLUSIVE_GATEWAY"
    EVALUATE_INCLUSIVE_GATEWAY = "EVALUATE_INCLUSIVE_GATEWAY"
    EXECUTE = "EXECUTE"
    PASS_VARIABLES = "PASS_VARIABLES"
    SET_ERROR_CODE = "SET_ERROR_CODE"
    SET_ESCALATION_CODE = "SET_ESCALATION_CODE"
    SET_MESSAGE_CORRELATION_KEY = "SET_MESSAGE_CORRELATION_KEY"
    SET_SIGNAL_NAME = "SET_SIGNAL_NAME"
    SET_TIMER = "SET_TIMER"
    SUBSCRIBE_MESSAGE = "SUBSCRIBE_MESSAGE"
    SUBSCRIBE_SIGNAL = "SUBSCRIBE_SIGNAL"


class TaskType(StrEnum):
    """What the engine owes itself."""

    DEQUEUE_PROCESS_INSTANCE = "DEQUEUE_PROCESS_INSTANCE"
    JOIN_PARALLEL_GATEWAY = "JOIN_PARALLEL_GATEWAY"
    START_PROCESS_INSTANCE = "START_PROCESS_INSTANCE"
    TERMINATE_PROCESS_INSTANCE = "TERMINATE_PROCESS_INSTANCE"
    TRIGGER_EVENT = "TRIGGER_EVENT"
    CREATE_PARTITION = "CREATE_PARTITION"
    DETACH_PARTITION = "DETACH_PARTITION"
    DROP_PARTITION = "DROP_PARTITION"
    PURGE_MESSAGES = "PURGE_MESSAGES"
    PURGE_SIGNALS = "PURGE_SIGNALS"


UPKEEP = frozenset(
    {
        TaskType.CREATE_PARTITION,
        TaskType.DETACH_PARTITION,
        TaskType.DROP_PARTITION,
        TaskType.PURGE_MESSAGES,
        TaskType.PURGE_SIGNALS,
    }
)
"""Tasks of the engine for itself, of no process; what they carry is shown."""

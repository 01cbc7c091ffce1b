"""Records as JSON objects: camelCase names, public ids, RFC 3339 times. Unset fields are left out."""

from collections.abc import Mapping
from typing import Any

from ..bpmn.instants import format_instant, parse_instant
from ..bpmn.model import Element, Timer
from ..bpmn.retries import retries_of
from ..bpmn.types import Family, Trigger
from ..engine.assignment import assignment
from ..engine.feed import work_type_of
from ..engine.instance import ProcessInstance
from ..engine.messages import Message, MessageSlot
from ..engine.records import (
    DeployedProcess,
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
from ..engine.states import UPKEEP, JobType, WorkState

Json = dict[str, Any]


def process(process: DeployedProcess) -> Json:
    """A deployed process."""
    model = process.model
    return _set_fields(
        id=process.id,
        bpmnCollaborationId=model.bpmn_collaboration_id,
        bpmnParticipantId=model.bpmn_participant_id,
        bpmnParticipantName=model.bpmn_participant_name,
        bpmnProcessId=process.bpmn_process_id,
        createdAt=format_instant(process.created_at),
        createdBy=process.created_by,
        parallelism=process.parallelism or None,
        tags=tags(process.tags),
        version=process.version,
    )


def element(process: DeployedProcess, element: Element, *, is_latest: bool) -> Json:
    """An element of a deployed process; the start events of all but the latest version are suspended."""
    parent = None if element.parent is None else process.model.elements[element.parent].bpmn_element_id
    return _set_fields(
        id=process.element_id(element.number),
        processId=process.id,
        bpmnElementId=element.bpmn_element_id,
        bpmnElementName=element.name,
        bpmnElementType=element.type,
        parentBpmnElementId=parent,
        eventDefinition=_event_definition(element, is_latest),
    )


_DEFINED: Mapping[Trigger, str] = {
    Trigger.ERROR: "errorCode",
    Trigger.ESCALATION: "escalationCode",
    Trigger.MESSAGE: "messageName",
    Trigger.SIGNAL: "signalName",
}


def _event_definition(element: Element, is_latest: bool) -> Json | None:
    if element.event is None or element.trigger is None or element.trigger is Trigger.LINK:
        return None
    is_suspended = element.family is Family.START_EVENT and not is_latest
    found: Json = {"suspended": is_suspended}
    if element.event.name is not None:
        found[_DEFINED[element.trigger]] = element.event.name
    if element.event.timer is not None:
        found["timer"] = _timer(element.event.timer)
    return found


def _timer(timer: Timer) -> Json:
    """A timer; the time in UTC, whatever the XML has written."""
    time = None if timer.time is None else format_instant(parse_instant(timer.time))
    return _set_fields(time=time, timeCycle=timer.cycle, timeDuration=timer.duration)


def process_instance(instance: ProcessInstance, process: DeployedProcess) -> Json:
    """A process instance."""
    return _set_fields(
        partition=instance.partition,
        id=instance.id,
        parentId=instance.parent_id,
        rootId=instance.root_id,
        processId=instance.process_id,
        bpmnProcessId=process.bpmn_process_id,
        correlationKey=instance.correlation_key,
        createdAt=format_instant(instance.created_at),
        createdBy=instance.created_by,
        endedAt=_time(instance.ended_at),
        startedAt=_time(instance.started_at),
        state=instance.state,
        tags=tags(instance.tags),
        version=process.version,
    )


def cost(instance: ProcessInstance, dollars: float) -> Json:
    """What a process instance has cost so far."""
    return {
        "partition": instance.partition,
        "id": instance.id,
        "writeUnits": instance.write_units,
        "readUnits": instance.read_units,
        "dollars": round(dollars, 9),
    }


def element_instance(record: ElementInstance, instance: ProcessInstance, process: DeployedProcess) -> Json:
    """An element instance."""
    element = process.model.elements[record.element]
    return _set_fields(
        **_origin(record, instance, process),
        parentId=instance.around(record),
        elementId=process.element_id(record.element),
        bpmnElementId=element.bpmn_element_id,
        bpmnElementType=element.type,
        endedAt=_time(record.ended_at),
        startedAt=_time(record.started_at),
        state=record.state,
    )


def job(record: Job, instance: ProcessInstance, process: DeployedProcess, now: Instant) -> Json:
    """A job; an unlocked one whose time has come by `now` is shown as DUE."""
    return _set_fields(
        **_origin(record, instance, process),
        **_place(record, instance, process),
        **_work(record, now),
        **_said(process.model.elements[record.element], record.type),
        bpmnElementId=process.model.elements[record.element].bpmn_element_id,
        correlationKey=instance.correlation_key,
    )


def task(record: Task, instance: ProcessInstance, process: DeployedProcess, now: Instant) -> Json:
    """A task; an unlocked one whose time has come by `now` is shown as DUE."""
    element = None if record.element is None else process.model.elements[record.element]
    return _set_fields(
        **_origin(record, instance, process),
        **_place(record, instance, process),
        **_work(record, now),
        bpmnElementId=element and element.bpmn_element_id,
        # What other tasks carry is their own: variables of messages and signals, tokens.
        serializedTask=record.serialized if record.type in UPKEEP else None,
    )


def incident(record: Incident, instance: ProcessInstance, process: DeployedProcess) -> Json:
    """An incident."""
    return _set_fields(
        **_origin(record, instance, process),
        **_place(record, instance, process),
        jobId=_id(instance, record.job_id),
        taskId=_id(instance, record.task_id),
        resolvedAt=_time(record.resolved_at),
        resolvedBy=record.resolved_by,
    )


def user_task(record: UserTask, instance: ProcessInstance, process: DeployedProcess) -> Json:
    """A user task."""
    return _set_fields(
        **_origin(record, instance, process),
        **_place(record, instance, process),
        revision=record.revision,
        bpmnElementId=process.model.elements[record.element].bpmn_element_id,
        correlationKey=instance.correlation_key,
        state=record.state,
        tags=tags(record.tags) or [],
        updatedAt=format_instant(record.updated_at),
        updatedBy=record.updated_by,
        **assignment(record, process.model),
    )


def message(message: Message, slot: MessageSlot) -> Json:
    """A message."""
    return _set_fields(
        id=message.id,
        correlationKey=slot.correlation_key,
        createdAt=format_instant(message.created_at),
        createdBy=message.created_by,
        expiresAt=_time(message.expires_at),
        correlated=message.correlated,
        name=slot.name,
        uniqueKey=message.unique_key,
    )


def subscription(record: Subscription, instance: ProcessInstance, process: DeployedProcess) -> Json:
    """A subscription to a message or a signal."""
    return _set_fields(
        id=record.id,
        partition=instance.partition,
        **_place(record, instance, process),
        processId=process.id,
        processInstanceId=instance.id,
        bpmnElementId=process.model.elements[record.element].bpmn_element_id,
        correlationKey=record.correlation_key,
        createdAt=format_instant(record.created_at),
        createdBy=record.created_by,
        name=record.name,
    )


def variable(record: Variable, instance: ProcessInstance, process: DeployedProcess) -> Json:
    """A variable without its value."""
    return _set_fields(
        **_origin(record, instance, process),
        **_place(record, instance, process),
        encoding=record.encoding,
        encrypted=record.encrypted,
        name=record.name,
        updatedAt=format_instant(record.updated_at),
        updatedBy=record.updated_by,
    )


def variable_with_value(record: Variable, value: str) -> Json:
    """A variable with its value, in clear."""
    data = _set_fields(encoding=record.encoding, encrypted=record.encrypted or None, value=value)
    return {"name": record.name, "data": data}


def tags(tags: dict[str, str | None]) -> list[Json]:
    """Tags, sorted by name."""
    return [_set_fields(name=name, value=value) for name, value in sorted(tags.items())]


def _origin(record: Record, instance: ProcessInstance, process: DeployedProcess) -> Json:
    """Where a record is found, and who made it when; the engine's own belong to no process."""
    return {
        "partition": instance.partition,
        "id": instance.public_id(record.id),
        "processId": process.id or None,
        "processInstanceId": instance.process_instance_id,
        "createdAt": format_instant(record.created_at),
        "createdBy": record.created_by,
    }


def _place(
    record: Job | Task | Incident | Variable | UserTask | Subscription,
    instance: ProcessInstance,
    process: DeployedProcess,
) -> Json:
    """The element that a record belongs to, if it does."""
    return {
        "elementId": None if record.element is None else process.element_id(record.element),
        "elementInstanceId": _id(instance, record.element_instance_id),
    }


def _work(record: Job | Task, now: Instant) -> Json:
    """What jobs and tasks have in common."""
    is_due = record.state is WorkState.CREATED and record.due_at <= now
    return {
        "completedAt": _time(record.completed_at),
        "dueAt": format_instant(record.due_at),
        "error": record.error,
        "lockedAt": _time(record.locked_at),
        "lockedBy": record.locked_by,
        "retryCount": record.retry_count,
        "state": WorkState.DUE if is_due else record.state,
        "type": record.type,
    }


def _said(element: Element, type: JobType) -> Json:
    """What the model says to who does a job; of two headers with a name, the first one."""
    retries = retries_of(element)
    return {
        "workType": work_type_of(element, type),
        "headers": dict(reversed(element.extension.headers)) or None,
        "retryLimit": retries and retries.limit,
        "retryTimer": retries and retries.timer,
    }


def _set_fields(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _id(instance: ProcessInstance, number: int | None) -> int | None:
    return None if number is None else instance.public_id(number)

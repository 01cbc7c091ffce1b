"""A job as its handler sees it: what the API says about it, and the variables around it, read when asked for.

Knows nothing of networks: whoever hands out the job gives a `Source` of variables with it.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

from pydantic_core import to_json

JSON = "json"
"""The encoding that is decoded; values of all others are text."""

EXAMPLE_TIME = datetime(2030, 1, 1, tzinfo=UTC)

Record = Mapping[str, Any]
"""An object of the API's JSON."""


class Unavailable(Exception):
    """The variables of a job cannot be read now; neither the job nor its handler is to blame."""


class Source(Protocol):
    """Where the variables of one job are read, in the form of the API: `name`, `data`, `bpmnElementId`."""

    def process_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        """Variables of the process scope: those of the names that exist, or all.

        Raises:
            Unavailable: They cannot be read now.
        """
        ...

    def element_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        """Variables of the job's element and of the scopes around it; of one name, the innermost comes last.

        Raises:
            Unavailable: They cannot be read now.
        """
        ...


@dataclass(frozen=True)
class Given:
    """Variables that are at hand as Python values; for tests of handlers.

    Attributes:
        process: Values of the process scope by name.
        element: Values of the element by name.
    """

    process: Mapping[str, object] = field(default_factory=dict)
    element: Mapping[str, object] = field(default_factory=dict)

    def process_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        """As `Source` says."""
        return _as_records(self.process, names)

    def element_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        """As `Source` says."""
        return _as_records(self.element, names)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work that an element of a process instance asks for.

    The defaults are for tests of handlers: `Job(source=Given({"order": {"quantity": 3}}))`.

    Attributes:
        bpmn_process_id: Id of the process in the BPMN file.
        bpmn_element_id: Id of the element in the BPMN file.
        type: What is asked: EXECUTE, or one of the questions of the API (SET_TIMER, CALL_PROCESS, ...).
        partition: Date of the process instance; with it, each id names one record.
        id: Number of the job.
        process_id: Number of the deployed version of the process.
        process_instance_id: Number of the process instance.
        element_id: Number of the element.
        element_instance_id: Number of the visit of the token to the element; the same for all retries.
        correlation_key: Of the process instance, if it has one.
        retry_count: How many jobs have failed before at this visit.
        created_at: When the job was made, UTC.
        created_by: Who made it: a worker, or the engine.
        due_at: From when on it could be locked, UTC.
        locked_at: When it was locked, UTC.
        locked_by: Who holds it.
        work_type: What kind of worker does it, if the model says so.
        headers: What the model says to workers, by name.
        retry_limit: How often it is tried again, if the model says so.
        retry_timer: After which ISO 8601 duration, if the model says so.
        seconds_left: How long there is: somebody waits for the result, the lock expires, or the function of
            AWS Lambda that does it is ended. None: it is not known.
        source: Where its variables are read.
    """

    bpmn_process_id: str = "process"
    bpmn_element_id: str = "element"
    type: str = "EXECUTE"
    partition: str = "2030-01-01"
    id: int = 1
    process_id: int = 1
    process_instance_id: int = 1
    element_id: int = 1
    element_instance_id: int = 1
    correlation_key: str | None = None
    retry_count: int = 0
    created_at: datetime = EXAMPLE_TIME
    created_by: str = "test"
    due_at: datetime = EXAMPLE_TIME
    locked_at: datetime | None = None
    locked_by: str | None = None
    work_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_limit: int | None = None
    retry_timer: str | None = None
    seconds_left: float | None = None
    source: Source = field(default_factory=Given, repr=False, compare=False)

    @classmethod
    def read(cls, record: Record, bpmn_process_id: str, source: Source) -> "Job":
        """Make a job of what the API says of it.

        Args:
            record: The job as lockJobs answers it.
            bpmn_process_id: What the API does not say: the process id in the BPMN file.
            source: Where its variables are read.
        """
        locked_at = record.get("lockedAt")
        return cls(
            bpmn_process_id=bpmn_process_id,
            bpmn_element_id=record["bpmnElementId"],
            type=record["type"],
            partition=record["partition"],
            id=record["id"],
            process_id=record["processId"],
            process_instance_id=record["processInstanceId"],
            element_id=record["elementId"],
            element_instance_id=record["elementInstanceId"],
            correlation_key=record.get("correlationKey"),
            retry_count=record["retryCount"],
            created_at=datetime.fromisoformat(record["createdAt"]),
            created_by=record["createdBy"],
            due_at=datetime.fromisoformat(record["dueAt"]),
            locked_at=locked_at and datetime.fromisoformat(locked_at),
            locked_by=record.get("lockedBy"),
            work_type=record.get("workType"),
            headers=record.get("headers", {}),
            retry_limit=record.get("retryLimit"),
            retry_timer=record.get("retryTimer"),
            seconds_left=record.get("secondsLeft"),
            source=source,
        )

    @property
    def idempotency_key(self) -> str:
        """The same text whenever this work is done again, after a failure, a lost lock or an incident.

        Give it to services that do a thing once per key.
        """
        return f"{self.bpmn_process_id}/{self.partition}/{self.element_instance_id}/{self.type}"

    @cached_property
    def variables(self) -> Mapping[str, Any]:
        """Values of the process scope by name, read once, when they are asked for.

        JSON is decoded, any other encoding is text.

        Raises:
            Unavailable: They cannot be read now.
            ValueError: One says that it is JSON, and is not.
        """
        return _decoded(self.source.process_variables(None))

    @cached_property
    def element_variables(self) -> Mapping[str, Any]:
        """Values of the element and of the scopes around it by name, the innermost of a name.

        Raises:
            Unavailable: They cannot be read now.
            ValueError: One says that it is JSON, and is not.
        """
        return _decoded(self.source.element_variables(None))

    def __str__(self) -> str:
        """How logs name it: `reserveStock 2030-01-01/17`."""
        return f"{self.bpmn_element_id} {self.partition}/{self.id}"


def _decoded(variables: Iterable[Record]) -> dict[str, Any]:
    return {variable["name"]: _decode(variable) for variable in variables if variable.get("data")}


def _decode(variable: Record) -> Any:
    data = variable["data"]
    if data["encoding"] != JSON:
        return data["value"]
    try:
        return json.loads(data["value"])
    except ValueError as fault:
        raise ValueError(f"variable {variable['name']} says that it is JSON, and is not: {fault}") from None


def _as_records(values: Mapping[str, object], names: Collection[str] | None) -> Iterable[Record]:
    return [
        {"name": name, "data": {"encoding": JSON, "value": to_json(value).decode()}}
        for name, value in values.items()
        if names is None or name in names
    ]

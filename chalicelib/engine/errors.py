"""The caller is wrong: what the engine refuses, and why.

    EngineError
    ├── NotFound            the thing does not exist
    ├── Conflict            the thing is in another state than the command expects
    ├── InvalidCommand      the command does not fit together
    ├── InvalidQuery        a query cannot be answered
    ├── Forbidden           who asks is not somebody who may do it
    ├── ProcessModelError   the BPMN model cannot be executed
    └── ExecutionError      the diagram has no answer to what the command asks

A failed job or task is no error but data (a retry or an incident). The engine knows no status codes.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from ..bpmn.errors import Cause


class Reason(StrEnum):
    """What a refusal is about, more closely than its kind; surfaces that have names for it say it."""

    PROCESS_NOT_FOUND = "PROCESS_NOT_FOUND"
    INSTANCE_NOT_FOUND = "INSTANCE_NOT_FOUND"
    TASK_NOT_FOUND = "TASK_NOT_FOUND"
    TASK_ALREADY_CLAIMED = "TASK_ALREADY_CLAIMED"
    TASK_NOT_ACTIVE = "TASK_NOT_ACTIVE"
    TASK_NOT_CLAIMED = "TASK_NOT_CLAIMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    PROCESS_EXECUTION_FAILED = "PROCESS_EXECUTION_FAILED"


class EngineError(Exception):
    """Base of all refusals.

    Attributes:
        kind: Stable name of the family member.
        detail: Names the thing and the fact: `job 2030-01-01/17 is locked by worker b, not a`.
        title: What failed, `failed to complete job`; None: the surface names its operation.
        causes: The single faults, each with its place.
        reason: What it is about, if that has a name.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        title: str | None = None,
        causes: Sequence[Cause] = (),
        reason: Reason | None = None,
    ) -> None:
        """Keep the fact and its causes."""
        super().__init__(detail)
        self.detail = detail
        self.title = title
        self.causes = tuple(causes)
        self.reason = reason


class NotFound(EngineError):
    """The thing does not exist."""

    kind = "NOT_FOUND"


class Conflict(EngineError):
    """The thing is in another state than the command expects."""

    kind = "CONFLICT"


class InvalidCommand(EngineError):
    """The command does not fit together."""

    kind = "VALIDATION"


class InvalidQuery(EngineError):
    """A query cannot be answered."""

    kind = "QUERY"


class Forbidden(EngineError):
    """Who asks is not somebody who may do it."""

    kind = "FORBIDDEN"


class ProcessModelError(EngineError):
    """The BPMN model cannot be executed."""

    kind = "PROCESS_MODEL"


class ExecutionError(EngineError):
    """The diagram has no answer to what the command asks."""

    kind = "EXECUTION"

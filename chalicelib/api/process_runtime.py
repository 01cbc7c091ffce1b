"""How the Process Runtime answers: its envelope and its refusals, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import Response

from ..contract.commands import Command
from ..contract.operation import Operation
from ..service.class_actions import failed
from ..service.written import written
from .surface import Refusal

JSON = "application/json;charset=UTF-8"

ERROR_TYPES: Mapping[str, str] = {
    "VALIDATION": "BAD_REQUEST",
    "QUERY": "BAD_REQUEST",
    "UNAUTHORIZED": "UNAUTHENTICATED",
    "FORBIDDEN": "FORBIDDEN",
    "NOT_FOUND": "TASK_NOT_FOUND",
    "CONFLICT": "TASK_NOT_ACTIVE",
    "PROCESS_MODEL": "PROCESS_EXECUTION_FAILED",
    "EXECUTION": "PROCESS_EXECUTION_FAILED",
    "UNAVAILABLE": "UNAVAILABLE",
    "BUG": "INTERNAL",
}
"""`errorType` of what is refused without a closer reason, by kind."""

BAD_REQUEST = 400

STATUS: Mapping[str, int] = {"PROCESS_EXECUTION_FAILED": 500}
"""Statuses that are not those of the engine API, by `errorType`."""


@dataclass(frozen=True, slots=True)
class ProcessRuntimeVoice:
    """Puts everything into the envelope.

    Attributes:
        clock: Milliseconds since 1970-01-01 UTC.
        is_always_200: Whether refusals have HTTP status 200, too; their `code` is real.
    """

    clock: Callable[[], int]
    is_always_200: bool = False

    def answer(self, operation: Operation, command: Command, result: Any) -> Response:
        """The envelope around a result; a class action has none."""
        if operation.answers_alone:
            return _json(200, result)
        return self._envelope(200, result["data"], 0, result["count"])

    def refuse(self, operation: Operation, given: Mapping[str, Any], refusal: Refusal) -> Response:
        """The envelope without data, with what is wrong."""
        error_type = ERROR_TYPES.get(refusal.reason, refusal.reason)
        code = STATUS.get(error_type, refusal.status)
        more = {"message": refusal.message, "errorType": error_type}
        status = 200 if self.is_always_200 else code
        if operation.answers_alone and code == BAD_REQUEST:
            return _json(status, failed(refusal.message))
        return self._envelope(status, "", code, 0, more, refusal.headers)

    def _envelope(
        self,
        status: int,
        data: Any,
        code: int,
        count: int,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        body = {"data": data, "code": code, "timestamp": self.clock(), "totalRecordCount": count}
        return _json(status, {**body, **(more or {})}, headers)


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(written(body), {"Content-Type": JSON, **(headers or {})}, status)

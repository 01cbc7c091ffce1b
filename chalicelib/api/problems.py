"""Refusals the RFC 9457 way: the one place that knows which error has which status."""

from collections.abc import Sequence
from typing import Any

from ..bpmn.errors import Cause
from ..engine.errors import EngineError

STATUS = {
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "VALIDATION": 400,
    "QUERY": 400,
    "FORBIDDEN": 403,
    "PROCESS_MODEL": 422,
    "EXECUTION": 422,
}


class RequestProblem(Exception):
    """The request cannot be understood, before any operation looks at it."""

    def __init__(self, status: int, type: str, title: str, detail: str, causes: Sequence[Cause] = ()) -> None:
        """Keep what the answer says."""
        super().__init__(detail)
        self.status = status
        self.body = problem(status, type, title, detail, causes)


def of_engine(error: EngineError, title: str) -> dict[str, Any]:
    """An engine error as a problem; `title` says what has failed if the error does not."""
    return problem(STATUS[error.kind], error.kind, error.title or title, error.detail, error.causes)


def problem(status: int, type: str, title: str, detail: str, causes: Sequence[Cause] = ()) -> dict[str, Any]:
    """The body of a problem."""
    body: dict[str, Any] = {"status": status, "type": type, "title": title, "detail": detail}
    if causes:
        body["errors"] = [_error(cause) for cause in causes]
    return body


def _error(cause: Cause) -> dict[str, str]:
    error = {"pointer": cause.pointer, "type": cause.type, "detail": cause.detail}
    if cause.value is not None:
        error["value"] = cause.value
    return error

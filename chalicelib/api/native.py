"""The engine API over Chalice: rows become routes, answers are JSON, refusals are problems."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from chalice.app import ChaliceAuthorizer, Request, Response

from ..contract.native import OPERATIONS
from ..contract.operation import Operation
from ..engine.errors import EngineError
from ..service.clock import NotAllowed, NotReady
from ..service.environment import Environment, Unanswered, Unavailable
from ..service.execute import execute
from ..service.once import execute_once
from ..service.retry import Busy
from ..service.watch import BUG, FORBIDDEN, UNAUTHORIZED
from .auth import Access
from .authorizer import from_context
from .problems import RequestProblem, of_engine, problem
from .requests import read_command
from .threaded import ThreadedChalice

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = "1"

logger = logging.getLogger(__name__)


def mount(
    app: ThreadedChalice,
    env: Environment,
    access: Access,
    authorizer: ChaliceAuthorizer,
    largest_body: int | None = None,
) -> None:
    """Add the routes of the engine API.

    Args:
        app: Gets the routes.
        env: What operations work with.
        access: Who may come in.
        authorizer: Asked by API Gateway before it calls an operation that needs credentials.
        largest_body: Bytes that a body may have, if that is less than an operation takes.
    """
    for row in OPERATIONS:
        operation = replace(row, max_body=min(row.max_body, largest_body or row.max_body))
        # The media type is judged by us: Chalice answers a wrong one in a shape of its own.
        for path in (operation.path, *operation.aliases):
            app.route(
                path,
                methods=[operation.method],
                content_types=["*/*"],
                name=operation.name,
                authorizer=authorizer if operation.needs_credentials else None,
            )(_view(app, operation, env, access))


def _view(
    app: ThreadedChalice, operation: Operation, env: Environment, access: Access
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        request = app.current_request
        assert request is not None
        return answer(operation, request, path, env, access)

    view.__name__ = operation.name
    return view


def answer(
    operation: Operation, request: Request, path: dict[str, str], env: Environment, access: Access
) -> Response:
    """Carry out one request of the engine API."""
    with env.watch.command(operation.command.__name__):
        return _answer(operation, request, path, env, access)


def _answer(
    operation: Operation, request: Request, path: dict[str, str], env: Environment, access: Access
) -> Response:
    try:
        if status := _refusal(operation, request, access):
            env.watch.refuse(UNAUTHORIZED if status == 401 else FORBIDDEN)
            return _refused(operation, status)
        command = read_command(
            operation,
            path,
            {name: values for name, values in (request.query_params or {}).items()},
            _raw_body(request),
            request.headers.get("content-type"),
        )
        key = request.headers.get("idempotency-key") if operation.changes_something else None
        return _success(operation, execute_once(command, env, key) if key else execute(command, env))
    except RequestProblem as refusal:
        env.watch.refuse(refusal.body["type"])
        return _problem(refusal.status, refusal.body)
    except EngineError as refusal:
        body = of_engine(refusal, operation.title)
        return _problem(body["status"], body)
    except NotAllowed:
        return _refused(operation, 403)
    except (Busy, Unavailable, NotReady) as reason:
        logger.warning("%s is busy: %s", operation.name, reason)
        return _busy(operation)
    except Unanswered as reason:
        logger.warning("%s has no answer: %s", operation.name, reason)
        return _unanswered(operation)
    except Exception:
        env.watch.refuse(BUG)
        return _bug(operation, request)


def _refusal(operation: Operation, request: Request, access: Access) -> int | None:
    """401 for a credential that is not known, 403 for one without the right; None if there is no refusal."""
    if not operation.needs_credentials:
        return None
    caller = from_context(request.context) or access.caller(request.headers.get("authorization"))
    if caller is None or not access.is_current(caller):
        return 401
    return None if caller.may(operation.name) else 403


def _raw_body(request: Request) -> bytes:
    """The body; Chalice answers an absent one as text."""
    body = request.raw_body
    return body.encode() if isinstance(body, str) else body


def _success(operation: Operation, result: Any) -> Response:
    if operation.status == 204:
        return Response("", {"Content-Type": operation.content_type}, 204)
    body = result if isinstance(result, bytes) else orjson.dumps(result)
    return Response(body.decode(), {"Content-Type": operation.content_type}, operation.status)


def _refused(operation: Operation, status: int) -> Response:
    return Response("", {"Content-Type": operation.content_type}, status)


def _problem(status: int, body: dict[str, Any], **headers: str) -> Response:
    return Response(orjson.dumps(body).decode(), {"Content-Type": PROBLEM_JSON, **headers}, status)


def _busy(operation: Operation) -> Response:
    if operation.content_type == "text/plain":
        return Response("not ready", {"Content-Type": operation.content_type}, 503)
    body = problem(503, "UNKNOWN", operation.title, "the store is busy, try again")
    return _problem(503, body, **{"Retry-After": RETRY_AFTER})


def _unanswered(operation: Operation) -> Response:
    """Without Retry-After: nobody is to send again, without looking, what may have been done."""
    detail = "the store gave no answer: what was asked for may have been done; look before you send it again"
    return _problem(503, problem(503, "UNKNOWN", operation.title, detail))


def _bug(operation: Operation, request: Request) -> Response:
    """We are wrong: the log has the whole story, the answer a reference to it."""
    reference = request.context.get("requestId", "unknown")
    logger.exception("%s failed, reference %s", operation.name, reference)
    if operation.content_type == "text/plain":
        return Response("not ready", {"Content-Type": operation.content_type}, 503)
    body = problem(500, "BUG", operation.title, f"an unexpected error occurred, reference {reference}")
    return _problem(500, body)

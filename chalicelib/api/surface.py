"""The further surfaces over Chalice: rows become routes, and each surface answers and refuses its own way.

Who calls is judged here and not by API Gateway, whose refusals would have another shape. A surface owns its
envelope and its refusals, and no rule.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import unquote

import orjson
from chalice.app import Request, Response
from pydantic import ValidationError

from ..contract.commands import Command, In
from ..contract.operation import Operation
from ..contract.rights import Role
from ..engine.errors import EngineError
from ..service.clock import NotAllowed, NotReady
from ..service.environment import Environment, Unanswered, Unavailable
from ..service.execute import execute
from ..service.once import execute_once
from ..service.retry import Busy
from ..service.watch import BUG, FORBIDDEN, UNAUTHORIZED
from .auth import Access, Caller
from .problems import STATUS, RequestProblem
from .requests import Parameter, body_fields, integer, parameters, said
from .threaded import ThreadedChalice

EVERYBODY = Caller("anonymous", frozenset({Role.ADMIN}))
"""Who calls where nobody is asked who they are."""

RETRY_AFTER = "1"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not done.

    Attributes:
        status: HTTP status, as the engine API would say it.
        reason: A stable name: a `Reason`, or the kind of the refusal.
        message: The fact.
        headers: To be sent along.
    """

    status: int
    reason: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class TurnedAway(Exception):
    """A request is refused before any operation looks at it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep the refusal."""
        super().__init__(message)
        self.refusal = Refusal(status, reason, message)


class Voice(Protocol):
    """How a surface says what comes out."""

    def answer(self, operation: Operation, command: Command, result: Any) -> Response:
        """Say what an operation answers."""
        ...

    def refuse(self, operation: Operation, given: Mapping[str, Any], refusal: Refusal) -> Response:
        """Say why it does not; `given` is what could be read of the request, by name."""
        ...


def mount_surface(
    app: ThreadedChalice,
    operations: Sequence[Operation],
    voice: Voice,
    env: Environment,
    access: Access | None,
    largest_body: int | None = None,
) -> None:
    """Add the routes of a surface.

    Args:
        app: Gets the routes.
        operations: The rows.
        voice: How it answers.
        env: What operations work with.
        access: Who may come in; None: everybody, to do everything.
        largest_body: Bytes that a body may have, if that is less than an operation takes.
    """
    for row in operations:
        operation = replace(row, max_body=min(row.max_body, largest_body or row.max_body))
        app.route(
            operation.path,
            methods=[operation.method, *operation.further_methods],
            content_types=["*/*"],
            name=operation.name,
        )(_view(app, operation, voice, env, access))


def _view(
    app: ThreadedChalice, operation: Operation, voice: Voice, env: Environment, access: Access | None
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        request = app.current_request
        assert request is not None
        with env.watch.command(operation.command.__name__):
            given: dict[str, Any] = {}
            try:
                return _answer(operation, voice, request, path, env, access, given)
            except Exception as fault:
                refusal = _refusal(operation, request, env, fault)
                return voice.refuse(operation, given, refusal)

    view.__name__ = operation.name
    return view


def _answer(
    operation: Operation,
    voice: Voice,
    request: Request,
    path: Mapping[str, str],
    env: Environment,
    access: Access | None,
    given: dict[str, Any],
) -> Response:
    caller = _caller(operation, request, access)
    given |= _url_values(operation.command, path, request)
    _check_user(operation, caller, given)
    given |= _body_values(operation, request)
    command = _command(operation, {**given, "caller": caller.user, "isAdmin": Role.ADMIN in caller.roles})
    key = request.headers.get("idempotency-key") if operation.changes_something else None
    result = execute_once(command, env, key) if key else execute(command, env)
    return voice.answer(operation, command, result)


# Who calls


def _caller(operation: Operation, request: Request, access: Access | None) -> Caller:
    if access is None:
        return EVERYBODY
    key = request.headers.get("x-api-key")
    found = access.caller(f"Bearer {key}" if key else request.headers.get("authorization"))
    if found is None:
        raise TurnedAway(401, UNAUTHORIZED, "no credential, or one that is not known")
    if not found.may(operation.name):
        raise TurnedAway(403, FORBIDDEN, f"{found.user} may not call {operation.name}")
    return found


def _check_user(operation: Operation, caller: Caller, given: Mapping[str, Any]) -> None:
    """Whoever names others acts for them."""
    others = [name for name in given.get("user", ()) if name != caller.user]
    if operation.acts_for and others and not caller.may(operation.acts_for):
        raise TurnedAway(403, FORBIDDEN, f"{caller.user} may not act for {', '.join(others)}")


# What is asked


def _url_values(command: type[Command], path: Mapping[str, str], request: Request) -> dict[str, Any]:
    values: dict[str, Any] = {name: unquote(text) for name, text in path.items()}
    query = request.query_params
    for parameter in parameters(command, In.QUERY):
        texts = (
            [text for text in query.getlist(parameter.name) if text.strip()]
            if (query and parameter.name in query)
            else []
        )
        if texts:
            values[parameter.name] = _value(parameter, texts)
    return values


def _value(parameter: Parameter, texts: Sequence[str]) -> Any:
    """Values of one name: in their order, each once; where one is meant, the first."""
    if parameter.kind == "texts":
        return tuple(dict.fromkeys(texts))
    return integer(parameter, texts[0], In.QUERY) if parameter.kind == "integer" else texts[0]


def _body_values(operation: Operation, request: Request) -> dict[str, Any]:
    """Fields of the body, or the body as a whole; where none is looked at, it may be anything."""
    whole = parameters(operation.command, In.BODY)
    fields = body_fields(operation.command)
    if request.method == "GET" or not (whole or fields):
        return {}
    document = _document(operation, request)
    if whole:
        return {whole[0].name: document}
    return {name: value for name, value in document.items() if name in fields}


def _document(operation: Operation, request: Request) -> dict[str, Any]:
    body = request.raw_body
    if len(body) > operation.max_body:
        raise TurnedAway(400, "VALIDATION", f"request body is larger than {operation.max_body} bytes")
    if not body.strip():
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise TurnedAway(400, "VALIDATION", f"request body is no JSON: {fault}") from None
    if not isinstance(document, dict):
        raise TurnedAway(400, "VALIDATION", "request body is no JSON object")
    return document


def _command(operation: Operation, values: Mapping[str, Any]) -> Command:
    try:
        return operation.command.model_validate(values)
    except ValidationError as fault:
        facts = [said(error, values) for error in fault.errors(include_url=False)]
        raise TurnedAway(400, "VALIDATION", "; ".join(facts)) from None


# What is refused


def _refusal(operation: Operation, request: Request, env: Environment, fault: Exception) -> Refusal:
    match fault:
        case TurnedAway():
            env.watch.refuse(fault.refusal.reason)
            return fault.refusal
        case RequestProblem():
            env.watch.refuse(fault.body["type"])
            return Refusal(fault.status, "VALIDATION", fault.body["detail"])
        case EngineError():
            causes = "".join(f"; {cause.pointer}: {cause.detail}" for cause in fault.causes)
            return Refusal(STATUS[fault.kind], fault.reason or fault.kind, fault.detail + causes)
        case NotAllowed():
            return Refusal(403, FORBIDDEN, "the operation is switched off")
        case Busy() | Unavailable() | NotReady():
            logger.warning("%s is busy: %s", operation.name, fault)
            return Refusal(503, "UNAVAILABLE", "the store is busy, try again", {"Retry-After": RETRY_AFTER})
        case Unanswered():
            logger.warning("%s has no answer: %s", operation.name, fault)
            detail = "the store gave no answer: it may have been done; look before you send it again"
            return Refusal(503, "UNAVAILABLE", detail)
    env.watch.refuse(BUG)
    reference = request.context.get("requestId", "unknown")
    logger.error("%s failed, reference %s", operation.name, reference, exc_info=fault)
    return Refusal(500, BUG, f"an unexpected error occurred, reference {reference}")

"""What API Gateway does between a client and Lambda: find the route, make the event, translate the answer.

Speaks the proxy event of REST APIs, payload version 1.0, which Chalice deploys. Knows no sockets: a parsed
request comes in, status, headers and bytes go out. Runs no authorizers: the application looks itself at who
is calling, if nobody has.
"""

import base64
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from chalice.app import Chalice, CORSConfig

Headers = Sequence[tuple[bytes, bytes]]
Event = dict[str, Any]

TIMEOUT = 29.0
"""Seconds that a request may take. Source: Amazon API Gateway quotas, integration timeout of REST APIs."""

logger = logging.getLogger(__name__)


class HttpRequest(NamedTuple):
    """A request as it came over the wire.

    Attributes:
        method: Upper case.
        path: Percent-encoded, without the query.
        query: Percent-encoded, without the question mark.
        headers: Names in any case; a name may come several times.
        body: Bytes, empty if there are none.
        source_ip: Address of the client.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"


class HttpAnswer(NamedTuple):
    """An answer as it goes over the wire.

    Attributes:
        status: HTTP status code.
        headers: Names in lower case, content length included where the status has a body.
        body: Bytes, empty if there are none.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Match(NamedTuple):
    """The route that a path belongs to.

    Attributes:
        pattern: As the application wrote it, for example `/jobs/{partition}/{id}`.
        parameters: Values of the path variables, still percent-encoded.
    """

    pattern: str
    parameters: dict[str, str]


class Routes:
    """Finds the pattern that a path matches; a literal segment wins over a variable."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Plant the tree of segments."""
        self._root = _Node()
        for pattern in patterns:
            self._root.plant(pattern)

    def match(self, path: str) -> Match | None:
        """Find the pattern of a percent-encoded path; a slash at its end does not count (API Gateway)."""
        values: list[str] = []
        leaf = self._root.find(_segments(path), 0, values)
        if leaf is None or leaf.pattern is None:
            return None
        return Match(leaf.pattern, dict(zip(leaf.names, values, strict=True)))


class LocalContext:
    """What Lambda hands to a handler beside the event, as far as handlers and their logger ask for it."""

    __slots__ = ("_clock", "_deadline", "aws_request_id")

    function_name = "local"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:local:000000000000:function:local"
    memory_limit_in_mb = 0

    def __init__(self, aws_request_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the time that the request may take."""
        self.aws_request_id = aws_request_id
        self._clock = clock
        self._deadline = clock() + TIMEOUT

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the request must be answered, at least 0."""
        return max(0, int((self._deadline - self._clock()) * 1000))


class Gateway:
    """Answers HTTP requests with a Chalice application, from many threads if the application allows that."""

    def __init__(self, app: Chalice) -> None:
        """Read the routes of an application, which gets no more routes afterwards."""
        self._app = app
        self._routes = Routes(app.routes)
        cors = app.api.cors
        self._cors = cors.get_access_control_headers() if isinstance(cors, CORSConfig) else {}

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Route a request, call the application, translate its answer.

        Never raises: what the application could not answer becomes a problem with status 500, whose reference
        is found in the log.
        """
        match = self._routes.match(request.path)
        if match is None:
            return self.refuse(_not_found(request))
        verbs = self._app.routes[match.pattern]
        if request.method not in verbs:
            if request.method == "OPTIONS" and self._cors:
                return _preflight(verbs, self._cors)
            return self.refuse(_wrong_verb(request, verbs))
        request_id = str(uuid.uuid4())
        try:
            return to_answer(self._app(to_event(request, match, request_id), LocalContext(request_id)))
        except Exception:
            logger.exception("no answer to %s %s, reference %s", request.method, match.pattern, request_id)
            return self.refuse(problem(500, "BUG", "failed to answer", f"reference {request_id}"))

    def refuse(self, answer: HttpAnswer) -> HttpAnswer:
        """A refusal that a page of the allowed origin may read."""
        return answer._replace(headers=[*answer.headers, *_bytes(self._cors)])


def to_event(request: HttpRequest, match: Match, request_id: str) -> Event:
    """Make the event that API Gateway would send to Lambda.

    Query parameters are decoded and path parameters are not, as in real REST APIs: the application unquotes
    them. A body that is not UTF-8 comes in base64.

    Source: Amazon API Gateway developer guide, "Input format of a Lambda function for proxy integration"; for
    path parameters the maintainers of Chalice in aws/chalice issues 511 and 688.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    query = parse_qs(request.query, keep_blank_values=True) if request.query else None
    body, is_base64 = _text(request.body)
    return {
        "resource": match.pattern,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": _every_value(request.headers),
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": match.pattern,
            "httpMethod": request.method,
            "path": request.path,
            "stage": "local",
            "requestId": request_id,
            "identity": {"sourceIp": request.source_ip},
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def to_answer(result: Mapping[str, Any]) -> HttpAnswer:
    """Translate what the application answered to Lambda.

    Headers go out as the application set them; a body without a content type is `application/json`, as in API
    Gateway.

    Raises:
        TypeError: The body is bytes, which Lambda could not answer either: use text or a binary content type.
    """
    status = int(result["statusCode"])
    pairs = list((result.get("headers") or {}).items())
    for name, values in (result.get("multiValueHeaders") or {}).items():
        pairs += [(name, value) for value in values]
    headers = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in pairs]
    if status < 200 or status in _STATUS_WITHOUT_BODY:
        return HttpAnswer(status, headers, b"")
    return _with_length(status, headers, _body_bytes(result))


def problem(
    status: int, kind: str, title: str, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> HttpAnswer:
    """Say what is wrong as `application/problem+json`.

    Source: RFC 9457.
    """
    body = json.dumps({"status": status, "type": kind, "title": title, "detail": detail}).encode()
    return _with_length(status, [(b"content-type", b"application/problem+json"), *headers], body)


_STATUS_WITHOUT_BODY = frozenset({204, 304})


class _Node:
    """One segment in the tree of patterns; a leaf knows its pattern and the names of its variables."""

    __slots__ = ("literals", "names", "pattern", "variable")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.pattern: str | None = None
        self.names: tuple[str, ...] = ()

    def plant(self, pattern: str) -> None:
        segments = _segments(pattern)
        node = self
        for segment in segments:
            node = node._child(segment)
        node.pattern = pattern
        node.names = tuple(segment[1:-1] for segment in segments if _is_variable(segment))

    def find(self, segments: Sequence[str], at: int, values: list[str]) -> "_Node | None":
        """Find the leaf for the segments from `at` on, and collect the values of the variables on the way."""
        if at == len(segments):
            return self if self.pattern is not None else None
        segment = segments[at]
        literal = self.literals.get(segment)
        if literal is not None and (leaf := literal.find(segments, at + 1, values)):
            return leaf
        if self.variable is None or not segment:
            return None
        values.append(segment)
        leaf = self.variable.find(segments, at + 1, values)
        if leaf is None:
            values.pop()
        return leaf

    def _child(self, segment: str) -> "_Node":
        if not _is_variable(segment):
            return self.literals.setdefault(segment, _Node())
        if self.variable is None:
            self.variable = _Node()
        return self.variable


def _segments(path: str) -> list[str]:
    if path.endswith("/"):
        path = path[:-1]
    return path.split("/")


def _is_variable(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def _every_value(headers: Headers) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return values


def _text(body: bytes) -> tuple[str | None, bool]:
    """Body as text, and whether that text is base64; no text for no body."""
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def _body_bytes(result: Mapping[str, Any]) -> bytes:
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(f"the body of a Lambda answer is text, not {type(body).__name__}")
    return base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()


def _with_length(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> HttpAnswer:
    sent = [header for header in headers if header[0] != b"content-length"]
    if body and not any(name == b"content-type" for name, _ in sent):
        sent.append((b"content-type", b"application/json"))
    sent.append((b"content-length", b"%d" % len(body)))
    return HttpAnswer(status, sent, body)


def _preflight(verbs: Iterable[str], cors: Mapping[str, str]) -> HttpAnswer:
    """What a browser asks before it sends a request of another origin's page.

    Source: chalice.deploy.swagger makes API Gateway answer the same.
    """
    allowed = {"Access-Control-Allow-Methods": ",".join([*verbs, "OPTIONS"])}
    return _with_length(200, _bytes(allowed | dict(cors)), b"")


def _bytes(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def _not_found(request: HttpRequest) -> HttpAnswer:
    return problem(404, "NOT_FOUND", "failed to find operation", f"there is nothing at {request.path}")


def _wrong_verb(request: HttpRequest, verbs: Iterable[str]) -> HttpAnswer:
    allowed = ", ".join(sorted(verbs))
    detail = f"{request.path} does not take {request.method}, but {allowed}"
    return problem(
        405, "HTTP_REQUEST_URI", "failed to find operation", detail, [(b"allow", allowed.encode("ascii"))]
    )

"""A client of the engine's HTTP API: one call, one request, JSON in and out.

It keeps connections open and repeats a request only where that cannot do anything twice. It knows no
operation by name: method and path come from the rows in `contract/`.
"""

import base64
import json
import selectors
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

REPEATABLE = frozenset({"GET", "PUT"})
"""Methods that may be sent again. Source: RFC 9110, Idempotent Methods."""

Parameter = str | int | bool | Sequence[str] | None
"""Value of a query parameter; one that is a sequence stands there once per item."""

SHORTEST_PAUSE = 0.05
"""Seconds to wait at least before a busy server is asked again."""


class ApiProblem(Exception):
    """The server answered, and the answer is no.

    Attributes:
        status: HTTP status, 400 and above.
        type: Kind of problem, for example `CONFLICT`; `UNKNOWN` if the answer has no problem body (401, 403).
        title: What failed.
        detail: The fact.
        errors: Single causes, each with `pointer`, `type`, `detail` and perhaps `value`.
    """

    def __init__(
        self, status: int, type: str, title: str, detail: str = "", errors: Sequence[Mapping[str, str]] = ()
    ) -> None:
        """Keep what the server said."""
        super().__init__(f"{status} {type}: {title}" + (f": {detail}" if detail else ""))
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


class Unanswered(ConnectionError):
    """The connection broke before the answer came; the server may have carried out the request, or not."""


class Client:
    """Calls one server; may be shared by threads.

    Each call has a connection for itself, which is then kept open for the next one.
    """

    def __init__(
        self,
        address: str,
        *,
        basic: tuple[str, str] | None = None,
        api_key: str | None = None,
        timeout: float = 30,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a client; the first call connects.

        Args:
            address: `http://host:port`, or https, with a path in front of all paths if the server has one.
            basic: User and password.
            api_key: An API key, sent as bearer token. At most one of the two credentials.
            timeout: Seconds to wait for the network, and in all for a server that asks to come back later.
            pause: Waits for seconds.
            clock: Seconds that only rise.

        Raises:
            ValueError: The address is no http or https address, or there are two credentials.
        """
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"address must look like http://host:port, not {address!r}")
        if basic and api_key:
            raise ValueError("either basic or api_key, not both")
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        self._authorization = _authorization(basic, api_key)
        self._timeout, self._pause, self._clock = timeout, pause, clock
        self._idle: deque[HTTPConnection] = deque()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, Parameter] | None = None,
    ) -> Any:
        """Send one request and decode its answer.

        A server that answers 503 with Retry-After did nothing; it is asked again until `timeout` is over.

        Args:
            method: HTTP method.
            path: Path with its parameters filled in, for example `/jobs/2030-01-01/1/complete`.
            body: Anything that JSON can express; None sends no body.
            query: Query parameters; those that are None are left out.

        Returns:
            What the JSON of the answer says; the text of any other answer; None if it is empty.

        Raises:
            ApiProblem: The server refused.
            Unanswered: The connection broke before the answer came, and the request may not be sent twice.
            OSError: The server cannot be reached, or did not answer in time.
        """
        target = self._prefix + quote(path, safe="/:@") + _query(query)
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        deadline = self._clock() + self._timeout
        while True:
            response, answer = self._exchange(
                method, target, content, is_repeatable=_is_repeatable(method, path)
            )
            wait = _retry_after(response)
            if wait is None or self._clock() + wait > deadline:
                return _decode(response, answer)
            self._pause(wait)

    def close(self) -> None:
        """Close the idle connections; the client may be used again."""
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> "Client":
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _exchange(
        self, method: str, target: str, content: bytes | None, *, is_repeatable: bool
    ) -> tuple[HTTPResponse, bytes]:
        """Send and receive; once more over a new connection if the first broke and that is harmless."""
        connection = self._connect()
        try:
            return self._send(connection, method, target, content)
        except (ConnectionError, HTTPException) as broken:
            if not is_repeatable:
                raise Unanswered(
                    f"{method} {target}: the connection broke before the answer came"
                ) from broken
        return self._send(self._connect(is_fresh=True), method, target, content)

    def _connect(self, *, is_fresh: bool = False) -> HTTPConnection:
        """An open connection: one that idles and that the server did not close meanwhile, else a new one.

        Raises:
            OSError: Nobody listens there; nothing was sent.
        """
        while not is_fresh:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if not _is_dropped(connection):
                return connection
            connection.close()
        connection = self._connection(self._host, self._port, timeout=self._timeout)
        connection.connect()  # sets TCP_NODELAY
        return connection

    def _send(
        self, connection: HTTPConnection, method: str, target: str, content: bytes | None
    ) -> tuple[HTTPResponse, bytes]:
        """One exchange; afterwards the connection idles, or is closed if anything went wrong."""
        try:
            connection.request(method, target, content, self._headers(content))
            response = connection.getresponse()
            answer = response.read()
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:
            self._idle.append(connection)
        return response, answer

    def _headers(self, content: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json, application/problem+json, */*"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers


def _authorization(basic: tuple[str, str] | None, api_key: str | None) -> str | None:
    if basic:
        return "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    return f"Bearer {api_key}" if api_key else None


def _query(query: Mapping[str, Parameter] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
    return "?" + urlencode(words, doseq=True) if words else ""


def _is_repeatable(method: str, path: str) -> bool:
    """Whether doing it twice is the same as doing it once; queries are POST but only read."""
    return method in REPEATABLE or path.endswith("/query")


def _is_dropped(connection: HTTPConnection) -> bool:
    """Whether an idle connection has something to read: its end, since nobody asked for anything."""
    if connection.sock is None:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(timeout=0))


def _retry_after(response: HTTPResponse) -> float | None:
    """Seconds after which a busy server wants to be asked again; None: not at all."""
    seconds = response.getheader("Retry-After", "")
    if response.status != 503 or not seconds.isascii() or not seconds.isdigit():
        return None
    return max(float(seconds), SHORTEST_PAUSE)


def _decode(response: HTTPResponse, answer: bytes) -> Any:
    media_type = response.headers.get_content_type()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    content = json.loads(answer) if is_json and answer else answer.decode() or None
    if response.status >= 400:
        raise _problem(response, content)
    return content


def _problem(response: HTTPResponse, content: Any) -> ApiProblem:
    if not isinstance(content, dict):
        return ApiProblem(response.status, "UNKNOWN", response.reason, content or "")
    return ApiProblem(
        response.status,
        content.get("type") or content.get("errorType", "UNKNOWN"),
        content.get("title", response.reason),
        content.get("detail") or content.get("message", ""),
        content.get("errors", ()),
    )

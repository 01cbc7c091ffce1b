"""The connector `http`: calls a web server and brings back what it answers.

What is sent, where redirects lead and what an answer means is worked out here; `sending` does the sending.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urljoin, urlsplit

from ..sdk.job import Job
from ..sdk.worker import BpmnError, Completion, Failure
from .answers import answered, discreet, dumped, raw, thrown
from .deadline import TimedOut
from .hosts import DEFAULT_PORTS, Hosts, ascii_host
from .inputs import Inputs, sendable

LARGEST = 1024**2
"""Bytes of an answer."""

MOST_REDIRECTS = 5
MOST_RETRIES = 10

FIRST_PAUSE = 0.2
"""Seconds before the first retry; doubled for each further one."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""What may be sent twice. Source: RFC 9110, 9.2.2."""

PASSING = frozenset({502, 503, 504})
"""Answers of a server that may be well a moment later."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})

OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
)
"""What a model may not say: it would belong to another message than the one that is sent."""

HARMLESS_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
"""What another origin than the one it is meant for gets: nobody knows in which of the others secrets are."""

CONTENT_HEADERS = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
"""What tells of a body, and goes with it."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""Names and values of headers. Source: RFC 9110, 5.1 and 5.5."""

_PATH = "/%:@!$&'()*+,;=~-._"
_QUERY = _PATH + "?"


class Unreachable(Exception):
    """There is no such host, or it cannot be connected to, or it does not speak HTTP.

    Attributes:
        was_sent: Whether the request may have come to it.
    """

    def __init__(self, fact: str, *, was_sent: bool = False) -> None:
        """Keep both."""
        super().__init__(fact)
        self.was_sent = was_sent


class TooLarge(Exception):
    """The answer has more bytes than anybody wants."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Attributes:
        method: In upper case.
        scheme: `http` or `https`.
        host: As DNS knows it.
        port: Where.
        target: Path and query.
        headers: By name.
        body: None: without one.
    """

    method: str
    scheme: str
    host: str
    port: int
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None

    @property
    def authority(self) -> str:
        """Host and port, as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom it is for. Source: RFC 6454."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def name(self) -> str:
        """How texts name it: without the query, which may have secrets."""
        return f"{self.method} {self.url.partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class Response:
    """What comes back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Send(Protocol):
    """Sends a request to an address and reads the answer."""

    def __call__(self, request: Request, address: str, seconds: float) -> Response:
        """Send.

        Raises:
            TimedOut: There is no whole answer in so many seconds.
            Unreachable: There is none at all.
            TooLarge: It has more than `LARGEST` bytes.
        """
        ...


Resolve = Callable[[str, int, float], list[str]]
"""The addresses of a host and port, found in so many seconds; may raise `TimedOut` and `Unreachable`."""


@dataclass(frozen=True)
class HttpConnector:
    """Does tasks of the work type `http`.

    Attributes:
        hosts: Which may be called.
        resolve: Knows addresses.
        send: Sends.
        clock: Seconds that only rise.
        pause: Waits.
    """

    hosts: Hosts
    resolve: Resolve
    send: Send
    clock: Callable[[], float]
    pause: Callable[[float], None]

    def perform(self, job: Job) -> Completion:
        """Call.

        Raises:
            BpmnError: Nobody may be called there, nobody answers, or the answer is a refusal.
            Failure: The inputs of the task do not say what to send.
        """
        inputs = Inputs.of(job)
        with sendable():
            request = request_of(inputs)
        seconds = inputs.seconds(job)
        retries = int(inputs.number("retries", 0, 0, MOST_RETRIES))
        entry = self.hosts.entry(request.host, request.port)
        what = f"{request.method} {request.scheme} {entry or 'elsewhere'}"
        return discreet(inputs.are_secret, what, lambda: self._called(request, retries, seconds))

    def _called(self, request: Request, retries: int, seconds: float) -> Completion:
        request, response = self._answer(request, retries, self.clock() + seconds)
        if response.status >= 400:
            fact = f"{request.name} answers {response.status}"
            raise thrown(f"HTTP_{response.status}", fact, **_told(response))
        return answered(**_told(response))

    def _answer(self, request: Request, retries: int, deadline: float) -> tuple[Request, Response]:
        """The answer of whoever has one in the end, and to what."""
        retries = retries if request.method in IDEMPOTENT else 0
        for attempt in range(retries + 1):
            try:
                found = self._followed(request, deadline)
            except Unreachable as fault:
                if attempt == retries:
                    raise thrown("HTTP_UNREACHABLE", f"{request.name}: {fault}") from fault
            else:
                if found[1].status not in PASSING or attempt == retries:
                    return found
            self._rest(request, FIRST_PAUSE * 2**attempt, deadline)
        raise AssertionError("the last attempt answers or raises")

    def _rest(self, request: Request, pause: float, deadline: float) -> None:
        if self.clock() + pause >= deadline:
            raise _timed_out(request)
        self.pause(pause)

    def _followed(self, request: Request, deadline: float) -> tuple[Request, Response]:
        """The answer that is no redirect."""
        for _ in range(MOST_REDIRECTS + 1):
            response = self._exchanged(request, deadline)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or location is None:
                return request, response
            request = redirected(request, response.status, location)
        raise thrown("HTTP_TOO_MANY_REDIRECTS", f"{request.name}: more than {MOST_REDIRECTS} redirects")

    def _exchanged(self, request: Request, deadline: float) -> Response:
        """Send to the first address that can be connected to; which ones may be is judged before."""
        fault: Unreachable | None = None
        try:
            for address in self._addresses(request, deadline):
                try:
                    return self.send(request, address, self._left(deadline))
                except Unreachable as reason:
                    if reason.was_sent:
                        raise
                    fault = reason
        except TimedOut as reason:
            raise _timed_out(request) from reason
        except TooLarge as reason:
            raise thrown("HTTP_TOO_LARGE", f"{request.name}: more than {LARGEST} bytes") from reason
        raise fault or Unreachable("it has no address")

    def _addresses(self, request: Request, deadline: float) -> list[str]:
        host, port = request.host, request.port
        if not self.hosts.allows(host, port):
            raise _not_allowed(request, f"host {host}, port {port}, is not in the list of hosts")
        found = self.resolve(host, port, self._left(deadline))
        allowed = [address for address in found if self.hosts.reaches(host, port, address)]
        if found and not allowed:
            raise _not_allowed(request, f"{host} is at {found[0]}, which is not an address of the internet")
        return allowed

    def _left(self, deadline: float) -> float:
        left = deadline - self.clock()
        if left <= 0:
            raise TimedOut
        return left


# What is sent


def request_of(inputs: Inputs) -> Request:
    """The request that the inputs of a task describe.

    Raises:
        Failure: They describe none.
    """
    method = (inputs.text("method") or "GET").upper()
    if method not in METHODS:
        raise Failure(f"input method must be one of {', '.join(METHODS)}", retries=0)
    headers = _headers(inputs.object("headers"))
    names = {name.lower(): name for name in headers}
    body, media_type = _body(inputs, headers.get(names.get("content-type", ""), ""))
    if body is not None and "content-type" not in names:
        headers["Content-Type"] = media_type
    if "user-agent" not in names:
        headers["User-Agent"] = "serverless-bpmn"
    return _addressed(Request(method, "", "", 0, "", headers, body), inputs.required("url"), inputs)


def _addressed(request: Request, url: str, inputs: Inputs | None = None) -> Request:
    """The request at a URL, with the query of the inputs behind that of the URL.

    Raises:
        Failure: It is none that can be called.
    """
    try:
        parts = urlsplit(url.strip())
        port, name = parts.port, parts.hostname
    except ValueError:
        # What Python says of it may have parts of it.
        raise Failure("input url is no URL", retries=0) from None
    if parts.scheme not in DEFAULT_PORTS or not name:
        raise Failure("input url must begin with http:// or https:// and a host", retries=0)
    try:
        host = ascii_host(name)
    except ValueError as fault:
        raise Failure(f"input url is no URL: {fault}", retries=0) from None
    if parts.username is not None or parts.password is not None:
        raise Failure("input url has a user in it; say it by the header Authorization", retries=0)
    given = [] if inputs is None else list(_pairs(inputs.object("query")))
    query = "&".join(filter(None, [quote(parts.query, safe=_QUERY), urlencode(given)]))
    target = (quote(parts.path, safe=_PATH) or "/") + (f"?{query}" if query else "")
    return replace(
        request, scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme], target=target
    )


def redirected(request: Request, status: int, location: str) -> Request:
    """The request that follows a redirect; to another origin without what may be secret.

    Source: RFC 9110, 15.4.

    Raises:
        BpmnError: It leads nowhere.
    """
    try:
        following = _addressed(request, urljoin(request.url, location))
    except Failure as fault:
        raise thrown("HTTP_UNREACHABLE", f"{request.name} redirects to nowhere: {fault}") from fault
    changes_method = status == 303 or (status in (301, 302) and request.method == "POST")
    if changes_method and request.method != "HEAD":
        following = replace(following, method="GET", body=None)
    headers, is_elsewhere = following.headers, following.origin != request.origin
    if following.body is None and (is_elsewhere or request.body is not None):
        headers = {name: text for name, text in headers.items() if name.lower() not in CONTENT_HEADERS}
    if is_elsewhere:
        headers = {name: text for name, text in headers.items() if name.lower() in HARMLESS_HEADERS}
    return replace(following, headers=headers)


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    """Headers by name; the entries of a list are sent as one, which means the same. Source: RFC 9110, 5.3."""
    found: dict[str, str] = {}
    for name, text in _pairs(given):
        if name.lower() in OWN_HEADERS:
            raise Failure(f"header {name} cannot be said", retries=0)
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(text)):
            raise Failure(f"header {name!r} has signs that no header has", retries=0)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _pairs(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and texts; of a list each entry, of null nothing."""
    for name, value in given.items():
        for entry in value if isinstance(value, list) else [value]:
            if entry is not None:
                yield name, entry if isinstance(entry, str) else dumped(entry)


def _body(inputs: Inputs, media_type: str) -> tuple[bytes | None, str]:
    """The body and what it is: text as it is, else JSON, or a form where the header says so."""
    value = inputs.value("body")
    if value is None:
        return None, ""
    if isinstance(value, str):
        return value.encode(), "text/plain; charset=utf-8"
    if isinstance(value, dict) and media_type.lower().startswith("application/x-www-form-urlencoded"):
        return urlencode(list(_pairs(value))).encode(), media_type
    return (inputs.text("body") or "").encode(), "application/json"


# What comes back


def _told(response: Response) -> dict[str, Any]:
    return {"status": response.status, "headers": dict(response.headers), "body": _content(response)}


def _content(response: Response) -> Any:
    """The body: JSON as it is, number for number, if it says to be some; else text; null without one."""
    if not response.body:
        return None
    media_type, _, parameters = response.headers.get("content-type", "").lower().partition(";")
    text = _decoded(response.body, parameters)
    media_type = media_type.strip()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    found = raw(text) if is_json else None
    return text if found is None else found


def _decoded(body: bytes, parameters: str) -> str:
    """Text in the character set that is named, if there is such a one; else UTF-8."""
    found = (part.partition("=")[2].strip(' "') for part in parameters.split(";") if "charset=" in part)
    try:
        return body.decode(next(found, "utf-8"), errors="replace")
    except (LookupError, ValueError):
        return body.decode(errors="replace")


def _timed_out(request: Request) -> BpmnError:
    return thrown("HTTP_TIMEOUT", f"{request.name}: no answer in time")


def _not_allowed(request: Request, fact: str) -> BpmnError:
    return thrown("HTTP_NOT_ALLOWED", f"{request.name}: {fact}")

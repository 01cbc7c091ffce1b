"""Sends HTTP requests over the network, each to the one address that was judged before.

A name is not looked up again for the connection: whoever answers for a name could say another address then.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.client import CONTINUE, SWITCHING_PROTOCOLS, HTTPException, HTTPResponse

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from .deadline import TimedOut, in_time
from .http import LARGEST, Request, Response, TooLarge, Unreachable

CHUNK = 64 * 1024


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host, each once.

    Raises:
        TimedOut: Nobody says them in time.
        Unreachable: Nobody knows them.
    """
    try:
        found = in_time(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), seconds)
    except (OSError, UnicodeError) as fault:
        raise Unreachable(f"host {host} is not known: {fault}") from fault
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def send(request: Request, address: str, seconds: float) -> Response:
    """Send a request to an address and read the answer, see `http.Send`."""
    connection = _connection(request, address, seconds)
    connection.response_class = _FinalResponse
    is_over = threading.Event()
    was_sent = False
    with _ended_after(connection, seconds, is_over) as hold:
        try:
            connection.connect()
            hold()
            if is_over.is_set():
                raise TimedOut
            was_sent = True
            connection.request(
                request.method,
                request.target,
                body=request.body,
                headers={"Host": request.authority, **request.headers},
                preload_content=False,
                enforce_content_length=True,
            )
            found = _read(connection)
            if is_over.is_set():
                raise TimedOut  # what was cut off may look like an end
            return found
        except (TooLarge, TimedOut):
            raise
        except (HTTPError, HTTPException, OSError, ValueError) as fault:
            # urllib3 names time-outs of many kinds; what counts is that it is over.
            if is_over.is_set() or isinstance(fault, TimeoutError) or "timed out" in str(fault):
                raise TimedOut from fault
            raise Unreachable(str(fault) or type(fault).__name__, was_sent=was_sent) from fault


def _read(connection: HTTPConnection) -> Response:
    answer = connection.getresponse()
    headers = {name.lower(): answer.headers[name] for name in answer.headers}
    room = LARGEST - sum(len(name) + len(text) for name, text in headers.items())
    body = bytearray()
    while chunk := answer.read1(CHUNK):
        body += chunk
        if len(body) > room:
            raise TooLarge
    if room < 0:
        raise TooLarge
    return Response(answer.status, headers, bytes(body))


class _FinalResponse(HTTPResponse):
    """What a server says on the way, as 103, is no answer. Source: RFC 9110, 15.2."""

    def begin(self) -> None:
        super().begin()
        while CONTINUE <= self.status < 200 and self.status != SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


def _connection(request: Request, address: str, seconds: float) -> HTTPConnection:
    if request.scheme == "http":
        return HTTPConnection(address, request.port, timeout=seconds)
    return HTTPSConnection(
        address,
        request.port,
        timeout=seconds,
        ssl_context=_verified(),
        server_hostname=request.host,
        assert_hostname=request.host,
    )


@cache
def _verified() -> ssl.SSLContext:
    """Servers must prove who they are, to whom this machine trusts."""
    return ssl.create_default_context()


@contextlib.contextmanager
def _ended_after(
    connection: HTTPConnection, seconds: float, is_over: threading.Event
) -> Iterator[Callable[[], None]]:
    """Cut a connection off when its time is over, however slowly it goes on until then.

    Answers what keeps hold of its socket once it is connected: a connection forgets it while an answer is
    still read from it, if the server says that it will close it.
    """
    held: list[socket.socket | None] = []

    def hold() -> None:
        held.append(connection.sock)

    def cut() -> None:
        is_over.set()
        for sock in (*held, connection.sock):
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield hold
    finally:
        timer.cancel()
        connection.close()

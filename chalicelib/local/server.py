"""Serves a Chalice application over HTTP in this process: an event loop for sockets, threads for handlers.

uvicorn reads and writes HTTP (httptools parses it, in C); the gateway makes the event that Lambda would get;
a thread calls the application, since handlers wait for disk and network. One process on purpose: what the
service keeps in memory exists once, and killing the one process kills everything. Prints nothing; logs.
"""

import asyncio
import contextlib
import functools
import logging
import pkgutil
import queue
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, Protocol

import uvicorn
from chalice.app import Chalice
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .gateway import Gateway, HttpAnswer, HttpRequest, problem

BODY_LIMIT = 12 * 1024**2
"""Most bytes of a body that reach the application, which has smaller limits of its own."""

DRAIN_LIMIT = 8 * BODY_LIMIT
"""Bytes of a refused body that are read and dropped, so that the client hears the answer and no reset."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

KEEP_ALIVE = 75
"""Seconds that an idle connection stays open; longer than clients think between two requests."""

TURN = 0.001
"""Seconds that a busy thread keeps the interpreter while others wait (Python's own choice: 5 ms).

Beside a handler that computes for long, small requests are answered sooner; alone, they are as fast.
"""

logger = logging.getLogger(__name__)


class Service(Protocol):
    """What is served: an application and what works behind it."""

    @property
    def app(self) -> Chalice:
        """The application; its routes are complete, and many threads may call it (`ThreadedChalice`)."""
        ...

    def start(self) -> None:
        """Start what works in the background. Called once, before the first request."""
        ...

    def stop(self) -> None:
        """Stop the background and release the store. Called once, after the last request was answered."""
        ...


Load = str | Callable[[], Service]
"""Makes the service, in the process that serves; as text `package.module:function`."""

OnReady = Callable[[str, int], None]
"""Told host and real port, once connections are accepted."""


def serve(
    load: Load,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    threads: int = 16,
    grace: float = 10.0,
    on_ready: OnReady | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way and return.

    Args:
        load: Makes the service, once the port is ours.
        host: Name or address to listen on.
        port: Port to listen on; 0: any free one, told to `on_ready`.
        threads: Requests that are handled at the same time; more wait in line.
        grace: Seconds that requests under way may take after the signal; what takes longer is cut off.
        on_ready: Told host and real port.

    Raises:
        OSError: The address cannot be listened on, for example since the port is taken; nothing was loaded.
    """
    Server(load, host, port, threads=threads, grace=grace, on_ready=on_ready).run()


@contextlib.contextmanager
def serving(load: Load, host: str = "127.0.0.1", *, threads: int = 16, grace: float = 10.0) -> Iterator[str]:
    """Serve in a thread, on any free port, while the block runs; for tests and demonstrations.

    Yields:
        The base URL, without a slash at its end.
    """
    ready: queue.SimpleQueue[str | BaseException] = queue.SimpleQueue()
    server = Server(
        load, host, 0, threads=threads, grace=grace, on_ready=lambda *address: ready.put(_url(*address))
    )
    thread = threading.Thread(target=_run_and_tell, args=(server, ready), name="server", daemon=True)
    thread.start()
    url = ready.get()
    if isinstance(url, BaseException):
        raise url
    try:
        yield url
    finally:
        server.ask_to_stop()
        thread.join()


class Server:
    """A server that can be asked to stop from elsewhere; `serve` is the plain way to use it."""

    def __init__(
        self,
        load: Load,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        threads: int = 16,
        grace: float = 10.0,
        on_ready: OnReady | None = None,
    ) -> None:
        """Keep what `serve` explains; nothing is opened yet."""
        self._load = load
        self._host = host
        self._port = port
        self._on_ready = on_ready
        self._pool = _Pool(threads)
        self._uvicorn = _Uvicorn(_config(self._answer_http, grace))
        self._gateway: Gateway

    def run(self) -> None:
        """Serve until asked to stop, by `ask_to_stop` or, in the main thread, by SIGTERM or SIGINT.

        Raises:
            OSError: The address cannot be listened on; nothing was loaded.
        """
        with _listen(self._host, self._port) as listener, self._signals(), _short_turns():
            load = pkgutil.resolve_name(self._load) if isinstance(self._load, str) else self._load
            service: Service = load()
            try:
                self._gateway = Gateway(service.app)
                service.start()
                self._uvicorn.when_started = functools.partial(self._tell, listener)
                with self._pool:
                    self._uvicorn.run(sockets=[listener])
            finally:
                service.stop()

    def ask_to_stop(self) -> None:
        """Let `run` finish the requests under way and return. Safe from any thread, and returns at once."""
        self._uvicorn.should_exit = True

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Hear signals while loading too, and when uvicorn raises them again at its end: exit code 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            sign: signal.signal(sign, self._uvicorn.handle_exit) for sign in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def _tell(self, listener: socket.socket) -> None:
        if self._on_ready is not None:
            self._on_ready(self._host, listener.getsockname()[1])

    async def _answer_http(self, scope: "_Scope", receive: "_Receive", send: "_Send") -> None:
        """Answer one request (an ASGI application)."""
        try:
            body = await _read_body(receive)
        except _Disconnected:
            return
        if body is None:
            answer = self._gateway.refuse(_too_large())
        else:
            answer = await self._pool.run(functools.partial(self._gateway.answer, _request(scope, body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


_Message = MutableMapping[str, Any]
_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class _Disconnected(Exception):
    """The client left before its request was complete."""


class _Uvicorn(uvicorn.Server):
    """Tells when it accepts connections."""

    when_started: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_started()


class _Http(HttpToolsProtocol):
    """Leaves connections whose client offers HTTP/2 to the other parser of uvicorn.

    httptools drops the body of a request that offers another protocol, and Java's HttpClient offers `h2c`
    with every request. A mention of h2c that is no offer costs such a connection speed, nothing else.

    Source: github.com/Kludex/uvicorn, issue 2722; RFC 9110, section 7.8: a server may ignore the offer.
    """

    def data_received(self, data: bytes) -> None:
        if self.cycle is not None or b"h2c" not in data:
            super().data_received(data)
            return
        other = _DecliningHttp(self.config, self.server_state, self.app_state, self.loop)
        self.connections.discard(self)
        self.transport.set_protocol(other)
        other.connection_made(self.transport)
        other.data_received(data)


class _DecliningHttp(H11Protocol):
    """Declines offers of other protocols; each would be logged as a missing library for WebSockets."""

    def _unsupported_upgrade_warning(self) -> None:
        pass


class _Pool:
    """Threads that call handlers.

    Not concurrent.futures: its threads are joined when the interpreter ends, so that a handler that hangs
    would keep the process alive after its grace; and each request would cost more.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._is_closed = False

    def __enter__(self) -> None:
        for number in range(self._threads):
            threading.Thread(target=self._run, name=f"handler-{number}", daemon=True).start()

    def __exit__(self, *error: object) -> None:
        """Let idle threads end, and drop what nobody began."""
        self._is_closed = True
        for _ in range(self._threads):
            self._work.put(None)

    async def run(self, call: Callable[[], HttpAnswer]) -> HttpAnswer:
        """Call in a thread, and wait for the answer without blocking the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[HttpAnswer] = loop.create_future()
        self._work.put(functools.partial(_call, call, loop, future))
        return await future

    def _run(self) -> None:
        while (work := self._work.get()) is not None and not self._is_closed:
            work()


def _call(
    call: Callable[[], HttpAnswer], loop: asyncio.AbstractEventLoop, future: asyncio.Future[HttpAnswer]
) -> None:
    answer = call()
    # The loop is closed if the grace was over before the handler was.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, future, answer)


def _settle(future: asyncio.Future[HttpAnswer], answer: HttpAnswer) -> None:
    if not future.done():
        future.set_result(answer)


def _config(app: Callable[..., Awaitable[None]], grace: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="auto",
        http=_Http,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=grace,  # type: ignore[arg-type]  # declared as whole seconds, used as any
    )


def _listen(host: str, port: int) -> socket.socket:
    """Claim the port before anything is loaded; clients that come early wait in the backlog.

    Without SO_REUSEPORT: a second server on the port is refused instead of taking half of the requests.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # asyncio turns Nagle's algorithm off only where the protocol is named; accepted sockets inherit the name.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def _read_body(receive: _Receive) -> bytes | None:
    """Read a whole body; None if it is absurdly large.

    Raises:
        _Disconnected: The client left.
    """
    chunks: list[bytes] = []
    size = 0
    while size <= DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        size += len(message["body"])
        if size > BODY_LIMIT:
            chunks.clear()
        else:
            chunks.append(message["body"])
        if not message["more_body"]:
            break
    return b"".join(chunks) if size <= BODY_LIMIT else None


def _request(scope: _Scope, body: bytes) -> HttpRequest:
    return HttpRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("ascii"),
        query=scope["query_string"].decode("latin-1"),
        headers=scope["headers"],
        body=body,
        source_ip=scope["client"][0],
    )


def _too_large() -> HttpAnswer:
    detail = f"the body is larger than {BODY_LIMIT} bytes"
    return problem(
        400, "HTTP_REQUEST_BODY", "failed to read request body", detail, [(b"connection", b"close")]
    )


def _run_and_tell(server: Server, ready: queue.SimpleQueue[str | BaseException]) -> None:
    """Run, and hand over what made it end before it was ready; nobody listens for what comes later."""
    try:
        server.run()
    except BaseException as error:
        logger.exception("server ended")
        ready.put(error)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

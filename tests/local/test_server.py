"""The local server, over real sockets: what clients may rely on, and how it stops."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chalice import local as chalice_local
from chalice.app import Chalice, Response
from chalice.config import Config

from chalicelib.api.threaded import ThreadedChalice
from chalicelib.local.server import BODY_LIMIT, Server, serve, serving

PATIENCE = 5
"""Seconds after which a test gives up; none waits that long when the server is right."""


class Echo:
    """A service that answers with what it was asked, and notes what happens to it."""

    def __init__(self, parties: int = 1) -> None:
        self.app = ThreadedChalice("echo", configure_logs=False)
        self.notes: list[str] = []
        self.arrived = threading.Event()
        self.may_answer = threading.Event()
        self.together = threading.Barrier(parties)
        every = ["*/*"]
        self.app.route("/echo/{name}", methods=["GET", "POST"], content_types=every)(self.echo)
        self.app.route("/wait", methods=["GET"])(self.wait)
        self.app.route("/meet/{name}", methods=["POST"], content_types=every)(self.meet)

    def start(self) -> None:
        self.notes.append("start")

    def stop(self) -> None:
        self.notes.append("stop")

    def echo(self, name: str) -> Response:
        request = self.app.current_request
        query = request.query_params
        told = {
            "name": name,
            "tags": query.getlist("tag") if query else [],
            "accept": request.headers.get("accept"),
            "body": request.raw_body.decode("latin-1") if request.raw_body else None,
        }
        return Response(json.dumps(told), {"Content-Type": "application/json"})

    def wait(self) -> Response:
        self.arrived.set()
        self.may_answer.wait(PATIENCE)
        self.notes.append("answer")
        return Response("{}", {"Content-Type": "application/json"})

    def meet(self, name: str) -> Response:
        """Answer once all parties are here, each with its own request and context."""
        self.together.wait(PATIENCE)
        request, context = self.app.current_request, self.app.lambda_context
        told = {
            "name": name,
            "body": request.raw_body.decode(),
            "request_is_of_context": request.context["requestId"] == context.aws_request_id,
        }
        return Response(json.dumps(told), {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Echo) as url:
        yield url


@contextlib.contextmanager
def connection(url: str) -> Iterator[HTTPConnection]:
    parts = urlsplit(url)
    with contextlib.closing(HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)) as opened:
        yield opened


@contextlib.contextmanager
def raw(url: str) -> Iterator[socket.socket]:
    """A bare connection, to say what no HTTP library says."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as opened:
        yield opened


def answer_on(plain: socket.socket) -> HTTPResponse:
    """Read the next answer, and not a byte of what follows it."""
    answer = HTTPResponse(plain)
    answer.fp.close()
    answer.fp = plain.makefile("rb", buffering=0)
    answer.begin()
    return answer


def get(url: str, path: str, method: str = "GET", **more: object) -> HTTPResponse:
    with connection(url) as client:
        client.request(method, path, **more)
        answer = client.getresponse()
        answer.content = answer.read()
        return answer


# What clients may rely on.


def test_one_connection_serves_many_requests(url: str) -> None:
    with connection(url) as client:
        for number in range(3):
            client.request("GET", f"/echo/{number}")
            opened = client.sock
            assert json.loads(client.getresponse().read())["name"] == str(number)
            assert client.sock is opened


def test_path_query_header_and_body_reach_the_application(url: str) -> None:
    answer = get(url, "/echo/a%2Fb?tag=x%26y&tag=z", "POST", body=b"\xff", headers={"ACCEPT": "text/plain"})

    assert json.loads(answer.content) == {
        "name": "a%2Fb",
        "tags": ["x&y", "z"],
        "accept": "text/plain",
        "body": "\xff",
    }


def test_the_content_type_is_exactly_what_the_application_set(url: str) -> None:
    assert get(url, "/echo/a").headers.get_all("content-type") == ["application/json"]


def test_an_unknown_path_and_a_wrong_verb_are_problems(url: str) -> None:
    unknown, wrong = get(url, "/nowhere"), get(url, "/echo/a", "DELETE")

    assert (unknown.status, wrong.status) == (404, 405)
    assert wrong.headers["allow"] == "GET, POST"
    assert unknown.headers["content-type"] == wrong.headers["content-type"] == "application/problem+json"


def test_head_is_answered_without_a_body_and_the_connection_goes_on(url: str) -> None:
    with connection(url) as client:
        client.request("HEAD", "/echo/a")
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (405, b"")

        client.request("GET", "/echo/a")
        assert client.getresponse().status == 200


def test_pipelined_requests_are_answered_in_order(url: str) -> None:
    with raw(url) as plain:
        plain.sendall(b"".join(b"GET /echo/%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(5)))

        assert [json.loads(answer_on(plain).read())["name"] for _ in range(5)] == list("01234")


def test_a_client_that_asks_before_it_sends_is_told_to_continue(url: str) -> None:
    with raw(url) as plain:
        plain.sendall(
            b"POST /echo/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert plain.recv(100).startswith(b"HTTP/1.1 100 ")

        plain.sendall(b"hi")
        assert json.loads(answer_on(plain).read())["body"] == "hi"


@pytest.mark.parametrize(
    "body", [b"Content-Length: 2\r\n\r\nhi", b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"]
)
def test_an_offer_of_http2_is_declined_and_its_body_read(
    url: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    offer = b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    with raw(url) as plain:
        for _ in range(2):
            plain.sendall(b"POST /echo/a HTTP/1.1\r\n" + offer + body)
            answer = answer_on(plain)
            assert (answer.status, json.loads(answer.read())["body"]) == (200, "hi")

    assert caplog.records == []


def test_what_is_not_http_is_answered_400(url: str) -> None:
    with raw(url) as plain:
        plain.sendall(b"hello there\r\n\r\n")

        assert answer_on(plain).status == 400


def test_an_absurdly_large_body_is_refused_and_the_connection_closed(url: str) -> None:
    answer = get(url, "/echo/a", "POST", body=bytes(BODY_LIMIT + 1))

    assert answer.status == 400
    assert json.loads(answer.content)["type"] == "HTTP_REQUEST_BODY"
    assert answer.headers["connection"] == "close"


def test_the_largest_body_still_reaches_the_application(url: str) -> None:
    answer = get(url, "/echo/a", "POST", body=b"x" * BODY_LIMIT)

    assert len(json.loads(answer.content)["body"]) == BODY_LIMIT


def test_slow_clients_do_not_hold_up_others() -> None:
    with serving(Echo, threads=1) as url, raw(url) as slow_head, raw(url) as slow_body:
        slow_head.sendall(b"POST /echo/slow HT")
        slow_body.sendall(b"POST /echo/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh")

        assert get(url, "/echo/quick").status == 200

        slow_body.sendall(b"i")
        assert json.loads(answer_on(slow_body).read())["body"] == "hi"


def test_a_client_that_leaves_before_its_request_is_complete_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(Echo) as url:
        with raw(url) as plain:
            plain.sendall(b"POST /echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh")
        assert get(url, "/echo/b").status == 200

    assert caplog.records == []


def test_sixteen_clients_at_once_get_their_own_answers() -> None:
    clients = 16
    with serving(lambda: Echo(clients), threads=clients) as url, ThreadPoolExecutor(clients) as pool:
        answers = pool.map(
            lambda number: get(url, f"/meet/{number}", "POST", body=f"of {number}"), range(clients)
        )

        for number, answer in enumerate(answers):
            assert json.loads(answer.content) == {
                "name": str(number),
                "body": f"of {number}",
                "request_is_of_context": True,
            }


def test_chalice_local_can_serve_the_threaded_application_too() -> None:
    app = Echo().app
    server = chalice_local.create_local_server(app, Config(), "127.0.0.1", 0)
    server.server.server_close()

    assert isinstance(app, ThreadedChalice)
    assert isinstance(app, Chalice)
    assert not hasattr(app, "current_request")


# How it starts and stops.


@contextlib.contextmanager
def running(service: Echo, **options: float) -> Iterator[tuple[str, Server, threading.Thread]]:
    """A server in a thread, for tests that stop it themselves."""
    ready: queue.SimpleQueue[int] = queue.SimpleQueue()
    server = Server(lambda: service, port=0, on_ready=lambda _, port: ready.put(port), **options)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{ready.get(timeout=PATIENCE)}", server, thread
    finally:
        service.may_answer.set()
        server.ask_to_stop()
        thread.join(PATIENCE)


def wait_until_refused(url: str) -> None:
    """Return once new connections are not accepted any more."""
    with contextlib.suppress(ConnectionError):
        while True:
            with raw(url):
                pass


def test_the_service_is_started_before_and_stopped_after_everything() -> None:
    service = Echo()
    with serving(lambda: service) as url:
        assert service.notes == ["start"]
        get(url, "/echo/a")

    assert service.notes == ["start", "stop"]


def test_a_stop_waits_for_the_request_under_way() -> None:
    service = Echo()
    with running(service) as (url, server, thread), connection(url) as client:
        client.request("GET", "/wait")
        assert service.arrived.wait(PATIENCE)

        server.ask_to_stop()
        wait_until_refused(url)
        thread.join(0.4)
        assert service.notes == ["start"]

        service.may_answer.set()
        assert client.getresponse().status == 200
        thread.join(PATIENCE)
        assert service.notes == ["start", "answer", "stop"]


def test_a_request_that_outlasts_the_grace_is_cut_off() -> None:
    service = Echo()
    with running(service, grace=0.1) as (url, server, thread), connection(url) as client:
        client.request("GET", "/wait")
        assert service.arrived.wait(PATIENCE)

        server.ask_to_stop()
        thread.join(PATIENCE)

        assert not thread.is_alive()
        assert service.notes == ["start", "stop"]


def test_an_idle_connection_does_not_delay_the_stop() -> None:
    service = Echo()
    with running(service, grace=PATIENCE * 2) as (url, server, thread), connection(url) as client:
        client.request("GET", "/echo/a")
        client.getresponse().read()

        server.ask_to_stop()
        thread.join(PATIENCE)

        assert not thread.is_alive()


def test_nagle_is_off() -> None:
    with running(Echo()) as (url, server, _), connection(url) as client:
        client.request("GET", "/echo/a")
        client.getresponse().read()

        (accepted,) = server._uvicorn.server_state.connections
        no_delay = accepted.transport.get_extra_info("socket").getsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY
        )
        assert no_delay


def test_a_taken_port_is_refused_before_anything_is_loaded(url: str) -> None:
    def load() -> Echo:
        pytest.fail("loaded")

    with pytest.raises(OSError, match="in use"):
        serve(load, port=urlsplit(url).port)


def test_a_service_that_cannot_start_is_stopped_and_the_error_told() -> None:
    class Broken(Echo):
        def start(self) -> None:
            raise LookupError("no store")

    service = Broken()
    with pytest.raises(LookupError, match="no store"), serving(lambda: service):
        pass

    assert service.notes == ["stop"]


CHILD = """
    import os, signal, sys
    from chalicelib.api.threaded import ThreadedChalice
    from chalicelib.local.server import serve

    class Service:
        def __init__(self):
            self.app = ThreadedChalice("child", configure_logs=False)
            self.app.route("/")(lambda: {})
            if "while-loading" in sys.argv:
                os.kill(os.getpid(), signal.SIGTERM)

        def start(self):
            print("start", flush=True)

        def stop(self):
            print("stop", flush=True)

    serve("__main__:Service", port=0, on_ready=lambda host, port: print(port, flush=True))
    print("end", flush=True)
"""


@contextlib.contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), *arguments]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, text=True, stdout=-1, stderr=-1
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_cleanly(sign: signal.Signals) -> None:
    with child() as process:
        assert process.stdout.readline() == "start\n"
        port = int(process.stdout.readline())
        assert get(f"http://127.0.0.1:{port}", "/").status == 200

        process.send_signal(sign)
        printed, logged = process.communicate(timeout=PATIENCE)

    assert (process.returncode, printed, logged) == (0, "stop\nend\n", "")


def test_a_signal_while_loading_stops_the_process_cleanly() -> None:
    with child("while-loading") as process:
        printed, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert printed.splitlines()[-2:] == ["stop", "end"]

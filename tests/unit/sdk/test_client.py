"""The client against a small server that answers from a script."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib.sdk.client import ApiProblem, Client, Unanswered

JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


HANG_UP = Answer(status=0)


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Script:
    """What the server answers next, and what it was asked."""

    answers: list[Answer]
    requests: list[Request] = field(default_factory=list)
    address: str = ""
    hung_up: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def answer(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        port = self.client_address[1]
        script.requests.append(Request(self.command, self.path, dict(self.headers), body, port))
        answer = script.answers.pop(0)
        self.close_connection = answer is HANG_UP or answer.headers.get("X-Then") == "hang up"
        if answer is not HANG_UP:
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = answer

    def finish(self) -> None:
        super().finish()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.server.script.hung_up.set()  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


Serve = Callable[..., Script]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that gives the answers in order."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(*answers: Answer) -> Script:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        script = Script(list(answers), address=f"http://127.0.0.1:{server.server_port}")
        server.script = script  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return script

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def refused(client: Client, method: str = "PATCH", path: str = "/jobs/2030-01-01/1/complete") -> ApiProblem:
    with pytest.raises(ApiProblem) as caught:
        client.call(method, path, {"workerId": "w"})
    return caught.value


def test_call_sends_json_and_decodes_the_answer(serve: Serve) -> None:
    server = serve(Answer(201, JSON, b'{"id": 1}'))

    with Client(server.address) as client:
        answer = client.call("POST", "/processes", {"version": "1"})

    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/processes")
    assert json.loads(request.body) == {"version": "1"}
    assert request.headers["Content-Type"] == "application/json"
    assert answer == {"id": 1}


def test_call_sends_query_parameters_and_leaves_out_those_without_a_value(serve: Serve) -> None:
    server = serve(Answer(200, JSON, b"{}"))

    with Client(server.address + "/api/") as client:
        client.call("GET", "/variables", query={"limit": 5, "names": "a,b", "offset": None, "all": True})

    (request,) = server.requests
    assert request.target == "/api/variables?limit=5&names=a%2Cb&all=true"
    assert "Content-Type" not in request.headers


def test_answers_that_are_not_json_are_text_and_empty_ones_are_none(serve: Serve) -> None:
    server = serve(Answer(200, {"Content-Type": "text/plain"}, b"ready"), Answer(204))

    with Client(server.address) as client:
        assert client.call("GET", "/readiness") == "ready"
        assert client.call("PUT", "/process-instances/2030-01-01/1/variables", {}) is None


def test_credentials_go_into_the_authorization_header(serve: Serve) -> None:
    server = serve(Answer(), Answer(), Answer())

    for client in (Client(server.address, basic=("me", "secret")), Client(server.address, api_key="k")):
        with client:
            client.call("GET", "/")
    with Client(server.address) as client:
        client.call("GET", "/")

    basic, bearer, none = (request.headers.get("Authorization") for request in server.requests)
    assert basic == "Basic " + base64.b64encode(b"me:secret").decode()
    assert bearer == "Bearer k"
    assert none is None


def test_calls_share_one_connection_without_delay(serve: Serve) -> None:
    server = serve(Answer(), Answer())

    with Client(server.address) as client:
        client.call("GET", "/")
        client.call("GET", "/")
        assert client._idle[0].sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert len({request.connection for request in server.requests}) == 1


def test_problem_becomes_an_exception_with_all_it_says(serve: Serve) -> None:
    body = {
        "status": 409,
        "type": "CONFLICT",
        "title": "failed to complete job",
        "detail": "job 2030-01-01/1 is completed",
        "errors": [{"pointer": "#/x", "type": "required", "detail": "is required"}],
    }
    server = serve(Answer(409, PROBLEM, json.dumps(body).encode()))

    with Client(server.address) as client:
        problem = refused(client)

    assert (problem.status, problem.type, problem.title) == (409, "CONFLICT", "failed to complete job")
    assert problem.detail == "job 2030-01-01/1 is completed"
    assert problem.errors[0]["pointer"] == "#/x"
    assert str(problem) == "409 CONFLICT: failed to complete job: job 2030-01-01/1 is completed"


def test_refusal_without_a_body_is_a_problem_too(serve: Serve) -> None:
    server = serve(Answer(401))

    with Client(server.address) as client:
        problem = refused(client)

    assert (problem.status, problem.type, problem.title) == (401, "UNKNOWN", "Unauthorized")


def test_busy_server_is_asked_again_when_it_says(serve: Serve) -> None:
    server = serve(Answer(503, {"Retry-After": "2"}), Answer(200, JSON, b'{"state": "DONE"}'))
    pauses: list[float] = []

    with Client(server.address, pause=pauses.append) as client:
        answer = client.call("PATCH", "/jobs/2030-01-01/1/complete", {"workerId": "w"})

    assert answer == {"state": "DONE"}
    assert pauses == [2]
    assert server.requests[0].body == server.requests[1].body


def test_busy_server_is_given_up_when_the_time_is_over(serve: Serve) -> None:
    server = serve(*[Answer(503, {"Retry-After": "4"})] * 3)
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    with Client(server.address, timeout=10, pause=pause, clock=lambda: now[0]) as client:
        problem = refused(client)

    assert problem.status == 503
    assert len(server.requests) == 3


def test_unavailable_server_that_names_no_time_is_not_asked_again(serve: Serve) -> None:
    server = serve(Answer(503, {"Content-Type": "text/plain"}, b"starting"))

    with Client(server.address) as client:
        problem = refused(client, "GET", "/readiness")

    assert (problem.status, problem.detail) == (503, "starting")


def test_connection_that_was_dropped_while_idle_is_replaced_before_anything_is_sent(serve: Serve) -> None:
    server = serve(Answer(200, {"X-Then": "hang up"}), Answer(200, JSON, b'{"id": 1}'))

    with Client(server.address) as client:
        client.call("GET", "/")
        assert server.hung_up.wait(10)
        assert client.call("POST", "/process-instances", {"version": "1"}) == {"id": 1}

    assert [request.method for request in server.requests] == ["GET", "POST"]


def test_command_whose_answer_was_lost_is_not_sent_twice(serve: Serve) -> None:
    server = serve(HANG_UP)

    with Client(server.address) as client, pytest.raises(Unanswered, match="POST /process-instances"):
        client.call("POST", "/process-instances", {"version": "1"})

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/readiness"), ("POST", "/jobs/query"), ("PUT", "/x/variables")]
)
def test_request_that_may_be_sent_twice_is_sent_again_once(serve: Serve, method: str, path: str) -> None:
    server = serve(HANG_UP, Answer(200, JSON, b'{"count": 0}'), HANG_UP, HANG_UP)

    with Client(server.address) as client:
        assert client.call(method, path, {}) == {"count": 0}
        with pytest.raises(ConnectionError):
            client.call(method, path, {})

    assert len(server.requests) == 4


def test_server_that_does_not_listen_is_a_connection_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

    with Client(address) as client, pytest.raises(ConnectionRefusedError):
        client.call("GET", "/readiness")


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(address)


def test_two_credentials_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        Client("http://127.0.0.1", basic=("a", "b"), api_key="k")

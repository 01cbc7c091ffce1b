"""The connector http against servers of this machine: slow, broken, huge, or not who they say they are."""

import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.connectors import Allowed, Ports, sending, worker
from chalicelib.connectors.deadline import TimedOut, in_time
from chalicelib.connectors.http import LARGEST, Request, Response, TooLarge, Unreachable
from chalicelib.sdk.job import Given, Job
from chalicelib.sdk.worker import perform
from tests.local.web import HERE, Serve, answering, serving


def send(
    port: int,
    seconds: float = 5,
    method: str = "GET",
    body: bytes | None = None,
    scheme: str = "http",
    host: str = HERE,
) -> Response:
    return sending.send(Request(method, scheme, host, port, "/a?b=c", {"X-Id": "1"}, body), HERE, seconds)


def test_a_request_is_sent_and_its_answer_read() -> None:
    read: list[bytes] = []
    with serving(answering("HTTP/1.1 201 Created\nContent-Length: 2\nX-A: 1\nX-A: 2", b"ok", read)) as port:
        found = send(port, method="POST", body=b"{}", host="api.example.com")

    assert (found.status, found.body, found.headers["x-a"]) == (201, b"ok", "1, 2")
    head = read[0].decode().lower()
    assert head.startswith("post /a?b=c http/1.1\r\n")
    assert f"host: api.example.com:{port}\r\n" in head
    assert "x-id: 1\r\n" in head


def test_an_answer_may_come_in_chunks_and_compressed() -> None:
    body = gzip.compress("สวัสดี".encode())
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Encoding: gzip"
    with serving(answering(head, chunked)) as port:
        assert send(port).body.decode() == "สวัสดี"


# Slow


def drip(connection: socket.socket) -> None:
    """Each byte in time, and never an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def dripping(head: str) -> Serve:
    """A body of which each byte comes in time, and never an end."""

    def serve(connection: socket.socket) -> None:
        answering(head)(connection)
        while True:
            connection.sendall(b"x")
            time.sleep(0.2)

    return serve


def silent(connection: socket.socket) -> None:
    """Reads, and says nothing until the client has gone."""
    while connection.recv(65536):
        pass


@pytest.mark.parametrize("serve", [silent, drip, drip_body], ids=lambda serve: serve.__name__)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_however_slowly_a_server_speaks_the_time_of_the_call_counts(
    serve: Serve, scheme: str, trusted: ssl.SSLContext
) -> None:
    with serving(serve, trusted if scheme == "https" else None) as port:
        began = time.monotonic()
        with pytest.raises(TimedOut):
            send(port, 0.3, scheme=scheme, host="localhost")
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK\nConnection: close",
        "HTTP/1.1 200 OK\nConnection: close\nContent-Length: 100000",
        "HTTP/1.0 200 OK",
        "HTTP/1.0 200 OK\nContent-Length: 100000",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_ends_with_its_connection_has_no_more_time(
    head: str, scheme: str, trusted: ssl.SSLContext
) -> None:
    with serving(dripping(head), trusted if scheme == "https" else None) as port:
        began = time.monotonic()
        with pytest.raises(TimedOut):
            send(port, 0.5, scheme=scheme, host="localhost")
        assert time.monotonic() - began < 3


def test_a_server_that_does_not_answer_tls_is_left_in_time() -> None:
    with serving(silent) as port, pytest.raises(TimedOut):
        send(port, 0.2, scheme="https", host="localhost")


# Broken, huge


@pytest.mark.parametrize(
    "serve",
    [
        answering("HTTP/1.1 200 OK\nContent-Length: 100", b"cut off"),
        answering("this is no HTTP"),
        answering("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 4", b"none"),
        answering("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"zz\r\nno chunk"),
        lambda connection: None,
    ],
    ids=["cut off", "no HTTP", "no gzip", "no chunk", "closed"],
)
def test_a_broken_answer_is_none(serve: Serve) -> None:
    with serving(serve) as port, pytest.raises(Unreachable) as fault:
        send(port)

    assert fault.value.was_sent


def test_nobody_listens() -> None:
    with socket.create_server((HERE, 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unreachable) as fault:
        send(port)

    assert not fault.value.was_sent


@pytest.mark.parametrize(
    "serve",
    [
        answering("HTTP/1.1 200 OK", b"x" * (LARGEST + 1)),
        answering("HTTP/1.1 200 OK\nContent-Encoding: gzip", gzip.compress(b"x" * 200 * LARGEST)),
    ],
    ids=["plain", "compressed"],
)
def test_a_huge_answer_is_not_read_to_its_end(serve: Serve) -> None:
    with serving(serve) as port, pytest.raises(TooLarge):
        send(port)


def test_headers_count_as_well() -> None:
    head = "HTTP/1.1 200 OK" + "".join(f"\nX-{n}: {'x' * 60_000}" for n in range(18))
    with serving(answering(head)) as port, pytest.raises(TooLarge):
        send(port)


def test_what_a_server_says_on_the_way_is_no_answer() -> None:
    on_the_way = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2
    body = on_the_way + b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    with serving(answering("HTTP/1.1 100 Continue", body)) as port:
        found = send(port)

    assert (found.status, found.body, "link" in found.headers) == (201, b"ok", False)


def test_an_answer_of_the_largest_size_is_read() -> None:
    with serving(answering("HTTP/1.1 200 OK\nX: y", b"x" * (LARGEST - 2))) as port:
        assert len(send(port).body) == LARGEST - 2


# Who a server is


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path


@pytest.fixture
def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(
    server_context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ssl.SSLContext]:
    """The context of a server whose certificate this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sending._verified.cache_clear()
    yield server_context
    sending._verified.cache_clear()


HELLO = answering("HTTP/1.1 200 OK\nContent-Length: 5", b"hello")


def test_a_server_that_proves_its_name_is_called(trusted: ssl.SSLContext) -> None:
    with serving(HELLO, trusted) as port:
        assert send(port, scheme="https", host="localhost").body == b"hello"


def test_a_server_with_the_certificate_of_another_host_is_not(trusted: ssl.SSLContext) -> None:
    with serving(HELLO, trusted) as port, pytest.raises(Unreachable, match="hostname"):
        send(port, scheme="https", host="api.example.com")


def test_a_server_that_nobody_vouches_for_is_not(server_context: ssl.SSLContext) -> None:
    sending._verified.cache_clear()
    with serving(HELLO, server_context) as port, pytest.raises(Unreachable, match="certificate"):
        send(port, scheme="https", host="localhost")


# Names


def test_addresses_of_a_name_are_found() -> None:
    assert HERE in sending.resolve("localhost", 80, 5)
    assert sending.resolve(HERE, 80, 5) == [HERE]


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"host no-such-host\.invalid is not known"):
        sending.resolve("no-such-host.invalid", 80, 20)


def test_a_name_that_takes_too_long_is_left() -> None:
    waits = threading.Event()
    with pytest.raises(TimedOut):
        in_time(waits.wait, 0.05)
    waits.set()


# As a whole


def test_the_connector_calls_follows_and_answers() -> None:
    def serve(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        if b"GET /old" in asked:
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n")
        else:
            body = '{"คำตอบ": 42}'.encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    with serving(serve) as port:
        connectors = worker(
            Allowed(http_hosts=(f"{HERE}:{port}",)), Ports(time.monotonic, time.sleep, lambda *_: None)
        )
        handler = connectors.find("any", "any", "http")
        assert handler is not None
        job = Job(work_type="http", source=Given(element={"url": f"http://{HERE}:{port}/old"}))
        given = perform(handler, job)

    (variable,) = given["elementVariables"]
    assert variable["name"] == "response"
    assert json.loads(variable["data"]["value"])["body"] == {"คำตอบ": 42}


def test_without_a_list_there_is_no_connector() -> None:
    found = worker(Allowed(dynamodb_tables=("a",)), Ports(time.monotonic, time.sleep, lambda *_: None))

    assert found.work_types() == {"dynamodb"}

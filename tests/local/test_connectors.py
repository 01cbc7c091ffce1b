"""The connector http wherever jobs are done: in a microflow, by the server itself, by a worker that polls."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.local.server import serving as engine
from chalicelib.local.service import LocalService
from chalicelib.sdk import Client
from chalicelib.sdk.runner import Runner
from chalicelib.sdk.worker import Worker
from chalicelib.settings import Settings
from tests.local import handlers
from tests.local.web import HERE, serving
from tests.models import drawn, extended, mapped, microflow

KEY = "secret"
PATIENCE = 20
"""Seconds after which a test gives up; none waits that long when all is right."""

RATE = '{"อัตรา": 31.184504}'.encode()
HEAD = f"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: {len(RATE)}"


@pytest.fixture
def requests() -> list[bytes]:
    """What the web server was asked."""
    return []


@pytest.fixture
def rates(requests: list[bytes]) -> Iterator[str]:
    """A web server that answers a rate, and nothing at /none."""

    def serve(connection: Any) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        requests.append(head)
        if b" /none" in head:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.sendall(HEAD.replace("\n", "\r\n").encode() + b"\r\n\r\n" + RATE)

    with serving(serve) as port:
        yield f"http://{HERE}:{port}"


def model(url: str) -> str:
    """Asks for a rate; where there is none, the answer is why."""
    inputs = (
        f"in url = ={json.dumps(url)} + path",
        'in headers = ={"Authorization": "Bearer " + token}',
        "in query = ={สกุล: currency}",
    )
    task = extended(
        '<zeebe:taskDefinition type="http"/>', mapped(*inputs, "out answer = =response.body.อัตรา")
    )
    sorry = '<zeebe:script expression="=error.code" resultVariable="answer"/>'
    content = (
        f'<serviceTask id="ask">{task}</serviceTask>'
        '<boundaryEvent id="none" attachedToRef="ask"><errorEventDefinition errorRef="e"/></boundaryEvent>'
        f'<scriptTask id="sorry">{extended(sorry)}</scriptTask>'
    )
    declared = '<error id="e" errorCode="HTTP_404"/>'
    return drawn(
        "rate", content, "start -> ask", "ask -> end", "none -> sorry", "sorry -> end", declared=declared
    )


def service(*http_hosts: str) -> Callable[[], LocalService]:
    """An engine that may call these hosts."""
    return lambda: LocalService(Settings(store="memory", api_key=KEY, http_hosts=http_hosts))


def host(url: str) -> str:
    """Of a URL, with its port."""
    return url.removeprefix("http://")


def start(client: Client, xml: str, path: str) -> dict[str, Any]:
    process = {"bpmnProcessId": "rate", "version": "1", "workerId": "test"}
    client.call("POST", "/processes", {**process, "bpmnXml": xml})
    values = {"path": path, "currency": "ไทย", "token": "t"}
    data = {name: {"encoding": "json", "value": json.dumps(value)} for name, value in values.items()}
    return client.call("POST", "/process-instances", {**process, "variables": data})


def answer_of(client: Client, instance: dict[str, Any]) -> Any:
    """The variable `answer`, once the process instance has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        (found,) = client.call("POST", "/process-instances/query", {"id": instance["id"]})["results"]
        if found["state"] == "COMPLETED":
            path = f"/process-instances/{instance['partition']}/{instance['id']}/variables"
            values = client.call("GET", path)["variables"]
            return next(json.loads(v["data"]["value"]) for v in values if v["name"] == "answer")
        time.sleep(0.01)
    raise AssertionError(f"not ended: {client.call('POST', '/jobs/query', {})}")


PATHS = pytest.mark.parametrize(("path", "answer"), [("/rate", 31.184504), ("/none", "HTTP_404")])


@PATHS
def test_the_server_does_the_task_itself(path: str, answer: Any, rates: str, requests: list[bytes]) -> None:
    with engine(service(host(rates))) as url, Client(url, api_key=KEY) as client:
        assert answer_of(client, start(client, model(rates), path)) == answer

    (head,) = requests
    assert b"?%E0%B8%AA%E0%B8%81%E0%B8%B8%E0%B8%A5=%E0%B9%84%E0%B8%97%E0%B8%A2 HTTP/1.1" in head
    assert b"authorization: bearer t\r\n" in head.lower()


@PATHS
def test_a_worker_that_polls_does_it(path: str, answer: Any, rates: str) -> None:
    connectors = wiring.connectors(Settings(store="memory", http_hosts=(host(rates),)))
    with engine(service()) as url, Client(url, api_key=KEY) as client:
        runner = Runner(client, Worker().beside(connectors), "connectors")
        thread = threading.Thread(target=runner.run)
        thread.start()
        try:
            assert answer_of(client, start(client, model(rates), path)) == answer
        finally:
            runner.stop()
            thread.join()


@PATHS
def test_a_microflow_does_it(path: str, answer: Any, rates: str) -> None:
    rows = {"microflow": "true", "output answer": "&quot;Any&quot;"}
    said = "".join(f'<zeebe:property name="{name}" value="{text}"/>' for name, text in rows.items())
    properties = extended(f"<zeebe:properties>{said}</zeebe:properties>")
    xml = model(rates).replace('isExecutable="true">', f'isExecutable="true">{properties}')
    with engine(service(host(rates))) as url, Client(url, api_key=KEY) as client:
        client.call(
            "POST",
            "/processes",
            {"bpmnProcessId": "rate", "version": "1", "workerId": "test", "bpmnXml": xml},
        )
        body = {"flowName": "rate", "object": {"path": path, "currency": "ไทย", "token": "t"}}
        found = client.call("POST", "/MicroflowRest/DoAction", body)

    assert found["exception"] == ""
    assert found["responseObjectsMap"] == {"answer": answer}


def test_a_handler_in_python_does_a_task_of_a_microflow() -> None:
    xml = microflow(
        "Total",
        ("x", "1"),
        inputs={"Order": {"quantity": "Integer"}},
        outputs={"Total": {"amount": "Integer"}},
    ).replace("scriptTask", "serviceTask")
    settings = Settings(store="memory", api_key=KEY, handlers="tests.local.handlers")

    with engine(lambda: LocalService(settings)) as url, Client(url, api_key=KEY) as client:
        body = {"bpmnProcessId": "flow", "version": "1", "workerId": "test", "bpmnXml": xml}
        client.call("POST", "/processes", body)
        found, failed = (
            client.call(
                "POST", "/MicroflowRest/DoAction", {"flowName": "Total", "object": {"quantity": number}}
            )
            for number in (2, -1)
        )

    assert found["responseObjectsMap"] == {"Total": {"amount": 6}}
    assert handlers.calls[-1] == "60 seconds left"
    assert failed["exception"] == "s0: tests.local.handlers.in_microflow: ValueError: less than nothing"


def test_without_a_list_the_task_waits_for_a_worker(rates: str) -> None:
    with engine(service()) as url, Client(url, api_key=KEY) as client:
        start(client, model(rates), "/rate")
        (job,) = client.call("POST", "/jobs/query", {})["results"]

    assert job["state"] in ("CREATED", "DUE")

"""How large a request may be: here, on AWS, and on each store.

Source: engine-semantics 1: 1 MiB, deployments 5 MiB, on AWS 4.
"""

import base64
import json
import random
import runpy
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.local.gateway import HttpRequest, LocalContext, Routes, to_event
from chalicelib.local.server import serving
from chalicelib.local.service import LocalService
from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import DynamoItems, S3Objects, create_bucket, create_table
from tests.api.driver import KEY, Api
from tests.logs import own_log
from tests.models import sequence
from tests.storage.aws import Clients, moto_clients

ROOT = Path(__file__).parents[2]
MIB = 1024**2
LAMBDA_PAYLOAD = 6 * MIB
"""Bytes of an event. Source: AWS Lambda quotas."""

W = {"workerId": "w"}


@pytest.fixture(scope="module")
def on_lambda() -> Iterator[Any]:
    """The application as Lambda loads it."""
    with pytest.MonkeyPatch.context() as patch, own_log():
        patch.setenv("BPMN_STORE", "memory")
        patch.setenv("BPMN_API_KEY", KEY)
        yield runpy.run_path(str(ROOT / "app.py"))["app"]


def invoke(app: Any, method: str, path: str, body: bytes, *, as_base64: bool = False) -> dict[str, Any]:
    """Lambda's answer to the event of API Gateway; the event must be one that Lambda takes."""
    match = Routes(app.routes).match(path)
    assert match is not None
    headers = [(b"authorization", f"Bearer {KEY}".encode()), (b"content-type", b"application/json")]
    event = to_event(HttpRequest(method, path, headers=headers, body=body), match, "request")
    if as_base64:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        assert len(json.dumps(event)) < LAMBDA_PAYLOAD
    answer = app(event, LocalContext("request"))
    return {"status": answer["statusCode"], **json.loads(answer["body"] or "{}")}


def of_size(body: dict[str, Any], size: int) -> bytes:
    """A body with white space at its end."""
    return json.dumps(body).encode().ljust(size)


def deployment(size: int, **fields: Any) -> bytes:
    body = {**W, "bpmnProcessId": "order", "bpmnXml": sequence("order", 1), "version": "1", **fields}
    return of_size(body, size)


def is_too_large(answer: dict[str, Any], limit: int) -> bool:
    return (answer["status"], answer["type"], answer["detail"]) == (
        400,
        "HTTP_REQUEST_BODY",
        f"request body is larger than {limit} bytes",
    )


# Here and on AWS


@pytest.mark.parametrize("as_base64", [False, True], ids=["text", "base64"])
def test_lambda_takes_deployments_of_4_mib(as_base64, on_lambda):
    def deploy(size: int) -> dict[str, Any]:
        return invoke(on_lambda, "POST", "/processes", deployment(size), as_base64=as_base64)

    assert deploy(4 * MIB)["status"] == 201
    assert is_too_large(deploy(4 * MIB + 1), 4 * MIB)


def test_lambda_takes_other_bodies_of_1_mib(on_lambda):
    def query(size: int) -> dict[str, Any]:
        return invoke(on_lambda, "POST", "/jobs/query", of_size({}, size))

    assert query(MIB)["status"] == 200
    assert is_too_large(query(MIB + 1), MIB)


@pytest.fixture(scope="module")
def local_server() -> Iterator[HTTPConnection]:
    """A connection to the local server."""
    with serving(lambda: LocalService(Settings(store="memory", api_key=KEY))) as url:
        connection = HTTPConnection(urlsplit(url).netloc)
        yield connection
        connection.close()


def post(connection: HTTPConnection, path: str, body: bytes) -> dict[str, Any]:
    connection.request("POST", path, body, {"Authorization": KEY, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return {**json.loads(answer.read()), "status": answer.status}


def test_local_server_takes_deployments_of_5_mib(local_server):
    assert post(local_server, "/processes", deployment(5 * MIB))["status"] == 201
    assert is_too_large(post(local_server, "/processes", deployment(5 * MIB + 1)), 5 * MIB)


def test_local_server_takes_other_bodies_of_1_mib(local_server):
    assert post(local_server, "/jobs/query", of_size({}, MIB))["status"] == 200
    assert is_too_large(post(local_server, "/jobs/query", of_size({}, MIB + 1)), MIB)


# On DynamoDB


@pytest.fixture
def aws() -> Iterator[Clients]:
    with moto_clients() as clients:
        create_table(clients.dynamodb, "items")
        create_bucket(clients.s3, "values")
        yield clients


def large_model(size: int) -> str:
    """A model that hardly becomes smaller when it is packed."""
    text = random.Random(1).randbytes(size // 4 * 3)
    model = sequence("order", 1)
    comment = "<!--" + base64.b64encode(text).decode() + "-->"
    return model.replace("</definitions>", comment[: size - len(model) - 3] + "--></definitions>")


def test_deployment_of_4_mib_lies_in_the_bucket(aws):
    xml = large_model(4 * MIB - 200)
    with_bucket = DynamoItems(aws.dynamodb, "items", S3Objects(aws.s3, "values"))

    body = deployment(0, bpmnXml=xml)
    assert 4 * MIB - 200 < len(body) <= 4 * MIB
    deployed = Api(items=with_bucket).expect(201, "createProcess", body)

    another_process = Api(items=with_bucket)
    assert another_process.call("getBpmnXml", id=deployed["id"]).body == xml.encode()
    assert another_process.start()["state"] == "STARTED"
    assert len(aws.s3.list_objects_v2(Bucket="values")["Contents"]) == 1


def test_without_bucket_the_refusal_names_the_setting_and_nothing_is_written(aws):
    body = deployment(0, bpmnXml=large_model(MIB))
    without_bucket = Api(items=DynamoItems(aws.dynamodb, "items"))

    refusal = without_bucket.expect(400, "createProcess", body)

    assert (refusal["type"], refusal["title"]) == ("VALIDATION", "failed to create process")
    assert "needs an S3 bucket; the setting BPMN_BUCKET names none" in refusal["detail"]
    assert without_bucket.expect(200, "queryProcesses", {})["results"] == []
    with_bucket = Api(items=DynamoItems(aws.dynamodb, "items", S3Objects(aws.s3, "values")))
    assert with_bucket.expect(201, "createProcess", body)["id"] == 1


def test_what_is_packed_small_needs_no_bucket(aws):
    body = deployment(0, bpmnXml=sequence("order", 1) + " " * MIB)

    assert Api(items=DynamoItems(aws.dynamodb, "items")).expect(201, "createProcess", body)["id"] == 1

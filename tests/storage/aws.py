"""A DynamoDB and an S3 inside of the test process, for every suite that needs them.

They are moto's, which loses updates when threads come at the same time: here one request is answered after
the other. It also ignores the token of a transaction; `Troubled` in `test_dynamodb.py` does not.

Most of what a request takes is neither DynamoDB's nor ours: it is signed, becomes a request of HTTP, is found
by its URL, and its answer becomes text and is parsed. The suite of the adapter goes this whole way. Walks
over diagrams send many times as much and go a direct way, which `test_aws.py` compares with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.model import OperationModel
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import HTTPException, ServiceException
from moto.core.models import botocore_stubber
from moto.core.parse import JSONParser
from moto.dynamodb.responses import DynamoHandler

REGION = "eu-central-1"

_one_at_a_time = Lock()


class Clients(NamedTuple):
    """What `DynamoItems` and `S3Objects` want."""

    dynamodb: Any
    s3: Any


@contextmanager
def moto_clients(*, is_direct: bool = False) -> Iterator[Clients]:
    """Clients of an account that is empty at first and gone in the end.

    Args:
        is_direct: Whether requests to DynamoDB go the direct way.
    """
    with mock_aws():
        yield Clients(_direct_dynamodb() if is_direct else moto_client("dynamodb"), moto_client("s3"))


@contextmanager
def kms_keys() -> Iterator[str]:
    """Id of a KMS key in an account; clients that are made inside of it find the account."""
    with mock_aws():
        yield moto_client("kms").create_key()["KeyMetadata"]["KeyId"]


@cache
def moto_client(service: str) -> Any:
    """The client of one service, to be used inside of `moto_clients`; threads and accounts share it.

    It knows nothing of what it was used for, and making one takes longer than many a test.
    """
    return _new_client(service)


@cache
def _direct_dynamodb() -> Any:
    client = _new_client("dynamodb")
    client.meta.events.register("before-call.dynamodb", _answer_directly)
    return client


def _new_client(service: str) -> Any:
    client = boto3.client(
        service,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(account_id_endpoint_mode="disabled", retries={"total_max_attempts": 1}),
    )
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register("before-send", _answer_alone)
    return client


def _answer_alone(event_name: str, request: Any, **more: Any) -> Any:
    with _one_at_a_time:
        return botocore_stubber(event_name, request, **more)


def _answer_directly(model: OperationModel, params: dict[str, Any], **more: Any) -> Any:
    """Let moto's DynamoDB do what was checked and serialized.

    What it refuses has done nothing, and goes the long way, on which the error is put into words.
    """
    if not botocore_stubber.enabled:
        return None
    handler = DynamoHandler()
    handler.current_account, handler.region = DEFAULT_ACCOUNT_ID, REGION
    handler.body = JSONParser(model).parse(params)
    with _one_at_a_time:
        try:
            answer = getattr(handler, xform_name(model.name))().result
        except (HTTPException, ServiceException):
            return None
    return AWSResponse(params["url"], 200, {}, None), answer or {}

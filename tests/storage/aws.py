"""A DynamoDB and an S3 inside of the test process, for every suite that needs them.

They are moto's, which loses updates when threads come at the same time: here one request is answered after
the other. It also ignores the token of a transaction; `Troubled` in `test_dynamodb.py` does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.core.models import botocore_stubber

REGION = "eu-central-1"

_one_at_a_time = Lock()


class Clients(NamedTuple):
    """What `DynamoItems` and `S3Objects` want."""

    dynamodb: Any
    s3: Any


@contextmanager
def moto_clients() -> Iterator[Clients]:
    """Clients of an account that is empty at first and gone in the end."""
    with mock_aws():
        yield Clients(moto_client("dynamodb"), moto_client("s3"))


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

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from chalicelib.storage.dynamodb import DynamoItems, S3Objects, create_bucket, create_table
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Items
from chalicelib.storage.sqlite import SqliteItems
from tests.storage.aws import Clients, moto_clients


@pytest.fixture(scope="module")
def aws() -> Iterator[Clients]:
    with moto_clients() as clients:
        create_bucket(clients.s3, "values")
        yield clients


@pytest.fixture
def table(aws: Clients) -> str:
    name = f"items-{uuid4()}"
    create_table(aws.dynamodb, name)
    return name


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def items(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Items]:
    store: Items
    if request.param == "memory":
        store = MemoryItems()
    elif request.param == "sqlite":
        store = SqliteItems(tmp_path / "items.db")
    else:
        aws, table = request.getfixturevalue("aws"), request.getfixturevalue("table")
        store = DynamoItems(aws.dynamodb, table, S3Objects(aws.s3, "values"))
    yield store
    store.close()

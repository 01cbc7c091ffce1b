"""Stores, a clock that stands still, and the driver that walks a diagram.

Tests that ask for `engine` or `play` run on the memory store in both task modes. Marked `every_store`, they
also run on sqlite and DynamoDB (moto), as one walk per element type does; `--every-store` (make soak) runs
the whole matrix, but for DynamoDB in deferred mode.
"""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import DynamoItems, S3Objects, create_bucket, create_table
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Items
from chalicelib.storage.sqlite import SqliteItems
from tests.play import Engine, Order
from tests.storage.aws import moto_clients

STORES = ("memory", "sqlite", "dynamodb")
MODES = ("eager", "deferred")
LEFT_OUT = {("dynamodb", "deferred")}
"""Of the whole matrix."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-store",
        action="store_true",
        help="run every walk on every store: in both modes, on DynamoDB in the eager one, since its double is"
        " slow and a store does not see the mode",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_store: also runs on sqlite and DynamoDB in make test")
    config.addinivalue_line(
        "markers", "embedded: never on DynamoDB, whose double is too slow, too large or too simple for it"
    )
    config.addinivalue_line("markers", "eager_only: about what only the eager mode does")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect without looking for garbage: thousands of tests stay, and each look passes all of them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests have counted (`record_property`)."""
    for report in terminalreporter.getreports("passed"):
        for name, count in report.user_properties:
            terminalreporter.write_line(f"{count:,} {name}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" not in metafunc.fixturenames:
        return
    modes = MODES if not metafunc.definition.get_closest_marker("eager_only") else ("eager",)
    cases = [("memory", mode) for mode in modes]
    if metafunc.config.getoption("--every-store"):
        cases = [(store, mode) for store in STORES for mode in modes if (store, mode) not in LEFT_OUT]
    elif metafunc.definition.get_closest_marker("every_store"):
        cases += [("sqlite", "eager"), ("dynamodb", "eager")]
    if metafunc.definition.get_closest_marker("embedded"):
        cases = [case for case in cases if case[0] != "dynamodb"]
    metafunc.parametrize("engine", cases, indirect=True, ids=["-".join(case) for case in cases])


def open_items(store: str, tmp_path: Path) -> Iterator[Items]:
    """A fresh store."""
    if store == "memory":
        yield MemoryItems()
    elif store == "sqlite":
        items = SqliteItems(tmp_path / "bpmn.db")
        yield items
        items.close()
    else:
        with moto_clients(is_direct=True) as clients:
            create_table(clients.dynamodb, "items")
            create_bucket(clients.s3, "values")
            yield DynamoItems(clients.dynamodb, "items", S3Objects(clients.s3, "values"))


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on each store, in each task mode."""
    store, mode = request.param
    for items in open_items(store, tmp_path):
        yield Engine(items, Settings(task_mode=mode, set_time=True))


Play = Callable[..., Order]


@pytest.fixture
def play(engine: Engine) -> Play:
    """Deploys a model of `tests/bpmn` and starts an instance of it."""

    def start(model: str, bpmn_process_id: str | None = None, **fields: Any) -> Order:
        return engine.start(engine.deploy(model, bpmn_process_id), **fields)

    return start

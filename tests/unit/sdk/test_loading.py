"""The worker of a program is found by the name of its module."""

from pathlib import Path

import pytest

from chalicelib.sdk.loading import NotLoaded, load
from chalicelib.sdk.worker import InvalidHandler

HANDLERS = """
from chalicelib.sdk.worker import Job, Worker

worker = also_worker = Worker()

@worker.job("orderFulfilment", "checkStock")
def check_stock(job: Job) -> None: ...
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write modules that can be imported by names that nobody else has."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str, name: str = "handlers") -> str:
        module = f"{name}_of_{tmp_path.name}"
        (tmp_path / f"{module}.py").write_text(text)
        return module

    return write


def test_only_worker_of_a_module_needs_no_name(write):
    module = write(HANDLERS)

    worker = load(module)

    assert worker.elements() == {("orderFulfilment", "checkStock")}
    assert load(f"{module}:also_worker") is worker


@pytest.mark.parametrize(
    ("text", "attribute", "fact"),
    [
        ("", "", r"has no worker, like `worker = Worker\(\)`"),
        (
            HANDLERS + "other = Worker()",
            "",
            "has several workers: also_worker, other; name one after a colon",
        ),
        (HANDLERS, ":missing", "missing of .* is no worker"),
        (HANDLERS, ":check_stock", "check_stock of .* is no worker"),
        (HANDLERS + "other = Worker()", ":other", "the worker of .* has no handlers"),
        ("import not_installed", "", r"cannot import handlers_.*: No module named 'not_installed' \(.*:1\)"),
        ("1 / 0", "", r"cannot import handlers_.*: ZeroDivisionError: division by zero \(.*py:1\)"),
        ("def", "", r"cannot import handlers_.*: SyntaxError: "),
    ],
)
def test_what_cannot_be_loaded_is_said(write, text, attribute, fact):
    with pytest.raises(NotLoaded, match=fact):
        load(write(text) + attribute)


@pytest.mark.parametrize("reference", ["no_such_module", "no_such.module:worker", "", ":worker", ".relative"])
def test_module_that_does_not_exist(reference):
    with pytest.raises(NotLoaded, match="cannot import"):
        load(reference)


def test_handler_that_cannot_be_one_is_found_at_once(write):
    module = write(HANDLERS.replace("job: Job", "job: Job, order: 'Order'"))

    with pytest.raises(InvalidHandler, match="check_stock"):
        load(module)

"""A microflow reaches beyond the store: whatever the store says meanwhile, nothing of it is done twice."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.contract.microflow import RunMicroflow
from chalicelib.service.execute import execute
from chalicelib.service.retry import Busy
from chalicelib.storage.ports import Item, Key, Throttled, Write
from tests.conformance.test_microflow import Connectors, Limits, called, environment, script, service
from tests.models import drawn, extended
from tests.play import ATTEMPTS, Engine
from tests.recording import Recording

FLOW = RunMicroflow.model_validate({"flowName": "outer", "caller": "ada", "isAdmin": True})


SAYS = extended(
    "<zeebe:properties>"
    '<zeebe:property name="microflow" value="true"/>'
    '<zeebe:property name="output answer" value="&quot;Any&quot;"/>'
    "</zeebe:properties>"
)


@pytest.fixture
def connectors(engine: Engine) -> Connectors:
    """It pays, and then calls another process."""
    engine.deploy_xml(drawn("inner", script("one", "=1", "x"), "start -> one", "one -> end"))
    content = service("pay", "pay") + called("call", "inner") + SAYS
    engine.deploy_xml(drawn("outer", content, "start -> pay", "pay -> call", "call -> end"))
    found = Connectors(engine)
    found.answer("pay", processVariables=[{"name": "answer", "data": {"encoding": "json", "value": "7"}}])
    return found


def act(engine: Engine, connectors: Connectors, limits: Limits | None = None) -> Any:
    env = replace(environment(engine, connectors), microflows=limits or Limits())
    return execute(FLOW, env)


class Busied(Recording):
    """A store that refuses reads, or writes of many, so many times.

    Attributes:
        reads: How many reads are refused.
        writes: How many times to write many.
    """

    reads = writes = 0

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        self.reads -= 1
        if self.reads >= 0:
            raise Throttled("no read for the moment")
        return super().get(keys)

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        self.writes -= 1
        if self.writes >= 0:
            raise Throttled("no write for the moment")
        return super().commit_each(groups)


@pytest.fixture
def busied(engine: Engine, connectors: Connectors) -> Busied:
    engine.items = found = Busied(engine.items)
    return found


def busy_after_paying(connectors: Connectors, busied: Busied, reads: int) -> None:
    """The store refuses reads once it has been paid."""
    paid = connectors.answers["pay"]

    def pay() -> dict[str, Any]:
        busied.reads = reads
        return cast(dict[str, Any], paid)

    connectors.answers["pay"] = pay


def test_a_store_that_is_busy_for_a_moment_lets_nothing_be_done_twice(
    engine: Engine, connectors: Connectors, busied: Busied
) -> None:
    busy_after_paying(connectors, busied, ATTEMPTS)

    found = act(engine, connectors)

    assert (found["exception"], found["objects"]) == ("", {"answer": 7})
    assert busied.reads < 0
    assert len(connectors.done) == 1


def test_a_store_that_stays_busy_fails_it_and_asks_nobody_to_send_it_again(
    engine: Engine, connectors: Connectors, busied: Busied
) -> None:
    busy_after_paying(connectors, busied, 1000)

    found = act(engine, connectors)

    assert found["exception"].startswith("microflow outer: the store is busy: ")
    assert len(connectors.done) == 1


def test_what_has_not_begun_may_be_sent_again(engine: Engine, connectors: Connectors, busied: Busied) -> None:
    busied.reads = 1000

    with pytest.raises(Busy):
        act(engine, connectors)

    assert connectors.done == []


@pytest.mark.parametrize(("times", "is_traced"), [(1, True), (1000, False)])
def test_a_trace_that_cannot_be_written_fails_nothing(
    engine: Engine,
    connectors: Connectors,
    busied: Busied,
    times: int,
    is_traced: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    busied.writes = times

    found = act(engine, connectors, Limits(is_traced=True))

    assert (found["exception"], found["objects"], bool(found["trace"])) == ("", {"answer": 7}, is_traced)
    assert len(connectors.done) == 1
    assert ("microflow outer has left no trace" in caplog.text) is not is_traced

"""A microflow reaches beyond the store: whatever the store says meanwhile, nothing of it is done twice."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.contract.microflow import RunMicroflow
from chalicelib.engine.errors import Conflict
from chalicelib.service.environment import Store
from chalicelib.service.execute import execute
from chalicelib.service.once import execute_once
from chalicelib.service.retry import Busy
from chalicelib.storage.dynamodb import BodyTooLarge
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
    pays(found, lambda: None)
    return found


def act(engine: Engine, connectors: Connectors, limits: Limits | None = None, key: str = "") -> Any:
    env = replace(environment(engine, connectors), microflows=limits or Limits())
    return execute_once(FLOW, env, key) if key else execute(FLOW, env)


def pays(connectors: Connectors, act: Callable[[], object], value: str = "7") -> None:
    """Something happens while it pays; what it answers."""

    def pay() -> dict[str, Any]:
        act()
        return {"processVariables": [{"name": "answer", "data": {"encoding": "json", "value": value}}]}

    connectors.answers["pay"] = pay


class _BusyAfter:
    """A store that is busy once something was asked of it."""

    def __init__(self, store: Store, name: str, busied: "Busied") -> None:
        self._store, self._name, self._busied = store, name, busied

    def __getattr__(self, name: str) -> Any:
        def ask(*given: Any) -> Any:
            found = getattr(self._store, name)(*given)
            if name == self._name:
                self._busied.reads = 1000
            return found

        return ask


class Busied(Recording):
    """A store that refuses reads, or writes of many, so many times.

    Attributes:
        reads: How many reads are refused.
        writes: How many times to write many.
        answers: How many answers under a key are taken before each is too large; None: all.
    """

    reads = writes = 0
    answers: int | None = None

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        self.reads -= 1
        if self.reads >= 0:
            raise Throttled("no read for the moment")
        return super().get(keys)

    def commit(self, writes: Sequence[Write]) -> None:
        if self.answers is not None:
            self.answers -= 1
            if self.answers == -1:
                raise BodyTooLarge("a body is too large")
        super().commit(writes)

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        self.writes -= 1
        if self.writes >= 0:
            raise Throttled("no write for the moment")
        return super().commit_each(groups)


@pytest.fixture
def busied(engine: Engine, connectors: Connectors) -> Busied:
    engine.items = found = Busied(engine.items)
    return found


def test_a_store_that_is_busy_for_a_moment_lets_nothing_be_done_twice(
    engine: Engine, connectors: Connectors, busied: Busied
) -> None:
    pays(connectors, lambda: setattr(busied, "reads", ATTEMPTS))

    found = act(engine, connectors)

    assert (found["exception"], found["objects"]) == ("", {"answer": 7})
    assert busied.reads < 0
    assert len(connectors.done) == 1


def test_a_store_that_stays_busy_fails_it_and_asks_nobody_to_send_it_again(
    engine: Engine, connectors: Connectors, busied: Busied
) -> None:
    pays(connectors, lambda: setattr(busied, "reads", 1000))

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


# Under an idempotency key


@pytest.mark.every_store
def test_under_a_key_it_runs_once_and_answers_the_same(engine: Engine, connectors: Connectors) -> None:
    first = act(engine, connectors, key="k")

    assert act(engine, connectors, key="k") == first
    assert first["objects"] == {"answer": 7}
    assert len(connectors.done) == 1


def test_a_twin_at_the_same_time_is_refused_and_does_nothing(engine: Engine, connectors: Connectors) -> None:
    def twin() -> None:
        with pytest.raises(Conflict, match="under idempotency key k is under way"):
            act(engine, connectors, key="k")

    pays(connectors, twin)

    assert act(engine, connectors, key="k")["objects"] == {"answer": 7}
    assert len(connectors.done) == 1


def test_what_broke_off_is_taken_over_once_its_time_is_over(engine: Engine, connectors: Connectors) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    pays(connectors, crash)
    with pytest.raises(KeyboardInterrupt):
        act(engine, connectors, key="k")
    pays(connectors, lambda: None)

    engine.clock.advance("PT89S")
    with pytest.raises(Conflict, match="is under way"):
        act(engine, connectors, key="k")
    engine.clock.advance("PT1S")

    assert act(engine, connectors, key="k")["objects"] == {"answer": 7}


def test_who_is_overtaken_does_not_write_over_the_answer_of_the_other(
    engine: Engine, connectors: Connectors
) -> None:
    answers: list[Any] = []

    def sleep() -> None:
        engine.clock.advance("PT2M")
        pays(connectors, lambda: None, "8")
        answers.append(act(engine, connectors, key="k"))

    pays(connectors, sleep)
    act(engine, connectors, key="k")

    assert act(engine, connectors, key="k") == answers[0]
    assert len(connectors.done) == 2


def test_what_could_not_begin_leaves_its_key_free(
    engine: Engine, connectors: Connectors, busied: Busied
) -> None:
    busied.reads = 0
    env = environment(engine, connectors)
    claimed = replace(env, store=_BusyAfter(env.store, "answer", busied))  # type: ignore[arg-type]
    with pytest.raises(Busy):
        execute_once(FLOW, claimed, "k")
    busied.reads = 0

    assert act(engine, connectors, key="k")["objects"] == {"answer": 7}


@pytest.mark.parametrize("value", [str(2**70), '"\\ud800"'])
def test_an_answer_of_odd_values_is_kept(engine: Engine, connectors: Connectors, value: str) -> None:
    pays(connectors, lambda: None, value)

    first = act(engine, connectors, key="k")

    assert first["objects"] == {"answer": json.loads(value)}
    assert act(engine, connectors, key="k") == first
    assert len(connectors.done) == 1


def test_an_answer_that_cannot_be_kept_is_given_and_nothing_done_again(
    engine: Engine, connectors: Connectors, busied: Busied
) -> None:
    busied.answers = 1

    assert act(engine, connectors, key="k")["objects"] == {"answer": 7}
    engine.clock.advance("PT1H")
    with pytest.raises(Conflict, match="is under way"):
        act(engine, connectors, key="k")

    assert len(connectors.done) == 1


def test_a_trace_of_many_process_instances_is_written_under_a_key(
    engine: Engine, connectors: Connectors
) -> None:
    content = script("more", "=n + 1", "n") + '<exclusiveGateway id="x"/>' + called("call", "inner") + SAYS
    xml = drawn(
        "outer",
        content,
        "start -> more",
        "more -> call",
        "call -> x",
        "x -> more: =n < 100",
        "x -> end: =n >= 100",
    )
    engine.deploy_xml(xml, version="2")
    flow = RunMicroflow.model_validate({**FLOW.model_dump(by_alias=True), "object": {"n": 0}})
    env = replace(environment(engine, connectors), microflows=Limits(is_traced=True))

    found = execute_once(flow, env, "k")

    assert found["exception"] == ""
    assert len(engine.instances()) == 101
    assert execute_once(flow, env, "k") == found

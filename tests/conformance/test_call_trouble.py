"""The store fails while several process instances are written: all of it happens, or nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.engine.errors import Conflict
from chalicelib.service.retry import Busy
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.levels import LEVELS, bottom, top
from tests.play import WORKER, Engine, Order
from tests.recording import Failing, Forgetful, Losing

MOST_COMMITS = 5
"""How many a command and what follows from it need."""


def complete(order: Order, element_id: str, **completion: Any) -> Command:
    job = order.lock_job(element_id)
    return c.CompleteJob(
        partition=order.partition, id=job["id"], workerId=WORKER, completion=completion or None
    )


def call(engine: Engine) -> Command:
    return complete(top(engine), "callMiddle")


def call_of_a_suspended_parent(engine: Engine) -> Command:
    order = top(engine)
    engine.send(c.SuspendProcessInstance(partition=order.partition, id=order.id, workerId=WORKER))
    return complete(order, "callMiddle")


def come_back(engine: Engine) -> Command:
    order = bottom(engine)
    order.complete_job("work")
    return complete(order, "which", exclusiveGatewayDecision="bottomEnd")


def come_back_while_others_wait(engine: Engine) -> Command:
    command = come_back(engine)
    process = engine.deploy(LEVELS, "bottomTest", parallelism=1)
    assert engine.start(process).state()["state"] == "QUEUED"
    return command


def error_of_a_job(engine: Engine) -> Command:
    return complete(bottom(engine), "work", errorCode="E")


def error_of_an_end_event(engine: Engine) -> Command:
    order = bottom(engine)
    order.complete_job("work")
    return complete(order, "which", exclusiveGatewayDecision="failed")


def escalation(engine: Engine) -> Command:
    order = bottom(engine)
    order.complete_job("work")
    return complete(order, "which", exclusiveGatewayDecision="told")


def interruption(engine: Engine) -> Command:
    engine.deploy("call-activity/call.bpmn", "called")
    order = engine.start(engine.deploy("call-activity/interrupted.bpmn"))
    order.complete_job("callActivity")
    return c.SendSignal(name="stop", workerId=WORKER)


def signal(engine: Engine) -> Command:
    for process_id in ("startedTest", "waitingTest"):
        process = engine.deploy("throw/signal.bpmn", process_id)
    engine.start(process)
    return complete(engine.start(engine.deploy("throw/signal.bpmn", "signalTest")), "a")


SCENARIOS: tuple[Callable[[Engine], Command], ...] = (
    call,
    call_of_a_suspended_parent,
    come_back,
    come_back_while_others_wait,
    error_of_a_job,
    error_of_an_end_event,
    escalation,
    interruption,
    signal,
)

Shape = Counter[tuple[Any, ...]]


def shape(engine: Engine) -> Shape:
    """What there is, without ids: those are given away also to what then fails."""
    engine.env = engine.environment()
    seen: Shape = Counter()
    for instance in engine.send(c.QueryProcessInstances())["results"]:
        seen["instance", instance["bpmnProcessId"], instance["state"], instance.get("parentId", 0) > 0] += 1
    for token in engine.send(c.QueryElementInstances())["results"]:
        seen["token", token["bpmnElementId"], token["state"]] += 1
    for job in engine.send(c.QueryJobs())["results"]:
        seen["job", job["bpmnElementId"], job["type"], job["state"]] += 1
    for task in engine.send(c.QueryTasks())["results"]:
        seen["task", task.get("bpmnElementId"), task["type"], task["state"]] += 1
    for subscription in engine.send(c.QuerySignalSubscriptions())["results"]:
        seen["subscription", subscription["bpmnElementId"]] += 1
    return seen


def drain(engine: Engine) -> None:
    """Run due tasks, as the executor does."""
    while engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        pass


def undisturbed(engine: Engine, scenario: Callable[[Engine], Command]) -> tuple[Shape, Shape]:
    """What there is right after a command, and once all that is due has run."""
    other = Engine(MemoryItems(), Settings(task_mode=engine.settings.task_mode, set_time=True))
    other.send(scenario(other))
    at_once = shape(other)
    drain(other)
    return at_once, shape(other)


def wrap(engine: Engine, store: type) -> Any:
    engine.items = store(engine.items)
    engine.env = engine.environment()
    return engine.items


@pytest.fixture(params=SCENARIOS, ids=lambda scenario: scenario.__name__)
def scenario(request: pytest.FixtureRequest) -> Iterator[Callable[[Engine], Command]]:
    yield request.param


@pytest.mark.parametrize("passes", range(MOST_COMMITS))
def test_command_that_breaks_off_has_done_nothing_or_all(
    engine: Engine, scenario: Callable[[Engine], Command], passes: int
) -> None:
    _, at_last = undisturbed(engine, scenario)
    failing = wrap(engine, Failing)
    command = scenario(engine)
    before = shape(engine)

    failing.passes = passes
    is_through = True
    try:
        engine.send(command)
    except ConnectionError:
        is_through = False
    engine.send(c.ExecuteTasks(limit=100))
    failing.passes = None

    if not is_through:
        assert shape(engine) == before
        engine.send(command)
    drain(engine)
    assert shape(engine) == at_last
    assert is_through or passes == 0, "all that belongs together is one transaction"


@pytest.mark.every_store
@pytest.mark.parametrize("begin", [call, come_back_while_others_wait, error_of_an_end_event])
def test_command_that_breaks_off_on_any_store_has_done_nothing(
    engine: Engine, begin: Callable[[Engine], Command]
) -> None:
    failing = wrap(engine, Failing)
    command = begin(engine)
    before = shape(engine)
    failing.passes = 0

    with pytest.raises(ConnectionError):
        engine.send(command)

    failing.passes = None
    assert shape(engine) == before
    engine.send(command)
    drain(engine)
    assert shape(engine) == undisturbed(engine, begin)[1]


def test_command_that_was_overtaken_thinks_again(
    engine: Engine, scenario: Callable[[Engine], Command]
) -> None:
    """Whoever it is that was written in between."""
    at_once, at_last = undisturbed(engine, scenario)
    recording = engine.record()
    command = scenario(engine)
    instances = engine.send(c.QueryProcessInstances())["results"]

    def overtake() -> None:
        for instance in instances:
            if "endedAt" not in instance:
                put(engine, instance)

    recording.before_commit = overtake
    engine.send(command)

    assert shape(engine) == at_once
    drain(engine)
    assert shape(engine) == at_last


def test_command_that_never_gets_through_has_done_nothing(
    engine: Engine, scenario: Callable[[Engine], Command]
) -> None:
    command = scenario(engine)
    before = shape(engine)
    items = engine.items
    wrap(engine, Losing)

    with pytest.raises(Busy):
        engine.send(command)

    engine.items = items
    assert shape(engine) == before


def test_answer_of_the_store_that_was_lost_is_found_out(
    engine: Engine, scenario: Callable[[Engine], Command]
) -> None:
    """The write was made although the store says no: it is not made twice."""
    _, at_last = undisturbed(engine, scenario)
    forgetful = wrap(engine, Forgetful)
    command = scenario(engine)
    forgetful.meanwhile = lambda: None

    try:
        engine.send(command)
    except Conflict as conflict:
        assert "is completed" in str(conflict)

    drain(engine)
    assert shape(engine) == at_last


def put(engine: Engine, instance: dict[str, Any]) -> None:
    variable = {"name": "at", "data": {"encoding": "text", "value": "1"}}
    engine.send(
        c.SetProcessVariables(
            partition=instance["partition"], id=instance["id"], variables=[variable], workerId=WORKER
        )
    )

"""What happens in many process instances at once happens once in each, whatever breaks off on the way."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.models import calls
from tests.play import MODELS, WORKER, Engine, Order
from tests.recording import Failing

MANY = 130
"""More than one transaction and more than one task tells."""


def start_many(engine: Engine, count: int = MANY) -> list[Order]:
    process = engine.deploy("event/price-change.bpmn")
    return [engine.start(process) for _ in range(count)]


def send(engine: Engine, **fields: Any) -> dict[str, Any]:
    return engine.send(c.SendSignal(name="prices changed", workerId=WORKER, **fields))


def execute_all(engine: Engine) -> None:
    while engine.send(c.ExecuteTasks(limit=100))["completed"]:
        pass


def calculations(engine: Engine) -> list[int]:
    """Process instances with a job, one entry per job."""
    jobs = engine.send(c.QueryJobs(limit=100_000))["results"]
    return sorted(job["processInstanceId"] for job in jobs)


def ids(orders: list[Order]) -> list[int]:
    return sorted(order.id for order in orders)


def test_each_of_many_subscribers_is_told_once(engine: Engine) -> None:
    orders = start_many(engine)

    answer = send(engine, variables=[{"name": "price", "data": {"encoding": "json", "value": "7"}}])

    assert answer["subscriberCount"] == MANY
    execute_all(engine)
    assert calculations(engine) == ids(orders)
    assert orders[-1].variables() == {"price": "7"}
    assert send(engine)["subscriberCount"] == 0


def test_second_signal_counts_nobody_although_the_first_is_on_its_way(engine: Engine) -> None:
    orders = start_many(engine)
    failing = Failing(engine.items)
    engine.items = failing
    engine.env = replace(engine.environment(), pauses=lambda: iter(()))
    failing.passes = 3
    with suppress(ConnectionError):
        send(engine)
    failing.passes = None

    assert send(engine)["subscriberCount"] == 0
    execute_all(engine)

    assert calculations(engine) == ids(orders)


@pytest.mark.parametrize("passed", [0, 1, 2, 30, 51, 52, 53, 100, 140])
def test_signal_that_broke_off_is_finished_by_the_executor(engine: Engine, passed: int) -> None:
    orders = start_many(engine)
    failing = Failing(engine.items)
    engine.items = failing
    engine.env = replace(engine.environment(), pauses=lambda: iter(()))
    failing.passes = passed
    with suppress(ConnectionError):
        send(engine)
    failing.passes = None
    engine.env = engine.environment()

    execute_all(engine)

    assert calculations(engine) == ([] if passed == 0 else ids(orders))
    assert {len(order.tasks()) for order in orders} == {0 if passed == 0 else 1}


@pytest.mark.parametrize("count", [1, 20, 21])
def test_at_once_or_by_a_task_is_the_same_to_see(engine: Engine, count: int) -> None:
    orders = start_many(engine, count)

    assert send(engine)["subscriberCount"] == count
    execute_all(engine)

    assert calculations(engine) == ids(orders)
    for order in orders:
        assert [(t["bpmnElementId"], t["state"]) for t in order.tasks()] == [("pricesChanged", "DONE")]


@pytest.mark.parametrize("count", [20, 21])
def test_thrown_signal_makes_a_task_for_each_subscriber_at_once(engine: Engine, count: int) -> None:
    orders = start_many(engine, count)

    engine.start(engine.deploy("signal/throw-prices.bpmn"))

    assert {len(order.tasks()) for order in orders} == {1}
    assert {task["state"] for order in orders for task in order.tasks()} == {
        "DONE" if engine.is_eager else "DUE"
    }


STARTS = 150
STARTED = [{"bpmnElementId": "startEvent", "signalName": "prices changed"}]


def deploy_starts(engine: Engine) -> None:
    """Processes that a signal starts, more than a transaction has room for."""
    xml = (MODELS / "signal/start.bpmn").read_text()
    for number in range(STARTS):
        id = f"process{number}"
        engine.deploy_xml(xml.replace("signalStartTest", id), id, signals=STARTED)


def started(engine: Engine) -> list[str]:
    return sorted(order.state()["bpmnProcessId"] for order in engine.instances())


def test_each_of_many_processes_is_started_once(engine: Engine) -> None:
    deploy_starts(engine)

    assert send(engine)["subscriberCount"] == STARTS
    execute_all(engine)

    assert started(engine) == sorted(f"process{number}" for number in range(STARTS))


@pytest.mark.parametrize("passed", [0, 1, 2, 3, 60, 120])
def test_many_starts_that_broke_off_are_finished_by_the_executor(engine: Engine, passed: int) -> None:
    """The first commit lists the date, the second is that of the signal."""
    deploy_starts(engine)
    failing = engine.items = Failing(engine.items)
    engine.env = replace(engine.environment(), pauses=lambda: iter(()))
    failing.passes = passed
    with suppress(ConnectionError):
        send(engine)
    failing.passes = None
    engine.env = engine.environment()

    execute_all(engine)

    assert len(started(engine)) == len(set(started(engine))) == (STARTS if passed > 1 else 0)


@pytest.mark.soak
@pytest.mark.every_store
@pytest.mark.embedded
def test_ten_thousand_subscribers_are_all_reached_although_the_process_is_killed(engine: Engine) -> None:
    orders = start_many(engine, 10_000)
    failing = Failing(engine.items)
    engine.items = failing
    engine.env = replace(engine.environment(), pauses=lambda: iter(()))
    failing.passes = 5_000
    with suppress(ConnectionError):
        assert send(engine)["subscriberCount"] == 10_000
    failing.passes = None
    engine.env = engine.environment()

    execute_all(engine)

    assert calculations(engine) == ids(orders)


@pytest.mark.every_store
def test_every_called_instance_ends_with_its_activity(engine: Engine) -> None:
    end_called(engine, 3)


def test_more_called_instances_than_a_transaction_holds_end_with_their_activity(engine: Engine) -> None:
    end_called(engine, 120)


def end_called(engine: Engine, width: int) -> None:
    engine.deploy("task/service.bpmn")
    order = engine.start(engine.deploy_xml(calls("parent", "serviceTest", width)))
    for number in range(width):
        order.complete_job(f"t{number}")
    engine.clock.advance("PT1H")

    execute_all(engine)

    assert order.has_ended
    children = order.query(c.QueryProcessInstances, parentId=order.id)
    assert [child["state"] for child in children] == ["TERMINATED"] * width

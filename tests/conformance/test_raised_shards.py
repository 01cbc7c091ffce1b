"""What was written with few shards is found, changed and removed with more; so is what is written then."""

import pytest

from chalicelib import wiring
from chalicelib.contract import commands as c
from chalicelib.settings import Settings
from chalicelib.storage.keys import Shards
from tests.play import WORKER, Engine

FEW = Shards(jobs=1, tasks=1, lists=1, signals=2)
MORE = Shards(jobs=3, tasks=5, lists=4, signals=7)
COUNT = 12
LASTS = {"expirationTimer": {"timeDuration": "PT1H"}}
STOP = [{"bpmnElementId": "boundaryEvent", "signalName": "stop"}]


def use(engine: Engine, shards: Shards) -> None:
    """Go on with another number of shards, as a process that begins anew."""
    engine.shards = shards
    engine.env = engine.environment()


@pytest.fixture
def few(engine: Engine) -> Engine:
    use(engine, FEW)
    return engine


def ids(found: list[dict[str, object]]) -> list[object]:
    return [one["id"] for one in found]


@pytest.mark.every_store
def test_jobs_and_lists_of_before_are_found_and_worked_off(few: Engine) -> None:
    process = few.deploy("task/service.bpmn")
    before = [few.start(process) for _ in range(COUNT)]

    use(few, MORE)
    orders = before + [few.start(process) for _ in range(COUNT)]

    expected = [order.id for order in orders]
    assert ids(few.send(c.QueryProcessInstances())["results"]) == expected
    assert ids(few.send(c.QueryProcessInstances(processId=process["id"]))["results"]) == expected
    jobs = few.lock()
    assert sorted(job["processInstanceId"] for job in jobs) == expected
    for job in jobs:
        few.send(c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER))
    few.run_all_due_tasks()
    found = few.send(c.QueryProcessInstances())["results"]
    assert [(one["id"], one["state"]) for one in found] == [(id, "COMPLETED") for id in expected]
    assert few.lock() == []


@pytest.mark.every_store
def test_timers_of_before_fire(few: Engine) -> None:
    timers = [{"bpmnElementId": "catchEvent", "timer": {"timeDuration": "PT1H"}}]
    process = few.deploy("timer/catch.bpmn", timers=timers)
    before = [few.start(process) for _ in range(COUNT)]

    use(few, MORE)
    orders = before + [few.start(process) for _ in range(COUNT)]
    few.after("PT2H")

    assert all(order.has_ended for order in orders)


@pytest.mark.every_store
def test_messages_of_before_are_found_and_purged_with_those_of_now(few: Engine) -> None:
    sent = [few.message("paid", f"order-{number}", **LASTS)["id"] for number in range(COUNT)]

    use(few, MORE)
    sent += [few.message("paid", f"order-{number}", **LASTS)["id"] for number in range(3, 9)]

    assert ids(few.send(c.QueryMessages())["results"]) == sorted(sent)
    few.env.store.purge_messages(lambda expires_at: True, 0, 100)
    assert few.send(c.QueryMessages())["results"] == []


@pytest.mark.every_store
def test_signal_reaches_who_waited_before_and_who_waits_now(few: Engine) -> None:
    process = few.deploy("signal/boundary.bpmn", signals=STOP)
    before = [few.start(process) for _ in range(COUNT)]

    use(few, MORE)
    orders = before + [few.start(process) for _ in range(COUNT)]

    assert few.signal("stop") == 2 * COUNT
    assert [order.states("boundaryEvent") for order in orders] == [["COMPLETED"]] * 2 * COUNT


@pytest.mark.every_store
def test_who_does_not_wait_any_more_is_taken_from_the_slot_of_before(few: Engine) -> None:
    process = few.deploy("signal/boundary.bpmn", signals=STOP)
    before = [few.start(process) for _ in range(COUNT)]

    use(few, MORE)
    for order in before:
        order.complete_job("serviceTask")

    assert all(order.has_ended for order in before)
    assert [slot for slot in few.env.store.signal_slots("stop") if slot.subscribers] == []
    assert few.signal("stop") == 0


def test_setting_counts_before_the_default_of_the_store() -> None:
    def shards(store: str, text: str) -> Shards:
        return wiring.shards(Settings.read({"BPMN_STORE": store, "BPMN_SHARDS": text}))

    assert shards("sqlite", "") == shards("memory", "") == Shards(jobs=1, tasks=1, lists=1, signals=16)
    assert shards("dynamodb", "") == Shards(jobs=16, tasks=4, lists=16, signals=16)
    assert shards("dynamodb", "jobs=32") == Shards(jobs=32, tasks=4, lists=16, signals=16)
    assert shards("sqlite", "lists=2,signals=3") == Shards(lists=2, signals=3)

"""Fed jobs: made for a handler of the engine and announced by a hint, which may be lost, doubled or late.

The row is the truth. What a hint is about is done once however often it comes, and later if it never comes.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.instance import IDS_PER_BLOCK
from chalicelib.service import fed
from chalicelib.service.environment import Hint, Ref
from chalicelib.service.sweeping import sweep
from chalicelib.storage import keys
from chalicelib.storage.ports import Item, Items, Key, Put, Throttled, Write
from tests.conftest import Play
from tests.feeding import Handlers
from tests.play import WORKER, Engine, Order
from tests.recording import Recording

SERVICE = ("serviceTest", "serviceTask")
TEN = [("tenTasksTest", f"serviceTask{number}") for number in range(1, 11)]
TEN_NAMES = [element_id for _, element_id in TEN]
HOSTED = ("timerBoundaryTest", "serviceTask")


class Stubborn(Recording):
    """A store that takes no further write of some items."""

    def __init__(self, items: Items, refused: set[Key]) -> None:
        super().__init__(items)
        self.refused = refused

    def commit(self, writes: Sequence[Write]) -> None:
        if any(isinstance(write, Put) and write.item.key in self.refused for write in writes):
            raise Throttled("not this one")
        super().commit(writes)


def fed_job(order: Order, element_id: str = "serviceTask") -> dict[str, Any]:
    return order.jobs(element_id)[-1]


# The plain way


@pytest.mark.every_store
def test_fed_jobs_are_done_one_after_the_other(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, *TEN)
    order = play("process/ten-tasks.bpmn")
    order.waits_at("serviceTask1")

    handlers.hand_out()

    assert handlers.done == TEN_NAMES
    assert order.has_ended
    assert handlers.hints.sent == 10


def test_a_fed_job_is_locked_from_the_beginning(engine: Engine, play: Play) -> None:
    Handlers(engine, SERVICE)
    order = play("task/service.bpmn")

    assert engine.lock() == []
    job = fed_job(order)
    assert (job["state"], job["lockedBy"], job["lockedAt"]) == ("LOCKED", "@feed", job["createdAt"])


def test_jobs_of_other_elements_wait_for_a_worker(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, TEN[1])
    order = play("process/ten-tasks.bpmn")
    assert handlers.hints.waiting == []

    order.complete_job("serviceTask1")
    handlers.hand_out()

    assert handlers.done == ["serviceTask2"]
    order.waits_at("serviceTask3")
    order.complete_job("serviceTask3")


def test_the_handler_sees_the_job_and_its_variables(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    data = {"encoding": "json", "value": "7"}
    order = play("task/service.bpmn", correlationKey="order 7", variables=[{"name": "amount", "data": data}])
    handlers.hand_out()

    (job,) = handlers.jobs
    assert (job["type"], job["correlationKey"]) == ("EXECUTE", "order 7")
    assert (job["processInstanceId"], job["id"]) == (order.id, order.jobs()[0]["id"])
    assert handlers.variables == [([{"name": "amount", "data": data}], [])]


def test_the_handler_sees_the_variables_of_its_element(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    outer = {"name": "n", "data": {"encoding": "json", "value": "1"}}
    order = play("task/service.bpmn", variables=[outer])
    (token,) = order.element_instances("serviceTask")
    inner = {"name": "n", "data": {"encoding": "json", "value": "2"}}
    engine.send(
        c.SetElementVariables(partition=order.partition, id=token["id"], workerId=WORKER, variables=[inner])
    )

    handlers.hand_out()

    assert handlers.variables == [([outer], [{**inner, "bpmnElementId": "serviceTask"}])]
    assert order.has_ended


# Hints are hints


def test_a_doubled_hint_does_nothing_twice(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, *TEN)
    order = play("process/ten-tasks.bpmn")

    handlers.hand_out(times=2)

    assert handlers.done == TEN_NAMES
    assert order.has_ended


def test_a_lost_hint_is_sent_again(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")
    handlers.lose()

    engine.clock.advance("PT13M")
    handlers.look()
    assert handlers.hints.waiting == [], "its handler may still be at work"
    engine.clock.advance("PT2M")
    handlers.look()
    handlers.hand_out()

    assert handlers.done == ["serviceTask"]
    assert order.has_ended


def test_a_hint_that_was_sent_again_has_as_much_time_again(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    play("task/service.bpmn")
    handlers.lose()
    engine.clock.advance("PT30M")
    handlers.look()
    handlers.lose()

    handlers.look()
    assert handlers.hints.waiting == []
    engine.clock.advance("PT30M")
    handlers.look()

    assert len(handlers.hints.waiting) == 1


@pytest.mark.every_store
def test_with_no_hint_ever_sent_all_jobs_are_done(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, *TEN)
    handlers.hints.is_broken = True
    order = play("process/ten-tasks.bpmn")

    for _ in range(10):
        engine.clock.advance("PT30M")
        handlers.look()

    assert handlers.done == TEN_NAMES
    assert order.has_ended


def test_one_that_cannot_be_done_here_does_not_stop_the_others(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    handlers.hints.is_broken = True
    orders = [play("task/service.bpmn") for _ in range(3)]
    engine.clock.advance("PT30M")
    handlers.answers["serviceTask"] = {"workerId": 7, "completion": "nonsense"}

    handlers.look()

    assert handlers.done == ["serviceTask"] * 3
    assert [len(order.incidents()) for order in orders] == [1, 1, 1]


def test_one_that_cannot_be_read_does_not_stop_the_others(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")
    handlers.lose()
    due = keys.due_attributes(engine.shards, 999, 1, None, 0)
    engine.items.commit([Put(Item(keys.instance("2030-01-01", 999), b"from the future", index=due), 0)])
    engine.clock.advance("PT30M")

    handlers.look()
    handlers.hand_out()

    assert order.has_ended


def test_hundreds_that_cannot_be_done_do_not_stop_the_others(engine: Engine) -> None:
    timer = [{"bpmnElementId": "catchEvent", "timer": {"timeDuration": "PT1H"}}]
    process = engine.deploy("timer/catch.bpmn", timers=timer)
    stubborn = [engine.start(process) for _ in range(120)]
    engine.clock.advance("PT1S")
    order = engine.start(process)
    engine.items = Stubborn(
        engine.items, {keys.instance(each.partition, (each.id - 1) // IDS_PER_BLOCK) for each in stubborn}
    )
    engine.clock.advance("PT1H")

    assert sweep(engine.environment()) == 1
    assert order.has_ended


def test_a_job_without_handler_is_left_to_workers(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")
    handlers.answers["serviceTask"] = None

    handlers.hand_out()

    assert order.complete_job("serviceTask")["state"] == "DONE"
    assert order.has_ended


def test_jobs_are_left_to_workers_once_there_are_no_handlers_any_more(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")
    handlers.lose()
    handlers.register()

    engine.clock.advance("PT30M")
    handlers.look()

    assert order.complete_job("serviceTask")["state"] == "DONE"


def test_unlocked_fed_jobs_are_left_to_workers(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")

    assert engine.send(c.UnlockJobs(workerId="@feed"))["count"] == 1
    handlers.hand_out()

    assert handlers.done == []
    assert order.complete_job("serviceTask")["state"] == "DONE"


def test_a_hint_about_what_is_gone_is_forgotten(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")

    for hint in (
        Hint(Ref(order.partition, 4711), engine.clock.now, 1),
        Hint(Ref(order.partition, 4711), engine.clock.now),
        Hint(Ref(order.partition, order.id // 64), engine.clock.now, 99),
    ):
        fed.work_on(engine.env, hint, handlers.perform)
        fed.bury(engine.env, hint)

    assert handlers.done == []
    order.waits_at("serviceTask")


# Failures


def test_a_failed_job_is_fed_again_when_its_retry_is_due(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    handlers.answers["serviceTask"] = {"error": "no paper", "retryLimit": 1, "retryTimer": "PT10S"}
    order = play("task/service.bpmn")
    handlers.hand_out()
    assert [job["state"] for job in order.jobs()] == ["CAUSED_RETRY", "LOCKED"]

    (early,) = handlers.hints.waiting
    handlers.lose()
    fed.work_on(engine.env, early, handlers.perform)
    assert handlers.hints.waiting == [early], "it came too early, and is sent again"
    handlers.answers.clear()
    engine.clock.advance("PT10S")
    handlers.hand_out()

    assert handlers.done == ["serviceTask"] * 2
    assert order.has_ended


def test_a_retry_far_ahead_is_found_by_the_look_before_it(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    handlers.answers["serviceTask"] = {"error": "closed", "retryLimit": 1, "retryTimer": "PT8H"}
    order = play("task/service.bpmn")
    handlers.hand_out()
    assert handlers.hints.waiting == []
    handlers.answers.clear()

    engine.clock.advance("PT7H59M")
    handlers.look()
    assert len(handlers.hints.waiting) == 1
    engine.clock.advance("PT1M")
    handlers.hand_out()

    assert order.has_ended


def test_a_retry_far_ahead_is_done_although_every_hint_is_lost(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    handlers.answers["serviceTask"] = {"error": "closed", "retryLimit": 1, "retryTimer": "PT8H"}
    order = play("task/service.bpmn")
    handlers.hand_out()
    handlers.hints.is_broken = True
    handlers.answers.clear()

    engine.clock.advance("PT8H")
    handlers.look()

    assert order.has_ended


def test_a_job_that_fails_for_good_waits_for_a_person_and_is_fed_again(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    handlers.answers["serviceTask"] = {"error": "no paper"}
    order = play("task/service.bpmn")
    handlers.hand_out()
    (incident,) = order.incidents()
    handlers.answers.clear()

    engine.send(c.ResolveIncident(partition=order.partition, id=incident["id"], workerId=WORKER))
    handlers.hand_out()

    assert order.has_ended


def test_a_dead_letter_becomes_an_incident(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    order = play("task/service.bpmn")

    (letter,) = handlers.hints.waiting
    fed.bury(engine.env, letter)
    fed.bury(engine.env, letter)

    (incident,) = order.incidents()
    job = fed_job(order)
    assert (incident["jobId"], job["state"]) == (job["id"], "CAUSED_INCIDENT")
    assert (
        job["error"]
        == f"job {order.partition}/{job['id']} was handed out again and again, and never came to its end"
    )


def test_an_answer_that_does_not_fit_is_an_error_of_the_job(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    secret = {"name": "pin", "data": {"encoding": "json", "value": "1", "encrypted": True}}
    handlers.answers["serviceTask"] = {"processVariables": [secret], "retryLimit": 5}
    order = play("task/service.bpmn")

    handlers.hand_out()

    job = fed_job(order)
    assert job["state"] == "CAUSED_INCIDENT"
    assert job["error"] == "variable pin cannot be encrypted: no encryption key is configured"


def test_nobody_is_called_for_an_element_that_has_ended(engine: Engine) -> None:
    handlers = Handlers(engine, HOSTED)
    timer = {"bpmnElementId": "boundaryEvent", "timer": {"timeDuration": "PT1H"}}
    order = engine.start(engine.deploy("timer/boundary.bpmn", timers=[timer]))
    engine.after("PT1H")
    assert order.states("serviceTask") == ["TERMINATED"]

    handlers.hand_out()

    assert handlers.done == []
    assert fed_job(order)["state"] == "CANCELED"


# Timers


def wait(engine: Engine, duration: str) -> Order:
    """A process instance that waits for a timer."""
    process = engine.deploy(
        "timer/catch.bpmn", timers=[{"bpmnElementId": "catchEvent", "timer": {"timeDuration": duration}}]
    )
    return engine.start(process)


def test_a_timer_that_is_due_soon_is_announced_at_once(engine: Engine) -> None:
    handlers = Handlers(engine)
    order = wait(engine, "PT2M")
    (hint,) = handlers.hints.waiting
    assert (hint.due_at - engine.clock.now, hint.job) == (120_000, None)

    engine.clock.advance("PT2M")
    handlers.hand_out(times=2)

    assert order.has_ended
    assert [task["state"] for task in order.tasks()] == ["DONE"]


def test_a_timer_far_ahead_is_announced_by_the_look_before_it(engine: Engine) -> None:
    handlers = Handlers(engine)
    order = wait(engine, "PT1H")
    for _ in range(58):
        engine.clock.advance("PT1M")
        assert handlers.look() == 0
        assert handlers.hints.waiting == []

    engine.clock.advance("PT1M")
    assert handlers.look() == 0
    assert len(handlers.hints.waiting) == 1
    engine.clock.advance("PT1M")
    handlers.hand_out()

    assert order.has_ended


def test_a_timer_fires_late_if_its_hint_is_lost(engine: Engine) -> None:
    handlers = Handlers(engine)
    order = wait(engine, "PT1M")
    handlers.lose()

    engine.clock.advance("PT1M")
    assert handlers.look() == 1

    assert order.has_ended


def test_nothing_is_sent_while_nothing_is_due(engine: Engine, play: Play) -> None:
    handlers = Handlers(engine, SERVICE)
    play("process/ten-tasks.bpmn")
    wait(engine, "PT5H")
    handlers.look()
    record = engine.record()

    for _ in range(60):
        handlers.look()
        engine.clock.advance("PT1M")

    assert handlers.hints.sent == 0
    assert record.written == []
    assert set(record.calls) <= {"get", "query"}

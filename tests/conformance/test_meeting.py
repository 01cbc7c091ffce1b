"""A message, signal or timer and who waits for it never miss each other, wherever the two cross.

Somebody else acts before each single call to the store that a command makes; then each store call fails.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.service.once import execute_once
from chalicelib.service.retry import Busy
from tests.play import WORKER, Engine, Order
from tests.recording import Failing, Interleaved, Losing

KEPT = {"expirationTimer": {"timeDuration": "PT1H"}}
MOST_CALLS = 30

Act = Callable[[], Any]

Scene = Callable[["Crossing"], tuple[Command, Command, Callable[[Any, Any], None]]]
"""Makes ready, and answers the two commands that cross, and how to look at their answers."""


class Crossing:
    """What two clients do, each time with another correlation key and another name of the signal."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine = engine
        self.key = f"order-{number}"
        self.name = f"stop-{number}"

    def waits(self, model: str = "message/catch.bpmn") -> Order:
        """An instance whose event is not defined yet."""
        return self.engine.start(self.engine.deploy(model))

    def once(self, command: Command) -> Act:
        """Sends a command under an idempotency key."""
        return lambda: execute_once(command, self._fresh().env, "k")

    def send(self, command: Command) -> Act:
        """Sends a command."""
        return lambda: self._fresh().send(command)

    def define(self, order: Order) -> Command:
        """Completes the job that asks for what the event waits."""
        job = order.lock_job(next(job["bpmnElementId"] for job in order.jobs()))
        completion = {"messageName": "paid", "messageCorrelationKey": self.key, "signalName": self.name}
        return self.complete(order, job, completion)

    def complete(
        self, order: Order, job: dict[str, Any], completion: dict[str, Any] | None = None
    ) -> Command:
        """Completes a job."""
        return c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER, completion=completion)

    def message(self, **fields: Any) -> Command:
        """Sends the message."""
        return c.SendMessage(name="paid", correlationKey=self.key, workerId=WORKER, **fields)

    def signal(self) -> Command:
        """Sends the signal."""
        return c.SendSignal(name=self.name, workerId=WORKER)

    def messages(self) -> list[dict[str, Any]]:
        self.engine.let_arrive()
        found = self._fresh().send(c.QueryMessages())["results"]
        return [message for message in found if message["correlationKey"] == self.key]

    def subscriptions(self) -> int:
        self.engine.let_arrive()
        found = self._fresh().send(c.QueryMessageSubscriptions())["results"]
        return sum(found["correlationKey"] == self.key for found in found)

    def _fresh(self) -> Engine:
        self.engine.env = self.engine.environment()
        return self.engine


def cross(engine: Engine, scene: Scene) -> None:
    """Let the second act before each call of the first to the store, and look at what came of it."""
    items = Interleaved(engine.items)
    engine.items = items
    engine.env = engine.environment()
    for calls in range(MOST_CALLS):
        at = Crossing(engine, calls)
        one, other, check = scene(at)
        first, second = at.send(one), at.send(other)
        answers: list[Any] = []

        def act(second: Act = second, answers: list[Any] = answers) -> None:
            # The first has read with its own environment, and goes on with it.
            mine = engine.env
            answers.append(second())
            engine.env = mine

        items.act, items.passes = act, calls
        answer = first()
        was_between, items.passes = items.passes is None, None
        if not was_between:
            assert calls > 2, "nobody came in between"
            return
        check(answer, *answers)
    raise AssertionError(f"more than {MOST_CALLS} calls to the store")


@pytest.mark.every_store
@pytest.mark.parametrize("is_message_first", [True, False])
@pytest.mark.parametrize("model", ["message/catch.bpmn", "message/boundary.bpmn"])
def test_message_and_subscription_meet(engine: Engine, model: str, *, is_message_first: bool) -> None:
    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        order = at.waits(model)
        acts = [at.message(**KEPT), at.define(order)]

        def check(*_: Any) -> None:
            assert [m["correlated"] for m in at.messages()] == [True]
            assert order.has_ended
            assert at.subscriptions() == 0

        first, second = acts if is_message_first else reversed(acts)
        return first, second, check

    cross(engine, scene)


def test_two_messages_for_one_subscriber(engine: Engine) -> None:
    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        order = at.waits()
        at.send(at.define(order))()

        def check(*_: Any) -> None:
            assert sorted(m["correlated"] for m in at.messages()) == [False, True]
            assert order.has_ended

        return at.message(**KEPT), at.message(**KEPT), check

    cross(engine, scene)


def test_two_subscribers_for_one_message_of_the_buffer(engine: Engine) -> None:
    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        at.send(at.message(**KEPT))()
        orders = [at.waits(), at.waits()]

        def check(*_: Any) -> None:
            assert [m["correlated"] for m in at.messages()] == [True]
            assert sorted(order.has_ended for order in orders) == [False, True]
            assert at.subscriptions() == 1
            at.send(at.message())()
            at.engine.let_arrive()
            assert all(order.has_ended for order in orders)

        return at.define(orders[0]), at.define(orders[1]), check

    cross(engine, scene)


def test_two_messages_of_one_unique_key_start_one_instance(engine: Engine) -> None:
    engine.deploy("message/start.bpmn", messages=[{"bpmnElementId": "startEvent", "messageName": "paid"}])

    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        def check(one: Any, other: Any) -> None:
            assert one["id"] == other["id"]
            assert len(at.messages()) == 1
            found = engine.send(c.QueryProcessInstances())["results"]
            assert len([i for i in found if i["correlationKey"] == at.key]) == 1

        return at.message(uniqueKey="u"), at.message(uniqueKey="u"), check

    cross(engine, scene)


@pytest.mark.parametrize("is_message_first", [True, False])
def test_message_interrupts_an_activity_or_comes_too_late(engine: Engine, *, is_message_first: bool) -> None:
    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        order = at.waits("message/boundary.bpmn")
        at.send(at.define(order))()
        acts = [at.message(**KEPT), at.complete(order, order.lock_job("serviceTask"))]

        def check(*answers: Any) -> None:
            message, job = answers if is_message_first else reversed(answers)
            (stored,) = at.messages()
            assert order.has_ended
            assert at.subscriptions() == 0
            is_interrupted = order.states("serviceTask") == ["TERMINATED"]
            assert job["state"] == ("CANCELED" if is_interrupted else "DONE")
            assert stored["correlated"] or not is_interrupted
            # In deferred mode the message may be taken, and the activity be completed before its task.
            assert message["correlated"] == stored["correlated"]
            assert stored["correlated"] == is_interrupted or not engine.is_eager
            assert [t["state"] for t in order.tasks()] in ([], ["DONE" if is_interrupted else "CANCELED"])

        first, second = acts if is_message_first else reversed(acts)
        return first, second, check

    cross(engine, scene)


@pytest.mark.every_store
@pytest.mark.parametrize("is_signal_first", [True, False])
def test_signal_counts_exactly_whom_it_reaches(engine: Engine, *, is_signal_first: bool) -> None:
    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        order = at.waits("signal/catch.bpmn")
        acts = [at.signal(), at.define(order)]

        def check(*answers: Any) -> None:
            signal, job = answers if is_signal_first else reversed(answers)
            assert job["state"] == "DONE"
            at.engine.let_arrive()
            count = signal["subscriberCount"]
            assert count == order.has_ended
            again = at.send(at.signal())()["subscriberCount"]
            at.engine.let_arrive()
            assert (again, order.has_ended) == (1 - count, True)

        first, second = acts if is_signal_first else reversed(acts)
        return first, second, check

    cross(engine, scene)


def test_two_signals_reach_each_subscriber_once(engine: Engine) -> None:
    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        orders = [at.waits("signal/catch.bpmn") for _ in range(3)]
        for order in orders:
            at.send(at.define(order))()

        def check(one: Any, other: Any) -> None:
            at.engine.let_arrive()
            assert {one["subscriberCount"], other["subscriberCount"]} == {0, 3}
            assert all(order.has_ended and len(order.tasks()) == 1 for order in orders)

        return at.signal(), at.signal(), check

    cross(engine, scene)


@pytest.mark.parametrize("is_timer_first", [True, False])
def test_timer_interrupts_an_activity_or_comes_too_late(engine: Engine, *, is_timer_first: bool) -> None:
    timers = [{"bpmnElementId": "boundaryEvent", "timer": {"timeDuration": "PT1H"}}]
    process = engine.deploy("timer/boundary.bpmn", timers=timers)

    def scene(at: Crossing) -> tuple[Command, Command, Callable[[Any, Any], None]]:
        order = engine.start(process)
        job = order.lock_job("serviceTask")
        engine.clock.advance("PT1H")
        tick = c.ExecuteTasks(limit=100, processInstanceId=order.id)
        acts = [tick, at.complete(order, job)]

        def check(*answers: Any) -> None:
            ticked, completed = answers if is_timer_first else reversed(answers)
            (task,) = ticked["completedTasks"]
            states = (order.states("serviceTask"), task["state"], completed["state"])
            assert states in (
                (["TERMINATED"], "DONE", "CANCELED"),
                (["COMPLETED"], "CANCELED", "DONE"),
            )
            assert order.has_ended

        first, second = acts if is_timer_first else reversed(acts)
        return first, second, check

    cross(engine, scene)


@pytest.mark.parametrize("passes", range(3))
@pytest.mark.parametrize("is_message_first", [True, False])
def test_what_broke_off_is_done_by_sending_it_again(
    engine: Engine, passes: int, *, is_message_first: bool
) -> None:
    """An idempotency key keeps a client from sending twice."""
    failing = Failing(engine.items)
    engine.items = failing
    at = Crossing(engine, 1)
    order = at.waits()
    acts = [at.once(at.message(**KEPT)), at.once(at.define(order))]

    for act in acts if is_message_first else reversed(acts):
        failing.passes = passes
        with suppress(ConnectionError):
            act()
        failing.passes = None
        act()

    assert [m["correlated"] for m in at.messages()] == [True]
    assert order.has_ended
    assert len(order.tasks()) == 1


@pytest.mark.every_store
def test_who_is_always_overtaken_leaves_nothing(engine: Engine) -> None:
    at = Crossing(engine, 1)
    order = at.waits()
    define, items = at.send(at.define(order)), engine.items
    at.send(at.message(**KEPT))()
    engine.items = Losing(items)

    for act in (define, at.send(at.message()), at.send(at.message(uniqueKey="u"))):
        with pytest.raises(Busy):
            act()

    engine.items = items
    assert [m["correlated"] for m in at.messages()] == [False]
    assert (at.subscriptions(), order.states("catchEvent")) == (0, ["CREATED"])
    define()
    engine.let_arrive()
    assert order.has_ended

"""Timers fire on the second, each once, also when the executor is killed and started again in between.

Here second by second with a clock that is handed in; on a real server with a real clock in `make soak`
(`tests/local/test_timers.py`).
"""

from chalicelib.bpmn.instants import parse_instant
from chalicelib.contract import commands as c
from tests.feeding import Handlers
from tests.play import WORKER, Engine

TIMERS = 100
SECONDS = 300
"""Over so many seconds they become due."""

KILLED_AT = 130
"""Between two looks; what was announced then is lost."""

STARTED_AT = 131


def test_timers_fire_on_the_second_although_the_executor_is_killed(engine: Engine) -> None:
    executor = Handlers(engine)
    arm_timers(engine)
    looks = {0, 60, 120, STARTED_AT, STARTED_AT + 60, STARTED_AT + 120, STARTED_AT + 180}

    for second in range(STARTED_AT + 181):
        if second in looks:
            executor.look()
        if second == KILLED_AT:
            executor.lose()
        if second not in range(KILLED_AT, STARTED_AT):
            executor.hand_out()
        engine.clock.advance("PT1S")

    tasks = engine.send(c.QueryTasks(type="TRIGGER_EVENT", limit=2 * TIMERS))["results"]
    late = sorted(parse_instant(task["completedAt"]) - parse_instant(task["dueAt"]) for task in tasks)
    assert [task["state"] for task in tasks] == ["DONE"] * TIMERS, "each timer once"
    assert late[0] >= 0, "none too early"
    assert late[TIMERS * 99 // 100] <= 2_000
    assert all(order.has_ended for order in engine.instances())


def arm_timers(engine: Engine) -> None:
    """Process instances that wait for a timer each, one after the other."""
    process = engine.deploy("timer/catch.bpmn")
    for number in range(TIMERS):
        order = engine.start(process)
        timer = {"timeDuration": f"PT{1 + number * SECONDS // TIMERS}S"}
        job = order.lock_job("catchEvent")
        engine.send(
            c.CompleteJob(
                partition=order.partition, id=job["id"], workerId=WORKER, completion={"timer": timer}
            )
        )

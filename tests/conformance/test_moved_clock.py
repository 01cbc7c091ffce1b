"""After the clock was moved, everything that is due comes in its order, as if somebody had looked in time.

In deferred mode a caller decides what runs when: each call takes what is due at its beginning.
"""

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import MODELS, Engine


def execute_all(engine: Engine) -> list[str]:
    """Due times of all tasks that ran, in the order in which they ran."""
    ran: list[str] = []
    while done := engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        ran += [task["dueAt"][11:16] for task in done]
    return ran


@pytest.mark.eager_only
@pytest.mark.every_store
def test_missed_reminders_come_until_the_event_that_ends_them(play: Play, engine: Engine) -> None:
    order = play("event/reminders.bpmn")
    engine.clock.advance("P1D")

    ran = execute_all(engine)

    assert order.has_ended
    reminders = order.element_instances("remind")
    assert [reminder["state"] for reminder in reminders] == ["COMPLETED", "COMPLETED", "TERMINATED"]
    # The third was due after 90 minutes; its task finds that its target has ended.
    assert ran == ["08:30", "09:00", "09:15", "09:30"]
    assert [task["state"] for task in order.tasks()] == ["DONE", "DONE", "DONE", "CANCELED"]


@pytest.mark.eager_only
def test_missed_ticks_of_several_processes_come_in_one_order(engine: Engine) -> None:
    every_hour = (MODELS / "event/every-hour.bpmn").read_text()
    engine.deploy_xml(every_hour)
    engine.deploy_xml(
        every_hour.replace("everyHourTest", "oftenTest").replace("R/PT1H", "R/PT25M"),
    )
    engine.clock.advance("PT2H")

    (answer,) = [engine.send(c.ExecuteTasks(limit=100))]

    due = [task["dueAt"][11:16] for task in answer["completedTasks"]]
    assert due == ["08:25", "08:50", "09:00", "09:15", "09:40", "10:00"]
    assert execute_all(engine) == []


@pytest.mark.eager_only
def test_a_call_runs_as_many_missed_ticks_as_it_is_asked_for(engine: Engine) -> None:
    engine.deploy("event/every-hour.bpmn")
    engine.clock.advance("P1D")

    assert engine.send(c.ExecuteTasks(limit=5))["completed"] == 5

    assert len(engine.send(c.QueryProcessInstances())["results"]) == 5
    assert len(execute_all(engine)) == 19

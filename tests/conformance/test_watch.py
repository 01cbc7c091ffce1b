"""What is counted on a walk: by the facts that are written, in both task modes, each once."""

from collections.abc import Callable

import pytest

from chalicelib.contract import commands as c
from chalicelib.service.execute import execute
from chalicelib.service.once import execute_once
from chalicelib.service.watch import Metric
from tests.conftest import Play
from tests.play import WORKER, Engine
from tests.recording import Failing, Troubled

NOT_FACTS = {Metric.COMMANDS}


def counted(engine: Engine, act: Callable[[], object]) -> dict[str, int]:
    """What has been counted meanwhile, without the number of commands."""
    counts = engine.watch.counts.counted
    before = dict(counts)
    act()
    return {
        metric.value: times - before.get(metric, 0)
        for metric, times in counts.items()
        if times != before.get(metric, 0) and metric not in NOT_FACTS
    }


def test_process_instance_is_counted_from_start_to_end(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn")
    orders = []

    assert counted(engine, lambda: orders.append(engine.start(process))) == {
        "ProcessInstancesStarted": 1,
        "JobsCreated": 1,
    }
    (order,) = orders
    (job,) = order.jobs()
    assert counted(engine, lambda: order.lock_job(job["bpmnElementId"])) == {}
    assert counted(engine, lambda: order.complete_job(job["bpmnElementId"])) == {
        "JobsCompleted": 1,
        "ProcessInstancesEnded": 1,
    }


def test_failed_job_is_retried_then_causes_an_incident_that_is_resolved(engine: Engine, play: Play) -> None:
    order = play("task/service.bpmn")
    (job,) = order.jobs()
    element = job["bpmnElementId"]

    def fail() -> None:
        order.complete_job(element, error="out of ink", retryLimit=1)

    assert counted(engine, fail) == {"JobsFailed": 1, "Retries": 1, "JobsCreated": 1}
    assert counted(engine, fail) == {"JobsFailed": 1, "IncidentsCreated": 1}

    (incident,) = order.incidents()
    resolve = c.ResolveIncident(partition=order.partition, id=incident["id"], workerId=WORKER)
    assert counted(engine, lambda: engine.send(resolve)) == {"IncidentsResolved": 1, "JobsCreated": 1}


def test_timer_that_fires_late_is_measured(engine: Engine, play: Play) -> None:
    order = play("timer/catch.bpmn")
    order.complete_job("catchEvent", completion={"timer": {"timeDuration": "PT1H"}})

    assert counted(engine, lambda: engine.after("PT90M")) == {"TasksRun": 1, "ProcessInstancesEnded": 1}

    assert list(engine.watch.counts.measured[Metric.TASK_LATENESS]) == [30 * 60 * 1000]


def test_queued_instance_is_started_at_its_turn(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn", parallelism=1)
    first = engine.start(process)

    assert counted(engine, lambda: engine.start(process)) == {}

    (job,) = first.jobs()
    ended = counted(engine, lambda: (first.complete_job(job["bpmnElementId"]), engine.let_arrive()))
    assert ended["ProcessInstancesEnded"] == ended["ProcessInstancesStarted"] == 1


def test_task_that_cannot_be_run_is_late_at_each_attempt(engine: Engine, play: Play) -> None:
    order = play("timer/catch.bpmn")
    order.complete_job("catchEvent", completion={"timer": {"timeDuration": "PT1H"}})
    engine.clock.advance("PT1H1S")
    failing = engine.items = Failing(engine.items)
    engine.env = engine.environment()
    failing.passes = 0

    for _ in range(2):
        assert counted(engine, lambda: engine.send(c.ExecuteTasks(limit=1))) == {"TasksFailed": 1}

    assert list(engine.watch.counts.measured[Metric.TASK_LATENESS]) == [1000, 1000]


@pytest.mark.eager_only
def test_command_under_an_idempotency_key_counts_once(engine: Engine) -> None:
    process = engine.deploy("task/service.bpmn")
    start = c.CreateProcessInstance(
        bpmnProcessId=process["bpmnProcessId"], version=process["version"], workerId=WORKER
    )

    def twice() -> None:
        for _ in range(2):
            execute_once(start, engine.env, "key")

    assert counted(engine, twice) == {"ProcessInstancesStarted": 1, "JobsCreated": 1}


def test_overtaken_command_counts_its_conflicts_and_its_facts_once(engine: Engine, play: Play) -> None:
    order = play("task/service.bpmn")
    (job,) = order.jobs()
    order.lock_job(job["bpmnElementId"])
    recording = engine.record()
    recording.before_commit = lambda: engine.send(
        c.SetProcessVariables(
            partition=order.partition,
            id=order.id,
            workerId=WORKER,
            variables={"a": {"encoding": "json", "value": "1"}},
        )
    )
    complete = c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER)

    assert counted(engine, lambda: execute(complete, engine.env)) == {
        "Conflicts": 1,
        "JobsCompleted": 1,
        "ProcessInstancesEnded": 1,
    }


def test_throttled_store_is_counted(engine: Engine, play: Play) -> None:
    order = play("task/service.bpmn")
    troubled = engine.items = Troubled(engine.items)
    engine.env = engine.environment()
    troubled.refuses["get"] = 0

    def read() -> None:
        engine.send(c.GetProcessVariables(partition=order.partition, id=order.id))

    assert counted(engine, read) == {"Throttles": 1}

"""What a walk finds, and what it lets pass."""

from chalicelib.contract import commands as c
from tests.play import MODELS
from tests.walks.sides import Send, Step
from tests.walks.test_random_commands import played
from tests.walks.test_random_waits import played as waited

SERVICE = (MODELS / "task/service.bpmn").read_text()


def deploy(version: str, parallelism: int) -> Step:
    fields = {"bpmnProcessId": "serviceTest", "bpmnXml": SERVICE, "workerId": "ann"}
    return Send(c.CreateProcess, {**fields, "version": version, "parallelism": parallelism})


def start() -> Step:
    return Send(c.CreateProcessInstance, {"bpmnProcessId": "serviceTest", "version": "1", "workerId": "ann"})


def test_a_turn_that_is_promised_may_wait_for_its_task() -> None:
    """In deferred mode room is left until somebody executes it."""
    for raised in (2, 0):
        steps = [deploy("1", 1), start(), start(), deploy("2", raised)]

        assert played(steps, ("memory",), "deferred", False) is None


def test_who_queues_up_behind_a_promised_turn_has_one_too() -> None:
    executed = [Send(c.ExecuteTasks, {"limit": 1})] * 2
    steps = [deploy("1", 1), start(), start(), deploy("2", 0), start(), *executed]

    assert played(steps, ("memory",), "deferred", False) is None


def test_an_event_based_gateway_waits_with_as_many_events_as_it_has() -> None:
    """Two of them, and in other models three."""
    xml = (MODELS / "boundary/later.bpmn").read_text()
    id, signal = {"partition": "2030-01-01", "workerId": "ann"}, {"name": "go", "workerId": "ann"}
    steps = [
        Send(
            c.CreateProcess, {"bpmnProcessId": "laterTest", "bpmnXml": xml, "version": "1", "workerId": "ann"}
        ),
        Send(c.CreateProcessInstance, {"bpmnProcessId": "laterTest", "version": "1", "workerId": "ann"}),
    ]
    for job in (1, 2, 3):
        steps.append(Send(c.LockJobs, {"limit": 1, "workerId": "ann"}))
        completion = {"messageName": "paid", "messageCorrelationKey": "order-1"} if job == 2 else {}
        steps.append(Send(c.CompleteJob, {**id, "id": job, "completion": completion}))
    steps += [Send(c.SendSignal, signal), Send(c.ExecuteTasks, {"limit": 1})]

    assert waited(steps, ("memory",), "deferred") is None

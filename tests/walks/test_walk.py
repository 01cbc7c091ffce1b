"""What a walk finds, and what it lets pass."""

from chalicelib.contract import commands as c
from tests.play import MODELS
from tests.walks.sides import Send, Step
from tests.walks.test_random_commands import played

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

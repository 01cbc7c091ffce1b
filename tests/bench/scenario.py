"""What the bench does to an engine: named commands, one after the other, the same in every run.

Clock, ids and randomness are counted, so that every run writes the same items.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.contract import commands as c
from chalicelib.contract import process_runtime as p
from chalicelib.contract.commands import Command
from chalicelib.engine.records import Instant
from chalicelib.service.once import execute_once
from chalicelib.settings import Settings
from chalicelib.storage.ports import Items
from chalicelib.wiring import SHARDS_ON_DYNAMODB
from tests.clock import Clock
from tests.models import call, drawn, event, parallel, sequence
from tests.play import Engine

WORKER = "worker-1"
ADDRESS = {"encoding": "application/json", "value": '{"street": "Main Street 1", "city": "Springfield"}'}

Observe = Callable[[str, Callable[[], Any]], Any]
"""Told the kind of a command and how to carry it out; answers what that answers."""


class TickingClock(Clock):
    """Goes on a little whenever somebody looks: 20 ms to 4 s, as between the steps of real work."""

    def __init__(self) -> None:
        super().__init__()
        self._random = random.Random(7)

    def __call__(self) -> Instant:
        self.now = Instant(self.now + self._random.randint(20, 4000))
        return self.now


@dataclass
class Walk:
    """An engine, and whoever watches what each command costs."""

    engine: Engine
    observe: Observe
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def send(self, kind: str, command: Command) -> Any:
        """Carry out a command under the eyes of the observer."""
        return self.observe(kind, lambda: self.engine.send(command))

    def deploy(self, name: str, xml: str) -> None:
        """Deploy a model under its name."""
        command = c.CreateProcess(bpmnProcessId=name, bpmnXml=xml, version="1", workerId=WORKER)
        self.processes[name] = self.send("deploy a process", command)

    def start(self, name: str, kind: str = "start, first job created", **fields: Any) -> dict[str, Any]:
        """Start an instance."""
        return self.send(
            kind, c.CreateProcessInstance(bpmnProcessId=name, version="1", workerId=WORKER, **fields)
        )

    def lock(self, name: str, limit: int = 1, kind: str = "lock one job") -> list[dict[str, Any]]:
        """Lock jobs of a process."""
        process_ids = [self.processes[name]["id"]]
        return self.send(kind, c.LockJobs(processIds=process_ids, limit=limit, workerId=WORKER))["jobs"]

    def complete(self, job: dict[str, Any], kind: str, **fields: Any) -> None:
        """Complete a job, or report that its work failed."""
        self.send(kind, c.CompleteJob(partition=job["partition"], id=job["id"], workerId=WORKER, **fields))

    def work_off(self, name: str, jobs: int, **fields: Any) -> None:
        """Lock and complete the jobs of one instance, one by one."""
        for left in reversed(range(jobs)):
            (job,) = self.lock(name)
            self.complete(job, "complete, next job created" if left else "complete, instance ends", **fields)

    def work_off_at_once(self, name: str, jobs: int) -> None:
        """Lock all jobs of one instance, then complete one after the other."""
        locked = self.lock(name, limit=jobs, kind=f"lock {jobs} jobs of one instance")
        assert len(locked) == jobs
        for left, job in zip(reversed(range(jobs)), locked, strict=True):
            self.complete(job, "complete, others open" if left else "complete, instance ends")


def new_engine(items: Items) -> Engine:
    """An engine that behaves the same in every run; its clock cannot be moved, so it is not looked up."""
    return Engine(items, Settings(), TickingClock(), SHARDS_ON_DYNAMODB, random.Random(5).randbytes)


MODELS = {
    "one": sequence("one", 1),
    "two": sequence("two", 2),
    "ten": sequence("ten", 10),
    "hundred": sequence("hundred", 100),
    "parallel": parallel("parallel", 10),
    "message": event(
        "message", '<messageEventDefinition messageRef="m"/>', '<message id="m" name="payment received"/>'
    ),
    "timer": event("timer", "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"),
    "signal": event(
        "signal", '<signalEventDefinition signalRef="s"/>', '<signal id="s" name="prices changed"/>'
    ),
    "call": call("call", "one"),
}

TASKS = ("one", "two", "ten", "hundred", "parallel")
"""Models whose instances are worked off by jobs alone."""


def prepare(walk: Walk) -> None:
    """Deploy everything and run each twice, so that processes are known and many ids are leased."""
    for name, xml in MODELS.items():
        walk.deploy(name, xml)
    walk.start("one", "start, first of a date in a process")
    walk.work_off("one", 1)
    for name in TASKS:
        for _ in range(2):
            walk.start(name)
    for name, jobs in (("one", 1), ("two", 2), ("ten", 10), ("hundred", 100), ("parallel", 10)):
        for _ in range(2 * jobs):
            (job,) = walk.lock(name)
            walk.complete(job, "preparation")
    _lease_ids(walk)


def _lease_ids(walk: Walk) -> None:
    """So many messages and subscriptions that their ids are leased in large numbers."""
    for _ in range(10):
        walk.start("signal", "preparation")
        message = c.SendMessage(name="warm-up", correlationKey="1", workerId=WORKER)
        walk.send("preparation", message)
    walk.send("preparation", c.SendSignal(name="prices changed", workerId=WORKER))


def instances(walk: Walk) -> Iterator[tuple[str, Callable[[], None]]]:
    """Instances from start to end, by what they are called in the report."""

    def run(name: str, jobs: int, **fields: Any) -> None:
        walk.start(name)
        walk.work_off(name, jobs, **fields)

    def run_parallel() -> None:
        walk.start("parallel")
        walk.work_off("parallel", 10)

    def run_parallel_at_once() -> None:
        walk.start("parallel")
        walk.work_off_at_once("parallel", 10)

    def run_message(key: str) -> None:
        walk.start("message", "start, a message event")
        (job,) = walk.lock("message")
        completion = {"messageCorrelationKey": key}
        walk.complete(job, "complete, subscribe to a message", completion=completion)
        message = c.SendMessage(name="payment received", correlationKey=key, workerId=WORKER)
        assert walk.send("correlate a message", message)["correlated"]
        walk.work_off("message", 1)

    def run_timer() -> None:
        walk.start("timer", "start, a timer event")
        walk.engine.clock.advance("PT2H")
        assert walk.send("fire a timer", c.ExecuteTasks(limit=1))["completed"] == 1
        walk.work_off("timer", 1)

    def run_call() -> None:
        walk.start("call")
        (job,) = walk.lock("call")
        walk.complete(job, "complete, call a process")
        (job,) = walk.lock("one")
        walk.complete(job, "complete, called process ends")
        walk.work_off("call", 1)

    yield "one task", lambda: run("one", 1)
    yield "two tasks", lambda: run("two", 2)
    yield "ten tasks", lambda: run("ten", 10)
    yield "ten tasks, each sets a variable", lambda: run("ten", 10, processVariables={"address": ADDRESS})
    yield "ten parallel tasks, jobs locked one by one", run_parallel
    yield "ten parallel tasks, jobs locked at once", run_parallel_at_once
    yield "a hundred tasks", lambda: run("hundred", 100)
    yield "a message, a task", lambda: run_message("order-1")
    yield "a timer, a task", run_timer
    yield "a call of one task", run_call


def other_commands(walk: Walk) -> None:
    """What does not happen in every instance."""
    instance = walk.start("two", variables={"address": ADDRESS}, kind="start, with a variable")
    place = {"partition": instance["partition"], "id": instance["id"]}
    walk.send("set three variables", c.SetProcessVariables(**place, workerId=WORKER, variables=_three()))
    walk.send("get variables", c.GetProcessVariables(**place))
    (job,) = walk.lock("two")
    walk.complete(job, "fail a job, to be tried again", error="no stock", retryLimit=1)
    (job,) = walk.lock("two")
    walk.complete(job, "fail a job, incident created", error="no stock")
    of_instance = {"partition": instance["partition"], "processInstanceId": instance["id"]}
    (incident,) = walk.send("query incidents of an instance", c.QueryIncidents(**of_instance))["results"]
    walk.send(
        "resolve an incident",
        c.ResolveIncident(partition=incident["partition"], id=incident["id"], workerId=WORKER),
    )
    (job,) = walk.lock("two")
    walk.send("unlock a job by id", c.UnlockJobs(partition=job["partition"], id=job["id"], workerId=WORKER))
    walk.work_off("two", 2)
    walk.send("query an instance by id", c.QueryProcessInstances(**place))
    walk.send("query jobs of an instance", c.QueryJobs(**of_instance))
    walk.lock("two", kind="lock, nothing due")
    walk.send("execute due tasks, none due", c.ExecuteTasks(limit=100))
    for _ in range(10):
        walk.start("one")
    jobs = walk.lock("one", limit=10, kind="lock ten jobs of ten instances")
    assert len(jobs) == 10
    for job in jobs:
        walk.complete(job, "complete, instance ends")
    for _ in range(150):
        walk.start("two")
    walk.lock("two", kind="lock one job, 150 instances due")
    start = c.CreateProcessInstance(bpmnProcessId="one", version="1", workerId=WORKER)
    for kind in ("start, under an idempotency key", "the same again"):
        walk.observe(kind, lambda: execute_once(start, walk.engine.env, "order-7"))
    message = {"name": "paid", "workerId": WORKER, "expirationTimer": {"timeDuration": "P1D"}}
    walk.send("send a message, buffered", c.SendMessage(correlationKey="order-7", **message))
    signals(walk)
    people(walk)


def people(walk: Walk) -> None:
    """Tasks of people: of a lane's work party, and of two users by turns."""
    lane = '<laneSet id="lanes"><lane id="lane" name="Desk"><flowNodeRef>ask</flowNodeRef></lane></laneSet>'
    xml = drawn("people", f'{lane}<userTask id="ask"/>', "start -> ask", "ask -> end")
    walk.deploy("people", xml)
    start = p.StartProcess(processName="people", caller="ann")
    walk.send("start by name, the first time", start)
    instance = walk.send("start by name, a task of a group", start)["data"]
    (task,) = walk.send("list the tasks of an instance", p.GetInstanceTasks(instanceId=instance))["data"]
    this = {"taskId": task["id"]}
    walk.send("list of a group, two tasks", p.ListTasks(group=("Desk",)))
    walk.send("assign a task to two users", p.AssignTask(**this, user=("ann", "bob")))
    walk.send("list of a user, one task", p.ListTasks(user=("ann",)))
    walk.send("claim a task", p.ClaimTask(**this, user=("ann",)))
    walk.send("unclaim a task", p.UnclaimTask(**this, user=("ann",)))
    walk.send("business objects of a task", p.GetTaskVariables(**this))
    walk.send("complete a task of one group and two users", p.CompleteTask(**this, user=("ann",)))
    walk.send("list of a user, nothing", p.ListTasks(user=("ann",)))


def signals(walk: Walk) -> None:
    """A signal that ten process instances wait for."""
    send = c.SendSignal(name="prices changed", workerId=WORKER)
    walk.send("send a signal, nobody waits", send)
    for _ in range(10):
        walk.start("signal", "start, a signal event")
    assert walk.send("send a signal, ten wait", send)["subscriberCount"] == 10


def _three() -> dict[str, Any]:
    number = {"encoding": "application/json", "value": "42.50"}
    return {"address": ADDRESS, "price": number, "discount": number}

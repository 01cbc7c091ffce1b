"""The driver that walks a diagram.

`Engine` sends commands the way a client does, without HTTP. `Order` follows one process instance: it
completes jobs by element id and looks at element instances. In deferred mode it runs due tasks after each
step. Before each look and each step the store is opened anew: what is not stored does not exist.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

from chalicelib import wiring
from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.service.environment import Environment, Feed
from chalicelib.service.execute import execute
from chalicelib.settings import Settings
from chalicelib.storage.keys import Shards
from chalicelib.storage.ports import Items
from chalicelib.storage.store import ItemStore
from chalicelib.watching import Watching
from tests.clock import Clock
from tests.recording import Recording

MODELS = Path(__file__).parent / "bpmn"
WORKER = "worker"
ENGINE = "default-engine"
ATTEMPTS = 3
"""How often a command that was overtaken is tried again."""


def counted_bytes() -> Callable[[int], bytes]:
    """A source of randomness that counts."""
    count = 0

    def next_bytes(length: int) -> bytes:
        nonlocal count
        count += 1
        return count.to_bytes(length, "big")

    return next_bytes


@dataclass
class Engine:
    """An engine on some store, with a clock that stands still."""

    items: Items
    settings: Settings = field(default_factory=lambda: Settings(set_time=True))
    clock: Clock = field(default_factory=Clock)
    shards: Shards = field(default_factory=Shards)
    random_bytes: Callable[[int], bytes] = field(default_factory=counted_bytes)
    feed: Feed | None = None
    fed: frozenset[tuple[str, str] | str] = frozenset()

    def __post_init__(self) -> None:
        self.watch = Watching()
        self.env = self.environment()

    @property
    def is_eager(self) -> bool:
        return self.settings.task_mode == "eager"

    def environment(self) -> Environment:
        """A fresh environment, as another process would have: nothing is cached."""
        # What is remembered for seconds is remembered for ever: how fast the machine is makes no difference.
        store = ItemStore(self.items, self.shards, self.random_bytes, lambda: 0.0)
        env = wiring.environment(self.settings, store, wall_clock=self.clock, watch=self.watch)
        return replace(
            env,
            feed=self.feed,
            fed=self.fed,
            pauses=lambda: repeat(0.0, ATTEMPTS),
            pause=lambda seconds: None,
        )

    def record(self) -> Recording:
        """Put a recording between the engine and its store."""
        recording = Recording(self.items)
        self.items = recording
        self.env = self.environment()
        return recording

    def send(self, command: Command) -> Any:
        """Carry out a command."""
        return execute(command, self.env)

    def deploy(
        self, model: str, bpmn_process_id: str | None = None, version: str = "1", **fields: Any
    ) -> dict[str, Any]:
        """Deploy a model of `tests/bpmn`; without a process id, the one process of the file."""
        return self.deploy_xml((MODELS / model).read_text(), bpmn_process_id, version, **fields)

    def deploy_xml(
        self, xml: str, bpmn_process_id: str | None = None, version: str = "1", **fields: Any
    ) -> dict[str, Any]:
        """Deploy a model given as text."""
        if bpmn_process_id is None:
            from chalicelib.bpmn import parser

            (process,) = parser.parse(xml.encode())
            bpmn_process_id = process.bpmn_process_id
        return self.send(
            c.CreateProcess(
                bpmnProcessId=bpmn_process_id, bpmnXml=xml, version=version, workerId=WORKER, **fields
            )
        )

    def start(self, process: Mapping[str, Any], **fields: Any) -> "Order":
        """Start an instance of a deployed process."""
        answer = self.send(
            c.CreateProcessInstance(
                bpmnProcessId=process["bpmnProcessId"], version=process["version"], workerId=WORKER, **fields
            )
        )
        order = Order(self, answer["partition"], answer["id"])
        order.run_due_tasks()
        return order

    def message(self, name: str, correlation_key: str, **fields: Any) -> dict[str, Any]:
        """Send a message and let it arrive; the answer is what was said when it was sent."""
        fields = {"name": name, "correlationKey": correlation_key, "workerId": WORKER, **fields}
        answer = self.send(c.SendMessage(**fields))
        self.let_arrive()
        return answer

    def signal(self, name: str, **fields: Any) -> int:
        """Send a signal and let it arrive; answers how many it was for."""
        answer = self.send(c.SendSignal(name=name, workerId=WORKER, **fields))
        self.let_arrive()
        return answer["subscriberCount"]

    def let_arrive(self) -> None:
        """In deferred mode, run what is due; in eager mode it has run."""
        if not self.is_eager:
            self.run_all_due_tasks()

    def after(self, duration: str) -> list[dict[str, Any]]:
        """Let time pass, and the executor run what is due, until nothing is."""
        self.clock.advance(duration)
        done: list[dict[str, Any]] = []
        while tasks := self.send(c.ExecuteTasks(limit=100))["completedTasks"]:
            done += tasks
        return done

    def instances(self) -> list["Order"]:
        """All process instances, oldest first, by an environment that has cached nothing."""
        self.env = self.environment()
        found = self.send(c.QueryProcessInstances())["results"]
        return [Order(self, instance["partition"], instance["id"]) for instance in found]

    def lock(self, **fields: Any) -> list[dict[str, Any]]:
        """Lock jobs."""
        fields = {"limit": 100, "workerId": WORKER, **fields}
        return self.send(c.LockJobs(**fields))["jobs"]

    def run_all_due_tasks(self) -> list[dict[str, Any]]:
        """Run due tasks of any process instance until there are none; in eager mode there must be none."""
        done: list[dict[str, Any]] = []
        while tasks := self.send(c.ExecuteTasks(limit=100))["completedTasks"]:
            done += tasks
        assert not (done and self.is_eager), f"left behind: {done}"
        return done


def as_json(**values: Any) -> list[dict[str, Any]]:
    """Variables with encoding `json`."""
    return [
        {"name": name, "data": {"encoding": "json", "value": json.dumps(value)}}
        for name, value in values.items()
    ]


@dataclass
class Order:
    """One process instance on its walk."""

    engine: Engine
    partition: str
    id: int

    # What it is

    def state(self) -> dict[str, Any]:
        """The process instance as it is stored."""
        (instance,) = self.query(c.QueryProcessInstances, id=self.id)
        return instance

    @property
    def has_ended(self) -> bool:
        return self.state()["state"] == "COMPLETED"

    def query(self, kind: type[c.Query], **criteria: Any) -> list[dict[str, Any]]:
        """Results of a query in this partition, by an environment that has cached nothing."""
        self.engine.env = self.engine.environment()
        return self.engine.send(kind(partition=self.partition, **criteria))["results"]

    def element_instances(self, element_id: str | None = None, **criteria: Any) -> list[dict[str, Any]]:
        """Visits, oldest first."""
        return self.query(
            c.QueryElementInstances, processInstanceId=self.id, bpmnElementId=element_id, **criteria
        )

    def jobs(self, element_id: str | None = None) -> list[dict[str, Any]]:
        """Jobs, oldest first."""
        found = self.query(c.QueryJobs, processInstanceId=self.id)
        return [job for job in found if element_id in (None, job["bpmnElementId"])]

    def tasks(self, type: str | None = None) -> list[dict[str, Any]]:
        """Tasks, oldest first."""
        return self.query(c.QueryTasks, processInstanceId=self.id, type=type)

    def incidents(self) -> list[dict[str, Any]]:
        """Incidents, oldest first."""
        return self.query(c.QueryIncidents, processInstanceId=self.id)

    def variables(self) -> dict[str, str]:
        """Values of the process scope by name."""
        answer = self.engine.send(c.GetProcessVariables(partition=self.partition, id=self.id))
        return {variable["name"]: variable["data"]["value"] for variable in answer["variables"]}

    def values(self) -> dict[str, Any]:
        """JSON values of the process scope by name."""
        return {name: json.loads(value) for name, value in self.variables().items()}

    def resolve_incident(self, **fields: Any) -> None:
        """Resolve the only open incident."""
        (incident,) = (i for i in self.incidents() if "resolvedAt" not in i)
        self.engine.send(
            c.ResolveIncident(partition=self.partition, id=incident["id"], workerId=WORKER, **fields)
        )
        self.run_due_tasks()

    def set_values(self, **values: Any) -> None:
        """Set JSON variables of the process scope."""
        place = {"partition": self.partition, "id": self.id, "workerId": WORKER}
        self.engine.send(c.SetProcessVariables(**place, variables=as_json(**values)))

    def states(self, element_id: str) -> list[str]:
        """States of the visits of an element, oldest first."""
        return [token["state"] for token in self.element_instances(element_id)]

    def user_tasks(self) -> list[dict[str, Any]]:
        """User tasks, oldest first."""
        return self.query(c.QueryUserTasks, processInstanceId=self.id)

    def called(self, element_id: str) -> "Order":
        """The process instance that the latest visit of a call activity has called."""
        *_, token = self.element_instances(element_id)
        (scope,) = self.query(c.QueryElementInstances, parentId=token["id"])
        return Order(self.engine, scope["partition"], scope["processInstanceId"])

    # What is true of it

    def waits_at(self, *element_ids: str) -> None:
        """Exactly these elements have a token that has neither ended nor is a scope."""
        open_ones = self.element_instances(states=["CREATED", "STARTED", "SUSPENDED", "QUEUED"])
        waiting = [token["bpmnElementId"] for token in open_ones if token["bpmnElementType"] != "PROCESS"]
        assert sorted(waiting) == sorted(element_ids)

    def has_passed(self, *element_ids: str) -> None:
        """Each of these elements was completed at least once."""
        completed = {token["bpmnElementId"] for token in self.element_instances(states=["COMPLETED"])}
        assert set(element_ids) <= completed, f"passed only {sorted(completed)}"

    def has_not_reached(self, *element_ids: str) -> None:
        """None of these elements was visited."""
        visited = {token["bpmnElementId"] for token in self.element_instances()}
        assert not visited & set(element_ids)

    # What happens to it

    def lock_job(self, element_id: str) -> dict[str, Any]:
        """Lock the oldest open job of an element."""
        job = next(job for job in self.jobs(element_id) if job["state"] in ("CREATED", "DUE", "LOCKED"))
        if job["state"] != "LOCKED":
            (job,) = self.engine.lock(partition=self.partition, id=job["id"])
        return job

    def complete_job(self, element_id: str, **fields: Any) -> dict[str, Any]:
        """Lock and complete the oldest open job of an element."""
        job = self.lock_job(element_id)
        answer = self.engine.send(
            c.CompleteJob(partition=self.partition, id=job["id"], workerId=WORKER, **fields)
        )
        self.run_due_tasks()
        return answer

    def suspend(self) -> None:
        """Hold its tokens."""
        self.engine.send(c.SuspendProcessInstance(partition=self.partition, id=self.id, workerId=WORKER))

    def resume(self) -> None:
        """Let its tokens go on."""
        self.engine.send(c.ResumeProcessInstance(partition=self.partition, id=self.id, workerId=WORKER))
        self.run_due_tasks()

    def decide(self, gateway_id: str, target_id: str) -> dict[str, Any]:
        """Complete the evaluation of an exclusive gateway."""
        return self.complete_job(gateway_id, completion={"exclusiveGatewayDecision": target_id})

    def throw_error(self, element_id: str, code: str, **fields: Any) -> dict[str, Any]:
        """A worker ends the job of an activity with a BPMN error."""
        return self.complete_job(element_id, completion={"errorCode": code}, **fields)

    def escalate(self, element_id: str, code: str, **fields: Any) -> dict[str, Any]:
        """A worker answers the job of an activity with an escalation."""
        return self.complete_job(element_id, completion={"escalationCode": code}, **fields)

    def update_user_task(self, **fields: Any) -> dict[str, Any]:
        """A person updates the only open user task."""
        (task,) = (task for task in self.user_tasks() if task["state"] == "STARTED")
        fields = {"revision": task["revision"], "workerId": "ann"} | fields
        answer = self.engine.send(c.UpdateUserTask(partition=self.partition, id=task["id"], **fields))
        self.run_due_tasks()
        return answer

    def run_due_tasks(self) -> list[dict[str, Any]]:
        """In deferred mode, run due tasks until there are none; in eager mode they have run already."""
        return [] if self.engine.is_eager else list(self._executed())

    def _executed(self) -> Iterator[dict[str, Any]]:
        while tasks := self.engine.send(c.ExecuteTasks(processInstanceId=self.id, limit=100))[
            "completedTasks"
        ]:
            yield from tasks

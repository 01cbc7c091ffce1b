"""Random models, random paths: whatever way a token takes, the process ends, and nothing is visited twice.

A worker and a person do what there is to do, in any order, fail now and then, and decide at gateways as the
seed says. The tree that a model was drawn from knows how often each element must have been visited then, in
whatever order and in either task mode.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.models import sequence
from tests.play import Engine, Order
from tests.walks.drawing import Drawing
from tests.walks.gardener import Gardener
from tests.walks.snapshot import Record, Snapshot
from tests.walks.trees import ASKING, CALLED, selected, selections, visits

Act = Callable[[], object]

MAX_STEPS = 5_000

ASKED = {
    "SET_ERROR_CODE": "errorCode",
    "SET_ESCALATION_CODE": "escalationCode",
    "SET_SIGNAL_NAME": "signalName",
}
"""Jobs that ask for a code or name, and the field of the completion that answers."""

CALLS = ("CALL_PROCESS", "PASS_VARIABLES")
WORK = ("EXECUTE", *CALLS)

SETS = {"error": "SET_ERROR_CODE", "escalation": "SET_ESCALATION_CODE", "signal": "SET_SIGNAL_NAME"}


@dataclass
class Decisions:
    """What is decided at a gateway for its first token, its second, and so on."""

    seed: int
    made: Counter[str] = field(default_factory=Counter)

    def decide(self, gateway: str, ways: int) -> int:
        """Number of the way that the next token goes."""
        self.made[gateway] += 1
        return Random(f"{self.seed} {gateway} {self.made[gateway]}").randrange(ways)


@dataclass
class Path:
    """One process instance on its way to the end, by a random order of doing things."""

    order: Order
    drawing: Drawing
    random: Random
    decisions: Decisions

    def go(self) -> None:
        """Do what there is to do until the process instance has ended."""
        now = self._look()
        for _ in range(MAX_STEPS):
            acts = self._acts(now)
            if not acts:
                break
            act = self.random.choice(acts)
            act()
            before, now = now, self._look()
            faults = now.wrong_changes(before, is_resumed=act == self._resume)
            assert not faults, faults[0]
        instance = now.process_instances[0]
        assert instance["state"] == "COMPLETED", f"it does not end: {now.element_instances}"

    def _look(self) -> Snapshot:
        """As another process sees it, which has cached nothing."""
        self.order.engine.env = self.order.engine.environment()
        now = Snapshot.of(self.order.engine, (self.order.partition, self.order.id))
        faults = now.broken_rules()
        assert not faults, faults[0]
        return now

    def _acts(self, now: Snapshot) -> list[Act]:
        acts: list[Act] = []
        acts += [lambda job=job: self._work(job) for job in now.jobs if job["state"] in ("DUE", "LOCKED")]
        acts += [
            lambda task=task: self._update(task) for task in now.user_tasks if task["state"] == "STARTED"
        ]
        acts += [self._execute for task in now.tasks if task["state"] == "DUE"]
        acts += [lambda id=i["id"]: self._resolve(id) for i in now.incidents if "resolvedAt" not in i]
        is_open = "endedAt" not in now.process_instances[0]
        if not acts and is_open and any(work["state"] == "CREATED" for work in [*now.jobs, *now.tasks]):
            acts = [lambda: self.order.engine.clock.advance("PT1H")]
        state = now.process_instances[0]["state"]
        if state == "SUSPENDED":
            acts.append(self._resume)
        elif state == "STARTED" and self.random.random() < 0.1:
            acts.append(lambda: self._send(c.SuspendProcessInstance, self.order.id))
        return acts

    def _resume(self) -> None:
        self._send(c.ResumeProcessInstance, self.order.id)

    def _work(self, job: Record) -> None:
        """Lock a job, or complete it, or fail with it."""
        if job["state"] == "DUE":
            chosen = {"id": job["id"]} if self.random.random() < 0.5 else {"processInstanceId": self.order.id}
            self.order.engine.lock(partition=self.order.partition, **chosen, limit=self.random.randint(1, 3))
            return
        fails = self.random.random() < 0.15
        fields = self._failure(job) if fails else self._success(job)
        fields["retryLimit"] = self.random.randint(0, 2)
        if self.random.random() < 0.5:
            fields["retryTimer"] = "PT1H"
        answer = self._send(c.CompleteJob, job["id"], **fields)
        if job["type"] == "CALL_PROCESS":
            self._resume_called()
        assert (answer["state"] != "DONE") == fails, f"{fields} is answered with {answer}"

    def _resume_called(self) -> None:
        """Who is called by a suspended process instance is suspended too, and resumed by itself."""
        called = self.order.query(c.QueryProcessInstances, parentId=self.order.id)
        for child in called:
            if child["state"] == "SUSPENDED":
                self._send(c.ResumeProcessInstance, child["id"])

    def _failure(self, job: Record) -> dict[str, Any]:
        gateway = job["bpmnElementId"]
        if job["type"] in WORK or gateway in self.drawing.hosts or self.random.random() < 0.3:
            return {"error": "out of paper"}
        if job["type"] in ASKED:
            return {}
        if self.drawing.default_way(gateway) is None and self.random.random() < 0.5:
            return {}
        if job["type"] == "EVALUATE_INCLUSIVE_GATEWAY":
            return {"completion": {"inclusiveGatewayDecision": [self.drawing.targets[gateway, 0], "nowhere"]}}
        return {"completion": {"exclusiveGatewayDecision": "nowhere"}}

    def _success(self, job: Record) -> dict[str, Any]:
        if job["type"] == "EXECUTE":
            return {"completion": self._outcome(job["bpmnElementId"])}
        if job["type"] in CALLS:
            return {}
        if job["type"] in ASKED:
            name = self.drawing.asked[job["bpmnElementId"]]
            # Where the tree does not care, the name is one that nobody waits for.
            is_caught = job["bpmnElementId"] in self.drawing.hosts
            return {"completion": {ASKED[job["type"]]: name if is_caught else name or "nobody"}}
        gateway = job["bpmnElementId"]
        if job["type"] == "EVALUATE_INCLUSIVE_GATEWAY":
            return self._select(gateway)
        way = self.decisions.decide(gateway, self.drawing.ways(gateway))
        if way == self.drawing.default_way(gateway) and self.random.random() < 0.5:
            return {}
        return {"completion": {"exclusiveGatewayDecision": self.drawing.targets[gateway, way]}}

    def _outcome(self, activity: str) -> dict[str, Any]:
        """How a worker or a person leaves an activity with boundary events."""
        catches = self.drawing.catches.get(activity, ())
        outcome = self.decisions.decide(activity, len(catches) + 1) if catches else 0
        if outcome == 0:
            return {}
        catch = catches[outcome - 1]
        return {f"{catch.trigger}Code": catch.thrown}

    def _select(self, gateway: str) -> dict[str, Any]:
        """Name the targets in any order, that of the default flow or not: it is taken anyway."""
        ways = selected(self.decisions.decide(gateway, selections(self.drawing.ways(gateway))))
        if self.random.random() < 0.5:
            ways -= {self.drawing.default_way(gateway)}
        targets = [self.drawing.targets[gateway, way] for way in ways]
        self.random.shuffle(targets)
        return {"completion": {"inclusiveGatewayDecision": targets}}

    def _update(self, task: Record) -> None:
        fields: dict[str, Any] = {"revision": task["revision"]}
        if self.random.random() < 0.7:
            fields |= self._outcome(task["bpmnElementId"]) or {"completed": True}
        self._send(c.UpdateUserTask, task["id"], **fields)

    def _execute(self) -> None:
        limit = self.random.randint(1, 3)
        answer = self.order.engine.send(c.ExecuteTasks(processInstanceId=self.order.id, limit=limit))
        assert answer["completed"] and not answer["failed"], f"tasks were not executed: {answer}"

    def _resolve(self, id: int) -> None:
        self._send(c.ResolveIncident, id)

    def _send(self, kind: type[c.Command], id: int, **fields: Any) -> Any:
        place = {"partition": self.order.partition, "id": id}
        return self.order.engine.send(kind(**place, workerId="worker", **fields))


def walk(engine: Engine, seed: int, size: int) -> None:
    """Grow a tree, draw it, deploy it, go a path; on failure, say how it can be had again."""
    tree = Gardener(Random(f"{seed} {size}"), size).tree()
    try:
        run(engine, tree, seed, size)
    except Exception as failure:
        raise AssertionError(f"walk(engine, {seed}, {size}): {failure}\n{tree}") from failure


def run(engine: Engine, tree: Any, seed: int, size: int) -> None:
    drawing = Drawing.of(tree)
    engine.deploy_xml(sequence(CALLED, 1, "task"))
    xml = drawing.xml(f"walk-{seed}-{size}", Random(seed))
    order = engine.start(engine.deploy_xml(xml))
    path = Path(order, drawing, Random(seed), Decisions(seed))

    path.go()

    decisions = Decisions(seed)
    expected = visits(tree, decisions.decide) + Counter(["start"])
    assert path.decisions.made == decisions.made
    now = Snapshot.of(engine, (order.partition, order.id))
    visited = Counter(token["bpmnElementId"] for token in now.element_instances[1:])
    assert visited == expected, f"visited {visited - expected} too often, {expected - visited} too seldom"
    found, wanted = done(now), asked(drawing, expected)
    assert found == wanted, f"{found} was done, and not {wanted}"


def done(now: Snapshot) -> dict[str, Counter[str]]:
    """How often work has succeeded, by its type and element; a user task also by an error or escalation."""
    found: dict[str, Counter[str]] = {}
    for record in [*now.jobs, *now.tasks, *now.user_tasks]:
        if record["state"] in ("DONE", "COMPLETED", "TERMINATED"):
            found.setdefault(record.get("type", "USER_TASK"), Counter())[record["bpmnElementId"]] += 1
    return found


def asked(drawing: Drawing, visited: Counter[str]) -> dict[str, Counter[str]]:
    """The work that there must have been."""
    wanted: dict[str, Counter[str]] = {}
    for id, count in visited.items():
        tag = drawing.tags[id]
        if id in drawing.triggers:
            for type, times in asked_by_event(drawing, id, visited):
                wanted.setdefault(type, Counter())[id] = times
        elif tag in ASKING:
            again = [f"{id}_catch{n}" for n, catch in enumerate(drawing.catches.get(id, ()), 1)]
            wanted.setdefault("EXECUTE", Counter())[id] = count + sum(visited[a] - count for a in again)
        elif tag == "callActivity":
            for type in CALLS:
                wanted.setdefault(type, Counter())[id] = count
        elif tag == "userTask":
            wanted.setdefault("USER_TASK", Counter())[id] = count
        elif tag == "exclusiveGateway" and drawing.ways(id) > 1:
            wanted.setdefault("EVALUATE_EXCLUSIVE_GATEWAY", Counter())[id] = count
        elif tag == "inclusiveGateway" and drawing.ways(id) > 1:
            wanted.setdefault("EVALUATE_INCLUSIVE_GATEWAY", Counter())[id] = count
        elif tag == "parallelGateway" and drawing.entries(id) > 1:
            wanted.setdefault("JOIN_PARALLEL_GATEWAY", Counter())[id] = count
    return wanted


def asked_by_event(drawing: Drawing, id: str, visited: Counter[str]) -> Iterator[tuple[str, int]]:
    """A boundary event is asked about once for each visit to its activity, however often it fires."""
    trigger = drawing.triggers[id]
    if id in drawing.asked:
        yield SETS[trigger], visited[drawing.hosts.get(id, id)]
    if trigger == "message":
        yield "EXECUTE", visited[id]
    elif trigger == "timer" or (id not in drawing.hosts and drawing.tags[id] != "intermediateCatchEvent"):
        yield "TRIGGER_EVENT", visited[id]


@pytest.mark.embedded
@pytest.mark.parametrize("seed", range(16))
def test_random_model_ends_after_the_expected_visits(engine: Engine, seed: int) -> None:
    walk(engine, seed, size=3 + seed)


@pytest.mark.soak
@pytest.mark.embedded
def test_many_random_models_end_after_the_expected_visits(engine: Engine) -> None:
    for at in range(70):
        walk(engine, secrets.randbelow(10**6), size=2 + at // 2)

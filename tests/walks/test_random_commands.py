"""Random commands: every store answers the same, and the engine stays in order.

A client that knows everything an engine has sends what comes to its mind, right and wrong. After each step
all stores have answered the same, a refusal has changed nothing, and the rules of `snapshot` hold. A failure
names the seed and shows the shortest list of steps that was found to fail as well.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import pytest

from chalicelib.bpmn.instants import parse_instant
from chalicelib.bpmn.timing import add, parse_duration
from chalicelib.contract import commands as c
from tests.conftest import MODES, STORES
from tests.walks.choosing import QUERIES, SLOW, THROUGH, WIDE, XML, Client
from tests.walks.sides import Found, Refusal, Restart, Send, Sides, Step, Steps, open_sides, shortened
from tests.walks.snapshot import Record, Snapshot

EMBEDDED = ("memory", "sqlite")


class Scope(NamedTuple):
    """Where variables are: a process instance, or a visit to an element."""

    kind: str
    partition: str
    id: int

    @property
    def is_element(self) -> bool:
        return self.kind == "element"


Test = Callable[[Record, Mapping[str, Any]], bool]

TAKES: Mapping[type[c.Command], tuple[type[c.Query], Test]] = {
    c.CompleteJob: (
        c.QueryJobs,
        lambda job, fields: job["state"] == "LOCKED" and job["lockedBy"] == fields["workerId"],
    ),
    c.UpdateUserTask: (
        c.QueryUserTasks,
        lambda task, fields: task["state"] == "STARTED" and task["revision"] == fields["revision"],
    ),
    c.ResolveIncident: (c.QueryIncidents, lambda incident, _: "resolvedAt" not in incident),
    c.SuspendProcessInstance: (c.QueryProcessInstances, lambda instance, _: instance["state"] == "STARTED"),
    c.ResumeProcessInstance: (c.QueryProcessInstances, lambda instance, _: instance["state"] == "SUSPENDED"),
    c.SetProcessVariables: (c.QueryProcessInstances, lambda instance, _: "endedAt" not in instance),
    c.SetElementVariables: (c.QueryElementInstances, lambda token, _: "endedAt" not in token),
    c.GetProcessVariables: (c.QueryProcessInstances, lambda instance, _: True),
    c.GetElementVariables: (c.QueryElementInstances, lambda token, _: True),
}
"""Commands for a record: which, and in what state it must be."""


@dataclass
class Walk:
    """Steps on all stores, each of them examined."""

    sides: Sides
    variables: dict[Scope, dict[str, Record]] = field(default_factory=dict)
    expiries: dict[tuple[str, int], int] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    steps: Steps = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = Snapshot.of(self.sides.lead)

    def take(self, step: Step) -> None:
        """Carry out a step and look at what it has done.

        Raises:
            Found: Something that must not happen.
        """
        self.steps.append(step)
        outcome = self.sides.outcome(step)
        before, self.now = self.now, Snapshot.of(self.sides.lead)
        if isinstance(step, Send):
            self._examine(step, outcome, before)
        is_resumed = isinstance(step, Send) and step.kind is c.ResumeProcessInstance
        faults = self.now.broken_rules() + self.now.wrong_changes(before, is_resumed=is_resumed)
        faults += [
            fault for id, limit in self.limits.items() for fault in wrong_queue(id, limit, before, self.now)
        ]
        if faults:
            raise Found("\n".join(faults[:3]))

    def _examine(self, step: Send, outcome: Any, before: Snapshot) -> None:
        if step.kind in TAKES:
            expect_taken(step, outcome, before)
        if step.kind is c.CreateProcess:
            self._expect_process(step, outcome)
        if isinstance(outcome, Refusal):
            if before != self.now:
                raise Found(f"refused with {outcome.detail!r}, and yet something has changed")
        else:
            self._remember(step, outcome)
            self._expect(step, outcome, before)

    def _expect(self, step: Send, outcome: Any, before: Snapshot) -> None:
        """Compare the answer with what is known from before."""
        wanted: Any = None
        if step.kind in QUERIES:
            wanted = self.now.answer(step.kind, dict(step.fields))
        elif step.kind in (c.GetProcessVariables, c.GetElementVariables):
            outcome, wanted = outcome["variables"], self._variables(step)
        elif step.kind is c.LockJobs:
            free = [job for job in before.jobs if self._is_free(job) and _is_wanted(job, step)]
            self._remember_expiry(step, outcome["jobs"])
            outcome, wanted = _taken(outcome["jobs"], free, step)
        elif step.kind is c.ExecuteTasks:
            free = [task for task in before.tasks if task["state"] == "DUE" and _is_wanted(task, step)]
            if outcome["failedTasks"]:
                raise Found(f"breaks down at the tasks {outcome['failedTasks']}")
            outcome, wanted = _taken(outcome["completedTasks"], free, step)
        elif step.kind is c.UpdateUserTask:
            outcome, wanted = outcome["tags"], _merged_tags(step, before)
        elif step.kind is c.UnlockJobs:
            held = [job for job in before.jobs if job["state"] == "LOCKED" and _is_wanted(job, step)]
            wanted = {"count": sum(job["lockedBy"] == step.fields["workerId"] for job in held)}
        if wanted is not None and outcome != wanted:
            raise Found(f"answers {outcome}\nand not {wanted}")

    # Processes: a version has one file

    def _expect_process(self, step: Send, outcome: Any) -> None:
        fields = step.fields
        xml = self.files.get((fields["bpmnProcessId"], fields["version"]))
        is_refused = isinstance(outcome, Refusal)
        if xml is None and not is_refused:
            self.files[fields["bpmnProcessId"], fields["version"]] = fields["bpmnXml"]
            self.limits[fields["bpmnProcessId"]] = fields.get("parallelism", 0)
        if xml is not None and is_refused == (xml == fields["bpmnXml"]):
            raise Found(f"there is a version with {xml!r}, and the answer is {outcome}")

    # Locks: until when they hold

    def _is_free(self, job: Record) -> bool:
        expires_at = self.expiries.get((job["partition"], job["id"]))
        has_expired = expires_at is not None and expires_at <= parse_instant(self.now.now)
        return job["state"] == "DUE" or (job["state"] == "LOCKED" and has_expired)

    def _remember_expiry(self, step: Send, jobs: list[Record]) -> None:
        for job in jobs:
            self.expiries.pop((job["partition"], job["id"]), None)
            if timeout := step.fields.get("lockTimeout"):
                expires_at = add(parse_instant(self.now.now), parse_duration(timeout))
                self.expiries[job["partition"], job["id"]] = expires_at

    # Variables: what must be read is what was written

    def _remember(self, step: Send, answer: Any) -> None:
        """Keep the variables that a command has set."""
        fields = step.fields
        if step.kind is c.CreateProcessInstance:
            self._set(Scope("process", answer["partition"], answer["id"]), fields.get("variables", ()))
        elif step.kind is c.SetProcessVariables:
            self._set(Scope("process", fields["partition"], fields["id"]), fields["variables"])
        elif step.kind is c.SetElementVariables:
            self._set(Scope("element", fields["partition"], fields["id"]), fields["variables"])
        elif step.kind in (c.CompleteJob, c.UpdateUserTask):
            partition = answer["partition"]
            process_scope = Scope("process", partition, answer["processInstanceId"])
            own_scope = Scope("element", partition, answer["elementInstanceId"])
            self._set(process_scope, fields.get("processVariables", ()))
            self._set(own_scope, fields.get("elementVariables", ()))

    def _set(self, own: Scope, variables: Any) -> None:
        first: dict[tuple[Scope, str], Record] = {}
        for variable in variables:
            scope = own
            if named := variable.get("bpmnElementId"):
                (scope,) = (scope for scope in self._around(own) if self._element_id(scope) == named)
            first.setdefault((scope, variable["name"]), variable)
        for (scope, name), variable in first.items():
            known = self.variables.setdefault(scope, {})
            known.pop(name, None)
            if "data" in variable:
                known[name] = variable["data"]

    def _variables(self, step: Send) -> list[Record]:
        """What a command must read, by name and then by element."""
        place = (step.fields["partition"], step.fields["id"])
        names = step.fields.get("names")
        if step.kind is c.GetProcessVariables:
            scopes = [Scope("process", *place)]
        else:
            scopes = self._around(Scope("element", *place))
        found = [
            {"name": name, "data": data}
            | ({"bpmnElementId": self._element_id(scope)} if scope.is_element else {})
            for scope in reversed(scopes if not step.fields.get("excludeParentVariables") else scopes[:1])
            for name, data in self.variables.get(scope, {}).items()
            if not names or name in names.split(",")
        ]
        return sorted(found, key=lambda variable: variable["name"])

    def _around(self, scope: Scope) -> list[Scope]:
        """A visit and those around it, innermost first."""
        token = self.now.visit(scope.partition, scope.id)
        outer = [Scope("element", scope.partition, token["parentId"])] if "parentId" in token else []
        return [scope, *(further for parent in outer for further in self._around(parent))]

    def _element_id(self, scope: Scope) -> str:
        return str(self.now.visit(scope.partition, scope.id)["bpmnElementId"])


def expect_taken(step: Send, outcome: Any, before: Snapshot) -> None:
    """A command for a record is refused if there is no such record, or if it is in the wrong state."""
    kind, test = TAKES[step.kind]
    place = (step.fields["partition"], step.fields["id"])
    record = next((r for r in before.found[kind] if (r["partition"], r["id"]) == place), None)
    refusal = outcome.kind if isinstance(outcome, Refusal) else None
    if record is None:
        allowed: tuple[str | None, ...] = ("NOT_FOUND", "VALIDATION")
    elif not test(record, step.fields):
        allowed = ("CONFLICT", "VALIDATION")
    else:
        allowed = (None, "VALIDATION", "EXECUTION")
    if refusal not in allowed:
        raise Found(f"the record is {record}, and the answer is {outcome}")


def wrong_queue(bpmn_process_id: str, limit: int, before: Snapshot, now: Snapshot) -> Iterator[str]:
    """More than the parallelism begin, some wait although there is room, or one is passed over."""
    was_active, was_waiting = queue(bpmn_process_id, before)
    active, waiting = queue(bpmn_process_id, now)
    if limit and len(active) > max(limit, len(was_active)):
        yield f"{len(active)} of {bpmn_process_id} run, with parallelism {limit}"
    if waiting and (not limit or len(active) < limit):
        yield f"of {bpmn_process_id} {waiting} wait, with parallelism {limit} and {active}"
    remaining = [place for place in waiting if place in was_waiting]
    if remaining != was_waiting[len(was_waiting) - len(remaining) :]:
        yield f"of {bpmn_process_id} waited {was_waiting}, and now {waiting}"


Places = list[tuple[str, int]]


def queue(bpmn_process_id: str, s: Snapshot) -> tuple[Places, Places]:
    """The process instances that run or were told to, and those that wait for their turn."""
    told = {
        (task["partition"], task["processInstanceId"])
        for task in s.tasks
        if task["type"] == "START_PROCESS_INSTANCE"
    }
    active, waiting = [], []
    for record in s.process_instances:
        if record["bpmnProcessId"] == bpmn_process_id and record["state"] != "COMPLETED":
            place = (record["partition"], record["id"])
            is_waiting = record["state"] == "QUEUED" and place not in told
            (waiting if is_waiting else active).append(place)
    return active, waiting


def _is_wanted(record: Record, step: Send) -> bool:
    others = ("limit", "workerId", "lockTimeout")
    filters = {name: value for name, value in step.fields.items() if name not in others}
    of_process = record["processId"] in filters.pop("processIds", [record["processId"]])
    return of_process and all(record[name] == value for name, value in filters.items())


def _taken(taken: list[Record], free: list[Record], step: Send) -> tuple[Any, Any]:
    """What was taken, and must have been: each once, as many as there are, up to the limit."""
    places = [(record["partition"], record["id"]) for record in taken]
    known = {(record["partition"], record["id"]) for record in free}
    wanted = min(step.fields["limit"], len(free))
    return (len(set(places)), set(places) <= known), (wanted, True)


def _merged_tags(step: Send, before: Snapshot) -> list[Record]:
    place = (step.fields["partition"], step.fields["id"])
    task = next(task for task in before.user_tasks if (task["partition"], task["id"]) == place)
    tags = {tag["name"]: tag["value"] for tag in task["tags"]}
    changes = step.fields.get("tags", ())
    if isinstance(changes, dict):
        changes = [{"name": name, "value": value} for name, value in changes.items()]
    for tag in changes:
        tags.pop(tag["name"], None)
        if tag.get("value") is not None:
            tags[tag["name"]] = tag["value"]
    return [{"name": name, "value": value} for name, value in sorted(tags.items())]


# Walks


@dataclass(frozen=True)
class Size:
    """How far a walk goes.

    Attributes:
        steps: How many.
        models: Of which some are deployed.
        deployed: How many of them.
        large: The longest value of a variable, in characters.
    """

    steps: int
    models: tuple[str, ...]
    deployed: int
    large: int


QUICK = Size(45, tuple(name for name in XML if name not in (SLOW, THROUGH, WIDE)), 3, 5_000)
WIDER = Size(45, (WIDE,), 1, 300)
LONG = Size(150, tuple(name for name in XML if name != SLOW), 4, 400_000)
LOOPING = Size(12, (SLOW, "people", "sequence"), 3, 100)


def walk(seed: int, mode: str, size: Size, stores: tuple[str, ...] = STORES) -> None:
    """Go some random steps and ask all queries; on failure, say how it can be had again."""
    is_encrypting = seed % 4 > 0
    steps: Steps = []
    with open_sides(stores, mode, is_encrypting) as sides:
        found = go(Walk(sides, steps=steps), seed, size)
    if found is not None:
        shortest, found = shorten(steps, found, stores, mode, is_encrypting)
        listed = "".join(f"    {step!r},\n" for step in shortest)
        pytest.fail(
            f"seed {seed} in {mode} mode, {len(steps)} steps. Found as well, and found again, by\n"
            f"played([\n{listed}], {stores}, {mode!r}, {is_encrypting})\n\n{found}",
            pytrace=False,
        )


def go(walk: Walk, seed: int, size: Size) -> Found | None:
    """Deploy, wander about, and look at everything in the end; answers what was found."""
    random = Random(seed)
    client = Client(random, walk.sides.lead, random.sample(size.models, size.deployed), size.large)
    try:
        for step in client.first_steps():
            walk.take(step)
        for _ in range(size.steps):
            walk.take(client.next_step(walk.now))
        for step in last_steps(walk, client):
            walk.take(step)
    except Found as found:
        return found
    return None


def shorten(
    steps: Steps, found: Found, stores: tuple[str, ...], mode: str, is_encrypting: bool
) -> tuple[Steps, Found]:
    """The shortest steps that fail as well, and what is found after them."""

    def fails(rest: Steps) -> bool:
        nonlocal found
        again = played(rest, stores, mode, is_encrypting)
        found = again or found
        return again is not None

    return shortened(steps, fails), found


def played(steps: Steps, stores: tuple[str, ...], mode: str, is_encrypting: bool) -> Found | None:
    """Go given steps; answers what was found."""
    with open_sides(stores, mode, is_encrypting) as sides:
        walk = Walk(sides)
        try:
            for step in steps:
                walk.take(step)
        except Found as found:
            return found
    return None


def last_steps(walk: Walk, client: Client) -> Iterator[Step]:
    """Ask for everything, and for parts of it."""
    yield Restart()
    for kind in QUERIES:
        yield Send(kind, {"limit": 2**31 - 1})
        for _ in range(2):
            yield client.query(walk.now, kind)
    for scope in sorted(walk.variables):
        kind = c.GetElementVariables if scope.is_element else c.GetProcessVariables
        yield Send(kind, {"partition": scope.partition, "id": scope.id})


@pytest.mark.parametrize("mode", MODES)
def test_stores_agree_on_random_commands(mode: str) -> None:
    walk(1, mode, QUICK)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(2, 7))
def test_embedded_stores_agree_on_random_commands(seed: int, mode: str) -> None:
    walk(seed, mode, QUICK, EMBEDDED)


@pytest.mark.parametrize("mode", MODES)
def test_stores_agree_on_instances_with_several_id_blocks(mode: str) -> None:
    walk(1, mode, WIDER, EMBEDDED)


@pytest.mark.soak
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("size", "walks"), [(LONG, 40), (LOOPING, 2)], ids=["long", "looping"])
def test_stores_agree_on_many_random_commands(size: Size, walks: int, mode: str) -> None:
    for _ in range(walks):
        walk(secrets.randbelow(10**6), mode, size)

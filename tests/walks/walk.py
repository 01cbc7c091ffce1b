"""A walk of which each step is examined: its answer and what it has changed, by what is known from before."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.bpmn.instants import format_instant, parse_instant
from chalicelib.bpmn.timing import add, parse_duration
from chalicelib.contract import commands as c
from tests.walks.choosing import QUERIES
from tests.walks.sides import Found, Refusal, Send, Sides, Step, Steps
from tests.walks.snapshot import Record, Snapshot


class Scope(NamedTuple):
    """Where variables are: a process instance, or a visit to an element."""

    kind: str
    partition: str
    id: int

    @property
    def is_element(self) -> bool:
        return self.kind == "element"


Places = list[tuple[str, int]]
Check = Callable[[Record, Mapping[str, Any]], bool]

TAKES: Mapping[type[c.Command], tuple[type[c.Query], Check]] = {
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
    """Steps on all stores, each of them examined.

    Attributes:
        variables: What was set, by scope and name.
        expiries: When locks expire that do, by job.
        files: The XML of each version.
        limits: The parallelism of each BPMN process.
        steps: Those taken so far.
        now: What all stores have.
    """

    sides: Sides
    variables: dict[Scope, dict[str, Record]] = field(default_factory=dict)
    expiries: dict[tuple[str, int], str] = field(default_factory=dict)
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
            fault for id, limit in self.limits.items() for fault in _wrong_queue(id, limit, before, self.now)
        ]
        if faults:
            raise Found("\n".join(faults[:3]))

    def _examine(self, step: Send, outcome: Any, before: Snapshot) -> None:
        if step.kind in TAKES:
            _expect_taken(step, outcome, before)
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
        elif step.kind is c.CompleteJob:
            outcome, wanted = self._consequence(step, outcome)
        elif step.kind is c.UpdateUserTask:
            outcome, wanted = outcome["tags"], _merged_tags(step, before)
        elif step.kind is c.UnlockJobs:
            held = [job for job in before.jobs if job["state"] == "LOCKED" and _is_wanted(job, step)]
            wanted = {"count": sum(job["lockedBy"] == step.fields["workerId"] for job in held)}
        if wanted is not None and outcome != wanted:
            raise Found(f"answers {outcome}\nand not {wanted}")

    def _consequence(self, step: Send, job: Record) -> tuple[Any, Any]:
        """State of a completed job and due time of the one that takes its place, as they are and must be."""
        if "error" not in job:
            token = self.now.visit(job["partition"], job["elementInstanceId"])
            may_be_void = token["state"] == "TERMINATED" and job["state"] == "CANCELED"
            return job["state"], "CANCELED" if may_be_void else "DONE"
        if job["retryCount"] >= step.fields.get("retryLimit", 0):
            return job["state"], "CAUSED_INCIDENT"
        visit = (job["partition"], job["elementInstanceId"])
        *_, last = (
            other for other in self.now.jobs if (other["partition"], other["elementInstanceId"]) == visit
        )
        return (job["state"], last["dueAt"]), ("CAUSED_RETRY", self._after(step.fields.get("retryTimer")))

    def _after(self, duration: str | None) -> str:
        now = parse_instant(self.now.now)
        return format_instant(add(now, parse_duration(duration)) if duration else now)

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
        has_expired = expires_at is not None and expires_at <= self.now.now
        return job["state"] == "DUE" or (job["state"] == "LOCKED" and has_expired)

    def _remember_expiry(self, step: Send, jobs: list[Record]) -> None:
        for job in jobs:
            self.expiries.pop((job["partition"], job["id"]), None)
            if timeout := step.fields.get("lockTimeout"):
                self.expiries[job["partition"], job["id"]] = self._after(timeout)

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
        elif step.kind in (c.CompleteJob, c.UpdateUserTask) and answer["state"] != "CANCELED":
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
        is_outermost = token["bpmnElementType"] == "PROCESS"
        outer = [] if is_outermost else [Scope("element", scope.partition, token["parentId"])]
        return [scope, *(further for parent in outer for further in self._around(parent))]

    def _element_id(self, scope: Scope) -> str:
        return str(self.now.visit(scope.partition, scope.id)["bpmnElementId"])


def _expect_taken(step: Send, outcome: Any, before: Snapshot) -> None:
    """A command for a record is refused if there is no such record, or if it is in the wrong state."""
    kind, is_ready = TAKES[step.kind]
    place = (step.fields["partition"], step.fields["id"])
    record = next((r for r in before.found[kind] if (r["partition"], r["id"]) == place), None)
    refusal = outcome.kind if isinstance(outcome, Refusal) else None
    if record is None:
        allowed: tuple[str | None, ...] = ("NOT_FOUND", "VALIDATION")
    elif not is_ready(record, step.fields):
        allowed = ("CONFLICT", "VALIDATION")
    else:
        allowed = (None, "VALIDATION", "EXECUTION")
    if refusal not in allowed:
        raise Found(f"the record is {record}, and the answer is {outcome}")


def _is_wanted(record: Record, step: Send) -> bool:
    others = ("limit", "workerId", "lockTimeout")
    filters = {name: value for name, value in step.fields.items() if name not in others}
    of_process = record["processId"] in filters.pop("processIds", [record["processId"]])
    return of_process and all(record.get(name) == value for name, value in filters.items())


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


def _wrong_queue(bpmn_process_id: str, limit: int, before: Snapshot, now: Snapshot) -> Iterator[str]:
    """More than the parallelism begin, some wait although there is room, or one is passed over.

    While a turn is promised, room may be left: others queue up behind whoever gets it.
    """
    was_active, was_waiting = _queue(bpmn_process_id, before)
    active, waiting = _queue(bpmn_process_id, now)
    if limit and len(active) > max(limit, len(was_active)):
        yield f"{len(active)} of {bpmn_process_id} run, with parallelism {limit}"
    has_room = not limit or len(active) < limit
    if waiting and has_room and not _promises_turn(bpmn_process_id, now):
        yield f"of {bpmn_process_id} {waiting} wait, with parallelism {limit} and {active}"
    # One may be terminated while it waits.
    ended = {(i["partition"], i["id"]) for i in now.process_instances if i["state"] == "TERMINATED"}
    was_waiting = [place for place in was_waiting if place not in ended]
    remaining = [place for place in waiting if place in was_waiting]
    if remaining != was_waiting[len(was_waiting) - len(remaining) :]:
        yield f"of {bpmn_process_id} waited {was_waiting}, and now {waiting}"


def _promises_turn(bpmn_process_id: str, s: Snapshot) -> bool:
    """Whether a task is still to give somebody a turn, after a limit was raised or lifted."""
    versions = {p["id"] for p in s.processes if p["bpmnProcessId"] == bpmn_process_id}
    return any(
        task["type"] == "DEQUEUE_PROCESS_INSTANCE"
        and task["state"] == "DUE"
        and task["processId"] in versions
        for task in s.tasks
    )


def _queue(bpmn_process_id: str, s: Snapshot) -> tuple[Places, Places]:
    """The process instances that run or were told to, and those that wait for their turn."""
    told = {
        (task["partition"], task.get("processInstanceId"))
        for task in s.tasks
        if task["type"] == "START_PROCESS_INSTANCE"
    }
    active, waiting = [], []
    for record in s.process_instances:
        if record["bpmnProcessId"] == bpmn_process_id and "endedAt" not in record:
            place = (record["partition"], record["id"])
            is_waiting = record["state"] == "QUEUED" and place not in told
            (waiting if is_waiting else active).append(place)
    return active, waiting

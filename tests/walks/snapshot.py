"""Everything an engine has, and what is true of it at any moment."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.bpmn.instants import format_instant
from chalicelib.contract import commands as c
from tests.play import Engine

Record = dict[str, Any]
Rule = Callable[["Snapshot"], Iterator[str]]

EVERYTHING = 2**31 - 1
KINDS: tuple[type[c.Query], ...] = (
    c.QueryProcesses,
    c.QueryElements,
    c.QueryProcessInstances,
    c.QueryElementInstances,
    c.QueryJobs,
    c.QueryTasks,
    c.QueryIncidents,
    c.QueryUserTasks,
    c.QueryVariables,
    c.QueryMessages,
)
ASKS_WORKER = {
    "SERVICE_TASK",
    "SCRIPT_TASK",
    "SEND_TASK",
    "BUSINESS_RULE_TASK",
    "MESSAGE_THROW_EVENT",
    "MESSAGE_END_EVENT",
}


@dataclass(frozen=True)
class Snapshot:
    """The answers of all queries without a criterion."""

    now: str
    found: dict[type[c.Query], list[Record]]

    @staticmethod
    def of(engine: Engine, process_instance: tuple[str, int] | None = None) -> "Snapshot":
        """Look at a store with a process that has cached nothing; at one process instance, or at all."""
        look = replace(engine)
        queries = {kind: kind(limit=EVERYTHING) for kind in KINDS}
        if process_instance is not None:
            partition, id = process_instance
            queries = {
                kind: kind(partition=partition, processInstanceId=id)
                for kind in KINDS
                if issubclass(kind, c.RecordQuery)
            }
            queries[c.QueryProcessInstances] = c.QueryProcessInstances(partition=partition, id=id)
        found = {kind: look.send(query)["results"] for kind, query in queries.items()}
        return Snapshot(format_instant(look.env.now()), found)

    @property
    def processes(self) -> list[Record]:
        return self.found[c.QueryProcesses]

    @property
    def elements(self) -> list[Record]:
        return self.found[c.QueryElements]

    @property
    def process_instances(self) -> list[Record]:
        return self.found[c.QueryProcessInstances]

    @property
    def element_instances(self) -> list[Record]:
        return self.found[c.QueryElementInstances]

    @property
    def jobs(self) -> list[Record]:
        return self.found[c.QueryJobs]

    @property
    def tasks(self) -> list[Record]:
        return self.found[c.QueryTasks]

    @property
    def incidents(self) -> list[Record]:
        return self.found[c.QueryIncidents]

    @property
    def user_tasks(self) -> list[Record]:
        return self.found[c.QueryUserTasks]

    @property
    def variables(self) -> list[Record]:
        return self.found[c.QueryVariables]

    @property
    def messages(self) -> list[Record]:
        return self.found[c.QueryMessages]

    def visit(self, partition: str, id: int) -> Record:
        """An element instance."""
        return next(token for token in self.element_instances if _place(token) == (partition, id))

    def broken_rules(self) -> list[str]:
        """What is not as it should be."""
        return [fault for rule in RULES for fault in rule(self)]

    def wrong_changes(self, before: "Snapshot", *, is_resumed: bool = False) -> list[str]:
        """What may not have happened since an earlier look."""
        return list(_wrong_changes(before, self, is_resumed))

    def answer(self, kind: type[c.Query], fields: dict[str, Any]) -> dict[str, Any]:
        """What a query must answer."""
        criteria = {name: value for name, value in fields.items() if name not in ("offset", "limit")}
        hits = [
            record
            for record in self.found[kind]
            if all(self._matches(record, name, value) for name, value in criteria.items() if value)
        ]
        offset = fields.get("offset", 0)
        results = hits[offset : offset + (fields.get("limit") or 1000)]
        return {"count": len(results), "results": results}

    def _matches(self, record: Record, name: str, value: Any) -> bool:
        match name:
            case "states":
                return record["state"] in value
            case "names":
                return record["name"] in value
            case "tags":
                tags = {tag["name"]: tag.get("value") for tag in record.get("tags", ())}
                return all(
                    tag["name"] in tags and tag.get("value") in (None, tags[tag["name"]]) for tag in value
                )
            case "rootId":
                return value in (record.get("rootId"), record["id"])
            case "excludeExpired":
                return "expiresAt" not in record or record["expiresAt"] > self.now
        return bool(record.get(name) == value)


# Rules


def ids_rise(s: Snapshot) -> Iterator[str]:
    """Per kind, by partition and id, each once."""
    for kind, records in s.found.items():
        places = [(record.get("partition", ""), record["id"]) for record in records]
        if places != sorted(set(places)):
            yield f"{kind.__name__} answers the ids {places}"


def times_fit(s: Snapshot) -> Iterator[str]:
    """Nothing is made tomorrow, started before it is made, or ended before it is started."""
    for record in _all_of(s, c.QueryElementInstances, c.QueryProcessInstances, c.QueryJobs, c.QueryTasks):
        work = [record["createdAt"], record.get("lockedAt"), record.get("completedAt")]
        visit = [record["createdAt"], record.get("startedAt"), record.get("endedAt")]
        for times in ([time for time in row if time] for row in (work, visit)):
            if times != sorted(times) or times[-1] > s.now:
                yield f"at {s.now} there is {record}"
    for record in s.process_instances:
        # A called one has that of its caller; one that an event starts, that of the task.
        if record["createdAt"][:10] < record["partition"]:
            yield f"wrong partition: {record}"


def ended_instance_has_nothing_open(s: Snapshot) -> Iterator[str]:
    """With the instance everything in it has come to an end; work of what was terminated is not touched."""
    ended = {_place(record) for record in s.process_instances if "endedAt" in record}
    terminated = _terminated(s)
    for record in _open_records(s):
        is_void = (record["partition"], record.get("elementInstanceId")) in terminated
        if _owner(record) in ended and not (is_void and "revision" not in record):
            yield f"its process instance has ended: {record}"


def open_instance_waits_for_something(s: Snapshot) -> Iterator[str]:
    """A token, until the end; a suspended one may only have its scope left."""
    waiting = Counter(_owner(token) for token in s.element_instances if _is_open(token))
    for record in s.process_instances:
        needed = 1 if record["state"] == "SUSPENDED" else 2  # with the scope itself
        if "endedAt" not in record and waiting[_place(record)] < needed:
            yield f"waits for nothing: {record}"


def states_of_scopes_are_those_of_their_instance(s: Snapshot) -> Iterator[str]:
    """The process scope lives and dies with its process instance; a token stops in a suspended one only."""
    instances = {_place(record): record for record in s.process_instances}
    for token in s.element_instances:
        instance = instances[_owner(token)]
        if token["bpmnElementType"] == "PROCESS":
            fields = ("state", "createdAt", "startedAt", "endedAt")
            if any(token.get(name) != instance.get(name) for name in fields):
                yield f"{token} is the scope of {instance}"
        elif token["state"] == "SUSPENDED" != instance["state"]:
            yield f"{token} stands still in {instance}"


def visits_have_the_times_of_their_state(s: Snapshot) -> Iterator[str]:
    """A visit is created, started and completed."""
    not_yet, over = (False, False), (True, True)
    times = {"CREATED": not_yet, "QUEUED": not_yet, "STARTED": (True, False), "COMPLETED": over}
    may_not_have_started = ("SUSPENDED", "TERMINATED")
    for record in [*s.element_instances, *s.process_instances]:
        found = ("startedAt" in record, "endedAt" in record)
        if record["state"] in may_not_have_started:
            found, wanted = (True, found[1]), (True, record["state"] == "TERMINATED")
        else:
            wanted = times[record["state"]]
        if found != wanted:
            yield f"wrong times: {record}"


def work_belongs_to_a_visit(s: Snapshot) -> Iterator[str]:
    """Jobs and all else that names an element instance names one of that element and process instance."""
    visits = {_place(token): token for token in s.element_instances}
    kinds = (c.QueryJobs, c.QueryTasks, c.QueryIncidents, c.QueryUserTasks, c.QueryVariables)
    for record in _all_of(s, *kinds):
        if "elementInstanceId" in record:
            visit = visits.get((record["partition"], record["elementInstanceId"]))
            same = ("elementId", "processInstanceId", "processId")
            if visit is None or any(visit[name] != record[name] for name in same):
                yield f"{record} belongs to {visit}"
    for record in [*s.jobs, *s.user_tasks]:
        if "elementInstanceId" not in record:
            yield f"belongs to no visit: {record}"


def work_has_the_fields_of_its_state(s: Snapshot) -> Iterator[str]:
    """What is over has its end, what is held its holder, what waits neither."""
    for record in [*s.jobs, *s.tasks]:
        state = record["state"]
        is_over = state in ("DONE", "CANCELED", "CAUSED_RETRY", "CAUSED_INCIDENT")
        was_held = is_over or state == "LOCKED"
        failed = state in ("CAUSED_RETRY", "CAUSED_INCIDENT")
        fits = (
            ("completedAt" in record) == is_over
            and ("lockedBy" in record) == ("lockedAt" in record) == was_held
            and ("error" in record) == failed
            and (was_held or (state == "DUE") == (record["dueAt"] <= s.now))
        )
        if not fits:
            yield f"at {s.now} there is {record}"


def retries_follow_each_other(s: Snapshot) -> Iterator[str]:
    """A job that caused a retry is followed by one with the next count."""
    by_visit = defaultdict(list)
    for job in s.jobs:
        by_visit[job["partition"], job["elementInstanceId"]].append(job)
    for jobs in by_visit.values():
        for job, follower in zip(jobs, [*jobs[1:], None], strict=True):
            if follower and (job["type"], follower["type"]) == ("CALL_PROCESS", "PASS_VARIABLES"):
                continue
            count = follower["retryCount"] if follower else None
            wanted = {
                "CAUSED_RETRY": (job["retryCount"] + 1,),
                "CAUSED_INCIDENT": (0, None),
                # After an escalation that does not interrupt, the work goes on.
                "DONE": (job["retryCount"], None),
            }.get(job["state"], (None,))
            if count not in wanted or (follower and follower["type"] != job["type"]):
                yield f"{job} is followed by {follower}"


def incidents_stand_for_failed_work(s: Snapshot) -> Iterator[str]:
    """One incident for each job or task that caused one."""
    failed = [("jobId", *_place(job)) for job in s.jobs if job["state"] == "CAUSED_INCIDENT"]
    failed += [("taskId", *_place(task)) for task in s.tasks if task["state"] == "CAUSED_INCIDENT"]
    stands_for = [
        (name, incident["partition"], incident[name])
        for incident in s.incidents
        for name in ("jobId", "taskId")
        if name in incident
    ]
    if sorted(failed) != sorted(stands_for) or len(stands_for) != len(s.incidents):
        yield f"work {failed} caused incidents for {stands_for}"
    for incident in s.incidents:
        if ("resolvedAt" in incident) != ("resolvedBy" in incident):
            yield f"resolved by halves: {incident}"


def started_visits_wait_for_one_work(s: Snapshot) -> Iterator[str]:
    """A token at a task waits for one job (or its incident) or for one user task, and no ended one does."""
    asked = Counter((job["partition"], job["elementInstanceId"]) for job in s.jobs if _is_open(job))
    asked.update(
        (incident["partition"], incident["elementInstanceId"])
        for incident in s.incidents
        if _is_open(incident) and "elementInstanceId" in incident
    )
    asked.update((task["partition"], task["elementInstanceId"]) for task in s.user_tasks if _is_open(task))
    for token in s.element_instances:
        type = token["bpmnElementType"]
        if type == "INCLUSIVE_GATEWAY" and token["state"] == "STARTED" and asked[_place(token)] <= 1:
            continue  # evaluated, or waiting for other tokens
        if token["state"] == "TERMINATED":
            continue  # its work is not touched
        if type == "CALL_ACTIVITY" and asked[_place(token)] <= 1:
            continue  # or it waits for what it has called
        if type.endswith("_EVENT") and token["state"] == "CREATED" and asked[_place(token)] <= 1:
            continue  # a job asks what it throws or waits for, or it waits
        is_asking = type in {*ASKS_WORKER, "USER_TASK", "EXCLUSIVE_GATEWAY"} and token["state"] == "STARTED"
        if asked[_place(token)] != is_asking:
            yield f"{asked[_place(token)]} jobs, incidents and user tasks are open for {token}"


def waiting_joins_are_incomplete(s: Snapshot) -> Iterator[str]:
    """A token at a join waits for others, or its task has not run."""
    tasks = {(task["partition"], task.get("elementInstanceId")) for task in s.tasks}
    for token in s.element_instances:
        is_waiting = token["bpmnElementType"] == "PARALLEL_GATEWAY" and token["state"] == "STARTED"
        if is_waiting and _place(token) not in tasks:
            yield f"nobody looks at {token}"


def variables_are_one_per_scope_and_name(s: Snapshot) -> Iterator[str]:
    """A name means one thing."""
    names = Counter((*_owner(v), v.get("elementInstanceId"), v["name"]) for v in s.variables)
    yield from (f"{count} variables are {name}" for name, count in names.items() if count > 1)


def user_tasks_count_their_revisions(s: Snapshot) -> Iterator[str]:
    """Revision 1 is the first; the completion is an update too."""
    for task in s.user_tasks:
        if task["revision"] < (2 if task["state"] == "COMPLETED" else 1):
            yield f"wrong revision: {task}"


RULES: tuple[Rule, ...] = (
    ids_rise,
    times_fit,
    ended_instance_has_nothing_open,
    open_instance_waits_for_something,
    states_of_scopes_are_those_of_their_instance,
    visits_have_the_times_of_their_state,
    work_belongs_to_a_visit,
    work_has_the_fields_of_its_state,
    retries_follow_each_other,
    incidents_stand_for_failed_work,
    started_visits_wait_for_one_work,
    waiting_joins_are_incomplete,
    variables_are_one_per_scope_and_name,
    user_tasks_count_their_revisions,
)


def _wrong_changes(before: Snapshot, now: Snapshot, is_resumed: bool) -> Iterator[str]:
    """Records vanish, what was over goes on, or something suspended moves without being resumed."""
    for kind, records in before.found.items():
        if kind in CHANGING:
            continue
        found = {(record.get("partition"), record["id"]): record for record in now.found[kind]}
        for record in records:
            current = found.get((record.get("partition"), record["id"]))
            if current is None:
                yield f"has vanished: {record}"
            elif _is_over(record) and record != current:
                yield f"was over: {record}, and is now {current}"
            elif not is_resumed and record.get("state") == "SUSPENDED" != current["state"] != "TERMINATED":
                yield f"was suspended: {record}, and is now {current}"


CHANGING = (c.QueryVariables, c.QueryMessages, c.QueryElements)
"""Variables are deleted, messages taken, start events suspended by a new version."""


def _terminated(s: Snapshot) -> set[tuple[str, int]]:
    return {_place(token) for token in s.element_instances if token["state"] == "TERMINATED"}


def _is_over(record: Record) -> bool:
    if "state" in record:
        return not _is_open(record)
    return "resolvedAt" in record or "processInstanceId" not in record


def _all_of(s: Snapshot, *kinds: type[c.Query]) -> Iterator[Record]:
    for kind in kinds:
        yield from s.found[kind]


def _open_records(s: Snapshot) -> Iterable[Record]:
    """Of all but tasks: the task of a token that another one's task has joined stays due."""
    kinds = (c.QueryElementInstances, c.QueryJobs, c.QueryIncidents, c.QueryUserTasks)
    return (record for record in _all_of(s, *kinds) if _is_open(record))


def _is_open(record: Record) -> bool:
    if "state" not in record:
        return "resolvedAt" not in record
    return record["state"] in ("CREATED", "QUEUED", "STARTED", "SUSPENDED", "DUE", "LOCKED")


def _place(record: Record) -> tuple[str, int]:
    return record["partition"], record["id"]


def _owner(record: Record) -> tuple[str, int]:
    return record["partition"], record["processInstanceId"]

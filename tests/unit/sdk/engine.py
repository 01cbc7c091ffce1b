"""An engine as a polling worker sees it, in memory, with faults on demand, and a clock that pauses move."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

from chalicelib.sdk.client import ApiProblem, Unanswered
from chalicelib.sdk.runner import Watch

Json = dict[str, Any]

PARTITION = "2030-01-01"
ME = "me"


def problem(status: int, type: str = "CONFLICT", detail: str = "", **more: Any) -> ApiProblem:
    return ApiProblem(status, type, "failed", detail, **more)


class Before(Exception):
    """The engine did nothing, and the caller gets a fault."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault


class After(Before):
    """The engine did it, and the caller gets a fault instead of the answer."""


LOST = Unanswered("the connection broke")
REFUSED = ConnectionRefusedError("nobody listens")


class Engine:
    """Takes the calls of a client.

    Attributes:
        processes: Ids of BPMN processes, in the order of their deployment.
        jobs: What there is to do, earliest first.
        variables: Of the process scope, the same for all.
        faults: What goes wrong with the next calls, by the last word of their path; None: nothing.
        calls: The paths that were called, by their last word.
        filters: Whether it can lock jobs by element.
        begun_at: When its store was made.
    """

    begun_at = "2030-01-01T00:00:00Z"

    def __init__(self, *processes: str, filters: bool = False) -> None:
        self.processes = list(processes)
        self.jobs: list[Json] = []
        self.variables: list[Json] = []
        self.faults: dict[str, list[Before | None]] = defaultdict(list)
        self.calls: Counter[str] = Counter()
        self.bodies: dict[str, list[Json]] = defaultdict(list)
        self.filters = filters

    def add(self, *elements: str, process_id: int = 1, **fields: Any) -> None:
        """A due job per element."""
        for element in elements:
            id = len(self.jobs) + 1
            self.jobs.append(
                {
                    "partition": PARTITION,
                    "id": id,
                    "processId": process_id,
                    "processInstanceId": 65,
                    "elementId": 2,
                    "elementInstanceId": 66,
                    "bpmnElementId": element,
                    "type": "EXECUTE",
                    "retryCount": 0,
                    "createdAt": "2030-01-01T00:00:00Z",
                    "createdBy": "test",
                    "dueAt": "2030-01-01T00:00:00Z",
                    "state": "DUE",
                    **fields,
                }
            )

    @property
    def states(self) -> list[str]:
        """Of all jobs."""
        return [job["state"] for job in self.jobs]

    def call(self, method: str, path: str, body: Any = None, query: Any = None) -> Any:
        """As `Client.call`."""
        word = path.split("/")[-1]
        self.calls[word] += 1
        self.bodies[word].append(body)
        fault = self.faults[word].pop(0) if self.faults[word] else None
        if type(fault) is Before:
            raise fault.fault
        answer = getattr(self, f"_{word}")(path, body, query)
        if fault:
            raise fault.fault
        return answer

    def _query(self, path: str, body: Json, query: Json) -> Json:
        rows = [
            {"id": id, "bpmnProcessId": name, "createdAt": self.begun_at}
            for id, name in enumerate(self.processes, 1)
        ]
        found = rows[query["offset"] :][: query["limit"]]
        return {"count": len(found), "results": found}

    def _lock(self, path: str, body: Json, query: None) -> Json:
        assert 1 <= body["limit"] <= 1000 and len(body.get("processIds", [])) <= 100
        types, ids = body.get("workTypes", []), body.get("processIds", range(1, len(self.processes) + 1))
        assert len(types) <= 100
        if types and not self.filters:
            raise problem(400, "HTTP_REQUEST_BODY")
        wanted = body.get("bpmnElementIds")
        if wanted and not self.filters:
            raise problem(400, "HTTP_REQUEST_BODY")
        found = [
            job
            for job in self.jobs
            if job["state"] == "DUE"
            and job["processId"] in ids
            and (not types or job.get("workType") in types)
            and (not wanted or job["bpmnElementId"] in wanted)
        ][: body["limit"]]
        for job in found:
            job |= {"state": "LOCKED", "lockedBy": body["workerId"]}
        return {"count": len(found), "jobs": [dict(job) for job in found]}

    def _unlock(self, path: str, body: Json, query: None) -> Json:
        (job,) = [j for j in self.jobs if (j["partition"], j["id"]) == (body["partition"], body["id"])]
        assert job.pop("lockedBy") == body["workerId"]
        job["state"] = "DUE"
        return {"count": 1}

    def _complete(self, path: str, body: Json, query: None) -> Json:
        (job,) = [j for j in self.jobs if path == f"/jobs/{j['partition']}/{j['id']}/complete"]
        if job["state"] not in ("DUE", "LOCKED"):
            raise problem(409, detail=f"job {job['id']} is completed")
        if job.get("lockedBy") != body["workerId"]:
            raise problem(409, detail=f"job {job['id']} is not locked by worker {body['workerId']}")
        has_retries = body.get("retryLimit", 0) > job["retryCount"]
        failed = "CAUSED_RETRY" if has_retries else "CAUSED_INCIDENT"
        job |= {"state": failed if "error" in body else "DONE", "body": body}
        return dict(job)

    def _variables(self, path: str, body: None, query: Json | None) -> Json:
        return {"count": len(self.variables), "variables": self.variables}


class Inline(Executor):
    """Does each thing at once."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def submit(self, act: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        act(*arguments, **named)


class Clock:
    """Stands still but for pauses, which it notes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, bell: threading.Condition, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now += seconds


class Log(Watch):
    """Notes outcomes, and acts when there are so many, or so many looks around."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.ticks = 0
        self.at_tick: dict[int, Callable[[], object]] = {}

    def job_ended(self, outcome: str) -> None:
        self.outcomes.append(outcome)

    def tick(self, running: int) -> None:
        self.ticks += 1
        self.at_tick.get(self.ticks, lambda: None)()


def texts(records: Iterable[Any]) -> list[str]:
    """What was logged."""
    return [record.getMessage() for record in records]

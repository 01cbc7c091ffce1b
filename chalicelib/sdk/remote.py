"""What a polling worker asks of an engine, over HTTP."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .client import ApiProblem, Client
from .completion import Json
from .job import Record, Unavailable

PAGE = 1000
"""Processes per query."""

MOST_IDS = 100
"""Process ids, element ids or work types that one lockJobs takes."""

AWAY = frozenset({429, 500, 502, 503, 504})
"""Statuses of an engine, or of a gateway before it, that may answer later."""

BUG = "BUG"
"""The problem of an engine that will answer the same again."""


def is_away(fault: Exception) -> bool:
    """Whether a call failed because the engine is away or busy, not because it was wrong."""
    if isinstance(fault, ApiProblem):
        return fault.status in AWAY and fault.type != BUG
    return isinstance(fault, OSError)


class Version(NamedTuple):
    """A deployed version of a process, with what tells it from that of another store."""

    id: int
    bpmn_process_id: str
    created_at: str


class Processes:
    """The deployed versions of some processes."""

    def __init__(self, client: Client, wanted: Collection[str]) -> None:
        """Know none yet.

        Args:
            client: Of the engine.
            wanted: Process ids of BPMN files.
        """
        self._client, self._wanted = client, wanted
        self._known: list[Version] = []
        self._names: dict[int, str] = {}

    def refresh(self) -> None:
        """Read what is new.

        Processes are listed by ids that rise and are never removed, so the query begins with the last known
        one. If another one is there, it is another store, and everything is read.

        Raises:
            ApiProblem: The engine refused.
            OSError: It is away.
        """
        last = self._known[-1:]
        page = self._page(max(0, len(self._known) - 1))
        if last and page[:1] != last:
            self._known, last = [], []
            page = self._page(0)
        self._known += page[len(last) :]
        while len(page) == PAGE:
            page = self._page(len(self._known))
            self._known += page
        self._names = {version.id: version.bpmn_process_id for version in self._known}

    def name(self, id: int) -> str:
        """The process id of the BPMN file, by number; what is not known yet is read.

        Raises:
            ApiProblem: The engine refused.
            OSError: It is away, or does not list the process yet.
        """
        if id not in self._names:
            self.refresh()
        if id not in self._names:
            raise ConnectionError(f"process {id} has jobs, and is not listed yet")
        return self._names[id]

    @property
    def missing(self) -> frozenset[str]:
        """Those that are wanted and not deployed."""
        return frozenset(self._wanted) - {version.bpmn_process_id for version in self._known}

    def chunks(self) -> Iterator[Mapping[int, str]]:
        """Process ids of BPMN files by number, newest first, as many as one call takes."""
        found = [version for version in reversed(self._known) if version.bpmn_process_id in self._wanted]
        for start in range(0, len(found), MOST_IDS):
            yield {version.id: version.bpmn_process_id for version in found[start : start + MOST_IDS]}

    def _page(self, offset: int) -> list[Version]:
        query = {"offset": offset, "limit": PAGE}
        answer = self._client.call("POST", "/processes/query", {}, query=query)
        return [
            Version(process["id"], process["bpmnProcessId"], process["createdAt"])
            for process in answer["results"]
        ]


@dataclass
class Locks:
    """Locks jobs for one worker, and gives them back.

    Attributes:
        client: Of the engine.
        worker_id: Who locks.
        timeout: After which others may take a job, as an ISO 8601 duration.
        elements: Elements whose jobs are wanted, by the ids of the BPMN files.
        is_filtering: Whether the engine is asked for jobs of these elements only; given up when it does not
            know that filter.
    """

    client: Client
    worker_id: str
    timeout: str
    elements: Sequence[str]
    is_filtering: bool = True

    def lock(self, process_ids: Iterable[int], limit: int) -> list[Record]:
        """Lock due jobs, earliest first.

        Raises:
            ApiProblem: The engine refused.
            OSError: It is away.
        """
        wanted = {"processIds": list(process_ids)}
        if self.is_filtering:
            try:
                return self._lock({**wanted, "bpmnElementIds": list(self.elements)}, limit)
            except ApiProblem as problem:
                if problem.status != 400:
                    raise
                self.is_filtering = False
        return self._lock(wanted, limit)

    def lock_types(self, work_types: Iterable[str], limit: int) -> list[Record]:
        """Lock due jobs of work types, in whatever process, earliest first.

        Raises:
            ApiProblem: The engine refused; one that knows no work types does.
            OSError: It is away.
        """
        return self._lock({"workTypes": list(work_types)}, limit)

    def unlock(self, job: Record) -> None:
        """Give a job back.

        Raises:
            ApiProblem: The engine refused.
            OSError: It is away.
        """
        body = {"workerId": self.worker_id, "partition": job["partition"], "id": job["id"]}
        self.client.call("POST", "/jobs/unlock", body)

    def complete(self, job: Record, body: Json) -> Record:
        """Complete a job; answers it as it is then.

        Raises:
            ApiProblem: The engine refused.
            OSError: It is away, or its answer was lost.
        """
        path = f"/jobs/{job['partition']}/{job['id']}/complete"
        answer: Record = self.client.call("PATCH", path, {"workerId": self.worker_id, **body})
        return answer

    def _lock(self, wanted: Json, limit: int) -> list[Record]:
        body = {"workerId": self.worker_id, **wanted, "limit": limit, "lockTimeout": self.timeout}
        jobs: list[Record] = self.client.call("POST", "/jobs/lock", body)["jobs"]
        return jobs


@dataclass(frozen=True)
class RemoteVariables:
    """Reads the variables of one job; see `Source`."""

    client: Client
    job: Record

    def process_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        """One call."""
        return self._read("process-instances", self.job["processInstanceId"], names)

    def element_variables(self, names: Collection[str] | None) -> Iterable[Record]:
        """One call; the API sorts by name, then element, and an element comes before what is inside of it."""
        return self._read("element-instances", self.job["elementInstanceId"], names)

    def _read(self, noun: str, id: int, names: Collection[str] | None) -> list[Record]:
        path = f"/{noun}/{self.job['partition']}/{id}/variables"
        query = None if names is None else {"names": ",".join(sorted(names))}
        return _or_unavailable(lambda: self.client.call("GET", path, query=query)["variables"])


def _or_unavailable(read: Callable[[], Any]) -> list[Record]:
    """Read; a refusal is the job's failure, an engine that is away is not."""
    try:
        found: list[Record] = read()
        return found
    except (ApiProblem, OSError) as fault:
        if not is_away(fault):
            raise
        raise Unavailable(f"variables cannot be read: {fault}") from fault

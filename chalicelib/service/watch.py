"""What an engine tells whoever watches it: the metrics, and the command under way."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import NamedTuple, Protocol

from ..engine.instance import ProcessInstance


class Metric(StrEnum):
    """What is counted or measured, spelled as a monitor shows it."""

    COMMANDS = "Commands"
    INSTANCES_STARTED = "ProcessInstancesStarted"
    INSTANCES_ENDED = "ProcessInstancesEnded"
    JOBS_CREATED = "JobsCreated"
    JOBS_COMPLETED = "JobsCompleted"
    JOBS_FAILED = "JobsFailed"
    TASKS_RUN = "TasksRun"
    TASKS_FAILED = "TasksFailed"
    TASK_LATENESS = "TaskLateness"
    RETRIES = "Retries"
    INCIDENTS_CREATED = "IncidentsCreated"
    INCIDENTS_RESOLVED = "IncidentsResolved"
    CONFLICTS = "Conflicts"
    THROTTLES = "Throttles"
    BUSY = "CommandsBusy"
    BUGS = "CommandsBroken"
    REFUSED_REQUEST = "RefusedRequest"
    REFUSED_ACCESS = "RefusedAccess"
    REFUSED_VALIDATION = "RefusedValidation"
    REFUSED_QUERY = "RefusedQuery"
    REFUSED_NOT_FOUND = "RefusedNotFound"
    REFUSED_CONFLICT = "RefusedConflict"
    REFUSED_MODEL = "RefusedProcessModel"
    REFUSED_EXECUTION = "RefusedExecution"


class MetricRow(NamedTuple):
    """How a metric is shown.

    Attributes:
        meaning: What one of it stands for.
        unit: Count or Milliseconds, as CloudWatch names them.
    """

    meaning: str
    unit: str = "Count"


METRICS: Mapping[Metric, MetricRow] = {
    Metric.COMMANDS: MetricRow("commands, refused ones and queries included"),
    Metric.INSTANCES_STARTED: MetricRow(
        "process instances that began to run; one that is queued, at its turn"
    ),
    Metric.INSTANCES_ENDED: MetricRow("process instances that completed or were terminated"),
    Metric.JOBS_CREATED: MetricRow("jobs, retries included"),
    Metric.JOBS_COMPLETED: MetricRow("jobs that a worker has done"),
    Metric.JOBS_FAILED: MetricRow("jobs that ended with an error: in a retry or an incident"),
    Metric.TASKS_RUN: MetricRow("tasks that the engine has done, inside of commands and by the executor"),
    Metric.TASKS_FAILED: MetricRow("tasks that failed: in a retry, in an incident, or still due"),
    Metric.TASK_LATENESS: MetricRow(
        "from when a task was due to when it ran; of a task that cannot be run, at each attempt",
        "Milliseconds",
    ),
    Metric.RETRIES: MetricRow("jobs and tasks that failed and were made afresh"),
    Metric.INCIDENTS_CREATED: MetricRow("incidents: somebody has to look"),
    Metric.INCIDENTS_RESOLVED: MetricRow("incidents that were resolved"),
    Metric.CONFLICTS: MetricRow("attempts of commands that another writer overtook; each was tried again"),
    Metric.THROTTLES: MetricRow("attempts of commands that the store refused; each was tried again"),
    Metric.BUSY: MetricRow("commands that did not get through before their deadline (503)"),
    Metric.BUGS: MetricRow("commands that failed for a reason nobody has thought of (500)"),
    Metric.REFUSED_REQUEST: MetricRow("requests that could not be read (400, 415)"),
    Metric.REFUSED_ACCESS: MetricRow("requests without the right to do it (401, 403)"),
    Metric.REFUSED_VALIDATION: MetricRow("commands that do not fit together (400)"),
    Metric.REFUSED_QUERY: MetricRow("queries that cannot be answered (400)"),
    Metric.REFUSED_NOT_FOUND: MetricRow("commands about something that is not there (404)"),
    Metric.REFUSED_CONFLICT: MetricRow("commands about something in another state (409)"),
    Metric.REFUSED_MODEL: MetricRow("models that cannot be executed (422)"),
    Metric.REFUSED_EXECUTION: MetricRow("commands that the diagram has no answer to (422)"),
}
"""The metrics, a row each; docs/watching.md shows them."""

BUSY = "BUSY"
BUG = "BUG"
UNAUTHORIZED = "UNAUTHORIZED"
FORBIDDEN = "FORBIDDEN"

OUTCOMES: Mapping[str, Metric] = {
    BUSY: Metric.BUSY,
    BUG: Metric.BUGS,
    UNAUTHORIZED: Metric.REFUSED_ACCESS,
    FORBIDDEN: Metric.REFUSED_ACCESS,
    "VALIDATION": Metric.REFUSED_VALIDATION,
    "QUERY": Metric.REFUSED_QUERY,
    "NOT_FOUND": Metric.REFUSED_NOT_FOUND,
    "CONFLICT": Metric.REFUSED_CONFLICT,
    "PROCESS_MODEL": Metric.REFUSED_MODEL,
    "EXECUTION": Metric.REFUSED_EXECUTION,
}
"""What a command that was not done counts as; any other word is a request that could not be read."""


class Watch(Protocol):
    """Is told what happens, to count and to log it. It never learns a value of a variable."""

    def command(self, name: str) -> AbstractContextManager[None]:
        """Around all that is done for one command; inside of another command, a part of that."""
        ...

    def refuse(self, outcome: str) -> None:
        """The command under way is refused, though no exception says so."""
        ...

    def about(self, instance: ProcessInstance, *, is_named: bool = False) -> None:
        """The command under way works on a process instance; the caller has named it, or it was found."""
        ...

    def wrote(self, changes: int) -> None:
        """So many aggregates were written."""
        ...

    def count(self, metric: Metric, times: int = 1) -> None:
        """Something happened."""
        ...

    def measure(self, metric: Metric, value: int) -> None:
        """Something took so long."""
        ...

    def flush(self, *, at_once: bool = False) -> None:
        """A piece of work is done: give out what was counted, if it is time, or at once."""
        ...

"""The store as it is watched: what was written says what has happened.

Whoever commits need not count anything. A process instance knows how it was when it was read
(`environment.Seen`); what it has beyond that when it is written, the command has done.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.records import Incident, Job, Task
from ..engine.states import WorkState
from .environment import Change, Seen, Store, Work
from .watch import Metric, Watch

JOB_ENDED: Mapping[WorkState, Sequence[Metric]] = {
    WorkState.DONE: (Metric.JOBS_COMPLETED,),
    WorkState.CAUSED_RETRY: (Metric.JOBS_FAILED, Metric.RETRIES),
}
"""What a job counts as that has ended; one that caused an incident counts with that."""

TASK_ENDED: Mapping[WorkState, Sequence[Metric]] = {
    WorkState.DONE: (Metric.TASKS_RUN,),
    WorkState.CAUSED_RETRY: (Metric.TASKS_FAILED, Metric.RETRIES),
}
"""The same for tasks."""


class WatchedStore:
    """A store that tells a watch what was written, and hands every call to the store behind it."""

    def __init__(self, store: Store, watch: Watch) -> None:
        """Begin to watch."""
        self._store = store
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        # Found once, then at hand: to look it up each time would cost more than all that is counted.
        found = vars(self)[name] = getattr(self._store, name)
        return found

    def load(self, partition: str, id: int) -> Work | None:
        """See `Store.load`; the caller has named the process instance."""
        work = self._store.load(partition, id)
        if work is not None:
            self._watch.about(work.instance, is_named=True)
        return work

    def commit(self, *changes: Change) -> None:
        """See `Store.commit`."""
        for change in changes:
            if isinstance(change, Work):
                self._watch.about(change.instance)
        self._store.commit(*changes)
        self._watch.wrote(len(changes))
        for change in changes:
            if isinstance(change, Work):
                self._tell(change)

    def commit_each(self, works: Sequence[Work]) -> list[bool]:
        """See `Store.commit_each`."""
        written = self._store.commit_each(works)
        for work, was_written in zip(works, written, strict=True):
            if was_written:
                self._watch.about(work.instance)
                self._tell(work)
        self._watch.wrote(sum(written))
        return written

    def _tell(self, work: Work) -> None:
        """What has happened in a process instance since it was read."""
        watch, instance, seen = self._watch, work.instance, work.seen
        work.seen = now = Seen.of(instance)
        if now.jobs > seen.jobs:
            watch.count(Metric.JOBS_CREATED, now.jobs - seen.jobs)
        if now.has_begun and not seen.has_begun:
            watch.count(Metric.INSTANCES_STARTED)
        if now.is_ended and not seen.is_ended:
            watch.count(Metric.INSTANCES_ENDED)
        if now.incidents > seen.incidents:
            self._tell_incidents(work, seen)
        for record in instance.ended[seen.ended :]:
            if isinstance(record, Job):
                for metric in JOB_ENDED.get(record.state, ()):
                    watch.count(metric)
            elif isinstance(record, Task):
                self._tell_task(record, seen)
            elif isinstance(record, Incident):
                watch.count(Metric.INCIDENTS_RESOLVED)

    def _tell_task(self, task: Task, seen: Seen) -> None:
        metrics = TASK_ENDED.get(task.state, ())
        for metric in metrics:
            self._watch.count(metric)
        if metrics:
            self._tell_lateness(task, seen)

    def _tell_incidents(self, work: Work, seen: Seen) -> None:
        """New incidents; the job or task of each has failed and stays with it."""
        for incident in work.instance.incidents.values():
            if incident.id > seen.incidents:
                self._watch.count(Metric.INCIDENTS_CREATED)
                self._watch.count(Metric.TASKS_FAILED if incident.job_id is None else Metric.JOBS_FAILED)
                if incident.task_id is not None:
                    self._tell_lateness(work.instance.tasks[incident.task_id], seen)

    def _tell_lateness(self, task: Task, seen: Seen) -> None:
        """How late a task ran, in milliseconds; one that runs in the command that makes it cannot be late."""
        if task.id <= seen.tasks and task.locked_at is not None:
            self._watch.measure(Metric.TASK_LATENESS, max(0, task.locked_at - task.due_at))

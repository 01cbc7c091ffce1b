"""A worker that polls: locks jobs over HTTP, has them done by the handlers, brings back what came of it.

One thread asks for jobs, never for more than there are free threads, and `concurrency` threads do them. What
was locked and not begun is given back at the end; what a crash leaves behind is free again once its lock
expires.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from .client import ApiProblem, Client
from .completion import duration
from .errand import UNSAID, Errand, Runs
from .job import Record
from .pace import Backoff, Pace, Pause
from .remote import MOST_IDS, Locks, Processes, is_away
from .worker import Element, Worker

CONCURRENCY = 8
LOCK_TIMEOUT = "PT5M"

REFRESH = 10.0
"""Seconds after which new versions of processes are looked for; a tenth of it while a process is missing."""

IDLE = (0.05, 1.0)
"""Seconds between two polls that find nothing: the first pause, and the longest."""

AWAY = (0.25, 30.0)
"""The same for an engine that is away."""

LOOK_PAST = 1000
"""Jobs without a handler that are held for a moment, to see what is behind them."""

SHARE = 10
"""Looking past such jobs takes a tenth of the time at most."""

Lock = Callable[[int], list[Record]]
"""Locks up to so many jobs."""

log = logging.getLogger("bpmn.worker")


class Watch:
    """Hears what a runner does; this one does nothing."""

    def job_ended(self, outcome: str) -> None:
        """A job was left; called by any thread.

        Args:
            outcome: The state in which the engine answered it (DONE, CAUSED_RETRY, CAUSED_INCIDENT,
                CANCELED), or GIVEN_BACK, LOST or UNSAID, see `errand`.
        """

    def tick(self, running: int) -> None:
        """Called about once a second, and more often while there is work.

        Args:
            running: Jobs that are under way.
        """


@dataclass
class Found:
    """What one look for jobs has locked: what to do, and what to give back."""

    own: list[Errand] = field(default_factory=list)
    others: list[Record] = field(default_factory=list)


class Runner:
    """Runs one worker until it is told to stop."""

    def __init__(
        self,
        client: Client,
        worker: Worker,
        worker_id: str,
        *,
        concurrency: int = CONCURRENCY,
        lock_timeout: str = LOCK_TIMEOUT,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        pause: Pause = threading.Condition.wait,
        threads: Callable[[int], Executor] = ThreadPoolExecutor,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: Of the engine; may be shared.
            worker: The handlers.
            worker_id: Who locks the jobs; unique among all that run now.
            concurrency: Jobs that are under way at once.
            lock_timeout: How long a job is this worker's alone, as an ISO 8601 duration. A crash releases it
                after that; if a handler takes longer, others may do its job, too.
            watch: Hears what happens.
            clock: Seconds that only rise.
            chance: Numbers from 0 to 1.
            pause: Waits on a condition for some seconds.
            threads: Makes so many threads.

        Raises:
            ValueError: The lock timeout is no duration, or nothing can be under way.
        """
        self._lock_seconds = duration(lock_timeout).total_seconds()
        if concurrency < 1 or not self._lock_seconds:
            raise ValueError("concurrency and lock timeout must be more than nothing")
        elements = worker.elements()
        self._worker, self._concurrency, self._watch = worker, concurrency, watch or Watch()
        self._pace = Pace(clock, pause)
        self._processes = Processes(client, {element.bpmn_process_id for element in elements})
        wanted = sorted({element.bpmn_element_id for element in elements})
        self._locks = Locks(client, worker_id, lock_timeout, wanted, len(wanted) <= MOST_IDS)
        self._work_types, self._types_first = sorted(worker.work_types()), False
        self._runs = Runs(client, self._locks, self._pace, chance)
        self._idle, self._away = Backoff(*IDLE, chance), Backoff(*AWAY, chance)
        self._threads = threads
        self._refreshed_at: float | None = None
        self._told: set[object] = set()

    def run(self) -> None:
        """Work until `stop` is called, then finish what is under way.

        An engine that is away is waited for.

        Raises:
            ApiProblem: The engine refuses this worker, for example its credentials.
        """
        pace = self._pace
        with self._threads(self._concurrency) as pool:
            while not pace.is_stopping:
                self._watch.tick(pace.running)
                if free := pace.free(self._concurrency):
                    self._poll(pool, free)
        self._watch.tick(pace.running)
        if self._runs.fatal:
            raise self._runs.fatal

    def stop(self) -> None:
        """Let `run` come to its end; may be called by any thread, and by a signal handler."""
        self._pace.stop()

    def _poll(self, pool: Executor, free: int) -> None:
        """Ask for jobs, let them begin, and rest if there were too few."""
        began, ended = self._pace.clock(), self._pace.ended
        found = Found()
        try:
            self._refresh()
            self._look(free, found)
        except (ApiProblem, OSError) as fault:
            self._judge(fault)
        else:
            self._is_back()
        finally:
            self._begin(pool, found)
        if self._away.times:
            self._pace.rest(self._away.next())
        elif len(found.own) == free:
            self._idle.reset()
        elif found.others:
            self._pace.rest(max(self._idle.next(), (SHARE - 1) * (self._pace.clock() - began)))
        else:
            self._pace.rest(self._idle.next(), ended)
            if ended != self._pace.ended:
                self._idle.reset()

    def _begin(self, pool: Executor, found: Found) -> None:
        for errand in found.own:
            self._pace.job_begins()
            pool.submit(self._do, errand)
        for job in found.others:
            self._runs.give_back(job)

    def _do(self, errand: Errand) -> None:
        outcome = UNSAID
        try:
            outcome = self._runs.run(errand)
        except Exception:
            log.exception("%s was left by a fault of the worker", errand)
        finally:
            self._watch.job_ended(outcome)
            self._pace.job_ends()

    # Look for jobs

    def _refresh(self) -> None:
        now, pause = self._pace.clock(), REFRESH / 10 if self._processes.missing else REFRESH
        if self._refreshed_at is not None and now < self._refreshed_at + pause:
            return
        self._processes.refresh()
        self._refreshed_at = now
        for name in sorted(self._processes.missing):
            self._tell(name, "process %s is not deployed yet", name)

    def _look(self, free: int, found: Found) -> None:
        """Lock jobs; those without a handler stand aside until the end of the look."""
        for lock in self._searches():
            while (wanted := free - len(found.own)) > 0 and len(found.others) < LOOK_PAST:
                # The more stand in front, the larger the steps.
                limit = min(max(wanted, len(found.others)), LOOK_PAST)
                if self._lock(lock, limit, free, found) < limit or not found.others:
                    break

    def _searches(self) -> list[Lock]:
        """Where to look: at elements and at work types, each first every other time, so that both get on."""
        by_element = [partial(self._locks.lock, list(chunk)) for chunk in self._processes.chunks()]
        types = self._work_types
        chunks = [types[start : start + MOST_IDS] for start in range(0, len(types), MOST_IDS)]
        by_type = [partial(self._locks.lock_types, chunk) for chunk in chunks]
        self._types_first = not self._types_first
        return [*by_element, *by_type] if self._types_first else [*by_type, *by_element]

    def _lock(self, lock: Lock, limit: int, free: int, found: Found) -> int:
        """Lock up to `limit` jobs and sort them; how many there were."""
        deadline = self._pace.clock() + self._lock_seconds
        jobs = lock(limit)
        try:
            elements = [Element(self._processes.name(job["processId"]), job["bpmnElementId"]) for job in jobs]
        except (ApiProblem, OSError):
            found.others += jobs
            raise
        for job, element in zip(jobs, elements, strict=True):
            handler = self._worker.find(*element, job.get("workType"))
            if handler is None:
                self._tell(element, "element %s has jobs and no handler; they are left to others", element)
            if handler is None or len(found.own) == free:
                found.others.append(job)
            else:
                found.own.append(Errand(job, element.bpmn_process_id, handler, deadline))
        return len(jobs)

    # When the engine is away

    def _judge(self, fault: ApiProblem | OSError) -> None:
        if isinstance(fault, ApiProblem) and fault.status < 500 and not is_away(fault):
            self._runs.fatal = fault
            self.stop()
        elif not self._away.times:
            log.warning("the engine is away, it is waited for: %s", fault)
            self._away.times = 1
        self._refreshed_at = None

    def _is_back(self) -> None:
        if self._away.times:
            log.warning("the engine is back")
            self._away.reset()

    def _tell(self, key: object, text: str, *arguments: object) -> None:
        """Say something once."""
        if key not in self._told:
            self._told.add(key)
            log.warning(text, *arguments)

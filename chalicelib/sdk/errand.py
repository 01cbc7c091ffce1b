"""One job of a polling worker, from its lock to the engine's answer.

A result that could be brought back is never thrown away: while the engine is away it is offered again, until
the lock expires.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .client import ApiProblem, Client
from .completion import Json
from .job import Job, Record, Unavailable
from .pace import Backoff, Pace
from .remote import Locks, RemoteVariables, is_away
from .worker import Handler, perform

AWAY = (0.25, 10.0)
"""Seconds between two offers to an engine that is away: the first pause, and the longest."""

GRACE = 10.0
"""Seconds for bringing back results after the worker was told to stop."""

DONE, CAUSED_RETRY, CAUSED_INCIDENT = "DONE", "CAUSED_RETRY", "CAUSED_INCIDENT"
"""States of the API that an engine is assumed to have answered when the answer was lost."""

GIVEN_BACK = "GIVEN_BACK"
"""It was unlocked, not begun."""

LOST = "LOST"
"""Its lock has expired, and somebody else has it."""

UNSAID = "UNSAID"
"""The engine could not be told until the lock expired, or refused to hear it."""

Answer = TypeVar("Answer")

log = logging.getLogger("bpmn.worker")


@dataclass(frozen=True)
class Errand:
    """A locked job and who does it.

    Attributes:
        record: The job as it was locked.
        bpmn_process_id: Of its process.
        handler: Of its element, or of its work type.
        deadline: Until when it is this worker's alone, by the clock of the pace.
    """

    record: Record
    bpmn_process_id: str
    handler: Handler
    deadline: float

    def __str__(self) -> str:
        """How logs name the job."""
        return f"{self.record['bpmnElementId']} {self.record['partition']}/{self.record['id']}"


class Runs:
    """Runs errands; shared by all threads.

    Attributes:
        fatal: What makes any further work useless: credentials that are not accepted.
    """

    def __init__(
        self, client: Client, locks: Locks, pace: Pace, chance: Callable[[], float] = random.random
    ) -> None:
        """Keep what all errands need."""
        self._client, self._locks, self._pace, self._chance = client, locks, pace, chance
        self.fatal: ApiProblem | None = None

    def run(self, errand: Errand) -> str:
        """Do the job and bring back the result; what became of it: a state of the API, or one of the above.

        A job that has not begun when the worker is told to stop is given back.
        """
        if self._pace.is_stopping:
            return self.give_back(errand.record)
        source = RemoteVariables(self._client, errand.record)
        left = {"secondsLeft": max(0.0, errand.deadline - self._pace.clock())}
        job = Job.read({**errand.record, **left}, errand.bpmn_process_id, source)
        try:
            body = self._persist(lambda: perform(errand.handler, job), errand.deadline)
        except Unavailable as fault:
            log.warning("%s is given back: %s", errand, fault)
            return self.give_back(errand.record)
        return self._bring_back(errand, body)

    def give_back(self, job: Record) -> str:
        """Unlock a job; if the engine is away, the lock expires."""
        try:
            self._locks.unlock(job)
        except (ApiProblem, OSError) as fault:
            log.warning("job %s/%s cannot be given back: %s", job["partition"], job["id"], fault)
            return UNSAID
        return GIVEN_BACK

    def _bring_back(self, errand: Errand, body: Json, *, may_be_refused: bool = True) -> str:
        offers = 0

        def offer() -> str:
            nonlocal offers
            offers += 1
            return str(self._locks.complete(errand.record, body)["state"])

        try:
            return self._persist(offer, errand.deadline)
        except OSError as fault:
            log.error("%s is done, and the engine does not know: %s", errand, fault)
        except ApiProblem as problem:
            if problem.status == 409:
                return _conflict(errand, body, problem, is_repeated=offers > 1)
            if may_be_refused and problem.status not in (401, 403) and not is_away(problem):
                log.error("%s: the engine refused the result: %s", errand, problem)
                refusal = {"error": _refusal(errand, problem)}
                return self._bring_back(errand, refusal, may_be_refused=False)
            log.error("%s cannot be completed: %s", errand, problem)
            self._judge(problem)
        return UNSAID

    def _judge(self, problem: ApiProblem) -> None:
        if problem.status in (401, 403):
            self.fatal = problem
            self._pace.stop()

    def _persist(self, act: Callable[[], Answer], deadline: float) -> Answer:
        """Act, again and again while the engine is away.

        Raises:
            Exception: What the act raises, once it is over or if the engine is not away.
        """
        away = Backoff(*AWAY, self._chance)
        while True:
            try:
                return act()
            except (ApiProblem, OSError, Unavailable) as fault:
                if self._is_over(deadline) or not (isinstance(fault, Unavailable) or is_away(fault)):
                    raise
            self._pace.hold(away.next())

    def _is_over(self, deadline: float) -> bool:
        if self._pace.stopped_at is not None:
            deadline = min(deadline, self._pace.stopped_at + GRACE)
        return self._pace.clock() >= deadline


def _conflict(errand: Errand, body: Json, problem: ApiProblem, *, is_repeated: bool) -> str:
    """The job is completed, which may have been this worker whose answer was lost, or not ours any more."""
    if is_repeated and "is completed" in problem.detail:
        return DONE if "error" not in body else CAUSED_RETRY if "retryLimit" in body else CAUSED_INCIDENT
    log.warning("%s took longer than its lock, its result is lost: %s", errand, problem.detail)
    return LOST


def _refusal(errand: Errand, problem: ApiProblem) -> str:
    causes = "; ".join(f"{cause['pointer']} {cause['detail']}" for cause in problem.errors)
    facts = ": ".join(filter(None, [problem.title, problem.detail, causes]))
    return f"{errand.handler.name}: the engine refused the result: {facts}"

"""A feed that a test has in its hands: hints lie there until they are handed out, or are lost."""

from collections.abc import Sequence
from typing import Any

from chalicelib.engine.records import Instant
from chalicelib.service import fed
from chalicelib.service.environment import Hint
from chalicelib.service.sweeping import sweep
from chalicelib.service.variables import Variables
from tests.play import Engine


class Hints:
    """The port `Feed`.

    Attributes:
        waiting: Hints that were sent and not handed out yet.
        sent: How many there ever were.
        is_broken: Whether sending fails, with an exception.
    """

    def __init__(self) -> None:
        self.waiting: list[Hint] = []
        self.sent = 0
        self.is_broken = False

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        if self.is_broken:
            raise ConnectionError("the queue cannot be reached")
        self.waiting += hints
        self.sent += len(hints)
        return []


class Handlers:
    """Handlers of an engine whose jobs are fed.

    Attributes:
        done: Element ids of the jobs that handlers were called with, in order.
        jobs: The jobs with which they were called.
        variables: What each job saw: of the process scope, and of the element and the scopes around it.
        answers: What the handler of an element answers, by element id; an empty completion by default.
    """

    def __init__(self, engine: Engine, *elements: tuple[str, str] | str) -> None:
        self.engine = engine
        self.hints = Hints()
        self.done: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self.variables: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
        self.answers: dict[str, dict[str, Any] | None] = {}
        self.register(*elements)

    def register(self, *elements: tuple[str, str] | str) -> None:
        """Let there be handlers for these elements and work types, and no others."""
        self.engine.feed, self.engine.fed = self.hints, frozenset(elements)
        self.engine.env = self.engine.environment()

    def perform(
        self, bpmn_process_id: str, job: dict[str, Any], variables: Variables
    ) -> dict[str, Any] | None:
        element = (bpmn_process_id, job["bpmnElementId"])
        assert element in self.engine.fed or job.get("workType") in self.engine.fed
        self.jobs.append(job)
        self.variables.append((variables.process_variables(None), variables.element_variables(None)))
        self.done.append(job["bpmnElementId"])
        return self.answers.get(job["bpmnElementId"], {})

    def hand_out(self, times: int = 1) -> None:
        """Hand out every hint, each so many times, and those that come of it, until none is due."""
        while due := [hint for hint in self.hints.waiting if hint.due_at <= self.engine.clock.now]:
            for hint in due:
                self.hints.waiting.remove(hint)
                for _ in range(times):
                    fed.work_on(self.engine.environment(), hint, self.perform)

    def lose(self) -> None:
        """All hints that are on their way are lost."""
        self.hints.waiting.clear()

    def look(self) -> int:
        """What comes each minute; answers how many tasks were run."""
        return sweep(self.engine.environment(), self.perform)

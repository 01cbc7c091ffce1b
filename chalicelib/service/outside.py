"""What a due task does outside of the process instance that it lies in: collected, and written with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..engine.moment import Moment
from ..engine.records import ENGINE, Instant, Task
from ..engine.states import TaskType
from .environment import Change, Environment, Ref, Work
from .planned import plan


@dataclass
class Outside:
    """The surroundings of a task that is being run.

    Attributes:
        env: The environment.
        work: Where the task lies.
        moment: When it runs.
        changes: What else is to be written, in one transaction with the task.
        following: Where something is due now because of that, and is to run before the answer.
    """

    env: Environment
    work: Work
    moment: Moment
    changes: list[Change] = field(default_factory=list)
    following: list[Ref] = field(default_factory=list)

    def owe(self, type: TaskType, due_at: Instant, document: dict[str, Any] | None = None) -> None:
        """Make a task of no process, with a document for itself; the executor finds it."""
        work = plan(self.env, ENGINE, self.moment)
        owe(work, type, self.moment, due_at, document)
        self.changes.append(work)


Run = Callable[[Outside, Task], str | None]
"""Runs a task; answers None, or the reason why it failed."""


def owe(
    work: Work, type: TaskType, moment: Moment, due_at: Instant, document: dict[str, Any] | None = None
) -> None:
    """Make a task that carries a document, as JSON text without white space."""
    serialized = None if document is None else json.dumps(document, separators=(",", ":"))
    work.step(moment).add_task(type, due_at=due_at, serialized=serialized)

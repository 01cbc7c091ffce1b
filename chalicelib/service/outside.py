"""What a due task does outside of the process instance that it lies in: collected, and written with it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ..engine.moment import Moment
from ..engine.records import Task
from .environment import Change, Environment, Ref, Work


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


Run = Callable[[Outside, Task], str | None]
"""Runs a task; answers None, or the reason why it failed."""

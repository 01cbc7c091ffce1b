"""When and by whom: handed in, so that the same input gives the same output."""

from collections.abc import Container
from dataclasses import dataclass

from ..bpmn.instants import format_instant
from .records import Instant

Fed = Container[tuple[str, str] | str]
"""Whose jobs are fed to handlers of the engine: elements, each by its BPMN process id and BPMN
element id, and work types."""

MAX_VISITS = 10_000
"""Element visits while nobody outside acts; what goes on beyond that is taken to loop for ever."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The circumstances of one command.

    Attributes:
        now: The one instant that every time set by the command carries.
        actor: Who sends the command: a worker id.
        engine_id: Who runs due tasks.
        eager: Whether due tasks run in the same step (contract, engine-semantics 5).
        task_retries: How often a failed task is tried again before it causes an incident.
        fed: Whose jobs are made for a handler of the engine; those of other elements wait for a worker.
        max_visits: Elements that may be entered while nobody outside acts.
        uncaught_ends: Whether an error that nobody catches ends its process instance.
    """

    now: Instant
    actor: str
    engine_id: str = "default-engine"
    eager: bool = True
    task_retries: int = 0
    fed: Fed = ()
    max_visits: int = MAX_VISITS
    uncaught_ends: bool = False

    @property
    def partition(self) -> str:
        """The partition of what is created now: the UTC date, `YYYY-MM-DD`."""
        return format_instant(self.now)[:10]

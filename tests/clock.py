"""A clock that stands still until it is moved."""

from chalicelib.bpmn.instants import parse_instant
from chalicelib.bpmn.timing import add, parse_duration
from chalicelib.engine.records import Instant

START = "2030-01-01T08:00:00.000Z"


class Clock:
    """Callable as the wall clock of an environment."""

    def __init__(self, text: str = START) -> None:
        self.now = Instant(parse_instant(text))

    def __call__(self) -> Instant:
        return self.now

    def advance(self, duration: str) -> None:
        """Move on by an ISO 8601 duration."""
        self.now = Instant(add(self.now, parse_duration(duration)))

"""The operations of the Process Runtime, in the order of their paths, with what they take and answer.

Every answer is an envelope around `data`. What callers must be told of the words here stands in
docs/surfaces.md.
"""

from typing import Annotated

from pydantic import Field

from .commands import SurfaceCommand
from .operation import Operation
from .results import Result

PREFIX = "/BPMREST/service/runtime"

# What operations take


class RefreshProcessCache(SurfaceCommand):
    """Read everything about deployed processes anew."""


# What they answer


class Envelope(Result):
    """What every answer is in.

    Attributes:
        code: 0, or the HTTP status of a refusal.
        timestamp: Milliseconds since 1970-01-01 UTC.
        total_record_count: How many records there are, with those that were not asked for.
    """

    code: int
    timestamp: int
    total_record_count: Annotated[int, Field(ge=0)]


class TextEnvelope(Envelope):
    """An answer that is a text, or nothing."""

    data: str


class RefusalEnvelope(TextEnvelope):
    """A refusal.

    Attributes:
        message: The fact.
        error_type: What it is about, one of a few names.
    """

    message: str
    error_type: str


OPERATIONS: tuple[Operation, ...] = (
    Operation("refreshProcessCache", "POST", f"{PREFIX}/refreshCache", RefreshProcessCache, TextEnvelope),
)

"""How the further surfaces behave, as the settings say it."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _now() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Manners:
    """How the further surfaces behave, as far as that is theirs alone.

    Attributes:
        is_open: Whether everybody may come in there, to do everything.
        is_always_200: Whether refusals of the Process Runtime have HTTP status 200.
        clock: Milliseconds since 1970-01-01 UTC, as answers say them.
        error_status: `responseStatus` of a microflow that has failed.
        has_empty_outputs: Whether such a one answers its business objects, empty.
    """

    is_open: bool = False
    is_always_200: bool = False
    clock: Callable[[], int] = _now
    error_status: str = "ERROR"
    has_empty_outputs: bool = False

"""One page of a query's hits."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from ..contract.commands import Query

DEFAULT_LIMIT = 1000


def answer(cmd: Query, found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Pass over `offset` hits and answer at most `limit`; what lies behind is not looked at."""
    results = list(islice(found, cmd.offset, cmd.offset + (cmd.limit or DEFAULT_LIMIT)))
    return {"count": len(results), "results": results}

"""Exit codes that scripts can use."""

DONE = 0
REFUSED = 1
USAGE = 2
UNREACHABLE = 3
NOT_FOUND = 4
CONFLICT = 5
INTERRUPTED = 130

MEANINGS = {
    DONE: "done",
    REFUSED: "the engine refused, for another reason than those below",
    USAGE: "wrong usage; nothing was sent",
    UNREACHABLE: "the engine cannot be reached, or its answer was lost",
    NOT_FOUND: "not found (HTTP 404)",
    CONFLICT: "conflict: another state than expected (HTTP 409)",
}


def of_status(status: int) -> int:
    """The exit code for the HTTP status of a refusal."""
    return {404: NOT_FOUND, 409: CONFLICT}.get(status, REFUSED)

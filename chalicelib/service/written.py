"""Answers as JSON text."""

from typing import Any

import orjson

from ..engine.json_text import write


def written(answer: Any) -> str:
    """Text of an answer; a business object may have what the fast writer does not know.

    That is a number beyond 64 bits or with more digits than a float, half a surrogate pair, or a depth of
    more than 250 levels.
    """
    try:
        return orjson.dumps(answer).decode()
    except TypeError:
        return write(answer)

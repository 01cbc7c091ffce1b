"""What is answered as JSON text."""

import json

import orjson


def json_text(value: object) -> str:
    """A value as JSON: fast, and where that has no word for it, as Python says it.

    That is a number beyond 64 bits, or half a sign of UTF-16.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)

"""What a connector brings back: the variable `response` of its task, or a BPMN error that tells the fault."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..sdk.job import JSON
from ..sdk.worker import BpmnError, Completion, Encoded

RESPONSE = "response"
"""Variable of the task that outputs look at."""

ERROR = "error"
"""Variable of the process that tells the path behind an error boundary event what has happened."""

LONGEST = 500
"""Characters of a message."""


class Raw(str):
    """Text that is JSON already, number for number."""


def answered(**fields: Any) -> Completion:
    """The connector is done."""
    return Completion(element_variables={RESPONSE: Encoded(dumped(fields), JSON)})


def thrown(code: str, message: str, **fields: Any) -> BpmnError:
    """The connector has failed in a way that the diagram may handle.

    Args:
        code: For an error boundary event.
        message: What has happened.
        fields: What else is known.
    """
    told = {"code": code, "message": message[:LONGEST], **fields}
    return BpmnError(code, variables={ERROR: Encoded(dumped(told), JSON)})


def dumped(value: Any) -> str:
    """JSON text; what is `Raw` stays as it is, and decimal numbers keep their digits."""
    match value:
        case Raw():
            return str(value)
        case Mapping():
            return "{" + ",".join(f"{_text(str(key))}:{dumped(entry)}" for key, entry in value.items()) + "}"
        case list() | tuple() | set() | frozenset():
            return "[" + ",".join(map(dumped, value)) + "]"
        case Decimal():
            return format(value, "f") if value.is_finite() else "null"
    return _text(value)


def raw(text: str) -> Raw | None:
    """A text as `Raw`, if it is JSON."""
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return Raw(text)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

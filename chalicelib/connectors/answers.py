"""What a connector brings back: the variable `response` of its task, or a BPMN error that tells the fault."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pydantic import Secret

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


class Thrown(BpmnError):
    """An error of a connector, and all that is told about it."""

    def __init__(self, code: str, message: str, fields: Mapping[str, Any]) -> None:
        """Keep what is told."""
        super().__init__(code, variables={ERROR: _told(code, message, fields)})
        self._fields = fields

    def hidden(self, message: str) -> BpmnError:
        """The same as a secret, with another message: that of a job is read by everybody."""
        return BpmnError(self.code, variables={ERROR: Secret(_told(self.code, message, self._fields))})


def thrown(code: str, message: str, **fields: Any) -> Thrown:
    """The connector has failed in a way that the diagram may handle.

    Args:
        code: For an error boundary event.
        message: What has happened.
        fields: What else is known.
    """
    return Thrown(code, message, fields)


def discreet(is_secret: bool, what: str, act: Callable[[], Completion]) -> Completion:
    """What comes of a call: if it is made of secrets, it is one itself, and texts name no more than `what`.

    Args:
        is_secret: Whether it is made of encrypted variables.
        what: Names the call without any value.
        act: Makes it.

    Raises:
        BpmnError: As `act`.
    """
    if not is_secret:
        return act()
    try:
        found = act()
    except Thrown as fault:
        # Without its cause: that says the values.
        raise fault.hidden(f"{what}: {fault.code}") from None
    return Completion(element_variables={RESPONSE: Secret(found.element_variables[RESPONSE])})  # type: ignore[index]


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


def _told(code: str, message: str, fields: Mapping[str, Any]) -> Encoded:
    return Encoded(dumped({"code": code, "message": message[:LONGEST], **fields}), JSON)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

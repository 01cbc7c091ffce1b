"""Who does a user task, until when and how urgently: what the model says, and what holds for one user task.

What the model says plainly is looked up in the model whenever somebody asks, and never stored. A process
instance stores only what is its own: what a person has set, and what an expression came to.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..bpmn.extension import is_expression, literal
from ..bpmn.instants import format_instant, parse_instant
from ..bpmn.model import Element
from .evaluation import LONGEST, EvaluationFailed, Evaluator
from .records import UserTask

MOST = 1000
"""People or groups that may do one user task."""


def assignment_of(element: Element) -> dict[str, Any]:
    """What the model says plainly of the user tasks of an element, by the names of the API."""
    return _read({name: literal(text) for name, text in _texts(element).items()})


def evaluated(element: Element, evaluator: Evaluator) -> dict[str, Any] | None:
    """What expressions of the model come to, for `UserTask.assignment`; None if there are none.

    Raises:
        EvaluationFailed: One would take too much, or is made of an encrypted variable.
    """
    values = {
        name: evaluator.shown(text, f"{name} of {element.bpmn_element_id}")
        for name, text in _texts(element).items()
        if text is not None and is_expression(text)
    }
    try:
        return _read(values) or None
    except _TooLong as fault:
        raise EvaluationFailed(f"{fault} of {element.bpmn_element_id}", evaluator.asks) from fault


def assignment(user_task: UserTask, element: Element) -> dict[str, Any]:
    """What holds for a user task, by the names of the API; without what is not set."""
    holds = assignment_of(element) | (user_task.assignment or {})
    return {name: value for name, value in holds.items() if value is not None and value != []}


def texts_of(element: Element) -> list[str | None]:
    """What the model says of the user tasks of an element, as it is written."""
    return list(_texts(element).values())


# private


class _TooLong(Exception):
    """Nobody has such a name, nor so many people a user task."""


def _texts(element: Element) -> dict[str, str | None]:
    return {name: getattr(element.extension, field) for name, (field, _) in _ROWS.items()}


def _read(said: Mapping[str, object]) -> dict[str, Any]:
    """What values say; what is no date, no number and no text says nothing."""
    found = {}
    for name, value in said.items():
        try:
            read = None if value is None else _ROWS[name][1](value)
        except _TooLong as fault:
            raise _TooLong(f"{fault} as {name}") from fault
        if read is not None:
            found[name] = read
    return found


def _text(value: object) -> str | None:
    if isinstance(value, str):
        text: str | None = value
    else:
        from ..expressions.texts import to_text

        text = to_text(value)
    if text and len(text) > LONGEST:
        raise _TooLong(f"more than {LONGEST:,} characters")
    return text or None


def _names(value: object) -> list[str] | None:
    """Texts of a list, or of a text with commas, each once."""
    parts = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else [value]
    found = dict.fromkeys(name for part in parts if (name := (_text(part) or "").strip()))
    if len(found) > MOST:
        raise _TooLong(f"more than {MOST:,}")
    return list(found) or None


def _time(value: object) -> str | None:
    """A time in UTC; one without an offset is in UTC already, and what is no time says nothing."""
    if not isinstance(value, str):
        from ..expressions.temporal import Date, DateTime
        from ..expressions.texts import to_instant

        return _instant(to_instant(value)) if isinstance(value, Date | DateTime) else None
    for rest in ("", "Z", "T00:00:00Z"):
        with suppress(ValueError):
            return _instant(parse_instant(value + rest))
    return None


def _instant(moment: int) -> str | None:
    with suppress(ValueError):
        return format_instant(moment)
    return None


def _number(value: object) -> int | None:
    try:
        number = int(_text(value) or "")
    except ValueError:
        return None
    return number if -(2**31) <= number < 2**31 else None


_ROWS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "assignee": ("assignee", _text),
    "candidateUsers": ("candidate_users", _names),
    "candidateGroups": ("candidate_groups", _names),
    "dueDate": ("due_date", _time),
    "followUpDate": ("follow_up_date", _time),
    "priority": ("priority", _number),
    "formKey": ("form_key", _text),
    "formId": ("form_id", _text),
}
"""By name in the API: field of the model, and how it is read."""

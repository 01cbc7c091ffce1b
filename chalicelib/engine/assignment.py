"""Who does a user task, until when and how urgently: what the model says, and what holds for one user task.

What the model says plainly is looked up in the model whenever somebody asks, and never stored. A process
instance stores only what is its own: what a person has set, and what an expression came to.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..bpmn.extension import Extension, is_expression
from ..bpmn.instants import format_instant, parse_instant
from ..bpmn.model import Element
from .records import UserTask

Evaluate = Callable[[str], object]
"""What an expression comes to: a text, a number, a list of texts, or None."""


def assignment_of(element: Element, evaluate: Evaluate | None = None) -> dict[str, Any]:
    """What the model says of the user tasks of an element, by the names of the API.

    Args:
        element: The user task.
        evaluate: Evaluates texts that are expressions; None: these say nothing.
    """
    return _read(element.extension, lambda text: not is_expression(text) or evaluate is not None, evaluate)


def evaluated(element: Element, evaluate: Evaluate) -> dict[str, Any] | None:
    """What expressions of the model come to, for `UserTask.assignment`; None if there are none."""
    return _read(element.extension, is_expression, evaluate) or None


def assignment(user_task: UserTask, element: Element) -> dict[str, Any]:
    """What holds for a user task, by the names of the API; without what is not set."""
    holds = assignment_of(element) | (user_task.assignment or {})
    return {name: value for name, value in holds.items() if value is not None and value != []}


def texts_of(element: Element) -> list[str | None]:
    """What the model says of the user tasks of an element, as it is written."""
    return [getattr(element.extension, field) for field, _ in _ROWS.values()]


# private


def _read(
    extension: Extension, is_wanted: Callable[[str], bool], evaluate: Evaluate | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (field, read) in _ROWS.items():
        text: str | None = getattr(extension, field)
        if text is None or not is_wanted(text):
            continue
        value = evaluate(text) if evaluate and is_expression(text) else text
        said = None if value is None else read(value)
        if said is not None:
            found[name] = said
    return found


def _text(value: object) -> str | None:
    return str(value) or None


def _texts(value: object) -> list[str] | None:
    """Texts of a list, or of a text with commas, each once."""
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    return list(dict.fromkeys(filter(None, (str(part).strip() for part in parts)))) or None


def _time(value: object) -> str | None:
    """A time in UTC; one without an offset is in UTC already, and what is no time says nothing."""
    text = str(value)
    for offset in ("", "Z"):
        try:
            return format_instant(parse_instant(text + offset))
        except ValueError:
            continue
    return None


def _number(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if -(2**31) <= number < 2**31 else None


_ROWS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "assignee": ("assignee", _text),
    "candidateUsers": ("candidate_users", _texts),
    "candidateGroups": ("candidate_groups", _texts),
    "dueDate": ("due_date", _time),
    "followUpDate": ("follow_up_date", _time),
    "priority": ("priority", _number),
    "formKey": ("form_key", _text),
    "formId": ("form_id", _text),
}
"""By name in the API: field of the model, and how it is read."""

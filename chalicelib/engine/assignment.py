"""Who does a user task, until when and how urgently: what the model says, and what holds for one user task.

What the model says plainly is looked up in the model whenever somebody asks, and never stored. A process
instance stores only what is its own: what a person has set, and what an expression came to.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..bpmn.extension import is_expression, literal
from ..bpmn.instants import format_instant
from ..bpmn.model import Element, Process
from .evaluation import LONGEST, EvaluationFailed, Evaluator
from .policies import policy_of
from .records import UserTask
from .timers import moment_of

MOST = 1000
"""People or groups that may do one user task."""

USER, GROUP = "user", "group"

Named = tuple[str, str]
"""`USER` or `GROUP`, and a name; a group is a work party or a role."""

LISTED, LINK = "listed", "link"

_ADDED = ("claimedBy", "owner")
"""What only claims say of a user task, never the model."""

_OWN = (LISTED, LINK)
"""What is kept with the assignment and is nobody's business."""


def assignment_of(element: Element) -> dict[str, Any]:
    """What the model says plainly of the user tasks of an element, by the names of the API."""
    return _read({name: literal(text) for name, text in _texts(element).items()})


def evaluated(process: Process, element: Element, evaluator: Evaluator) -> dict[str, Any] | None:
    """What expressions of the model come to, for `UserTask.assignment`; None if there are none.

    Raises:
        EvaluationFailed: One would take too much, or is made of an encrypted variable.
    """
    what = f"of {element.bpmn_element_id}"
    values = {
        name: evaluator.shown(text, f"{name} {what}")
        for name, text in _texts(element).items()
        if text is not None and is_expression(text)
    }
    try:
        found = _read(values)
        if policy_of(process, element) is not None:
            found = _without_people(found)
        if link_of(element) is None:
            found[LINK] = link_of(element, lambda text: _text(evaluator.shown(text, f"link {what}")))
    except _TooLong as fault:
        raise EvaluationFailed(f"{fault} {what}", evaluator.asks) from fault
    return found or None


def assignment(user_task: UserTask, process: Process) -> dict[str, Any]:
    """What holds for a user task, by the names of the API; without what is not set."""
    holds = _said(process, process.elements[user_task.element]) | (user_task.assignment or {})
    return {
        name: value for name, value in holds.items() if value is not None and value != [] and name not in _OWN
    }


def reassign(user_task: UserTask, process: Process, changes: Mapping[str, Any]) -> None:
    """Let something else hold for a user task from now on.

    Whoever was named stays listed. A new assignee takes it from the one who holds it.

    Args:
        user_task: The user task.
        process: Its process.
        changes: By the names of the API; None: nothing.
    """
    before, own = audience(user_task, process), user_task.assignment or {}
    holder, given = own.get("claimedBy"), dict(changes)
    if holder and "claimedBy" not in given and given.get("assignee") not in (None, holder):
        given |= {"claimedBy": None, "owner": holder}
    user_task.assignment = _without_none(own | given)
    left = before - audience(user_task, process)
    if left:
        listed = [*map(tuple, own.get(LISTED, ())), *sorted(left)]
        user_task.assignment[LISTED] = [list(named) for named in dict.fromkeys(listed)]


def audience(user_task: UserTask, process: Process) -> set[Named]:
    """Under whom a user task is found: who may do it, who holds it, and whoever could before."""
    said = assignment(user_task, process)
    users = {said.get("assignee"), said.get("claimedBy"), *said.get("candidateUsers", ())} - {None}
    listed = (user_task.assignment or {}).get(LISTED, ())
    return {
        *((USER, str(user)) for user in users),
        *((GROUP, str(group)) for group in said.get("candidateGroups", ())),
        *((str(kind), str(name)) for kind, name in listed),
    }


def link_of(element: Element, evaluate: Callable[[str], str | None] | None = None) -> str | None:
    """What the screen of a user task is asked for, `key=value` pairs with `&`; `=` where nothing is.

    Args:
        element: The user task.
        evaluate: Evaluates texts that are expressions; None: then None, if there are any.
    """
    pairs = []
    for name, text in _link_keys(element):
        if is_expression(text) and evaluate is None:
            return None
        value = evaluate(text) if evaluate is not None and is_expression(text) else text
        pairs.append(f"{_quoted(name)}={_quoted(value or '')}")
    return "&".join(pairs) or "="


def link(user_task: UserTask, element: Element) -> str:
    """What the screen of a user task is asked for."""
    return (user_task.assignment or {}).get(LINK) or link_of(element) or "="


def texts_of(element: Element) -> list[str | None]:
    """What the model says of the user tasks of an element, as it is written."""
    return [*_texts(element).values(), *(text for _, text in _link_keys(element))]


# private

_NAMES_PEOPLE = ("assignee", "candidateUsers", "candidateGroups")


def _said(process: Process, element: Element) -> dict[str, Any]:
    """What the model says plainly: a policy counts more than the assignee and the candidates beside it."""
    said, policy = assignment_of(element), policy_of(process, element)
    if policy is None:
        return said
    return _without_people(said) | ({"candidateGroups": [policy.group]} if policy.group else {})


def _link_keys(element: Element) -> Iterator[tuple[str, str]]:
    """The properties `loadEntityKey NAME`."""
    for key, text in element.extension.properties:
        word, _, name = key.partition(" ")
        if word == "loadEntityKey" and name.strip():
            yield name.strip(), text


def _without_people(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in _NAMES_PEOPLE}


def _without_none(changed: Mapping[str, Any]) -> dict[str, Any]:
    """What is not said by the model need not be said to be nothing."""
    return {name: value for name, value in changed.items() if value is not None or name not in _ADDED}


def _quoted(text: str) -> str:
    """As in a URL. Source: RFC 3986, section 2."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-._~") else _percent(c) for c in text)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


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
    with suppress(ValueError):
        return format_instant(moment_of(value, "T00:00:00Z"))
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

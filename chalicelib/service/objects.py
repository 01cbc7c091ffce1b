"""Business objects: process variables of encoding `json`, by name, whatever characters it has."""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from ..bpmn.business_objects import INPUT, OUTPUT, WrongType, accept, business_objects, shape
from ..bpmn.model import Process
from ..engine.errors import ExecutionError, InvalidCommand, Reason
from ..engine.evaluation import ENCODING, EvaluationFailed
from ..engine.instance import Scope
from ..engine.json_text import read, write
from ..engine.mappings import home_of, json_value, new_variable
from ..engine.records import NewVariable, UserTask, Variable
from ..engine.step import Step
from .desk import Desk
from .environment import Environment, Work
from .values import clear
from .variables import scopes_around

WRAPPER = "object"
"""Under which some clients send all business objects, also where they stand alone."""

MAX_DEPTH = 100
"""Levels of a business object that comes in."""


def new(process: Process, given: Mapping[str, Any]) -> list[NewVariable]:
    """The variables of a new process instance.

    Raises:
        InvalidCommand: A business object is not of the type that the process says.
    """
    values = _typed(process, _wrapped(process, given))
    return [NewVariable(name, ENCODING, write(value)) for name, value in values.items()]


def merged(step: Step, user_task: UserTask, given: Mapping[str, Any]) -> Iterator[NewVariable]:
    """What a person sends with a task: sent fields replace, others stay, null clears, lists go whole.

    A task with outputs keeps it at its own scope, where the outputs see it; else it goes to the nearest scope
    around that has the business object, over what that one says and not over the task's own input of the same
    name. What comes anew begins with what the task sees.

    Raises:
        InvalidCommand: A business object is not of the type that the process says, or cannot be merged.
    """
    token = step.instance.element_instances[user_task.element_instance_id]
    keeps = bool(step.process.elements[user_task.element].extension.outputs)
    known = _visible(step, user_task)
    given = unwrapped(step.process, given, known)
    if not known.keys() & given.keys():
        given = _wrapped(step.process, given)
    for name, value in _typed(step.process, given).items():
        scope = token.id if keeps else home_of(step, token, name)
        seen_here = known.get(name)
        before = step.instance.variables.get((scope, name), seen_here)
        # A person may send back what they saw in clear: what was encrypted anywhere stays so.
        is_secret = any(one is not None and one.encrypted for one in (before, seen_here))
        try:
            # What is no object replaces whatever was there, also what could not be read.
            is_merged = isinstance(value, dict) and before is not None and before.encoding == ENCODING
            old = json_value(step, before) if is_merged and before else None
            yield new_variable(step, name, _over(old, value), scope=scope, is_secret=is_secret)
        except EvaluationFailed as fault:
            raise InvalidCommand(fault.reason) from fault


def unwrapped(process: Process, given: Mapping[str, Any], known: Container[str] = ()) -> Mapping[str, Any]:
    """What stands under a sole `object`, unless a business object has that name.

    Args:
        process: The process.
        given: The body of a request.
        known: Names of business objects that are there, besides those that the process says.
    """
    names = [one.name for one in business_objects(process, INPUT)]
    inner = given.get(WRAPPER)
    is_wrapped = len(given) == 1 and isinstance(inner, dict) and WRAPPER not in names and WRAPPER not in known
    return inner if is_wrapped and inner is not None else given


def seen(env: Environment, work: Work, user_task: UserTask) -> dict[str, Any]:
    """The business objects of a task: its mapped inputs, or without any, all that it sees.

    Raises:
        Overtaken: A value was replaced meanwhile.
        InvalidCommand: A value is encrypted, and there is no key.
    """
    extension = work.process.model.elements[user_task.element].extension
    wanted = {target.partition(".")[0] for target, _ in extension.inputs}
    scopes: list[Scope] = [*scopes_around(work, user_task.element_instance_id), None]
    found: dict[str, Variable] = {}
    for scope in scopes:
        for (where, name), variable in work.instance.variables.items():
            if where == scope and variable.encoding == ENCODING and (not wanted or name in wanted):
                found.setdefault(name, variable)
    env.store.read_values(work, list(found.values()))
    return {name: _value(clear(variable, env)) for name, variable in sorted(found.items())}


def going_in(process: Process, given: Mapping[str, Any]) -> list[NewVariable]:
    """The variables of a microflow: what it says goes in, missing ones null; else all that is given.

    Raises:
        InvalidCommand: A business object is not of the type that the process says.
    """
    declared = business_objects(process, INPUT)
    if not declared:
        return new(process, given)
    values = _typed(process, _wrapped(process, given))
    return [NewVariable(one.name, ENCODING, write(values.get(one.name))) for one in declared]


def coming_out(env: Environment, process: Process, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The business objects that a process says come out, by name: each is there, if need be empty.

    Raises:
        InvalidCommand: One is encrypted, and there is no key.
    """
    found = {}
    for one in business_objects(process, OUTPUT):
        variable = variables.get(one.name)
        value = None if variable is None else _shown(variable, clear(variable, env))
        found[one.name] = one.empty if value is None else shape(one.type, value)
    return found


def empty(process: Process) -> dict[str, Any]:
    """The business objects that come out of a process that has not come to its end."""
    return {one.name: one.empty for one in business_objects(process, OUTPUT)}


def require_no_failure(desk: Desk) -> None:
    """Undo everything if a node failed on the way.

    Raises:
        ExecutionError: One did.
    """
    failures = desk.failures()
    if failures:
        raise ExecutionError("; ".join(failures), reason=Reason.PROCESS_EXECUTION_FAILED)


# private


def _wrapped(process: Process, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Business objects by name; where there is only one and none is named, these are its fields."""
    declared = business_objects(process, INPUT)
    if len(declared) != 1 or not given or declared[0].name in given:
        return given
    return {declared[0].name: dict(given)}


def _typed(process: Process, given: Mapping[str, Any]) -> dict[str, Any]:
    """Each business object as one of its type."""
    _require_flat(given)
    declared = {one.name: one.type for one in business_objects(process, INPUT)}
    try:
        return {name: accept(declared.get(name, "Any"), value, name) for name, value in given.items()}
    except WrongType as fault:
        raise InvalidCommand(str(fault)) from fault


def _require_flat(given: Mapping[str, Any]) -> None:
    """What can be merged, and answered again, has so many levels at most.

    Raises:
        InvalidCommand: It has more; names the business object and its field.
    """
    for name, value in given.items():
        level = (
            [(field, inner) for field, inner in value.items()] if isinstance(value, dict) else [("", value)]
        )
        for _ in range(MAX_DEPTH):
            level = [(field, inner) for field, one in level for inner in _inside(one)]
        if level:
            place = ".".join(filter(None, (name, level[0][0])))
            raise InvalidCommand(f"{place} is nested deeper than {MAX_DEPTH} levels")


def _inside(value: Any) -> Iterable[Any]:
    """The members of a list or an object that have members themselves."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [member for member in members if isinstance(member, dict | list)]


def _visible(step: Step, user_task: UserTask) -> dict[str, Variable]:
    """The variables that a user task sees, by name."""
    scopes: list[Scope] = [None]
    token = step.instance.element_instances.get(user_task.element_instance_id)
    while token is not None:
        scopes.insert(-1, token.id)
        token = step.instance.element_instances.get(token.parent_id or 0)
    found: dict[str, Variable] = {}
    for scope in scopes:
        for (where, name), variable in step.instance.variables.items():
            if where == scope:
                found.setdefault(name, variable)
    return found


def _over(old: Any, new: Any) -> Any:
    """A value with what was sent over it."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{name: _over(old.get(name), value) for name, value in new.items()}}


def _shown(variable: Variable, text: str) -> Any:
    """What a variable says; one of another encoding is text."""
    return _value(text) if variable.encoding == ENCODING else text


def _value(text: str) -> Any:
    """What is no JSON, although its encoding promises it, is a text."""
    try:
        return read(text)
    except (ValueError, RecursionError):
        return text

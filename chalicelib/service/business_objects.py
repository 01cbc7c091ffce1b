"""Business objects of a process: what goes in becomes variables, what comes out is made of them."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from ..bpmn.business_objects import INPUT, OUTPUT, WrongType, accept, business_objects, shape
from ..bpmn.model import Process
from ..engine.errors import InvalidCommand
from ..engine.evaluation import ENCODING
from ..engine.records import NewVariable, Variable
from .environment import Environment
from .values import clear


def going_in(process: Process, given: Mapping[str, Any]) -> list[NewVariable]:
    """The variables of the business objects that a process says go in; without any, of all that are given.

    What is missing is null, what the process does not know is left out. Where one goes in and its name is not
    given, everything given is its fields.

    Raises:
        InvalidCommand: One is of another type; the text names the field.
    """
    declared = business_objects(process, INPUT)
    if not declared:
        return [_variable(name, value) for name, value in given.items()]
    if len(declared) == 1 and given and declared[0].name not in given:
        given = {declared[0].name: given}
    try:
        return [_variable(one.name, accept(one.type, given.get(one.name), one.name)) for one in declared]
    except WrongType as fault:
        raise InvalidCommand(str(fault)) from fault


def coming_out(process: Process, variables: Mapping[str, Variable], env: Environment) -> dict[str, Any]:
    """The business objects that a process says come out, by name: each is there, if need be empty.

    Raises:
        InvalidCommand: One is not the JSON that its encoding promises, or cannot be decrypted.
    """
    found = {}
    for one in business_objects(process, OUTPUT):
        variable = variables.get(one.name)
        value = None if variable is None else _value(variable, env)
        found[one.name] = one.empty if value is None else shape(one.type, value)
    return found


def empty(process: Process) -> dict[str, Any]:
    """The business objects that come out of a process that has not come to its end."""
    return {one.name: one.empty for one in business_objects(process, OUTPUT)}


def _variable(name: str, value: Any) -> NewVariable:
    return NewVariable(name, ENCODING, orjson.dumps(value).decode())


def _value(variable: Variable, env: Environment) -> Any:
    """What a variable says; one of another encoding is text."""
    text = clear(variable, env)
    try:
        return json.loads(text) if variable.encoding == ENCODING else text
    except (ValueError, RecursionError):
        fact = f"variable {variable.name} is not the JSON that its encoding promises"
        raise InvalidCommand(fact) from None

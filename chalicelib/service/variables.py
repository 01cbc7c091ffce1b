"""Variables: read and written, encrypted on the way in and decrypted on the way out."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine.errors import Conflict, InvalidCommand, NotFound
from ..engine.instance import Scope
from ..engine.records import ElementInstance, Job, NewVariable, Variable
from ..engine.step import Step
from ..engine.variables import require_running, set_variables
from .environment import Environment, Work
from .values import clear
from .work import change, load, require_instance_id

InputVariable = c.ProcessVariable | c.ElementVariable


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables that a fed job sees, read when they are asked for, in the words of the API."""

    env: Environment
    work: Work
    job: Job

    def process_variables(self, names: Collection[str] | None) -> list[dict[str, Any]]:
        """Those of the process scope, of some names or all.

        Raises:
            Overtaken: A value was replaced meanwhile.
            InvalidCommand: A value is encrypted, and there is no key.
        """
        return variables_of(self.env, self.work, [None], names)

    def element_variables(self, names: Collection[str] | None) -> list[dict[str, Any]]:
        """Those of the element and of the scopes around it, the innermost last.

        Raises:
            Overtaken: A value was replaced meanwhile.
            InvalidCommand: A value is encrypted, and there is no key.
        """
        scopes = scopes_around(self.work, self.job.element_instance_id)
        return variables_of(self.env, self.work, list(reversed(scopes)), names)


def get_process_variables(cmd: c.GetProcessVariables, env: Environment) -> dict[str, Any]:
    """Variables of the process scope, sorted by name.

    Raises:
        NotFound: There is no such process instance.
    """
    work = load(env, cmd.partition, cmd.id, "process instance")
    require_instance_id(work, cmd.partition, cmd.id)
    found = _named(cmd.names, (v for v in work.instance.variables.values() if v.element_instance_id is None))
    env.store.read_values(work, found)
    variables = [wire.variable_with_value(variable, clear(variable, env)) for variable in found]
    return {"count": len(variables), "variables": variables}


def set_process_variables(cmd: c.SetProcessVariables, env: Environment) -> None:
    """Set or delete variables of the process scope.

    Raises:
        NotFound: There is no such process instance.
        Conflict: It has ended.
        InvalidCommand: A value is to be encrypted, and there is no key.
    """

    def think(work: Work, step: Step) -> None:
        require_instance_id(work, cmd.partition, cmd.id)
        require_running(work.instance)
        set_variables(step, new_variables(cmd.variables, env))

    change(env, cmd.worker_id, cmd.partition, cmd.id, "process instance", think)


def get_element_variables(cmd: c.GetElementVariables, env: Environment) -> dict[str, Any]:
    """Variables of an element instance and of the scopes around it, sorted by name, then element.

    Raises:
        NotFound: There is no such element instance.
    """
    work = load(env, cmd.partition, cmd.id, "element instance")
    number = work.instance.number(cmd.id) or 0
    tokens = dict(work.instance.element_instances)
    variables = list(work.instance.variables.values())
    if number not in tokens:
        # It has ended, or never was: only the history knows.
        history = env.store.history(work)
        tokens |= {record.id: record for record in history if isinstance(record, ElementInstance)}
        variables += [record for record in history if isinstance(record, Variable)]
    if number not in tokens:
        raise NotFound(f"element instance {cmd.partition}/{cmd.id} could not be found")
    scopes = {number} if cmd.exclude_parent_variables else {token.id for token in _around(tokens, number)}
    found = _named(cmd.names, (v for v in variables if v.element_instance_id in scopes))
    env.store.read_values(work, found)
    elements = work.process.model.elements
    answers = [
        {"bpmnElementId": elements[v.element or 0].bpmn_element_id}
        | wire.variable_with_value(v, clear(v, env))
        for v in found
    ]
    return {"count": len(answers), "variables": answers}


def set_element_variables(cmd: c.SetElementVariables, env: Environment) -> None:
    """Set or delete variables at the scope of an element instance, or of a scope around it that they name.

    Raises:
        NotFound: There is no such element instance.
        Conflict: It has ended, or its process instance has.
        InvalidCommand: A variable names an element that is not around it.
    """

    def think(work: Work, step: Step) -> None:
        instance = work.instance
        number = instance.number(cmd.id)
        if number is None or number > instance.counters.element_instances:
            raise NotFound(f"element instance {cmd.partition}/{cmd.id} could not be found")
        require_running(instance)
        if number not in instance.element_instances:
            raise Conflict(f"element instance {cmd.partition}/{cmd.id} is ended")
        set_variables(step, element_variables(cmd.variables, env, work, number))

    change(env, cmd.worker_id, cmd.partition, cmd.id, "element instance", think)


def new_variables(
    variables: Iterable[InputVariable], env: Environment, scope: Scope = None
) -> list[NewVariable]:
    """Variables as the engine takes them, encrypted where that is asked for.

    Raises:
        InvalidCommand: A value is to be encrypted, and there is no key.
    """
    return [_new_variable(variable, env, scope) for variable in variables]


def element_variables(
    variables: Sequence[c.ElementVariable], env: Environment, work: Work, number: int
) -> list[NewVariable]:
    """Variables of an open element instance, or of a scope around it that they name.

    Raises:
        InvalidCommand: A variable names an element that is not around it.
    """
    elements = work.process.model.elements
    around = _around(work.instance.element_instances, number)
    scopes: dict[str, Scope] = {elements[token.element].bpmn_element_id: token.id for token in around}
    found = []
    for variable in variables:
        if variable.bpmn_element_id is not None and variable.bpmn_element_id not in scopes:
            name, here = variable.bpmn_element_id, work.instance.pointer(number)
            raise InvalidCommand(f"element {name} is neither {here} nor around it")
        scope = scopes[variable.bpmn_element_id] if variable.bpmn_element_id else number
        found.append(_new_variable(variable, env, scope))
    return found


def scopes_around(work: Work, number: int) -> list[Scope]:
    """An open element instance and the scopes around it, innermost first, without the process scope."""
    return [token.id for token in _around(work.instance.element_instances, number)]


def variables_of(
    env: Environment, work: Work, scopes: Sequence[Scope], names: Collection[str] | None
) -> list[dict[str, Any]]:
    """Variables of some scopes with their values, scope by scope, of some names or all.

    Raises:
        Overtaken: A value was replaced meanwhile.
        InvalidCommand: A value is encrypted, and there is no key.
    """
    found = [
        variable
        for scope in scopes
        for variable in work.instance.variables.values()
        if variable.element_instance_id == scope and (names is None or variable.name in names)
    ]
    env.store.read_values(work, found)
    return [_answer(work, variable, clear(variable, env)) for variable in found]


def _answer(work: Work, variable: Variable, value: str) -> dict[str, Any]:
    """A variable with its value and, unless it is of the process, its element."""
    answer = wire.variable_with_value(variable, value)
    if variable.element is not None:
        answer["bpmnElementId"] = work.process.model.elements[variable.element].bpmn_element_id
    return answer


def _around(tokens: dict[int, ElementInstance], number: int) -> list[ElementInstance]:
    """An element instance and the scopes around it, innermost first."""
    found = []
    token = tokens.get(number)
    while token is not None:
        found.append(token)
        token = tokens.get(token.parent_id or 0)
    return found


def _named(names: str | None, variables: Iterable[Variable]) -> list[Variable]:
    """Those of the names, separated by commas, or all; sorted by name, then element."""
    wanted = set(names.split(",")) if names else None
    found = [variable for variable in variables if wanted is None or variable.name in wanted]
    return sorted(found, key=lambda variable: (variable.name, variable.element or 0, variable.id))


def rows(variables: Sequence[c.ProcessVariable], env: Environment) -> list[list[str | bool | None]]:
    """Variables as a message or a signal carries them, see `engine.signals.Rows`."""
    return [[new.name, new.encoding, new.value, new.encrypted] for new in new_variables(variables, env)]


def _new_variable(variable: InputVariable, env: Environment, scope: Scope) -> NewVariable:
    data = variable.data
    if data is None:
        return NewVariable(variable.name, scope=scope)
    if not data.encrypted:
        return NewVariable(variable.name, data.encoding, data.value, False, scope)
    if env.cipher is None:
        raise InvalidCommand(f"variable {variable.name} cannot be encrypted: no encryption key is configured")
    return NewVariable(variable.name, data.encoding, env.cipher.encrypt(data.value), True, scope)

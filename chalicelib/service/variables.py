"""Variables: read and written, encrypted on the way in and decrypted on the way out."""

from collections.abc import Iterable
from typing import Any

from ..bpmn.errors import Cause
from ..contract import commands as c
from ..contract import wire
from ..engine.errors import InvalidCommand, NotFound
from ..engine.instance import Scope
from ..engine.records import Variable
from ..engine.step import Step
from ..engine.variables import NewVariable, require_running, set_variables
from .environment import Environment, Work
from .work import change, load


def get_process_variables(cmd: c.GetProcessVariables, env: Environment) -> dict[str, Any]:
    """Variables of the process scope, sorted by name.

    Raises:
        NotFound: There is no such process instance.
    """
    work = load(env, cmd.partition, cmd.id, "process instance")
    _require_instance_id(work, cmd.partition, cmd.id)
    names = set(cmd.names.split(",")) if cmd.names else None
    found = [
        variable
        for (scope, name), variable in sorted(work.instance.variables.items(), key=lambda item: item[0][1])
        if scope is None and (names is None or name in names)
    ]
    env.store.read_values(work, found)
    variables = [wire.variable_with_value(variable, _clear(variable, env)) for variable in found]
    return {"count": len(variables), "variables": variables}


def set_process_variables(cmd: c.SetProcessVariables, env: Environment) -> None:
    """Set or delete variables of the process scope.

    Raises:
        NotFound: There is no such process instance.
        Conflict: It has ended.
        InvalidCommand: A value is to be encrypted, and there is no key.
    """

    def think(work: Work, step: Step) -> None:
        _require_instance_id(work, cmd.partition, cmd.id)
        require_running(work.instance)
        set_variables(step, new_variables(cmd.variables, env))

    change(env, cmd.worker_id, cmd.partition, cmd.id, "process instance", think)


def new_variables(
    variables: Iterable[c.ProcessVariable | c.ElementVariable], env: Environment, scope: Scope = None
) -> list[NewVariable]:
    """Variables as the engine takes them, encrypted where that is asked for.

    Raises:
        InvalidCommand: A value is to be encrypted, and there is no key.
    """
    return [_new_variable(variable, env, scope) for variable in variables]


def _new_variable(
    variable: c.ProcessVariable | c.ElementVariable, env: Environment, scope: Scope
) -> NewVariable:
    data = variable.data
    if data is None:
        return NewVariable(variable.name, scope=scope)
    if not data.encrypted:
        return NewVariable(variable.name, data.encoding, data.value, False, scope)
    if env.cipher is None:
        raise InvalidCommand(
            f"variable {variable.name} cannot be encrypted",
            causes=[Cause(f"#/{variable.name}", "encrypted", "no encryption key is configured")],
        )
    return NewVariable(variable.name, data.encoding, env.cipher.encrypt(data.value), True, scope)


def _clear(variable: Variable, env: Environment) -> str:
    value = variable.value or ""
    if not variable.encrypted:
        return value
    if env.cipher is None:
        raise InvalidCommand(f"variable {variable.name} is encrypted, and no encryption key is configured")
    return env.cipher.decrypt(value)


def _require_instance_id(work: Work, partition: str, id: int) -> None:
    """An id block holds 64 ids; only the first is the instance's own."""
    if work.instance.id != id:
        raise NotFound(f"process instance {partition}/{id} could not be found")

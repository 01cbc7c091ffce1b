"""Variables at process scope and at the scope of an element instance."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .errors import Conflict
from .instance import ProcessInstance, Scope
from .records import NewVariable, Variable

if TYPE_CHECKING:
    from .step import Step


def set_variables(step: "Step", variables: Iterable[NewVariable]) -> None:
    """Set or delete variables; of two with equal scope and name, the first counts."""
    first: dict[tuple[Scope, str], NewVariable] = {}
    for new in variables:
        first.setdefault((new.scope, new.name), new)
    for key, new in first.items():
        if new.encoding is None:
            step.instance.variables.pop(key, None)
        else:
            _set(step, key, new)


def require_running(instance: ProcessInstance) -> None:
    """Variables of an ended instance stay readable, but are not written any more.

    Raises:
        Conflict: The instance has ended.
    """
    if instance.is_ended:
        raise Conflict(f"process instance {instance.partition}/{instance.id} is ended")


def _set(step: "Step", key: tuple[Scope, str], new: NewVariable) -> None:
    variable = step.instance.variables.get(key)
    if variable is None:
        counters = step.instance.counters
        counters.variables += 1
        now, actor = step.now, step.actor
        variable = Variable(counters.variables, new.name, "", False, now, actor, now, actor, new.scope)
        if new.scope is not None:
            variable.element = step.instance.element_instances[new.scope].element
        step.instance.variables[key] = variable
    variable.encoding = new.encoding or ""
    variable.value = new.value
    variable.encrypted = new.encrypted
    variable.stored_as = None
    variable.updated_at = step.now
    variable.updated_by = step.actor

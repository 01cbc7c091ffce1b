"""Variables that the model makes: of the inputs and outputs of an element, and of a result.

Source: engine-semantics, section 8, for scopes.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..bpmn.model import Element
from ..bpmn.types import Family
from .evaluation import ENCODING, Evaluator
from .instance import Scope
from .records import ElementInstance, NewVariable
from .states import InstanceState
from .variables import set_variables

if TYPE_CHECKING:
    from .step import Step


def map_inputs(step: "Step", element: Element, token: ElementInstance) -> None:
    """Make the variables that an element works with, at its own scope.

    Those of an activity are made before its first boundary event listens, which sees them.

    Raises:
        EvaluationFailed: A source has no value.
    """
    host = step.instance.element_instances.get(token.host_id or 0)
    if host is not None and element.family is Family.BOUNDARY_EVENT:
        activity = step.process.elements[host.element]
        if host.state is InstanceState.CREATED and step.process.boundary_events(activity)[0] is element:
            _map_inputs(step, activity, host)
    if not step.process.boundary_events(element):
        _map_inputs(step, element, token)


def map_outputs(step: "Step", element: Element, token: ElementInstance) -> None:
    """Make the variables that remain when an element is done.

    Each lies in the nearest scope around the element that has a variable of its name, or at process scope.

    Raises:
        EvaluationFailed: A source has no value.
    """
    if not element.extension.outputs:
        return
    evaluator = step.evaluator(token)
    for target, source in element.extension.outputs:
        value = evaluator.json(source)
        put(step, home_of(step, token, target), target, value, evaluator)


def put_result(step: "Step", element: Element, token: ElementInstance, name: str, value: Any) -> None:
    """Keep a result of the element itself: at its own scope if it has outputs, which see it there."""
    scope = token.id if element.extension.outputs else home_of(step, token, name)
    put(step, scope, name, value)


def home_of(step: "Step", token: ElementInstance, target: str) -> Scope:
    """The nearest scope around an element that has a variable of a name; the process scope if none has."""
    name = target.partition(".")[0]
    place = step.instance.element_instances.get(token.parent_id or 0)
    while place is not None:
        if (place.id, name) in step.instance.variables:
            return place.id
        place = step.instance.element_instances.get(place.parent_id or 0)
    return None


def put(step: "Step", scope: Scope, target: str, value: Any, evaluator: Evaluator | None = None) -> None:
    """Set a variable, or with dots in its name, an entry of one: `order.customer.name`.

    Args:
        step: The step.
        scope: Where.
        target: The name.
        value: JSON.
        evaluator: What has made the value; if it has seen something encrypted, the value is encrypted too.
    """
    name, *path = target.split(".")
    is_secret = evaluator is not None and evaluator.names.saw_secret
    if path:
        value, was_secret = _merged(step, scope, name, path, value)
        is_secret = is_secret or was_secret
    set_variables(step, [new_variable(step, name, value, scope=scope, is_secret=is_secret)])
    if evaluator is not None:
        evaluator.names.forget(name)


def new_variable(
    step: "Step", name: str, value: Any, *, scope: Scope = None, is_secret: bool = False
) -> NewVariable:
    """A variable of a value that the model has made.

    Args:
        step: The step.
        name: Of the variable.
        value: JSON.
        scope: Where.
        is_secret: Whether the value is encrypted.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    stored = step.values.encrypt(text) if is_secret else text
    return NewVariable(name, ENCODING, stored, is_secret, scope)


def _map_inputs(step: "Step", element: Element, token: ElementInstance) -> None:
    if not element.extension.inputs:
        return
    evaluator = step.evaluator(token)
    for target, source in element.extension.inputs:
        put(step, token.id, target, evaluator.json(source), evaluator)


def _merged(
    step: "Step", scope: Scope, name: str, path: Sequence[str], value: Any
) -> tuple[dict[str, Any], bool]:
    """A variable with one entry changed, and whether it was encrypted; what is no object gives way."""
    variable = step.instance.variables.get((scope, name))
    before: Any = None
    if variable is not None and variable.encoding == ENCODING:
        try:
            before = json.loads(step.values.clear(variable))
        except ValueError:
            before = None
    root = before if isinstance(before, dict) else {}
    at = root
    for entry in path[:-1]:
        inner = at.get(entry)
        at[entry] = at = inner if isinstance(inner, dict) else {}
    at[path[-1]] = value
    return root, variable is not None and variable.encrypted

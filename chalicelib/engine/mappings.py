"""Variables that the model makes: of the inputs and outputs of an element, and of a result.

Source: engine-semantics, section 8, for scopes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

from ..bpmn.model import Element
from .evaluation import ENCODING, EvaluationFailed, Evaluator
from .instance import Scope
from .json_text import read, write
from .records import ElementInstance, NewVariable, Variable
from .variables import set_variables

if TYPE_CHECKING:
    from .step import Step


def map_inputs(step: "Step", element: Element, token: ElementInstance) -> None:
    """Make the variables that an element works with, once, at its own scope; all of them, or none.

    Raises:
        EvaluationFailed: A source has no value.
    """
    if not step.lacks_inputs(token):
        return
    evaluator = step.evaluator(token)
    with all_or_none(step):
        for target, source in element.extension.inputs:
            put(step, token.id, target, evaluator.json(source), evaluator)
    token.is_mapped = True


def forget_inputs(step: "Step", token: ElementInstance) -> None:
    """The inputs of an element that has not begun are to be made again."""
    for target, _ in step.process.elements[token.element].extension.inputs:
        step.instance.variables.pop((token.id, target.partition(".")[0]), None)
    token.is_mapped = False


def map_outputs(step: "Step", element: Element, token: ElementInstance) -> None:
    """Make the variables that remain when an element is done; all of them, or none.

    Each lies in the nearest scope around the element that has a variable of its name, or at process scope.

    Raises:
        EvaluationFailed: A source has no value.
    """
    if not element.extension.outputs:
        return
    evaluator = step.evaluator(token)
    with all_or_none(step):
        for target, source in element.extension.outputs:
            value = evaluator.json(source)
            put(step, home_of(step, token, target), target, value, evaluator)


@contextmanager
def all_or_none(step: "Step") -> Iterator[None]:
    """Variables that are set inside of the block stay as they were if an evaluation fails in it."""
    instance = step.instance
    before = {key: copy(variable) for key, variable in instance.variables.items()}
    count = instance.counters.variables
    try:
        yield
    except EvaluationFailed:
        instance.variables.clear()
        instance.variables.update(before)
        instance.counters.variables = count
        raise


def put_result(
    step: "Step", element: Element, token: ElementInstance, name: str, value: Any, evaluator: Evaluator
) -> None:
    """Keep a result of the element itself: at its own scope if it has outputs, which see it there."""
    scope = token.id if element.extension.outputs else home_of(step, token, name)
    put(step, scope, name, value, evaluator)


def home_of(step: "Step", token: ElementInstance, target: str) -> Scope:
    """The nearest scope around an element that has a variable of a name; the process scope if none has."""
    name = target.partition(".")[0]
    place = step.instance.element_instances.get(token.parent_id or 0)
    while place is not None:
        if (place.id, name) in step.instance.variables:
            return place.id
        place = step.instance.element_instances.get(place.parent_id or 0)
    return None


def put(step: "Step", scope: Scope, target: str, value: Any, evaluator: Evaluator) -> None:
    """Set a variable, or with dots in its name, an entry of one: `order.customer.name`.

    Args:
        step: The step.
        scope: Where.
        target: The name.
        value: JSON.
        evaluator: What has made the value; if it has seen something encrypted, the value is encrypted too.
    """
    name, *path = target.split(".")
    is_secret = evaluator.saw_secret
    if path:
        value, was_secret = _merged(step, scope, name, path, value)
        is_secret = is_secret or was_secret
    set_variables(step, [new_variable(step, name, value, scope=scope, is_secret=is_secret)])
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
    text = write(value)
    stored = step.values.encrypt(text) if is_secret else text
    return NewVariable(name, ENCODING, stored, is_secret, scope)


def json_value(step: "Step", variable: Variable) -> Any:
    """What a variable of encoding `json` says, changed in part and written again later; None if no JSON.

    Raises:
        EvaluationFailed: It is too deep, or it is encrypted and there is no key.
    """
    try:
        return read(step.values.clear(variable))
    except ValueError:
        return None
    except RecursionError as fault:
        raise EvaluationFailed(f"variable {variable.name} is too deep to change a part of it") from fault


def _merged(
    step: "Step", scope: Scope, name: str, path: Sequence[str], value: Any
) -> tuple[dict[str, Any], bool]:
    """A variable with one entry changed, and whether it was encrypted; what is no object gives way.

    Raises:
        EvaluationFailed: The variable cannot be written again as it is.
    """
    variable = step.instance.variables.get((scope, name))
    is_json = variable is not None and variable.encoding == ENCODING
    found = json_value(step, variable) if variable is not None and is_json else {}
    root = found if isinstance(found, dict) else {}
    at = root
    for entry in path[:-1]:
        inner = at.get(entry)
        at[entry] = at = inner if isinstance(inner, dict) else {}
    at[path[-1]] = value
    return root, variable is not None and is_json and variable.encrypted

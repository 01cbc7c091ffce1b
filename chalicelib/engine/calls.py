"""What a call activity calls and which variables go in and come back, where the model says it.

Source: engine-semantics, section 4, "CALL_PROCESS and ... PASS_VARIABLES are always made unless a modeler
extension gives binding or mapping".
"""

from ..bpmn.extension import is_expression
from ..bpmn.model import Element
from .asks import Called, Find
from .evaluation import EvaluationFailed, scopes_around
from .instance import Scope
from .mappings import all_or_none, home_of, new_variable, put
from .records import ElementInstance, NewVariable, Variable
from .states import InstanceState, JobType
from .step import Step
from .variables import set_variables

_SAYING = (
    "called_process",
    "called_binding",
    "called_version",
    "called_key",
    "passes_all_in",
    "passes_all_out",
    "called_inputs",
    "called_outputs",
    "inputs",
    "outputs",
)
"""Fields of `Extension`; with one of them, no job asks."""

_OWN_VERSION = "deployment"
"""The binding to what was deployed together: here, under the version of the caller."""


def is_said(element: Element) -> bool:
    """Whether the model says what to call, and with which variables."""
    return is_expression(element.called_element or "") or any(
        getattr(element.extension, field) for field in _SAYING
    )


def find(step: Step, element: Element, token: ElementInstance) -> Find:
    """Ask for the process to call.

    Raises:
        EvaluationFailed: The model does not say which, after all.
    """
    said = element.extension
    evaluator = step.evaluator(token, JobType.CALL_PROCESS)
    what = f"called process of {element.bpmn_element_id}"
    name = evaluator.text(element.called_element or said.called_process or "", what)
    id, _, version = name.partition(":")
    if not id:
        raise EvaluationFailed(f"{what} is not said", JobType.CALL_PROCESS)
    if said.called_version:
        version = evaluator.text(said.called_version, f"called version of {element.bpmn_element_id}")
    key = evaluator.text(said.called_key, f"correlation key for {name}") if said.called_key else None
    called = Called(id, version or None, None, key, variables=_going_in(step, element, token))
    return Find(token, called, has_own_version=said.called_binding == _OWN_VERSION)


def take_over(step: Step, element: Element, token: ElementInstance, called: Step) -> None:
    """Take over variables of a called process instance that is completed.

    Raises:
        EvaluationFailed: A source would take too much.
    """
    with all_or_none(step):
        _take_over(step, element, token, called)


def _take_over(step: Step, element: Element, token: ElementInstance, called: Step) -> None:
    said = element.extension
    # With outputs, what comes back is seen by them alone.
    if _is_all(said.passes_all_out, element) or (said.called_process and said.outputs):
        for (scope, name), variable in called.instance.variables.items():
            if scope is None:
                set_variables(step, [_copy(called, variable, _place(step, element, token, name))])
    evaluator = called.evaluator(_process_scope(called), JobType.PASS_VARIABLES)
    for target, source in said.called_outputs:
        put(step, _place(step, element, token, target), target, evaluator.json(source), evaluator)


def _is_all(said: str | None, element: Element) -> bool:
    """Whether all variables are passed; a `zeebe:calledElement` that is silent passes them."""
    return element.extension.called_process is not None if said is None else said == "true"


def _going_in(step: Step, element: Element, token: ElementInstance) -> tuple[NewVariable, ...]:
    """The variables that what is called begins with, the nearest of each name."""
    said, found = element.extension, dict[str, NewVariable]()
    scopes: list[Scope] = [token.id] if said.called_process else []
    if _is_all(said.passes_all_in, element):
        scopes = [*scopes_around(step, token), None]
    for scope in scopes:
        for (place, name), variable in step.instance.variables.items():
            if place == scope:
                found.setdefault(name, _copy(step, variable))
    evaluator = step.evaluator(token, JobType.CALL_PROCESS)
    for target, source in said.called_inputs:
        value = evaluator.json(source)
        found[target] = new_variable(step, target, value, is_secret=evaluator.names.saw_secret)
    return tuple(found.values())


def _copy(step: Step, variable: Variable, scope: Scope = None) -> NewVariable:
    """A variable as it is, encrypted if it is."""
    value = step.values.stored(variable)
    return NewVariable(variable.name, variable.encoding, value, variable.encrypted, scope)


def _place(step: Step, element: Element, token: ElementInstance, name: str) -> Scope:
    """Where a variable that comes back lies: at the call activity, if it has outputs or is an input of it."""
    is_local = element.extension.outputs or (token.id, name.partition(".")[0]) in step.instance.variables
    return token.id if is_local else home_of(step, token, name)


def _process_scope(step: Step) -> ElementInstance:
    """The first of all element instances; once it has ended, it may lie in a page."""
    instance = step.instance
    return ElementInstance(1, 0, None, InstanceState.COMPLETED, instance.created_at, instance.created_by)

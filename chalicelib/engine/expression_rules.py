"""What is wrong with the expressions of a model, said when it is deployed: each is compiled once."""

from collections.abc import Callable, Iterator

from ..bpmn.errors import Cause
from ..bpmn.extension import is_expression
from ..bpmn.faults import fault
from ..bpmn.model import Element, Process
from ..bpmn.scripts import own_script
from ..bpmn.types import ElementType, Trigger
from . import assignment, policies
from .evaluation import RESERVED, compiled


def expressions_can_be_read(process: Process) -> Iterator[Cause]:
    """Conditions are expressions; what else a model says may be one."""
    for flow in process.flows:
        if flow.condition is not None and (problem := _problem(process, flow.condition)):
            yield fault(process, flow, f"condition of {flow.bpmn_element_id}: {problem}")
    for element in process.elements:
        for what, texts in _TEXTS.items():
            for text in texts(element):
                if text and is_expression(text) and (problem := _problem(process, text)):
                    yield fault(process, element, f"{what} of {element.bpmn_element_id}: {problem}")


def variables_can_be_named(process: Process) -> Iterator[Cause]:
    """What a model makes has a name that expressions can look up."""
    for element in process.elements:
        for target in _targets(element):
            if not all(target.split(".")) or target.split(".")[0] in RESERVED:
                yield fault(process, element, f"{element.bpmn_element_id} cannot make a variable {target!r}")


def _targets(element: Element) -> Iterator[str]:
    said = element.extension
    for target, _ in (*said.inputs, *said.outputs, *said.called_inputs, *said.called_outputs):
        yield target
    if said.result_variable is not None:
        yield said.result_variable


def _problem(process: Process, text: str) -> str | None:
    from ..expressions import InvalidExpression

    try:
        compiled(process, text)
    except InvalidExpression as problem:
        return str(problem)
    return None


def _timer(element: Element) -> Iterator[str | None]:
    timer = element.event.timer if element.event else None
    if timer is not None:
        yield from (timer.time, timer.cycle, timer.duration)


def _name(element: Element) -> Iterator[str | None]:
    if element.event is not None and element.trigger is not Trigger.LINK:
        yield element.event.name


def _script(element: Element) -> Iterator[str | None]:
    if element.type is ElementType.SCRIPT_TASK:
        yield own_script(element)


def _user_task(element: Element) -> Iterator[str | None]:
    if element.type is ElementType.USER_TASK:
        yield from assignment.texts_of(element)
        yield from policies.texts_of(element)


def _call(element: Element) -> Iterator[str | None]:
    said = element.extension
    if element.type is ElementType.CALL_ACTIVITY:
        yield from (element.called_element, said.called_process, said.called_version, said.called_key)
        yield from (source for _, source in (*said.called_inputs, *said.called_outputs))


_TEXTS: dict[str, Callable[[Element], Iterator[str | None]]] = {
    "timer": _timer,
    "name or code": _name,
    "correlation key": lambda element: iter((element.extension.correlation_key,)),
    "input": lambda element: (source for _, source in element.extension.inputs),
    "output": lambda element: (source for _, source in element.extension.outputs),
    "script": _script,
    "assignment": _user_task,
    "call": _call,
}
"""What may be an expression, in the words of a sentence."""

RULES = (expressions_can_be_read, variables_can_be_named)
"""What a deployment checks beside `bpmn.rules`."""

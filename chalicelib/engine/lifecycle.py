"""A process instance starts, is suspended, is resumed."""

from ..bpmn.model import Element
from .behaviors.containers import ProcessScope
from .errors import Conflict, ProcessModelError
from .instance import ProcessInstance
from .loop import run
from .records import ElementInstance
from .states import InstanceState
from .step import Step


def start(step: Step) -> None:
    """Open the process scope and run to the first wait states.

    Raises:
        ProcessModelError: The process has no none start event, so nothing can start it but its own events.
    """
    require_none_start(step)
    step.open(step.process.elements[0], None)
    run(step)


def queue(step: Step) -> None:
    """Let the instance wait for its turn: process scope and none start event are QUEUED.

    A task of type START_PROCESS_INSTANCE starts it.

    Raises:
        ProcessModelError: The process has no none start event.
    """
    ProcessScope.wait_at(step, require_none_start(step))


def hold(step: Step) -> None:
    """Open a process instance whose caller is suspended: process scope and none start event are SUSPENDED."""
    queue(step)
    step.instance.state = InstanceState.SUSPENDED
    for token in step.instance.element_instances.values():
        token.state = InstanceState.SUSPENDED


def require_none_start(step: Step) -> Element:
    """The none start event that a process instance begins with.

    Raises:
        ProcessModelError: There is none.
    """
    process = step.process.elements[0]
    start = step.process.none_start(process)
    if start is None:
        raise ProcessModelError(
            f"scope {process.bpmn_element_id} has no none start event element",
            title="failed to create execution",
        )
    return start


def suspend(step: Step) -> None:
    """Hold the tokens: scopes are SUSPENDED, and what a token reaches from now on waits there.

    Open jobs may still be locked and completed. Events that wait go on waiting, and boundary events of
    activities that have begun listen again after each firing; the paths behind them wait.

    Raises:
        Conflict: The instance is not STARTED.
    """
    _require_state(step.instance, InstanceState.STARTED)
    step.instance.state = InstanceState.SUSPENDED
    for scope in _scopes(step, InstanceState.STARTED):
        scope.state = InstanceState.SUSPENDED


def resume(step: Step) -> None:
    """Let the tokens go on from where they stopped.

    Raises:
        Conflict: The instance is not SUSPENDED.
    """
    _require_state(step.instance, InstanceState.SUSPENDED)
    process = next(iter(step.instance.element_instances.values()))
    if process.started_at is None:
        step.start(process)
        step.instance.started_at = step.now
    step.instance.state = InstanceState.STARTED
    scopes = [scope for scope in _scopes(step, InstanceState.SUSPENDED) if scope.started_at is not None]
    for scope in scopes:
        scope.state = InstanceState.STARTED
    for token in step.instance.element_instances.values():
        if token.state is InstanceState.SUSPENDED:
            step.make_ready(token)
    for scope in reversed(scopes):
        if scope.ended_at is None:
            step.end_scope_if_empty(scope)
    run(step)


def _require_state(instance: ProcessInstance, state: InstanceState) -> None:
    if instance.state is not state:
        pointer = f"{instance.partition}/{instance.id}"
        raise Conflict(f"process instance {pointer} is not in state {state}, but {instance.state}")


def _scopes(step: Step, state: InstanceState) -> list[ElementInstance]:
    """Open scopes in a state, outer ones first."""
    elements = step.process.elements
    return [
        token
        for token in step.instance.element_instances.values()
        if elements[token.element].is_scope and token.state is state
    ]

"""Event definitions given with a deployment: put into the model, refused where they do not belong."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..bpmn.errors import Cause, InvalidModel
from ..bpmn.instants import format_instant
from ..bpmn.model import Element, EventDefinition, Process, Timer
from ..bpmn.types import ElementType, Family, Trigger
from ..contract import commands as c
from ..engine.evaluation import EvaluationFailed, Evaluator, Names
from ..engine.records import Instant


def timer(given: c.Timer | c.SetTime) -> Timer:
    """A timer of the API as the model has it."""
    time = None if given.time is None else format_instant(given.time)
    return Timer(time, given.time_cycle, given.time_duration)


@dataclass(frozen=True, slots=True)
class _Row:
    """How the definitions of one trigger are given.

    Attributes:
        field: Of the command.
        read: What one of them says.
        missing: What a start event lacks without one, in a sentence.
    """

    field: str
    read: Callable[[Any], EventDefinition]
    missing: str = ""


_ROWS: Mapping[Trigger, _Row] = {
    Trigger.ERROR: _Row("errors", lambda given: EventDefinition(given.error_code)),
    Trigger.ESCALATION: _Row("escalations", lambda given: EventDefinition(given.escalation_code)),
    Trigger.MESSAGE: _Row("messages", lambda given: EventDefinition(given.message_name), "message name"),
    Trigger.SIGNAL: _Row("signals", lambda given: EventDefinition(given.signal_name), "signal name"),
    Trigger.TIMER: _Row("timers", lambda given: EventDefinition(timer=timer(given.timer)), "timer"),
}

_IGNORED = {ElementType.MESSAGE_THROW_EVENT, ElementType.MESSAGE_END_EVENT}

MessageStart = Callable[[str], str | None]
"""Name of the process, `id:version`, that a message of a name starts already, if there is one."""


def define(model: Process, cmd: c.CreateProcess) -> Process:
    """The model with the definitions of the command; they count more than those of the XML.

    Those of message throw and end events are ignored, wherever they are given: a worker sends the message.
    """
    given: dict[tuple[Trigger, str], EventDefinition] = {}
    for trigger, row in _ROWS.items():
        for definition in getattr(cmd, row.field):
            given.setdefault((trigger, definition.bpmn_element_id), row.read(definition))

    def defined(element: Element) -> Element:
        if element.trigger is None:
            return element
        if element.type in _IGNORED:
            return replace(element, event=None)
        event = given.get((element.trigger, element.bpmn_element_id))
        return element if event is None else replace(element, event=event)

    return replace(model, elements=tuple(defined(element) for element in model.elements))


def with_evaluated_starts(model: Process, now: Instant) -> Process:
    """The model with what the expressions of its start events come to: nobody can ask them later.

    Raises:
        InvalidModel: One comes to nothing.
    """

    def evaluated(element: Element) -> Element:
        is_start = element.family is Family.START_EVENT
        return replace(element, event=_evaluated(model, element, now)) if is_start else element

    return replace(model, elements=tuple(evaluated(element) for element in model.elements))


def _evaluated(model: Process, start: Element, now: Instant) -> EventDefinition | None:
    event, evaluator = start.event, Evaluator(model, Names(), now)
    if event is None:
        return None
    try:
        if event.timer is not None:
            return replace(event, timer=evaluator.timer(event.timer))
        what = f"{start.trigger} name of {start.bpmn_element_id}"
        return replace(event, name=evaluator.text(event.name, what)) if event.name else event
    except (EvaluationFailed, ValueError) as failed:
        fact = f"{failed} - nothing is known yet when a start event is deployed"
        causes = [Cause(model.pointer_to(start), f"{start.trigger}_event", fact)]
        raise InvalidModel("BPMN process is invalid", causes) from failed


def faults(model: Process, cmd: c.CreateProcess, message_start: MessageStart) -> list[Cause]:
    """Every definition that is missing, misplaced or taken.

    Args:
        model: The process with the definitions of the command.
        cmd: The command.
        message_start: Of the other processes.
    """
    return [
        Cause(pointer, f"{trigger}_event", fact)
        for trigger, row in _ROWS.items()
        for pointer, fact in (
            *_missing(model, trigger, row),
            *_misplaced(model, trigger, getattr(cmd, row.field)),
            *_taken(model, trigger, message_start),
        )
    ]


def _missing(model: Process, trigger: Trigger, row: _Row) -> Iterator[tuple[str, str]]:
    """Nobody could ask what a start event waits for: there is no process instance yet."""
    for start in _starts(model, trigger):
        if start.event is None:
            fact = f"no {row.missing} defined for element {start.bpmn_element_id}"
            yield model.pointer_to(start), fact


def _misplaced(
    model: Process, trigger: Trigger, definitions: tuple[c.Definition, ...]
) -> Iterator[tuple[str, str]]:
    elements = {element.bpmn_element_id: element for element in model.elements}
    article = "an" if trigger[0] == "e" else "a"
    for id in (definition.bpmn_element_id for definition in definitions):
        if id not in elements:
            fact = f"process {model.bpmn_process_id} has no element {id}"
            yield model.pointer_to(model.elements[0]), fact
        elif elements[id].trigger is not trigger:
            yield model.pointer_to(elements[id]), f"element {id} is not {article} {trigger} event"


def _taken(model: Process, trigger: Trigger, message_start: MessageStart) -> Iterator[tuple[str, str]]:
    """A message starts one process; a signal, one start event of a process."""
    if trigger not in (Trigger.MESSAGE, Trigger.SIGNAL):
        return
    seen = set[str]()
    for start in _starts(model, trigger):
        name = start.event and start.event.name
        if not name:
            continue
        fact = f"start {trigger} name {name} must be unique"
        if name in seen:
            yield model.pointer_to(start), fact
        elif trigger is Trigger.MESSAGE and (other := message_start(name)):
            yield model.pointer_to(start), f"{fact} - already defined in process {other}"
        seen.add(name)


def _starts(model: Process, trigger: Trigger) -> list[Element]:
    return [e for e in model.elements if e.family is Family.START_EVENT and e.trigger is trigger]

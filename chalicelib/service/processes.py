"""Deployed processes."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..bpmn import parser, rules
from ..bpmn.errors import Cause, InvalidModel
from ..bpmn.model import Process
from ..contract import commands as c
from ..contract import wire
from ..engine.errors import Conflict, InvalidCommand, NotFound, ProcessModelError
from ..engine.records import DeployedProcess
from .due import follow_up
from .environment import Environment
from .paging import answer
from .queue import apply_parallelism


def create_process(cmd: c.CreateProcess, env: Environment) -> dict[str, Any]:
    """Deploy one process of a BPMN file as a version; the same file again answers the existing one.

    Raises:
        ProcessModelError: The file cannot be read, has no such process, or the process breaks rules.
        InvalidCommand: A definition is for an element that does not exist or is of another kind.
        Conflict: The version exists with a different file.
    """
    xml = cmd.bpmn_xml.encode()
    existing = env.store.find_process(cmd.bpmn_process_id, cmd.version)
    if existing is not None:
        if env.store.bpmn_xml(existing.id) != xml:
            name = f"{cmd.bpmn_process_id}:{cmd.version}"
            raise Conflict(f"process {name} already exists with a different BPMN XML")
        _apply_parallelism(existing, env, cmd.worker_id)
        return wire.process(existing)
    model = _read(xml, cmd.bpmn_process_id)
    causes = [
        cause for kind, definitions in _definitions(cmd) for cause in _misplaced(model, kind, definitions)
    ]
    if causes:
        raise InvalidCommand("invalid or missing event definitions", causes=causes)
    tags = {tag.name: tag.value for tag in cmd.tags}
    moment = env.moment(cmd.worker_id)
    new = env.store.new_process(model, xml, cmd.version, moment, cmd.parallelism, tags)
    env.store.commit(new)
    _apply_parallelism(new.process, env, cmd.worker_id)
    return wire.process(new.process)


def get_bpmn_xml(cmd: c.GetBpmnXml, env: Environment) -> bytes:
    """The BPMN XML of a process, byte for byte.

    Raises:
        NotFound: There is no such process.
    """
    xml = env.store.bpmn_xml(cmd.id)
    if xml is None:
        raise NotFound(f"process {cmd.id} could not be found")
    return xml


def query_processes(cmd: c.QueryProcesses, env: Environment) -> dict[str, Any]:
    """Deployed processes by id."""
    found = (wire.process(process) for process in _processes(env, cmd.id) if has_tags(process.tags, cmd.tags))
    return answer(cmd, found)


def query_elements(cmd: c.QueryElements, env: Environment) -> dict[str, Any]:
    """Elements of deployed processes by id, each process element before its content."""
    found = (
        wire.element(process, element)
        for process in _processes(env, cmd.process_id)
        for element in process.model.elements
        if cmd.bpmn_element_id in (None, element.bpmn_element_id)
    )
    return answer(cmd, found)


def has_tags(tags: Mapping[str, str | None], wanted: Iterable[c.Tag]) -> bool:
    """Whether all wanted tags are there; a wanted tag without value matches any value."""
    return all(tag.name in tags and tag.value in (None, tags[tag.name]) for tag in wanted)


def _apply_parallelism(process: DeployedProcess, env: Environment, worker_id: str) -> None:
    """Let the newest version's parallelism hold; sent again, a deployment that broke off here goes on."""
    moment = env.moment(worker_id)
    follow_up(env, apply_parallelism(env, process, moment), moment)


def _processes(env: Environment, id: int | None) -> list[DeployedProcess]:
    if id is None:
        return env.store.processes()
    process = env.store.process(id)
    return [] if process is None else [process]


def _read(xml: bytes, bpmn_process_id: str) -> Process:
    try:
        model = parser.find(parser.parse(xml), bpmn_process_id)
        rules.check(model)
    except InvalidModel as fault:
        raise ProcessModelError(fault.detail, causes=fault.causes) from fault
    return model


def _definitions(cmd: c.CreateProcess) -> Iterable[tuple[str, Iterable[c.Definition]]]:
    yield "error", cmd.errors
    yield "escalation", cmd.escalations
    yield "message", cmd.messages
    yield "signal", cmd.signals
    yield "timer", cmd.timers


def _misplaced(model: Process, kind: str, definitions: Iterable[c.Definition]) -> Iterable[Cause]:
    """No element type has a trigger yet, so every definition is for the wrong element."""
    elements = {element.bpmn_element_id: element for element in model.elements}
    for definition in definitions:
        id = definition.bpmn_element_id
        if id in elements:
            article = "an" if kind[0] == "e" else "a"
            pointer, fact = model.pointer_to(elements[id]), f"element {id} is not {article} {kind} event"
        else:
            pointer = f"/{model.bpmn_process_id}"
            fact = f"process {model.bpmn_process_id} has no element {id}"
        yield Cause(pointer, f"{kind}_event", fact)

"""Deployed processes."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..bpmn import parser, rules
from ..bpmn.errors import Cause, InvalidModel
from ..bpmn.model import Process
from ..bpmn.timing import CycleEnd, first_due
from ..bpmn.types import ElementType
from ..contract import commands as c
from ..contract import wire
from ..engine.attributes import attributes
from ..engine.errors import Conflict, InvalidCommand, NotFound, ProcessModelError
from ..engine.expression_rules import RULES
from ..engine.microflow_rules import runs_as_microflow
from ..engine.moment import Moment
from ..engine.policies import policies_make_sense
from ..engine.records import DeployedProcess, Instant
from . import definitions
from .desk import Desk
from .due import carried_out, follow_up
from .environment import Environment
from .paging import answer
from .queue import apply_parallelism

INVALID_DEFINITIONS = "invalid or missing event definitions"


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
    tags = {tag.name: tag.value for tag in cmd.tags}
    moment = env.moment(cmd.worker_id)
    model = _read(xml, cmd, moment)
    # Read before the names are judged: its revision guards them, so that nobody takes one in between.
    new = env.store.new_process(model, xml, cmd.version, moment, cmd.parallelism, tags)
    causes = definitions.faults(model, cmd, lambda name: _started_by(env, cmd.bpmn_process_id, name))
    if causes:
        raise InvalidCommand(INVALID_DEFINITIONS, causes=causes)

    def deploy(desk: Desk) -> None:
        desk.add(new)
        _plan_timer_starts(desk, new.process, moment)

    carried_out(env, moment, deploy)
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
        wire.element(process, element, is_latest=is_latest)
        for process, is_latest in _with_latest(env, _processes(env, cmd.process_id))
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


def _with_latest(
    env: Environment, processes: Iterable[DeployedProcess]
) -> Iterable[tuple[DeployedProcess, bool]]:
    """Processes, and whether they are the latest version; asked only where it matters."""
    for process in processes:
        latest = env.store.latest(process.bpmn_process_id) if process.model.has_triggered_start else process
        yield process, latest is not None and latest.id == process.id


def _read(xml: bytes, cmd: c.CreateProcess, moment: Moment) -> Process:
    """The process of the file, with the event definitions of the command."""
    try:
        model = definitions.define(parser.find(parser.parse(xml), cmd.bpmn_process_id), cmd)
        rules.check(model, *RULES, policies_make_sense, *_further_rules(model, cmd))
        model = definitions.with_evaluated_starts(model, moment.now)
    except InvalidModel as fault:
        raise ProcessModelError(fault.detail, causes=fault.causes) from fault
    return model


def _further_rules(model: Process, cmd: c.CreateProcess) -> tuple[rules.Rule, ...]:
    """A microflow comes to its end while somebody waits."""
    tags = {tag.name: tag.value for tag in cmd.tags}
    return (runs_as_microflow,) if attributes(model, tags).is_microflow else ()


def _started_by(env: Environment, bpmn_process_id: str, message_name: str) -> str | None:
    """The other process that a message starts; older versions give way to the new one."""
    found = env.store.message_start(message_name)
    if found is None or found[0].bpmn_process_id == bpmn_process_id:
        return None
    return f"{found[0].bpmn_process_id}:{found[0].version}"


def _plan_timer_starts(desk: Desk, process: DeployedProcess, moment: Moment) -> None:
    for start in process.model.of_type(ElementType.TIMER_START_EVENT):
        assert start.event is not None and start.event.timer is not None, "checked before"
        try:
            due_at = Instant(first_due(start.event.timer, moment.now))
        except CycleEnd as fault:
            fact = f"timer of element {start.bpmn_element_id}: {fault}"
            cause = Cause(process.model.pointer_to(start), "timer_event", fact)
            raise InvalidCommand(INVALID_DEFINITIONS, causes=[cause]) from fault
        desk.plan(process, start.number, due_at=due_at)

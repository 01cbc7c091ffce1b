"""Packages of processes, as the class actions of the further surfaces name them.

There are no packages here: a name stands for a deployed process, which is found by it, read anew or judged.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..bpmn.business_objects import INPUT, OUTPUT, BusinessObject, business_objects
from ..contract.microflow import ActOnMicroflows, Event
from ..engine.attributes import attributes_of
from ..engine.errors import EngineError, NotFound
from ..engine.microflow_rules import runs_as_microflow
from ..engine.records import DeployedProcess
from .environment import Environment
from .finding import Selectors, find_process

SUFFIX = ".jar"

_VERSION = re.compile(r"(?P<rest>.+?)\.(?P<version>v(\.\d+)+|\d+(\.\d+)*)")

Json = dict[str, Any]


def act_on_microflows(cmd: ActOnMicroflows, env: Environment) -> Json:
    """Do something to each microflow that is named; what cannot be done is told, and the others are done.

    Returns:
        The microflows that were found (`process`), their packages (`files`), what was wrong (`faults`), and
        how many there are now of each kind (`counts`).
    """
    return _act(cmd.file_names, cmd.event, env, is_microflow=True)


def file_name(process: DeployedProcess) -> str:
    """Name of the package of a process: what is known of unique id, application, name and snapshot."""
    said = attributes_of(process)
    unique_id = said.unique_id or process.bpmn_process_id
    parts = (unique_id, said.app_name, process.model.name, said.snap_version)
    return ".".join(part for part in parts if part) + SUFFIX


def selectors_of(name: str) -> Selectors | None:
    """What the parts of a package's name say; each of them may have dots in it but the first two.

    Returns:
        None if there are not enough of them.
    """
    rest, version = name.removesuffix(SUFFIX), None
    if found := _VERSION.fullmatch(rest):
        rest, version = found["rest"], found["version"]
    unique_id, _, rest = rest.partition(".")
    app_name, _, process_name = rest.partition(".")
    return Selectors(process_name, app_name, unique_id, version) if unique_id and process_name else None


# private


def _act(names: tuple[str, ...], event: Event, env: Environment, *, is_microflow: bool) -> Json:
    if event is not Event.FILE:
        env.store.forget_processes()
    known = {
        file_name(process): process
        for process in env.store.processes()
        if attributes_of(process).is_microflow == is_microflow
    }
    found: list[DeployedProcess] = []
    faults: list[str] = []
    for name in names:
        try:
            found.append(_judged(known.get(name) or _parsed(name, env, is_microflow), event, is_microflow))
        except EngineError as refusal:
            faults.append(f"{name}: {refusal.detail}")
    return {
        "process": [process.model.name for process in found],
        "files": [file_name(process) for process in found] if event is Event.FILE else [],
        "faults": faults,
        "counts": _counts(known),
    }


def _parsed(name: str, env: Environment, is_microflow: bool) -> DeployedProcess:
    selectors = selectors_of(name)
    if selectors is None:
        raise NotFound("expected uniqueId.appName.processName.snapVersion.jar")
    return find_process(env, selectors, is_microflow=is_microflow)


def _judged(process: DeployedProcess, event: Event, is_microflow: bool) -> DeployedProcess:
    """A process that can be run as it is."""
    causes = list(runs_as_microflow(process.model)) if event is Event.GENERATE and is_microflow else []
    if causes:
        raise NotFound("; ".join(cause.detail for cause in causes))
    return process


def _counts(known: Mapping[str, DeployedProcess]) -> Json:
    objects = [one for process in known.values() for one in _objects(process)]
    with_fields = {one.name: _fields(one.type) for one in objects if _fields(one.type)}
    return {
        "businessObjectSize": len(objects),
        "fieldDescriptersMapSize": len(with_fields),
        "businessObjectDefSize": len({one.name for one in objects}),
        "cacheClassSize": len(with_fields),
        "definitionSize": len(known),
        "fieldDescripterSize": sum(with_fields.values()),
    }


def _objects(process: DeployedProcess) -> Iterator[BusinessObject]:
    for way in (INPUT, OUTPUT):
        yield from business_objects(process.model, way)


def _fields(type: Any) -> int:
    """How many fields a type has, with those of what is in it."""
    if isinstance(type, list):
        return sum(map(_fields, type))
    return sum(1 + _fields(inner) for inner in type.values()) if isinstance(type, Mapping) else 0

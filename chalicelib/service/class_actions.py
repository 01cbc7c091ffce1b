"""Class actions: processes named as the packages that another server would keep of them.

A file name is `uniqueId.appName.processName.snapVersion.jar`. There are no packages here: `refresh` reads the
processes anew, `generate` checks that they are there, `file` answers the names.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..bpmn.business_objects import INPUT, OUTPUT, BusinessObject, business_objects
from ..contract.process_runtime import ClassActionAnswer
from ..engine.attributes import attributes_of
from ..engine.errors import InvalidCommand, NotFound
from ..engine.records import DeployedProcess
from .environment import Environment
from .finding import Selectors, find_process

EVENTS = ("refresh", "file", "generate")
SUFFIX = ".jar"
SUCCESS, ERROR = "SUCCESS", "ERROR"

KEYS = tuple(str(field.alias) for field in ClassActionAnswer.model_fields.values())
"""Of an answer, in the order of other servers and spelled as they do."""

_VERSION = re.compile(r"(?:^|\.)(v(?:\.\d+)+|\d+(?:\.\d+)*)$", re.ASCII)


def class_action(
    env: Environment, file_names: Sequence[str], event: str, *, is_microflow: bool
) -> dict[str, Any]:
    """Carry out an event for some processes; one that is not there does not keep back the others.

    Raises:
        InvalidCommand: The event is not known, or no process is named.
    """
    if event not in EVENTS:
        raise InvalidCommand(f"event {event[:100]} is none of {', '.join(EVENTS)}")
    if not file_names:
        raise InvalidCommand("expected at least one of fileNames")
    if event != "file":
        env.store.forget_processes()
    known = {file_name(process): process for process in _deployed(env, is_microflow)}
    found: dict[str, DeployedProcess] = {}
    missing = []
    for name in dict.fromkeys(file_names):
        try:
            process = known.get(name) or find_process(env, parse(name), is_microflow=is_microflow)
            found[file_name(process)] = process
        except (NotFound, InvalidCommand) as fault:
            missing.append(f"{name}: {fault.detail}")
    is_done = bool(found)
    said = {
        **counts(known.values() if is_done else ()),
        "exception": "; ".join(missing),
        "process": list(dict.fromkeys(process.model.name for process in found.values())),
        "files": list(found) if event == "file" else [],
        "responseStatus": SUCCESS if is_done else ERROR,
    }
    return {key: said[key] for key in KEYS}


def failed(message: str) -> dict[str, Any]:
    """What is answered where nothing was done."""
    said = {**counts(()), "exception": message, "process": [], "files": [], "responseStatus": ERROR}
    return {key: said[key] for key in KEYS}


def file_name(process: DeployedProcess) -> str:
    """The name of the package that another server would keep of a process."""
    said = attributes_of(process)
    parts = (
        said.unique_id or process.bpmn_process_id,
        said.app_name or "",
        process.model.name,
        said.snap_version or process.version,
    )
    return ".".join(parts) + SUFFIX


def parse(name: str) -> Selectors:
    """What a file name selects: unique id to the first dot, application to the next, version at the end."""
    text = name.removesuffix(SUFFIX)
    version = _VERSION.search(text)
    head = text[: version.start()] if version else text
    unique_id, _, rest = head.partition(".")
    app_name, _, process_name = rest.partition(".")
    return Selectors(process_name, app_name or None, unique_id or None, version[1] if version else None)


def counts(processes: Collection[DeployedProcess]) -> dict[str, int]:
    """How much is known of some processes."""
    objects = [one for process in processes for one in _objects(process)]
    return {
        "businessObjectSize": len(objects),
        "fieldDescriptersMapSize": sum(bool(_fields(one)) for one in objects),
        "businessObjectDefSize": len({one.name for one in objects}),
        "cacheClassSize": 0,
        "definitionSize": len(processes),
        "fieldDescripterSize": sum(_fields(one) for one in objects),
    }


# private


def _deployed(env: Environment, is_microflow: bool) -> Iterator[DeployedProcess]:
    for process in env.store.processes():
        if attributes_of(process).is_microflow == is_microflow:
            yield process


def _objects(process: DeployedProcess) -> list[BusinessObject]:
    return [one for way in (INPUT, OUTPUT) for one in business_objects(process.model, way)]


def _fields(one: BusinessObject) -> int:
    """How many fields its type names."""
    inner = one.type[0] if isinstance(one.type, list) and one.type else one.type
    return len(inner) if isinstance(inner, Mapping) else 0

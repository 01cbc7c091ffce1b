"""Deployed processes, found by name, application, unique id and version of the snapshot."""

from dataclasses import dataclass

from ..engine.attributes import NamedProcess
from ..engine.errors import InvalidCommand, NotFound, Reason
from ..engine.records import DeployedProcess
from .environment import Environment


@dataclass(frozen=True, slots=True)
class Selectors:
    """What a process is found by; what is not given is not looked at.

    Attributes:
        name: What people call it, or its BPMN process id.
        app_name: The application that it belongs to.
        unique_id: Its unique id, or its BPMN process id.
        snap_version: Version of the snapshot.
    """

    name: str
    app_name: str | None = None
    unique_id: str | None = None
    snap_version: str | None = None


def find_process(env: Environment, wanted: Selectors, *, is_microflow: bool = False) -> DeployedProcess:
    """The process that was deployed last of those that match.

    Args:
        env: The environment.
        wanted: Each that is given must match.
        is_microflow: Whether a microflow is wanted, or a process that is none.

    Raises:
        NotFound: None matches.
        InvalidCommand: They belong to several applications, or have several unique ids.
    """
    named = env.store.processes_named(wanted.name)
    found = [one for one in named if _matches(one, wanted, is_microflow)]
    if not found:
        what = "microflow" if is_microflow else "process"
        raise NotFound(f"{what} {_text(wanted)} could not be found", reason=Reason.PROCESS_NOT_FOUND)
    _require_one(found, wanted)
    process = env.store.process(found[-1].id)
    assert process is not None, "a process is never removed"
    return process


# private


def _matches(one: NamedProcess, wanted: Selectors, is_microflow: bool) -> bool:
    said = one.said
    return (
        said.is_microflow == is_microflow
        and wanted.app_name in (None, said.app_name)
        and wanted.unique_id in (None, said.unique_id, one.bpmn_process_id)
        and wanted.snap_version in (None, said.snap_version)
    )


def _require_one(found: list[NamedProcess], wanted: Selectors) -> None:
    """What belongs to no application, or has no unique id, is in nobody's way."""
    said = [one.said for one in found]
    apps = {one.app_name for one in said if one.app_name}
    ids = {one.unique_id for one in said if one.unique_id}
    if len(apps) > 1 or len(ids) > 1:
        candidates = dict.fromkeys(
            f"appName {one.app_name or '-'}, uniqueId {one.unique_id or '-'}" for one in said
        )
        raise InvalidCommand(f"process {_text(wanted)} is more than one: {'; '.join(candidates)}")


def _text(wanted: Selectors) -> str:
    further = {
        "appName": wanted.app_name,
        "uniqueId": wanted.unique_id,
        "snapVersion": wanted.snap_version,
    }
    said = ", ".join(f"{name} {value}" for name, value in further.items() if value is not None)
    return f"{wanted.name} ({said})" if said else wanted.name

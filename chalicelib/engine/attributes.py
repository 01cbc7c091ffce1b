"""What model or deployment say of a process as a whole: which application and snapshot it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..bpmn.model import Process
from .records import DeployedProcess


@dataclass(frozen=True, slots=True)
class Attributes:
    """By what a process is found beside its name; docs/surfaces.md has them all.

    Attributes:
        app_name: The application that it belongs to, if any.
        unique_id: Its unique process id or flow id, if any.
        snap_version: Version of the snapshot, if any.
        is_microflow: Whether it is a microflow.
    """

    app_name: str | None = None
    unique_id: str | None = None
    snap_version: str | None = None
    is_microflow: bool = False


@dataclass(frozen=True, slots=True)
class NamedProcess:
    """A deployed process as it is found, without its model.

    Attributes:
        id: Of the process.
        bpmn_process_id: Its BPMN process id.
        said: Its attributes.
    """

    id: int
    bpmn_process_id: str
    said: Attributes

    @staticmethod
    def of(process: DeployedProcess) -> "NamedProcess":
        """What is found of a process."""
        return NamedProcess(process.id, process.bpmn_process_id, attributes_of(process))


def attributes_of(process: DeployedProcess) -> Attributes:
    """The attributes of a deployed process."""
    return attributes(process.model, process.tags)


def attributes(model: Process, tags: Mapping[str, str | None]) -> Attributes:
    """The attributes of a process; a tag of the deployment counts more than a property of the model."""

    def said(name: str) -> str | None:
        return (tags.get(name) or model.elements[0].extension.property(name) or "").strip() or None

    return Attributes(said("appName"), said("uniqueId"), said("snapVersion"), said("microflow") == "true")


def names_of(process: DeployedProcess) -> list[str]:
    """Under what names a process is found: what people call it, and its BPMN process id."""
    return list(dict.fromkeys([process.model.name, process.bpmn_process_id]))

"""The operations of the Microflow Runtime, in the order of their paths, with what they take and answer.

What callers must be told of the words here stands in docs/surfaces.md.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .commands import SurfaceCommand, Text, to_enum, to_tuple
from .operation import Operation
from .process_runtime import ClassActionAnswer
from .results import Result

PREFIX = "/MicroflowRest"

PLAIN = "text/plain;charset=UTF-8"

# What operations take


class RunMicroflow(SurfaceCommand):
    """Run a microflow to its end, and answer the business objects that come out of it.

    Attributes:
        flow_name: Its name, or its BPMN process id.
        app_name: Application that it belongs to.
        unique_id: Its unique flow id.
        snap_version: Version of the snapshot; without one, the latest.
        object: A business object that goes in.
    """

    flow_name: Text
    app_name: str | None = None
    unique_id: str | None = None
    snap_version: str | None = None
    object: dict[str, Any] = Field(default_factory=dict)


class Event(StrEnum):
    """What is done to packages of microflows."""

    REFRESH = "refresh"
    FILE = "file"
    GENERATE = "generate"


class ActOnMicroflows(SurfaceCommand):
    """Read microflows anew, say their packages, or judge them.

    Attributes:
        file_names: Package of a microflow, `uniqueId.appName.flowName.snapVersion.jar`.
        event: `refresh` reads it anew, `file` answers its package, `generate` judges it and reads it.
    """

    file_names: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100), BeforeValidator(to_tuple)]
    event: Annotated[Event, to_enum(Event)]


class ListMicroflows(SurfaceCommand):
    """All deployed microflows, the latest of a name last."""


class RefreshMicroflowCache(SurfaceCommand):
    """Read everything about deployed microflows anew."""


# What they answer


class MicroflowAnswer(Result):
    """What has come of a microflow.

    Attributes:
        exception: Empty, or why it has failed.
        response_status: SUCCESS or ERROR.
        response_objects_map: The business objects that it says come out of it, by name.
        flow_name: As it was asked for.
        flow_id: Empty.
        t_id: Empty, or the process instance that can be looked at: `2030-01-01/17`.
    """

    exception: str
    response_status: str
    response_objects_map: dict[str, Any]
    flow_name: str
    flow_id: str
    t_id: str


class Microflow(Result):
    """A deployed microflow.

    Attributes:
        flow_name: Its name.
        bpmn_process_id: Id of the process in the BPMN file.
        version: As it was deployed.
        app_name: Application that it belongs to.
        unique_id: Its unique flow id.
        snap_version: Version of the snapshot.
        file_name: Name of its package, as `classAction` takes it.
        inputs: Types of the business objects that go in, by name.
        outputs: Types of those that come out.
    """

    flow_name: str
    bpmn_process_id: str
    version: str
    app_name: str | None = None
    unique_id: str | None = None
    snap_version: str | None = None
    file_name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class MicroflowRes(Result):
    """Deployed microflows."""

    count: int
    results: list[Microflow]


OPERATIONS: tuple[Operation, ...] = (
    Operation("runMicroflow", "POST", f"{PREFIX}/DoAction", RunMicroflow, MicroflowAnswer),
    Operation(
        "actOnMicroflows",
        "POST",
        f"{PREFIX}/classAction",
        ActOnMicroflows,
        ClassActionAnswer,
        refusal=ClassActionAnswer,
    ),
    Operation("listMicroflows", "GET", f"{PREFIX}/microflows", ListMicroflows, MicroflowRes),
    Operation(
        "refreshMicroflowCache",
        "GET",
        f"{PREFIX}/refreshCache",
        RefreshMicroflowCache,
        None,
        content_type=PLAIN,
        further_methods=("POST",),
    ),
)

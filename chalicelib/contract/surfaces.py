"""The surfaces on the engine: a row each, with its operations and the shape of its refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import microflow, native, process_runtime
from .operation import Operation
from .results import Problem, Result


@dataclass(frozen=True, slots=True)
class Surface:
    """A set of operations that answer in one shape.

    Attributes:
        name: How people call it.
        operations: Its rows.
        refusal: Body of a refusal.
        refusal_type: Media type of a refusal.
        own_access: Whether requests are let in by the surface itself (`BPMN_SURFACES_AUTH`).
        refusals: What every operation may refuse with, by status; the engine API says it row by row.
    """

    name: str
    operations: tuple[Operation, ...]
    refusal: type[Result]
    refusal_type: str = "application/json"
    own_access: bool = True
    refusals: Mapping[str, str] = field(default_factory=dict)


ENGINE = Surface("Engine", native.OPERATIONS, Problem, "application/problem+json", own_access=False)

PROCESS_RUNTIME = Surface(
    "Process Runtime",
    process_runtime.OPERATIONS,
    process_runtime.RefusalEnvelope,
    refusals={
        "400": "BAD_REQUEST: the request cannot be understood, or does not fit together",
        "401": "UNAUTHENTICATED: no credential, or an unknown one",
        "403": "FORBIDDEN: the caller, or the user, may not do it",
        "404": "PROCESS_NOT_FOUND, INSTANCE_NOT_FOUND, TASK_NOT_FOUND: it does not exist",
        "409": "TASK_ALREADY_CLAIMED, TASK_NOT_ACTIVE, TASK_NOT_CLAIMED: another state than expected; "
        "IDEMPOTENCY_KEY_REUSED: the key came with another request",
        "500": "PROCESS_EXECUTION_FAILED: a node failed; INTERNAL: a fault of the engine",
        "503": "UNAVAILABLE: too busy for the moment; try again",
    },
)

MICROFLOW_RUNTIME = Surface(
    "Microflow Runtime",
    microflow.OPERATIONS,
    microflow.MicroflowAnswer,
    refusals={
        "400": "The request cannot be understood",
        "401": "No credential, or an unknown one",
        "403": "The caller may not do it",
        "409": "The idempotency key was used for another request, or what it was used for is under way",
        "500": "A fault of the engine; that a microflow has failed is an answer with status 200",
        "503": "Too busy for the moment; try again",
    },
)

SURFACES = (ENGINE, PROCESS_RUNTIME, MICROFLOW_RUNTIME)

OPERATIONS: tuple[Operation, ...] = tuple(row for surface in SURFACES for row in surface.operations)
"""The operations of all surfaces."""

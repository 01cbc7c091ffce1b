"""What can be wrong with a BPMN file, as data.

InvalidModel
    the file is no BPMN that can be read, or a process in it breaks rules; `causes` name each fault
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault and its place.

    Attributes:
        pointer: Where: `/process/scope/element` in a model, `#/variables/0/name` in a request body.
        type: What kind of thing is wrong, for example `element`, `sequence_flow` or `required`.
        detail: The fact, in one sentence without a full stop.
        value: The offending value as text, if there is one.
    """

    pointer: str
    type: str
    detail: str
    value: str | None = None


class InvalidModel(Exception):
    """The BPMN XML cannot be executed.

    Attributes:
        detail: The fact, for example `BPMN XML is invalid: XML is empty`.
        causes: The single faults, where the file could be read at all.
    """

    def __init__(self, detail: str, causes: Sequence[Cause] = ()) -> None:
        """Keep the fact and its causes."""
        super().__init__(detail)
        self.detail = detail
        self.causes = tuple(causes)

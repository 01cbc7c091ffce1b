"""The operations of the Microflow Runtime, in the order of their paths, with what they take and answer."""

from .operation import Operation
from .results import Result


class MicroflowRefusal(Result):
    """The answer of a microflow that could not be run."""

    exception: str
    response_status: str


OPERATIONS: tuple[Operation, ...] = ()

"""The job handlers that an engine runs itself, by the name of their module."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .job import Source
    from .worker import Worker


class Handlers:
    """The handlers of a module, and those that come with the engine, loaded with the first question.

    So a process that has no work for them is not held up by what handlers need.
    As a container it holds what has a handler: elements, each by BPMN process id and BPMN element id, and
    work types.
    """

    def __init__(self, name: str | None, others: Callable[[], "Worker"] | None = None) -> None:
        """Keep where they are.

        Args:
            name: The module: `orders.handlers`, or `orders.handlers:worker`; None: there is none.
            others: Makes the handlers for what the module has none for.
        """
        self._name = name
        self._others = others

    @cached_property
    def worker(self) -> "Worker":
        """The handlers as one worker.

        Raises:
            NotLoaded: The module has none.
            InvalidHandler: A handler of it cannot be one.
        """
        from .loading import load
        from .worker import Worker

        own = Worker() if self._name is None else load(self._name)
        return own if self._others is None else own.beside(self._others())

    def check(self) -> None:
        """Import the module now.

        Raises:
            NotLoaded: It has no worker.
            InvalidHandler: A handler of it cannot be one.
        """
        _ = self.worker

    def __contains__(self, place: object) -> bool:
        """Whether an element or a work type has a handler."""
        return place in self.worker.work_types() or place in self.worker.elements()

    def perform(
        self, bpmn_process_id: str, record: Mapping[str, Any], variables: "Source"
    ) -> dict[str, Any] | None:
        """Let the handler of a job do it.

        Args:
            bpmn_process_id: Of its process.
            record: The job in the words of the API.
            variables: Where its variables are read.

        Returns:
            The fields of its completion without `workerId`, also if the handler failed; None without handler.
        """
        from .job import Job
        from .worker import perform

        handler = self.worker.find(bpmn_process_id, record["bpmnElementId"], record.get("workType"))
        return None if handler is None else perform(handler, Job.read(record, bpmn_process_id, variables))

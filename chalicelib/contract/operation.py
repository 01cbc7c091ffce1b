"""What an operation row is."""

import re
from dataclasses import dataclass

from .commands import Command
from .results import Result


@dataclass(frozen=True, slots=True)
class Operation:
    """A REST operation; route, OpenAPI, SDK and CLI are derived from it.

    Attributes:
        name: Its name in the API, `completeJob`.
        method: HTTP method.
        path: HTTP path; variables in braces are fields of the command that come from the path.
        command: What it takes.
        result: What it answers as JSON; None for an empty answer, or for text.
        status: HTTP status of success.
        content_type: Media type of the answer.
        aliases: Paths of an older release of the API that clients still use.
        needs_credentials: False for what everybody may ask.
        max_body: Bytes of a request body.
        further_methods: HTTP methods that do the same.
        acts_for: Right that it takes to name others than oneself in its parameter `user`; empty: none.
        reads: Whether it changes nothing, although its method may.
        refusal: Body of a refusal, if it is not that of its surface.
        answers_alone: Whether its answer has no envelope, nor has the refusal of what cannot be understood.
    """

    name: str
    method: str
    path: str
    command: type[Command]
    result: type[Result] | None
    status: int = 200
    content_type: str = "application/json"
    needs_credentials: bool = True
    max_body: int = 1024**2
    aliases: tuple[str, ...] = ()
    further_methods: tuple[str, ...] = ()
    acts_for: str = ""
    reads: bool = False
    refusal: type[Result] | None = None
    answers_alone: bool = False

    @property
    def changes_something(self) -> bool:
        """Whether it is more than a question."""
        return self.method != "GET" and not (self.reads or self.path.endswith("/query"))

    @property
    def title(self) -> str:
        """What a problem says has failed: `failed to complete job`."""
        words = re.sub("([A-Z])", r" \1", self.name).lower()
        return f"failed to {words}".replace("bpmn xml", "BPMN XML")

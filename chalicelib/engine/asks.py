"""What a step asks of the world outside of its process instance, as data.

The step puts asks into `Step.asks`; the service carries them out, in order, and writes whatever they touch in
the same transaction as the instance. An ask that is answered (`Subscribe`) lets the step go on.
"""

from dataclasses import dataclass

from .policies import Wanted
from .records import DeployedProcess, ElementInstance, Instant, NewVariable, Subscription


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Let a token wait for a message; answered with a message that lies in the buffer, if there is one.

    Attributes:
        token: Who waits.
        name: Of the message.
        correlation_key: Of the message.
    """

    token: ElementInstance
    name: str
    correlation_key: str


@dataclass(frozen=True, slots=True)
class SubscribeSignal:
    """Let a token wait for a signal."""

    token: ElementInstance
    name: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A token does not wait any more."""

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class FinishMessage:
    """A message has done what it was sent for: it expires now."""

    name: str
    correlation_key: str
    id: int


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A signal was thrown: tell every subscriber outside of this process instance."""

    name: str


@dataclass(frozen=True, slots=True)
class Called:
    """What a call activity calls.

    Attributes:
        bpmn_process_id: Empty if neither the model nor the worker says it.
        version: None: the latest.
        process: None if there is none of that name.
    """

    bpmn_process_id: str
    version: str | None = None
    process: DeployedProcess | None = None
    correlation_key: str | None = None
    tags: tuple[tuple[str, str | None], ...] = ()
    variables: tuple[NewVariable, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """Start a process instance for a call activity."""

    token: ElementInstance
    called: Called


@dataclass(frozen=True, slots=True)
class Find:
    """Find the process that the model says a call activity calls, and start a process instance of it.

    Attributes:
        token: At the call activity.
        called: Without its process.
        has_own_version: Whether the version is that of the caller, if the model says no other.
    """

    token: ElementInstance
    called: Called
    has_own_version: bool = False


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take over what a called process instance that is completed brings back."""

    token: ElementInstance


@dataclass(frozen=True, slots=True)
class Staff:
    """Find people for a user task.

    Attributes:
        id: Of the user task.
        people: Who is wanted.
    """

    id: int
    people: Wanted


@dataclass(frozen=True, slots=True)
class EndCalled:
    """End a called process instance, since its call activity has ended."""

    id: int


@dataclass(frozen=True, slots=True)
class ReturnToCaller:
    """A called process instance is completed."""


@dataclass(frozen=True, slots=True)
class StartLater:
    """A timer start event ticks again.

    Attributes:
        element: Number of the start event.
        due_at: When.
        content: JSON text for the task, with what then remains of the timer.
    """

    element: int
    due_at: Instant
    content: str | None = None


Ask = (
    Subscribe
    | SubscribeSignal
    | Unsubscribe
    | FinishMessage
    | Broadcast
    | Call
    | Find
    | TakeBack
    | Staff
    | EndCalled
    | ReturnToCaller
    | StartLater
)

"""A boundary event fires: it ends its activity, or a token runs beside it."""

from dataclasses import dataclass

from ..bpmn.model import Element
from .records import ElementInstance, Instant
from .step import Step


@dataclass(frozen=True, slots=True)
class Renewal:
    """With what a non-interrupting boundary event listens again; the fields of `ElementInstance`."""

    given: str | None = None
    correlation_key: str | None = None
    since: Instant | None = None


def fire(step: Step, event: Element, token: ElementInstance, renewal: Renewal | None) -> None:
    """Let a triggered boundary event take its way.

    Args:
        step: The step to run in.
        event: The boundary event.
        token: Its element instance.
        renewal: With what it listens again, if it does not interrupt; None: it has fired for the last time.
    """
    tokens = step.instance.element_instances
    host = tokens[token.host_id or 0]
    if event.is_interrupting:
        token.host_id = None  # it outlives its activity
        step.terminate(host)
    elif renewal is not None:
        # First, so that the id of its successor comes before those of the path.
        _listen_again(step, event, token, renewal)
    step.finish(token)
    if token.stopped:
        # What it goes on with is its own path, whatever becomes of the activity.
        token.host_id = None


def _listen_again(step: Step, event: Element, token: ElementInstance, renewal: Renewal) -> None:
    again = step.listen_again(event, token)
    again.given = renewal.given
    again.correlation_key = renewal.correlation_key
    again.since = renewal.since

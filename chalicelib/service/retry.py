"""Overtaken is not an error: read again, think again."""

from collections.abc import Callable
from typing import TypeVar

from .environment import Environment, Overtaken, Unavailable
from .watch import BUSY, Metric

Answer = TypeVar("Answer")


class Busy(Exception):
    """The deadline came before the command got through; the caller may try again."""

    kind = BUSY


def until_through(env: Environment, name: str, attempt: Callable[[], Answer]) -> Answer:
    """Attempt something again, after a pause, while it is overtaken, until the request's deadline.

    Raises:
        Busy: Overtaken, or refused by the store, until the deadline.
    """
    pauses = env.pauses()
    while True:
        try:
            return attempt()
        except (Overtaken, Unavailable) as reason:
            pause = next(pauses, None)
            if pause is None:
                raise Busy(f"{name} did not get through: {reason}") from reason
            env.watch.count(Metric.CONFLICTS if isinstance(reason, Overtaken) else Metric.THROTTLES)
            env.pause(pause)

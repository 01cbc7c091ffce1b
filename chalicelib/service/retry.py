"""Overtaken is not an error: read again, think again."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from .environment import Environment, Overtaken, Store, Unavailable
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


def patient(env: Environment) -> Environment:
    """The same environment for who cannot think again: each call of the store is made again by itself."""
    return env.with_store(cast(Store, _Patient(env)))


class _Patient:
    """A store that is asked again while it is busy; raises `Busy` in the end."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self._env.store, name)
        return lambda *given, **named: until_through(self._env, name, partial(ask, *given, **named))

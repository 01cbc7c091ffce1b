"""Run a handler; run it again when another writer committed first."""

from typing import Any

from ..contract.commands import Command
from .environment import Environment, Overtaken, Unavailable
from .handlers import HANDLERS


class Busy(Exception):
    """The deadline came before the command got through; the caller may try again."""


def execute(command: Command, env: Environment) -> Any:
    """Carry out a command and answer what the operation answers.

    Overtaken is not an error: the handler reads again and thinks again, after a pause, until the request's
    deadline.

    Raises:
        EngineError: The command is refused.
        Busy: Overtaken, or refused by the store, until the deadline.
    """
    handler = HANDLERS[type(command)]
    pauses = env.pauses()
    while True:
        try:
            return handler(command, env)
        except (Overtaken, Unavailable) as reason:
            pause = next(pauses, None)
            if pause is None:
                raise Busy(f"{type(command).__name__} did not get through: {reason}") from reason
            env.overtaken(type(command).__name__)
            env.pause(pause)

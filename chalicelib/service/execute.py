"""Carry out a command."""

from typing import Any

from ..contract.commands import Command
from .environment import Environment
from .handlers import ACTS_OUTSIDE, HANDLERS
from .retry import until_through


def execute(command: Command, env: Environment) -> Any:
    """Carry out a command and answer what the operation answers.

    Raises:
        EngineError: The command is refused.
        Busy: It was overtaken, or the store refused, until the deadline.
    """
    handler = HANDLERS[type(command)]
    name = type(command).__name__
    env = env.for_one_command()
    with env.watch.command(name):
        if type(command) in ACTS_OUTSIDE:
            return handler(command, env)
        return until_through(env, name, lambda: handler(command, env))

"""Signals: sent. Subscribers come with the elements that wait for signals."""

from typing import Any

from ..bpmn.instants import format_instant
from ..contract import commands as c
from .environment import Environment
from .paging import answer
from .variables import new_variables


def send_signal(cmd: c.SendSignal, env: Environment) -> dict[str, Any]:
    """Tell every subscriber, and answer their number: none, as long as no element waits for signals.

    Raises:
        InvalidCommand: A value cannot be encrypted.
    """
    new_variables(cmd.variables, env)
    return {
        "id": env.store.next_id("SIGNALS"),
        "createdAt": format_instant(env.now()),
        "createdBy": cmd.worker_id,
        "name": cmd.name,
        "subscriberCount": 0,
    }


def query_signal_subscriptions(cmd: c.QuerySignalSubscriptions, env: Environment) -> dict[str, Any]:
    """Signal subscriptions: none, as long as no element waits for signals."""
    return answer(cmd, ())

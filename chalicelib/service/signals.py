"""Signals: sent to everybody who waits for them."""

from typing import Any

from ..bpmn.instants import format_instant
from ..contract import commands as c
from .desk import Desk, thought_through
from .environment import Environment
from .variables import rows

SIGNALS = "SIGNALS"
"""Name of the counter of signals."""


def send_signal(cmd: c.SendSignal, env: Environment) -> dict[str, Any]:
    """Tell every subscriber and every active start event, and answer their number.

    Raises:
        InvalidCommand: A value cannot be encrypted.
    """
    return thought_through(lambda with_callers: _send(cmd, env, with_callers))


def _send(cmd: c.SendSignal, env: Environment, with_callers: bool) -> dict[str, Any]:
    moment = env.moment(cmd.worker_id)
    desk = Desk(env, moment, with_callers=with_callers)
    subscribers = desk.send_signal(cmd.name, rows(cmd.variables, env))
    desk.settle()
    desk.commit()
    return {
        "id": env.store.next_id(SIGNALS),
        "createdAt": format_instant(moment.now),
        "createdBy": moment.actor,
        "name": cmd.name,
        "subscriberCount": subscribers,
    }

"""Signals: sent to everybody who waits for them."""

from typing import Any

from ..bpmn.instants import format_instant
from ..contract import commands as c
from .due import carried_out, follow_up, run_all
from .environment import Environment
from .variables import rows

SIGNALS = "SIGNALS"
"""Name of the counter of signals."""


def send_signal(cmd: c.SendSignal, env: Environment) -> dict[str, Any]:
    """Tell every subscriber and every active start event, and answer their number.

    Raises:
        InvalidCommand: A value cannot be encrypted.
    """
    moment = env.moment(cmd.worker_id)
    variables = rows(cmd.variables, env)
    # In deferred mode there is a task for everybody before the answer, whoever executes them.
    follow = follow_up if env.eager else run_all
    # Before anybody is told: what fails behind that would have the signal sent again.
    id = env.store.next_id(SIGNALS)
    subscribers = carried_out(env, moment, lambda desk: desk.send_signal(cmd.name, variables), follow)
    return {
        "id": id,
        "createdAt": format_instant(moment.now),
        "createdBy": moment.actor,
        "name": cmd.name,
        "subscriberCount": subscribers,
    }

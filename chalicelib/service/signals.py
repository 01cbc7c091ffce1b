"""Signals: sent to everybody who waits for them."""

from typing import Any

from ..bpmn.instants import format_instant
from ..contract import commands as c
from ..engine.moment import Moment
from .desk import Desk, thought_through
from .due import follow_up, run_all
from .environment import Environment, Ref
from .variables import rows

SIGNALS = "SIGNALS"
"""Name of the counter of signals."""


def send_signal(cmd: c.SendSignal, env: Environment) -> dict[str, Any]:
    """Tell every subscriber and every active start event, and answer their number.

    Raises:
        InvalidCommand: A value cannot be encrypted.
    """
    moment = env.moment(cmd.worker_id)
    answer, following = thought_through(lambda with_callers: _send(cmd, env, moment, with_callers))
    if env.eager:
        follow_up(env, following, moment)
    else:
        # Before the answer there is a task for everybody, whoever executes them.
        run_all(env, following, moment)
    return answer


def _send(
    cmd: c.SendSignal, env: Environment, moment: Moment, with_callers: bool
) -> tuple[dict[str, Any], list[Ref]]:
    desk = Desk(env, moment, with_callers=with_callers)
    subscribers = desk.send_signal(cmd.name, rows(cmd.variables, env))
    desk.settle()
    following = desk.commit()
    answer = {
        "id": env.store.next_id(SIGNALS),
        "createdAt": format_instant(moment.now),
        "createdBy": moment.actor,
        "name": cmd.name,
        "subscriberCount": subscribers,
    }
    return answer, following

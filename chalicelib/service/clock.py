"""The engine's clock, and whether the engine can work."""

from dataclasses import replace
from typing import Any

from ..bpmn.instants import format_instant
from ..contract import commands as c
from ..engine.errors import Conflict, InvalidCommand
from ..engine.records import Instant
from .environment import Environment, Overtaken, Unavailable
from .watch import BUSY, FORBIDDEN
from .work import due_at


class NotAllowed(Exception):
    """The operation is switched off by a setting."""

    kind = FORBIDDEN


class NotReady(Exception):
    """The engine cannot work at the moment."""

    kind = BUSY


def set_time(cmd: c.SetTime, env: Environment) -> dict[str, Any]:
    """Move the clock forward for every process of the deployment.

    Raises:
        NotAllowed: The setting does not allow it.
        InvalidCommand: Not exactly one of the three is given.
        Conflict: The target lies in the past.
    """
    if not env.can_set_time:
        raise NotAllowed("set time is switched off")
    offset = env.store.clock_offset()
    now = Instant(env.wall_clock() + offset.milliseconds)
    target = _target(cmd, now)
    if target < now:
        raise Conflict(f"time {format_instant(target)} is before engine time {format_instant(now)}")
    env.store.commit(replace(offset, milliseconds=offset.milliseconds + target - now))
    return {"oldTime": format_instant(now), "newTime": format_instant(target)}


def check_readiness(cmd: c.CheckReadiness, env: Environment) -> bytes:
    """Answer `ready` if the store can be read and written.

    Raises:
        NotReady: It cannot at the moment; whoever asks decides when to ask again.
    """
    try:
        env.store.check()
    except (Overtaken, Unavailable) as reason:
        raise NotReady(str(reason)) from reason
    return b"ready"


def _target(cmd: c.SetTime, now: Instant) -> Instant:
    if [cmd.time, cmd.time_cycle, cmd.time_duration].count(None) != 2:
        raise InvalidCommand("must specify a time, time cycle or time duration")
    return due_at(now, cmd)

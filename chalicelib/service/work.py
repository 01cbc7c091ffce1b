"""Load, think, commit for one process instance; look-ups that several handlers share."""

from collections.abc import Callable
from typing import TypeVar

from ..bpmn.instants import format_instant
from ..bpmn.timing import add, is_cron, next_tick, parse_cycle, parse_duration
from ..contract import commands as c
from ..engine.errors import InvalidCommand, NotFound
from ..engine.instance import IDS_PER_BLOCK
from ..engine.records import Instant
from ..engine.step import Step
from .answers import settle
from .desk import Desk, thought_through
from .due import follow_up
from .environment import Environment, Ref, Work

Answer = TypeVar("Answer")


def change(
    env: Environment,
    actor: str,
    partition: str,
    id: int,
    missing: str,
    think: Callable[[Work, Step], Answer],
    check: Callable[[Desk], None] = lambda desk: None,
) -> Answer:
    """Read the process instance that owns an id, let the engine think, write it once.

    Args:
        env: The environment.
        actor: Who sends the command.
        partition: Partition of the entity.
        id: Its public id.
        missing: What to call it when it is not there, `job`.
        think: Changes the work in place.
        check: Raises if what was thought is not to be written.

    Raises:
        NotFound: No process instance owns the id.
        Overtaken: Somebody else wrote it meanwhile.
    """
    moment = env.moment(actor)

    def attempt(with_callers: bool) -> tuple[Answer, list[Ref]]:
        with env.locks.hold(env.store.first_ref(partition, id)):
            desk = Desk(env, moment, with_callers=with_callers)
            work = load(env, partition, id, missing)
            # Somebody outside acts: from here on the diagram may go on for as long again.
            work.instance.visits = 0
            think_again = think(work, desk.take(work))
            settle(desk)
            check(desk)
            return think_again, desk.commit()

    answer, following = thought_through(attempt)
    follow_up(env, following, moment)
    return answer


def load(env: Environment, partition: str, id: int, missing: str) -> Work:
    """The process instance that owns an id.

    Raises:
        NotFound: There is none.
    """
    work = env.store.load(partition, id)
    if work is None:
        raise NotFound(f"{missing} {partition}/{id} could not be found")
    return work


def require_instance_id(work: Work, partition: str, id: int) -> None:
    """An id block holds 64 ids; only the first is the instance's own, once it has begun.

    Raises:
        NotFound: It is another, or nothing has begun.
    """
    if work.instance.process_instance_id != id:
        raise NotFound(f"process instance {partition}/{id} could not be found")


def due_after(now: Instant, duration: str | None) -> Instant:
    """The instant an ISO 8601 duration after now; now without one.

    Raises:
        InvalidCommand: It leads beyond the calendar.
    """
    try:
        return now if duration is None else Instant(add(now, parse_duration(duration)))
    except ValueError as fault:
        raise InvalidCommand(f"{duration} after {format_instant(now)} is beyond the calendar") from fault


def due_at(now: Instant, timer: c.Timer | c.SetTime) -> Instant:
    """When a timer is due that is set now: its time, its next tick, or after its duration.

    Raises:
        InvalidCommand: It leads beyond the calendar, or does not tick any more.
    """
    if timer.time is not None:
        return Instant(timer.time)
    if timer.time_cycle is None:
        return due_after(now, timer.time_duration)
    try:
        if is_cron(timer.time_cycle):
            return Instant(next_tick(timer.time_cycle, now))
        return Instant(add(now, parse_cycle(timer.time_cycle).duration))
    except ValueError as fault:
        raise InvalidCommand(f"{timer.time_cycle} does not tick any more") from fault


def partitions(env: Environment, partition: str | None) -> list[str]:
    """The partition that was named, or all of them."""
    return env.store.partitions() if partition is None else [partition]


def owners(env: Environment, partition: str | None, id: int) -> list[Work]:
    """The process instances that own an id: one at most per partition."""
    block = (id - 1) // IDS_PER_BLOCK
    found = env.store.load_many([Ref(date, block) for date in partitions(env, partition)])
    return [work for work in found if work is not None]


def fits(wanted: object | None, actual: object) -> bool:
    """Whether a value is what a filter asks for; an absent filter asks for anything."""
    return wanted is None or wanted == actual

"""The look for what is due that comes by itself: each minute, on AWS and on a laptop."""

import logging
from collections.abc import Callable
from itertools import islice

from ..contract import commands as c
from ..engine import feed
from ..engine.feed import AHEAD, QUARTER
from ..engine.records import Instant
from . import upkeep
from .announcing import announce
from .environment import Environment, Hint, Perform, Ref
from .execute import execute
from .fed import announced_again, work_on
from .loading import loaded

logger = logging.getLogger(__name__)

BATCH = 100
"""Tasks at a time. Source: engine-semantics 5."""

SENT_AT_MOST = 10_000
"""Hints of one look; what is left is found by the next one, then overdue."""


def sweep(
    env: Environment, perform: Perform | None = None, *, goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Announce what is due soon, look after fed jobs, and run what is overdue.

    Args:
        env: The environment.
        perform: Does fed jobs whose hints cannot be sent.
        goes_on: Whether there is time for more; what is left over is found by the next look.

    Returns:
        How many tasks were run.
    """
    upkeep.begin(env)
    announce_ahead(env)
    _look_after_fed_jobs(env, perform, goes_on)
    return run_overdue(env, goes_on)


def announce_ahead(env: Environment) -> None:
    """Send hints for what becomes due before the next look has done its work."""
    if env.feed is None:
        return
    now = env.now()
    ahead = env.store.due_tasks(Instant(now + AHEAD), since=Instant(now + 1))
    announce(env, [Hint(ref, due_at) for due_at, ref in islice(ahead, SENT_AT_MOST)], now)


def announce_anew(env: Environment) -> None:
    """Send the hints again that a process has lost at its end which carried them in memory.

    To be called when no other process is at work: otherwise what is under way there would be done here too.
    """
    now = env.now()
    watched = env.store.due_tasks(Instant(now + 2 * QUARTER))
    refs = (ref for _, ref in islice(watched, SENT_AT_MOST))
    for ref, work in loaded(env, refs, skip_unreadable=True):
        announce(env, [Hint(ref, job.due_at, job.id) for job in feed.announced(work.instance)], now)


def run_overdue(env: Environment, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Run due tasks until there are none that can be run; answers how many."""
    done = stuck = 0
    while goes_on():
        # Those that fail stay due, and must not keep the others waiting, however many they are.
        limit = BATCH + stuck
        ran = execute(c.ExecuteTasks.model_construct(limit=limit), env)
        done += ran["completed"]
        stuck = ran["failed"]
        # What was done may have made something due: a timer that ticks on after the clock was moved.
        if ran["completed"] == 0 and stuck < limit:
            break
    return done


# private


def _look_after_fed_jobs(env: Environment, perform: Perform | None, goes_on: Callable[[], bool]) -> None:
    now = env.now()
    refs = (ref for _, ref in env.store.due_tasks(now))
    for ref, work in loaded(env, refs, skip_unreadable=True):
        if not goes_on():
            return
        if feed.overdue(work.instance, now):
            try:
                _announce_again(env, ref, perform)
            except Exception:
                # One process instance that cannot be worked on must not keep the others waiting.
                logger.exception("fed jobs of %s were not announced again", ref)


def _announce_again(env: Environment, ref: Ref, perform: Perform | None) -> None:
    unsent = announce(env, announced_again(env, ref), env.now())
    if perform is not None:
        for hint in unsent:
            work_on(env, hint, perform)

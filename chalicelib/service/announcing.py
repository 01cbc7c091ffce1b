"""Hints: what is due soon is announced, so that it need not wait for the next look."""

import logging
from collections.abc import Sequence

from ..engine.records import Instant
from .environment import Environment, Hint

logger = logging.getLogger(__name__)


def announce(env: Environment, hints: Sequence[Hint], now: Instant) -> list[Hint]:
    """Send hints about what is written; answers those that could not be sent, which the next look finds."""
    if env.feed is None or not hints:
        return list(hints)
    try:
        unsent = env.feed.send(hints, now)
    except Exception:
        # The command is done, and must not fail for a hint.
        logger.exception("%d hints were not sent", len(hints))
        return list(hints)
    if unsent:
        logger.warning("%d of %d hints were not sent", len(unsent), len(hints))
    return unsent

"""The log as a machine reads it."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.watching import log_handler

Line = dict[str, Any]


class Log:
    """What was logged: each line as JSON."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.text.splitlines()]

    def commands(self) -> list[Line]:
        """The lines of commands, without those of deep code."""
        return [line for line in self.lines if "outcome" in line]

    def others(self) -> list[Line]:
        """The lines of deep code."""
        return [line for line in self.lines if "outcome" not in line]

    def clear(self) -> None:
        """Forget what was logged."""
        self.stream.truncate(0)
        self.stream.seek(0)


@contextmanager
def logged(level: int = logging.INFO) -> Iterator[Log]:
    """Collect what the engine logs meanwhile."""
    log, logger = Log(), logging.getLogger("chalicelib")
    handler, before = log_handler(log.stream, "json"), logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield log
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


@contextmanager
def own_log() -> Iterator[None]:
    """Whoever sets up the log meanwhile has it for themselves."""
    root, engine = logging.getLogger(), logging.getLogger("chalicelib")
    before = root.handlers[:], root.level, engine.level
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:], root.level, engine.level = before

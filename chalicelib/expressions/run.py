"""One evaluation: what it may look up, how much it may still do, and why something was null."""

from collections.abc import Mapping
from typing import Any

from .errors import TooMuch
from .json import from_json
from .limits import CALLS, CHARACTERS, ITEMS, STEPS, WARNINGS
from .numbers import from_number

MISSING: Any = object()
"""What is not there, where null is something."""


class Run:
    """The state of one evaluation.

    Attributes:
        scope: The names from outside.
        now: Milliseconds since 1970-01-01 UTC, or None: there is no clock.
        left: Steps that may still be taken.
        calls: How deep functions are in each other at the moment.
        warnings: Reasons for null, the first ones.
    """

    __slots__ = ("calls", "left", "now", "scope", "warnings")

    def __init__(self, scope: Mapping[str, Any], now: int | None) -> None:
        """Begin with all steps left."""
        self.scope = scope
        self.now = now
        self.left = STEPS
        self.calls = 0
        self.warnings: list[str] = []

    def charge(self, steps: int) -> None:
        """Count work that is about to be done.

        Raises:
            TooMuch: It is more than an evaluation may do.
        """
        self.left -= steps
        if self.left < 0:
            raise TooMuch(f"evaluation takes more than {STEPS} steps")

    def items(self, count: int) -> None:
        """Count a list of that many items, before it is made."""
        if count > ITEMS:
            raise TooMuch(f"a list has {count} items, more than {ITEMS}")
        self.charge(count)

    def characters(self, count: int) -> None:
        """Count a string of that many characters, before it is made."""
        if count > CHARACTERS:
            raise TooMuch(f"a string has {count} characters, more than {CHARACTERS}")
        self.charge(count // 64)

    def enter(self) -> None:
        """Enter a function."""
        self.calls += 1
        if self.calls > CALLS:
            raise TooMuch(f"functions call each other more than {CALLS} deep")

    def null(self, reason: str) -> None:
        """The result is null; say why."""
        if len(self.warnings) < WARNINGS:
            self.warnings.append(reason)

    def has(self, name: str) -> bool:
        """Whether there is such a name outside."""
        return name in self.scope


class Frame:
    """Names of one place of the text; the outermost frame remembers what was looked up outside."""

    __slots__ = ("names", "outer", "run")

    def __init__(self, names: dict[str, Any], outer: "Frame | None", run: Run) -> None:
        """Put names before those of the outer frames."""
        self.names = names
        self.outer = outer
        self.run = run

    def find(self, name: str) -> Any:
        """The value of a name, or MISSING."""
        frame = self
        while name not in frame.names:
            if frame.outer is None:
                return frame.fetch(name)
            frame = frame.outer
        return frame.names[name]

    def fetch(self, name: str) -> Any:
        """Look a name up outside, once; only for the outermost frame."""
        try:
            raw = self.run.scope[name]
        except KeyError:
            return MISSING
        self.names[name] = value = from_json(raw, self.run.charge)
        return value

    def find_path(self, name: str, entries: tuple[str, ...]) -> Any:
        """The value at a path of entries of contexts, or MISSING if the path leads anywhere else.

        Only what is at its end is converted, so that a large context costs nothing.
        """
        frame = self
        while name not in frame.names:
            if frame.outer is None:
                return self._walk(name, entries)
            frame = frame.outer
        value = frame.names[name]
        for entry in entries:
            if type(value) is not dict or entry not in value:
                return MISSING
            value = value[entry]
        return value

    def _walk(self, name: str, entries: tuple[str, ...]) -> Any:
        try:
            raw = self.run.scope[name]
        except KeyError:
            return MISSING
        for entry in entries:
            if type(raw) is not dict or entry not in raw:
                return MISSING
            raw = raw[entry]
        kind = type(raw)
        if kind is str or kind is bool:
            return raw
        return from_number(raw) if kind is int else from_json(raw, self.run.charge)

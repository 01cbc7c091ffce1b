"""The same steps on several stores side by side: each must answer, or refuse, what the others do.

Steps are data, and their text is Python, so that a failure can be read, shortened and played again.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.contract.commands import Command
from chalicelib.engine.errors import EngineError
from chalicelib.service.environment import Environment
from chalicelib.settings import Settings
from chalicelib.storage.cipher import AesCipher
from chalicelib.storage.keys import Shards
from tests.conftest import open_items
from tests.play import Engine

KEY = bytes(range(32))
SHARDS = {"dynamodb": Shards(lists=4)}
"""Spread where the engine spreads them; what becomes due at one instant has its order within one shard."""


class Found(AssertionError):
    """Something that must not happen."""


# Steps


@dataclass(frozen=True)
class Send:
    """A command is sent."""

    kind: type[Command]
    fields: Mapping[str, Any]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"Send(c.{self.kind.__name__}, dict({fields}))"


@dataclass(frozen=True)
class Advance:
    """Time goes by."""

    duration: str


@dataclass(frozen=True)
class Restart:
    """Another process of the engine goes on, which has cached nothing."""


Step = Send | Advance | Restart


class Named(str):
    """A long text, written in failures as what makes it."""

    made_by: str

    @classmethod
    def by(cls, made_by: str, text: str) -> "Named":
        named = cls(text)
        named.made_by = made_by
        return named

    def __repr__(self) -> str:
        return self.made_by


@dataclass(frozen=True)
class Refusal:
    """What a command was refused with."""

    family: str
    kind: str
    title: str | None
    detail: str
    causes: tuple[Any, ...]


# Sides


@dataclass
class Side(Engine):
    """An engine whose encryption is counted like all its randomness."""

    def environment(self) -> Environment:
        env = super().environment()
        if not self.settings.encryption_keys:
            return env
        return replace(env, cipher=AesCipher(self.settings.encryption_keys, self.random_bytes))

    def outcome(self, step: Step) -> Any:
        """Carry out a step; a refusal is an answer too."""
        match step:
            case Advance():
                return self.clock.advance(step.duration)
            case Restart():
                self.env = self.environment()
                return None
        try:
            return self.send(step.kind(**step.fields))
        except EngineError as refusal:
            return Refusal(
                type(refusal).__name__, refusal.kind, refusal.title, refusal.detail, refusal.causes
            )


@dataclass
class Sides:
    """Engines that differ in nothing but their store."""

    engines: Mapping[str, Side]

    @property
    def lead(self) -> Side:
        """The engine on the reference store."""
        return self.engines["memory"]

    def outcome(self, step: Step) -> Any:
        """Carry out a step on every store.

        Raises:
            Found: One of them breaks down, or they do not agree.
        """
        outcomes: dict[str, Any] = {}
        for store, side in self.engines.items():
            try:
                outcomes[store] = side.outcome(step)
            except Exception as breakdown:
                raise Found(f"{store} breaks down: {type(breakdown).__name__}: {breakdown}") from breakdown
        for store, outcome in outcomes.items():
            if outcome != outcomes["memory"]:
                raise Found(_difference(store, outcome, outcomes["memory"]))
        return outcomes["memory"]


@contextmanager
def open_sides(stores: tuple[str, ...], task_mode: str, is_encrypting: bool) -> Iterator[Sides]:
    """Fresh stores, each with its own engine."""
    settings = Settings(task_mode=task_mode, set_time=True, encryption_keys=(KEY,) if is_encrypting else ())
    with ExitStack() as stack:
        engines = {}
        for store in stores:
            path = Path(stack.enter_context(TemporaryDirectory()))
            items = stack.enter_context(contextmanager(open_items)(store, path))
            engines[store] = Side(items, settings, shards=SHARDS.get(store, Shards()))
        yield Sides(engines)


Steps = list[Step]


def shortened(steps: Steps, fails: Callable[[Steps], bool], attempts: int = 150) -> Steps:
    """Leave out steps, many at a time and then one by one, as long as the rest still fails."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps) and attempts:
            attempts -= 1
            rest = steps[:at] + steps[at + size :]
            if fails(rest):
                steps = rest
            else:
                at += size
        size //= 2
    return steps


def _difference(store: str, outcome: Any, reference: Any) -> str:
    if isinstance(outcome, dict) and isinstance(reference, dict):
        for name in sorted({*outcome, *reference}):
            if outcome.get(name) != reference.get(name):
                found = _difference(store, outcome.get(name), reference.get(name))
                return f"{name}: {found}"
    if isinstance(outcome, list) and isinstance(reference, list) and len(outcome) == len(reference):
        at = next(at for at, pair in enumerate(zip(outcome, reference, strict=True)) if pair[0] != pair[1])
        return f"{at}: {_difference(store, outcome[at], reference[at])}"
    return f"memory says {reference!r}\n{store} says {outcome!r}"

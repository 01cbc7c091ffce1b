"""Names, paths and what could be one: where values come from. Source: DMN 1.5, 10.3.1.6, 10.3.2.11."""

from collections.abc import Callable
from typing import Any

from .. import tree
from ..builtins import BUILTINS
from ..errors import InvalidExpression
from ..limits import VARIANTS
from ..operators import (
    entry,
)
from ..run import MISSING, Frame, Run
from ..values import Builtin
from .base import Code, Compiler, Scope


def literal_code(_: Compiler, node: tree.Literal, __: Scope) -> Code:
    """A value of the text."""
    value = node.value
    return lambda frame: value


def name_code(compiler: Compiler, node: tree.Name, scope: Scope) -> Code:
    """A name; the outermost place knows that it has no frames to look through."""
    name = node.name
    _mention(compiler, name, scope)

    def code(frame: Frame) -> Any:
        value = frame.find(name)
        return _missing(frame.run, name) if value is MISSING else value

    def outermost(frame: Frame) -> Any:
        names = frame.names
        value = names[name] if name in names else frame.fetch(name)
        return _missing(frame.run, name) if value is MISSING else value

    return outermost if scope.is_outermost else code


def _mention(compiler: Compiler, name: str, scope: Scope) -> None:
    compiler.used.add(name)
    if name not in scope.bound:
        compiler.names.add(name)


def _missing(run: Run, name: str) -> Any:
    if name in BUILTINS:
        return Builtin(name)
    run.null(f"there is no variable `{name}`")
    return None


def path_code(compiler: Compiler, node: tree.Path, scope: Scope) -> Code:
    """A path; from a name through contexts, only what is at its end is converted."""
    entries, base = [node.name], node.base
    while isinstance(base, tree.Path):
        entries.append(base.name)
        base = base.base
    compiler.nodes += len(entries) - 1
    names, of = tuple(reversed(entries)), compiler.code(base, scope)

    def code(frame: Frame) -> Any:
        value = of(frame)
        for name in names:
            value = entry(frame.run, value, name)
        return value

    if not isinstance(base, tree.Name):
        return code
    root = base.name

    def quick(frame: Frame) -> Any:
        value = frame.find_path(root, names)
        return code(frame) if value is MISSING else value

    return quick


def ambiguous_code(compiler: Compiler, node: tree.Ambiguous, scope: Scope) -> Code:
    """The first candidate that is there decides; what it makes of the text is compiled then, and kept."""
    default = compiler.code(node.node, scope)
    tests = [_presence(compiler, candidate, scope) for candidate in node.candidates]
    variants: dict[tuple[int, str], Code] = {}

    def variant(chosen: int, spelling: str) -> Code:
        made = variants.get((chosen, spelling))
        if made is None:
            try:
                made = compiler.code(node.reread(chosen, spelling), scope)
            except InvalidExpression:
                made = default
            if len(variants) < VARIANTS:
                variants[chosen, spelling] = made
        return made

    def code(frame: Frame) -> Any:
        for at, test in enumerate(tests):
            spelling = test(frame)
            if spelling is not None:
                return variant(at, spelling)(frame)
        return default(frame)

    return code


def _presence(compiler: Compiler, candidate: tree.Candidate, scope: Scope) -> Callable[[Frame], str | None]:
    """Which spelling of a candidate is there, if any."""
    spellings = candidate.spellings
    if candidate.base is not None:
        return _presence_in(compiler.code(candidate.base, scope), spellings)
    compiler.used.update(spellings)
    compiler.names.update(name for name in spellings if name not in scope.bound)

    def test(frame: Frame) -> str | None:
        run = frame.run
        for name in spellings:
            place: Frame | None = frame
            while place is not None:
                if name in place.names:
                    return name
                place = place.outer
            if run.has(name):
                return name
        return None

    return test


def _presence_in(base: Code, spellings: tuple[str, ...]) -> Callable[[Frame], str | None]:
    """Which spelling is an entry of a context, or of a context in a list."""

    def test(frame: Frame) -> str | None:
        told = len(frame.run.warnings)
        value = base(frame)
        del frame.run.warnings[told:]
        if type(value) is list:
            value = next((item for item in value if type(item) is dict), None)
        if type(value) is not dict:
            return None
        return next((name for name in spellings if name in value), None)

    return test

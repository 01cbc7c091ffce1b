"""What only `${...}` has: text around expressions, `empty`, `!` and an index from 0."""

from decimal import Decimal
from typing import Any

from .. import tree
from ..builtins.conversion import string
from ..numbers import CONTEXT, ONE, ZERO
from ..operators import (
    entry,
    item_at,
    kind,
)
from ..run import Frame
from .base import Code, Compiler, Scope


def index_code(compiler: Compiler, node: tree.Index, scope: Scope) -> Code:
    """A key of a context, or an index from 0."""
    base, key = compiler.codes((node.base, node.key), scope)

    def code(frame: Frame) -> Any:
        value, at = base(frame), key(frame)
        if type(value) is list and type(at) is Decimal:
            return item_at(frame.run, value, CONTEXT.add(at, ONE) if at >= 0 else ZERO)
        if type(at) is str:
            return entry(frame.run, value, at)
        frame.run.null(f"{kind(value)} has no [{kind(at)}]")
        return None

    return code


def template_code(compiler: Compiler, node: tree.Template, scope: Scope) -> Code:
    """Texts and values in one string; null is no text."""
    parts = compiler.codes(node.parts, scope)

    def code(frame: Frame) -> str:
        values = [part(frame) for part in parts]
        texts = ["" if value is None else string(frame.run, value) for value in values]
        frame.run.characters(sum(len(text) for text in texts))
        return "".join(texts)

    return code


def empty_code(compiler: Compiler, node: tree.Empty, scope: Scope) -> Code:
    """Whether there is nothing in it."""
    operand = compiler.code(node.operand, scope)

    def code(frame: Frame) -> bool:
        value = operand(frame)
        return value is None or (type(value) in (str, list, dict) and not value)

    return code


def not_code(compiler: Compiler, node: tree.Not, scope: Scope) -> Code:
    """The opposite of true or false."""
    operand = compiler.code(node.operand, scope)

    def code(frame: Frame) -> bool | None:
        value = operand(frame)
        return not value if type(value) is bool else None

    return code

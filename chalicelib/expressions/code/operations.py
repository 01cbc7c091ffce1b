"""Operators, `if` and `instance of`. Source: DMN 1.5, 10.3.2.15, tables 49 to 62."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .. import tree
from ..errors import Undefined
from ..numbers import FAULTS
from ..operators import (
    ARITHMETIC,
    COMPARISONS,
    before,
    calculate,
    equal,
    kind,
    negated,
)
from ..run import Frame
from ..types import conforms, is_type
from .base import Code, Compiler, Scope


def logic_code(compiler: Compiler, node: tree.Logic, scope: Scope) -> Code:
    """Source: DMN 1.5, table 50."""
    parts = compiler.codes(node.parts, scope)
    decides = node.operator == "or"
    otherwise = not decides

    def code(frame: Frame) -> bool | None:
        result: bool | None = otherwise
        for part in parts:
            value = part(frame)
            if value is decides:
                return not otherwise
            if value is not otherwise:
                result = None
        return result

    return code


_QUICK = frozenset((Decimal, str, bool))


def comparison_code(compiler: Compiler, node: tree.Comparison, scope: Scope) -> Code:
    """A comparison; numbers, strings and booleans take a short way. Source: DMN 1.5, tables 52 to 54."""
    left, right = compiler.codes((node.left, node.right), scope)
    if node.operator in ("=", "!="):
        return _equality(left, right, node.operator == "=")
    compare, operator = COMPARISONS[node.operator], node.operator
    numbers = _NUMBERS[operator]

    def code(frame: Frame) -> bool | None:
        one, other = left(frame), right(frame)
        if type(one) is Decimal and type(other) is Decimal:
            return bool(numbers(one, other))
        try:
            return compare(one, other)
        except Undefined as fault:
            frame.run.null(f"{operator}: {fault}")
            return None

    return code


_NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": Decimal.__lt__,
    "<=": Decimal.__le__,
    ">": Decimal.__gt__,
    ">=": Decimal.__ge__,
}


def _equality(left: Code, right: Code, wanted: bool) -> Code:
    def code(frame: Frame) -> bool | None:
        one, other = left(frame), right(frame)
        this = type(one)
        if this is type(other) and this in _QUICK:
            return (one == other) is wanted
        result = equal(frame.run, one, other)
        if result is None:
            frame.run.null(f"{kind(one)} and {kind(other)} are not compared")
            return None
        return result is wanted

    return code


def between_code(compiler: Compiler, node: tree.Between, scope: Scope) -> Code:
    """Source: DMN 1.5, table 55."""
    value, low, high = compiler.codes((node.value, node.low, node.high), scope)

    def code(frame: Frame) -> bool | None:
        it, least, most = value(frame), low(frame), high(frame)
        try:
            return not before(it, least) and not before(most, it)
        except Undefined as fault:
            frame.run.null(f"between: {fault}")
            return None

    return code


def arithmetic_code(compiler: Compiler, node: tree.Arithmetic, scope: Scope) -> Code:
    """A chain of operations; a single one between numbers takes a short way."""
    first = compiler.code(node.first, scope)
    rest = tuple((operator, compiler.code(operand, scope)) for operator, operand in node.rest)

    def code(frame: Frame) -> Any:
        value = first(frame)
        for operator, operand in rest:
            value = calculate(frame.run, operator, value, operand(frame))
        return value

    return _one_operation(first, *rest[0]) if len(rest) == 1 else code


def _one_operation(left: Code, operator: str, right: Code) -> Code:
    numbers = ARITHMETIC[operator, Decimal, Decimal]

    def code(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        if type(one) is Decimal and type(other) is Decimal:
            try:
                return numbers(one, other)
            except (*FAULTS, Undefined):
                pass
        return calculate(frame.run, operator, one, other)

    return code


def negation_code(compiler: Compiler, node: tree.Negation, scope: Scope) -> Code:
    """A negation."""
    operand = compiler.code(node.operand, scope)
    return lambda frame: negated(frame.run, operand(frame))


def if_code(compiler: Compiler, node: tree.If, scope: Scope) -> Code:
    """Only a condition that is true leads to `then`."""
    condition, yes, no = compiler.codes((node.condition, node.yes, node.no), scope)
    return lambda frame: yes(frame) if condition(frame) is True else no(frame)


def instance_of_code(compiler: Compiler, node: tree.InstanceOf, scope: Scope) -> Code:
    """Source: DMN 1.5, table 61."""
    value, wanted = compiler.code(node.value, scope), node.type
    is_known = is_type(wanted)

    def code(frame: Frame) -> bool | None:
        it = value(frame)
        if not is_known:
            frame.run.null(f"`{wanted.name}` is no type, or needs to say of what")
            return None
        if it is None:
            return wanted.name == "Null"
        return conforms(it, wanted)

    return code

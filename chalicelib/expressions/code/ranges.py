"""Ranges, `in` and unary tests. Source: DMN 1.5, 10.3.2.7, 10.3.2.10, table 55."""

from collections.abc import Callable
from typing import Any

from .. import tree
from ..errors import Undefined
from ..operators import (
    before,
    included,
    make_range,
)
from ..run import MISSING, Frame
from ..tree import Node
from ..values import Range
from .base import Code, Compiler, Scope


def interval_code(compiler: Compiler, node: tree.Interval, scope: Scope) -> Code:
    """A range with two ends or one."""
    low = None if node.low is None else compiler.code(node.low, scope)
    high = None if node.high is None else compiler.code(node.high, scope)
    low_included, high_included = node.low_included, node.high_included

    def code(frame: Frame) -> Range | None:
        try:
            if low is not None and high is not None:
                return make_range(low(frame), high(frame), low_included, high_included)
            end = (low or high or _nothing)(frame)
            before(end, end)
        except Undefined as fault:
            frame.run.null(f"range: {fault}")
            return None
        return Range(end if low else None, end if high else None, low_included, high_included)

    return code


def _nothing(_: Frame) -> None:
    return None


def in_code(compiler: Compiler, node: tree.In, scope: Scope) -> Code:
    """Whether one of the tests is true of the value, which is `?` in them."""
    value = compiler.code(node.value, scope)
    tests = _any_test(compiler, node.tests, scope.inside("?"))

    def code(frame: Frame) -> bool | None:
        it = value(frame)
        return tests(Frame({"?": it}, frame, frame.run), it)

    return code


def tests_code(compiler: Compiler, node: tree.Tests, scope: Scope) -> Code:
    """Source: DMN 1.5, 10.3.2.10, unary tests."""
    tests = _any_test(compiler, node.tests, scope)
    is_negated = node.negated
    compiler.names.add("?")

    def code(frame: Frame) -> bool | None:
        it = frame.find("?")
        result = tests(frame, None if it is MISSING else it)
        return not result if is_negated and result is not None else result

    return code


def _any_test(
    compiler: Compiler, nodes: tuple[Node, ...], scope: Scope
) -> Callable[[Frame, Any], bool | None]:
    """Whether one of the tests is true of a value. Source: DMN 1.5, table 55."""
    tests = [compiler.uses("?", node, scope) for node in nodes]

    def code(frame: Frame, value: Any) -> bool | None:
        result: bool | None = False
        for test, _, is_about_it in tests:
            found = test(frame)
            if not (type(found) is bool and (is_about_it or type(value) is not bool)):
                found = None if is_about_it else included(frame.run, value, found)
            if found is True:
                return True
            if found is None:
                result = None
        return result

    return code

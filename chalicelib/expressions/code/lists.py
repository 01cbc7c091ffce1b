"""Lists, contexts, filters and iterations. Source: DMN 1.5, 10.3.2.5, 10.3.2.6, 10.3.2.14."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from .. import tree
from ..errors import TooMuch, Undefined
from ..limits import ITEMS
from ..numbers import whole
from ..operators import (
    item_at,
    kind,
)
from ..run import Frame, Run
from ..temporal import Date, from_ordinal, ordinal
from ..tree import Node
from ..values import Range
from .base import Code, Compiler, Scope


def list_code(compiler: Compiler, node: tree.ListOf, scope: Scope) -> Code:
    """A list."""
    items = compiler.codes(node.items, scope)
    return lambda frame: [item(frame) for item in items]


def context_code(compiler: Compiler, node: tree.ContextOf, scope: Scope) -> Code:
    """Each entry sees those before it. Source: DMN 1.5, 10.3.2.6."""
    entries = list[tuple[str, Code]]()
    inside = scope.inside()
    for key, value in zip(node.keys, node.values, strict=True):
        entries.append((key, compiler.code(value, inside)))
        inside = inside.inside(key)

    def code(frame: Frame) -> dict[str, Any]:
        made: dict[str, Any] = {}
        place = Frame(made, frame, frame.run)
        for key, value in entries:
            made[key] = value(place)
        return made

    return code


def filter_code(compiler: Compiler, node: tree.Filter, scope: Scope) -> Code:
    """Source: DMN 1.5, 10.3.2.5, table 68."""
    base = compiler.code(node.base, scope)
    if isinstance(node.test, tree.Literal) and isinstance(node.test.value, Decimal):
        index = node.test.value
        return lambda frame: _item(frame.run, base(frame), index)
    test, weight = compiler.weighed(node.test, scope.inside("item"))

    def code(frame: Frame) -> Any:
        value, run = base(frame), frame.run
        if value is None:
            return _item(run, None, None)
        items = value if type(value) is list else [value]
        kept = list[Any]()
        for item in items:
            run.charge(weight + 1)
            verdict = test(_item_frame(frame, item))
            if verdict is True:
                kept.append(item)
            elif type(verdict) is Decimal and item is items[0]:
                return item_at(run, value, verdict)
        return kept if items or not _is_index(frame, test) else None

    return code


def _item(run: Run, value: Any, index: Any) -> Any:
    if value is None:
        run.null("null has no items")
        return None
    return item_at(run, value, index)


def _is_index(frame: Frame, test: Code) -> bool:
    """Whether a filter of an empty list would be an index."""
    told = len(frame.run.warnings)
    verdict = test(frame)
    del frame.run.warnings[told:]
    return type(verdict) is Decimal


def _item_frame(frame: Frame, item: Any) -> Frame:
    if type(item) is not dict:
        return Frame({"item": item}, frame, frame.run)
    outer = frame if "item" in item else Frame({"item": item}, frame, frame.run)
    return Frame(item, outer, frame.run)


def _frames(frame: Frame, names: tuple[str, ...], domains: tuple[Code, ...], at: int = 0) -> Iterator[Frame]:
    """The frames of all combinations, the last name changing first. Source: DMN 1.5, 10.3.2.14."""
    for value in domains[at](frame):
        inner = Frame({names[at]: value}, frame, frame.run)
        if at + 1 == len(names):
            yield inner
        else:
            frame.run.charge(1)
            yield from _frames(inner, names, domains, at + 1)


def _domains(
    compiler: Compiler, names: tuple[str, ...], nodes: tuple[Node, ...], scope: Scope
) -> tuple[tuple[Code, ...], Scope]:
    codes = list[Code]()
    for name, node in zip(names, nodes, strict=True):
        codes.append(_domain(compiler, node, scope))
        scope = scope.inside(name)
    return tuple(codes), scope


def _domain(compiler: Compiler, node: Node, scope: Scope) -> Code:
    """What an iteration goes over; raises `Undefined` where it is nothing."""
    if isinstance(node, tree.Steps):
        first, last = compiler.codes((node.first, node.last), scope)
        return lambda frame: _steps(frame.run, first(frame), last(frame))
    of = compiler.code(node, scope)

    def code(frame: Frame) -> Any:
        value = of(frame)
        if type(value) is Range:
            return _range_steps(frame.run, value)
        if value is None:
            raise Undefined("null has no items")
        return value if type(value) is list else [value]

    return code


def _steps(run: Run, first: Any, last: Any) -> Iterator[Any]:
    """From one to the other, up or down."""
    if type(first) is Date and type(last) is Date:
        return (from_ordinal(day) for day in _numbers(run, ordinal(first), ordinal(last)))
    if type(first) is Decimal and type(last) is Decimal:
        return (Decimal(number) for number in _numbers(run, whole(first), whole(last)))
    raise Undefined(f"no steps lead from {kind(first)} to {kind(last)}")


def _numbers(run: Run, first: int, last: int) -> range:
    run.items(abs(last - first) + 1)
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _range_steps(run: Run, value: Range) -> Iterator[Any]:
    steps = _steps(run, value.start, value.end)
    return (
        step
        for step in steps
        if (value.start_included or step != value.start) and (value.end_included or step != value.end)
    )


def for_code(compiler: Compiler, node: tree.For, scope: Scope) -> Code:
    """Source: DMN 1.5, 10.3.2.14."""
    names = node.names
    domains, inside = _domains(compiler, names, node.domains, scope)
    body, weight, is_recursive = compiler.uses("partial", node.body, inside.inside("partial"))

    def code(frame: Frame) -> list[Any] | None:
        run, results = frame.run, list[Any]()
        around = Frame({"partial": results}, frame, run) if is_recursive else frame
        try:
            for place in _frames(around, names, domains):
                run.charge(weight + 1)
                if is_recursive:
                    run.charge(len(results) // 16)
                    around.names["partial"] = results.copy()
                results.append(body(place))
                if len(results) > ITEMS:
                    raise TooMuch(f"a list has more than {ITEMS} items")
        except Undefined as fault:
            run.null(f"for: {fault}")
            return None
        return results

    return code


def quantified_code(compiler: Compiler, node: tree.Quantified, scope: Scope) -> Code:
    """Source: DMN 1.5, table 49, grammar rule 46."""
    names, what = node.names, node.kind
    decides = what == "some"
    otherwise = not decides
    domains, inside = _domains(compiler, names, node.domains, scope)
    test, weight = compiler.weighed(node.test, inside)

    def code(frame: Frame) -> bool | None:
        result: bool | None = otherwise
        try:
            for place in _frames(frame, names, domains):
                frame.run.charge(weight + 1)
                value = test(place)
                if value is decides:
                    return not otherwise
                if type(value) is not bool:
                    result = None
        except Undefined as fault:
            frame.run.null(f"{what}: {fault}")
            return None
        return result

    return code

"""A syntax tree to closures: each node becomes one function from a frame to a value.

What the text says is decided once, here. A loop counts the nodes of its body per turn, so that steps are
about what an evaluation costs. Source: DMN 1.5, 10.3.2.15 semantic mappings.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from . import tree
from .builtins import BUILTINS
from .builtins.conversion import string
from .builtins.rows import apply, invoke
from .errors import InvalidExpression, TooMuch, Undefined
from .limits import ITEMS, VARIANTS
from .numbers import CONTEXT, FAULTS, ONE, ZERO, whole
from .operators import (
    ARITHMETIC,
    COMPARISONS,
    before,
    calculate,
    entry,
    equal,
    included,
    item_at,
    kind,
    make_range,
    negated,
)
from .run import MISSING, Frame, Run
from .temporal import Date, from_ordinal, ordinal
from .tree import Node
from .types import conforms, is_type
from .values import Builtin, Function, Range

Code = Callable[[Frame], Any]


class Scope(NamedTuple):
    """What is known about a place.

    Attributes:
        bound: Names that the text binds.
        is_outermost: Whether no frame is between it and the names from outside.
    """

    bound: frozenset[str]
    is_outermost: bool

    def inside(self, *names: str) -> "Scope":
        """The scope of a part that binds names."""
        return Scope(self.bound.union(names), False)


class Compiler:
    """Makes code, and counts what it saw.

    Attributes:
        names: Free names, which are looked up outside.
        used: All names.
        nodes: How many nodes.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.names = set[str]()
        self.used = set[str]()
        self.nodes = 0

    def code(self, node: Node, scope: Scope) -> Code:
        """The function of a node."""
        self.nodes += 1
        return _KINDS[type(node)](self, node, scope)

    def codes(self, nodes: tuple[Node, ...], scope: Scope) -> tuple[Code, ...]:
        """The functions of some nodes."""
        return tuple(self.code(node, scope) for node in nodes)

    def weighed(self, node: Node, scope: Scope) -> tuple[Code, int]:
        """The function of a node, and how many nodes it is made of."""
        nodes = self.nodes
        code = self.code(node, scope)
        return code, self.nodes - nodes

    def uses(self, name: str, node: Node, scope: Scope) -> tuple[Code, int, bool]:
        """As `weighed`, and whether the node mentions a name."""
        used, self.used = self.used, set()
        code, weight = self.weighed(node, scope)
        mentions = name in self.used
        self.used |= used
        return code, weight, mentions


# Names


def _literal(_: Compiler, node: tree.Literal, __: Scope) -> Code:
    value = node.value
    return lambda frame: value


def _name(compiler: Compiler, node: tree.Name, scope: Scope) -> Code:
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


def _path(compiler: Compiler, node: tree.Path, scope: Scope) -> Code:
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


def _ambiguous(compiler: Compiler, node: tree.Ambiguous, scope: Scope) -> Code:
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


# Operations


def _logic(compiler: Compiler, node: tree.Logic, scope: Scope) -> Code:
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


def _comparison(compiler: Compiler, node: tree.Comparison, scope: Scope) -> Code:
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


def _between(compiler: Compiler, node: tree.Between, scope: Scope) -> Code:
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


def _arithmetic(compiler: Compiler, node: tree.Arithmetic, scope: Scope) -> Code:
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


def _negation(compiler: Compiler, node: tree.Negation, scope: Scope) -> Code:
    operand = compiler.code(node.operand, scope)
    return lambda frame: negated(frame.run, operand(frame))


def _if(compiler: Compiler, node: tree.If, scope: Scope) -> Code:
    condition, yes, no = compiler.codes((node.condition, node.yes, node.no), scope)
    return lambda frame: yes(frame) if condition(frame) is True else no(frame)


def _instance_of(compiler: Compiler, node: tree.InstanceOf, scope: Scope) -> Code:
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


# Ranges and tests


def _interval(compiler: Compiler, node: tree.Interval, scope: Scope) -> Code:
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


def _in(compiler: Compiler, node: tree.In, scope: Scope) -> Code:
    value = compiler.code(node.value, scope)
    tests = _any_test(compiler, node.tests, scope.inside("?"))

    def code(frame: Frame) -> bool | None:
        it = value(frame)
        return tests(Frame({"?": it}, frame, frame.run), it)

    return code


def _tests(compiler: Compiler, node: tree.Tests, scope: Scope) -> Code:
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


# Lists, contexts, iterations


def _list(compiler: Compiler, node: tree.ListOf, scope: Scope) -> Code:
    items = compiler.codes(node.items, scope)
    return lambda frame: [item(frame) for item in items]


def _context(compiler: Compiler, node: tree.ContextOf, scope: Scope) -> Code:
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


def _filter(compiler: Compiler, node: tree.Filter, scope: Scope) -> Code:
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


def _index(compiler: Compiler, node: tree.Index, scope: Scope) -> Code:
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


def _for(compiler: Compiler, node: tree.For, scope: Scope) -> Code:
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


def _quantified(compiler: Compiler, node: tree.Quantified, scope: Scope) -> Code:
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


# Functions


def _function(compiler: Compiler, node: tree.FunctionOf, scope: Scope) -> Code:
    """A closure over the frame in which it is written. Source: DMN 1.5, 10.3.2.13.2."""
    parameters, types = node.parameters, node.types
    if node.body is None:
        return lambda frame: frame.run.null("external functions are not called from here")
    body, weight = compiler.weighed(node.body, scope.inside(*parameters))

    def code(frame: Frame) -> Function:
        def call(*arguments: Any) -> Any:
            frame.run.charge(weight + 1)
            return body(Frame(dict(zip(parameters, arguments, strict=True)), frame, frame.run))

        return Function(parameters, types, call)

    return code


def _builtin_call(compiler: Compiler, node: tree.BuiltinCall, scope: Scope) -> Code:
    rows, names = BUILTINS[node.name], node.names
    arguments = compiler.codes(node.arguments, scope)
    return lambda frame: invoke(frame.run, rows, [argument(frame) for argument in arguments], names)


def _call(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    """Source: DMN 1.5, table 63."""
    function, names = compiler.code(node.function, scope), node.names
    arguments = compiler.codes(node.arguments, scope)

    def code(frame: Frame) -> Any:
        called, run = function(frame), frame.run
        values = [argument(frame) for argument in arguments]
        if type(called) is Builtin:
            return invoke(run, BUILTINS[called.name], values, names)
        if type(called) is not Function:
            run.null(f"{kind(called)} is no function")
            return None
        if names is not None:
            given = dict(zip(names, values, strict=True))
            if not given.keys() <= set(called.parameters):
                run.null(f"a function has no parameters {', '.join(names)}")
                return None
            values = [given.get(name) for name in called.parameters]
        return apply(run, called, values)

    return code


# What only `${...}` has


def _template(compiler: Compiler, node: tree.Template, scope: Scope) -> Code:
    parts = compiler.codes(node.parts, scope)

    def code(frame: Frame) -> str:
        values = [part(frame) for part in parts]
        texts = ["" if value is None else string(frame.run, value) for value in values]
        frame.run.characters(sum(len(text) for text in texts))
        return "".join(texts)

    return code


def _empty(compiler: Compiler, node: tree.Empty, scope: Scope) -> Code:
    operand = compiler.code(node.operand, scope)

    def code(frame: Frame) -> bool:
        value = operand(frame)
        return value is None or (type(value) in (str, list, dict) and not value)

    return code


def _not(compiler: Compiler, node: tree.Not, scope: Scope) -> Code:
    operand = compiler.code(node.operand, scope)

    def code(frame: Frame) -> bool | None:
        value = operand(frame)
        return not value if type(value) is bool else None

    return code


_KINDS: dict[type, Callable[[Compiler, Any, Scope], Code]] = {
    tree.Literal: _literal,
    tree.Name: _name,
    tree.Path: _path,
    tree.Filter: _filter,
    tree.Index: _index,
    tree.Call: _call,
    tree.BuiltinCall: _builtin_call,
    tree.Arithmetic: _arithmetic,
    tree.Negation: _negation,
    tree.Comparison: _comparison,
    tree.Between: _between,
    tree.In: _in,
    tree.Tests: _tests,
    tree.Logic: _logic,
    tree.If: _if,
    tree.For: _for,
    tree.Quantified: _quantified,
    tree.Interval: _interval,
    tree.ListOf: _list,
    tree.ContextOf: _context,
    tree.FunctionOf: _function,
    tree.InstanceOf: _instance_of,
    tree.Ambiguous: _ambiguous,
    tree.Template: _template,
    tree.Empty: _empty,
    tree.Not: _not,
}
"""What each kind of node becomes."""

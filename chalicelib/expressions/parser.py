"""Tokens to a syntax tree.

What is a name: words side by side are always one name, `monthly income`, since nothing else could be meant.
Words with an operator between, `gross-amount` or `profit and loss`, are an operation, unless a name is in
scope that matches more; then the longest one from the left is taken, as the standard has it. Names that the
text itself binds, and built-in functions, are known here. All others are known when the expression is
evaluated: an `Ambiguous` node keeps what could be one, and how to read the tokens again with it.

Source: DMN 1.5, 10.3.1.2 grammar, 10.3.1.4 tokens and names, 10.3.1.6 ambiguity.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from . import tree
from .builtins import NAMES
from .errors import InvalidExpression, Undefined
from .lexer import AT, END, NUMBER, PART, RESERVED, STRING, SYMBOL, WORD, Token, tokens
from .limits import DEPTH, NAME_TOKENS
from .numbers import CONTEXT
from .temporal import parse_any
from .tree import Candidate, Node

_STOPS = frozenset(("and", "or", "in", "then", "else", "return", "satisfies", "between"))
_JOINS = frozenset(("and", "or", "in"))
_CLOSING = frozenset(",)]}:")
_JOINING = frozenset("-+*/'")
_LITERALS = {"null": None, "true": True, "false": False}
_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _POWER, _ABOVE = range(7)
_LEVELS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "between"), _COMPARISON),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/", _PRODUCT),
    "**": _POWER,
}
_LESS_OR_MORE = frozenset(("<", "<=", ">", ">="))
_PATHS = (tree.Name, tree.Path, tree.Filter, tree.Ambiguous)
_T = TypeVar("_T")

Known = dict[str, list[tuple[tuple[str, ...], str]]]
"""Names by their first word: all their words, and their spelling."""


def _index(names: Iterator[tuple[str, ...]]) -> Known:
    known: Known = {}
    for words in names:
        known.setdefault(words[0], []).append((words, " ".join(words)))
    return known


_FUNCTIONS = _index(tuple(name.split()) for name in NAMES)


def parse(text: str, start: int = 0) -> Node:
    """The tree of an expression.

    Args:
        text: The whole text.
        start: Where in it the expression begins.

    Raises:
        InvalidExpression: It is none.
    """
    parser = Parser(text, start)
    return parser.whole(parser.expression)


def parse_unary_tests(text: str, start: int = 0) -> Node:
    """The tree of unary tests about `?`: `> 5, [10..20]`, `not("a", "b")`, `-`.

    Raises:
        InvalidExpression: They are none.

    Source: DMN 1.5, 10.3.1.2 grammar rule 15.
    """
    parser = Parser(text, start)
    return parser.whole(parser.unary_tests)


class _Taken(NamedTuple):
    """The decision that tokens are one name."""

    end: int
    name: str


class Parser:
    """Reads tokens from left to right; `at` is the index of the next one."""

    def __init__(self, text: str, start: int = 0, read: list[Token] | None = None) -> None:
        """Split the text into tokens, unless that has been done."""
        self.text = text
        self.tokens = read or tokens(text, start)
        self.at = 0
        self.depth = 0
        self.scopes: list[Known] = []
        self.taken: dict[int, _Taken] = {}
        self.candidates: list[Candidate] = []
        self.work = 30 * len(self.tokens) + 1000
        self.before_end = False

    # What stands at the place

    def whole(self, read: Callable[[], Node]) -> Node:
        """Read to the end of the text."""
        try:
            node = read()
        except RecursionError:
            raise self._wrong("expression is nested too deeply") from None
        if self.tokens[self.at].kind != END:
            raise self._expected("the end")
        return node

    def _is(self, *texts: str) -> bool:
        token = self.tokens[self.at]
        return token.text in texts and token.kind in (WORD, SYMBOL)

    def _took(self, text: str) -> bool:
        is_there = self._is(text)
        self.at += is_there
        return is_there

    def _expect(self, text: str) -> None:
        if not self._took(text):
            raise self._expected(f"`{text}`")

    def _expected(self, what: str) -> InvalidExpression:
        token = self.tokens[self.at]
        found = "the end" if token.kind == END else f"`{self.text[token.at : token.end][:40]}`"
        return self._wrong(f"expected {what}, found {found}")

    def _wrong(self, fact: str) -> InvalidExpression:
        return InvalidExpression(fact, self.text, self.tokens[self.at].at)

    def _enter(self, levels: int = 1) -> None:
        self.depth += levels
        self.work -= 1
        if self.depth > DEPTH:
            raise self._wrong(f"expression is nested more than {DEPTH} deep")
        if self.work < 0:
            raise self._wrong("expression has too many readings")

    # Expressions, from the outside in

    def expression(self, level: int = _OR) -> Node:
        """Any expression, or one that binds tighter; it decides for itself what is a name in it."""
        self._enter()
        outside, self.candidates = self.candidates, []
        before_end, self.before_end = self.before_end, False
        start, depth = self.at, self.depth
        node = self._operation(level)
        found, self.candidates = self.candidates, outside
        self.before_end = before_end
        self.depth -= 1
        return self._kept(node, found, level, start, depth) if found else node

    def _kept(self, node: Node, found: list[Candidate], level: int, start: int, depth: int) -> Node:
        found.sort(key=lambda candidate: (candidate.at, -candidate.end))
        candidates, end, scopes, taken = tuple(found), self.at, list(self.scopes), self.taken

        def reread(chosen: int, spelling: str) -> Node:
            candidate = candidates[chosen]
            again = Parser(self.text, read=self.tokens)
            again.at, again.depth, again.scopes = start, depth - 1, list(scopes)
            again.taken = {**taken, candidate.at: _Taken(candidate.end, spelling)}
            node = again.expression(level)
            if again.at != end:
                raise again._expected("the end")
            return node

        return tree.Ambiguous(node, candidates, reread)

    def _operation(self, lowest: int) -> Node:
        left = self._unary()
        compared = 0
        while (level := self._level()) >= lowest:
            if level in (_OR, _AND):
                left = self._logic(left, level)
            elif level == _COMPARISON:
                compared += 1
                self._enter()
                left = self._comparison(left)
            else:
                left = self._arithmetic(left, level)
        self.depth -= compared
        return left

    def _level(self) -> int:
        token = self.tokens[self.at]
        return _LEVELS.get(token.text, -1) if token.kind in (WORD, SYMBOL) else -1

    def _logic(self, left: Node, level: int) -> Node:
        operator = self.tokens[self.at].text
        parts = [left]
        while self._took(operator):
            parts.append(self._operation(level + 1))
        return tree.Logic(operator, tuple(parts))

    def _arithmetic(self, left: Node, level: int) -> Node:
        rest = []
        while self._level() == level:
            operator = self.tokens[self.at].text
            self.at += 1
            rest.append((operator, self._operation(level + 1)))
        return tree.Arithmetic(left, tuple(rest))

    def _comparison(self, left: Node) -> Node:
        operator = self.tokens[self.at].text
        self.at += 1
        if operator == "between":
            low = self._operation(_SUM)
            self._expect("and")
            return tree.Between(left, low, self._operation(_SUM))
        if operator == "in":
            return tree.In(left, self._tests_in())
        return tree.Comparison(operator, left, self._operation(_SUM))

    def _unary(self) -> Node:
        if self._took("-"):
            if self.tokens[self.at].kind == NUMBER:
                return self._postfix(self._number(is_negative=True))
            self._enter()
            operand = self._unary()
            self.depth -= 1
            return tree.Negation(operand)
        if self._is(*_LESS_OR_MORE):
            return self._half()
        return self._postfix(self._primary())

    def _half(self) -> Node:
        """`< 5`: a range with one end."""
        operator = self.tokens[self.at].text
        self.at += 1
        self._enter()
        end = self._operation(_SUM)
        self.depth -= 1
        is_included = operator.endswith("=")
        if operator.startswith("<"):
            return tree.Interval(None, end, False, is_included)
        return tree.Interval(end, None, is_included, False)

    # Unary tests

    def unary_tests(self) -> Node:
        """Everything that may stand in the cell of a decision table."""
        if self._is("-") and self.tokens[self.at + 1].kind == END:
            self.at += 1
            return tree.Literal(True)
        if self._is("not") and self.tokens[self.at + 1].text == "(":
            start = self.at
            self.at += 2
            tests = self._tests()
            if self._took(")") and self.tokens[self.at].kind == END:
                return tree.Tests(tests, True)
            self.at = start
        return tree.Tests(self._tests(), False)

    def _tests(self) -> tuple[Node, ...]:
        tests = [self._test()]
        while self._took(","):
            tests.append(self._test())
        return tuple(tests)

    def _test(self) -> Node:
        if self._is("=", "!="):
            operator = self.tokens[self.at].text
            self.at += 1
            return tree.Comparison(operator, tree.Name("?"), self.expression(_SUM))
        return self.expression()

    def _tests_in(self) -> tuple[Node, ...]:
        """What follows `in`: one test, or some in parentheses."""
        if not self._is("("):
            return (self.expression(_SUM),)
        start, known = self.at, len(self.candidates)
        self.at += 1
        tests = self._tests()
        if len(tests) == 1 and self._is(".."):
            tests = (self._interval(tests[0], False),)
        else:
            self._expect(")")
        if len(tests) > 1 or not (self._level() >= _SUM or self._is(".", "[", "(", "instance")):
            return tests
        self.at = start
        del self.candidates[known:]
        return (self.expression(_SUM),)

    # What operands are made of

    def _postfix(self, node: Node) -> Node:
        depth = self.depth
        while True:
            if self._is("."):
                self.at += 1
                node = self._entry(node)
            elif self._is("[") and not (self.before_end and self._closes()):
                node = self._filter(node)
            elif self._is("("):
                self.at += 1
                node = tree.Call(node, *self._arguments())
            elif self._is("instance") and self.tokens[self.at + 1].text == "of":
                self.at += 2
                node = tree.InstanceOf(node, self._type())
            else:
                self.depth = depth
                return node
            self._enter()

    def _closes(self) -> bool:
        """Whether this `[` ends a range, `]1..5[`: if no filter and then an end of the range follow."""
        saved = self.at, self.depth, len(self.candidates), len(self.scopes)
        try:
            self._filter(tree.Literal(None))
            return not self._is("]", ")", "[")
        except InvalidExpression:
            if self.work < 0:
                raise
            return True
        finally:
            self.at, self.depth = saved[:2]
            del self.candidates[saved[2] :]
            del self.scopes[saved[3] :]

    def _filter(self, base: Node) -> Node:
        self._expect("[")
        test = self._scoped(("item",), self.expression)
        self._expect("]")
        return tree.Filter(base, test)

    def _primary(self) -> Node:
        token = self.tokens[self.at]
        is_text = token.kind in (WORD, SYMBOL)
        read = _PRIMARIES.get(token.text) if is_text else _LITERAL_KINDS.get(token.kind)
        if read is not None:
            return read(self)
        if token.kind == WORD and token.text not in RESERVED:
            return self._name()
        raise self._expected("an expression")

    def _number(self, is_negative: bool = False) -> Node:
        """A number with its sign, which belongs to the literal (grammar rule 35)."""
        self.at += 1
        number = CONTEXT.create_decimal(self.tokens[self.at - 1].text)
        return tree.Literal(number.copy_negate() if is_negative else number)

    def _string(self) -> Node:
        self.at += 1
        return tree.Literal(self.tokens[self.at - 1].text)

    def _constant(self) -> Node:
        self.at += 1
        return tree.Literal(_LITERALS[self.tokens[self.at - 1].text])

    def _at_literal(self) -> Node:
        token = self.tokens[self.at]
        try:
            value = parse_any(token.text)
        except Undefined:
            raise self._wrong(f"{token.text[:40]!r} is no date, time or duration") from None
        self.at += 1
        return tree.Literal(value)

    def _parentheses(self) -> Node:
        self.at += 1
        node = self.expression()
        if self._is(".."):
            return self._interval(node, False)
        self._expect(")")
        return node

    def _brackets(self) -> Node:
        self.at += 1
        if self._is("]") and not self._opens(self.at + 1):
            self.at += 1
            return tree.ListOf(())
        items = [self.expression()]
        if self._is(".."):
            return self._interval(items[0], True)
        while self._took(","):
            items.append(self.expression())
        self._expect("]")
        return tree.ListOf(tuple(items))

    def _opens(self, at: int) -> bool:
        """Whether an operand begins here, so that the `]` before it is the start of a range."""
        token = self.tokens[at]
        if token.kind == WORD:
            return token.text not in _STOPS and token.text not in ("instance", "external")
        return token.kind in _LITERAL_KINDS

    def _open_range(self) -> Node:
        after = self.tokens[self.at + 1]
        if after.kind == END or (after.kind == SYMBOL and after.text in _CLOSING):
            raise self._expected("an expression")
        self.at += 1
        return self._interval(self.expression(), False)

    def _interval(self, low: Node, low_included: bool) -> Node:
        self._expect("..")
        before_end, self.before_end = self.before_end, True
        self._enter()
        high = self._operation(_OR)
        self.depth -= 1
        self.before_end = before_end
        if not self._is("]", ")", "["):
            raise self._expected("`]`, `)` or `[`")
        self.at += 1
        return tree.Interval(low, high, low_included, self.tokens[self.at - 1].text == "]")

    def _if(self) -> Node:
        self.at += 1
        condition = self.expression()
        self._expect("then")
        yes = self.expression()
        self._expect("else")
        return tree.If(condition, yes, self.expression())

    def _for(self) -> Node:
        return self._iteration("return", lambda _, *parts: tree.For(*parts), "partial")

    def _quantified(self) -> Node:
        return self._iteration("satisfies", tree.Quantified)

    def _iteration(self, end: str, make: Callable[..., Node], *also: str) -> Node:
        kind = self.tokens[self.at].text
        self.at += 1
        names, domains = list[str](), list[Node]()
        self.scopes.append({})
        while True:
            name = self._new_name("in")
            domains.append(self._domain())
            names.append(name)
            self._bind(name)
            if not self._took(","):
                break
        self._expect(end)
        for name in also:
            self._bind(name)
        body = self.expression()
        self.scopes.pop()
        return make(kind, tuple(names), tuple(domains), body)

    def _domain(self) -> Node:
        first = self.expression()
        return tree.Steps(first, self.expression()) if self._took("..") else first

    def _context(self) -> Node:
        self.at += 1
        keys, values = list[str](), list[Node]()
        self.scopes.append({})
        while not self._is("}") or keys:
            at = self.at
            key = self._key()
            if key in keys:
                self.at = at
                raise self._wrong(f"entry `{key}` is there twice")
            values.append(self.expression())
            keys.append(key)
            self._bind(key)
            if not self._took(","):
                break
        self.scopes.pop()
        self._expect("}")
        return tree.ContextOf(tuple(keys), tuple(values))

    def _key(self) -> str:
        if self.tokens[self.at].kind == STRING:
            self.at += 1
            self._expect(":")
            return self.tokens[self.at - 2].text
        return self._new_name(":")

    def _function(self) -> Node:
        self.at += 1
        self._expect("(")
        names, types = list[str](), list[tree.Type]()
        while not self._is(")") or names:
            names.append(self._new_name(":", ",", ")", is_kept=True))
            types.append(self._type() if self._took(":") else tree.Type("Any"))
            if not self._took(","):
                break
        self._expect(")")
        is_external = self._took("external")
        body = self._scoped(tuple(names), self.expression)
        return tree.FunctionOf(tuple(names), tuple(types), None if is_external else body)

    def _scoped(self, names: tuple[str, ...], read: Callable[[], _T]) -> _T:
        self.scopes.append({})
        for name in names:
            self._bind(name)
        result = read()
        self.scopes.pop()
        return result

    def _arguments(self) -> tuple[tuple[Node, ...], tuple[str, ...] | None]:
        """What follows the `(` of an invocation. Source: DMN 1.5, 10.3.2.13.5."""
        arguments, names = list[Node](), list[str]()
        is_named = self._is_named()
        while not self._is(")") or arguments:
            if is_named:
                names.append(self._new_name(":"))
            arguments.append(self.expression())
            if not self._took(","):
                break
        self._expect(")")
        return tuple(arguments), tuple(names) if is_named else None

    def _is_named(self) -> bool:
        end = self.at
        while self._is_nameable(end) and end - self.at < 20:
            end += 1
        return end > self.at and self.tokens[end].text == ":"

    # Types

    def _type(self) -> tree.Type:
        """Source: DMN 1.5, 10.3.1.2 grammar rule 52."""
        self._enter()
        name = self._type_name()
        made = tree.Type(name)
        if name in ("list", "range") and self._took("<"):
            made = tree.Type(name, (self._type(),))
            self._expect(">")
        elif name == "context" and self._took("<"):
            made = self._context_type()
        elif name == "function" and self._took("<"):
            made = self._function_type()
        self.depth -= 1
        return made

    def _type_name(self) -> str:
        token = self.tokens[self.at]
        if token.kind != WORD:
            raise self._expected("a type")
        for words in _LONG_TYPES:
            if all(
                part.text == word for part, word in zip(self.tokens[self.at :], words.split(), strict=False)
            ):
                self.at += len(words.split())
                return words
        self.at += 1
        name = token.text
        while self._is("."):
            self.at += 2
            name += "." + self.tokens[self.at - 1].text
        return name

    def _context_type(self) -> tree.Type:
        fields, types = list[str](), list[tree.Type]()
        while True:
            fields.append(self._new_name(":"))
            types.append(self._type())
            if not self._took(","):
                break
        self._expect(">")
        return tree.Type("context", tuple(types), tuple(fields))

    def _function_type(self) -> tree.Type:
        types = list[tree.Type]()
        while not self._is(">"):
            types.append(self._type())
            if not self._took(","):
                break
        self._expect(">")
        self._expect("->")
        return tree.Type("function", (*types, self._type()))

    # Names

    def _name(self) -> Node:
        at = self.at
        if taken := self.taken.get(at):
            self.at = taken.end
            return tree.Name(taken.name)
        function, function_end = self._known(at, [_FUNCTIONS])
        local, local_end = self._known(at, self.scopes)
        end = self._joined(at)
        if function and function_end >= max(end, local_end + 1) and self.tokens[function_end].text == "(":
            self.at = function_end + 1
            return tree.BuiltinCall(function, *self._arguments())
        if local and local_end >= end:
            end, name = local_end, local
        else:
            name = self._spelling(at, end)
        self._propose(at, end, None)
        self.at = end
        return tree.Name(name)

    def _entry(self, base: Node) -> Node:
        """What follows a dot."""
        at = self.at
        if self.tokens[at].kind not in (WORD, PART):
            raise self._expected("a name")
        if taken := self.taken.get(at):
            self.at = taken.end
            return tree.Path(base, taken.name)
        end = self._joined(at)
        if isinstance(base, _PATHS):
            self._propose(at, end, base)
        self.at = end
        return tree.Path(base, self._spelling(at, end))

    def _known(self, at: int, scopes: list[Known]) -> tuple[str, int]:
        """The longest known name that begins here, and where it ends."""
        best, end = "", 0
        for scope in scopes:
            for words, name in scope.get(self.tokens[at].text, ()):
                found = self.tokens[at : at + len(words)]
                if len(words) > end and tuple(token.text for token in found) == words:
                    best, end = name, len(words)
        return best, at + end if best else 0

    def _joined(self, at: int) -> int:
        """Where a name ends by default: after the last word that stands side by side with the one before."""
        end = at + 1
        while True:
            token = self.tokens[end]
            if token.text == "'" and self._is_wordlike(end + 1):
                end += 1
            elif (
                not self._is_wordlike(end)
                or (token.kind == WORD and token.text in _STOPS)
                or (token.text == "instance" and self.tokens[end + 1].text == "of")
            ):
                return end
            end += 1

    def _propose(self, at: int, end: int, base: Node | None) -> None:
        """Keep what could be longer names."""
        last = end
        while last - at < NAME_TOKENS and self._is_joinable(last):
            last += 1
            if self._is_wordlike(last - 1) and self.tokens[last - 1].text not in _STOPS:
                spellings = dict.fromkeys((self._spelling(at, last), self._written(at, last)))
                self.candidates.append(Candidate(at, last, tuple(spellings), base))

    def _is_joinable(self, at: int) -> bool:
        token = self.tokens[at]
        if token.kind == SYMBOL:
            return token.text in _JOINING
        return self._is_wordlike(at) and (token.text not in _STOPS or token.text in _JOINS)

    def _is_wordlike(self, at: int) -> bool:
        token = self.tokens[at]
        return token.kind in (WORD, PART) or (token.kind == NUMBER and token.text.isdigit())

    def _is_nameable(self, at: int) -> bool:
        token = self.tokens[at]
        return self._is_wordlike(at) or (
            token.kind == SYMBOL and (token.text in _JOINING or token.text == ".")
        )

    def _spelling(self, at: int, end: int) -> str:
        """A name without white space around its symbols."""
        name, is_after_word = "", False
        for token in self.tokens[at:end]:
            is_word = token.kind != SYMBOL
            name += (" " if is_word and is_after_word else "") + token.text
            is_after_word = is_word
        return name

    def _written(self, at: int, end: int) -> str:
        return " ".join(self.text[self.tokens[at].at : self.tokens[end - 1].end].split())

    def _new_name(self, *ends: str, is_kept: bool = False) -> str:
        """A name that the text gives to something, up to one of these tokens."""
        at = self.at
        if self.tokens[at].kind != WORD:
            raise self._expected("a name")
        self.at += 1
        while not self._is(*ends):
            if not self._is_nameable(self.at):
                raise self._expected(f"`{ends[0]}`")
            self.at += 1
        name = self._spelling(at, self.at)
        self.at += not is_kept
        return name

    def _bind(self, name: str) -> None:
        """Make a name known in the innermost scope."""
        try:
            words = tuple(token.text for token in tokens(name)[:-1])
        except InvalidExpression:
            return
        if words:
            self.scopes[-1].setdefault(words[0], []).append((words, name))


_LONG_TYPES = (
    "date and time",
    "date time",
    "days and time duration",
    "day time duration",
    "years and months duration",
    "year month duration",
)
_LITERAL_KINDS: dict[str, Callable[[Parser], Node]] = {
    NUMBER: Parser._number,
    STRING: Parser._string,
    AT: Parser._at_literal,
}
_PRIMARIES: dict[str, Callable[[Parser], Node]] = {
    "null": Parser._constant,
    "true": Parser._constant,
    "false": Parser._constant,
    "(": Parser._parentheses,
    "[": Parser._brackets,
    "]": Parser._open_range,
    "{": Parser._context,
    "if": Parser._if,
    "for": Parser._for,
    "some": Parser._quantified,
    "every": Parser._quantified,
    "function": Parser._function,
}

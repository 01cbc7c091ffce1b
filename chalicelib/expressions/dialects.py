"""In which language a text of a model is written.

A leading `=` is FEEL. `${...}` and `#{...}` are the expressions of older models, simple ones: they become
the same tree, so that they know the same values, null and limits. They call nothing; `a == b` of different
types is null and not converted, `+` of strings joins them, and an index counts from 0.

Source: Jakarta Expression Language 5.0, 1.2 to 1.15, for the notation.
"""

import re
from collections.abc import Callable

from ..bpmn.extension import is_expression
from . import tree
from .errors import InvalidExpression
from .expression import Expression, compile
from .lexer import unescaped
from .limits import DEPTH, TEXT
from .numbers import CONTEXT
from .tree import Node

_OPENING = r"\\?[$#]\{"
_TOKEN = (
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<word>[A-Za-z_$\u00c0-\uffff][\w$]*)"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<symbol>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.()\[\]{}])"
)
_WORDS = {
    "and": "&&",
    "or": "||",
    "not": "!",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "div": "/",
    "mod": "%",
}
_CONSTANTS = {"null": None, "true": True, "false": False}
_LEVELS: tuple[dict[str, str], ...] = (
    {"||": "or"},
    {"&&": "and"},
    {"==": "=", "!=": "!="},
    {"<": "<", "<=": "<=", ">": ">", ">=": ">="},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "%": "%"},
)
"""Operators from the loosest to the tightest, and what they are called in the tree."""


def compile_model_text(text: str) -> Expression:
    """Compile a text that is an expression wherever it stands, such as a condition.

    `= a > 1` and `a > 1` are FEEL, `${a > 1}` and `order-${id}` are not.

    Raises:
        InvalidExpression: It is none.
    """
    if is_feel(text):
        return compile(text, text.index("=") + 1)
    return _compile_template(text) if re.search(_OPENING, text) else compile(text)


def literal_or_expression(text: str) -> str | Expression:
    """A text that stands for itself, such as a name or a duration, unless it is marked as an expression.

    Raises:
        InvalidExpression: It is marked as one and is none.
    """
    return compile_model_text(text) if is_expression(text) else text


def is_feel(text: str) -> bool:
    """Whether a text is marked as FEEL by a leading `=`."""
    return text.lstrip().startswith("=")


def _compile_template(text: str) -> Expression:
    if len(text) > TEXT:
        raise InvalidExpression(f"expression has {len(text)} characters, more than {TEXT}", text, 0)
    parts, at, is_one = list[Node](), 0, False
    while opening := re.compile(_OPENING).search(text, at):
        if opening.start() > at:
            parts.append(tree.Literal(text[at : opening.start()]))
        if opening[0].startswith("\\"):
            parts.append(tree.Literal(opening[0][1:]))
            at = opening.end()
            continue
        node, at = _Parser(text, opening.end()).inside()
        parts.append(node)
        is_one = opening.start() == 0 and at == len(text)
    if at < len(text):
        parts.append(tree.Literal(text[at:]))
    return Expression(text, parts[0] if is_one else tree.Template(tuple(parts)))


class _Parser:
    """Reads what is between the braces; `text`, `at`: what is there, and where the next token begins."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.depth = 0
        self._match = re.compile(_TOKEN, re.DOTALL).match
        self.kind, self.token, self.end = "", "", at
        self._advance()

    def inside(self) -> tuple[Node, int]:
        """The expression, and where the text goes on."""
        node = self._choice()
        if self.token != "}":
            raise self._expected("`}`")
        return node, self.end

    def _advance(self) -> str:
        """Go to the next token; the one before it."""
        before, self.at = self.token, self.end
        while True:
            match = self._match(self.text, self.at)
            if match is None or match.lastgroup != "space":
                break
            self.at = match.end()
        if match is None:
            if self.at < len(self.text):
                raise InvalidExpression(
                    f"expected an expression, found {self.text[self.at]!r}", self.text, self.at
                )
            self.kind, self.token, self.end = "end", "", self.at
            return before
        self.kind, self.token, self.end = match.lastgroup or "", match[0], match.end()
        if self.kind == "word" and self.token in _WORDS:
            self.kind, self.token = "symbol", _WORDS[self.token]
        return before

    def _took(self, symbol: str) -> bool:
        is_there = self.kind == "symbol" and self.token == symbol
        if is_there:
            self._advance()
        return is_there

    def _expected(self, what: str) -> InvalidExpression:
        found = f"`{self.text[self.at : self.end][:40]}`" if self.kind != "end" else "the end"
        return InvalidExpression(f"expected {what}, found {found}", self.text, self.at)

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise InvalidExpression(f"expression is nested more than {DEPTH} deep", self.text, self.at)

    def _choice(self) -> Node:
        self._enter()
        node = self._operation(0)
        if self._took("?"):
            yes = self._choice()
            if not self._took(":"):
                raise self._expected("`:`")
            node = tree.If(node, yes, self._choice())
        self.depth -= 1
        return node

    def _operation(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node, depth = self._operation(level + 1), self.depth
        while self.kind == "symbol" and (operator := _LEVELS[level].get(self.token)):
            self._advance()
            self._enter()
            node = _operated(operator, node, self._operation(level + 1))
        self.depth = depth
        return node

    def _unary(self) -> Node:
        make: Callable[[Node], Node] | None = None
        if self._took("!"):
            make = tree.Not
        elif self._took("-"):
            make = tree.Negation
        elif self.kind == "word" and self.token == "empty":
            self._advance()
            make = tree.Empty
        if make is None:
            return self._postfix(self._primary())
        self._enter()
        node = make(self._unary())
        self.depth -= 1
        return node

    def _postfix(self, node: Node) -> Node:
        depth = self.depth
        while True:
            if self._took("."):
                if self.kind != "word":
                    raise self._expected("a name")
                node = tree.Path(node, self._advance())
            elif self._took("["):
                node = tree.Index(node, self._choice())
                if not self._took("]"):
                    raise self._expected("`]`")
            elif self.kind == "symbol" and self.token == "(":
                raise InvalidExpression("functions and methods cannot be called here", self.text, self.at)
            else:
                self.depth = depth
                return node
            self._enter()

    def _primary(self) -> Node:
        if self.kind == "number":
            return tree.Literal(CONTEXT.create_decimal(self._advance()))
        if self.kind == "string":
            at = self.at
            return tree.Literal(unescaped(self._advance()[1:-1], self.text, at))
        if self.kind == "word":
            name = self._advance()
            return tree.Literal(_CONSTANTS[name]) if name in _CONSTANTS else tree.Name(name)
        if self._took("("):
            node = self._choice()
            if not self._took(")"):
                raise self._expected("`)`")
            return node
        raise self._expected("an expression")


def _operated(operator: str, left: Node, right: Node) -> Node:
    if operator in ("or", "and"):
        return tree.Logic(operator, (left, right))
    if operator in ("=", "!=", "<", "<=", ">", ">="):
        return tree.Comparison(operator, left, right)
    if operator == "%":
        return tree.BuiltinCall("modulo", (left, right), None)
    return tree.Arithmetic(left, ((operator, right),))

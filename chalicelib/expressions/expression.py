"""An expression: compiled once, evaluated often."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .code import KINDS, Compiler, Scope
from .errors import InvalidExpression, TooMuch
from .limits import STEPS
from .parser import parse, parse_unary_tests
from .run import Frame, Run
from .tree import Node


class Result(NamedTuple):
    """What an evaluation came to.

    Attributes:
        value: A value of the language; `to_json` makes JSON of it.
        warnings: Why something on the way was null, the first reasons.
        steps: How much work it was.
    """

    value: Any
    warnings: tuple[str, ...]
    steps: int


class Expression:
    """A compiled expression, which never changes and knows no clock.

    Attributes:
        text: As it was written.
        names: What it may look up outside, also names that could be an operation, `gross-amount`.
    """

    __slots__ = ("_code", "_weight", "names", "text")

    def __init__(self, text: str, node: Node) -> None:
        """Compile a tree.

        Raises:
            InvalidExpression: It is nested too deeply.
        """
        compiler = Compiler(KINDS)
        try:
            self._code = compiler.code(node, Scope(frozenset(), True))
        except RecursionError:
            raise InvalidExpression("expression is nested too deeply", text, 0) from None
        self.text = text
        self.names = frozenset(compiler.names)
        self._weight = compiler.nodes

    def evaluate(
        self, scope: Mapping[str, Any], *, now: int | None = None, warnings: list[str] | None = None
    ) -> Any:
        """The value in a scope.

        Args:
            scope: Values of JSON by name; a name is looked up once, and only if it is needed.
            now: Milliseconds since 1970-01-01 UTC, for `now()` and `today()`, which are null without it.
            warnings: Gets the reasons why something was null.

        Raises:
            TooMuch: It takes more steps, or makes larger values, than `limits` allow.
        """
        run = Run(scope, now)
        run.left -= self._weight
        try:
            return self._code(Frame({}, None, run))
        except RecursionError:
            raise TooMuch("evaluation is nested too deeply") from None
        finally:
            if warnings is not None:
                warnings += run.warnings

    def result(self, scope: Mapping[str, Any], *, now: int | None = None) -> Result:
        """As `evaluate`, with the reasons for null and the steps.

        Raises:
            TooMuch: As there.
        """
        run = Run(scope, now)
        run.left -= self._weight
        try:
            value = self._code(Frame({}, None, run))
        except RecursionError:
            raise TooMuch("evaluation is nested too deeply") from None
        return Result(value, tuple(run.warnings), STEPS - run.left)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def compile(text: str, start: int = 0) -> Expression:
    """Compile FEEL.

    Args:
        text: The whole text.
        start: Where in it the expression begins, so that errors name the place in the whole.

    Raises:
        InvalidExpression: The text is no expression.
    """
    return Expression(text, parse(text, start))


def compile_unary_tests(text: str) -> Expression:
    """Compile unary tests of a decision table; the name `?` of the scope is what they test.

    Raises:
        InvalidExpression: The text is none.
    """
    return Expression(text, parse_unary_tests(text))

"""FEEL, the expression language of DMN, and the `${...}` of models. Pure: text and values in, a value out.

`compile` makes an `Expression` of a text, once; `evaluate` gives its value in a scope. `dialects` knows which
language a text of a model is in. Nothing of Python can be reached from an expression.
"""

from .errors import InvalidExpression, TooMuch
from .expression import Expression, Result, compile, compile_unary_tests
from .json import from_json, literal, to_json

__all__ = [
    "Expression",
    "InvalidExpression",
    "Result",
    "TooMuch",
    "compile",
    "compile_unary_tests",
    "from_json",
    "literal",
    "to_json",
]

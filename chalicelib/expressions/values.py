"""Values of the language that JSON and the calendar do not have: ranges and functions."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .tree import Type


class Range(NamedTuple):
    """What lies between two ends; None is an end open to infinity. Source: DMN 1.5, 10.3.2.7."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool


class Function(NamedTuple):
    """A function of the text, a closure.

    Attributes:
        parameters: Names, in their order.
        types: What arguments must conform to.
        call: From the arguments in that order to the result.

    Source: DMN 1.5, 10.3.2.8, 10.3.2.13.
    """

    parameters: tuple[str, ...]
    types: tuple[Type, ...]
    call: Callable[..., Any]


class Builtin(NamedTuple):
    """A built-in function as a value, `sort(list, before)`."""

    name: str

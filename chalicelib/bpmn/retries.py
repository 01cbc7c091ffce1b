"""How often a failed job is tried again, where the model says it."""

from dataclasses import dataclass

from .model import Element
from .timing import parse_duration

_MOST_DIGITS = 9
"""Of a number that the API has room for."""


@dataclass(frozen=True, slots=True)
class Retries:
    """What a model says of failed jobs.

    Attributes:
        limit: How often one is tried again.
        timer: After which ISO 8601 duration; None: at once.
    """

    limit: int
    timer: str | None = None


def retries_of(element: Element) -> Retries | None:
    """What the model says of the failed jobs of an element: a number, or a repeating interval `R3/PT10S`.

    None where it says nothing, or says it by an expression or by a text that means nothing.
    """
    number, _, pause = (element.extension.retries or "").removeprefix("R").partition("/")
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        return None
    try:
        if pause:
            parse_duration(pause)
    except ValueError:
        return None
    return Retries(int(number), pause or None)

"""The text of variables of encoding `json`, read and written again without changing what is in it.

A number that no float of Python holds keeps its digits; half a surrogate pair is escaped, since no text could
be stored with it.
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any


class Verbatim:
    """JSON that is written as it was read: a number with more digits than a float has, or beyond all floats.

    No dataclass, since a fast writer would write that as an object.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self.text = text


def read(text: str) -> Any:
    """What a text says.

    Raises:
        ValueError: It is no JSON; NaN and Infinity are none.
        RecursionError: It is nested too deeply.
    """
    return _READER.decode(text)


def write(value: Any) -> str:
    """Text of what was read or made, however deep it is."""
    try:
        text = _WRITER.encode(value)
    except (TypeError, RecursionError):
        text = "".join(_pieces(value))
    return text if _can_be_stored(text) else _escaped(text)


# private


def _number(text: str) -> float | Verbatim:
    found = float(text)
    return found if repr(found) == text or _is_same(found, text) else Verbatim(text)


def _is_same(found: float, text: str) -> bool:
    try:
        return Decimal(repr(found)) == Decimal(text)
    except InvalidOperation:
        # An exponent beyond all decimals.
        return False


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_READER = json.JSONDecoder(parse_float=_number, parse_constant=_refused)
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _pieces(value: Any) -> Iterator[str]:
    """The same step by step, without limit."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, Verbatim):
            yield one.text
        elif isinstance(one, dict):
            inside = [part for name, entry in one.items() for part in (_key(name), entry, _COMMA)]
            left += [Verbatim("}"), *reversed(inside[:-1]), Verbatim("{")]
        elif isinstance(one, list | tuple):
            inside = [part for entry in one for part in (entry, _COMMA)]
            left += [Verbatim("]"), *reversed(inside[:-1]), Verbatim("[")]
        else:
            yield _WRITER.encode(one)


_COMMA = Verbatim(",")


def _key(name: Any) -> Verbatim:
    return Verbatim(f"{_WRITER.encode(str(name))}:")


def _can_be_stored(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(text: str) -> str:
    """Halves of surrogate pairs stand inside of strings only, where JSON may spell them."""
    return "".join(f"\\u{ord(sign):04x}" if "\ud800" <= sign <= "\udfff" else sign for sign in text)

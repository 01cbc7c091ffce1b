"""Values of Python and JSON to values of the language and back, and values as text."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from .errors import TooMuch
from .lexer import RESERVED
from .limits import CHARACTERS, VALUE_DEPTH, VALUE_SIZE
from .numbers import CONTEXT, FAULTS, from_number, plain
from .temporal import Date, DateTime, Days, Months, Time, text_of
from .values import Builtin, Function, Range

TEMPORAL = (Date, Time, DateTime, Days, Months)
_AS_THEY_ARE = frozenset((str, bool, type(None), *TEMPORAL, Range, Function, Builtin))
_INTEGER = 2**63


def _nothing(_: int) -> None:
    pass


def from_json(value: Any, charge: Callable[[int], None] = _nothing, depth: int = 0) -> Any:
    """A value of Python as one of the language: numbers become Decimal, what has no counterpart is null.

    Args:
        value: str, bool, int, float, Decimal, list, tuple, Mapping, None, or a value of the language.
        charge: Counts the steps; may raise TooMuch.
        depth: How deep it is inside of another one.

    Raises:
        TooMuch: It is nested too deeply.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if depth > VALUE_DEPTH:
        raise TooMuch(f"a value is nested more than {VALUE_DEPTH} deep")
    if kind is int or kind is float:
        return from_number(value)
    if isinstance(value, Decimal):
        return _finite(value)
    if isinstance(value, list | tuple):
        charge(len(value) + 1)
        return [from_json(item, charge, depth + 1) for item in value]
    if isinstance(value, Mapping):
        charge(len(value) + 1)
        return {str(key): from_json(item, charge, depth + 1) for key, item in value.items()}
    return _by_its_base(value)


def _finite(value: Decimal) -> Decimal | None:
    try:
        return CONTEXT.create_decimal(value) if value.is_finite() else None
    except FAULTS:
        return None


def _by_its_base(value: Any) -> Any:
    """Subclasses of what JSON has, such as enumerations; nothing else comes in."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return from_number(int.__int__(value))
    return from_number(float.__float__(value)) if isinstance(value, float) else None


def to_json(value: Any) -> Any:
    """A result as JSON: numbers as int or float, dates, times and durations as ISO 8601, ranges as text.

    Functions are null. A whole number that does not fit into 64 bits, and any fraction, becomes the nearest
    float; one beyond the largest float becomes null.

    Raises:
        TooMuch: It is too large, or nested too deeply.
    """
    return _Writer().json(value, 0)


class _Writer:
    """Counts what it has written."""

    def __init__(self) -> None:
        self.left = VALUE_SIZE
        self.characters = CHARACTERS

    def _count(self, depth: int) -> None:
        self.left -= 1
        if depth > VALUE_DEPTH:
            raise TooMuch(f"a value is nested more than {VALUE_DEPTH} deep")
        if self.left < 0:
            raise TooMuch(f"a value has more than {VALUE_SIZE} parts")

    def json(self, value: Any, depth: int) -> Any:
        self._count(depth)
        match value:
            case str() | bool() | None:
                return value
            case Decimal():
                return _number(value)
            case Range():
                return self.text(value, depth)
            case Date() | Time() | DateTime() | Days() | Months():
                return text_of(value)
            case list():
                return [self.json(item, depth + 1) for item in value]
            case dict():
                return {key: self.json(item, depth + 1) for key, item in value.items()}
        return None

    def text(self, value: Any, depth: int) -> str:
        """A value as a literal of the language."""
        self._count(depth)
        match value:
            case str():
                self.characters -= len(value)
                if self.characters < 0:
                    raise TooMuch(f"a string has more than {CHARACTERS} characters")
                return quoted(value)
            case bool():
                return "true" if value else "false"
            case Decimal():
                return plain(value)
            case Range():
                return self._range(value, depth)
            case Date() | Time() | DateTime() | Days() | Months():
                return f'@"{text_of(value)}"'
            case list():
                return f"[{', '.join(self.text(item, depth + 1) for item in value)}]"
            case dict():
                entries = (f"{_key(key)}: {self.text(item, depth + 1)}" for key, item in value.items())
                return f"{{{', '.join(entries)}}}"
            case Function():
                return f"function({', '.join(value.parameters)})"
            case Builtin():
                return value.name
        return "null"

    def _range(self, value: Range, depth: int) -> str:
        if value.start is None:
            return f"<{'=' if value.end_included else ''} {self.text(value.end, depth + 1)}"
        if value.end is None:
            return f">{'=' if value.start_included else ''} {self.text(value.start, depth + 1)}"
        start, end = self.text(value.start, depth + 1), self.text(value.end, depth + 1)
        return f"{'[' if value.start_included else '('}{start}..{end}{']' if value.end_included else ')'}"


def literal(value: Any) -> str:
    """A value as text of the language; what it says evaluates to the value, but for functions.

    Raises:
        TooMuch: It is too large, or nested too deeply.
    """
    return _Writer().text(value, 0)


_SPECIAL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def quoted(text: str) -> str:
    """A string as a literal."""
    return '"' + text.translate(_SPECIAL) + '"'


def _key(key: str) -> str:
    return key if key.isascii() and key.isidentifier() and key not in RESERVED else quoted(key)


def _number(value: Decimal) -> int | float | None:
    if value.adjusted() < 19 and value == (whole := int(value)) and -_INTEGER <= whole < _INTEGER:
        return whole
    number = float(value)
    return number if number - number == 0 else None

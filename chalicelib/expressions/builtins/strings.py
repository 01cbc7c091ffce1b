"""String functions, and `not`. Source: DMN 1.5, 10.3.4.2 and 10.3.4.3, tables 73 and 74."""

import re
from decimal import Decimal
from typing import Any

from ..errors import Undefined
from ..numbers import whole
from ..regex import Pattern, pattern
from ..run import Run
from .rows import Row

_REFERENCE = r"\\([\\$])|\$([0-9]{1,3})|([\\$])"


def negation(_: Run, value: Any) -> bool:
    """Source: DMN 1.5, table 51."""
    if value is True or value is False:
        return not value
    raise Undefined("only true and false have a negation")


def place(start: Decimal, length: Decimal | None, size: int) -> tuple[int, int]:
    """Start and end of a part, from positions that count from 1, or from the end with -1.

    Raises:
        Undefined: The part is not inside. Source: DMN 1.5, footnotes of tables 74 and 75.
    """
    position = whole(start)
    if position == 0 or abs(position) > size:
        raise Undefined(f"there is no position {position} in {size}")
    first = position - 1 if position > 0 else size + position
    if length is None:
        return first, size
    count = whole(length)
    if not 1 <= count <= size - first:
        raise Undefined(f"there are no {count} from position {position} in {size}")
    return first, first + count


def substring(_: Run, text: str, start: Decimal, length: Decimal | None = None) -> str:
    """A part of a text."""
    first, end = place(start, length, len(text))
    return text[first:end]


def substring_before(_: Run, text: str, match: str) -> str:
    """What stands before; nothing if it is not there."""
    before, found, _after = text.partition(match) if match else ("", "", text)
    return before if found else ""


def substring_after(_: Run, text: str, match: str) -> str:
    """What stands after; nothing if it is not there."""
    return text.partition(match)[2] if match else text


def matches(run: Run, text: str, expression: str, flags: str | None = None) -> bool:
    """Whether a part of the text matches."""
    return _ready(run, text, expression, flags).compiled.search(text) is not None


def replace(run: Run, text: str, expression: str, replacement: str, flags: str | None = None) -> str:
    """The text with each match replaced; `$1` is the first group."""
    found = _ready(run, text, expression, flags)
    compiled = found.compiled
    if compiled.search(""):
        raise Undefined("the pattern matches nothing at all")
    is_plain = "q" in (flags or "")
    parts = [replacement] if is_plain else _parts(replacement, compiled.groups)
    pieces, end, size = list[str](), 0, 0
    for match in compiled.finditer(text):
        made = "".join(part if isinstance(part, str) else match[part] or "" for part in parts)
        size += len(made) + match.start() - end
        run.characters(size)
        pieces += (text[end : match.start()], made)
        end = match.end()
    return "".join((*pieces, text[end:]))


def split(run: Run, text: str, delimiter: str) -> list[str]:
    """The parts between the matches of a pattern."""
    compiled = _ready(run, text, delimiter, None).compiled
    if compiled.search(""):
        raise Undefined("the pattern matches nothing at all")
    parts, end = list[str](), 0
    for match in compiled.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
    run.items(len(parts) + 1)
    return [*parts, text[end:]]


def _ready(run: Run, text: str, expression: str, flags: str | None) -> Pattern:
    run.characters(len(text))
    found = pattern(expression, flags or "")
    found.check(text)
    return found


def _parts(replacement: str, groups: int) -> list[str | int]:
    """Text and numbers of groups. Source: XPath 2.0 Functions and Operators, 7.6.3."""
    parts, end = list[str | int](), 0
    for match in re.finditer(_REFERENCE, replacement):
        parts.append(replacement[end : match.start()])
        end = match.end()
        escaped, digits, stray = match.groups()
        if stray:
            raise Undefined("a lone \\ or $ in the replacement")
        parts += [escaped] if escaped else _group(digits, groups)
    return [*parts, replacement[end:]]


def _group(digits: str, groups: int) -> list[str | int]:
    """The longest number of a group there is; the digits after it are text."""
    size = len(digits)
    while size > 1 and int(digits[:size]) > groups:
        size -= 1
    number = int(digits[:size])
    return [number if number <= groups else "", digits[size:]]


def join(run: Run, items: list[Any], delimiter: str | None = None) -> str:
    """The strings of a list, one after the other; nulls are left out."""
    texts = [item for item in items if item is not None]
    if not all(type(text) is str for text in texts):
        raise Undefined("not all items are strings")
    run.characters(sum(len(text) for text in texts) + len(delimiter or "") * len(texts))
    return (delimiter or "").join(texts)


def upper(run: Run, text: str) -> str:
    """In capitals."""
    run.characters(3 * len(text))
    return text.upper()


def lower(run: Run, text: str) -> str:
    """Without capitals."""
    run.characters(3 * len(text))
    return text.lower()


BOOLEAN_ROWS = (Row("not", "negand: any", negation, "true for false, false for true"),)
ROWS = (
    Row(
        "substring",
        "string: string, start position: number, length?: number",
        substring,
        "a part, from a position",
    ),
    Row("string length", "string: string", lambda _, text: Decimal(len(text)), "how many characters"),
    Row("upper case", "string: string", upper, "in capitals"),
    Row("lower case", "string: string", lower, "without capitals"),
    Row("substring before", "string: string, match: string", substring_before, "what is before the match"),
    Row("substring after", "string: string, match: string", substring_after, "what is after the match"),
    Row(
        "replace",
        "input: string, pattern: string, replacement: string, flags?: string|null",
        replace,
        "each match replaced",
    ),
    Row(
        "contains",
        "string: string, match: string",
        lambda _, text, match: match in text,
        "whether it is in it",
    ),
    Row(
        "starts with",
        "string: string, match: string",
        lambda _, text, match: text.startswith(match),
        "whether it begins so",
    ),
    Row(
        "ends with",
        "string: string, match: string",
        lambda _, text, match: text.endswith(match),
        "whether it ends so",
    ),
    Row(
        "matches",
        "input: string, pattern: string, flags?: string|null",
        matches,
        "whether the pattern is in it",
    ),
    Row("split", "string: string, delimiter: string", split, "the parts between matches of a pattern"),
    Row("string join", "list: list, delimiter?: string|null", join, "the strings in one"),
)

"""Text to tokens.

Words keep apart what a name is made of, so that `gross-amount` is three tokens; which of them are one name is
said by the parser. Source: DMN 1.5, 10.3.1.2 grammar rules 26 to 35, 61 to 65; 10.3.1.4 tokens.
"""

import re
from typing import NamedTuple

from .errors import InvalidExpression
from .limits import TEXT

WORD, PART, NUMBER, STRING, AT, SYMBOL, END = "word", "part", "number", "string", "at", "symbol", "end"

RESERVED = frozenset(
    [
        *("and", "or", "in", "if", "then", "else", "for", "return", "some", "every", "satisfies", "between"),
        *("function", "null", "true", "false"),
    ]
)
"""Words that begin no name."""


class Token(NamedTuple):
    """A token and its place.

    Attributes:
        kind: WORD can begin a name, PART only go on with one; AT is a string after `@`.
        text: As written; of a string what it stands for.
        at: Offset in the text.
        end: Offset after it.
    """

    kind: str
    text: str
    at: int
    end: int


_WORD = r"?A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\xff"
_TOKEN = re.compile(
    r"(?P<space>[\t-\r \x85\xa0]+|//[^\n]*|/\*.*?\*/)"
    rf"|(?P<part>[0-9]+[{_WORD}][{_WORD}0-9\xb7]*)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?|(?<!\.)\.[0-9]+)"
    rf"|(?P<word>[{_WORD}][{_WORD}0-9\xb7]*)"
    r'|(?P<string>@?"(?:[^"\\\n\r]|\\.)*")'
    r"|(?P<symbol>\.\.|\*\*|->|<=|>=|!=|[-+*/=<>()\[\]{},:.'])",
    re.DOTALL,
)
_LAST_QUICK = "\xff"
"""Up to here the pattern knows all characters; a class with more of them would take long to compile."""
_FURTHER = (
    *(0x100, 0x2FF, 0x370, 0x37D, 0x37F, 0x1FFF, 0x200C, 0x200D, 0x2070, 0x218F, 0x2C00, 0x2FEF),
    *(0x3001, 0xD7FF, 0xF900, 0xFDCF, 0xFDF0, 0xFFFD, 0x10000, 0xEFFFF),
)
"""First and last characters of further ranges that a name may begin with."""
_FURTHER_PARTS = (0x300, 0x36F, 0x203F, 0x2040)
_SPACES = frozenset("\u1680\u180e\u2028\u2029\u202f\u205f\u3000\ufeff").union(map(chr, range(0x2000, 0x200C)))
_ESCAPE = r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)"
_PAIR = "([\ud800-\udbff])([\udc00-\udfff])"
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


def tokens(text: str, start: int = 0) -> list[Token]:
    """All tokens of a text, with an END at last.

    Raises:
        InvalidExpression: The text is too long, or a place of it begins no token.
    """
    if len(text) > TEXT:
        raise InvalidExpression(f"expression has {len(text)} characters, more than {TEXT}", text, 0)
    found, at = list[Token](), start
    while at < len(text):
        match = _TOKEN.match(text, at)
        kind, end = (match.lastgroup or "", match.end()) if match else _further(text, at)
        if text.startswith("/*", at) and kind != "space":
            raise InvalidExpression("a comment is not closed", text, at)
        if kind in (WORD, PART, NUMBER):
            kind, end = _longer(text, at, kind, end)
        if kind != "space":
            found.append(_token(kind, text[at:end], at, text))
        at = end
    found.append(Token(END, "", at, at))
    return found


def _further(text: str, at: int) -> tuple[str, int]:
    """Kind and end of a token that begins with a character that the pattern does not know."""
    if text[at] in _SPACES:
        return "space", at + 1
    if text[at] == "\u2019":
        return SYMBOL, at + 1
    if _is_in(text[at], _FURTHER):
        return WORD, at + 1
    raise InvalidExpression(_stray(text, at), text, at)


def _longer(text: str, at: int, kind: str, end: int) -> tuple[str, int]:
    """Kind and end of a word with the characters behind it that the pattern does not know."""
    if end == len(text) or text[end] <= _LAST_QUICK or text[end] in _SPACES:
        return kind, end
    if kind == NUMBER and not (text[at:end].isdigit() and _is_in(text[end], _FURTHER)):
        return kind, end
    while end < len(text) and _is_part(text[end]):
        end += 1
    return PART if kind == NUMBER else kind, end


def _is_part(char: str) -> bool:
    if char <= _LAST_QUICK:
        return char.isalnum() or char in "_?\xb7"
    return char not in _SPACES and (_is_in(char, _FURTHER) or _is_in(char, _FURTHER_PARTS))


def _is_in(char: str, ends: tuple[int, ...]) -> bool:
    """Whether a character lies in one of the ranges."""
    code = ord(char)
    return any(first <= code <= last for first, last in zip(ends[::2], ends[1::2], strict=True))


def _token(kind: str, written: str, at: int, text: str) -> Token:
    end = at + len(written)
    if kind != STRING:
        return Token(kind, "'" if written == "\u2019" else written, at, end)
    is_at = written.startswith("@")
    return Token(AT if is_at else STRING, unescaped(written[1 + is_at : -1], text, at), at, end)


def unescaped(inside: str, text: str, at: int) -> str:
    r"""What a string stands for; an unknown escape such as `\d` stands for itself.

    Raises:
        InvalidExpression: An escape is no character.
    """
    if "\\" not in inside and inside.isascii():
        return inside
    plain = re.sub(_ESCAPE, lambda match: _escaped(match[1], text, at), inside, flags=re.DOTALL)
    plain = re.sub(_PAIR, _joined, plain)
    if any("\ud800" <= char <= "\udfff" for char in plain):
        raise InvalidExpression("half of a surrogate pair in a string", text, at)
    return plain


def _escaped(escape: str, text: str, at: int) -> str:
    if len(escape) == 1:
        return _SIMPLE.get(escape, "\\" + escape)
    code = int(escape[1:], 16)
    if code > 0x10FFFF:
        raise InvalidExpression(f"\\{escape} is no character", text, at)
    return chr(code)


def _joined(match: re.Match[str]) -> str:
    high, low = (ord(half) for half in match.groups())
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)


def _stray(text: str, at: int) -> str:
    if text.startswith(('"', '@"'), at):
        return "a string is not closed"
    return f"expected an expression, found {text[at]!r}"

r"""Regular expressions of XPath, translated to those of Python.

Python tries one way after the other to match, and nothing interrupts it. So the translation counts how many
ways there could be, in bits: a repetition has as many as the input has characters, a choice as many as it
has branches, and a repetition of something that can match in several ways doubles them with each character.
An input for which there could be more than `limits.PATTERN_WORK` is too much before it is tried; this
refuses some harmless ones.

Not there: blocks (`\p{IsGreek}`). `\w` and `\d` are those of Python. Source: XQuery 1.0 and XPath 2.0
Functions and Operators, 7.6; XML Schema Part 2, appendix F.
"""

import re
from functools import lru_cache
from math import log2
from typing import NamedTuple

from .errors import TooMuch, Undefined
from .limits import DEPTH, PATTERN, PATTERN_WORK

_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": 0, "q": 0}
_SPACE = " \\t\\n\\r"
_NO_SPACE = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f!-\\U0010ffff"
_START = (
    "_:A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = _START + "\\-.0-9\u00b7\u0300-\u036f\u203f\u2040"
_SETS = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": _SPACE, "S": _NO_SPACE, "i": _START, "c": _NAME}
_NEGATED = {"I": _START, "C": _NAME}
_CHARACTERS = {"n": "\\n", "r": "\\r", "t": "\\t"}
_PLAIN = frozenset("\\|.?*+(){}-[]^$/ \"'#,;:!@%&=~<>_`")
_SIGNS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_COUNT = r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}"
_CATEGORY = r"\{(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?)\}"


class Pattern(NamedTuple):
    """A compiled pattern, and how many ways to match it there could be.

    Attributes:
        compiled: For Python.
        power: To which power of the input's length.
        choices: How many more bits.
        growth: How many bits more per character.
    """

    compiled: re.Pattern[str]
    power: float
    choices: float
    growth: float

    def check(self, text: str) -> None:
        """Refuse an input that could take too long.

        Raises:
            TooMuch: It could.
        """
        size = len(text) + 1
        if self.power * log2(size) + self.choices + self.growth * size > log2(PATTERN_WORK):
            raise TooMuch(f"a regular expression could take too long for {len(text)} characters")


@lru_cache(maxsize=128)
def pattern(text: str, flags: str) -> Pattern:
    """Translate and compile.

    Args:
        text: The pattern.
        flags: Some of `s`, `m`, `i`, `x` and `q`.

    Raises:
        Undefined: The pattern or its flags are wrong.
        TooMuch: It is too long.
    """
    if len(text) > PATTERN:
        raise TooMuch(f"a regular expression has {len(text)} characters, more than {PATTERN}")
    if unknown := set(flags) - _FLAGS.keys():
        raise Undefined(f"{min(unknown)!r} is no flag of a regular expression")
    if "q" in flags:
        compiled = re.compile(re.escape(text), re.IGNORECASE if "i" in flags else 0)
        return Pattern(compiled, 1, 0, 0)
    part = _Translation(text, flags).all()
    options = re.RegexFlag(0)
    for flag in flags:
        options |= _FLAGS[flag]
    try:
        compiled = re.compile(part.text, options)
    except (re.error, OverflowError, RecursionError) as fault:
        raise Undefined(f"no regular expression: {fault}") from None
    is_anchored = text.startswith("^") and "|" not in text and "m" not in flags
    return Pattern(compiled, part.power + (not is_anchored), part.choices, part.growth)


class _Part(NamedTuple):
    """A translated part; the numbers are those of `Pattern`."""

    text: str
    power: float = 0
    choices: float = 0
    growth: float = 0

    def repeated(self, sign: str, at_least: int, at_most: int | None) -> "_Part":
        """The part, so many times; None is without end."""
        text = self.text + sign
        if at_most is None:
            ways = log2(1 + self.power) + self.choices
            return _Part(text, self.power + 1, self.choices, self.growth + ways)
        choices = self.choices * at_most + log2(max(1, at_most - at_least + 1))
        return _Part(text, self.power * at_most, choices, self.growth * at_most)


class _Translation:
    """Reads a pattern from left to right."""

    def __init__(self, text: str, flags: str) -> None:
        self.text = text
        self.flags = flags
        self.at = 0
        self.depth = 0
        self.groups = 0

    def all(self) -> _Part:
        part = self._branches()
        if self.at < len(self.text):
            raise self._wrong()
        return part

    def _wrong(self) -> Undefined:
        return Undefined(f"no regular expression, at its character {self.at + 1}: {self.text[:40]!r}")

    def _next(self) -> str:
        if "x" in self.flags:
            while self.text[self.at : self.at + 1] in tuple(" \t\n\r"):
                self.at += 1
        return self.text[self.at : self.at + 1]

    def _branches(self) -> _Part:
        self.depth += 1
        if self.depth > DEPTH // 2:
            raise Undefined("a regular expression is nested too deeply")
        branches, firsts = list[_Part](), list[str]()
        while True:
            firsts.append(self._next())
            branches.append(self._branch())
            if self._next() != "|":
                break
            self.at += 1
        self.depth -= 1
        is_clear = len(set(firsts)) == len(firsts) and "".join(firsts).isalnum()
        return _Part(
            "|".join(branch.text for branch in branches),
            max(branch.power for branch in branches),
            max(branch.choices for branch in branches) + (0 if is_clear else log2(len(branches))),
            max(branch.growth for branch in branches),
        )

    def _branch(self) -> _Part:
        pieces = list[_Part]()
        while self._next() not in ("", "|", ")"):
            pieces.append(self._piece())
        return _Part(
            "".join(piece.text for piece in pieces),
            sum(piece.power for piece in pieces),
            sum(piece.choices for piece in pieces),
            sum(piece.growth for piece in pieces),
        )

    def _piece(self) -> _Part:
        atom = self._atom()
        sign = self._next()
        if sign in _SIGNS:
            self.at += 1
            least, most = _SIGNS[sign]
        elif sign == "{":
            match = re.match(_COUNT, self.text[self.at : self.at + 12], re.ASCII)
            if match is None:
                raise self._wrong()
            self.at += match.end()
            sign, least = match[0], int(match[1])
            most = int(match[3]) if match[3] else None if match[2] else least
        else:
            return atom
        if self._next() == "?":
            self.at += 1
            sign += "?"
        return atom.repeated(sign, least, most)

    def _atom(self) -> _Part:
        char = self._next()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return _Part(self._class())
        if char == "\\":
            return self._escape()
        if char == ".":
            return _Part("." if "s" in self.flags else "[^\\n\\r]")
        if char == "$":
            return _Part("$" if "m" in self.flags else "\\Z")
        if char == "^":
            return _Part("^")
        if char in "?*+{}])":
            self.at -= 1
            raise self._wrong()
        return _Part(re.escape(char))

    def _group(self) -> _Part:
        opening = "("
        if self.text.startswith("?", self.at):
            if not self.text.startswith("?:", self.at):
                raise self._wrong()
            self.at += 2
            opening = "(?:"
        else:
            self.groups += 1
        inside = self._branches()
        if self._next() != ")":
            raise self._wrong()
        self.at += 1
        return inside._replace(text=f"{opening}{inside.text})")

    def _escape(self) -> _Part:
        char = self.text[self.at : self.at + 1]
        if char.isdigit() and char.isascii() and char != "0":
            self.at += 1
            if int(char) > self.groups:
                raise self._wrong()
            return _Part(f"(?:\\{char})", 1)
        if char in _NEGATED:
            self.at += 1
            return _Part(f"[^{_NEGATED[char]}]")
        return _Part(f"[{self._set()}]")

    def _set(self) -> str:
        """What follows a backslash, as the inside of a class."""
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char in _SETS:
            return _SETS[char]
        if char in _CHARACTERS:
            return _CHARACTERS[char]
        if char in ("p", "P"):
            match = re.match(_CATEGORY, self.text[self.at : self.at + 4])
            if match is None:
                raise self._wrong()
            self.at += match.end()
            return _category(match[1], char == "P")
        if char and char in _PLAIN:
            return re.escape(char)
        self.at -= 1
        raise self._wrong()

    def _class(self) -> str:
        """A character class after its `[`, with subtraction: `[a-z-[aeiou]]`."""
        self.depth += 1
        if self.depth > DEPTH // 2:
            raise Undefined("a regular expression is nested too deeply")
        is_negated = self.text.startswith("^", self.at)
        self.at += is_negated
        inside, without = "", ""
        while not self.text.startswith("]", self.at) or not inside:
            if self.text.startswith("-[", self.at) and inside:
                self.at += 2
                without = self._class()
                break
            inside += self._member()
        if not self.text.startswith("]", self.at):
            raise self._wrong()
        self.at += 1
        self.depth -= 1
        made = f"[{'^' if is_negated else ''}{inside}]"
        return f"(?:(?!{without}){made})" if without else made

    def _member(self) -> str:
        """A character, a range of them, or a set."""
        char = self.text[self.at : self.at + 1]
        if char in ("", "["):
            raise self._wrong()
        self.at += 1
        if char == "\\":
            if self.text[self.at : self.at + 1] in _NEGATED:
                raise self._wrong()
            first = self._set()
        else:
            first = re.escape(char)
        is_range = self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in (
            "]",
            "[",
            "",
        )
        if not is_range or len(first) > 2:
            return first
        self.at += 1
        last = self.text[self.at]
        self.at += 1
        return f"{first}-{self._set() if last == chr(92) else re.escape(last)}"


@lru_cache(maxsize=64)
def _category(name: str, is_negated: bool) -> str:
    """The characters of a category of Unicode, as the inside of a class."""
    ranges = list[tuple[int, int]]()
    for first, last, category in _categories():
        if category.startswith(name) == is_negated:
            continue
        if ranges and ranges[-1][1] == first - 1:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return "".join(f"\\U{start:08x}-\\U{end:08x}" for start, end in ranges)


@lru_cache(maxsize=1)
def _categories() -> tuple[tuple[int, int, str], ...]:
    """First and last character of each run of the same category; looked for once, where there are any."""
    from unicodedata import category

    runs = list[tuple[int, int, str]]()
    for first, last in ((0, 0x323FF), (0xE0000, 0xE01FF)):
        start = first
        for code in range(first, last + 1):
            if code == last or category(chr(code + 1)) != category(chr(code)):
                runs.append((start, code, category(chr(code))))
                start = code + 1
    others = ((0x32400, 0xDFFFF, "Cn"), (0xE0200, 0xEFFFF, "Cn"), (0xF0000, 0x10FFFF, "Co"))
    return tuple(sorted((*runs, *others)))

"""Timers that a model says by expressions."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..bpmn.extension import is_expression
from ..bpmn.instants import format_instant, parse_instant
from ..bpmn.model import Timer
from ..bpmn.timing import is_cron, parse_cycle, parse_duration


def evaluated_timer(timer: Timer, value: Callable[[str], Any], explained: Callable[[str], str]) -> Timer:
    """A timer with what its expressions come to; one without expressions stays as it is.

    Args:
        timer: What the model says.
        value: Evaluates an expression.
        explained: Says of one that was just evaluated why it is null.

    Raises:
        ValueError: An expression comes to nothing that a timer can be.
    """
    said = {"time": timer.time, "cycle": timer.cycle, "duration": timer.duration}
    if not any(text is not None and is_expression(text) for text in said.values()):
        return timer
    came = {
        field: text if text is None or not is_expression(text) else _evaluated(field, text, value, explained)
        for field, text in said.items()
    }
    return Timer(came["time"], came["cycle"], came["duration"], timer.fires_once)


def moment_of(value: Any, *endings: str) -> int:
    """Milliseconds since 1970-01-01 UTC of a date, a date and time, or a text; in UTC without an offset.

    Args:
        value: Of the language.
        endings: What a text may lack besides its offset.

    Raises:
        ValueError: It is none, or outside of the calendar.
    """
    if not isinstance(value, str):
        from ..expressions.temporal import Date, DateTime
        from ..expressions.texts import to_instant

        if isinstance(value, DateTime | Date):
            return to_instant(value)
        value = _text(value)
    for ending in ("", "Z", *endings):
        with suppress(ValueError):
            return parse_instant(value + ending)
    raise ValueError("it is no date and time")


def _evaluated(field: str, text: str, value: Callable[[str], Any], explained: Callable[[str], str]) -> str:
    came = value(text)
    try:
        return _READERS[field](came)
    except ValueError as fault:
        said = f": {came}" if isinstance(came, str) else ""
        raise ValueError(f"{explained(text)} is no {field}{said}") from fault


def _time(value: Any) -> str:
    return format_instant(moment_of(value))


def _duration(value: Any) -> str:
    text = _text(value)
    parse_duration(text)
    return text


def _cycle(value: Any) -> str:
    text = _text(value)
    if not is_cron(text):
        parse_cycle(text)
    return text


def _text(value: Any) -> str:
    from ..expressions.texts import to_text

    text = to_text(value)
    if text is None:
        raise ValueError("it has no text")
    return text


_READERS = {"time": _time, "cycle": _cycle, "duration": _duration}

"""Numeric functions. Source: DMN 1.5, 10.3.4.5, table 76."""

import decimal
from collections.abc import Callable
from decimal import Decimal

from ..errors import Undefined
from ..numbers import CONTEXT, ONE, whole
from ..run import Run
from ..temporal import Days, Months
from .rows import Row


def _rounded(mode: str) -> Callable[..., Decimal]:
    """A function that rounds to a scale, of 0 if it is left out."""

    def to_scale(_: Run, number: Decimal, scale: Decimal | None = None) -> Decimal:
        places = 0 if scale is None else whole(scale)
        if not -6111 <= places <= 6176:
            raise Undefined("the scale is not in [-6111..6176]")
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent <= places:
            return number
        return number.quantize(ONE.scaleb(-places, CONTEXT), mode, CONTEXT)

    return to_scale


def absolute(_: Run, value: Decimal | Days | Months) -> Decimal | Days | Months:
    """Without its sign."""
    if isinstance(value, Days):
        return Days(abs(value.nanos))
    return Months(abs(value.months)) if isinstance(value, Months) else value.copy_abs()


def modulo(_: Run, dividend: Decimal, divisor: Decimal) -> Decimal:
    """The rest of a division, with the sign of the divisor."""
    if divisor == 0:
        raise Undefined("division by zero")
    rest = CONTEXT.remainder(dividend, divisor)
    return CONTEXT.add(rest, divisor) if rest and rest.is_signed() != divisor.is_signed() else rest


def root(_: Run, number: Decimal) -> Decimal:
    """The square root."""
    if number < 0:
        raise Undefined("a negative number has no root")
    return CONTEXT.sqrt(number)


def logarithm(_: Run, number: Decimal) -> Decimal:
    """The natural logarithm."""
    if number <= 0:
        raise Undefined("only positive numbers have a logarithm")
    return CONTEXT.ln(number)


def is_odd(_: Run, number: Decimal) -> bool:
    """Whether a whole number cannot be halved."""
    rest = CONTEXT.remainder(number, Decimal(2))
    if rest != rest.to_integral_value():
        raise Undefined("only whole numbers are odd or even")
    return rest != 0


_SCALED = "n: number, scale: number"
ROWS = (
    Row("decimal", _SCALED, _rounded(decimal.ROUND_HALF_EVEN), "rounded, ties to even"),
    Row("floor", "n: number, scale?: number", _rounded(decimal.ROUND_FLOOR), "rounded down"),
    Row("ceiling", "n: number, scale?: number", _rounded(decimal.ROUND_CEILING), "rounded up"),
    Row("round up", _SCALED, _rounded(decimal.ROUND_UP), "rounded away from zero"),
    Row("round down", _SCALED, _rounded(decimal.ROUND_DOWN), "rounded towards zero"),
    Row("round half up", _SCALED, _rounded(decimal.ROUND_HALF_UP), "rounded, ties away from zero"),
    Row("round half down", _SCALED, _rounded(decimal.ROUND_HALF_DOWN), "rounded, ties towards zero"),
    Row(
        "abs",
        "n: number|days and time duration|years and months duration",
        absolute,
        "without its sign",
    ),
    Row("modulo", "dividend: number, divisor: number", modulo, "the rest, with the sign of the divisor"),
    Row("sqrt", "number: number", root, "the square root"),
    Row("log", "number: number", logarithm, "the natural logarithm"),
    Row("exp", "number: number", lambda _, number: CONTEXT.exp(number), "e to the power of it"),
    Row("odd", "number: number", is_odd, "whether it is odd"),
    Row("even", "number: number", lambda run, number: not is_odd(run, number), "whether it is even"),
)

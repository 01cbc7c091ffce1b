"""Numbers: 34 decimal digits, ties to even, as IEEE 754 Decimal128. Source: DMN 1.5, 10.3.2.3.1."""

from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from .errors import Undefined

CONTEXT = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""There is no infinity and no NaN: what would be one raises."""
FAULTS = (InvalidOperation, DivisionByZero, Overflow, Clamped)
ZERO, ONE = Decimal(0), Decimal(1)
_BITS = 25_000
"""More than the largest number has."""


def from_number(value: int | float) -> Decimal | None:
    """A number of Python or JSON; None for what is none here, infinity and NaN."""
    try:
        if isinstance(value, float):
            number = CONTEXT.create_decimal(repr(value))
        elif value.bit_length() > _BITS:
            return None
        else:
            number = CONTEXT.create_decimal(value)
    except FAULTS:
        return None
    return number if number.is_finite() else None


def plain(number: Decimal) -> str:
    """A number as a literal: no exponent, no zeros at the end."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def whole(number: Decimal) -> int:
    """A number without a fraction that fits into a list or a date.

    Raises:
        Undefined: It has a fraction, or is too large.
    """
    if number.adjusted() > 18 or number != (whole := int(number)):
        raise Undefined(f"{plain(number)[:40]} is no whole number in reach")
    return whole

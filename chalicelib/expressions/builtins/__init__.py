"""The built-in functions: tables of rows, one file per family. Source: DMN 1.5, 10.3.4."""

from collections.abc import Mapping, Sequence

from . import contexts, conversion, dates, lists, numeric, ranges, strings
from .rows import Row

FAMILIES: Mapping[str, Sequence[Row]] = {
    "Conversion": conversion.ROWS,
    "Boolean": strings.BOOLEAN_ROWS,
    "String": strings.ROWS,
    "List": lists.ROWS,
    "Numeric": numeric.ROWS,
    "Date and time": dates.ROWS,
    "Range": ranges.ROWS,
    "Temporal": dates.TEMPORAL_ROWS,
    "Sort": lists.SORT_ROWS,
    "Context": contexts.ROWS,
    "Miscellaneous": dates.CLOCK_ROWS,
}
"""By the families of the standard, in its order."""


def _by_name() -> dict[str, tuple[Row, ...]]:
    found = dict[str, tuple[Row, ...]]()
    for rows in FAMILIES.values():
        for row in rows:
            found[row.name] = (*found.get(row.name, ()), row)
    return found


BUILTINS: Mapping[str, Sequence[Row]] = _by_name()
"""The signatures of a function, in the order in which they are tried."""
NAMES = tuple(BUILTINS)

"""List functions, and `sort`. Source: DMN 1.5, 10.3.4.4 and 10.3.4.10, tables 75 and 80."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from ..errors import Undefined
from ..limits import VALUE_DEPTH
from ..numbers import CONTEXT, ONE, ZERO
from ..operators import before, same
from ..run import Run
from ..values import Builtin, Function
from .rows import Row, apply
from .strings import place


def _numbers(items: Sequence[Any]) -> list[Decimal]:
    """The items, all numbers.

    Raises:
        Undefined: One is none, or there is none.
    """
    if not items:
        raise Undefined("the list is empty")
    if not all(type(item) is Decimal for item in items):
        raise Undefined("not all items are numbers")
    return list(items)


def least(_: Run, items: Sequence[Any]) -> Any:
    """The smallest item."""
    return _extreme(items, before)


def greatest(_: Run, items: Sequence[Any]) -> Any:
    """The largest item."""
    return _extreme(items, lambda left, right: before(right, left))


def _extreme(items: Sequence[Any], is_better: Callable[[Any, Any], bool]) -> Any:
    if not items:
        raise Undefined("the list is empty")
    best = items[0]
    is_better(best, best)
    for item in items[1:]:
        if is_better(item, best):
            best = item
    return best


def total(_: Run, items: Sequence[Any]) -> Decimal:
    """The sum."""
    result = ZERO
    for number in _numbers(items):
        result = CONTEXT.add(result, number)
    return result


def product(_: Run, items: Sequence[Any]) -> Decimal:
    """All numbers multiplied."""
    result = ONE
    for number in _numbers(items):
        result = CONTEXT.multiply(result, number)
    return result


def mean(run: Run, items: Sequence[Any]) -> Decimal:
    """The average."""
    return CONTEXT.divide(total(run, items), Decimal(len(items)))


def median(_: Run, items: Sequence[Any]) -> Decimal:
    """The middle one of the sorted numbers, or the mean of the two in the middle."""
    numbers = sorted(_numbers(items))
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return CONTEXT.divide(CONTEXT.add(numbers[middle - 1], numbers[middle]), Decimal(2))


def deviation(run: Run, items: Sequence[Any]) -> Decimal:
    """The standard deviation of a sample."""
    numbers = _numbers(items)
    if len(numbers) < 2:
        raise Undefined("one number has no deviation")
    middle, squares = mean(run, numbers), ZERO
    for number in numbers:
        distance = CONTEXT.subtract(number, middle)
        squares = CONTEXT.fma(distance, distance, squares)
    return CONTEXT.sqrt(CONTEXT.divide(squares, Decimal(len(numbers) - 1)))


def mode(_: Run, items: Sequence[Any]) -> list[Decimal]:
    """The most frequent numbers, in ascending order."""
    counts = dict[Decimal, int]()
    for number in _numbers(items) if items else ():
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, count in counts.items() if count == most)


def every(_: Run, items: Sequence[Any]) -> bool:
    """False if one is false, else null if one is not true."""
    if any(item is False for item in items):
        return False
    return _if_all(items, True)


def some(_: Run, items: Sequence[Any]) -> bool:
    """True if one is true, else null if one is not false."""
    if any(item is True for item in items):
        return True
    return _if_all(items, False)


def _if_all(items: Sequence[Any], value: bool) -> bool:
    if all(item is value for item in items):
        return value
    raise Undefined("not all items are true or false")


def contains(run: Run, items: list[Any], element: Any) -> bool:
    """Whether an item equals the element; null is in a list with null."""
    return any(same(run, item, element) for item in items)


def sublist(_: Run, items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any]:
    """A part of the list."""
    first, end = place(start, length, len(items))
    return items[first:end]


def append(run: Run, items: list[Any], *more: Any) -> list[Any]:
    """The list with items at its end."""
    run.items(len(items) + len(more))
    return [*items, *more]


def concatenate(run: Run, *lists: list[Any]) -> list[Any]:
    """The lists in one."""
    run.items(sum(len(items) for items in lists))
    return [item for items in lists for item in items]


def insert_before(run: Run, items: list[Any], position: Decimal, item: Any) -> list[Any]:
    """The list with one item more."""
    run.items(len(items) + 1)
    at, _ = place(position, None, len(items))
    return [*items[:at], item, *items[at:]]


def remove(_: Run, items: list[Any], position: Decimal) -> list[Any]:
    """The list without an item."""
    at, _end = place(position, None, len(items))
    return [*items[:at], *items[at + 1 :]]


def replace_at(_: Run, items: list[Any], position: Decimal, item: Any) -> list[Any]:
    """The list with another item at a position."""
    at, _end = place(position, None, len(items))
    return [*items[:at], item, *items[at + 1 :]]


def replace_where(run: Run, items: list[Any], match: Function | Builtin, item: Any) -> list[Any]:
    """The list with another item wherever a function of old and new item is true."""
    found = list[Any]()
    for old in items:
        is_match = apply(run, match, (old, item))
        if type(is_match) is not bool:
            raise Undefined("match is neither true nor false")
        found.append(item if is_match else old)
    return found


def index_of(run: Run, items: list[Any], match: Any) -> list[Decimal]:
    """The positions of equal items."""
    return [Decimal(at) for at, item in enumerate(items, 1) if same(run, item, match)]


class _Seen:
    """Values that were there; those that Python can hash are found at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._quick = set[tuple[type, Any]]()
        self._others = list[Any]()

    def add(self, value: Any) -> bool:
        """Whether it is new."""
        if type(value) in (str, Decimal, bool, type(None)):
            size = len(self._quick)
            self._quick.add((type(value), value))
            return len(self._quick) > size
        self._run.charge(len(self._others))
        if any(same(self._run, value, other) for other in self._others):
            return False
        self._others.append(value)
        return True


def distinct(run: Run, items: list[Any]) -> list[Any]:
    """Each value once."""
    seen = _Seen(run)
    return [item for item in items if seen.add(item)]


def duplicates(run: Run, items: list[Any]) -> list[Any]:
    """Each value that is there more than once."""
    seen, told = _Seen(run), _Seen(run)
    return [item for item in items if not seen.add(item) and told.add(item)]


def union(run: Run, *lists: list[Any]) -> list[Any]:
    """The lists in one, each value once."""
    return distinct(run, concatenate(run, *lists))


def flatten(run: Run, items: list[Any]) -> list[Any]:
    """The list without lists in it."""
    flat = list[Any]()
    _flatten(run, items, flat, 0)
    return flat


def _flatten(run: Run, items: list[Any], flat: list[Any], depth: int) -> None:
    if depth > VALUE_DEPTH:
        raise Undefined("the list is nested too deeply")
    run.items(len(items))
    for item in items:
        if type(item) is list:
            _flatten(run, item, flat, depth + 1)
        else:
            flat.append(item)


def sort(run: Run, items: list[Any], precedes: Function | Builtin) -> list[Any]:
    """The list in the order of a function that says whether one precedes another."""

    class Place:
        __slots__ = ("item",)

        def __init__(self, item: Any) -> None:
            self.item = item

        def __lt__(self, other: "Place") -> bool:
            run.charge(1)
            return apply(run, precedes, (self.item, other.item)) is True

    return sorted(items, key=Place)


def _both(name: str, call: Callable[[Run, Sequence[Any]], Any], meaning: str, of: str) -> tuple[Row, Row]:
    """A function that takes a list, or its items as arguments."""
    return (
        Row(name, "list: list", call, meaning),
        Row(name, f"{of}...: any", lambda run, *items: call(run, items), meaning),
    )


ROWS = (
    Row("list contains", "list: list, element: any", contains, "whether it is in the list"),
    Row("count", "list: list", lambda _, items: Decimal(len(items)), "how many items"),
    *_both("min", least, "the smallest item", "c"),
    *_both("max", greatest, "the largest item", "c"),
    *_both("sum", total, "the sum", "n"),
    *_both("mean", mean, "the average", "n"),
    *_both("all", every, "false if one is false, true if all are true", "b"),
    *_both("any", some, "true if one is true, false if all are false", "b"),
    Row("sublist", "list: list, start position: number, length?: number", sublist, "a part, from a position"),
    Row("append", "list: list, item...: any", append, "with items at the end"),
    Row("concatenate", "list...: list", concatenate, "the lists in one"),
    Row(
        "insert before",
        "list: list, position: number, newItem: any",
        insert_before,
        "with an item at a position",
    ),
    Row("remove", "list: list, position: number", remove, "without the item at a position"),
    Row(
        "list replace",
        "list: list, position: number, newItem: any",
        replace_at,
        "with another item at a position",
    ),
    Row(
        "list replace",
        "list: list, match: function, newItem: any",
        replace_where,
        "with another item where `match(item, newItem)` is true",
    ),
    Row("reverse", "list: list", lambda _, items: items[::-1], "from the end to the start"),
    Row("index of", "list: list, match: any", index_of, "positions of equal items"),
    Row("union", "list...: list", union, "the lists in one, each value once"),
    Row("distinct values", "list: list", distinct, "each value once"),
    Row("duplicate values", "list: list", duplicates, "values that are there more than once"),
    Row("flatten", "list: list", flatten, "without lists in the list"),
    *_both("product", product, "all multiplied", "n"),
    *_both("median", median, "the one in the middle", "n"),
    *_both("stddev", deviation, "the standard deviation of a sample", "n"),
    *_both("mode", mode, "the most frequent ones", "n"),
)
SORT_ROWS = (Row("sort", "list: list, precedes: function", sort, "ordered so that `precedes(one, next)`"),)

"""Random text and random values: an expression is refused, or has a value, and comes to an end."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.expressions import InvalidExpression, TooMuch, compile, literal, to_json
from chalicelib.expressions.builtins import NAMES
from chalicelib.expressions.dialects import compile_model_text
from chalicelib.expressions.numbers import CONTEXT

WORDS = (
    *("and", "or", "not", "in", "if", "then", "else", "for", "return", "some", "every", "satisfies"),
    *("between", "instance of", "function", "null", "true", "false", "item", "partial", "?", "x", "y", "a b"),
    *("+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "(", ")", "[", "]", "{", "}", ",", ":", "."),
    *(
        "..",
        "1",
        "2.5",
        "0",
        '"a"',
        '""',
        '@"2012-12-25"',
        '@"PT1H"',
        '@"P1Y"',
        '@"10:00:00Z"',
        "number",
        "list<",
    ),
    *("external", "'", "->", "->", "// c\n", "/* c */", *NAMES),
)
SCOPE: dict[str, Any] = {
    "x": 3,
    "y": [1, 2, {"x": 1, "a-b": 2}],
    "a b": {"x": "s", "y": None},
    "x-y": 5,
    "item": True,
}
QUICK = settings(max_examples=120, deadline=2000, derandomize=True, database=None)


def work(text: str) -> None:
    """Compile and evaluate, whatever it is."""
    for use in (compile, compile_model_text):
        try:
            result = use(text).result(SCOPE, now=0)
        except (InvalidExpression, TooMuch):
            continue
        try:
            to_json(result.value)
            literal(result.value)
        except TooMuch:
            continue


@QUICK
@given(st.text(max_size=80))
def test_random_text(text: str) -> None:
    work(text)


@QUICK
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_random_words(text: str) -> None:
    work(text)


@QUICK
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
def test_random_words_without_space(text: str) -> None:
    work(f"${{{text}}}")


def calls() -> st.SearchStrategy[str]:
    """Expressions that are mostly right: operations and functions of operations and functions."""
    leaves = st.sampled_from(
        [
            *("x", "y", "a b", "x-y", "1", "-2", "0.5", '"ab"', "null", "true", "[1, 2]", "{a: 1}", "[1..3]"),
            *('@"2012-12-25"', '@"10:00:00"', '@"2012-12-25T10:00:00Z"', '@"P1D"', '@"P1M"', "< 2"),
            "function(p, q) p < q",
        ]
    )

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(
                inner,
                st.sampled_from(["+", "-", "*", "/", "**", "=", "<", "<=", "and", "or", "in", "!="]),
                inner,
            ).map(lambda parts: f"({' '.join(parts)})"),
            st.tuples(st.sampled_from(NAMES), st.lists(inner, max_size=4)).map(
                lambda parts: f"{parts[0]}({', '.join(parts[1])})"
            ),
            st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]"),
            st.tuples(inner, inner).map(lambda parts: f"for i in {parts[0]} return {parts[1]}"),
            st.tuples(inner, inner, inner).map(
                lambda parts: f"(if {parts[0]} then {parts[1]} else {parts[2]})"
            ),
            st.tuples(inner, inner).map(lambda parts: f"(some i in {parts[0]} satisfies {parts[1]})"),
            st.tuples(inner, st.sampled_from(["x", "year", "start", "time offset", "a"])).map(
                lambda parts: f"({parts[0]}).{parts[1]}"
            ),
        )

    return st.recursive(leaves, larger, max_leaves=12)


@QUICK
@given(calls())
def test_random_expressions(text: str) -> None:
    compile(text)
    work(text)


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS.map(CONTEXT.create_decimal)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@QUICK
@given(VALUES)
def test_a_printed_value_reads_as_itself(value: Any) -> None:
    assert compile(literal(value)).evaluate({}) == value


@QUICK
@given(NUMBERS, NUMBERS)
def test_arithmetic_is_that_of_decimals(left: Decimal, right: Decimal) -> None:
    scope = {"l": left, "r": right}

    assert compile("l + r - r").evaluate(scope) == left
    assert compile("l < r").evaluate(scope) is (left < right)
    assert compile("l * r").evaluate(scope) == CONTEXT.multiply(left, right)


@QUICK
@given(st.integers(-3_000_000, 3_000_000), st.integers(-5000, 5000))
def test_days_go_there_and_back(day: int, days: int) -> None:
    scope = {"n": day, "d": days}
    text = 'date("1970-01-01") + duration("P1D") * n'

    assert compile(f'(({text}) + duration("P1D") * d - ({text})) / duration("P1D")').evaluate(scope) == days


@QUICK
@given(st.dates())
def test_the_calendar_is_that_of_python(day: Any) -> None:
    scope = {"text": day.isoformat()}
    _, week, weekday = day.isocalendar()

    assert compile("date(text).weekday").evaluate(scope) == weekday
    assert compile("week of year(date(text))").evaluate(scope) == week
    assert compile("day of year(date(text))").evaluate(scope) == day.timetuple().tm_yday
    assert to_json(compile("date(text)").evaluate(scope)) == day.isoformat()

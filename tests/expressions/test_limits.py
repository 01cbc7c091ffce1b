"""What is too much is refused, by counting and not by waiting."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib.expressions import (
    InvalidExpression,
    TooMuch,
    compile,
    compile_unary_tests,
    from_json,
    literal,
    to_json,
)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 20_001,
        "(" * 100 + "1" + ")" * 100,
        "[" * 5000,
        "]" * 5000,
        "{a:" * 500,
        "-" * 5000 + "1",
        "if " * 1000,
        "not(" * 1000,
        "f(" * 3000,
        "function() " * 500 + "1",
        "x" + ".a" * 5000,
        "x" + "[1]" * 3000,
        "x" + "()" * 3000,
        "1" + "=1" * 3000,
        "for x in " * 1000,
        "1 in " * 1000 + "1",
        "x instance of " + "list<" * 1000,
        "[1.." * 1000,
        "]1..[" * 1000,
        "]1..a[" * 300,
        "<" * 1000,
        "@" * 1000,
        "if a then b else " * 200 + "c",
        "a or b and c = d + e * (" * 60,
    ],
)
def test_text_that_is_nested_or_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpression):
        compile(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+".join(["1"] * 9000), 9000),
        (" and ".join(["true"] * 2000), True),
        ("(" * 60 + "1" + ")" * 60, 1),
        ("if false then 0 else " * 60 + "1", 1),
        ("-".join(["a"] * 1000), -998),
        ("count([" + ",".join(["1"] * 5000) + "])", 5000),
    ],
)
def test_text_that_is_only_wide_is_not(text: str, expected: Any) -> None:
    assert to_json(compile(text).evaluate({"a": 1})) == expected


@pytest.mark.parametrize(
    "text",
    [
        "for i in 1..1000000000 return i",
        "for i in 1000000000..1 return i",
        "for i in [1..1000000000] return i",
        "for i in 1..1000, j in 1..1000 return i",
        "some i in 1..40000, j in 1..40000 satisfies i + j < 0",
        "every i in 1..40000, j in 1..40000 satisfies i + j > 0",
        "{a: for i in 1..40000 return i, b: a[count(a) = 1]}",
        "{f: function(n) f(n + 1), r: f(0)}",
        "{f: function(n) if n = 0 then 0 else f(n - 1) + f(n - 1), r: f(60)}",
        '{d: function(s) s + s, q: function(s) d(d(d(d(d(d(s)))))), r: q(q(q(q("x"))))}',
        "{q: function(l) concatenate(l, l, l, l, l, l, l, l), r: q(q(q(q(q(q([1]))))))}",
        'replace("' + "a" * 4000 + '", "a", "' + "b" * 4000 + '")',
        "sort(for i in 1..20000 return -i, function(a, b) count(for k in 1..100 return 1) > a)",
        "for i in 1..2000 return for j in 1..2000 return 1",
        "distinct values(for i in 1..2000 return [i])",
        "for i in 1..9000 return partial",
        "{a: for i in 1..90 return [partial[-1], partial[-1]], r: a[-1] = a[-1]}",
        "string((for i in 1..90 return [partial[-1], partial[-1]])[-1])",
        "string((for i in 1..500 return [partial[-1]])[-1])",
    ],
)
def test_work_without_end_is_refused(text: str) -> None:
    with pytest.raises(TooMuch):
        compile(text).evaluate({})


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{f: function(n) f(n + 1), r: f(0)}", "functions call each other more than 64 deep"),
        ("for i in 1..60000 return 1", "a list has 60000 items, more than 50000"),
        ("for i in 1..300, j in 1..300 return 1", "a list has more than 50000 items"),
        ("concatenate(l, l, l)", "a list has 60000 items, more than 50000"),
        ("s + s + s", "a string has 600000 characters, more than 500000"),
        ("upper case(s)", "a string has 600000 characters, more than 500000"),
        ("some i in 1..40000, j in 1..40000 satisfies false", "evaluation takes more than 200000 steps"),
    ],
)
def test_what_is_too_much_is_named(text: str, fact: str) -> None:
    with pytest.raises(TooMuch, match=fact):
        compile(text).evaluate({"l": [1] * 20_000, "s": "x" * 200_000})


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("^(a+)+$", 40),
        ("^(a|a)*$", 40),
        ("(a*)*b", 40),
        ("a*a*a*a*a*b", 2000),
        ("(.*)\\\\1x", 5000),
        ("a?" * 40 + "a" * 40, 40),
        ("a*" * 40 + "b", 9),
        ("(a|ab)" * 40, 20),
        ("(a?){40}a{40}", 40),
        ("((a{0,9}){9}){9}b", 40),
    ],
)
def test_a_pattern_that_backtracks_is_refused_for_a_long_input(pattern: str, size: int) -> None:
    with pytest.raises(TooMuch, match="regular expression could take too long"):
        compile(f'matches(s, "{pattern}")').evaluate({"s": "a" * size})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^[^@]+@[^@]+\\\\.[a-z]+$", "ada.lovelace" * 20 + "@example.org"),
        ("order", "x" * 100_000),
        ("^\\\\d{3}-\\\\d{4}$", "123-4567"),
        ("^(red|green|blue)+$", "redgreenblue" * 100),
        ("^([0-9]{4}-)*[0-9]{4}$", "1234-" * 100 + "1234"),
    ],
)
def test_an_ordinary_pattern_is_not(pattern: str, text: str) -> None:
    assert compile(f'matches(s, "{pattern}")').evaluate({"s": text}) is ("x" not in text[-9:])


def test_a_pattern_is_bounded() -> None:
    with pytest.raises(TooMuch, match="regular expression has 1001 characters"):
        compile("matches(s, p)").evaluate({"s": "a", "p": "a" * 1001})


def test_a_deep_value_is_refused_on_its_way_in_and_out() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]

    for use in (from_json, to_json, literal, lambda value: compile("x").evaluate({"x": value})):
        with pytest.raises(TooMuch, match="nested more than 100 deep"):
            use(deep)
    with pytest.raises(TooMuch, match="more than"):
        to_json([[0] * 1000] * 1000)


@pytest.mark.parametrize(
    ("text", "cheaper"),
    [
        ("for i in 1..1000 return i * 2", "for i in 1..100 return i * 2"),
        ("some i in 1..1000 satisfies i = 0", "some i in 1..100 satisfies i = 0"),
        ("sum(for i in 1..1000 return i)", "sum(for i in 1..100 return i)"),
        ("(for i in 1..1000 return i)[item > 5]", "(for i in 1..100 return i)[item > 5]"),
    ],
)
def test_ten_times_the_work_is_ten_times_the_steps(text: str, cheaper: str) -> None:
    steps, fewer = compile(text).result({}).steps, compile(cheaper).result({}).steps

    assert 8 * fewer < steps < 12 * fewer


def test_a_turn_of_a_loop_costs_what_is_in_it() -> None:
    small, large = compile("for i in 1..1000 return i"), compile("for i in 1..1000 return i + i + i + i + i")

    assert large.result({}).steps - small.result({}).steps > 5 * 1000


def test_an_ordinary_condition_takes_a_handful_of_steps() -> None:
    expression = compile('amount > 100 and customer.tier = "gold"')

    result = expression.result({"amount": 120, "customer": {"tier": "gold", "orders": list(range(10_000))}})

    assert (result.value, result.steps) == (True, 8)


class Lazy(Mapping[str, Any]):
    """A scope that remembers what was looked up."""

    def __init__(self, **values: Any) -> None:
        self.values_ = values
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.asked.append(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def test_names_are_looked_up_once_and_only_if_needed() -> None:
    scope = Lazy(a=1, b=2, c=3)

    assert compile("if a = 1 then [a, a] else b").evaluate(scope) == [1, 1]
    assert scope.asked == ["a"]


def test_an_expression_says_which_names_it_may_look_up() -> None:
    names = compile("for x in orders return x.gross-amount * factor - min(tax, 1)").names

    assert {"orders", "factor", "tax"} <= names
    assert not {"x", "min", "gross"} & names
    assert compile("a-b").names == {"a", "b", "a-b"}
    assert compile("a - b").names == {"a", "b", "a-b", "a - b"}
    assert compile_unary_tests("> limit").names == {"?", "limit"}


def test_the_same_expression_reads_each_scope_anew() -> None:
    expression = compile("a-b")

    assert expression.evaluate({"a": 3, "b": 1}) == 2
    assert expression.evaluate({"a-b": 7}) == 7
    assert expression.evaluate({"a": 3, "b": 1}) == 2

"""What is no expression: the fact and its place."""

import pytest

from chalicelib.expressions import InvalidExpression, compile, compile_unary_tests
from tests.expressions.cases import reasons


@pytest.mark.parametrize(
    ("text", "fact", "column"),
    [
        ("", "expected an expression, found the end", 1),
        ("  ", "expected an expression, found the end", 3),
        ("1 +", "expected an expression, found the end", 4),
        ("(1 + 2 then", "expected `)`, found `then`", 8),
        ("if a then b", "expected `else`, found the end", 12),
        ("if a else b", "expected `then`, found `else`", 6),
        ("then", "expected an expression, found `then`", 1),
        ("1 2", "expected the end, found `2`", 3),
        ("1.2e3", "expected the end, found `e3`", 4),
        ("[1, 2", "expected `]`, found the end", 6),
        ("[1, ]", "expected an expression, found `]`", 5),
        ("[1..2", "expected `]`, `)` or `[`, found the end", 6),
        ("{a: 1", "expected `}`, found the end", 6),
        ("{a 1}", "expected `:`, found `}`", 5),
        ("{a: 1,}", "expected a name, found `}`", 7),
        ("{a: 1, a: 2}", "entry `a` is there twice", 8),
        ("{1: 2}", "expected a name, found `1`", 2),
        ("f(1", "expected `)`, found the end", 4),
        ("f(a: 1, 2)", "expected a name, found `2`", 9),
        ("a.", "expected a name, found the end", 3),
        ("a.1", "expected the end, found `.1`", 2),
        ("a. 1", "expected a name, found `1`", 4),
        ("for x return 1", "expected `in`, found the end", 15),
        ("for x in xs", "expected `return`, found the end", 12),
        ("some x in xs", "expected `satisfies`, found the end", 13),
        ("1 between 2", "expected `and`, found the end", 12),
        ("1 between 2 or 3", "expected `and`, found `or`", 13),
        ("x instance of 5", "expected a type, found `5`", 15),
        ("x instance of list<number", "expected `>`, found the end", 26),
        ("function(x", "expected `:`, found the end", 11),
        ('"abc', "a string is not closed", 1),
        ('1 + "abc\n"', "a string is not closed", 5),
        ("1 /* 2", "a comment is not closed", 3),
        ("a & b", "expected an expression, found '&'", 3),
        ("a; b", "expected an expression, found ';'", 2),
        ("a == b", "expected an expression, found `=`", 4),
        ("'abc'", "expected an expression, found `'`", 1),
        ('@"2012-13-01"', "'2012-13-01' is no date, time or duration", 1),
        ('@"x"', "'x' is no date, time or duration", 1),
        ("@x", "expected an expression, found '@'", 1),
        (r'"\ud83d"', "half of a surrogate pair in a string", 1),
        (r'"\UFFFFFF"', "\\UFFFFFF is no character", 1),
        ("²", "expected an expression, found '²'", 1),
        ("a ← b", "expected an expression, found '←'", 3),
    ],
)
def test_an_error_names_fact_and_place(text: str, fact: str, column: int) -> None:
    with pytest.raises(InvalidExpression) as caught:
        compile(text)

    assert (caught.value.fact, caught.value.column) == (fact, column)


def test_a_place_has_its_line() -> None:
    with pytest.raises(InvalidExpression, match=r"expected `\)`, found `then` at line 3, column 3") as caught:
        compile("a +\n(b\n  then)")

    assert (caught.value.line, caught.value.column) == (3, 3)


@pytest.mark.parametrize("text", ["", "1,", "not(1", "> ", "- 1 -", "1 2"])
def test_unary_tests_have_errors_too(text: str) -> None:
    with pytest.raises(InvalidExpression):
        compile_unary_tests(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("amount > 5", "there is no variable `amount`"),
        ("{a: 1}.b", "there is no entry `b`"),
        ('1 + "a"', "number + string has no value"),
        ('1 < "a"', "<: number and string have no order"),
        ('1 = "a"', "number and string are not compared"),
        ("1 / 0", "number / number: division by zero"),
        ("10 ** 9999", "number ** number has no value in reach"),
        ("[1][2]", "there is no item 2 in 1"),
        ('date("x")', "date: 'x' is no date"),
        ("upper case(1)", "upper case does not take (number)"),
        ("5(1)", "number is no function"),
        ("for x in null return x", "for: null has no items"),
        ("[5..1]", "range: a range ends before it starts"),
        ("1 instance of list", "`list` is no type, or needs to say of what"),
        ('matches("a", "(")', "matches: no regular expression, at its character 2: '('"),
    ],
)
def test_null_has_its_reason(text: str, reason: str) -> None:
    assert reason in reasons(text)


def test_reasons_are_not_endless() -> None:
    assert len(reasons("for x in 1..1000 return x.y")) == 20

"""Texts of models: `=` is FEEL, `${...}` is not, and plain text is what its place says."""

from typing import Any

import pytest

from chalicelib.expressions import Expression, InvalidExpression, to_json
from chalicelib.expressions.dialects import compile_model_text, literal_or_expression

ORDER: dict[str, Any] = {
    "id": 42,
    "amount": 120,
    "customer": {"tier": "gold", "first name": "Ada", "tags": ["a", "b"]},
    "approved": True,
    "none": None,
    "list": [],
    "text": "",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=amount > 100", True),
        (' = customer.tier = "gold"', True),
        ("amount > 100", True),
        ("=customer.first name", "Ada"),
        ("${amount > 100}", True),
        ("#{amount > 100}", True),
        ("${ amount }", 120),
        ("${amount gt 100 and customer.tier eq 'gold'}", True),
        ('${amount >= 100 && customer.tier == "gold"}', True),
        ("${amount < 100 || approved}", True),
        ("${amount le 100 or amount ne 120}", False),
        ("${!approved}", False),
        ("${not approved}", False),
        ("${amount lt 121}", True),
        ("${amount ge 121}", False),
        ("${amount != 120}", False),
        ("${amount == null}", False),
        ("${none == null}", True),
        ("${missing == null}", True),
        ("${amount + 1}", 121),
        ("${amount - 1 - 1}", 118),
        ("${amount * 2 + 1}", 241),
        ("${1 + amount * 2}", 241),
        ("${amount / 8}", 15),
        ("${amount div 8}", 15),
        ("${amount % 7}", 1),
        ("${amount mod 7}", 1),
        ("${-amount}", -120),
        ("${(1 + 2) * 3}", 9),
        ("${amount > 100 ? 'much' : 'little'}", "much"),
        ("${amount > 200 ? 'a' : amount > 100 ? 'b' : 'c'}", "b"),
        ("${empty none}", True),
        ("${empty list}", True),
        ("${empty text}", True),
        ("${empty missing}", True),
        ("${empty customer}", False),
        ("${!empty customer.tags}", True),
        ("${not empty amount}", True),
        ("${customer['tier']}", "gold"),
        ('${customer["first name"]}', "Ada"),
        ("${customer.tags[0]}", "a"),
        ("${customer.tags[1]}", "b"),
        ("${customer.tags[2]}", None),
        ("${customer.tags[-1]}", None),
        (r"${'it\'s'}", "it's"),
        ("${'a' + 'b'}", "ab"),
        ("${true}", True),
        ("${false || null}", None),
        ("${1.5}", 1.5),
        ("order-${id}", "order-42"),
        ("${id}-${customer.tier}!", "42-gold!"),
        ("a${none}b", "ab"),
        ("a\\${id}", "a${id}"),
        ("${'}'}", "}"),
        ('="${id}"', "${id}"),
    ],
)
def test_a_text_of_a_model_is_compiled(text: str, expected: Any) -> None:
    assert to_json(compile_model_text(text).evaluate(ORDER)) == expected


@pytest.mark.parametrize("text", ["order-shipped", "PT1H", "R3/PT10S", "", "a = b", "{x}", "$ {x}", "x > 1"])
def test_plain_text_can_be_a_literal(text: str) -> None:
    assert literal_or_expression(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=id", 42),
        ('= "PT" + string(id) + "S"', "PT42S"),
        ("order-${id}", "order-42"),
        ("#{customer.tier}", "gold"),
    ],
)
def test_marked_text_is_an_expression(text: str, expected: Any) -> None:
    found = literal_or_expression(text)

    assert isinstance(found, Expression)
    assert to_json(found.evaluate(ORDER)) == expected


@pytest.mark.parametrize(
    ("text", "fact", "column"),
    [
        ("=", "expected an expression, found the end", 2),
        ("= 1 +", "expected an expression, found the end", 6),
        ("${", "expected an expression, found the end", 3),
        ("${}", "expected an expression, found `}`", 3),
        ("${a", "expected `}`, found the end", 4),
        ("x ${a b}", "expected `}`, found `b`", 7),
        ("${a.}", "expected a name, found `}`", 5),
        ("${a[1}", "expected `]`, found `}`", 6),
        ("${(a}", "expected `)`, found `}`", 5),
        ("${a ? b}", "expected `:`, found `}`", 8),
        ("${a = b}", "expected an expression, found '='", 5),
        ("${execution.getVariable('a')}", "functions and methods cannot be called here", 24),
        ("${f()}", "functions and methods cannot be called here", 4),
        ("${'a}", 'expected an expression, found "\'"', 3),
        ("", "expected an expression, found the end", 1),
    ],
)
def test_an_error_names_its_place_in_the_whole_text(text: str, fact: str, column: int) -> None:
    with pytest.raises(InvalidExpression) as caught:
        compile_model_text(text)

    assert (caught.value.fact, caught.value.column) == (fact, column)


@pytest.mark.parametrize("inside", ["(" * 500, "!" * 500, "a" + ".b" * 500, "1" + "+1" * 500, "a?" * 500])
def test_depth_is_bounded(inside: str) -> None:
    with pytest.raises(InvalidExpression):
        compile_model_text(f"${{{inside}}}")


def test_python_cannot_be_reached() -> None:
    for text in ("${id.__class__}", "${customer.__class__}", "${customer['__class__']}", "=id.__class__"):
        assert compile_model_text(text).evaluate(ORDER) is None

"""DMN 1.5, 10.3.1.2 grammar, 10.3.1.3 literals, 10.3.1.4 tokens, names and white space."""

from typing import Any

from tests.expressions.cases import Case, check, table


@table(
    ("1", 1),
    ("0", 0),
    ("-1", -1),
    ("1.5", 1.5),
    (".5", 0.5),
    ("-.5", -0.5),
    ("1.50", 1.5),
    ("- 1", -1),
    ("--1", 1),
    ("007", 7),
    ("9999999999999999999999999999999999", 1e34),
    ("true", True),
    ("false", False),
    ("null", None),
    ('""', ""),
    ('"abc"', "abc"),
    ('"a b  c"', "a b  c"),
    (r'"a\"b"', 'a"b'),
    (r'"a\'b"', "a'b"),
    (r'"a\\b"', "a\\b"),
    (r'"a\nb\tc\rd"', "a\nb\tc\rd"),
    (r'"\u00e4"', "ä"),
    (r'"\U01F40Eab"', "\U0001f40eab"),
    (r'"\ud83d\udc0e"', "\U0001f40e"),
    (r'"\d+"', "\\d+"),
    ('"ὀ🐎"', "ὀ🐎"),
    ('@"2012-12-25"', "2012-12-25"),
    ('@"23:59:00"', "23:59:00"),
    ('@"2012-12-25T23:59:00Z"', "2012-12-25T23:59:00Z"),
    ('@"P1DT2H"', "P1DT2H"),
    ('@"P1Y2M"', "P1Y2M"),
    ('@"-PT5H"', "-PT5H"),
    ('@"2012-12-25T23:59:00@Europe/Paris"', "2012-12-25T23:59:00@Europe/Paris"),
)
def test_literals(text: str, scope: Case, expected: Any) -> None:
    check(text, {}, expected)


@table(
    ("1 // one", 1),
    ("// first\n1", 1),
    ("1 /* one */ + /* two\n */ 2", 3),
    ("\t1\n+\r\n2\u00a0+\u30003", 6),
    ("[1,2 , 3]", [1, 2, 3]),
)
def test_white_space_and_comments(text: str, scope: Case, expected: Any) -> None:
    check(text, {}, expected)


@table(
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("10 - 2 - 3", 5),
    ("100 / 10 / 5", 2),
    ("2 * 3 ** 2", 18),
    ("2 ** 3 ** 2", 64),
    ("-2 ** 2", 4),
    ("2 ** -1", 0.5),
    ("1 + 2 = 3", True),
    ("1 < 2 and 2 < 3", True),
    ("true or true and false", True),
    ("(true or true) and false", False),
    ("false and false or true", True),
    ("1 = 1 = true", True),
    ("- [1,2,3][2]", -2),
    ("1 + if true then 2 else 3 + 4", 3),
    ("if 1 = 2 then 3 else 4 + 5", 9),
    ("for x in [1, 2] return x + 1", [2, 3]),
    ("some x in [1, 2] satisfies x = 1 or x = 5", True),
    ("1 + 2 between 2 and 4", True),
    ("3 in [1..5] and true", True),
    ("1 instance of number and true", True),
    ("-1 instance of number", True),
    ("[1, 2][-1]", 2),
    ("2 - -1", 3),
    ("2-1", 1),
    ("-x instance of number", None),
    ("{a: 1}.a + 1", 2),
    ("[{a: 1}][1].a", 1),
    ("(function(x) x + 1)(2)", 3),
    ("function(x) x + 1 instance of number", None),
)
def test_precedence(text: str, scope: Case, expected: Any) -> None:
    check(text, {}, expected)


@table(
    ("monthly income * 12", {"monthly income": 10_000}, 120_000),
    ("monthly   income", {"monthly income": 1}, 1),
    ("a-b", {"a": 5, "b": 3}, 2),
    ("a-b", {"a-b": 7, "a": 5, "b": 3}, 7),
    ("a - b", {"a-b": 7, "a": 5, "b": 3}, 7),
    ("a - b", {"a - b": 8}, 8),
    ("(a)-(b)", {"a-b": 7, "a": 5, "b": 3}, 2),
    ("a-b-c", {"a-b": 7, "c": 3}, 4),
    ("a-b-c", {"a": 7, "b-c": 3}, 4),
    ("a-b-c", {"a-b": 7, "b-c": 3, "c": 1, "a": 10}, 6),
    ("a-b-c", {"a-b-c": 1, "a-b": 7, "c": 3}, 1),
    ("a-b-c", {"a": 10, "b": 3, "c": 2}, 5),
    ("a*b-c", {"a": 2, "b-c": 5}, 10),
    ("a*b-c", {"a": 2, "b": 3, "c": 1}, 5),
    ("-a-b", {"a-b": 7}, -7),
    ("1-a", {"a": 3}, -2),
    ("x-1", {"x": 3}, 2),
    ("x-1", {"x-1": 30, "x": 3}, 30),
    ("profit and loss", {"profit and loss": 5}, 5),
    ("profit and loss", {"profit": True, "loss": False}, False),
    ("a/b + 1", {"a/b": 4}, 5),
    ("a+b*2", {"a+b": 4}, 8),
    ("what if?", {"what if?": 1}, 1),
    ("date of birth", {"date of birth": "x"}, "x"),
    ("customer's name", {"customer's name": "x"}, "x"),
    ("customer\u2019s name", {"customer's name": "x"}, "x"),
    ("address 2 line", {"address 2 line": "x"}, "x"),
    ("item 2nd", {"item 2nd": "x"}, "x"),
    ("item 2名", {"item 2名": "x"}, "x"),
    ("_a1", {"_a1": 1}, 1),
    ("größe", {"größe": 1}, 1),
    ("имя", {"имя": 1}, 1),
    ("名前 + 1", {"名前": 1}, 2),
    ("a.b-c", {"a": {"b-c": 1}}, 1),
    ("a.b-c", {"a": {"b": 5}, "c": 1}, 4),
    ("a.b-c.d-e", {"a": {"b-c": {"d-e": 3}}}, 3),
    ("2 * a.b-c", {"a": {"b-c": 4}}, 8),
    ("a.first name", {"a": {"first name": "x"}}, "x"),
    ("os[unit-price > 3].unit-price", {"os": [{"unit-price": 4}, {"unit-price": 2}]}, [4]),
    ("for o in os return o.unit-price * 2", {"os": [{"unit-price": 4}, {"unit-price": 2}]}, [8, 4]),
    ("os[1].unit-price", {"os": [{"unit-price": 4}]}, 4),
    ("if a-b > 1 then c-d else 0", {"a-b": 2, "c-d": 3}, 3),
    ("{a-b: 1, c: a-b + 1}.c", {}, 2),
    ("{now then later: 1, c: now then later + 1}.c", {}, 2),
    ("{Income+Expenses: 1, c: Income + Expenses}.c", {}, 1),
    ("for a-b in [1, 2] return a-b * 2", {}, [2, 4]),
    ("function_of", {"function_of": 1}, 1),
    ("order in progress", {"order in progress": True}, True),
    ("count", {"count": 4}, 4),
    ("date", {"date": "x"}, "x"),
    ("list + context + range", {"list": 1, "context": 2, "range": 3}, 6),
    ("missing", {}, None),
    ("missing.a.b", {}, None),
    ("not flag", {"not flag": 1}, 1),
    ("instance.id", {"instance": {"id": 1}}, 1),
    ("instance instance of number", {"instance": 1}, True),
    ("x in instance.tags", {"x": "a", "instance": {"tags": ["a"]}}, True),
    ("element.id + 1", {"element": {"id": 1}}, 2),
)
def test_names(text: str, scope: Case, expected: Any) -> None:
    check(text, scope, expected)


@table(
    ("string length(s)", {"s": "abc"}, 3),
    ("date and time(s)", {"s": "2012-12-25T10:00:00"}, "2012-12-25T10:00:00"),
    ("day of week(d) = day", {"d": "2012-12-25", "day": 1}, False),
    ("{string length: function(x) 42, r: string length(1)}.r", {}, 42),
    ("count(list: [1, 2])", {}, 2),
    ('substring(string: "foobar", start position: 3)', {}, "obar"),
    ('substring(start position: 3, string: "foobar", length: 2)', {}, "ob"),
    ("sum([1, 2]) - count", {"count": 1}, 2),
)
def test_names_of_functions(text: str, scope: Case, expected: Any) -> None:
    check(text, scope, expected)

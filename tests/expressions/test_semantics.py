"""DMN 1.5, 10.3.2: what expressions mean."""

from typing import Any

from tests.expressions.cases import Case, check, table


@table(
    # Table 50
    ("true and true", True),
    ("true and false", False),
    ("true and null", None),
    ("false and true", False),
    ("false and false", False),
    ("false and null", False),
    ("null and true", None),
    ("null and false", False),
    ("null and null", None),
    ("true or true", True),
    ("true or false", True),
    ("true or null", True),
    ("false or true", True),
    ("false or false", False),
    ("false or null", None),
    ("null or true", True),
    ("null or false", None),
    ("null or null", None),
    ('true and "x"', None),
    ('false or "x"', None),
    ("false and 1", False),
    # Table 51
    ("not(true)", False),
    ("not(false)", True),
    ("not(null)", None),
    ("not(1)", None),
)
def test_ternary_logic(text: str, scope: Case, expected: Any) -> None:
    check(text, {}, expected)


@table(
    # Table 49
    ("null = null", True),
    ("1 = null", False),
    ("null = 1", False),
    ("1 != null", True),
    ("null != null", False),
    # Tables 52 and 53
    ("1 = 1.0", True),
    ('"1" = 1', None),
    ('"1" != 1', None),
    ('"a" = "a"', True),
    ('"a" = "b"', False),
    ('"a" != "b"', True),
    ("true = true", True),
    ("true = false", False),
    ("true = 1", None),
    ("[1, 2] = [1, 2]", True),
    ("[1, 2] = [2, 1]", False),
    ("[1, 2] = [1]", False),
    ("[[1]] = [[1]]", True),
    ('[1] = ["1"]', None),
    ("[1, 2] = 1", None),
    ("{a: 1, b: 2} = {b: 2, a: 1}", True),
    ("{a: 1} = {a: 2}", False),
    ("{a: 1} = {b: 1}", False),
    ("{a: {b: 1}} = {a: {b: 1}}", True),
    ("[1..10] = [1..10]", True),
    ("[1..10] = [1..10)", False),
    ("(< 5) = (< 5)", True),
    ("(< 5) = (<= 5)", False),
    ('@"2012-12-25" = date("2012-12-25")', True),
    ('@"2012-12-25T10:00:00Z" = @"2012-12-25T11:00:00+01:00"', True),
    ('@"10:00:00Z" = @"11:00:00+01:00"', True),
    ('@"10:00:00Z" = @"10:00:00"', True),
    ('@"P1D" = @"PT24H"', True),
    ('@"P1Y" = @"P12M"', True),
    ('@"P1Y" = @"P365D"', None),
    ('@"2012-12-25" = @"2012-12-25T00:00:00"', None),
    ("sum = sum", True),
)
def test_equality(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # Table 54
    ("1 < 2", True),
    ("2 < 1", False),
    ("1 <= 1", True),
    ("1 >= 2", False),
    ("2 > 1", True),
    ('"a" < "b"', True),
    ('"a" < "aa"', True),
    ('"abc" < "abd"', True),
    ('@"2012-12-24" < @"2012-12-25"', True),
    ('@"2011-12-31" < @"2012-01-01"', True),
    ('@"10:00:00Z" < @"10:00:00-01:00"', True),
    ('@"10:00:00" < @"10:00:01Z"', True),
    ('@"2012-12-25T10:00:00Z" < @"2012-12-25T10:00:00-01:00"', True),
    ('@"2012-12-25T10:00:00" <= @"2012-12-25T10:00:00+05:00"', True),
    ('@"P1D" < @"PT25H"', True),
    ('@"P1Y" < @"P13M"', True),
    ('@"P1Y" < @"P1D"', None),
    ("1 < null", None),
    ("null < null", None),
    ('1 < "2"', None),
    ("true < false", None),
    ("[1] < [2]", None),
    # Table 55
    ("5 between 1 and 10", True),
    ("1 between 1 and 10", True),
    ("10 between 1 and 10", True),
    ("11 between 1 and 10", False),
    ("null between 1 and 10", None),
    ('"b" between "a" and "c"', True),
    ("1 in [2, 3, 1]", True),
    ("1 in [2, 3]", False),
    ("1 in ([2..3], [0..1])", True),
    ("1 in [[2..3], [0..1]]", True),
    ("5 in <= 5", True),
    ("5 in < 5", False),
    ("5 in >= 5", True),
    ("5 in > 5", False),
    ("5 in (1..5)", False),
    ("5 in (1..5]", True),
    ("1 in [1..5)", True),
    ("1 in ]1..5]", False),
    ("5 in [1..5[", False),
    ("5 in (> 10, < 6)", True),
    ("5 in (4, 5)", True),
    ("5 in 5", True),
    ("5 in x", {"x": 5}, True),
    ("5 in x", {"x": [4, 5]}, True),
    ("null in [1, null]", True),
    ("[1] in [[1], [2]]", True),
    ("[1, 2] in [1, 2]", True),
    ("5 in (? > 3)", True),
    ("5 in (? > 3 and ? < 5, 7)", False),
    ('"foobar" in (starts with(?, "foo"))', True),
    ("null in < 5", None),
    ("1 in (a).b", {"a": {"b": 1}}, True),
    ("1 in (a)[1]", {"a": [[1], 2]}, True),
    ("3 in (1) + 2", True),
    ("5 in (1..5).end", True),
    ("5 in (f)(2)", False),
    ('"a" in ["a".."c"]', True),
)
def test_comparison(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # Tables 56 and 57
    ("1 + 2", 3),
    ("1.1 + 2.2", 3.3),
    ("0.1 + 0.2 = 0.3", True),
    ("3 - 5", -2),
    ('"foo" + "bar"', "foobar"),
    ('"foo" - "bar"', None),
    ('"foo" + 1', None),
    ("1 + null", None),
    ("null + null", None),
    ("true + 1", None),
    ('@"2012-12-25T00:00:00Z" - @"2012-12-24T12:00:00Z"', "PT12H"),
    ('@"2012-12-25T00:00:00" - @"2012-12-24T12:00:00"', "PT12H"),
    ('@"2012-12-25T00:00:00" - @"2012-12-24T12:00:00Z"', None),
    ('@"2012-12-25" - @"2012-12-24"', "P1D"),
    ('@"2012-12-25T12:00:00Z" - @"2012-12-25"', "PT12H"),
    ('@"2012-12-25T12:00:00" - @"2012-12-25"', None),
    ('@"10:00:00" - @"09:30:00"', "PT30M"),
    ('@"10:00:00Z" - @"10:00:00+01:00"', "PT1H"),
    ('@"P1Y" + @"P2M"', "P1Y2M"),
    ('@"P1Y" - @"P2M"', "P10M"),
    ('@"P1D" + @"PT2H"', "P1DT2H"),
    ('@"P1D" - @"P2D"', "-P1D"),
    ('@"P1Y" + @"P1D"', None),
    ('@"2012-12-25T10:00:00" + @"P1M"', "2013-01-25T10:00:00"),
    ('@"P1M" + @"2012-12-25T10:00:00"', "2013-01-25T10:00:00"),
    ('@"2012-12-25T10:00:00" - @"P1Y"', "2011-12-25T10:00:00"),
    ('@"2012-12-24T23:59:00" + @"PT1M"', "2012-12-25T00:00:00"),
    ('@"PT1M" + @"2012-12-24T23:59:00"', "2012-12-25T00:00:00"),
    ('@"2012-12-25T00:00:00" - @"PT1M"', "2012-12-24T23:59:00"),
    ('@"2012-03-24T12:00:00@Europe/Paris" + @"P1D"', "2012-03-25T13:00:00@Europe/Paris"),
    ('@"23:59:00" + @"PT2M"', "00:01:00"),
    ('@"PT2M" + @"23:59:00"', "00:01:00"),
    ('@"00:01:00" - @"PT2M"', "23:59:00"),
    ('@"2012-12-25" + @"P1M"', "2013-01-25"),
    ('@"2012-01-31" + @"P1M"', "2012-02-29"),
    ('@"2012-12-25" - @"P12M"', "2011-12-25"),
    ('@"2012-12-25" + @"P7D"', "2013-01-01"),
    ('@"2012-12-25" - @"PT1H"', "2012-12-24"),
    ('@"P7D" + @"2012-12-25"', "2013-01-01"),
    ('@"2012-12-25" + @"2012-12-25"', None),
    ('@"P1D" - @"2012-12-25"', None),
    ('@"2012-12-25" + 1', None),
    # Tables 58 and 59
    ("2 * 3", 6),
    ("1 / 4", 0.25),
    ("1 / 0", None),
    ("0 / 0", None),
    ("1 / 3 * 3 = 1", False),
    ("10 / 3 = 3.333333333333333333333333333333333", True),
    ('@"P1Y" * 2', "P2Y"),
    ('2 * @"P1Y"', "P2Y"),
    ('@"P1Y" / 2', "P6M"),
    ('@"P1Y" / 0', None),
    ('@"P1Y" / @"P6M"', 2),
    ('@"P1Y" / @"P0M"', None),
    ('@"P1D" * 1.5', "P1DT12H"),
    ('3 * @"PT20M"', "PT1H"),
    ('@"PT1H" / 4', "PT15M"),
    ('@"PT1H" / 0', None),
    ('@"PT1H" / @"PT15M"', 4),
    ('@"PT1H" / @"PT0S"', None),
    ('@"P1D" * @"P1D"', None),
    ('"a" * 3', None),
    # Table 60
    ("2 ** 10", 1024),
    ("10 ** -2", 0.01),
    ("4 ** 0.5", 2),
    ("0 ** 0", 1),
    ("2 ** 1000000000", None),
    ("10 ** 7000", None),
    ("-8 ** (1/3)", None),
    ("1.2*10**3", 1200),
    # Table 62
    ("-x", {"x": 3}, -3),
    ("-x", {"x": "3"}, None),
    ('-duration("P1D")', "-P1D"),
    ('-duration("P1Y")', "-P1Y"),
    ("-0 = 0", True),
    ("string(-0)", "0"),
    # 10.3.2.3.1: 34 digits
    ("12345678901234567890123456789012345 = 12345678901234567890123456789012340", True),
    ("9999999999999999999999999999999999 + 1 = 10**34", True),
    ("(1 + 0.25/12)**-36 < 0.4761", True),
)
def test_arithmetic(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # Tables 64 to 67
    ('@"2012-12-25".year', 2012),
    ('@"2012-12-25".month', 12),
    ('@"2012-12-25".day', 25),
    ('@"2012-12-25".weekday', 2),
    ('@"2019-09-15".weekday', 7),
    ('@"2012-12-25".hour', None),
    ('date and time("2012-03-07Z").year', 2012),
    ('@"2012-12-25T23:59:01.5Z".hour', 23),
    ('@"2012-12-25T23:59:01.5Z".minute', 59),
    ('@"2012-12-25T23:59:01.5Z".second', 1.5),
    ('@"2012-12-25T23:59:01.5Z".year', 2012),
    ('@"2012-12-25T23:59:01.5Z".weekday', 2),
    ('@"2012-12-25T23:59:01+01:00".time offset', "PT1H"),
    ('@"2012-12-25T23:59:01-05:30".time offset', "-PT5H30M"),
    ('@"2012-12-25T23:59:01".time offset', None),
    ('@"2012-12-25T23:59:01@Europe/Paris".time offset', "PT1H"),
    ('@"2012-07-25T23:59:01@Europe/Paris".time offset', "PT2H"),
    ('@"2012-12-25T23:59:01@Europe/Paris".timezone', "Europe/Paris"),
    ('@"2012-12-25T23:59:01Z".timezone', None),
    ('@"23:59:01".hour', 23),
    ('@"23:59:01".second', 1),
    ('@"23:59:01Z".time offset', "PT0S"),
    ('@"23:59:01".day', None),
    ('@"P1Y14M".years', 2),
    ('@"P1Y14M".months', 2),
    ('@"P1Y".days', None),
    ('@"P1DT25H".days', 2),
    ('@"P1DT25H".hours', 1),
    ('@"PT90M".minutes', 30),
    ('@"PT90.5S".seconds', 30.5),
    ('@"-PT90S".seconds', -30),
    ('@"P1D".years', None),
    ("[1..10].start", 1),
    ("[1..10].end", 10),
    ("(1..10].start included", False),
    ("(1..10].end included", True),
    ("(<= 10).start", None),
    ("(<= 10).start included", False),
    ("(<= 10).end", 10),
    ("(<= 10).end included", True),
    ("(> 1).start", 1),
    ("(> 1).start included", False),
    ("(> 1).end included", False),
    ("r.end", {}, None),
    ("a.b", {"a": {"b": 1}}, 1),
    ("a.b.c", {"a": {"b": {"c": 1}}}, 1),
    ("a.x", {"a": {"b": 1}}, None),
    ("a.b", {"a": 1}, None),
    ("a.b", {"a": None}, None),
    ("a.__class__", {"a": "x"}, None),
    ("a.__class__.__mro__", {"a": {}}, None),
    ("a.real", {"a": 1}, None),
    ("a.keys", {"a": {"b": 1}}, None),
)
def test_properties(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # 10.3.2.5, table 68
    ("[1, 2, 3][1]", 1),
    ("[1, 2, 3][-1]", 3),
    ("[1, 2, 3][-3]", 1),
    ("[1, 2, 3][0]", None),
    ("[1, 2, 3][4]", None),
    ("[1, 2, 3][-4]", None),
    ("[1, 2, 3][1.5]", None),
    ("[][1]", None),
    ("[1, 2, 3][i]", {"i": 2}, 2),
    ("[1, 2, 3][i + 1]", {"i": 2}, 3),
    ("[1, 2, 3][count([1, 2])]", 2),
    ("[][i]", {"i": 1}, None),
    ("[1, 2, 3, 4][item > 2]", [3, 4]),
    ("[1, 2, 3, 4][item > 9]", []),
    ("[][item > 2]", []),
    ("[1, 2, 3][true]", [1, 2, 3]),
    ("[1, 2, 3][false]", []),
    ("[{a: true}, {a: 1}][a]", [{"a": True}]),
    ("[1, 2, 3][null]", []),
    ('[1, 2, 3]["x"]', []),
    ("[{x:1, y:2}, {x:2, y:3}][x=1]", [{"x": 1, "y": 2}]),
    ("[{x:1, y:2}, {x:null, y:3}][x < 2]", [{"x": 1, "y": 2}]),
    ("[{x:1}, {x:2}][item.x = 2]", [{"x": 2}]),
    ("[{item: 1}, {item: 2}][item = 2]", [{"item": 2}]),
    ("[{x:1, y:2}, {x:2, y:3}].y", [2, 3]),
    ("[{x:1}, {y:3}].x", [1, None]),
    ("[{a: {b: [1]}}, {a: {b: [2.1, 2.2]}}].a.b", [[1], [2.1, 2.2]]),
    ("[{x:1, z: 5}][x = z]", {"z": 1}, []),
    ("[1, 2, 3][item > limit]", {"limit": 1}, [2, 3]),
    ("3[item > 2]", [3]),
    ("3[item > 5]", []),
    ("3[1]", 3),
    ("3[-1]", 3),
    ("3[2]", None),
    ("{a: 1}[a = 1]", [{"a": 1}]),
    ("null[1]", None),
    ("xs[item > 1][1]", {"xs": [1, 2, 3]}, 2),
    ("xs[y > 1].y", {"xs": [{"y": 1}, {"y": 2}]}, [2]),
    ("[[1, 2], [3]][1][2]", 2),
    ("[]", []),
    ("[1, [2, 3]]", [1, [2, 3]]),
)
def test_lists_and_filters(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # 10.3.2.6, table 69
    ("{}", {}),
    ("{a: 1}", {"a": 1}),
    ('{"a b": 1}', {"a b": 1}),
    ('{"a": 1}.a', 1),
    ("{a b: 1}.a b", 1),
    ("{a: 1, b: a + 1}", {"a": 1, "b": 2}),
    ("{a: 1, b: {c: a + 1}}.b.c", 2),
    ("{a: b, b: 1}", {"a": None, "b": 1}),
    ("{a: a}", {"a": 5}, {"a": 5}),
    ("{a: 1, c: {a: 2, b: a}}.c.b", 2),
    ("{isPositive: function(x) x > 0, r: isPositive(1)}.r", True),
    (
        "{isPositive: function(x) x > 0, isNotNegative: function(x) isPositive(x+ 1),"
        " result: isNotNegative(0)}.result",
        True,
    ),
    ("{fac: function(n) if n = 0 then 1 else n * fac(n - 1), r: fac(5)}.r", 120),
)
def test_contexts(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # 10.3.2.7
    ("[1..10]", "[1..10]"),
    ("(1..10)", "(1..10)"),
    ("]1..10[", "(1..10)"),
    ("[1..10[", "[1..10)"),
    ("< 10", "< 10"),
    (">= 10", ">= 10"),
    ('["a".."c"]', '["a".."c"]'),
    ('[@"2012-12-24"..@"2012-12-25"]', '[@"2012-12-24"..@"2012-12-25"]'),
    ("[10..1]", None),
    ('[1.."a"]', None),
    ("[1..null]", None),
    ("[a..b]", {"a": 1, "b": 2}, "[1..2]"),
    ("[1..xs[2]]", {"xs": [1, 2]}, "[1..2]"),
    ("]1..xs[2][", {"xs": [1, 2]}, "(1..2)"),
    ("[]1..2[, ]3..4[]", ["(1..2)", "(3..4)"]),
    ("[1+1..2*2]", "[2..4]"),
)
def test_ranges(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # Table 49
    ("if true then 1 else 2", 1),
    ("if false then 1 else 2", 2),
    ("if null then 1 else 2", 2),
    ('if "x" then 1 else 2', 2),
    ("if 1 > 0 then if 2 > 3 then 1 else 2 else 3", 2),
    # 10.3.2.14
    ("for i in [1, 2, 3] return i * 2", [2, 4, 6]),
    ("for i in 1..3 return i", [1, 2, 3]),
    ("for i in 3..1 return i", [3, 2, 1]),
    ("for i in 5..5 return i", [5]),
    ("for i in -1..1 return i", [-1, 0, 1]),
    ("for i in x..x+2 return i", {"x": 1}, [1, 2, 3]),
    ("for i in [1..3] return i", [1, 2, 3]),
    ("for i in (1..3) return i", [2]),
    ('for d in @"2012-12-31"..@"2013-01-01" return d.day', [31, 1]),
    ("for i in [1, 2], j in [3, 4] return i * j", [3, 4, 6, 8]),
    ("for i in 1..2, j in 1..i return j", [1, 1, 2]),
    ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24]),
    ("for i in 1..3 return count(partial)", [0, 1, 2]),
    ("for i in 1..2 return partial", [[], [[]]]),
    ("for i in [] return i", []),
    ("for i in null return i", None),
    ("for i in 1.5..3 return i", None),
    ('for i in "abc" return i', ["abc"]),
    ("for i in [1, 2] return {v: i}", [{"v": 1}, {"v": 2}]),
    ("for line item in [1, 2] return line item + 1", [2, 3]),
    # Grammar rule 46
    ("some x in [1, 2, 3] satisfies x > 2", True),
    ("some x in [1, 2, 3] satisfies x > 3", False),
    ("some x in [] satisfies x > 3", False),
    ("some x in [1, null] satisfies x > 3", None),
    ("some x in [null, 5] satisfies x > 3", True),
    ("some x in [1, 2], y in [2, 3] satisfies x = y", True),
    ("every x in [1, 2, 3] satisfies x > 0", True),
    ("every x in [1, 2, 3] satisfies x > 1", False),
    ("every x in [] satisfies x > 3", True),
    ("every x in [1, null] satisfies x > 0", None),
    ("every x in [null, 0] satisfies x > 0", False),
    ("every x in [1, 2], y in [2, 3] satisfies x <= y", True),
    ("some x in null satisfies x > 3", None),
)
def test_conditionals_and_iterations(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # 10.3.2.13, table 63
    ("(function() 1)()", 1),
    ("(function(a, b) a - b)(3, 1)", 2),
    ("(function(a, b) a - b)(b: 3, a: 1)", -2),
    ("(function(a, b) b)(a: 1)", None),
    ("(function(a) a)(1, 2)", None),
    ("(function(a) a)(c: 1)", None),
    ("(function(a: number) a)(1)", 1),
    ('(function(a: number) a)("1")', None),
    ("(function(a: number) a)([1])", 1),
    ("(function(a: number) a)(null)", None),
    ("(function(a: number) a = null)(null)", True),
    ("(function(a: list<number>) count(a))([1, 2])", 2),
    ('(function(a: list<number>) count(a))(["x", 2])', None),
    ("(function(a) function(b) a + b)(1)(2)", 3),
    ("{a: 1, f: function() a}.f()", 1),
    ("for f in [sum, max] return f([1, 5])", [6, 5]),
    ("1(2)", None),
    ("null()", None),
    ("unknown(1)", None),
    ("function(x) x", None),
    ('(function(x) external {java: {class: "a", method signature: "b"}})(1)', None),
    # Table 45
    ('contains(["foobar"], "of")', False),
    ("3[item > 2]", [3]),
)
def test_functions(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


@table(
    # Table 61
    ("[123] instance of list<number>", True),
    ('"abc" instance of string', True),
    ("123 instance of string", False),
    ("123 instance of list", None),
    ("123 instance of number", True),
    ("true instance of boolean", True),
    ('@"2012-12-25" instance of date', True),
    ('@"2012-12-25" instance of date and time', False),
    ('@"2012-12-25T10:00:00" instance of date and time', True),
    ('@"10:00:00" instance of time', True),
    ('@"P1D" instance of days and time duration', True),
    ('@"P1D" instance of years and months duration', False),
    ('@"P1Y" instance of years and months duration', True),
    ("null instance of Null", True),
    ("1 instance of Null", False),
    ("null instance of number", False),
    ("1 instance of Any", True),
    ('[1, "a"] instance of list<Any>', True),
    ('[1, "a"] instance of list<number>', False),
    ("[] instance of list<string>", True),
    ("[[1]] instance of list<list<number>>", True),
    ("{a: 1} instance of context<a: number>", True),
    ('{a: 1, b: "x"} instance of context<a: number>', True),
    ("{a: 1} instance of context<a: string>", False),
    ("{a: 1} instance of context<b: number>", False),
    ("[1..10] instance of range<number>", True),
    ('["a".."c"] instance of range<number>', False),
    ("function(x: number, y: number) x + y", None),
    ("(function(x: number) x) instance of function<number> -> number", True),
    ("(function(x: number) x) instance of function<number, number> -> number", False),
    ("(function() 1) instance of function<> -> number", True),
    ("1 instance of Employee", None),
    ("1 instance of ns.Employee", None),
)
def test_types(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)


# 10.4: the example context of the standard
LOAN: dict[str, Any] = {
    "applicant": {
        "age": 51,
        "maritalStatus": "M",
        "existingCustomer": False,
        "monthly": {"income": 10000, "repayments": 2500, "expenses": 3000},
    },
    "requested product": {"product type": "STANDARD LOAN", "rate": 0.25, "term": 36, "amount": 100000.00},
    "monthly income": 10000,
    "monthly outgoings": [2500, 3000],
    "credit history": [
        {"record date": "2008-03-12", "event": "home mortgage", "weight": 100},
        {"record date": "2011-04-01", "event": "foreclosure warning", "weight": 150},
    ],
}


@table(
    ("monthly income * 12", LOAN, 120000),
    ('if applicant.maritalStatus in ("M", "S") then "valid" else "not valid"', LOAN, "valid"),
    ("sum (monthly outgoings)", LOAN, 5500),
    (
        "{PMT: function(rate, term, amount) (amount *rate/12) / (1 - (1 + rate/12)**-term),"
        " r: string(PMT (requested product . rate, requested product . term, requested product . amount))}.r",
        LOAN,
        "3975.982590125552338278440100112431",
    ),
    ('sum (credit history[date(record date) > date ("2011-01-01")].weight)', LOAN, 150),
    ('some ch in credit history satisfies ch.event = "bankruptcy"', LOAN, False),
)
def test_examples_of_the_standard(text: str, scope: Any, expected: Any) -> None:
    check(text, scope, expected)

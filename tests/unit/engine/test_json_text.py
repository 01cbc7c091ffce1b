"""The text of a variable comes back with nothing in it changed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.engine.json_text import read, write

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


@given(values)
def test_what_is_written_is_read_the_same(value: Any) -> None:
    assert read(write(value)) == value
    assert json.loads(write(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "-1E-400",
        "1e9999999999999999999",
        "0.1000000000000000055511151231257827",
        "12345678901234567890123",
        '{"a":[1e400,{"b":"ไทย","c":[],"d":{}},null],"e":true}',
        r'"\ud800"',
        r'{"\udc00":[1e400,"\ud83d"]}',
    ],
)
def test_text_stays_as_it_is(text: str) -> None:
    assert write(read(text)) == text


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "", "{", "\ufeff1"])
def test_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


def test_depth_has_no_end_where_it_is_written() -> None:
    value: Any = read("1e400")
    for _ in range(5000):
        value = [value, {"a": 1}]

    assert write(value) == "[" * 5000 + "1e400" + ',{"a":1}]' * 5000

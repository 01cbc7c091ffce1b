"""Business objects: their types, what fits them, and what comes of it."""

from typing import Any

import pytest

from chalicelib.bpmn.business_objects import (
    INPUT,
    OUTPUT,
    BusinessObject,
    WrongType,
    accept,
    business_objects,
    read_type,
    shape,
)
from chalicelib.bpmn.parser import parse

from .models import fixture

ROOM = {"roomNo": "String", "nights": "Integer", "guests": [{"name": "String"}]}


def test_process_says_what_goes_in_and_comes_out():
    booking = parse(fixture("lane/booking.bpmn"))[0]

    assert business_objects(booking, INPUT) == (
        BusinessObject("RoomObject", {"roomNo": "String", "nights": "Integer"}),
        BusinessObject("Customer Info", {}),
    )
    assert business_objects(booking, OUTPUT) == ()


@pytest.mark.parametrize("text", ['"String"', "{}", "[]", '["Date"]', '{"a": [{"b": "Any"}]}'])
def test_type(text):
    read_type(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("String", "String is no JSON"),
        ('"Text"', "type Text is none of Any, Boolean, Date, Decimal, Integer, String, Time"),
        ('{"a": "Text"}', "type.a Text is none of Any, Boolean, Date, Decimal, Integer, String, Time"),
        ('["String", "Date"]', "type is a list of more than one type"),
        ('{"a": 1}', "type.a must be a name, an object or a list"),
        ("[" * 60 + "]" * 60, "type" + "[]" * 51 + " is nested deeper than 50 levels"),
    ],
)
def test_no_type(text, reason):
    with pytest.raises(ValueError) as refusal:
        read_type(text)

    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    ("type", "given", "accepted"),
    [
        ("String", "a", "a"),
        ("String", 12, "12"),
        ("Integer", "12", 12),
        ("Integer", 12.0, 12),
        ("Integer", "12345678901234567890123", 12345678901234567890123),
        ("Integer", "", None),
        ("Decimal", "12.50", 12.5),
        ("Decimal", 31.184504, 31.184504),
        ("Boolean", "true", True),
        ("Date", "2018-07-01", "2018-07-01"),
        ("Time", "12:30:00", "12:30:00"),
        ("Date", None, None),
        ("Any", {"a": [1]}, {"a": [1]}),
        (ROOM, {"nights": "2", "more": 1}, {"nights": 2, "more": 1}),
        (ROOM, [{"nights": "2"}], [{"nights": 2}]),
        (["Integer"], "1", [1]),
        ("Integer", ["1", 2], [1, 2]),
        ([], {"a": 1}, [{"a": 1}]),
        ({}, {"a": 1}, {"a": 1}),
    ],
)
def test_what_fits_is_accepted(type, given, accepted):
    assert accept(type, given, "RoomObject") == accepted


@pytest.mark.parametrize(
    ("type", "given", "fact"),
    [
        ("Integer", "two", "RoomObject must be a whole number"),
        ("Integer", True, "RoomObject must be a whole number"),
        ("Integer", 1.5, "RoomObject must be a whole number"),
        ("Integer", 1.2345678901234568e22, "RoomObject has more digits than a number keeps, send it as text"),
        ("Decimal", "1e5", "RoomObject must be a number"),
        ("Boolean", 1, "RoomObject must be true or false"),
        ("String", {}, "RoomObject must be a string"),
        ("Date", "01.07.2018", "RoomObject must be a date such as 2030-01-01"),
        ("Date", "2018-02-30", "RoomObject must be a date such as 2030-01-01"),
        ("Date", "2030-W05-4", "RoomObject must be a date such as 2030-01-01"),
        ("Time", "T12:3000", "RoomObject must be a time such as 12:00:00"),
        ("Time", "12:30+07", "RoomObject must be a time such as 12:00:00"),
        ("Time", "25:00:00", "RoomObject must be a time such as 12:00:00"),
        (ROOM, "101", "RoomObject must be an object"),
        (ROOM, {"guests": [{}, {"name": True}]}, "RoomObject.guests[1].name must be a string"),
    ],
)
def test_what_does_not_fit_is_named(type, given, fact):
    with pytest.raises(WrongType) as refusal:
        accept(type, given, "RoomObject")

    assert str(refusal.value) == fact


@pytest.mark.parametrize(
    ("type", "value", "shaped"),
    [
        (ROOM, {"roomNo": "1", "more": 1}, {"roomNo": "1", "nights": None, "guests": []}),
        ([{"a": "String"}], {"a": "x", "b": 1}, [{"a": "x"}]),
        ([{"a": "String"}], None, []),
        ([], [1], [1]),
        ({}, {"a": 1}, {"a": 1}),
        ("String", "a", "a"),
        ({"a": "String"}, [{"b": 1}], [{"a": None}]),
    ],
)
def test_shape_has_all_fields_and_no_other(type, value, shaped):
    assert shape(type, value) == shaped


def nested(levels: int, kind: str) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize("kind", ["list", "object"])
@pytest.mark.parametrize("type", ["Any", "String", {}, {"a": "Any"}, []])
def test_what_is_nested_too_deeply_is_named(kind: str, type: Any) -> None:
    for levels in (101, 5000):
        with pytest.raises(WrongType, match="RoomObject is nested deeper than 100 levels"):
            accept(type, nested(levels, kind), "RoomObject")

    assert accept("Any", nested(100, kind), "RoomObject") == nested(100, kind)


def test_what_stands_for_nothing():
    assert [BusinessObject("x", type).empty for type in ([], {}, "String")] == [[], {}, None]

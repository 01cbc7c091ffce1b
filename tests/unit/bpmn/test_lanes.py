"""Lanes, and what a process says of itself: read as it is drawn, and kept with the process."""

import pytest

from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.rules import check

from .models import fixture


@pytest.fixture
def booking() -> Process:
    return parse(fixture("lane/booking.bpmn"))[0]


def lane_of(process: Process, bpmn_element_id: str) -> str | None:
    element = next(e for e in process.elements if e.bpmn_element_id == bpmn_element_id)
    lane = process.lane(element)
    return None if lane is None else lane.name


def test_process_with_lanes_can_be_executed(booking) -> None:
    check(booking)


def test_lanes_stand_before_those_in_them(booking) -> None:
    assert [(lane.bpmn_element_id, lane.name, lane.parent) for lane in booking.lanes] == [
        ("hotel", "Hotel", None),
        ("desk", "Front desk", 0),
        ("empty", None, None),
    ]
    assert booking.lanes[1].property("assignment") == "pull"
    assert booking.lanes[0].property("assignment") is None


def test_innermost_lane_counts(booking) -> None:
    assert lane_of(booking, "select") == "Front desk"
    assert lane_of(booking, "confirm") == "Hotel"
    assert lane_of(booking, "call") is None


def test_inside_of_a_sub_process_its_lane_counts(booking) -> None:
    assert lane_of(booking, "look") == "Front desk"


def test_process_has_its_properties(booking) -> None:
    said = booking.elements[0].extension

    assert (said.property("appName"), said.property("snapVersion")) == ("HotelApp", "v.0.1.0")
    assert said.property("unknown") is None
    assert booking.name == "Booking Room"


def test_process_without_a_name_is_called_as_its_pool_or_by_its_id() -> None:
    text = fixture("lane/booking.bpmn").replace(b' name="Booking Room"', b"")
    pool = b'<bpmn:collaboration id="c"><bpmn:participant id="p" name="Hotel" processRef="booking" />'
    drawn = text.replace(b"  <bpmn:process", pool + b"</bpmn:collaboration><bpmn:process")

    assert parse(text)[0].name == "booking"
    assert parse(drawn)[0].name == "Hotel"


def test_user_task_keeps_what_it_is_about_and_nobody_else_does(booking) -> None:
    texts = {e.bpmn_element_id: e.extension.documentation for e in booking.elements}

    assert {id: text for id, text in texts.items() if text} == {"select": "Which room is free?"}

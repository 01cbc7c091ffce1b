"""None events."""

import pytest

from tests.conftest import Play


@pytest.mark.every_store
def test_none_start_event_starts_the_instance(play: Play) -> None:
    order = play("event/none-start.bpmn")

    order.has_passed("startEvent")
    (start,) = order.element_instances("startEvent")
    assert start["startedAt"] == start["endedAt"] == order.state()["startedAt"]


@pytest.mark.every_store
def test_none_throw_event_passes_through(play: Play) -> None:
    order = play("event/none-throw.bpmn")

    order.has_passed("startEvent", "noneThrowEvent", "endEvent")
    assert order.has_ended


@pytest.mark.every_store
def test_none_end_event_ends_the_instance(play: Play) -> None:
    order = play("event/none-end.bpmn")

    order.has_passed("endEvent")
    assert order.has_ended
    assert order.state()["endedAt"]

"""A process instance says what it has cost so far."""

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import NotFound
from tests.conftest import Play
from tests.play import Engine, Order


def cost_of(order: Order) -> dict[str, object]:
    """What it says of itself, read by an environment that has cached nothing."""
    order.engine.env = order.engine.environment()
    answer = order.engine.send(c.GetProcessInstanceCost(partition=order.partition, id=order.id))
    assert (answer.pop("partition"), answer.pop("id")) == (order.partition, order.id)
    return answer


@pytest.mark.every_store
def test_each_write_is_counted_with_what_it_does_to_the_indexes(play: Play) -> None:
    order = play("task/service.bpmn")
    # The item itself, and its entries in three indexes: by date, by process, of due jobs.
    assert cost_of(order) == {"writeUnits": 4, "readUnits": 0, "dollars": 4 * 0.625e-6}

    order.lock_job("serviceTask")
    # The entry of the due job goes.
    assert cost_of(order) == {"writeUnits": 6, "readUnits": 1, "dollars": 0.000003875}

    order.complete_job("serviceTask")
    assert cost_of(order) == {"writeUnits": 7, "readUnits": 2, "dollars": 0.000004625}


def test_a_look_costs_nothing_that_is_counted(play: Play) -> None:
    order = play("task/service.bpmn")
    before = cost_of(order)

    order.waits_at("serviceTask")
    assert order.jobs()

    assert cost_of(order) == before


@pytest.mark.parametrize("id", [2, 65])
def test_unknown_instance_costs_nothing(play: Play, engine: Engine, id: int) -> None:
    play("task/service.bpmn")

    with pytest.raises(NotFound, match=f"process instance 2030-01-01/{id} could not be found"):
        engine.send(c.GetProcessInstanceCost(partition="2030-01-01", id=id))

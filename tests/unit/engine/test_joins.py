"""Which inclusive joins of a scope are activated."""

from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.engine.joins import Scope
from chalicelib.engine.records import ElementInstance, Instant
from chalicelib.engine.states import InstanceState
from tests.play import MODELS

CREATED, STARTED = InstanceState.CREATED, InstanceState.STARTED


def read(name: str) -> Process:
    (process,) = parse((MODELS / "gateway" / name).read_bytes())
    return process


def scope(process: Process, *tokens: str, state: InstanceState = STARTED) -> Scope:
    """A scope with tokens, oldest first: `join f5` came by that flow, `join` is being evaluated."""
    numbers = {element.bpmn_element_id: element.number for element in process.elements}
    flows = {flow.bpmn_element_id: flow.number for flow in process.flows}
    found = Scope()
    for id, token in enumerate(tokens, start=2):
        element, _, flow = token.partition(" ")
        instance = ElementInstance(
            id, numbers[element], 1, state, Instant(0), "worker", arrived_by=flows[flow] if flow else None
        )
        found.add(process, instance, is_evaluated=not flow)
    return found


def activated(process: Process, *tokens: str) -> list[tuple[str, list[int]]]:
    """Gateways, each with the ids of the tokens that it merges."""
    joins = scope(process, *tokens).activated(process)
    return [(join.gateway.bpmn_element_id, [token.id for token in join.tokens]) for join in joins]


def test_a_token_alone_is_not_held() -> None:
    assert activated(read("inclusive.bpmn"), "join f5") == [("join", [2])]


def test_the_oldest_token_of_each_flow_is_merged() -> None:
    assert activated(read("inclusive.bpmn"), "join f6", "join f5", "join f6") == [("join", [2, 3])]


def test_a_token_on_the_way_holds_by_whichever_flow_it_comes() -> None:
    process = read("inclusive.bpmn")

    assert activated(process, "join f5", "b") == []
    assert activated(process, "join f5", "join f6", "b") == []
    assert activated(process, "join f5", "endEvent") == [("join", [2])]


def test_a_token_that_is_evaluated_is_behind_its_gateway() -> None:
    """From there one gets back to the join, by the flow f8 of `again`."""
    process = read("inclusive-loop-around.bpmn")

    assert activated(process, "join f4") == [("join", [2])]
    assert activated(process, "join f4", "join") == []
    assert activated(process, "join f4", "c") == []
    assert activated(process, "join f4", "join f8", "c") == []
    assert activated(process, "join f4", "join f8") == [("join", [2, 3])]


def test_a_join_is_held_by_one_before_it() -> None:
    assert activated(read("inclusive-two-joins.bpmn"), "second f8", "first f5") == [("first", [3])]


def test_of_a_circle_the_oldest_is_activated() -> None:
    process = read("inclusive-circle.bpmn")

    assert activated(process, "left f3", "right f4") == [("left", [2])]
    assert activated(process, "right f4", "left f3") == [("right", [2])]
    assert activated(process, "last f2", "right f4", "left f3") == [("right", [3])]


def test_a_circle_that_another_token_holds_waits() -> None:
    assert activated(read("inclusive-circle.bpmn"), "left f3", "right f4", "afterLeft") == []


def test_what_a_parallel_join_keeps_back_does_not_hold_the_join_it_waits_for() -> None:
    process = read("inclusive-in-parallel-loop.bpmn")

    assert activated(process, "join f7", "long") == [("join", [2])]
    assert activated(process, "join f7", "both f11") == [("join", [2])]
    assert activated(process, "join f7", "both f11", "b") == []
    assert activated(process, "join f7", "both f11", "split") == []
    # From the second round on there may be tokens behind the join already.
    assert activated(process, "join f7", "both f11", "c") == []
    assert activated(process, "join f7", "both f10", "long") == []
    assert activated(process, "join f7", "both f10", "both f11") == []


def test_a_token_that_waits_for_ever_at_a_parallel_join_holds_nothing() -> None:
    process = read("inclusive-behind-dead-end.bpmn")

    assert activated(process, "join f8", "both f4", "choice") == []
    assert activated(process, "join f8", "both f4") == [("join", [2])]


def test_joins_that_a_parallel_join_waits_for_do_not_hold_each_other() -> None:
    process = read("inclusive-twice-in-parallel-loop.bpmn")

    assert activated(process, "left f7", "right f10") == [("left", [2]), ("right", [3])]
    assert activated(process, "left f7", "d") == [("left", [2])]
    assert activated(process, "left f7", "b", "right f10") == [("right", [4])]


def test_the_outer_one_of_nested_joins_waits_for_the_inner_one() -> None:
    process = read("inclusive-nested-in-loop.bpmn")

    assert activated(process, "join f10", "innerJoin f7") == [("innerJoin", [3])]
    assert activated(process, "innerJoin f7", "join f10") == [("innerJoin", [2])]
    assert activated(process, "innerJoin f7", "c") == [("innerJoin", [2])]
    assert activated(process, "innerJoin f7", "b", "c") == []
    assert activated(process, "join f10", "b") == []
    assert activated(process, "join f10", "join f9") == [("join", [2, 3])]
    # Where the flow from inside has brought a token, nothing says which of the two has to wait.
    assert activated(process, "join f9", "innerJoin f7") == [("join", [2])]


def test_a_token_that_stopped_before_entering_the_join_holds_it() -> None:
    process = read("inclusive.bpmn")
    stopped = scope(process, "join f6", state=CREATED)
    stopped.joins = scope(process, "join f5").joins

    assert list(stopped.activated(process)) == []


def test_a_token_that_stopped_before_one_join_holds_those_behind_it() -> None:
    process = read("inclusive-two-joins.bpmn")
    stopped = scope(process, "first f5", state=CREATED)
    stopped.joins = scope(process, "second f8").joins

    assert list(stopped.activated(process)) == []

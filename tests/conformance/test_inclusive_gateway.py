"""The inclusive gateway: the fork asks which ways to go, the join waits for what can still arrive."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from tests.conftest import Play
from tests.play import Order


def decide(order: Order, gateway: str, *targets: str) -> dict[str, Any]:
    """Complete the evaluation of an inclusive gateway."""
    return order.complete_job(gateway, completion={"inclusiveGatewayDecision": list(targets)})


def choose(order: Order, gateway: str, target: str) -> None:
    """Complete the evaluation of an exclusive gateway."""
    order.decide(gateway, target)


def send(order: Order, kind: type[c.Command], id: int) -> None:
    order.engine.send(kind(partition=order.partition, id=id, workerId="ops"))
    order.run_due_tasks()


# Fork


@pytest.mark.every_store
def test_fork_asks_and_the_join_waits_for_the_chosen_ways(play: Play) -> None:
    order = play("gateway/inclusive.bpmn")
    order.waits_at("fork")
    (job,) = order.jobs()
    assert job["type"] == "EVALUATE_INCLUSIVE_GATEWAY"

    answer = decide(order, "fork", "c", "a")
    assert answer["state"] == "DONE"
    order.waits_at("a", "c")

    order.complete_job("c")
    order.waits_at("a", "join")
    assert [token["state"] for token in order.element_instances("join")] == ["STARTED"]

    order.complete_job("a")
    order.has_passed("fork", "a", "c", "join", "endEvent")
    order.has_not_reached("b")
    assert [token["state"] for token in order.element_instances("join")] == ["COMPLETED", "COMPLETED"]
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


@pytest.mark.parametrize(
    ("decision", "taken"),
    [
        (["a"], ["a", "c"]),
        (["b", "a"], ["a", "b", "c"]),
        (["c"], ["c"]),
        (["c", "b"], ["b", "c"]),
        ([], ["c"]),
    ],
)
def test_default_flow_is_taken_in_addition(play: Play, decision: list[str], taken: list[str]) -> None:
    order = play("gateway/inclusive.bpmn")

    decide(order, "fork", *decision)

    # In the order of the document, whatever the order of the decision.
    open_ones = order.element_instances(states=["STARTED"])
    assert [token["bpmnElementId"] for token in open_ones[1:]] == taken
    for element in taken:
        order.complete_job(element)
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_missing_decision_takes_the_default_flow(play: Play) -> None:
    order = play("gateway/inclusive.bpmn")

    assert order.complete_job("fork")["state"] == "DONE"

    order.waits_at("c")


@pytest.mark.parametrize("decision", [["a"], ["b"], ["a", "b"]])
def test_without_default_the_decision_alone_counts(play: Play, decision: list[str]) -> None:
    order = play("gateway/inclusive-no-default.bpmn")

    decide(order, "fork", *decision)

    order.waits_at(*decision)


@pytest.mark.parametrize(
    ("completion", "error"),
    [
        ({}, "expected an inclusive gateway decision"),
        ({"inclusiveGatewayDecision": []}, "expected an inclusive gateway decision"),
        ({"exclusiveGatewayDecision": "a"}, "expected an inclusive gateway decision"),
        ({"inclusiveGatewayDecision": ["a", "join"]}, "no outgoing sequence flow to join"),
        ({"inclusiveGatewayDecision": ["nowhere"]}, "no outgoing sequence flow to nowhere"),
        ({"inclusiveGatewayDecision": ["a", "b", "a"]}, "duplicate target element a"),
    ],
)
def test_decision_that_does_not_fit_is_a_job_error(
    play: Play, completion: dict[str, Any], error: str
) -> None:
    order = play("gateway/inclusive-no-default.bpmn")

    answer = order.complete_job("fork", completion=completion)

    assert (answer["state"], answer["error"]) == ("CAUSED_INCIDENT", error)
    order.waits_at("fork")
    order.has_not_reached("a", "b")


@pytest.mark.parametrize(("decision", "taken"), [(["b"], ["b"]), (["a"], ["a", "b"]), ([], ["b"])])
def test_target_of_two_flows_gets_one_token(play: Play, decision: list[str], taken: list[str]) -> None:
    """The second flow to `b` is the default flow."""
    order = play("gateway/inclusive-same-target.bpmn")

    decide(order, "fork", *decision)

    order.waits_at(*taken)


# Join


def test_tokens_join_within_one_command(play: Play) -> None:
    order = play("gateway/inclusive-pass-through.bpmn")

    order.has_passed("fork", "a", "b", "join", "endEvent")
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_join_without_fork_waits_for_all_ways(play: Play) -> None:
    order = play("gateway/inclusive-after-parallel.bpmn")
    order.waits_at("a", "b", "join")

    order.complete_job("b")
    order.waits_at("a", "join", "join")

    order.complete_job("a")
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_oldest_token_goes_on_and_no_task_is_made(play: Play) -> None:
    order = play("gateway/inclusive-join-and-fork.bpmn")
    order.complete_job("b")

    order.complete_job("a")

    from_b, from_a = order.element_instances("middle")
    assert (from_b["state"], from_a["state"]) == ("STARTED", "COMPLETED")
    (job,) = order.jobs("middle")
    assert (job["type"], job["elementInstanceId"]) == ("EVALUATE_INCLUSIVE_GATEWAY", from_b["id"])
    assert order.tasks() == []


def test_join_with_several_ways_out_asks_like_a_fork(play: Play) -> None:
    order = play("gateway/inclusive-join-and-fork.bpmn")
    order.complete_job("a")
    order.waits_at("middle", "b")
    assert order.jobs("middle") == []

    order.complete_job("b")
    order.waits_at("middle")
    answer = decide(order, "middle")
    assert answer["error"] == "expected an inclusive gateway decision"

    send(order, c.ResolveIncident, order.incidents()[0]["id"])
    decide(order, "middle", "c", "d")
    order.waits_at("c", "d")


def test_token_that_ends_elsewhere_releases_the_join(play: Play) -> None:
    order = play("gateway/inclusive-early-end.bpmn")
    decide(order, "fork", "a", "b")
    order.complete_job("a")
    order.complete_job("b")
    order.waits_at("join", "check")

    choose(order, "check", "stopped")

    order.has_passed("stopped", "join", "endEvent")
    assert order.has_ended


def test_token_that_comes_after_all_is_waited_for(play: Play) -> None:
    order = play("gateway/inclusive-early-end.bpmn")
    decide(order, "fork", "a", "b")
    order.complete_job("b")
    order.complete_job("a")
    order.waits_at("join", "check")

    choose(order, "check", "join")

    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_join_waits_while_a_token_loops_before_it(play: Play) -> None:
    order = play("gateway/inclusive-loop.bpmn")
    order.complete_job("a")
    for _ in range(2):
        order.complete_job("b")
        order.waits_at("join", "again")
        choose(order, "again", "merge")
        order.waits_at("join", "b")

    order.complete_job("b")
    choose(order, "again", "join")

    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_loop_may_lead_through_the_join_again(play: Play) -> None:
    order = play("gateway/inclusive-loop-around.bpmn")
    order.complete_job("a")
    order.waits_at("join", "b")
    order.complete_job("b")
    order.waits_at("c")

    order.complete_job("c")
    choose(order, "again", "join")

    order.waits_at("c")
    order.complete_job("c")
    choose(order, "again", "endEvent")
    assert order.has_ended


def test_two_joins_in_a_row_fire_one_after_the_other(play: Play) -> None:
    order = play("gateway/inclusive-two-joins.bpmn")
    decide(order, "fork", "a", "b", "c")

    order.complete_job("c")
    order.waits_at("a", "b", "second")
    order.complete_job("a")
    order.waits_at("first", "b", "second")

    order.complete_job("b")
    assert len(order.element_instances("second")) == 2
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_join_does_not_wait_for_ways_that_were_not_chosen(play: Play) -> None:
    order = play("gateway/inclusive-two-joins.bpmn")
    decide(order, "fork", "b", "c")

    order.complete_job("b")
    order.has_passed("first")
    order.waits_at("second", "c")

    order.complete_job("c")
    assert order.has_ended


def test_second_token_on_the_same_flow_waits_for_the_next_round(play: Play) -> None:
    order = play("gateway/inclusive-uneven.bpmn")
    order.waits_at("join", "join", "c")

    order.complete_job("c")

    assert len(order.element_instances("join", states=["COMPLETED"])) == 3
    assert len(order.element_instances("endEvent")) == 2
    assert order.has_ended


def test_token_at_a_parallel_join_can_still_arrive(play: Play) -> None:
    order = play("gateway/inclusive-waits-for-parallel.bpmn")
    order.complete_job("a")
    order.waits_at("both", "b", "join")

    order.complete_job("b")
    order.waits_at("check", "join")
    choose(order, "check", "endEvent")

    assert len(order.element_instances("endEvent")) == 2
    assert order.has_ended


def test_token_that_can_only_come_together_with_the_joined_one_is_not_waited_for(play: Play) -> None:
    """From `long` a loop leads back to the join, but through `both`, which waits for what it lets out."""
    order = play("gateway/inclusive-in-parallel-loop.bpmn")
    decide(order, "split", "a", "b")
    order.complete_job("a")
    order.waits_at("long", "join", "b")

    order.complete_job("b")
    order.waits_at("long", "c")
    order.complete_job("c")
    order.complete_job("long")

    choose(order, "again", "merge")
    order.complete_job("long")
    order.waits_at("both", "split")
    decide(order, "split", "b")
    order.complete_job("b")
    order.complete_job("c")
    choose(order, "again", "endEvent")
    assert order.has_ended


def test_of_nested_joins_in_a_loop_the_outer_one_waits_for_the_inner_one(play: Play) -> None:
    """Around the loop there is a way from the outer one to the inner one, too."""
    order = play("gateway/inclusive-nested-in-loop.bpmn")
    decide(order, "split", "innerSplit", "c")
    decide(order, "innerSplit", "a", "b")
    order.complete_job("a")
    order.complete_job("c")
    order.waits_at("innerJoin", "b", "join")

    order.complete_job("b")

    assert [token["state"] for token in order.element_instances("join")] == ["COMPLETED"] * 2
    choose(order, "again", "merge")
    decide(order, "split", "innerSplit", "c")
    order.complete_job("c")
    decide(order, "innerSplit", "a")
    order.complete_job("a")
    choose(order, "again", "endEvent")
    assert order.has_ended


def test_inner_join_does_not_wait_for_those_beside_it(play: Play) -> None:
    """From `c` there is a way around the loop, but by `join`, which waits for what the inner one lets out."""
    order = play("gateway/inclusive-nested-in-loop.bpmn")
    decide(order, "split", "innerSplit", "c")
    decide(order, "innerSplit", "a", "b")
    order.complete_job("a")

    order.complete_job("b")

    order.waits_at("join", "c")


def test_token_that_waits_for_ever_at_a_parallel_join_holds_nothing(play: Play) -> None:
    """At `both` no second token can come any more."""
    order = play("gateway/inclusive-behind-dead-end.bpmn")
    choose(order, "choice", "stopped")
    order.waits_at("both", "a")

    order.complete_job("a")

    order.has_passed("join", "joined")
    order.waits_at("both")


def test_of_joins_that_hold_each_other_the_oldest_token_fires(play: Play) -> None:
    """The token at `last` is older, but not in the circle."""
    order = play("gateway/inclusive-circle.bpmn")
    order.waits_at("last", "afterLeft", "right")

    choose(order, "afterLeft", "right")
    order.waits_at("last", "afterRight")
    assert len(order.element_instances("right", states=["COMPLETED"])) == 2

    choose(order, "afterRight", "left")
    choose(order, "afterLeft", "last")
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_token_that_can_still_come_is_waited_for_by_whichever_flow(play: Play) -> None:
    order = play("gateway/inclusive-circle.bpmn")

    choose(order, "afterLeft", "last")

    order.has_not_reached("endEvent")
    choose(order, "afterRight", "last")
    assert {token["state"] for token in order.element_instances("last")} == {"COMPLETED"}
    assert order.has_ended


def test_endless_loop_through_a_join_stops_with_an_incident(play: Play) -> None:
    order = play("gateway/inclusive-endless.bpmn")

    (incident,) = order.incidents()
    assert incident["taskId"]
    assert not order.has_ended


# Suspended


def test_suspended_instance_joins_when_it_is_resumed(play: Play) -> None:
    order = play("gateway/inclusive-no-default.bpmn")
    decide(order, "fork", "a", "b")
    order.complete_job("a")
    send(order, c.SuspendProcessInstance, order.id)

    order.complete_job("b")
    assert [token["state"] for token in order.element_instances("join")] == ["STARTED", "SUSPENDED"]

    send(order, c.ResumeProcessInstance, order.id)
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended


def test_join_that_is_released_while_suspended_fires_when_resumed(play: Play) -> None:
    order = play("gateway/inclusive-early-end.bpmn")
    decide(order, "fork", "a", "b")
    order.complete_job("a")
    order.complete_job("b")
    send(order, c.SuspendProcessInstance, order.id)

    choose(order, "check", "stopped")
    order.waits_at("join", "stopped")

    send(order, c.ResumeProcessInstance, order.id)
    order.has_passed("stopped", "join", "endEvent")
    assert order.has_ended


def test_decision_while_suspended_is_followed_when_resumed(play: Play) -> None:
    order = play("gateway/inclusive-no-default.bpmn")
    send(order, c.SuspendProcessInstance, order.id)

    decide(order, "fork", "a", "b")
    states = [token["state"] for token in order.element_instances() if token["bpmnElementId"] in ("a", "b")]
    assert states == ["SUSPENDED", "SUSPENDED"]

    send(order, c.ResumeProcessInstance, order.id)
    order.complete_job("a")
    order.waits_at("join", "b")


def test_an_activity_stands_for_its_boundary_events(play: Play) -> None:
    """A boundary event that waits holds nothing: once its activity is over, so is it."""
    order = play("gateway/inclusive-boundary.bpmn")
    order.waits_at("a", "failed", "join")
    order.has_not_reached("endEvent")

    order.complete_job("a")

    order.has_passed("join", "endEvent")
    assert order.has_ended


def test_a_token_can_get_to_a_join_by_a_boundary_event(play: Play) -> None:
    order = play("gateway/inclusive-boundary.bpmn")

    order.complete_job("a", completion={"errorCode": "TROUBLE"})

    order.has_passed("failed")
    assert [token["state"] for token in order.element_instances("join")] == ["COMPLETED"] * 2
    assert order.has_ended


def test_a_terminated_branch_releases_the_join(play: Play) -> None:
    order = play("gateway/inclusive-terminated-branch.bpmn")
    order.complete_job("a")
    order.has_not_reached("endEvent")

    order.complete_job("b", completion={"errorCode": "TROUBLE"})

    order.has_passed("failed", "givenUp", "join", "endEvent")
    assert [token["state"] for token in order.element_instances("branch")] == ["TERMINATED"]
    assert order.has_ended


def test_a_join_looks_at_its_own_scope_and_the_one_around_at_the_sub_process(play: Play) -> None:
    order = play("gateway/inclusive-in-sub-process.bpmn")
    decide(order, "split", "a", "b")
    order.complete_job("a")
    order.has_not_reached("c")

    order.complete_job("b")

    order.has_passed("join")
    order.complete_job("outside")
    order.has_not_reached("endEvent")
    order.complete_job("c")
    assert len(order.element_instances("endEvent")) == 1
    assert order.has_ended

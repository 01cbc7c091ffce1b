"""Where tokens can still get to in a diagram, and the strongly connected components of a graph."""

from collections import Counter
from random import Random

import pytest

from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.paths import Graph, Reach, components
from tests.models import parallel

from .models import process


def test_a_component_comes_after_those_that_it_leads_to() -> None:
    graph = {0: [1], 1: [2], 2: [1, 3], 3: [], 4: [0]}

    assert [sorted(component) for component in components(graph)] == [[3], [1, 2], [0], [4]]


def test_a_circle_within_a_circle_is_one_component() -> None:
    graph = {0: [1], 1: [2, 0], 2: [1, 3], 3: [0], 4: [4]}

    assert [sorted(component) for component in components(graph)] == [[0, 1, 2, 3], [4]]


@pytest.mark.parametrize("seed", range(40))
def test_components_of_random_graphs_agree_with_a_slow_search(seed: int) -> None:
    random = Random(seed)
    size = random.randint(1, 25)
    graph = {
        node: [random.randrange(size) for _ in range(random.choice((0, 1, 1, 2, 3)))] for node in range(size)
    }
    ahead = {node: slow_search(graph, node) for node in graph}

    found = list(components(graph))

    assert sorted(node for component in found for node in component) == list(graph)
    done: set[int] = set()
    for component in found:
        done |= set(component)
        for node in component:
            assert ahead[node] <= done
            assert set(component) == {other for other in ahead[node] if node in ahead[other]}


def slow_search(graph: Graph, start: int) -> set[int]:
    found, open_ones = {start}, [start]
    while open_ones:
        for following in graph[open_ones.pop()]:
            if following not in found:
                found.add(following)
                open_ones.append(following)
    return found


def test_a_path_may_be_longer_than_python_can_recurse() -> None:
    size = 100_000
    circle = {node: [(node + 1) % size] for node in range(size)}

    (component,) = components(circle)

    assert len(component) == size


# Through a diagram


TAGS = {"p": "parallelGateway", "i": "inclusiveGateway", "x": "exclusiveGateway"}


def drawn(flows: str) -> Process:
    """A process drawn as `a>b b>p1`: names with a number are gateways, parallel, inclusive or exclusive."""
    ids = dict.fromkeys(id for flow in flows.split() for id in flow.split(">"))
    nodes = "".join(f'<{TAGS[id[0]] if len(id) > 1 else "task"} id="{id}"/>' for id in ids)
    arrows = "".join(
        '<sequenceFlow id="{}" sourceRef="{}" targetRef="{}"/>'.format(flow, *flow.split(">"))
        for flow in flows.split()
    )
    return process(nodes + arrows)


def places(read: Process, *leaving: str, brought: str = "", closed: str = "", is_joining: bool = True) -> str:
    """Ids of the elements that tokens can get to, in the order of the document."""
    numbers = {element.bpmn_element_id: element.number for element in read.elements}
    flows = {flow.bpmn_element_id: flow.number for flow in read.flows}
    reach = Reach(read, [numbers[id] for id in closed.split()], is_joining=is_joining)
    reach.bring(flows[id] for id in brought.split())
    reach.leave(numbers[id] for id in leaving)
    return " ".join(e.bpmn_element_id for e in read.elements if e.number in reach.places)


def test_all_ways_out_of_an_element_are_open() -> None:
    read = drawn("a>x1 x1>b x1>c c>d e>a")

    assert places(read, "a") == "x1 b c d"
    assert places(read, "b", "c") == "d"
    assert places(read) == ""


def test_a_token_gets_to_where_it_is_only_by_a_loop() -> None:
    read = drawn("a>b b>c c>b c>d")

    assert places(read, "b") == "b c d"
    assert places(read, "d") == ""


def test_no_token_leaves_a_closed_element_that_gets_there() -> None:
    read = drawn("a>i1 b>i1 i1>c c>a")

    assert places(read, "b", closed="i1") == "i1"
    assert places(read, "c", closed="i1") == "a i1"
    # What leaves it itself has passed it.
    assert places(read, "i1", closed="i1") == "a i1 c"


def test_a_parallel_join_lets_through_what_can_come_by_each_of_its_flows() -> None:
    read = drawn("a>p1 b>p1 p1>c c>d")

    assert places(read, "a") == "p1"
    assert places(read, "a", "b") == "p1 c d"
    assert places(read, "a", brought="a>p1") == "p1"
    assert places(read, "a", brought="b>p1") == "p1 c d"
    assert places(read, brought="a>p1 b>p1") == "p1 c d"
    assert places(read, "a", is_joining=False) == "p1 c d"


def test_a_keeping_element_lets_through_what_comes_by_certain_flows() -> None:
    read = drawn("a>i1 b>i1 i1>c")
    numbers = {element.bpmn_element_id: element.number for element in read.elements}
    (flow,) = (flow.number for flow in read.flows if flow.bpmn_element_id == "b>i1")

    for start, gets_through in (("a", False), ("b", True)):
        reach = Reach(read, keeping={numbers["i1"]: {flow}})
        reach.leave([numbers[start]])
        assert (numbers["c"] in reach.places) is gets_through


def test_what_comes_later_opens_a_parallel_join_too() -> None:
    read = drawn("a>p1 b>p1 p1>c")
    reach = Reach(read)
    numbers = {element.bpmn_element_id: element.number for element in read.elements}

    reach.leave([numbers["a"]])
    assert numbers["c"] not in reach.places
    reach.leave([numbers["b"]])
    assert numbers["c"] in reach.places


def test_what_waits_for_itself_does_not_come() -> None:
    """The second flow of the join is that of a loop behind it."""
    read = drawn("a>p1 c>p1 p1>b b>c")

    assert places(read, "a") == "p1"
    assert places(read, "c", brought="a>p1") == "p1 c b"


def test_a_parallel_fork_waits_for_nothing() -> None:
    assert places(drawn("a>p1 p1>b p1>c"), "a") == "p1 b c"


def ways(read: Process, start: str, end: str, *, is_alone: bool = True) -> set[str]:
    numbers = {element.bpmn_element_id: element.number for element in read.elements}
    found = read.ways(numbers[start], numbers[end], is_alone=is_alone)
    return {read.flows[number].bpmn_element_id for number in found}


def test_ways_are_the_flows_by_which_a_token_gets_in_first() -> None:
    """From `a` it gets to the loop behind the gateway only through the gateway."""
    read = drawn("a>b a>c b>i1 c>i1 i1>d d>i1")

    assert ways(read, "a", "i1") == {"b>i1", "c>i1"}
    assert ways(read, "b", "i1") == {"b>i1"}
    assert ways(read, "i1", "i1") == {"d>i1"}
    assert ways(read, "i1", "a") == set()


def test_alone_a_token_gets_through_no_parallel_join() -> None:
    read = drawn("a>p1 b>p1 p1>i1 a>i1")

    assert ways(read, "a", "i1") == {"a>i1"}
    assert ways(read, "a", "i1", is_alone=False) == {"a>i1", "p1>i1"}


def test_ways_are_found_once() -> None:
    read = drawn("a>i1 b>i1")

    assert read.ways(1, 2, is_alone=True) is read.ways(1, 2, is_alone=True)


def test_joins_are_gateways_that_several_flows_enter() -> None:
    read = drawn("a>i1 i1>p1 p1>b p1>c b>p2 c>p2 p2>i2 a>i2")

    assert [read.elements[number].bpmn_element_id for number in read.inclusive_joins] == ["i2"]
    assert [read.elements[number].bpmn_element_id for number in read.parallel_joins] == ["p2"]


@pytest.mark.parametrize("seed", range(60))
def test_no_place_is_left_out_to_which_the_token_game_leads(seed: int) -> None:
    """All ways to move tokens on small random diagrams, with nothing but the rules of each element."""
    random = Random(seed)
    kinds = ["a", "b", "c", "d", "x1", "x2", "p1", "p2", "i1"]
    flows = {f"{random.choice(kinds)}>{random.choice(kinds)}" for _ in range(random.randint(8, 14))}
    read = drawn(" ".join(sorted(flows)))
    starts = [random.choice(read.elements[1:]) for _ in range(random.randint(1, 3))]
    starts = [element for element in starts if element.number not in read.parallel_joins]
    joins = [flow for flow in read.flows if flow.target in read.parallel_joins]
    brought = [flow.number for flow in joins if random.random() < 0.4]
    closed = read.inclusive_joins

    reach = Reach(read, closed)
    reach.bring(brought)
    reach.leave(element.number for element in starts)

    assert played(read, [element.number for element in starts], brought, closed) <= reach.places


Marking = tuple[tuple[int, ...], tuple[int, ...]]
"""Elements that tokens are about to leave, and flows that have brought tokens to parallel joins."""


def played(read: Process, starts: list[int], brought: list[int], closed: frozenset[int]) -> set[int]:
    """Where tokens get to, with at most six of them at a time."""
    places: set[int] = set()
    first: Marking = (tuple(sorted(starts)), tuple(sorted(brought)))
    seen, open_ones = {first}, [first]
    while open_ones and len(seen) < 3_000:
        for following, entered in moves(read, open_ones.pop(), closed):
            places |= entered
            if following not in seen and len(following[0]) + len(following[1]) <= 6:
                seen.add(following)
                open_ones.append(following)
    return places


def moves(read: Process, marking: Marking, closed: frozenset[int]) -> list[tuple[Marking, set[int]]]:
    """Each way in which one token moves, or a parallel join fires, and where tokens get to by that."""
    at, waiting = marking
    found = []
    for number in set(at):
        rest = list((Counter(at) - Counter([number])).elements())
        outgoing = read.outgoing(read.elements[number])
        is_exclusive = read.elements[number].bpmn_element_id.startswith("x")
        for taken in [[flow] for flow in outgoing] if is_exclusive else [outgoing]:
            arrived = [flow for flow in taken if flow.target in read.parallel_joins]
            entered = [flow.target or 0 for flow in taken if flow not in arrived]
            going_on = [target for target in entered if target not in closed]
            following = (
                sorted_tuple(rest + going_on),
                sorted_tuple([*waiting, *(f.number for f in arrived)]),
            )
            found.append((following, {flow.target or 0 for flow in taken}))
    for number in read.parallel_joins:
        needed = Counter(flow.number for flow in read.incoming(read.elements[number]))
        if needed <= Counter(waiting):
            rest = list((Counter(waiting) - needed).elements())
            found.append(((sorted_tuple([*at, number]), sorted_tuple(rest)), set()))
    return found


def sorted_tuple(numbers: list[int]) -> tuple[int, ...]:
    return tuple(sorted(numbers))


def test_thousands_of_flows_into_a_gateway_take_linear_time() -> None:
    (read,) = parse(parallel("wide", 3_000, "task").encode())
    (join,) = read.parallel_joins
    before = {flow.source for flow in read.incoming(read.elements[join])}
    one = next(iter(before))

    for leaving in (before, before - {one}):
        reach = Reach(read)
        reach.leave(number for number in leaving if number is not None)
        assert len(reach.places) == (2 if leaving == before else 1)

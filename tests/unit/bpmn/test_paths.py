"""What lies ahead of each node, and by which flows a token gets into a gateway."""

from collections.abc import Mapping
from random import Random

import pytest

from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.paths import Graph, components, marks_ahead
from tests.models import parallel

from .models import process


def test_a_component_comes_after_those_that_it_leads_to() -> None:
    graph = {0: [1], 1: [2], 2: [1, 3], 3: [], 4: [0]}

    assert [sorted(component) for component in components(graph)] == [[3], [1, 2], [0], [4]]


def test_a_circle_within_a_circle_is_one_component() -> None:
    graph = {0: [1], 1: [2, 0], 2: [1, 3], 3: [0], 4: [4]}

    assert [sorted(component) for component in components(graph)] == [[0, 1, 2, 3], [4]]


def test_marks_are_gathered_along_all_paths() -> None:
    graph = {0: [1, 2], 1: [3], 2: [3, 2], 3: [], 4: [1]}

    assert marks_ahead(graph, {1: 0b01, 2: 0b10}) == {0: 0b11, 1: 0b01, 2: 0b10, 3: 0, 4: 0b01}


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_agree_with_a_slow_search(seed: int) -> None:
    random = Random(seed)
    size = random.randint(1, 25)
    graph = {
        node: [random.randrange(size) for _ in range(random.choice((0, 1, 1, 2, 3)))] for node in range(size)
    }
    marks = {node: 1 << node for node in graph}

    assert marks_ahead(graph, marks) == {node: slow_search(graph, node) for node in graph}


def slow_search(graph: Graph, start: int) -> int:
    found, open_ones = {start}, [start]
    while open_ones:
        for following in graph[open_ones.pop()]:
            if following not in found:
                found.add(following)
                open_ones.append(following)
    return sum(1 << node for node in found)


def test_a_path_may_be_longer_than_python_can_recurse() -> None:
    size = 100_000
    circle = {node: [(node + 1) % size] for node in range(size)}

    assert set(marks_ahead(circle, {7: 1}).values()) == {1}


# Into a gateway


def drawn(flows: str) -> Process:
    """A process of tasks, drawn as `a>b b>join`; what is named `join` is an inclusive gateway."""
    ids = dict.fromkeys(id for flow in flows.split() for id in flow.split(">"))
    nodes = "".join(f'<{"inclusiveGateway" if id == "join" else "task"} id="{id}"/>' for id in ids)
    arrows = "".join(
        '<sequenceFlow id="f{}" sourceRef="{}" targetRef="{}"/>'.format(number, *flow.split(">"))
        for number, flow in enumerate(flows.split())
    )
    return process(nodes + arrows)


def ways(read: Process) -> Mapping[str, set[str]]:
    """By element: the ids of the elements next to the join by which a token from there gets into it."""
    (gateway,) = [element for element in read.elements if element.bpmn_element_id == "join"]
    sources = [read.elements[flow.source or 0].bpmn_element_id for flow in read.incoming(gateway)]
    found = read.ways_into(gateway)
    return {
        element.bpmn_element_id: {
            source for at, source in enumerate(sources) if found[element.number] & 1 << at
        }
        for element in read.elements[1:]
    }


def test_each_branch_gets_in_by_its_own_flow() -> None:
    assert ways(drawn("a>join b>c c>join join>d")) == {
        "a": {"a"},
        "b": {"c"},
        "c": {"c"},
        "join": set(),
        "d": set(),
    }


def test_before_a_choice_all_of_its_ways_are_open() -> None:
    found = ways(drawn("a>b a>c b>join c>join c>d"))

    assert (found["a"], found["b"], found["c"], found["d"]) == ({"b", "c"}, {"b"}, {"c"}, set())


def test_what_lies_behind_the_gateway_is_not_looked_at() -> None:
    """From `a` a token gets to `back` only through the gateway; from the gateway itself it does get there."""
    found = ways(drawn("a>join join>back back>join"))

    assert (found["a"], found["join"], found["back"]) == ({"a"}, {"back"}, {"back"})


def test_a_loop_before_the_gateway_is_one_place() -> None:
    found = ways(drawn("a>b b>a b>join c>join"))

    assert (found["a"], found["b"], found["c"]) == ({"b"}, {"b"}, {"c"})


def test_a_gateway_may_lead_to_itself() -> None:
    found = ways(drawn("a>join join>join"))

    assert (found["a"], found["join"]) == ({"a"}, {"join"})


def test_inclusive_joins_are_those_that_several_flows_enter() -> None:
    fork = process(
        '<task id="a"/><inclusiveGateway id="fork"/><task id="b"/>'
        '<sequenceFlow id="f1" sourceRef="a" targetRef="fork"/>'
        '<sequenceFlow id="f2" sourceRef="fork" targetRef="b"/>'
    )
    join = drawn("a>join b>join")

    assert fork.inclusive_joins == set()
    assert [join.elements[number].bpmn_element_id for number in join.inclusive_joins] == ["join"]


def test_paths_are_found_once() -> None:
    read = drawn("a>join b>join")
    (number,) = read.inclusive_joins

    assert read.ways_into(read.elements[number]) is read.ways_into(read.elements[number])


def test_a_gateway_with_thousands_of_flows_is_linear() -> None:
    """Each branch has its own bit, and what comes before the fork has them all."""
    xml = parallel("wide", 3_000, "task").replace(
        '<parallelGateway id="join"/>', '<inclusiveGateway id="join"/>'
    )
    (read,) = parse(xml.encode())
    (number,) = read.inclusive_joins

    found = read.ways_into(read.elements[number])

    assert sorted(bits.bit_count() for bits in found)[-3:] == [1, 3_000, 3_000]

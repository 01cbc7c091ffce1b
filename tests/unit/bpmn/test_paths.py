"""Which nodes lead to others, and from which elements a token still gets into a gateway."""

from random import Random

import pytest

from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.paths import Graph, components, leading_to
from tests.models import parallel

from .models import process


def test_a_component_comes_after_those_that_it_leads_to() -> None:
    graph = {0: [1], 1: [2], 2: [1, 3], 3: [], 4: [0]}

    assert [sorted(component) for component in components(graph)] == [[3], [1, 2], [0], [4]]


def test_a_circle_within_a_circle_is_one_component() -> None:
    graph = {0: [1], 1: [2, 0], 2: [1, 3], 3: [0], 4: [4]}

    assert [sorted(component) for component in components(graph)] == [[0, 1, 2, 3], [4]]


def test_all_paths_backwards_are_followed() -> None:
    graph = {0: [1, 2], 1: [3], 2: [3, 2], 3: [], 4: [1]}

    assert leading_to(graph, [1]) == {0, 1, 4}
    assert leading_to(graph, [2, 4]) == {0, 2, 4}
    assert leading_to(graph, [3]) == {0, 1, 2, 3, 4}


def test_a_circle_leads_to_each_of_its_nodes() -> None:
    graph = {0: [1], 1: [2, 0], 2: [1, 3], 3: [], 4: [4]}

    assert leading_to(graph, [0]) == {0, 1, 2}


def test_what_is_not_in_the_graph_leads_nowhere() -> None:
    assert leading_to({0: [7]}, [7]) == set()


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_agree_with_a_slow_search(seed: int) -> None:
    random = Random(seed)
    size = random.randint(1, 25)
    graph = {
        node: [random.randrange(size) for _ in range(random.choice((0, 1, 1, 2, 3)))] for node in range(size)
    }
    ends = {random.randrange(size) for _ in range(random.randint(0, 3))}

    assert leading_to(graph, ends) == {node for node in graph if slow_search(graph, node) & ends}


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

    assert len(leading_to(circle, [7])) == size
    assert [len(component) for component in components(circle)] == [size]


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


def before(flows: str) -> set[str]:
    """Ids of the elements from which a token gets into the join."""
    read = drawn(flows)
    (gateway,) = [element for element in read.elements if element.bpmn_element_id == "join"]
    return {read.elements[number].bpmn_element_id for number in read.leading_into(gateway)}


def test_branches_lead_into_a_gateway_and_what_comes_after_it_does_not() -> None:
    assert before("a>join b>c c>join join>d") == {"a", "b", "c"}


def test_before_a_choice_all_of_its_ways_are_open() -> None:
    assert before("a>b a>c b>join c>join c>d d>e") == {"a", "b", "c"}


def test_what_lies_behind_the_gateway_is_not_looked_at() -> None:
    """From `first` a token gets to `back` only through the gateway; from the gateway itself it does."""
    assert before("first>join join>back back>join") == {"first", "back", "join"}


def test_a_gateway_that_no_path_leads_back_to_is_not_before_itself() -> None:
    assert before("a>join b>join join>c") == {"a", "b"}


def test_a_loop_before_the_gateway_is_one_place() -> None:
    assert before("a>b b>a b>join c>join") == {"a", "b", "c"}


def test_a_gateway_may_lead_to_itself() -> None:
    assert before("a>join join>join") == {"a", "join"}


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

    assert read.leading_into(read.elements[number]) is read.leading_into(read.elements[number])


def test_thousands_of_branches_lead_into_a_gateway() -> None:
    xml = parallel("wide", 3_000, "task").replace(
        '<parallelGateway id="join"/>', '<inclusiveGateway id="join"/>'
    )
    (read,) = parse(xml.encode())
    (number,) = read.inclusive_joins

    assert len(read.leading_into(read.elements[number])) == 3_000 + 2

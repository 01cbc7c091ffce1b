"""Each rule, broken and kept."""

from dataclasses import replace

import pytest

from chalicelib.bpmn.errors import Cause, InvalidModel
from chalicelib.bpmn.model import Element, Process, SequenceFlow
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.rules import RULES, check, validate
from chalicelib.bpmn.types import ElementType

from .models import FIXTURES, faults, fixture, process

EXECUTABLE = sorted(path for path in FIXTURES.rglob("*.bpmn") if path.parent.name != "invalid")


@pytest.mark.parametrize("path", EXECUTABLE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_process_that_others_walk_through_is_valid(path) -> None:
    for read in parse(path.read_bytes()):
        check(read)


def test_every_fault_of_a_process_is_named_at_once() -> None:
    example = parse(fixture("invalid/example.bpmn"))[0]

    with pytest.raises(InvalidModel) as error:
        check(example)

    assert error.value.detail == "BPMN process is invalid"
    assert error.value.causes == (
        Cause("/example", "process", "process example is not executable"),
        Cause("/example/", "element", "element of type SERVICE_TASK has no ID"),
        Cause("/example/join", "element", "BPMN element join is not supported: complexGateway"),
        Cause("/example/f1", "sequence_flow", "sequence flow f1 has no target element"),
        Cause("/example/f2", "sequence_flow", "sequence flow f2 has no source element"),
    )


BROKEN = {
    "not-executable": [
        Cause("/notExecutableTest", "process", "process notExecutableTest is not executable"),
    ],
    "no-ids": [
        Cause("/noIdsTest/", "element", "element of type NONE_START_EVENT has no ID"),
        Cause("/noIdsTest/", "element", "element of type SERVICE_TASK has no ID"),
    ],
    "loose-flows": [
        Cause("/looseFlowsTest/f1", "sequence_flow", "sequence flow f1 has no target element"),
        Cause("/looseFlowsTest/f2", "sequence_flow", "sequence flow f2 has no source element"),
    ],
    "repeated-ids": [
        Cause("/repeatedIdsTest/twice", "element", "ID twice is not unique"),
    ],
    "several-starts": [
        Cause(
            "/severalStartsTest",
            "process",
            "scope severalStartsTest has several none start events [first second]",
        ),
    ],
    "start-entered": [
        Cause("/startEnteredTest/f2", "sequence_flow", "sequence flow f2 enters start event startEvent"),
    ],
    "end-left": [
        Cause("/endLeftTest/f2", "sequence_flow", "sequence flow f2 leaves end event endEvent"),
    ],
    "default-flow-elsewhere": [
        Cause(
            "/defaultFlowElsewhereTest/split",
            "element",
            "default sequence flow f1 does not leave element split",
        ),
    ],
    "default-flow-of-parallel-gateway": [
        Cause(
            "/defaultFlowOfParallelGatewayTest/fork",
            "element",
            "element fork of type PARALLEL_GATEWAY cannot have a default sequence flow",
        ),
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_the_only_fault_of_its_file(name: str) -> None:
    read = parse(fixture(f"invalid/{name}.bpmn"))[0]

    assert validate(read) == BROKEN[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_is_broken_by_some_process(rule) -> None:
    known = [parse(fixture(f"invalid/{name}.bpmn"))[0] for name in [*BROKEN, "example"]]

    assert any(list(rule(read)) for read in [*known, crossing_flow()])


def crossing_flow() -> Process:
    """A flow that leaves the scope it is drawn in; XML for it needs sub-processes."""
    elements = [
        Element(0, "outer", ElementType.PROCESS),
        Element(1, "inner", ElementType.PROCESS, parent=0),
        Element(2, "a", ElementType.TASK, parent=1),
        Element(3, "b", ElementType.TASK, parent=0),
    ]
    return Process(elements, [SequenceFlow(0, "f1", 2, 3, scope=1)])


def test_a_flow_stays_in_its_scope() -> None:
    crossing = crossing_flow()

    assert faults(crossing) == ["/outer/inner/f1: sequence flow f1 leaves its scope at element b"]


def test_a_flow_inside_of_an_inner_scope_is_fine() -> None:
    crossing = crossing_flow()
    inside = [*crossing.elements[:3], replace(crossing.elements[3], parent=1)]

    assert not faults(replace(crossing, elements=inside))


def test_each_scope_may_have_its_own_none_start_event() -> None:
    elements = [
        Element(0, "outer", ElementType.PROCESS),
        Element(1, "inner", ElementType.PROCESS, parent=0),
        Element(2, "a", ElementType.NONE_START_EVENT, parent=1),
        Element(3, "b", ElementType.NONE_START_EVENT, parent=0),
    ]

    assert not faults(Process(elements, []))


def test_a_process_without_start_and_end_is_no_fault() -> None:
    assert not faults(process())
    assert not faults(process('<task id="a" />'))


def test_a_process_without_id_says_so() -> None:
    assert faults(process(attributes='isExecutable="true"')) == ["/: element of type PROCESS has no ID"]


def test_a_flow_without_ends_names_both() -> None:
    assert faults(process('<sequenceFlow id="f1" />')) == [
        "/example/f1: sequence flow f1 has no source element",
        "/example/f1: sequence flow f1 has no target element",
    ]


def test_a_flow_without_id_is_fine_until_it_has_a_fault() -> None:
    assert not faults(process('<task id="a" /><sequenceFlow sourceRef="a" targetRef="a" />'))
    assert faults(process('<task id="a" /><sequenceFlow sourceRef="a" />')) == [
        "/example/: sequence flow without ID has no target element"
    ]


def test_something_unsupported_without_id_is_named_by_its_kind() -> None:
    assert faults(process("<receiveTask />")) == [
        "/example/: BPMN element without ID is not supported: receiveTask"
    ]


@pytest.mark.parametrize(
    "content, fault",
    [
        ('<task id="example" />', "/example/example: ID example is not unique"),
        (
            '<task id="a" /><sequenceFlow id="a" sourceRef="a" targetRef="a" />',
            "/example/a: ID a is not unique",
        ),
    ],
)
def test_process_elements_and_flows_share_their_ids(content: str, fault: str) -> None:
    assert faults(process(content)) == [fault]


def test_elements_without_id_are_not_called_repeated() -> None:
    assert faults(process("<task /><task />")) == ["/example/: element of type TASK has no ID"] * 2


@pytest.mark.parametrize("tag", ["task", "serviceTask", "exclusiveGateway"])
def test_what_chooses_may_have_a_default_flow(tag: str) -> None:
    content = '<{0} id="a" default="f1" /><task id="b" /><sequenceFlow id="f1" sourceRef="a" targetRef="b" />'

    assert not faults(process(content.format(tag)))


@pytest.mark.parametrize("tag", ["startEvent", "intermediateThrowEvent", "parallelGateway"])
def test_what_does_not_choose_may_not_have_a_default_flow(tag: str) -> None:
    content = '<{0} id="a" default="f1" /><task id="b" /><sequenceFlow id="f1" sourceRef="a" targetRef="b" />'

    assert len(faults(process(content.format(tag)))) == 1


def test_a_default_flow_that_does_not_exist_is_a_fault() -> None:
    assert faults(process('<exclusiveGateway id="a" default="gone" />')) == [
        "/example/a: default sequence flow gone does not leave element a"
    ]


def test_a_default_flow_to_an_unsupported_element_is_not_blamed() -> None:
    content = (
        '<exclusiveGateway id="a" default="f1" /><receiveTask id="b" />'
        '<sequenceFlow id="f1" sourceRef="a" targetRef="b" />'
    )

    assert faults(process(content)) == ["/example/b: BPMN element b is not supported: receiveTask"]

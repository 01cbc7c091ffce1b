"""Each rule, broken and kept."""

import pytest

from chalicelib.bpmn.errors import Cause, InvalidModel
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.rules import RULES, check, validate
from chalicelib.bpmn.types import KINDS, Family

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


SUB_PROCESS = '<subProcess id="inner"><startEvent id="innerStart" />{}</subProcess>'


def flow(source: str, target: str) -> str:
    return f'<sequenceFlow id="f-{source}-{target}" sourceRef="{source}" targetRef="{target}" />'


BROKEN = {
    "business-object": [
        Cause(
            "/businessObjectTest",
            "process",
            "input RoomObject has no type that can be read: type.roomNo Text is none of Any, Boolean, Date, "
            "Decimal, Integer, String, Time",
        ),
        Cause(
            "/businessObjectTest", "process", "output Rooms has no type that can be read: [String is no JSON"
        ),
    ],
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
    "condition-elsewhere": [
        Cause(
            "/conditionElsewhereTest/f1",
            "sequence_flow",
            "sequence flow f1 has a condition, but element startEvent of type NONE_START_EVENT "
            "does not choose",
        ),
        Cause(
            "/conditionElsewhereTest/f2",
            "sequence_flow",
            "sequence flow f2 has a condition, but element fork of type PARALLEL_GATEWAY does not choose",
        ),
    ],
    "condition-language": [
        Cause(
            "/conditionLanguageTest/f2",
            "sequence_flow",
            "condition of sequence flow f2 is in language groovy",
        ),
    ],
    "exclusive-free-flows": [
        Cause(
            "/exclusiveFreeFlowsTest/choose",
            "element",
            "exclusive gateway choose has several sequence flows without condition [f3 f4]",
        ),
    ],
    "boundary-not-attached": [
        Cause(
            "/boundaryNotAttachedTest/late", "element", "boundary event late is not attached to an activity"
        ),
        Cause(
            "/boundaryNotAttachedTest/lost", "element", "boundary event lost is not attached to an activity"
        ),
    ],
    "boundary-elsewhere": [
        Cause(
            "/boundaryElsewhereTest/pack/around",
            "element",
            "boundary event around is attached to pack in another scope",
        ),
        Cause(
            "/boundaryElsewhereTest/inside",
            "element",
            "boundary event inside is attached to work in another scope",
        ),
        Cause(
            "/boundaryElsewhereTest/early",
            "element",
            "boundary event early is attached to startEvent, which is no activity",
        ),
    ],
    "boundary-entered": [
        Cause("/boundaryEnteredTest/f2", "sequence_flow", "sequence flow f2 enters boundary event late"),
    ],
    "error-boundary-beside": [
        Cause(
            "/errorBoundaryBesideTest/failed",
            "element",
            "error boundary event failed does not interrupt its activity",
        ),
    ],
    "event-based-gateway-without-choice": [
        Cause(
            "/eventBasedGatewayWithoutChoiceTest/choose",
            "element",
            "event-based gateway choose has fewer than two outgoing sequence flows",
        ),
    ],
    "event-based-gateway-before-task": [
        Cause(
            "/eventBasedGatewayBeforeTaskTest/choose",
            "element",
            "event-based gateway choose is followed by work, which cannot catch",
        ),
    ],
    "event-based-gateway-not-alone": [
        Cause(
            "/eventBasedGatewayNotAloneTest/choose",
            "element",
            "event-based gateway choose is followed by paid, which other flows enter too",
        ),
    ],
    "links": [
        Cause("/linksTest/jumpNowhere", "element", "link name nowhere has no catch event in the same scope"),
        Cause("/linksTest/jumpWithoutName", "element", "link event jumpWithoutName has no link name"),
        Cause("/linksTest/landWithoutName", "element", "link event landWithoutName has no link name"),
        Cause(
            "/linksTest/land", "element", "link name twice is not unique among the catch events of its scope"
        ),
        Cause(
            "/linksTest/landToo",
            "element",
            "link name twice is not unique among the catch events of its scope",
        ),
        Cause("/linksTest/jumpInside", "element", "link name inside has no catch event in the same scope"),
    ],
    "link-with-flows": [
        Cause("/linkWithFlowsTest/f2", "sequence_flow", "sequence flow f2 leaves link throw event jump"),
        Cause("/linkWithFlowsTest/f2", "sequence_flow", "sequence flow f2 enters link catch event land"),
    ],
    "sub-process-starts": [
        Cause("/subProcessStartsTest/noStart", "element", "sub-process noStart has no none start event"),
        Cause("/subProcessStartsTest/pack/wrap", "element", "sub-process wrap has no none start event"),
        Cause(
            "/subProcessStartsTest/pack/wrap/ordered",
            "element",
            "start event ordered of a sub-process cannot wait for a message",
        ),
        Cause(
            "/subProcessStartsTest/pack/wrap/daily",
            "element",
            "start event daily of a sub-process cannot wait for a timer",
        ),
    ],
    "several-sub-process-starts": [
        Cause(
            "/severalSubProcessStartsTest/pack",
            "element",
            "scope pack has several none start events [first second]",
        ),
    ],
    "flow-out-of-sub-process": [
        Cause(
            "/flowOutOfSubProcessTest/pack/f3",
            "sequence_flow",
            "sequence flow f3 leaves its scope at element pack",
        ),
        Cause(
            "/flowOutOfSubProcessTest/f1",
            "sequence_flow",
            "sequence flow f1 leaves its scope at element work",
        ),
    ],
    "timers": [
        Cause("/timersTest/startEvent", "element", "timer of element startEvent is invalid: tomorrow"),
        Cause(
            "/timersTest/two",
            "element",
            "timer of element two says more than one of time, cycle and duration",
        ),
        Cause("/timersTest/empty", "element", "timer of element empty is invalid: PT"),
        Cause("/timersTest/never", "element", "timer of element never is invalid: 0 0 30 2 *"),
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_the_only_fault_of_its_file(name: str) -> None:
    read = parse(fixture(f"invalid/{name}.bpmn"))[0]

    assert validate(read) == BROKEN[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_is_broken_by_some_process(rule) -> None:
    known = [parse(fixture(f"invalid/{name}.bpmn"))[0] for name in [*BROKEN, "example"]]

    assert any(list(rule(read)) for read in known)


def test_a_flow_inside_of_a_sub_process_is_fine() -> None:
    assert not faults(process(SUB_PROCESS.format('<task id="a" />' + flow("a", "a"))))


def test_a_flow_may_not_lead_out_of_a_sub_process() -> None:
    leaving = process('<task id="b" />' + SUB_PROCESS.format('<task id="a" />' + flow("a", "b")))

    assert faults(leaving) == ["/example/inner/f-a-b: sequence flow f-a-b leaves its scope at element b"]


def test_a_flow_may_not_lead_to_the_sub_process_around_it() -> None:
    circle = process(SUB_PROCESS.format('<task id="a" />' + flow("a", "inner")))

    assert faults(circle) == [
        "/example/inner/f-a-inner: sequence flow f-a-inner leaves its scope at element inner"
    ]


def test_each_scope_may_have_its_own_none_start_event() -> None:
    assert not faults(process('<startEvent id="start" />' + SUB_PROCESS.format("")))


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


# Events


def event(tag: str, id: str, definition: str, attributes: str = "", content: str = "") -> str:
    inside = f"<{definition}EventDefinition {content} />"
    return f'<{tag} id="{id}" {attributes}>{inside}</{tag}>'


def catch(id: str, definition: str = "signal", content: str = "") -> str:
    return event("intermediateCatchEvent", id, definition, content=content)


@pytest.mark.parametrize("activity", [kind.tag for kind in KINDS if kind.family is Family.ACTIVITY])
def test_a_boundary_event_may_sit_on_any_activity(activity: str) -> None:
    content = SUB_PROCESS if activity == "subProcess" else f'<{activity} id="inner" />'
    late = event("boundaryEvent", "late", "timer", 'attachedToRef="inner"')

    assert not faults(process(content.format("") + late))


@pytest.mark.parametrize("host", ["startEvent", "exclusiveGateway", "intermediateThrowEvent", "endEvent"])
def test_a_boundary_event_sits_on_nothing_but_an_activity(host: str) -> None:
    late = event("boundaryEvent", "late", "timer", 'attachedToRef="host"')

    assert faults(process(f'<{host} id="host" />' + late)) == [
        "/example/late: boundary event late is attached to host, which is no activity"
    ]


def test_a_boundary_event_of_an_unsupported_activity_is_not_blamed() -> None:
    late = event("boundaryEvent", "late", "timer", 'attachedToRef="host"')

    assert faults(process('<receiveTask id="host" />' + late)) == [
        "/example/host: BPMN element host is not supported: receiveTask"
    ]


def test_an_unsupported_element_excuses_nothing_elsewhere() -> None:
    late = event("boundaryEvent", "late", "timer", 'attachedToRef="inner"')

    assert faults(process('<receiveTask id="other" />' + SUB_PROCESS.format(late))) == [
        "/example/other: BPMN element other is not supported: receiveTask",
        "/example/inner/late: boundary event late is attached to inner in another scope",
    ]


@pytest.mark.parametrize("definition", ["escalation", "message", "signal", "timer"])
def test_all_but_errors_may_be_caught_beside_the_activity(definition: str) -> None:
    beside = event("boundaryEvent", "beside", definition, 'attachedToRef="a" cancelActivity="false"')

    assert not faults(process('<task id="a" />' + beside))


def test_boundary_events_may_be_left_and_lead_on() -> None:
    late = event("boundaryEvent", "late", "timer", 'attachedToRef="a"')

    assert not faults(process('<task id="a" /><task id="b" />' + late + flow("late", "b")))


CHOICE = '<eventBasedGateway id="choose" />' + catch("a") + flow("choose", "a")


@pytest.mark.parametrize("definition", ["message", "signal", "timer"])
def test_an_event_based_gateway_is_followed_by_events_that_catch(definition: str) -> None:
    assert not faults(process(CHOICE + catch("b", definition) + flow("choose", "b")))


@pytest.mark.parametrize(
    "target",
    [
        '<task id="b" />',
        '<intermediateThrowEvent id="b" />',
        '<exclusiveGateway id="b" />',
        '<endEvent id="b" />',
        event("intermediateThrowEvent", "b", "message"),
        SUB_PROCESS.format("").replace("inner", "b"),
    ],
)
def test_an_event_based_gateway_is_followed_by_nothing_else(target: str) -> None:
    assert faults(process(CHOICE + target + flow("choose", "b"))) == [
        "/example/choose: event-based gateway choose is followed by b, which cannot catch"
    ]


def test_an_event_based_gateway_is_not_followed_by_a_link_which_cannot_be_entered_at_all() -> None:
    link = catch("b", "link", 'name="on"')

    assert len(faults(process(CHOICE + link + flow("choose", "b")))) == 2


def test_an_unsupported_element_behind_an_event_based_gateway_is_not_blamed_twice() -> None:
    assert faults(process(CHOICE + '<receiveTask id="b" />' + flow("choose", "b"))) == [
        "/example/b: BPMN element b is not supported: receiveTask"
    ]


def test_an_event_based_gateway_without_ways_out_is_a_fault() -> None:
    assert faults(process('<eventBasedGateway id="choose" />')) == [
        "/example/choose: event-based gateway choose has fewer than two outgoing sequence flows"
    ]


def test_a_loose_flow_behind_an_event_based_gateway_has_one_fault() -> None:
    loose = '<sequenceFlow id="f1" sourceRef="choose" />'

    assert faults(process(CHOICE + loose)) == ["/example/f1: sequence flow f1 has no target element"]


def link(tag: str, id: str, name: str = "on") -> str:
    return event(tag, id, "link", content=f'name="{name}"')


def test_several_links_may_lead_to_one_catch_event() -> None:
    jumps = link("intermediateThrowEvent", "a") + link("intermediateThrowEvent", "b")

    assert not faults(process(jumps + link("intermediateCatchEvent", "c")))


def test_a_link_catch_event_may_be_alone() -> None:
    assert not faults(process(link("intermediateCatchEvent", "a")))


def test_link_names_are_unique_within_a_scope_only() -> None:
    pair = link("intermediateThrowEvent", "{0}Throw") + link("intermediateCatchEvent", "{0}Catch")

    assert not faults(process(pair.format("outer") + SUB_PROCESS.format(pair.format("inside"))))


def test_the_start_event_of_an_event_sub_process_is_not_to_blame() -> None:
    start = event("startEvent", "start", "error")
    timer = event("startEvent", "start", "timer")

    for inside in (start, timer):
        sub_process = f'<subProcess id="inner" triggeredByEvent="true">{inside}</subProcess>'
        assert faults(process(sub_process))[0] == (
            "/example/inner: BPMN element inner is not supported: subProcess/triggeredByEvent"
        )
        assert not any(
            "none start event" in fault or "wait for" in fault for fault in faults(process(sub_process))
        )


@pytest.mark.parametrize("tag", ["startEvent", "intermediateCatchEvent"])
@pytest.mark.parametrize(
    "expression, fault",
    [
        ("<timeDate>2030-01-01T08:00:00Z</timeDate>", None),
        ("<timeDate>2030-01-01</timeDate>", "is invalid: 2030-01-01"),
        ("<timeDuration>P1DT2H</timeDuration>", None),
        ("<timeDuration>P</timeDuration>", "is invalid: P"),
        ("<timeDuration>-PT1H</timeDuration>", "is invalid: -PT1H"),
        ("<timeDuration>R3/PT1H</timeDuration>", "is invalid: R3/PT1H"),
        ("<timeCycle>R3/PT1H</timeCycle>", None),
        ("<timeCycle>R/PT1H</timeCycle>", None),
        ("<timeCycle>CRON_TZ=Europe/Berlin 0 8 * * MON-FRI</timeCycle>", None),
        ("<timeCycle>R0/PT1H</timeCycle>", "is invalid: R0/PT1H"),
        ("<timeCycle>0 8 * *</timeCycle>", "is invalid: 0 8 * *"),
        ("<timeCycle>PT1H</timeCycle>", "is invalid: PT1H"),
    ],
)
def test_a_timer_must_be_readable(tag: str, expression: str, fault: str | None) -> None:
    timer = f'<{tag} id="a"><timerEventDefinition>{expression}</timerEventDefinition></{tag}>'

    assert faults(process(timer)) == ([f"/example/a: timer of element a {fault}"] if fault else [])


def test_an_open_timer_is_no_fault() -> None:
    assert not faults(process(catch("a", "timer")))

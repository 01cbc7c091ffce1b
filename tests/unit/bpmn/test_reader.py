"""Events, their definitions and their activities, and scopes inside of scopes, as BPMN XML draws them."""

from typing import Any

import pytest

from chalicelib.bpmn.model import Element, EventDefinition, Process, Timer, Unsupported
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.types import KINDS, ElementType, Kind

from .models import definitions, flows, process


def named(read: Process, bpmn_element_id: str) -> Element:
    (element,) = (e for e in read.elements if e.bpmn_element_id == bpmn_element_id)
    return element


def event(tag: str, definition: str, beside: str = "") -> EventDefinition | None:
    """What a file says of an event `x`, with something beside the process."""
    content = f'<process id="example" isExecutable="true"><{tag} id="x">{definition}</{tag}></process>'
    return named(parse(definitions(beside + content))[0], "x").event


# Codes and names, by reference

REFERENCES = {
    "error": ("errorRef", "errorCode", "endEvent"),
    "escalation": ("escalationRef", "escalationCode", "endEvent"),
    "message": ("messageRef", "name", "startEvent"),
    "signal": ("signalRef", "name", "startEvent"),
}


@pytest.mark.parametrize("reference", ["declared", "tns:declared", " declared "])
@pytest.mark.parametrize("trigger", REFERENCES)
def test_a_definition_refers_to_what_is_declared_beside_the_process(trigger: str, reference: str) -> None:
    attribute, says, tag = REFERENCES[trigger]

    found = event(
        tag,
        f'<{trigger}EventDefinition {attribute}="{reference}" />',
        f'<{trigger} id="other" {says}="no" /><{trigger} id="declared" {says}="A &amp; B" />',
    )

    assert found == EventDefinition("A & B")


@pytest.mark.parametrize("trigger", REFERENCES)
def test_what_is_declared_may_stand_behind_the_process(trigger: str) -> None:
    attribute, says, tag = REFERENCES[trigger]
    xml = (
        f'<process id="example"><{tag} id="x"><{trigger}EventDefinition {attribute}="declared" /></{tag}>'
        f'</process><{trigger} id="declared" {says}="A" />'
    )

    assert named(parse(definitions(xml))[0], "x").event == EventDefinition("A")


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.trigger in REFERENCES], ids=lambda kind: kind.type
)
@pytest.mark.parametrize("reference", ["", "gone", "declared"], ids=["none", "to nothing", "to another kind"])
def test_a_definition_that_refers_to_nothing_leaves_open_what_it_means(kind: Kind, reference: str) -> None:
    assert kind.trigger is not None
    attribute, says, _ = REFERENCES[kind.trigger]
    other = "signal" if kind.trigger != "signal" else "message"

    found = event(
        kind.tag,
        f'<{kind.trigger.tag} {attribute}="{reference}" />',
        f'<{other} id="declared" name="A" /><{kind.trigger} {says}="B" />',
    )

    assert found is None


def test_the_name_of_an_error_is_no_code() -> None:
    found = event(
        "boundaryEvent",
        '<errorEventDefinition errorRef="declared" />',
        '<error id="declared" name="Out of stock" errorCode="404" />',
    )

    assert found == EventDefinition("404")


@pytest.mark.parametrize("trigger", ["error", "escalation"])
@pytest.mark.parametrize("code", ["", 'errorCode="" escalationCode=""'])
def test_without_a_code_a_boundary_event_catches_all_and_an_end_event_is_open(
    trigger: str, code: str
) -> None:
    definition = f'<{trigger}EventDefinition {trigger}Ref="declared" />'
    declared = f'<{trigger} id="declared" name="Any" {code} />'

    assert event("boundaryEvent", definition, declared) == EventDefinition(None)
    assert event("endEvent", definition, declared) is None


@pytest.mark.parametrize("trigger", ["message", "signal"])
@pytest.mark.parametrize("tag", ["startEvent", "intermediateCatchEvent", "boundaryEvent"])
def test_a_message_or_signal_without_name_is_none(tag: str, trigger: str) -> None:
    definition = f'<{trigger}EventDefinition {trigger}Ref="declared" />'

    assert event(tag, definition, f'<{trigger} id="declared" name="" />') is None


@pytest.mark.parametrize("tag", ["intermediateCatchEvent", "intermediateThrowEvent"])
def test_a_link_has_its_name_itself(tag: str) -> None:
    assert event(tag, '<linkEventDefinition name="A" />') == EventDefinition("A")
    assert event(tag, "<linkEventDefinition />") == EventDefinition("")


# Timers


@pytest.mark.parametrize("tag", ["startEvent", "intermediateCatchEvent", "boundaryEvent"])
@pytest.mark.parametrize(
    "expression, timer",
    [
        ("<timeDate>2030-01-01T08:00:00Z</timeDate>", {"time": "2030-01-01T08:00:00Z"}),
        ("<timeCycle>0 8 * * *</timeCycle>", {"cycle": "0 8 * * *"}),
        ("<timeCycle>R3/PT10M</timeCycle>", {"cycle": "R3/PT10M"}),
        ("<timeDuration>\n PT1H \n</timeDuration>", {"duration": "PT1H"}),
        ("<timeDuration><![CDATA[PT1H]]></timeDuration>", {"duration": "PT1H"}),
    ],
)
def test_a_timer_says_when(tag: str, expression: str, timer: dict[str, Any]) -> None:
    found = event(tag, f"<timerEventDefinition>{expression}</timerEventDefinition>")

    assert found == EventDefinition(timer=Timer(**timer, fires_once=True))


@pytest.mark.parametrize(
    "expression", ["", "<timeDuration />", "<timeDate> </timeDate><timeCycle></timeCycle>", "PT1H"]
)
def test_a_timer_with_an_empty_expression_says_nothing(expression: str) -> None:
    found = event("boundaryEvent", f"<timerEventDefinition>{expression}</timerEventDefinition>")

    assert found is None


def test_a_timer_that_says_two_things_keeps_both_for_the_rules() -> None:
    two = "<timeDate>2030-01-01T08:00:00Z</timeDate><timeDuration>PT1H</timeDuration>"

    found = event("intermediateCatchEvent", f"<timerEventDefinition>{two}</timerEventDefinition>")

    assert found is not None
    assert found.timer == Timer("2030-01-01T08:00:00Z", None, "PT1H", fires_once=True)


# Boundary events

LATE = '<boundaryEvent id="late" attachedToRef="{}"><timerEventDefinition /></boundaryEvent>'


@pytest.mark.parametrize("order", ["activity first", "event first"])
@pytest.mark.parametrize("reference", ["work", "tns:work"])
def test_a_boundary_event_knows_its_activity(order: str, reference: str) -> None:
    parts = ['<task id="other" /><task id="work" />', LATE.format(reference)]

    read = process("".join(parts if order == "activity first" else reversed(parts)))

    assert named(read, "late").attached_to == named(read, "work").number
    assert read.boundary_events(named(read, "work")) == (named(read, "late"),)
    assert read.boundary_events(named(read, "other")) == ()


def test_boundary_events_of_an_activity_come_in_document_order() -> None:
    late, later = LATE.format("work"), LATE.format("work").replace("late", "later")

    read = process(late + '<task id="work" />' + later)

    found = read.boundary_events(named(read, "work"))
    assert [element.bpmn_element_id for element in found] == ["late", "later"]


def test_a_boundary_event_of_an_activity_in_another_scope_keeps_it_for_the_rules() -> None:
    read = process('<subProcess id="inner"><task id="work" /></subProcess>' + LATE.format("work"))

    assert named(read, "late").attached_to == named(read, "work").number


@pytest.mark.parametrize("reference", ["", "gone", "example", "f1"])
def test_a_boundary_event_of_nothing_has_no_activity(reference: str) -> None:
    flow = '<task id="a" /><sequenceFlow id="f1" sourceRef="a" targetRef="a" />'

    assert named(process(flow + LATE.format(reference)), "late").attached_to is None


@pytest.mark.parametrize(
    "attribute, expected",
    [
        ("", True),
        ('cancelActivity="true"', True),
        ('cancelActivity=" 1 "', True),
        ('cancelActivity="false"', False),
        ('cancelActivity="0"', False),
    ],
)
def test_a_boundary_event_interrupts_unless_it_says_otherwise(attribute: str, expected: bool) -> None:
    late = LATE.format("work").replace("attachedToRef", f"{attribute} attachedToRef")

    assert named(process(late), "late").is_interrupting is expected


# Scopes and calls

NESTED = """<startEvent id="start" />
    <subProcess id="outer" name="Outer">
        <startEvent id="outerStart" />
        <subProcess id="inner"><task id="deep" /><sequenceFlow id="f4" sourceRef="deep" targetRef="deep" />
        </subProcess>
        <sequenceFlow id="f2" sourceRef="outerStart" targetRef="inner" />
    </subProcess>
    <task id="after" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="outer" />
    <sequenceFlow id="f3" sourceRef="outer" targetRef="after" />"""


def test_a_sub_process_comes_before_its_content_and_is_its_parent() -> None:
    read = process(NESTED)

    found = [
        (element.bpmn_element_id, None if element.parent is None else read.elements[element.parent].name)
        for element in read.elements
    ]
    assert found == [
        ("example", None),
        ("start", None),
        ("outer", None),
        ("outerStart", "Outer"),
        ("inner", "Outer"),
        ("deep", None),
        ("after", None),
    ]
    assert named(read, "deep").parent == named(read, "inner").number
    assert named(read, "after").parent == 0
    assert named(read, "outer").type is ElementType.SUB_PROCESS


def test_the_content_of_a_scope_is_what_stands_directly_in_it() -> None:
    read = process(NESTED)

    content = {
        scope.bpmn_element_id: [element.bpmn_element_id for element in read.content(scope)]
        for scope in read.elements
        if scope.is_scope
    }
    assert content == {
        "example": ["start", "outer", "after"],
        "outer": ["outerStart", "inner"],
        "inner": ["deep"],
    }


def test_a_flow_belongs_to_the_scope_it_is_drawn_in() -> None:
    read = process(NESTED)

    assert flows(read) == [
        ("f4", "deep", "deep"),
        ("f2", "outerStart", "inner"),
        ("f1", "start", "outer"),
        ("f3", "outer", "after"),
    ]
    scopes = [read.elements[flow.scope].bpmn_element_id for flow in read.flows]
    assert scopes == ["inner", "outer", "example", "example"]


def test_something_unsupported_in_a_sub_process_is_pointed_at() -> None:
    read = process(
        '<subProcess id="outer"><subProcess id="inner"><transaction id="x" /></subProcess></subProcess>'
    )

    assert read.unsupported == (Unsupported("x", "transaction", named(read, "inner").number),)
    assert read.pointer(read.unsupported[0].scope, "x") == "/example/outer/inner/x"


@pytest.mark.parametrize(
    "attribute, expected",
    [("", None), ('calledElement=""', None), ('calledElement="a"', "a"), ('calledElement="a:1"', "a:1")],
)
def test_a_call_activity_knows_what_it_calls(attribute: str, expected: str | None) -> None:
    assert named(process(f'<callActivity id="x" {attribute} />'), "x").called_element == expected

"""What keeps a process from running as a microflow, each fault by name and place."""

import pytest

from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.types import KINDS, Family
from chalicelib.engine.microflow_rules import runs_as_microflow
from tests.models import drawn, extended

TIMER = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"
SCRIPT = (
    '<scriptTask id="s">' + extended('<zeebe:script expression="=1" resultVariable="n"/>') + "</scriptTask>"
)


def faults(content: str, *flows: str, declared: str = "") -> list[str]:
    """Every fault as `pointer: detail`."""
    (process,) = parse(drawn("flow", content, *flows, declared=declared).encode())
    return [f"{cause.pointer}: {cause.detail}" for cause in runs_as_microflow(process)]


def boundary(definition: str, attributes: str = "") -> str:
    return f'{SCRIPT}<boundaryEvent id="x" attachedToRef="s"{attributes}>{definition}</boundaryEvent>'


def test_scripts_decisions_calls_and_time_outs_run_in_a_microflow() -> None:
    call = (
        '<callActivity id="call">' + extended('<zeebe:calledElement processId="other"/>') + "</callActivity>"
    )
    content = boundary(TIMER) + '<serviceTask id="ask"/><exclusiveGateway id="g"/>' + call

    assert faults(content, "start -> s", "s -> g", "g -> ask: =n > 1", "g -> call: =n <= 1") == []


REFUSED = [kind for kind in KINDS if not kind.in_microflow]


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.type)
def test_what_waits_or_tells_others_is_refused(kind) -> None:
    attributes = ' id="x" attachedToRef="host"' if kind.family is Family.BOUNDARY_EVENT else ' id="x"'
    definition = f"<{kind.trigger.tag}/>" if kind.trigger else ""
    element = f"<{kind.tag}{attributes}>{definition}</{kind.tag}>"

    assert faults('<task id="host"/>' + element) == [
        f"/flow/x: element x of type {kind.type} cannot run in a microflow"
    ]


OPEN = {
    "undecided": (
        '<exclusiveGateway id="x"/><task id="a"/>',
        ("start -> x", "x -> a", "x -> end"),
        "the flows of exclusive gateway x need conditions",
    ),
    "call": (
        '<callActivity id="x" calledElement="other"/>',
        (),
        "call activity x must say its binding or a mapping of variables",
    ),
    "error": (
        '<endEvent id="x"><errorEventDefinition/></endEvent>',
        (),
        "error end event x needs an error with a code",
    ),
    "no timer": (boundary("<timerEventDefinition/>"), (), "timer boundary event x needs a timer"),
    "beside": (
        boundary(TIMER, ' cancelActivity="false"'),
        (),
        "timer boundary event x must interrupt its activity: it is a time-out",
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_the_model_leaves_open_is_refused(name: str) -> None:
    content, flows, fact = OPEN[name]

    assert faults(content, *flows) == [f"/flow/x: in a microflow {fact}"]


def test_a_gateway_that_merges_needs_no_conditions() -> None:
    assert faults('<exclusiveGateway id="x"/>', "start -> x", "x -> end") == []


def test_a_microflow_begins_with_a_none_start_event() -> None:
    (process,) = parse(drawn("flow", "").replace('<startEvent id="start"/>', "").encode())

    assert [cause.detail for cause in runs_as_microflow(process)] == ["a microflow needs a none start event"]

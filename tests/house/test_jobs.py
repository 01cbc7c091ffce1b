"""Every element makes just the jobs that its behavior says, shown by small models around one element each."""

import pytest

from chalicelib.bpmn.types import KIND_OF, KINDS, ElementType, Family, Kind, Trigger
from chalicelib.engine.behaviors import BEHAVIORS
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.models import HEAD, sequence
from tests.play import Engine

FLOW = '<sequenceFlow id="{0}-{1}" sourceRef="{0}" targetRef="{1}"/>'
LINK = '<intermediate{0}Event id="link"><linkEventDefinition name="on"/></intermediate{0}Event>'
INSIDE = {ElementType.SUB_PROCESS: '<startEvent id="inside"/>'}


def model(type: ElementType) -> str:
    """A process in which a token comes to an element `x` of the type; it has two ways out, if any."""
    kind = KIND_OF[type]
    inside = INSIDE.get(type, f'<{kind.trigger.tag} name="on"/>' if kind.trigger else "")
    element = f'<{kind.tag} id="x" attachedToRef="host">{inside}</{kind.tag}>'
    content = f"{element}{_before(kind)}{_behind(kind)}"
    return f'{HEAD}<process id="p" isExecutable="true">{content}</process></definitions>'


def _before(kind: Kind) -> str:
    start = '<startEvent id="start"/>'
    if kind.family is Family.BOUNDARY_EVENT:
        return start + '<userTask id="host"/>' + FLOW.format("start", "host")
    if kind.type is ElementType.LINK_CATCH_EVENT:
        return start + LINK.format("Throw") + FLOW.format("start", "link")
    return start + FLOW.format("start", "x")


def _behind(kind: Kind) -> str:
    if kind.type is ElementType.LINK_THROW_EVENT:
        return LINK.format("Catch")
    if kind.family is Family.END_EVENT:
        return ""
    event = '<intermediateCatchEvent id="{0}"><signalEventDefinition/></intermediateCatchEvent>'
    behind = event if kind.type is ElementType.EVENT_BASED_GATEWAY else '<task id="{0}"/>'
    return "".join(behind.format(id) + FLOW.format("x", id) for id in ("one", "two"))


def jobs_of(type: ElementType, **definitions: object) -> set[str]:
    """The types of the jobs that an element makes on its walk, until it is asked for nothing more."""
    engine = Engine(MemoryItems(), Settings(set_time=True))
    engine.deploy_xml(sequence("child", 0))
    order = engine.start(engine.deploy_xml(model(type), **definitions))
    while any(job["type"] == "CALL_PROCESS" and job["state"] != "DONE" for job in order.jobs("x")):
        order.complete_job("x", completion={"calledProcess": {"bpmnProcessId": "child"}})
    return {job["type"] for job in order.jobs("x")}


TYPES = [kind.type for kind in KINDS if kind.family not in (Family.PROCESS, Family.START_EVENT)]


@pytest.mark.parametrize("type", TYPES)
def test_element_makes_the_jobs_that_its_behavior_says(type: ElementType) -> None:
    made = jobs_of(type)
    if KIND_OF[type].trigger is Trigger.MESSAGE:
        made |= jobs_of(type, messages=[{"bpmnElementId": "x", "messageName": "paid"}])

    assert made == set(BEHAVIORS[type].jobs)


@pytest.mark.parametrize("type", [kind.type for kind in KINDS if kind.type not in TYPES])
def test_process_and_start_events_have_no_jobs(type: ElementType) -> None:
    assert BEHAVIORS[type].jobs == ()

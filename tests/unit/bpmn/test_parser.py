"""What a well-drawn file means: elements, flows, pools; what is ignored and what is kept as unsupported."""

import pytest

from chalicelib.bpmn.errors import InvalidModel
from chalicelib.bpmn.model import Element, SequenceFlow, Unsupported
from chalicelib.bpmn.parser import find, parse
from chalicelib.bpmn.types import KINDS, ElementType, Kind

from .models import definitions, faults, fixture, flows, process


def test_elements_and_flows_are_numbered_in_document_order() -> None:
    service = parse(fixture("task/service.bpmn"))[0]

    assert service.elements == (
        Element(0, "serviceTest", ElementType.PROCESS),
        Element(1, "startEvent", ElementType.NONE_START_EVENT, parent=0),
        Element(2, "serviceTask", ElementType.SERVICE_TASK, parent=0),
        Element(3, "endEvent", ElementType.NONE_END_EVENT, parent=0),
    )
    assert service.flows == (SequenceFlow(0, "f1", 1, 2), SequenceFlow(1, "f2", 2, 3))


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.tag != "process"], ids=lambda kind: kind.type
)
def test_every_kind_is_read(kind: Kind) -> None:
    definition = f"<{kind.trigger.tag} />" if kind.trigger else ""

    read = process(f'<{kind.tag} id="x" name="X">{definition}</{kind.tag}>')

    element = read.elements[1]
    assert (element.bpmn_element_id, element.type, element.name) == ("x", kind.type, "X")
    assert (element.number, element.parent) == (1, 0)
    assert not read.unsupported


def test_triggers_are_spelled_as_in_bpmn() -> None:
    """By hand: a table that is read by itself would always be right."""
    tags = {kind.trigger.tag for kind in KINDS if kind.trigger}

    assert tags == {
        "errorEventDefinition",
        "escalationEventDefinition",
        "linkEventDefinition",
        "messageEventDefinition",
        "signalEventDefinition",
        "timerEventDefinition",
    }


def test_names_and_default_flow_are_kept_and_empty_ones_are_none() -> None:
    read = process('<task id="a" name="" default="" /><task id="b" name="Pack &amp; ship" default="f1" />')

    assert [(element.name, element.default_flow) for element in read.elements[1:]] == [
        (None, None),
        ("Pack & ship", "f1"),
    ]


@pytest.mark.parametrize("text, expected", [("true", True), (" 1 ", True), ("false", False), ("0", False)])
def test_a_process_is_executable_only_if_it_says_so(text: str, expected: bool) -> None:
    assert process(attributes=f'id="example" isExecutable="{text}"').is_executable is expected


def test_a_process_that_does_not_say_whether_it_is_executable_is_not() -> None:
    assert not process(attributes='id="example"').is_executable


def test_each_process_of_a_file_knows_its_pool() -> None:
    order, delivery = parse(fixture("process/two-in-one-file.bpmn"))

    assert (order.bpmn_collaboration_id, order.bpmn_participant_id, order.bpmn_participant_name) == (
        "shop",
        "orderPool",
        "Order",
    )
    assert (delivery.bpmn_participant_id, delivery.bpmn_participant_name) == ("deliveryPool", "Delivery")


def test_a_pool_may_stand_behind_its_process_and_name_it_with_a_prefix() -> None:
    pool = '<collaboration id="c"><participant id="p" processRef="tns:example" /></collaboration>'

    read = parse(definitions('<process id="example" />' + pool))[0]

    assert (read.bpmn_collaboration_id, read.bpmn_participant_id, read.bpmn_participant_name) == (
        "c",
        "p",
        None,
    )


def test_of_several_pools_with_one_process_the_first_counts() -> None:
    pools = '<participant id="p1" processRef="example" /><participant id="p2" processRef="example" />'

    read = parse(definitions(f'<collaboration id="c">{pools}</collaboration><process id="example" />'))[0]

    assert read.bpmn_participant_id == "p1"


def test_a_process_without_pool_has_no_participant() -> None:
    assert process().bpmn_collaboration_id is None
    assert process().bpmn_participant_id is None


def test_find_answers_the_process_with_the_id() -> None:
    processes = parse(fixture("process/two-in-one-file.bpmn"))

    assert find(processes, "deliveryTest") is processes[1]


@pytest.mark.parametrize(
    "ids, listed",
    [(["exampleProcess"], "[exampleProcess]"), (["a", "b"], "[a b]"), ([], "[]")],
)
def test_find_names_the_processes_that_are_there(ids: list[str], listed: str) -> None:
    processes = parse(definitions("".join(f'<process id="{name}" />' for name in ids)))

    with pytest.raises(InvalidModel) as error:
        find(processes, "example")

    assert error.value.detail == f"BPMN model has no process example, but {listed}"


def test_find_refuses_to_choose_between_processes_of_the_same_id() -> None:
    processes = parse(definitions('<process id="example" /><process id="example" />'))

    with pytest.raises(InvalidModel, match="BPMN model has 2 processes example"):
        find(processes, "example")


def test_a_file_as_a_modeler_saves_it_is_read_without_complaint() -> None:
    order = parse(fixture("process/order-as-modeler.bpmn"))[0]

    assert not faults(order)
    assert order.bpmn_participant_name == "Shop"
    assert flows(order) == [
        ("toInStock", "ordered", "inStock"),
        ("yes", "inStock", "bill"),
        ("no", "inStock", "produce"),
        ("produced", "produce", "bill"),
        ("toBilled", "bill", "billed"),
    ]


IGNORED_IN_A_PROCESS = [
    "association",
    "auditing",
    "category",
    "dataObject",
    "dataObjectReference",
    "dataStore",
    "dataStoreReference",
    "documentation",
    "extensionElements",
    "group",
    "import",
    "ioSpecification",
    "itemDefinition",
    "laneSet",
    "messageFlow",
    "monitoring",
    "property",
    "textAnnotation",
]


@pytest.mark.parametrize("tag", IGNORED_IN_A_PROCESS)
def test_drawing_and_data_in_a_process_are_ignored(tag: str) -> None:
    read = process(f'<{tag} id="x"><{tag} /><task id="inside" /></{tag}><task id="a" />')

    assert [element.bpmn_element_id for element in read.elements] == ["example", "a"]
    assert not read.unsupported


IGNORED_IN_AN_ELEMENT = [
    "auditing",
    "dataInput",
    "dataInputAssociation",
    "dataOutput",
    "dataOutputAssociation",
    "documentation",
    "extensionElements",
    "incoming",
    "inputSet",
    "ioSpecification",
    "monitoring",
    "outgoing",
    "outputSet",
    "property",
    "script",
]


@pytest.mark.parametrize("tag", IGNORED_IN_AN_ELEMENT)
def test_data_and_remarks_in_an_element_are_ignored(tag: str) -> None:
    read = process(f'<scriptTask id="a"><{tag}><standardLoopCharacteristics /></{tag}></scriptTask>')

    assert [element.bpmn_element_id for element in read.elements] == ["example", "a"]
    assert not read.unsupported


@pytest.mark.parametrize(
    "tag",
    [
        "category",
        "dataStore",
        "error",
        "escalation",
        "import",
        "itemDefinition",
        "message",
        "signal",
        "interface",
        "resource",
    ],
)
def test_definitions_beside_the_process_are_ignored(tag: str) -> None:
    read = parse(definitions(f'<{tag} id="x" /><process id="example" isExecutable="true" />'))[0]

    assert not faults(read)


REFUSED_ELEMENTS = [
    "adHocSubProcess",
    "boundaryEvent",
    "callChoreography",
    "choreographyTask",
    "complexGateway",
    "correlationSubscription",
    "globalTask",
    "implicitThrowEvent",
    "intermediateCatchEvent",
    "performer",
    "process",
    "receiveTask",
    "subChoreography",
    "transaction",
    "somethingNew",
]


@pytest.mark.parametrize("tag", REFUSED_ELEMENTS)
def test_an_element_that_cannot_be_executed_is_kept_by_name(tag: str) -> None:
    read = process(f'<{tag} id="x"><incoming>f1</incoming></{tag}>')

    assert read.unsupported == (Unsupported("x", tag, 0),)
    assert len(read.elements) == 1


REFUSED_EVENTS = {
    "startEvent": ["error", "escalation"],
    "intermediateCatchEvent": ["error", "escalation"],
    "intermediateThrowEvent": ["error", "timer"],
    "endEvent": ["link", "timer"],
    "boundaryEvent": ["link"],
}
"""By position, what BPMN knows no such event for; and everywhere what this engine does not execute."""

NEVER = ["cancel", "compensate", "conditional", "terminate"]


@pytest.mark.parametrize(
    "tag, definition",
    [(tag, name) for tag, names in REFUSED_EVENTS.items() for name in [*names, *NEVER]],
)
def test_an_event_that_cannot_be_executed_is_kept_with_its_definition(tag: str, definition: str) -> None:
    read = process(f'<{tag} id="x"><{definition}EventDefinition id="y" /></{tag}>')

    assert read.unsupported == (Unsupported("x", f"{tag}/{definition}EventDefinition", 0),)
    assert len(read.elements) == 1, "an event with a trigger is no none event"


@pytest.mark.parametrize("tag", REFUSED_EVENTS)
def test_an_event_that_refers_to_its_definition_is_kept_by_name(tag: str) -> None:
    read = process(f'<{tag} id="x"><eventDefinitionRef>y</eventDefinitionRef></{tag}>')

    assert read.unsupported == (Unsupported("x", f"{tag}/eventDefinitionRef", 0),)


def test_an_event_with_several_definitions_names_each() -> None:
    read = process('<endEvent id="x"><errorEventDefinition /><signalEventDefinition /></endEvent>')

    assert [part.tag for part in read.unsupported] == [
        "endEvent/errorEventDefinition",
        "endEvent/signalEventDefinition",
    ]


@pytest.mark.parametrize(
    "attributes, content, tag",
    [
        ("", "<multiInstanceLoopCharacteristics />", "serviceTask/multiInstanceLoopCharacteristics"),
        ("", "<standardLoopCharacteristics />", "serviceTask/standardLoopCharacteristics"),
        ("", "<potentialOwner /><potentialOwner />", "serviceTask/potentialOwner"),
        ("", "<somethingNew />", "serviceTask/somethingNew"),
        ('isForCompensation="true"', "", "serviceTask/isForCompensation"),
        ('startQuantity="2"', "", "serviceTask/startQuantity"),
        ('completionQuantity="2"', "", "serviceTask/completionQuantity"),
    ],
)
def test_a_task_that_behaves_in_an_unknown_way_is_kept_by_name(
    attributes: str, content: str, tag: str
) -> None:
    read = process(f'<serviceTask id="x" {attributes}>{content}</serviceTask>')

    assert read.unsupported == (Unsupported("x", tag, 0),)


@pytest.mark.parametrize(
    "xml, tag",
    [
        ('<subProcess id="x" triggeredByEvent="true" />', "subProcess/triggeredByEvent"),
        ('<subProcess id="x" triggeredByEvent=" 1 " />', "subProcess/triggeredByEvent"),
        (
            '<subProcess id="x"><multiInstanceLoopCharacteristics /></subProcess>',
            "subProcess/multiInstanceLoopCharacteristics",
        ),
        (
            '<subProcess id="x"><standardLoopCharacteristics /></subProcess>',
            "subProcess/standardLoopCharacteristics",
        ),
        (
            '<callActivity id="x"><multiInstanceLoopCharacteristics /></callActivity>',
            "callActivity/multiInstanceLoopCharacteristics",
        ),
        (
            '<intermediateCatchEvent id="x" parallelMultiple="true"><signalEventDefinition />'
            "</intermediateCatchEvent>",
            "intermediateCatchEvent/parallelMultiple",
        ),
        ('<eventBasedGateway id="x" instantiate="true" />', "eventBasedGateway/instantiate"),
        ('<eventBasedGateway id="x" eventGatewayType="Parallel" />', "eventBasedGateway/eventGatewayType"),
    ],
)
def test_what_changes_how_an_element_behaves_is_kept_by_name(xml: str, tag: str) -> None:
    assert process(xml).unsupported == (Unsupported("x", tag, 0),)


def test_attributes_that_say_the_usual_are_fine() -> None:
    usual = 'isForCompensation="false" startQuantity="1" completionQuantity="1" implementation="##WebService"'

    assert not process(f'<serviceTask id="x" {usual} />').unsupported


@pytest.mark.parametrize(
    "xml",
    [
        '<subProcess id="x" triggeredByEvent="false" />',
        '<subProcess id="x" triggeredByEvent="0" />',
        '<eventBasedGateway id="x" instantiate="false" eventGatewayType="Exclusive" />',
        '<startEvent id="x" parallelMultiple="false" isInterrupting="true" />',
    ],
)
def test_attributes_of_events_and_scopes_that_say_the_usual_are_fine(xml: str) -> None:
    assert not process(xml).unsupported


SPLIT = """<exclusiveGateway id="split" default="f2" /><task id="a" /><task id="b" />
    <sequenceFlow id="f2" sourceRef="split" targetRef="b">
        <conditionExpression>x</conditionExpression>
    </sequenceFlow>
    <sequenceFlow id="f1" sourceRef="split" targetRef="a">{}</sequenceFlow>"""


def test_a_condition_is_the_text_of_its_element() -> None:
    read = process(SPLIT.format("<conditionExpression> amount &gt; <![CDATA[10]]> </conditionExpression>"))

    assert read.flows[1].condition == "amount > 10"
    assert not read.unsupported


@pytest.mark.parametrize("vendor", ["", '<acme:remark xmlns:acme="urn:acme">why</acme:remark>'])
def test_only_the_text_of_the_condition_itself_counts(vendor: str) -> None:
    condition = f"what<conditionExpression>{vendor}amount</conditionExpression>"

    assert process(SPLIT.format(condition)).flows[1].condition == "amount"


def test_a_condition_on_a_default_flow_is_ignored() -> None:
    read = process(SPLIT.format(""))

    assert read.flows[0].condition is None
    assert not read.unsupported


def test_an_empty_condition_is_none() -> None:
    read = process(SPLIT.format("<conditionExpression> </conditionExpression>"))

    assert read.flows[1].condition is None
    assert not read.unsupported


def test_something_unknown_in_a_flow_is_kept_by_name() -> None:
    assert process(SPLIT.format("<somethingNew />")).unsupported == (
        Unsupported("f1", "sequenceFlow/somethingNew", 0),
    )


def test_vendor_extensions_are_ignored_wherever_they_stand() -> None:
    vendor = '<acme:task xmlns:acme="urn:acme" id="x"><task id="y" /></acme:task>'
    task = f'<serviceTask id="a" acme:default="f9" xmlns:acme="urn:acme">{vendor}</serviceTask>'
    flow = f'<sequenceFlow id="f1" sourceRef="a" targetRef="a">{vendor}</sequenceFlow>'

    read = process(vendor + task + flow)

    assert [(element.bpmn_element_id, element.default_flow) for element in read.elements] == [
        ("example", None),
        ("a", None),
    ]
    assert not read.unsupported


def test_flows_of_an_unsupported_element_are_not_called_loose() -> None:
    unsupported = parse(fixture("invalid/unsupported.bpmn"))[0]

    assert faults(unsupported) == [
        "/unsupportedTest/stockIsLow: BPMN element stockIsLow is not supported: "
        "startEvent/conditionalEventDefinition",
        "/unsupportedTest/approve: BPMN element approve is not supported: receiveTask",
        "/unsupportedTest/ship: BPMN element ship is not supported: "
        "serviceTask/multiInstanceLoopCharacteristics",
        "/unsupportedTest/pack: BPMN element pack is not supported: transaction",
        "/unsupportedTest/undo: BPMN element undo is not supported: boundaryEvent/compensateEventDefinition",
    ]


def test_flows_into_an_unsupported_sub_process_are_not_called_loose() -> None:
    read = process(
        '<transaction id="pack"><task id="fold" /></transaction><task id="a" />'
        '<sequenceFlow id="f1" sourceRef="a" targetRef="fold" />'
    )

    assert faults(read) == ["/example/pack: BPMN element pack is not supported: transaction"]

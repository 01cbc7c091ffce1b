"""What each dialect says of the same order fulfilment, and what is left out."""

from dataclasses import fields

import pytest

from chalicelib.bpmn.dialects import ROWS
from chalicelib.bpmn.extension import NOTHING_ADDED, Extension, is_expression, literal
from chalicelib.bpmn.model import Element, Process
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.retries import Retries, retries_of
from chalicelib.bpmn.types import ElementType

from .models import fixture

DIALECTS = ("zeebe", "camunda", "bpmn")
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"


def drawn(dialect: str) -> dict[str, Element]:
    (process,) = parse(fixture(f"dialect/{dialect}.bpmn"))
    assert not process.unsupported
    return {element.bpmn_element_id: element for element in process.elements}


def read(content: str, beside: str = "") -> Process:
    xml = (
        f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:z="{ZEEBE}" '
        f'xmlns:c="{CAMUNDA}" xmlns:x="urn:x">{beside}<process id="p" isExecutable="true">{content}</process>'
        "</definitions>"
    )
    (process,) = parse(xml.encode())
    return process


def extension(content: str, attributes: str = "") -> Extension:
    added = f"<extensionElements>{content}</extensionElements>"
    return read(f'<userTask id="t" {attributes}>{added}</userTask>').elements[1].extension


def retries(text: str) -> Retries | None:
    return retries_of(Element(1, "t", ElementType.SERVICE_TASK, extension=Extension(retries=text)))


def test_zeebe_says_it_by_elements() -> None:
    elements = drawn("zeebe")

    assert elements["reserve"].extension == Extension(
        work_type="reserve",
        retries="2",
        headers=(("warehouse", "north"), ("carrier", "post")),
        inputs=(("items", "=order.items"),),
        outputs=(("reservationId", "=reservation.id"),),
    )
    assert elements["approve"].extension == Extension(
        assignee="ann",
        candidate_users="ann, bob",
        candidate_groups="sales",
        due_date="2030-02-01T12:00:00+01:00",
        follow_up_date="=order.followUp",
        priority="80",
        form_key="approve-order",
    )
    assert elements["deliver"].called_element == "delivery"
    assert elements["deliver"].extension == Extension(
        called_process="delivery", called_binding="versionTag", called_version="2", passes_all_out="false"
    )
    assert elements["price"].extension == Extension(
        work_type="price", decision="discount", result_variable="discount"
    )
    assert elements["thank"].extension == Extension(
        script='="Dear " + customer.name', result_variable="letter", properties=(("tone", "warm"),)
    )


def test_camunda_says_it_by_attributes() -> None:
    elements = drawn("camunda")

    assert elements["reserve"].extension == Extension(
        work_type="reserve",
        retries="R2/PT10S",
        headers=(("warehouse", "north"), ("carrier", "post")),
        inputs=(("items", "${order.items}"),),
        outputs=(("reservationId", "${reservation.id}"),),
        properties=(("warehouse", "north"), ("carrier", "post")),
    ), "a map in place of a text is left out"
    assert elements["approve"].extension == Extension(
        assignee="ann",
        candidate_users="ann, bob",
        candidate_groups="sales",
        due_date="2030-02-01T11:00:00Z",
        follow_up_date="${order.followUp}",
        priority="80",
        form_key="approve-order",
    )
    assert elements["deliver"].called_element == "delivery"
    assert elements["deliver"].extension == Extension(
        called_binding="version",
        called_version="2",
        called_key="${order.id}",
        passes_all_out="true",
        called_inputs=(("to", "=address"), ("items", "${order.items}")),
    )
    assert elements["price"].extension == Extension(
        work_type="price", decision="discount", result_variable="discount"
    )
    assert elements["thank"].extension == Extension(
        script="Dear ${customer.name}", script_format="juel", result_variable="letter"
    )


def test_bpmn_itself_names_people_and_scripts() -> None:
    elements = drawn("bpmn")

    assert elements["approve"].extension == Extension(
        assignee="ann", candidate_users="ann, bob", candidate_groups="sales"
    )
    assert elements["thank"].extension == Extension(script='"Dear " + customer.name', script_format="feel")
    assert elements["reserve"].extension is NOTHING_ADDED


def test_every_field_has_a_row() -> None:
    assert {row.field for row in ROWS} == {field.name for field in fields(Extension)}


def test_what_is_of_no_known_dialect_is_left_out() -> None:
    content = '<x:taskDefinition type="a" /><serviceTask id="b" /><z:unknown type="c"><x:y /></z:unknown>'

    assert extension(content, 'x:topic="d" topic="e" c:class="f" c:delegateExpression="${g}"') == Extension()


def test_the_first_row_counts_where_dialects_differ() -> None:
    said = extension('<z:assignmentDefinition assignee="ann" />', 'c:assignee="bob" c:priority="1"')

    assert said == Extension(assignee="ann", priority="1")


def test_empty_texts_say_nothing() -> None:
    assert extension(
        '<z:taskDefinition type=" " /><z:taskHeaders><z:header key="" value="a" /></z:taskHeaders>'
    ) == (Extension())


def test_several_owners_are_all_candidates() -> None:
    owners = "".join(
        "<potentialOwner><resourceAssignmentExpression><formalExpression>"
        f"{text}</formalExpression></resourceAssignmentExpression></potentialOwner>"
        for text in ("sales, user(ann)", "group(office)")
    )
    said = read(f'<userTask id="t">{owners}</userTask>').elements[1].extension

    assert said == Extension(candidate_users="ann", candidate_groups="sales, office")


def test_the_correlation_key_stands_with_the_message() -> None:
    subscription = '<extensionElements><z:subscription correlationKey="=orderId" /></extensionElements>'
    process = read(
        '<intermediateCatchEvent id="e"><messageEventDefinition messageRef="m" /></intermediateCatchEvent>',
        f'<message id="m" name="paid">{subscription}</message>',
    )

    assert process.elements[1].extension == Extension(correlation_key="=orderId")
    assert process.elements[1].event is not None
    assert process.elements[1].event.name == "paid"


def test_a_topic_may_stand_with_the_event_definition() -> None:
    process = read('<endEvent id="e"><messageEventDefinition c:type="external" c:topic="mail" /></endEvent>')

    assert process.elements[1].work_type == "mail"


def test_extensions_of_a_scope_are_its_own() -> None:
    inner = '<task id="t"><extensionElements><z:taskDefinition type="a" /></extensionElements></task>'
    process = read(f'<subProcess id="s"><extensionElements/>{inner}</subProcess>')

    assert [element.work_type for element in process.elements] == [None, None, "a"]


def test_a_condition_has_a_language() -> None:
    flow = '<sequenceFlow id="f"><conditionExpression language="feel">a</conditionExpression></sequenceFlow>'
    (found,) = read(flow).flows

    assert (found.condition, found.language) == ("a", "feel")


@pytest.mark.parametrize("text", ["=a", "${a}", "at ${a}", "#{a}"])
def test_expressions_do_not_mean_themselves(text: str) -> None:
    assert is_expression(text)
    assert literal(text) is None


def test_other_texts_do() -> None:
    assert literal("a = b {c} $") == "a = b {c} $"
    assert literal(None) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3", Retries(3)),
        ("0", Retries(0)),
        ("R3/PT10S", Retries(3, "PT10S")),
        ("R5/P1D", Retries(5, "P1D")),
    ],
)
def test_retries_are_a_number_or_a_repeating_interval(text: str, found: Retries) -> None:
    assert retries(text) == found


@pytest.mark.parametrize("text", ["", "=n", "-1", "R/PT10S", "R3/soon", "PT10S", "PT10S,PT1M", "12345678901"])
def test_what_means_no_number_says_nothing(text: str) -> None:
    assert retries(text) is None

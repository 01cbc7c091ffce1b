"""Files found in the wild: what is wrong with the XML and still says what is meant."""

import pytest

from chalicelib.bpmn.parser import parse

from .models import NAMESPACE, definitions, faults, flows, process, refusal

CONTENT = """<{0}process id="example" isExecutable="true"><{0}startEvent id="a" /><{0}endEvent id="b" />
    <{0}sequenceFlow id="f1" sourceRef="a" targetRef="b" /></{0}process>"""

SPELLINGS = {
    "default namespace": f'<definitions xmlns="{NAMESPACE}">{CONTENT.format("")}</definitions>',
    "no namespace": f"<definitions>{CONTENT.format('')}</definitions>",
    "another namespace": f'<definitions xmlns="urn:other">{CONTENT.format("")}</definitions>',
    "any prefix": f'<x:definitions xmlns:x="{NAMESPACE}">{CONTENT.format("x:")}</x:definitions>',
    "prefix of another namespace": f'<x:definitions xmlns:x="urn:o">{CONTENT.format("x:")}</x:definitions>',
    "undeclared prefix": f"<bpmn:definitions>{CONTENT.format('bpmn:')}</bpmn:definitions>",
    "undeclared prefix inside": f'<definitions xmlns="{NAMESPACE}">{CONTENT.format("bpmn2:")}</definitions>',
    "root without namespace": f'<definitions xmlns:x="{NAMESPACE}">{CONTENT.format("x:")}</definitions>',
    "byte order mark": f"\ufeff<definitions>{CONTENT.format('')}</definitions>",
    "white space before the declaration": f'\n <?xml version="1.0"?><d>{CONTENT.format("")}</d>',
    "encoding of another time": f'<?xml version="1.0" encoding="UTF-16"?><d>{CONTENT.format("")}</d>',
    "unknown encoding, but UTF-8": f'<?xml version="1.0" encoding="klingon"?><d>{CONTENT.format("")}</d>',
    "comments and instructions": f"<!-- a --><?b c?><d><!-- < -->{CONTENT.format('')}</d><!-- e -->",
}


@pytest.mark.parametrize("xml", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_every_spelling_means_the_same(xml: str) -> None:
    read = parse(xml.encode())[0]

    assert flows(read) == [("f1", "a", "b")]
    assert not faults(read)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_an_encoding_is_read_as_declared(encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?><d><process id="example" name="Pr\xfcfung" /></d>'

    assert parse(xml.encode(encoding))[0].elements[0].name == "Pr\xfcfung"


def test_text_that_came_as_utf_8_is_utf_8_whatever_it_declares() -> None:
    xml = '<?xml version="1.0" encoding="ISO-8859-1"?><d><process id="example" name="Pr\xfcfung" /></d>'

    assert parse(xml.encode())[0].elements[0].name == "Pr\xfcfung"


@pytest.mark.parametrize(
    "tail", ["<d/>", "x", "</x:d>", "<!DOCTYPE d>", "<", "&x;"], ids=lambda tail: tail.strip("<>/&;")
)
def test_an_undeclared_prefix_hides_no_other_fault(tail: str) -> None:
    error = refusal(b"<x:d><x:process id='example' /></x:d>" + tail.encode())

    assert error is not None
    assert error.detail == "BPMN XML is invalid: XML is invalid"


@pytest.mark.parametrize(
    "xml",
    ["<x:d><y:e></x:d>", "<x:d>", "<x:d></y:d>", "<x:d a='1' a='2' />", "<x:d>" + "<y:e/>" * 300 + "<f>"],
)
def test_undeclared_prefixes_do_not_make_malformed_xml_good(xml: str) -> None:
    error = refusal(xml.encode())

    assert error is not None
    assert error.detail == "BPMN XML is invalid: XML is invalid"


def test_an_attribute_with_a_declared_prefix_is_none_of_ours() -> None:
    read = process('<task xmlns:v="urn:v" v:id="other" id="a" v:default="f9" />')

    assert (read.elements[1].bpmn_element_id, read.elements[1].default_flow) == ("a", None)


NAMING = """<task id="a"><outgoing> f1 </outgoing></task><task id="b"><incoming>{0}f1</incoming></task>
    <sequenceFlow id="f1" {1} />"""


@pytest.mark.parametrize("prefix", ["", "tns:"])
@pytest.mark.parametrize(
    "references",
    [
        "",
        'sourceRef="gone" targetRef="gone"',
        'sourceRef="" targetRef=""',
        'sourceRef="a"',
        'targetRef="b"',
        'sourceRef="example" targetRef="f1"',
    ],
)
def test_where_a_reference_names_no_element_the_elements_name_the_flow(references: str, prefix: str) -> None:
    read = process(NAMING.format(prefix, references))

    assert flows(read) == [("f1", "a", "b")]
    assert not faults(read)


def test_a_reference_that_names_an_element_counts_whatever_the_elements_say() -> None:
    read = process(NAMING.format("", 'sourceRef="b" targetRef="a"'))

    assert flows(read) == [("f1", "b", "a")]


def test_what_unsupported_elements_say_about_flows_counts_too() -> None:
    read = process(
        '<receiveTask id="a"><outgoing>f1</outgoing></receiveTask>'
        '<receiveTask id="b"><incoming>f1</incoming></receiveTask>'
        '<sequenceFlow id="f1" />'
    )

    assert faults(read) == [
        "/example/a: BPMN element a is not supported: receiveTask",
        "/example/b: BPMN element b is not supported: receiveTask",
    ]


def test_incoming_and_outgoing_of_the_process_are_ignored() -> None:
    read = process('<incoming>f1</incoming><outgoing>f1</outgoing><task id="a" /><sequenceFlow id="f1" />')

    assert flows(read) == [("f1", None, None)]
    assert not read.unsupported


def test_the_order_of_children_does_not_matter() -> None:
    read = process(
        '<sequenceFlow id="f1" sourceRef="a" targetRef="b" /><endEvent id="b"><outgoing /><documentation />'
        '</endEvent><startEvent id="a" />'
    )

    assert flows(read) == [("f1", "a", "b")]
    assert not faults(read)


def test_processes_are_found_beside_anything() -> None:
    xml = definitions('<message id="m" /><process id="a" /><collaboration id="c" /><process id="b" />')

    assert [read.bpmn_process_id for read in parse(xml)] == ["a", "b"]


def test_xml_that_is_no_bpmn_has_no_process() -> None:
    assert parse(b"<html><body><process id='example' /></body></html>") == []

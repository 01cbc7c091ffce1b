"""Files that want to hurt: each gets a clear answer, quickly."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.bpmn.errors import InvalidModel
from chalicelib.bpmn.parser import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, MAX_ID, parse
from chalicelib.bpmn.rules import MAX_CAUSES, check, validate

from .models import definitions, fixture, process, refusal

MALFORMED = "XML is invalid"
DOCUMENT_TYPE = "XML has a document type declaration"
TOO_DEEP = f"XML is nested deeper than {MAX_DEPTH} levels"
TOO_MANY = f"XML has more than {MAX_ELEMENTS} elements"

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION = f'<!DOCTYPE d [<!ENTITY l0 "lol">{LAUGHS}]>'
FULL = MAX_BYTES - 100

HOSTILE = {
    "nothing": (b"", "XML is empty"),
    "white space": (b" \r\n\t", "XML is empty"),
    "byte order mark": (b"\xef\xbb\xbf \n", "XML is empty"),
    "no XML": (b"{}", MALFORMED),
    "only a comment": (b"<!-- nothing -->", MALFORMED),
    "unclosed": (b"<definitions><process>", MALFORMED),
    "mismatched": (fixture("invalid/malformed.bpmn"), MALFORMED),
    "two roots": (b"<definitions /><definitions />", MALFORMED),
    "billion laughs": (f"{BILLION}<d>&l9;</d>".encode(), DOCUMENT_TYPE),
    "billion laughs in an attribute": (f'{BILLION}<d a="&l9;" />'.encode(), DOCUMENT_TYPE),
    "external entity": (fixture("invalid/document-type.bpmn"), DOCUMENT_TYPE),
    "external document type": (b'<!DOCTYPE d SYSTEM "http://localhost:1/d.dtd"><d />', DOCUMENT_TYPE),
    "many entities": (b"<!DOCTYPE d [" + b'<!ENTITY a "b">' * 300_000 + b"]><d />", DOCUMENT_TYPE),
    "undeclared entity": (b"<d>&nothing;</d>", MALFORMED),
    "deep": (b"<d>" * 100_000, TOO_DEEP),
    "deep and closed": (b"<d>" * 101 + b"</d>" * 101, TOO_DEEP),
    "deep in an extension": (
        definitions("<extensionElements>" * 100 + "</extensionElements>" * 100),
        TOO_DEEP,
    ),
    "many elements": (b"<d>" + b"<e/>" * (FULL // 4) + b"</d>", TOO_MANY),
    "many foreign elements": (b'<d xmlns:f="f">' + b"<f:e/>" * (FULL // 6) + b"</d>", TOO_MANY),
    "large": (b"<d>" + b" " * MAX_BYTES + b"</d>", f"XML is larger than {MAX_BYTES} bytes"),
    "long id": (
        definitions(f'<process id="{"x" * 300}" />'),
        f"XML has an ID longer than {MAX_ID} characters",
    ),
    "long name": (b"<" + b"d" * FULL + b" />", MALFORMED),
    "null byte": (b"<d>\x00</d>", MALFORMED),
    "null bytes": (b"\x00" * 1000, MALFORMED),
    "control character": (b"<d>\x01</d>", MALFORMED),
    "broken UTF-8": (b"<d>\xff\xfe</d>", MALFORMED),
    "lone surrogate": (b"<d>\xed\xa0\x80</d>", MALFORMED),
    "unknown encoding": (b'<?xml version="1.0" encoding="klingon"?><d>\xff</d>', MALFORMED),
    "encoding that does not fit": (b'<?xml version="1.0" encoding="UTF-16"?><d>\xff</d>', MALFORMED),
    "cut UTF-16": ("<d>\xfc</d>".encode("utf-16")[:-3], MALFORMED),
    "undeclared prefix in an encoding of many bytes": (
        b'<?xml version="1.0" encoding="EUC-JP"?><x:d>\xa4\xa2</x:d>',
        MALFORMED,
    ),
    "undeclared prefix in an encoding of the past": (
        b'<?xml version="1.0" encoding="NEXTSTEP"?><x:d>\xa4\xa2</x:d>',
        MALFORMED,
    ),
    "UTF-16 without mark": ("<d></d>".encode("utf-16-le"), MALFORMED),
    "document type in UTF-16": ("<!DOCTYPE d><d>\xfc</d>".encode("utf-16"), DOCUMENT_TYPE),
    "document type in UTF-32": ("<!DOCTYPE d><d>\xfc</d>".encode("utf-32"), DOCUMENT_TYPE),
    "repeated attributes": (b"<d " + b'a="1" ' * (FULL // 6) + b"/>", MALFORMED),
    "compressed": (b"\x1f\x8b\x08\x00" + b"\x00" * 100, MALFORMED),
}

LARGE_BUT_FINE = {
    "attributes": b"<d " + b" ".join(b'a%d=""' % n for n in range(400_000)) + b"/>",
    "namespaces": b"<d " + b" ".join(b'xmlns:a%d="a"' % n for n in range(250_000)) + b"/>",
    "text": b"<d>" + b"x" * FULL + b"</d>",
    "character references": b"<d>" + b"&lt;" * (FULL // 4) + b"</d>",
    "empty sections": b"<d>" + b"<![CDATA[]]>" * (FULL // 12) + b"</d>",
    "comments": b"<d>" + b"<!---->" * (FULL // 7) + b"</d>",
    "undeclared prefixes": b"<d>" + b"".join(b"<x%d:e/>" % n for n in range(90_000)) + b"</d>",
    "flows at one task": b"<d><process id='p'><task id='t'/>"
    + b"".join(b"<sequenceFlow id='f%d' sourceRef='t' targetRef='t'/>" % n for n in range(75_000))
    + b"</process></d>",
}


def seconds_to_parse(xml: bytes) -> float:
    """Processor time of this process, which other programs do not disturb."""
    start = time.process_time()
    refusal(xml)
    return time.process_time() - start


@pytest.mark.parametrize("xml, fact", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gets_a_clear_answer_quickly(xml: bytes, fact: str) -> None:
    start = time.process_time()
    error = refusal(xml)
    seconds = time.process_time() - start

    assert error is not None
    assert error.detail == f"BPMN XML is invalid: {fact}"
    assert seconds < 10, "what grows with the square of the file takes minutes"


@pytest.mark.parametrize("xml", LARGE_BUT_FINE.values(), ids=LARGE_BUT_FINE.keys())
def test_a_flood_that_says_nothing_is_read_quickly(xml: bytes) -> None:
    assert seconds_to_parse(xml) < 3


def test_a_real_model_of_five_mebibytes_is_read_in_time() -> None:
    task = """
        <serviceTask id="Activity_{0:07}" name="Do something useful number {0}">
          <extensionElements><acme:topic xmlns:acme="urn:acme" name="useful" /></extensionElements>
          <incoming>Flow_{0:07}</incoming>
          <outgoing>Flow_{1:07}</outgoing>
        </serviceTask>
        <sequenceFlow id="Flow_{1:07}" sourceRef="Activity_{0:07}" targetRef="Activity_{1:07}" />"""
    tasks = "".join(task.format(n, n + 1) for n in range(12_000))
    xml = definitions(f'<process id="p">{tasks}<endEvent id="Activity_0012000" /></process>')
    assert MAX_BYTES * 0.9 < len(xml) < MAX_BYTES

    start = time.process_time()
    read = parse(xml)[0]
    seconds = time.process_time() - start

    assert (len(read.elements), len(read.flows), len(read.unsupported)) == (12_002, 12_000, 0)
    assert seconds < 3


def test_a_limit_is_not_reached_too_early() -> None:
    levels = "<extensionElements>" * (MAX_DEPTH - 1) + "</extensionElements>" * (MAX_DEPTH - 1)

    assert refusal(definitions(levels)) is None
    assert refusal(definitions("<e/>" * (MAX_ELEMENTS - 1))) is None
    assert refusal(definitions(f'<process id="{"x" * MAX_ID}" />')) is None


FLOODS = {
    "sub-processes": "<subProcess id='s{0}' />",
    "links": "<intermediateThrowEvent id='l{0}'><linkEventDefinition name='{0}' /></intermediateThrowEvent>",
    "boundary events": "<boundaryEvent id='b{0}' attachedToRef='t'><timerEventDefinition /></boundaryEvent>",
    "ways to choose": "<sequenceFlow id='f{0}' sourceRef='g' targetRef='t' />",
    "unsupported activities": "<transaction id='x{0}' /><sequenceFlow sourceRef='t' targetRef='x{0}' />",
}


@pytest.mark.parametrize("part", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_of_faults_is_judged_quickly(part: str) -> None:
    crowd = "<task id='t' /><eventBasedGateway id='g' />" + "".join(part.format(n) for n in range(40_000))
    read = process(crowd)

    start = time.process_time()
    validate(read)

    assert time.process_time() - start < 3


def test_many_faults_do_not_make_a_huge_answer() -> None:
    crowd = process("<task />" * 50_000, f'id="{"x" * MAX_ID}" isExecutable="true"')
    tracemalloc.start()

    with pytest.raises(InvalidModel) as error:
        check(crowd)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(error.value.causes) == MAX_CAUSES
    assert peak < 5 * 1024**2


def test_the_cause_says_where_the_xml_breaks_and_stays_short() -> None:
    error = refusal(b"<definitions>\n<process>\n</definitions>")
    long = refusal(b"<" + b"d" * 40_000 + b"></e>")

    assert error is not None and long is not None
    assert "line 3" in error.causes[0].detail
    assert len(long.causes[0].detail) <= 200


FILES = [fixture("process/order-as-modeler.bpmn"), fixture("gateway/exclusive.bpmn"), b"<x:d><y:e/></x:d>"]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_else(xml: bytes) -> None:
    refusal(xml)


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_file_raises_nothing_else(xml: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(xml)))
    cut = data.draw(st.integers(0, 40))
    pieces = st.sampled_from(
        [b"", b"<", b"</", b"/>", b'"', b"&", b"<![CDATA[", b"xmlns:a='", b"\xff", b"a:"]
    )
    changed = xml[:at] + data.draw(pieces | st.binary(max_size=5)) + xml[at + cut :]

    error = refusal(changed)

    if error is None:
        for read in parse(changed):
            try_check(read)


def try_check(read) -> None:
    try:
        check(read)
    except InvalidModel as error:
        assert error.causes


TAGS = st.sampled_from(
    [
        "process",
        "task",
        "sequenceFlow",
        "startEvent",
        "exclusiveGateway",
        "userTask",
        "subProcess",
        "boundaryEvent",
        "intermediateCatchEvent",
        "eventBasedGateway",
        "timerEventDefinition",
        "linkEventDefinition",
        "incoming",
        "outgoing",
        "x:y",
    ]
)
NAMES = st.sampled_from(
    ["id", "sourceRef", "targetRef", "default", "isExecutable", "attachedToRef", "name", "x:id"]
)
VALUES = st.sampled_from(["a", "b", "f1", "true", "", " "])
ATTRIBUTES = st.dictionaries(NAMES, VALUES, max_size=4)


def element(tag: str, attributes: dict[str, str], children: list[str], text: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{written}>{text}{''.join(children)}</{tag}>"


TREES = st.recursive(
    st.builds(element, TAGS, ATTRIBUTES, st.just([]), VALUES),
    lambda children: st.builds(element, TAGS, ATTRIBUTES, st.lists(children, max_size=6), VALUES),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.lists(TREES, max_size=3))
def test_any_well_formed_file_is_read_and_judged(trees: list[str]) -> None:
    for read in parse(definitions("".join(trees))):
        try_check(read)

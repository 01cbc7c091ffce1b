"""Small models for tests of parser and rules."""

from pathlib import Path

from chalicelib.bpmn.errors import InvalidModel
from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.bpmn.rules import validate

FIXTURES = Path(__file__).parents[2] / "bpmn"
NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def definitions(content: str, attributes: str = f'xmlns="{NAMESPACE}"') -> bytes:
    return f"<definitions {attributes}>{content}</definitions>".encode()


def process(content: str = "", attributes: str = 'id="example" isExecutable="true"') -> Process:
    """The process with that content, read from XML."""
    return parse(definitions(f"<process {attributes}>{content}</process>"))[0]


def faults(process: Process) -> list[str]:
    """Every fault as `pointer: detail`."""
    return [f"{cause.pointer}: {cause.detail}" for cause in validate(process)]


def flows(process: Process) -> list[tuple[str, str | None, str | None]]:
    """Every flow as id, id of its source, id of its target."""

    def name(number: int | None) -> str | None:
        return None if number is None else process.elements[number].bpmn_element_id

    return [(flow.bpmn_element_id, name(flow.source), name(flow.target)) for flow in process.flows]


def refusal(xml: bytes) -> InvalidModel | None:
    """The error when the XML cannot be read."""
    try:
        parse(xml)
    except InvalidModel as error:
        return error
    return None

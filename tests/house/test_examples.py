"""The example models are drawn as a modeler would: all has its shape, nothing lies on anything else."""

from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

from chalicelib.bpmn.types import KINDS

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
MODELS = sorted(EXAMPLES.rglob("*.bpmn"))

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"

NODES = {BPMN + kind.tag for kind in KINDS if kind.tag != "process"}


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def has_on_its_border(self, x: float, y: float) -> bool:
        between = self.left <= x <= self.right and self.top <= y <= self.bottom
        return between and (x in (self.left, self.right) or y in (self.top, self.bottom))


def box(bounds: etree._Element) -> Box:
    x, y, width, height = (float(bounds.attrib[name]) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def shapes(model: etree._ElementTree) -> dict[str, Box]:
    """Boxes by the id of what they show."""
    return {
        shape.attrib["bpmnElement"]: box(shape.find(DC + "Bounds"))
        for shape in model.iter(BPMNDI + "BPMNShape")
    }


def labels(model: etree._ElementTree) -> dict[str, Box]:
    """Boxes of the texts that stand beside a shape or an edge."""
    return {
        f"label of {label.getparent().attrib['bpmnElement']}": box(bounds)
        for label in model.iter(BPMNDI + "BPMNLabel")
        for bounds in label.iter(DC + "Bounds")
    }


@pytest.fixture(params=MODELS, ids=lambda path: path.stem)
def model(request: pytest.FixtureRequest) -> etree._ElementTree:
    return etree.parse(request.param)


def test_there_are_examples() -> None:
    assert MODELS


def test_every_element_has_a_shape_and_every_flow_an_edge(model: etree._ElementTree) -> None:
    nodes = {element.attrib["id"] for element in model.iter(*NODES)}
    flows = {flow.attrib["id"] for flow in model.iter(BPMN + "sequenceFlow")}

    assert nodes <= shapes(model).keys()
    assert flows <= {edge.attrib["bpmnElement"] for edge in model.iter(BPMNDI + "BPMNEdge")}


def test_nothing_lies_on_anything_else(model: etree._ElementTree) -> None:
    around = {element.attrib["id"] for element in model.iter(BPMN + "participant", BPMN + "lane")}
    drawn = {id: box for id, box in shapes(model).items() if id not in around}
    boxes = drawn | labels(model)

    overlaps = [(a, b) for a, b in combinations(boxes, 2) if boxes[a].overlaps(boxes[b])]

    assert not overlaps


def test_edges_touch_what_they_connect(model: etree._ElementTree) -> None:
    flows = {flow.attrib["id"]: flow for flow in model.iter(BPMN + "sequenceFlow")}
    boxes = shapes(model)

    for edge in model.iter(BPMNDI + "BPMNEdge"):
        points = [(float(p.attrib["x"]), float(p.attrib["y"])) for p in edge.iter(DI + "waypoint")]
        flow = flows.get(edge.attrib["bpmnElement"])
        if flow is not None:
            assert boxes[flow.attrib["sourceRef"]].has_on_its_border(*points[0]), flow.attrib["id"]
            assert boxes[flow.attrib["targetRef"]].has_on_its_border(*points[-1]), flow.attrib["id"]


def test_incoming_and_outgoing_agree_with_the_flows(model: etree._ElementTree) -> None:
    for child, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
        said = {
            (node.attrib["id"], named.text)
            for node in model.iter(*NODES)
            for named in node.iter(BPMN + child)
        }
        drawn = {(flow.attrib[end], flow.attrib["id"]) for flow in model.iter(BPMN + "sequenceFlow")}
        assert said == drawn

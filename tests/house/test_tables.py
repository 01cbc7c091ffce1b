"""Every element type has its rows, a drawn model, and a walk over it."""

from functools import cache
from pathlib import Path

import pytest

from chalicelib.bpmn import parser
from chalicelib.bpmn.types import KIND_OF, KINDS, ElementType
from chalicelib.engine.behaviors import BEHAVIORS
from tests.play import MODELS

WALKS = Path(__file__).parents[1] / "conformance"
NOT_WALKED = ("definition", "invalid")
"""Folders of models that are read and judged only."""


@cache
def walked_types() -> dict[ElementType, str]:
    """Element types in the drawn models that a conformance test names."""
    walks = "\n".join(path.read_text() for path in WALKS.glob("test_*.py"))
    return {
        element.type: str(path)
        for path in sorted(MODELS.rglob("*.bpmn"))
        if path.parent.name not in NOT_WALKED and f"{path.parent.name}/{path.name}" in walks
        for process in parser.parse(path.read_bytes())
        for element in process.elements
    }


def test_every_element_type_has_one_kind() -> None:
    assert sorted(kind.type for kind in KINDS) == sorted(ElementType)
    assert len(KIND_OF) == len(KINDS)


def test_every_element_type_has_a_behavior() -> None:
    assert sorted(BEHAVIORS) == sorted(ElementType)


@pytest.mark.parametrize("type", ElementType)
def test_every_element_type_is_walked(type: ElementType) -> None:
    assert type in walked_types(), f"no conformance test walks a model of tests/bpmn with a {type}"

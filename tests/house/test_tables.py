"""Every element type has its rows, a drawn model, and a walk over it."""

import re
from pathlib import Path

import pytest

from chalicelib.bpmn.types import KIND_OF, KINDS, ElementType
from chalicelib.engine.behaviors import BEHAVIORS
from tests.elements import walks

ROOT = Path(__file__).parents[2]


def test_every_element_type_has_one_kind() -> None:
    assert sorted(kind.type for kind in KINDS) == sorted(ElementType)
    assert len(KIND_OF) == len(KINDS)


def test_every_element_type_has_a_behavior() -> None:
    assert sorted(BEHAVIORS) == sorted(ElementType)


@pytest.mark.parametrize("type", ElementType)
def test_every_element_type_is_walked(type: ElementType) -> None:
    assert type in walks(), f"no conformance test walks a model of tests/bpmn with a {type}"


def test_rows_shown_to_newcomers_are_the_real_ones() -> None:
    guide = (ROOT / "chalicelib/engine/README.md").read_text(encoding="utf-8")
    shown = [
        line
        for block in re.findall(r"```python\n(.*?)```", guide, re.S)
        for line in block.splitlines()
        if line and not line.startswith("#")
    ]
    tables = [ROOT / "chalicelib/bpmn/types.py", ROOT / "chalicelib/engine/behaviors/__init__.py"]
    rows = {line for path in tables for line in path.read_text(encoding="utf-8").splitlines()}

    assert len(shown) == 3
    assert set(shown) <= rows


def test_files_named_to_newcomers_exist() -> None:
    guide = (ROOT / "chalicelib/engine/README.md").read_text(encoding="utf-8")
    named = re.findall(r"(?:chalicelib|tests|docs)/[\w/.]+\w", guide)

    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []

"""docs/elements.md: what each element type does, which jobs it may make, and the walk that shows it.

All of it is found: in `KINDS` and `BEHAVIORS`, in the docstrings of the behaviors, in the drawn models and in
the tests that name them. A new element type needs no line here.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from chalicelib.bpmn import parser
from chalicelib.bpmn.types import KINDS, ElementType, Family, Kind
from chalicelib.engine.behaviors import BEHAVIORS
from chalicelib.engine.behaviors.base import Behavior
from chalicelib.engine.behaviors.triggers import Awaited, Thrower
from tests.play import MODELS

WALKS = Path(__file__).parent / "conformance"
NOT_WALKED = ("definition", "invalid")
"""Folders of models that are read and judged only."""

INTRODUCTION = """# Elements

What this engine executes. Everything else that cannot be executed is refused by name at deployment, never
ignored; what only documents (groups, data, annotations) is left out. Lanes say who does the user tasks in
them: [surfaces.md](surfaces.md). This page is written by `make docs`, from the tables and the classes that
run; how to add a type is in [chalicelib/engine/README.md](../chalicelib/engine/README.md).

A job is made only where neither the model nor the deployment answers what it asks; the jobs of service,
send and business rule tasks and of message throw and end events are always made, those of call activities
unless the model says a binding or a mapping. What is marked as *Microflow* can also run in one, which comes
to its end while its caller waits: [surfaces.md](surfaces.md). Every activity and event makes the variables of
its inputs and outputs, and an activity may choose among its flows by conditions: [modeler.md](modeler.md).
"""

FAMILIES = {
    Family.PROCESS: ("Process", "The scope of all other elements."),
    Family.START_EVENT: (
        "Start events",
        "Where tokens begin. The none start event begins what a client, a call activity or a sub-process "
        "starts. The others make a process instance of the newest version: when a message of their name is "
        "sent, at each signal of their name, at each tick of their timer.",
    ),
    Family.CATCH_EVENT: ("Intermediate catch events", "A token waits for something."),
    Family.THROW_EVENT: ("Intermediate throw events", "A token makes something happen, and goes on."),
    Family.BOUNDARY_EVENT: (
        "Boundary events",
        "What may happen while an activity runs. The activity begins once it is known what all of its "
        "boundary events wait for.",
    ),
    Family.END_EVENT: ("End events", "Where a token ends; some make something happen first."),
    Family.ACTIVITY: ("Activities", "Work."),
    Family.GATEWAY: ("Gateways", "Where tokens part and meet."),
}
"""Heading and introduction."""


class Walk(NamedTuple):
    """A test that walks over a drawn model; without a test, the model stands in a table of the file."""

    model: str
    file: str
    test: str | None

    def speaks_of(self, type: ElementType) -> tuple[int, int]:
        """How many words of an element type are in the name of the file, and in those of model and test."""
        words = _words(type)
        return len(words & _words(self.file)), len(words & _words(f"{self.model} {self.test}"))


def page() -> str:
    """What the page must say."""
    return "\n".join([INTRODUCTION, *(part for family in FAMILIES for part in _section(family))])


@cache
def walks() -> dict[ElementType, Walk]:
    """For each element type the walk that speaks of it most, of equals the one over the smallest model."""
    found: dict[ElementType, tuple[tuple[int, int], int, Walk]] = {}
    for walk in _all_walks():
        for process in parser.parse((MODELS / walk.model).read_bytes()):
            for type in {element.type for element in process.elements}:
                rank = (walk.speaks_of(type), -len(process.elements), walk)
                if type not in found or rank[:2] > found[type][:2]:
                    found[type] = rank
    return {type: walk for type, (_, _, walk) in found.items()}


def _all_walks() -> Iterator[Walk]:
    """Every conformance test that names a model, once for each model."""
    models = {
        f"{path.parent.name}/{path.name}"
        for path in MODELS.rglob("*.bpmn")
        if path.parent.name not in NOT_WALKED
    }
    for path in sorted(WALKS.glob("test_*.py")):
        for part in ast.parse(path.read_text(encoding="utf-8")).body:
            name = part.name if isinstance(part, ast.FunctionDef) else ""
            named = [node.value for node in ast.walk(part) if isinstance(node, ast.Constant)]
            for model in sorted(models.intersection(text for text in named if isinstance(text, str))):
                yield Walk(model, path.name, name if name.startswith("test_") else None)


def _words(text: str) -> set[str]:
    return set(re.findall("[a-z]+", text.lower()))


def _section(family: Family) -> Iterator[str]:
    heading, introduction = FAMILIES[family]
    yield f"## {heading}\n\n{introduction}\n"
    heads = [("Element type", "BPMN XML", "What it does", "Jobs", "Microflow", "Shown by"), ("---",) * 6]
    rows = [*heads, *(_row(kind) for kind in KINDS if kind.family is family)]
    yield "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def _row(kind: Kind) -> tuple[str, ...]:
    behavior = BEHAVIORS[kind.type]
    xml = f"`{kind.tag}`" + (f" with `{kind.trigger.tag}`" if kind.trigger else "")
    jobs = "<br>".join(f"`{job}`" for job in behavior.jobs) or "-"
    in_microflow = "yes" if kind.in_microflow else "-"
    return f"`{kind.type}`", xml, " ".join(_says(behavior)), jobs, in_microflow, _shown_by(kind.type)


def _says(behavior: Behavior) -> Iterator[str]:
    """What the classes of a behavior say of themselves: an event's position, and what it waits for."""
    names = getattr(behavior, "__dataclass_fields__", {})
    parts = [part for name in names if isinstance(part := getattr(behavior, name), Awaited | Thrower)]
    for part in (behavior, *parts):
        yield " ".join((inspect.getdoc(type(part)) or "").partition("\n\n")[0].split())


def _shown_by(type: ElementType) -> str:
    walk = walks().get(type)
    if walk is None:
        return "-"
    name = (walk.test or walk.file.removesuffix(".py")).removeprefix("test_").replace("_", " ")
    return f"[{name}](../tests/conformance/{walk.file})"

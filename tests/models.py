"""Models made by tests, where drawing them would be no help."""

import json
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'

DIALECTS = (
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
)
"""Namespaces of modelers."""


def drawn(bpmn_process_id: str, content: str, *flows: str, declared: str = "") -> str:
    """Start, end, what is given, and flows `a -> b` or `a -> b: condition`, each with the id `a-b`.

    Args:
        bpmn_process_id: Of the process.
        content: Its elements besides start and end.
        flows: Its sequence flows.
        declared: What stands beside it, such as messages.
    """
    arrows = "".join(map(_arrow, flows))
    head = HEAD.replace("<definitions ", "<definitions " + DIALECTS)
    return (
        f'{head}{declared}<process id="{bpmn_process_id}" isExecutable="true">'
        f'<startEvent id="start"/><endEvent id="end"/>{content}{arrows}</process></definitions>'
    )


def extended(*additions: str) -> str:
    """What a modeler adds to an element."""
    return f"<extensionElements>{''.join(additions)}</extensionElements>"


def mapped(*pairs: str) -> str:
    """Inputs and outputs, `in items = =order.items` and `out id = =reservation.id`."""
    kinds = {"in": "input", "out": "output"}
    rows = []
    for pair in pairs:
        kind, _, rest = pair.partition(" ")
        target, _, source = rest.partition(" = ")
        rows.append(f'<zeebe:{kinds[kind]} target="{target}" source="{escape(source, QUOTES)}"/>')
    return f"<zeebe:ioMapping>{''.join(rows)}</zeebe:ioMapping>"


QUOTES = {'"': "&quot;"}


def _arrow(flow: str) -> str:
    ends, _, condition = flow.partition(": ")
    source, _, target = ends.partition(" -> ")
    said = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{source}-{target}" {ends}>{said}</sequenceFlow>'


def sequence(bpmn_process_id: str, length: int, tag: str = "serviceTask") -> str:
    """Start, tasks t0, t1, ... one after the other, end."""
    ids = ["start", *(f"t{number}" for number in range(length)), "end"]
    tasks = "".join(f'<{tag} id="{id}"/>' for id in ids[1:-1])
    return _process(bpmn_process_id, tasks, list(pairwise(ids)))


def parallel(bpmn_process_id: str, width: int, tag: str = "serviceTask") -> str:
    """A fork into tasks t0, t1, ... and a join."""
    ids = [f"t{number}" for number in range(width)]
    content = '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    content += "".join(f'<{tag} id="{id}"/>' for id in ids)
    flows = [("start", "fork"), ("join", "end")]
    flows += [flow for id in ids for flow in (("fork", id), (id, "join"))]
    return _process(bpmn_process_id, content, flows)


def event(bpmn_process_id: str, definition: str, declared: str = "") -> str:
    """Start, an event that catches, a service task, end."""
    content = (
        f'<intermediateCatchEvent id="event">{definition}</intermediateCatchEvent><serviceTask id="t0"/>'
    )
    flows = [("start", "event"), ("event", "t0"), ("t0", "end")]
    return _process(bpmn_process_id, content, flows).replace(HEAD, HEAD + declared)


def call(bpmn_process_id: str, called: str) -> str:
    """Start, a call activity, end."""
    content = f'<callActivity id="activity" calledElement="{called}"/>'
    return _process(bpmn_process_id, content, [("start", "activity"), ("activity", "end")])


def calls(bpmn_process_id: str, called: str, width: int) -> str:
    """A sub-process with call activities t0, t1, ... side by side, ended by a timer after an hour."""
    ids = [f"t{number}" for number in range(width)]
    inside = '<startEvent id="begin"/><parallelGateway id="fork"/>'
    inside += "".join(f'<callActivity id="{id}" calledElement="{called}"/>' for id in ids)
    inside += _arrows("g", [("begin", "fork"), *(("fork", id) for id in ids)])
    content = f'<subProcess id="all">{inside}</subProcess>'
    content += (
        '<boundaryEvent id="late" attachedToRef="all"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    )
    return _process(bpmn_process_id, content, [("start", "all"), ("all", "end"), ("late", "end")])


def _process(bpmn_process_id: str, content: str, flows: list[tuple[str, str]]) -> str:
    arrows = _arrows("f", flows)
    return (
        f'{HEAD}<process id="{bpmn_process_id}" isExecutable="true">'
        f'<startEvent id="start"/><endEvent id="end"/>{content}{arrows}</process></definitions>'
    )


def _arrows(prefix: str, flows: list[tuple[str, str]]) -> str:
    return "".join(
        f'<sequenceFlow id="{prefix}{number}" sourceRef="{source}" targetRef="{target}"/>'
        for number, (source, target) in enumerate(flows)
    )


def microflow(
    name: str,
    *scripts: tuple[str, str],
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    bpmn_process_id: str = "flow",
    **properties: str,
) -> str:
    """A microflow that makes variables, one script after the other."""
    objects = {f"input {key}": json.dumps(type) for key, type in (inputs or {}).items()}
    objects |= {f"output {key}": json.dumps(type) for key, type in (outputs or {}).items()}
    rows = "".join(
        f'<zeebe:property name="{escape(key, QUOTES)}" value="{escape(value, QUOTES)}"/>'
        for key, value in {"microflow": "true", **objects, **properties}.items()
    )
    tasks, ids = "", ["start"]
    for number, (variable, expression) in enumerate(scripts):
        added = f'<zeebe:script expression="{escape("=" + expression, QUOTES)}" resultVariable="{variable}"/>'
        tasks += f'<scriptTask id="s{number}">{extended(added)}</scriptTask>'
        ids.append(f"s{number}")
    ids.append("end")
    arrows = [f"{one} -> {other}" for one, other in pairwise(ids)]
    said = extended(f"<zeebe:properties>{rows}</zeebe:properties>")
    return drawn(bpmn_process_id, tasks + said, *arrows).replace(
        f'<process id="{bpmn_process_id}"', f'<process id="{bpmn_process_id}" name="{escape(name, QUOTES)}"'
    )

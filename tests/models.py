"""Models made by tests, where drawing them would be no help."""

from itertools import pairwise

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'


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

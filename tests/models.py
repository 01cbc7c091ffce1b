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


def _process(bpmn_process_id: str, content: str, flows: list[tuple[str, str]]) -> str:
    arrows = "".join(
        f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
        for number, (source, target) in enumerate(flows)
    )
    return (
        f'{HEAD}<process id="{bpmn_process_id}" isExecutable="true">'
        f'<startEvent id="start"/><endEvent id="end"/>{content}{arrows}</process></definitions>'
    )

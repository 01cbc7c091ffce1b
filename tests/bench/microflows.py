"""Section h: what a microflow costs that asks nobody: processor time of `DoAction` inside of its handler."""

import gc
import time

from chalicelib import wiring
from chalicelib.contract import commands as c
from chalicelib.contract.microflow import RunMicroflow
from chalicelib.service.environment import Environment
from chalicelib.service.execute import execute
from chalicelib.settings import Settings
from tests.bench.report import Report, percentile
from tests.models import microflow

TARGET = 2.0
"""Milliseconds of a microflow of ten nodes."""

ROUNDS, WARM_UP = 500, 50
NODES = 10

GIVEN = {"Order": {"price": 20, "quantity": 10, "customer": "แอน"}}


def print_microflows(report: Report) -> None:
    """Section h of the report."""
    report.section(f"(h) Microflow of {NODES} nodes, scripts and a gateway, {ROUNDS} times; memory store")
    times = measure()
    report.at_most(
        "CPU of DoAction inside of the handler, p50", percentile(times, 50), TARGET, "ms", digits=3
    )
    report.plain("p95", percentile(times, 95), "ms", digits=3)


def measure() -> list[float]:
    """Milliseconds of each run."""
    env = wiring.build(Settings(store="memory"))
    xml = model()
    execute(c.CreateProcess(bpmnProcessId="bench", bpmnXml=xml, version="1", workerId="bench"), env)
    for _ in range(WARM_UP):
        _run(env)
    gc.collect()
    return [_run(env) for _ in range(ROUNDS)]


def model() -> str:
    """Eight scripts with a gateway in the middle of them, between start and end."""
    scripts = [("Total", "Order.price * Order.quantity"), *((f"v{n}", f"Total * {n} + 1") for n in range(7))]
    xml = microflow(
        "Bench",
        *scripts,
        inputs={"Order": {"price": "Decimal", "quantity": "Integer", "customer": "String"}},
        outputs={"Total": "Decimal", "v6": "Decimal"},
        bpmn_process_id="bench",
    )
    choice = (
        '<exclusiveGateway id="choice"/>'
        '<sequenceFlow id="large" sourceRef="choice" targetRef="s4">'
        "<conditionExpression>=Total &gt; 100</conditionExpression></sequenceFlow>"
        '<sequenceFlow id="small" sourceRef="choice" targetRef="end">'
        "<conditionExpression>=Total &lt;= 100</conditionExpression></sequenceFlow>"
    )
    xml = xml.replace('sourceRef="s3" targetRef="s4"', 'sourceRef="s3" targetRef="choice"')
    return xml.replace("</process>", f"{choice}</process>")


def _run(env: Environment) -> float:
    command = RunMicroflow(flowName="Bench", object=GIVEN)
    began = time.thread_time_ns()
    answer = execute(command, env)
    took = (time.thread_time_ns() - began) / 1_000_000
    assert answer["objects"] == {"Total": 200, "v6": 1201}, answer
    return took

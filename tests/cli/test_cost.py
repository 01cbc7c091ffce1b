"""`bpmn cost`: what it says of a model is what the meter sees when an engine runs it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli import main
from chalicelib.contract import commands as c
from chalicelib.service import prices
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import Bill, Meter
from tests import models
from tests.bench import fed
from tests.bench.scenario import MODELS as MODELS_OF_BENCH
from tests.bench.scenario import Walk, new_engine
from tests.models import HEAD, call, parallel, sequence
from tests.play import MODELS, WORKER, as_json

ROOT = Path(__file__).parents[2]
ORDER = ROOT / "docs/examples/order-fulfilment/order-fulfilment.bpmn"

MESSAGE_AND_TIMER = (
    HEAD + '<message id="m" name="paid"/><process id="patient" isExecutable="true"><startEvent id="start"/>'
    '<serviceTask id="ask"/><intermediateCatchEvent id="paid"><messageEventDefinition messageRef="m"/>'
    '</intermediateCatchEvent><intermediateCatchEvent id="rest"><timerEventDefinition>'
    "<timeDuration>P2D</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    '<userTask id="check"/><endEvent id="end"/>'
    '<sequenceFlow id="f1" sourceRef="start" targetRef="ask"/>'
    '<sequenceFlow id="f2" sourceRef="ask" targetRef="paid"/>'
    '<sequenceFlow id="f3" sourceRef="paid" targetRef="rest"/>'
    '<sequenceFlow id="f4" sourceRef="rest" targetRef="check"/>'
    '<sequenceFlow id="f5" sourceRef="check" targetRef="end"/></process></definitions>'
)
LOOP = (
    HEAD + '<process id="loop" isExecutable="true"><startEvent id="start"/><serviceTask id="try"/>'
    '<exclusiveGateway id="again"/><endEvent id="end"/>'
    '<sequenceFlow id="f1" sourceRef="start" targetRef="try"/>'
    '<sequenceFlow id="f2" sourceRef="try" targetRef="again"/>'
    '<sequenceFlow id="f3" sourceRef="again" targetRef="try"/>'
    '<sequenceFlow id="f4" sourceRef="again" targetRef="end"/></process></definitions>'
)


@pytest.fixture
def cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Estimates a model given as text."""

    def run(xml: str, *options: str) -> dict[str, Any]:
        path = tmp_path / "model.bpmn"
        path.write_text(xml)
        code = main(["cost", str(path), "--json", *options])
        out, errors = capsys.readouterr()
        assert (code, errors) == (0, "")
        return json.loads(out)

    return run


# An engine that runs it, driven by hand, under the meter


def run_orders(walk: Walk) -> None:
    """One that is shipped and one that has to wait, so half of it is the average."""
    few, many = (as_json(order={"item": "teapot", "quantity": quantity}) for quantity in (3, 12))
    walk.start("orderFulfilment", variables=few)
    walk.work_off("orderFulfilment", 1)
    walk.start("orderFulfilment", variables=many)
    walk.engine.clock.advance("PT1S")
    assert walk.send("fire", c.ExecuteTasks(limit=1))["completed"] == 1


def run_patient(walk: Walk) -> None:
    place = walk.start("patient")
    walk.work_off("patient", 1)
    (job,) = walk.lock("patient")
    walk.complete(job, "subscribe", completion={"messageCorrelationKey": "order-1"})
    walk.send("send", c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER))
    walk.engine.clock.advance("P3D")
    assert walk.send("fire", c.ExecuteTasks(limit=1))["completed"] == 1
    person = {"partition": place["partition"], "id": place["id"], "revision": 1, "workerId": "ann"}
    walk.send("user task", c.UpdateUserTask(**person, completed=True))


def run_call(walk: Walk) -> None:
    walk.start("caller")
    for name in ("caller", "called", "called", "caller"):
        walk.work_off(name, 1)


def metered(xml: dict[str, str], act: Callable[[Walk], None]) -> Bill:
    """What the meter sees once everything is known that a busy engine knows."""
    meter = Meter(MemoryItems())
    walk = Walk(new_engine(meter), lambda kind, command: command())
    for name, text in xml.items():
        walk.deploy(name, text)
    act(walk)
    for _ in range(100):
        for name in ("MESSAGES", "SUBSCRIPTIONS"):
            walk.engine.env.store.next_id(name)
        walk.engine.env.store.lease_block(walk.engine.env.moment(WORKER).partition)
    before = meter.bill
    act(walk)
    return meter.bill - before


CALLED = sequence("called", 2)
CALLER = call("caller", "called")
BOTH = CALLER.replace("</definitions>", "") + CALLED.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("xml", "options", "models", "act", "times"),
    [
        (ORDER.read_text(), (), {"orderFulfilment": ORDER.read_text()}, run_orders, 2),
        (MESSAGE_AND_TIMER, (), {"patient": MESSAGE_AND_TIMER}, run_patient, 1),
        (BOTH, ("--process-id", "caller"), {"caller": CALLER, "called": CALLED}, run_call, 1),
    ],
    ids=["order fulfilment", "message and timer", "call"],
)
def test_estimate_is_what_the_meter_sees(cost, xml, options, models, act, times) -> None:
    bill = metered(models, act)

    estimated = cost(xml, *options)

    table = prices.table(bill.write_units, bill.read_units) * prices.MILLION / times
    assert estimated["all"]["writeUnits"] == pytest.approx(bill.write_units / times, rel=0.1)
    assert estimated["all"]["readUnits"] == pytest.approx(bill.read_units / times, rel=0.1)
    assert estimated["dollarsPerMillion"]["DynamoDB"] == pytest.approx(table, rel=0.1)


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1, {"writeUnits": 7, "readUnits": 2.5}), (10, {"writeUnits": 43, "readUnits": 25})],
)
def test_sequences_cost_what_the_bench_says(cost, length, expected) -> None:
    """docs/cost.md: one task, ten tasks."""
    estimated = cost(sequence("s", length))

    assert estimated["all"].items() >= expected.items()
    assert estimated["ownWriteUnits"] == expected["writeUnits"]
    assert estimated["requests"].keys() == {"start", "lock a job", "complete a job"}


def test_dollars_are_those_of_the_bench(cost) -> None:
    dollars = cost(sequence("s", 10))["dollarsPerMillion"]

    assert dollars == {"DynamoDB": 30.0, "API Gateway": 73.5, "Lambda": 7.7, "SQS": 0.0, "all": 111.2}


@pytest.mark.parametrize(("name", "model"), [("ten tasks", "ten"), ("ten parallel tasks", "parallel")])
def test_fed_estimate_is_what_the_bench_says(cost, name, model) -> None:
    fed_instance = dict(fed.instances())[name]

    estimated = cost(MODELS_OF_BENCH[model], "--fed")

    assert estimated["requests"].keys() == {"start", "do a fed job"}
    assert estimated["all"]["writeUnits"] == fed_instance.bill.write_units == estimated["ownWriteUnits"]
    assert estimated["all"]["readUnits"] == fed_instance.bill.read_units
    assert estimated["hints"] == fed_instance.hints
    assert estimated["dollarsPerMillion"]["all"] == round(fed_instance.dollars()["all"], 2)


@pytest.mark.parametrize("path", ["gateway/exclusive.bpmn", "timer/boundary.bpmn", "timer/xml.bpmn"])
def test_fed_model_comes_to_its_end(cost, path) -> None:
    estimated = cost((MODELS / path).read_text(), "--fed")

    assert "lock a job" not in estimated["requests"]
    assert estimated["hints"] >= 1


# Ways


def test_all_ways_out_of_a_gateway_are_as_likely(cost) -> None:
    both = cost(ORDER.read_text())
    each = [
        cost(ORDER.read_text(), "--decide", f"isInStock={target}")
        for target in ("startFulfilment", "writeBackOrderNotice")
    ]

    assert (both["ways"], [one["ways"] for one in each]) == (2, [1, 1])
    assert both["all"]["writeUnits"] == sum(one["all"]["writeUnits"] for one in each) / 2
    assert "isInStock goes on to startFulfilment" in each[0]["assumptions"]
    assert "never reached: newStock, orderBackOrdered, writeBackOrderNotice" in each[0]["assumptions"]


def test_loop_ends(cost) -> None:
    estimated = cost(LOOP)

    # Out at once, or once around.
    assert estimated["ways"] == 2
    assert estimated["requests"]["lock a job"]["times"] == (2 + 4) / 2


def test_very_many_ways_are_drawn_by_lot(cost) -> None:
    gateways = range(6)
    content = "".join(
        f'<exclusiveGateway id="g{n}"/><task id="a{n}"/><serviceTask id="b{n}"/>' for n in gateways
    )
    flows, last = [], "start"
    for n in gateways:
        flows += [(last, f"g{n}"), (f"g{n}", f"a{n}"), (f"g{n}", f"b{n}"), (f"b{n}", f"a{n}")]
        last = f"a{n}"
    arrows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{source}" targetRef="{target}"/>'
        for n, (source, target) in enumerate([*flows, (last, "end")])
    )
    content += '<startEvent id="start"/><endEvent id="end"/>' + arrows
    xml = f'{HEAD}<process id="p" isExecutable="true">{content}</process></definitions>'

    estimated = cost(xml)

    assert estimated["ways"] == 60
    # A gateway is a job, and every second time there is another one.
    assert estimated["requests"]["lock a job"]["times"] == pytest.approx(9, rel=0.05)
    assert estimated == cost(xml), "always the same ones"


# What the file leaves open


def test_called_process_that_is_not_in_the_file_is_one_task(cost) -> None:
    alone = cost(call("caller", "elsewhere"))
    together = cost(
        call("caller", "called").replace("</definitions>", "") + sequence("called", 1).removeprefix(HEAD),
        "--process-id",
        "caller",
    )

    assert alone["all"] == together["all"]
    assert "called process elsewhere is not in the file: taken as one with one task" in alone["assumptions"]


def test_variables_cost(cost) -> None:
    bare, small, large = (cost(sequence("s", 3), "--variables", size) for size in ("0", "200", "20000"))

    assert bare["all"]["writeUnits"] <= small["all"]["writeUnits"] < large["all"]["writeUnits"]
    assert "no variables (--variables BYTES)" in bare["assumptions"]


@pytest.mark.parametrize(
    ("path", "requests"),
    [
        ("boundary/all-kinds.bpmn", {"start", "lock a job", "complete a job"}),
        ("timer/boundary.bpmn", {"start", "lock a job", "complete a job"}),
        ("gateway/inclusive.bpmn", {"start", "lock a job", "complete a job"}),
        ("gateway/event-based.bpmn", {"start", "lock a job", "complete a job", "send a message"}),
        ("signal/xml.bpmn", {"start", "send a signal"}),
        ("event/every-hour.bpmn", {"fire a timer", "complete a job"}),
        ("event/price-change.bpmn", {"start", "lock a job", "complete a job"}),
        ("user-task/user.bpmn", {"start", "complete a user task"}),
        ("sub-process/plain.bpmn", {"start", "lock a job", "complete a job"}),
    ],
)
def test_model_of_any_kind_comes_to_its_end(cost, path, requests) -> None:
    assert cost((MODELS / path).read_text())["requests"].keys() >= requests


def test_what_comes_after_a_boundary_event_is_the_exception(cost) -> None:
    estimated = cost((MODELS / "timer/boundary.bpmn").read_text())

    assert "never reached: boundaryEnd" in estimated["assumptions"]


def test_event_definitions_are_given_as_to_a_deployment(cost, tmp_path, capsys) -> None:
    path = MODELS / "message/start.bpmn"

    code, errors = refused(capsys, str(path))
    assert code == 1
    assert "no message name defined for element" in errors

    (start,) = re.findall(r'startEvent id="(\w+)"', path.read_text())
    assert cost(path.read_text(), "--message", f"{start}=paid")["requests"]["start"]["times"] == 1


# Refusals


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["cost", *arguments])
    out, errors = capsys.readouterr()
    assert out == ""
    return code, errors


def test_faults_of_a_model_are_those_of_a_deployment(tmp_path, capsys) -> None:
    path = tmp_path / "broken.bpmn"
    path.write_text(
        f'{HEAD}<process id="p"><serviceTask id="a"/><complexGateway id="g"/></process></definitions>'
    )

    code, errors = refused(capsys, str(path))

    assert code == 1
    assert errors.splitlines()[0].startswith("failed to create process: ")
    assert any(line.startswith("  /p/g: ") for line in errors.splitlines())


def test_process_that_nothing_starts_is_refused(capsys) -> None:
    code, errors = refused(capsys, str(MODELS / "process/empty.bpmn"))

    assert code == 1
    assert "has no none start event" in errors


def test_file_that_is_no_bpmn_is_refused(tmp_path, capsys) -> None:
    path = tmp_path / "broken.bpmn"
    path.write_text("nonsense")

    code, errors = refused(capsys, str(path))

    assert code == 1
    assert errors.startswith("failed to create process: ")


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        (["--decide", "nothing=end"], "there is no exclusive gateway nothing, but [again]"),
        (["--decide", "again=start"], "gateway again does not go on to start, but to [try end]"),
        (["--decide", "again"], "'again' is no decision; one looks like GATEWAY=TARGET"),
    ],
)
def test_decision_for_nothing_is_wrong_usage(tmp_path, capsys, options, fact) -> None:
    path = tmp_path / "loop.bpmn"
    path.write_text(LOOP)

    assert refused(capsys, str(path), *options) == (2, f"bpmn: {fact}\n")


def test_loop_that_is_decided_for_ever_is_refused(tmp_path, capsys) -> None:
    path = tmp_path / "loop.bpmn"
    path.write_text(LOOP)

    code, errors = refused(capsys, str(path), "--decide", "again=try")

    assert (code, errors) == (1, "bpmn: cannot estimate loop: it is not at its end after 2000 requests\n")


def test_process_is_named_if_there_are_several(capsys) -> None:
    code, errors = refused(capsys, str(MODELS / "process/two-in-one-file.bpmn"))

    assert code == 2
    assert "--process-id says which" in errors


def test_table_says_the_same(tmp_path, capsys) -> None:
    path = tmp_path / "wide.bpmn"
    path.write_text(parallel("wide", 2))

    assert main(["cost", str(path)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "One process instance of wide, its only way, on DynamoDB:"
    assert any(line.split()[:1] == ["all"] for line in lines)
    assert "Assumed:" in lines


def test_model_that_answers_its_own_questions_comes_to_its_end(cost) -> None:
    content = (
        '<exclusiveGateway id="isLarge"/><serviceTask id="work"/>'
        f'<callActivity id="deliver">{models.extended(CALLED)}</callActivity>'
        '<intermediateCatchEvent id="rest"><timerEventDefinition><timeDuration>=order.pause</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
        f'<intermediateCatchEvent id="paid">{models.extended(KEY)}<messageEventDefinition messageRef="m"/>'
        "</intermediateCatchEvent>"
    )
    flows = (
        *("start -> isLarge", "isLarge -> work: =order.total > 100", "isLarge -> rest: =order.total < 101"),
        *("work -> paid", "paid -> deliver", "deliver -> end", "rest -> end"),
    )
    xml = models.drawn("asks", content, *flows, declared='<message id="m" name="paid"/>')

    found = cost(xml, "--process-id=asks")

    assert found["ways"] == 2
    assert {"fire a timer", "send a message", "complete a job"} <= found["requests"].keys()
    assert any("=order.id, =order.pause" in text for text in found["assumptions"])
    assert cost(xml, "--process-id=asks", "--decide=isLarge=rest")["ways"] == 1


CALLED = '<zeebe:calledElement processId="delivery"/>'
KEY = '<zeebe:subscription correlationKey="=order.id"/>'


def test_loop_of_conditions_ends(cost) -> None:
    flows = ("start -> try", "try -> try: =not(ok)", "try -> end: =ok")

    estimated = cost(models.drawn("loop", '<serviceTask id="try"/>', *flows))

    # Both conditions once, then the one that does not lead back.
    assert estimated["requests"]["lock a job"]["times"] == 2

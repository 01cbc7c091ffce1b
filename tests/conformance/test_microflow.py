"""A microflow runs to its end in one call: scripts and gateways, connectors, errors, time-outs, sub flows."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.records import NewVariable
from chalicelib.service.environment import Environment
from chalicelib.service.environment import MicroflowLimits as Limits
from chalicelib.service.microflow import MicroflowFailed, Outcome, run
from tests.models import drawn, extended, mapped
from tests.play import Engine

CALLER = "caller"


class Connectors:
    """Does the jobs of microflows: what each work type or element answers, or does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.done: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any] | Callable[[], dict[str, Any]]] = {}

    def perform(self, bpmn_process_id: str, job: dict[str, Any], variables: Any) -> dict[str, Any] | None:
        self.done.append(job)
        answer = self.answers.get(job.get("workType") or job["bpmnElementId"])
        return answer() if callable(answer) else answer

    def answer(self, kind: str, **fields: Any) -> None:
        self.answers[kind] = fields

    def take(self, kind: str, duration: str, **fields: Any) -> None:
        """It takes so long, and then answers."""

        def answer() -> dict[str, Any]:
            self.engine.clock.advance(duration)
            return fields

        self.answers[kind] = answer


@pytest.fixture
def connectors(engine: Engine) -> Connectors:
    return Connectors(engine)


def environment(engine: Engine, connectors: Connectors | None = None) -> Environment:
    """As another process would have it; whoever pauses lets time pass."""
    env = replace(engine.environment(), pause=lambda seconds: engine.clock.advance(f"PT{seconds:.3f}S"))
    return replace(env, perform=connectors.perform) if connectors else env


def flow(
    engine: Engine, xml: str, connectors: Connectors | None = None, limits: Limits | None = None, **given: Any
) -> dict[str, Any]:
    """Deploy a microflow and run it; answers its variables."""
    deployed = engine.deploy_xml(xml)
    outcome = start(engine, deployed["bpmnProcessId"], connectors, limits, **given)
    return values(outcome)


def start(
    engine: Engine,
    name: str,
    connectors: Connectors | None = None,
    limits: Limits | None = None,
    **given: Any,
) -> Outcome:
    env = environment(engine, connectors)
    process = env.store.find_process(name, "1")
    assert process is not None
    variables = [NewVariable(name, "json", json.dumps(value)) for name, value in given.items()]
    return run(env, process, variables, limits or Limits(), CALLER)


def values(outcome: Outcome) -> dict[str, Any]:
    return {name: json.loads(variable.value or "") for name, variable in outcome.variables.items()}


def failure(engine: Engine, xml: str, *arguments: Any, **given: Any) -> str:
    with pytest.raises(MicroflowFailed) as failed:
        flow(engine, xml, *arguments, **given)
    return failed.value.reason


def script(id: str, expression: str, result: str) -> str:
    added = f'<zeebe:script expression="{expression}" resultVariable="{result}"/>'
    return f'<scriptTask id="{id}">{extended(added)}</scriptTask>'


def service(id: str, work_type: str = "", *mappings: str, retries: str = "") -> str:
    retries = f' retries="{retries}"' if retries else ""
    task = f'<zeebe:taskDefinition type="{work_type}"{retries}/>' if work_type else ""
    return f'<serviceTask id="{id}">{extended(task, mapped(*mappings))}</serviceTask>'


def boundary(id: str, host: str, definition: str) -> str:
    return f'<boundaryEvent id="{id}" attachedToRef="{host}">{definition}</boundaryEvent>'


def called(id: str, process: str) -> str:
    return (
        f'<callActivity id="{id}">{extended(f"<zeebe:calledElement processId={process!r}/>")}</callActivity>'
    )


ERROR = '<error id="e-{0}" errorCode="{0}"/>'
CATCH_ALL = "<errorEventDefinition/>"
AFTER_A_SECOND = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"


def thrown(code: str) -> str:
    return f'<errorEventDefinition errorRef="e-{code}"/>'


# Scripts and gateways


@pytest.mark.every_store
def test_scripts_and_a_gateway_run_to_the_end(engine: Engine) -> None:
    xml = drawn(
        "price",
        script("sum", "=price * quantity", "total")
        + '<exclusiveGateway id="large"/>'
        + script("rebate", "=total * 0.9", "total"),
        "start -> sum",
        "sum -> large",
        "large -> rebate: =total > 100",
        "large -> end: =total <= 100",
        "rebate -> end",
    )

    assert flow(engine, xml, price=20, quantity=10)["total"] == 180
    assert flow(engine, xml, price=20, quantity=2)["total"] == 40


def test_nothing_is_written(engine: Engine) -> None:
    xml = drawn("plain", script("one", "=1", "one"), "start -> one", "one -> end")
    engine.deploy_xml(xml)
    recording = engine.record()

    start(engine, "plain")

    assert recording.written == []
    assert engine.instances() == []


@pytest.mark.parametrize("name", ["ข้อมูลลูกค้า", "Customer Info"])
def test_names_may_be_thai_or_have_spaces(engine: Engine, name: str) -> None:
    xml = drawn(
        "greet",
        script("hello", f"=&quot;สวัสดี &quot; + {name}.ชื่อ", "greeting"),
        "start -> hello",
        "hello -> end",
    )

    assert flow(engine, xml, **{name: {"ชื่อ": "แอน"}})["greeting"] == "สวัสดี แอน"


def test_a_gateway_without_a_true_condition_fails(engine: Engine) -> None:
    xml = drawn(
        "decide",
        '<exclusiveGateway id="x"/><task id="a"/>',
        "start -> x",
        "x -> a: =n > 1",
        "x -> end: =n > 2",
        "a -> end",
    )

    assert failure(engine, xml, n=0).startswith("x: no condition on a sequence flow of x is true")


def loop(task: str) -> str:
    """A task `more` that is done as long as n is positive."""
    flows = ("start -> more", "more -> x", "x -> more: =n > 0", "x -> end: =n <= 0")
    return drawn("loop", f'{task}<exclusiveGateway id="x"/>', *flows)


def test_a_loop_ends_at_the_limit_of_steps(engine: Engine) -> None:
    xml = loop(script("more", "=n + 1", "n"))

    reason = failure(engine, xml, None, Limits(steps=500), n=1)

    assert reason == "microflow loop enters more than 500 elements"


def test_a_loop_over_jobs_ends_at_the_limit_of_steps(engine: Engine, connectors: Connectors) -> None:
    xml = loop(service("more", "ask"))
    connectors.answer("ask")

    assert (
        failure(engine, xml, connectors, Limits(steps=40), n=1)
        == "microflow loop enters more than 40 elements"
    )
    assert 15 <= len(connectors.done) <= 20


def test_a_loop_of_scripts_ends_when_its_time_is_over(engine: Engine) -> None:
    xml = loop(script("more", "=n + 1", "n"))
    engine.deploy_xml(xml)
    env, at = environment(engine), engine.clock.now
    ticking = iter(range(at, at + 10_000_000, 100))
    process = env.store.find_process("loop", "1")
    assert process is not None

    with pytest.raises(MicroflowFailed) as failed:
        run(
            replace(env, wall_clock=lambda: next(ticking)),
            process,
            [NewVariable("n", "json", "1")],
            Limits(),
            CALLER,
        )

    assert failed.value.reason == "microflow loop takes longer than 60 seconds"
    assert next(ticking) < at + 62_000


# Jobs


def test_a_connector_does_a_service_task(engine: Engine, connectors: Connectors) -> None:
    xml = drawn(
        "ask",
        service("rate", "http", "in url = http://example.com", "out rate = =response.body.rate"),
        "start -> rate",
        "rate -> end",
    )
    response = {"name": "response", "data": {"encoding": "json", "value": '{"body": {"rate": 31.184504}}'}}
    connectors.answer("http", elementVariables=[response])

    assert flow(engine, xml, connectors) == {"rate": 31.184504}
    assert connectors.done[0]["secondsLeft"] == pytest.approx(60.05)


def test_a_job_without_connector_or_handler_fails(engine: Engine, connectors: Connectors) -> None:
    xml = drawn("ask", service("mail", "send-mail"), "start -> mail", "mail -> end")

    reason = failure(engine, xml, connectors)

    assert (
        reason
        == "mail: there is neither a connector nor a handler for this SERVICE_TASK of work type send-mail"
    )


def test_a_failed_job_is_tried_again_as_the_model_says(engine: Engine, connectors: Connectors) -> None:
    xml = drawn("ask", service("rate", "http", retries="R2/PT3S"), "start -> rate", "rate -> end")
    began = engine.clock.now
    connectors.answer("http", error="no luck", retryLimit=5, retryTimer="PT1H")

    assert failure(engine, xml, connectors) == "rate: no luck"
    assert len(connectors.done) == 3
    assert engine.clock.now - began == 6_000


def test_without_retries_in_the_model_a_job_is_tried_once(engine: Engine, connectors: Connectors) -> None:
    xml = drawn("ask", service("rate", "http"), "start -> rate", "rate -> end")
    connectors.answer("http", error="no luck", retryLimit=5, retryTimer="PT1H")

    assert failure(engine, xml, connectors) == "rate: no luck"
    assert len(connectors.done) == 1


def test_nobody_waits_for_a_retry_beyond_the_limit(engine: Engine, connectors: Connectors) -> None:
    xml = drawn("ask", service("rate", "http", retries="R2/PT3M"), "start -> rate", "rate -> end")
    began = engine.clock.now
    connectors.answer("http", error="no luck")

    assert failure(engine, xml, connectors) == "microflow ask takes longer than 60 seconds"
    assert engine.clock.now == began


def test_an_answer_that_does_not_fit_fails_the_job(engine: Engine, connectors: Connectors) -> None:
    xml = drawn("ask", service("rate", "http"), "start -> rate", "rate -> end")
    connectors.answer("http", nonsense=1)

    assert failure(engine, xml, connectors).startswith("rate: 1 validation error")


# Errors


def with_handler(code: str | None = "LATE", *, host: str = "") -> str:
    """A service task `ask`, and what happens when it throws."""
    event = boundary("caught", "ask", CATCH_ALL if code is None else thrown(code))
    content = (host or service("ask", "ask")) + event + script("sorry", "=error", "answer")
    declared = ERROR.format(code) if code else ""
    return drawn(
        "careful", content, "start -> ask", "ask -> end", "caught -> sorry", "sorry -> end", declared=declared
    )


def told(code: str, message: str = "") -> dict[str, Any]:
    value = json.dumps({"code": code, "message": message})
    variables = [{"name": "error", "data": {"encoding": "json", "value": value}}]
    return {"completion": {"errorCode": code}, "processVariables": variables}


@pytest.mark.parametrize("code", ["LATE", None])
def test_a_boundary_event_catches_what_a_connector_throws(
    engine: Engine, connectors: Connectors, code: str | None
) -> None:
    connectors.answer("ask", **told("LATE", "no answer"))

    assert flow(engine, with_handler(code), connectors)["answer"] == {"code": "LATE", "message": "no answer"}


def test_an_error_that_nobody_catches_is_told(engine: Engine, connectors: Connectors) -> None:
    connectors.answer("ask", **told("HTTP_404", "GET http://example.com answers 404"))

    assert (
        failure(engine, with_handler("LATE"), connectors)
        == "ask: HTTP_404: GET http://example.com answers 404"
    )


def test_a_boundary_event_without_code_catches_what_fails_without_one(
    engine: Engine, connectors: Connectors
) -> None:
    connectors.answer("ask", error="ValueError: no number")

    answer = flow(engine, with_handler(None), connectors)["answer"]

    assert answer == {"code": "FAILED", "message": "ValueError: no number"}


def test_a_boundary_event_with_another_code_does_not(engine: Engine, connectors: Connectors) -> None:
    connectors.answer("ask", error="ValueError: no number")

    assert failure(engine, with_handler("LATE"), connectors) == "ask: ValueError: no number"


def test_what_has_a_code_is_not_caught_as_what_has_failed_without_one(
    engine: Engine, connectors: Connectors
) -> None:
    connectors.answer("ask", **told("HTTP_404"))
    assert failure(engine, with_handler("FAILED"), connectors).startswith("ask: HTTP_404")

    connectors.answer("ask", error="no luck")
    assert values(start(engine, "careful", connectors))["answer"]["code"] == "FAILED"


def test_a_boundary_event_catches_what_the_engine_cannot_evaluate(engine: Engine) -> None:
    host = script("ask", "=string join(for i in 1..100000000 return &quot;x&quot;)", "x")

    answer = flow(engine, with_handler(None, host=host))["answer"]

    assert answer["code"] == "FAILED"
    assert "100000000" in answer["message"]


def test_an_error_end_event_is_caught_around_a_sub_process(engine: Engine) -> None:
    inside = (
        '<startEvent id="in"/><endEvent id="no">'
        + thrown("GONE")
        + '</endEvent><sequenceFlow id="f" sourceRef="in" targetRef="no"/>'
    )
    content = (
        f'<subProcess id="look">{inside}</subProcess>'
        + boundary("caught", "look", thrown("GONE"))
        + script("sorry", "=&quot;gone&quot;", "answer")
    )
    xml = drawn(
        "looks",
        content,
        "start -> look",
        "look -> end",
        "caught -> sorry",
        "sorry -> end",
        declared=ERROR.format("GONE"),
    )

    assert flow(engine, xml) == {"answer": "gone"}


def test_an_error_end_event_that_nobody_catches_fails_the_microflow(engine: Engine) -> None:
    xml = drawn(
        "refuses",
        f'<endEvent id="no">{thrown("GONE")}</endEvent>',
        "start -> no",
        declared=ERROR.format("GONE"),
    )

    assert failure(engine, xml) == "nobody catches error GONE of no"


# Time-outs


def with_timeout(host: str = "") -> str:
    content = (host or service("ask", "ask", "out answer = =response")) + boundary(
        "late", "ask", AFTER_A_SECOND
    )
    return drawn(
        "patient",
        content + script("sorry", "=&quot;too late&quot;", "answer"),
        "start -> ask",
        "ask -> end",
        "late -> sorry",
        "sorry -> end",
    )


def test_a_timer_boundary_event_is_a_time_out(engine: Engine, connectors: Connectors) -> None:
    connectors.take("ask", "PT1S", **told("HTTP_TIMEOUT"))

    assert flow(engine, with_timeout(), connectors)["answer"] == "too late"
    assert connectors.done[0]["secondsLeft"] == pytest.approx(1.05)


def test_in_time_the_timer_does_not_fire(engine: Engine, connectors: Connectors) -> None:
    response = {"name": "response", "data": {"encoding": "json", "value": '"in time"'}}
    connectors.take("ask", "PT0.9S", elementVariables=[response])

    assert flow(engine, with_timeout(), connectors) == {"answer": "in time"}


def test_a_timer_comes_between_two_retries(engine: Engine, connectors: Connectors) -> None:
    connectors.answer("ask", error="no luck")
    host = service("ask", "ask", retries="R3/PT5S")

    assert flow(engine, with_timeout(host), connectors)["answer"] == "too late"


def test_a_microflow_that_takes_too_long_fails(engine: Engine, connectors: Connectors) -> None:
    xml = drawn(
        "slow",
        service("ask", "ask") + service("again", "ask"),
        "start -> ask",
        "ask -> again",
        "again -> end",
    )
    connectors.take("ask", "PT31S")

    assert (
        failure(engine, xml, connectors, Limits(seconds=30)) == "microflow slow takes longer than 30 seconds"
    )
    assert len(connectors.done) == 1


# Sub flows


def test_a_sub_flow_takes_variables_and_gives_them_back(engine: Engine) -> None:
    engine.deploy_xml(drawn("double", script("x2", "=n * 2", "n"), "start -> x2", "x2 -> end"))

    assert flow(engine, drawn("outer", called("call", "double"), "start -> call", "call -> end"), n=4) == {
        "n": 8
    }


def test_an_error_of_a_sub_flow_is_caught_where_it_is_called(engine: Engine, connectors: Connectors) -> None:
    engine.deploy_xml(drawn("inner", service("ask", "ask"), "start -> ask", "ask -> end"))
    content = (
        called("call", "inner")
        + boundary("caught", "call", CATCH_ALL)
        + script("sorry", "=&quot;sorry&quot;", "answer")
    )
    xml = drawn("outer", content, "start -> call", "call -> end", "caught -> sorry", "sorry -> end")
    connectors.answer("ask", **told("HTTP_500"))

    assert flow(engine, xml, connectors)["answer"] == "sorry"
    connectors.answer("ask", error="no luck")
    assert values(start(engine, "outer", connectors))["answer"] == "sorry"


def test_a_time_out_around_a_sub_flow_ends_it(engine: Engine, connectors: Connectors) -> None:
    engine.deploy_xml(drawn("inner", service("ask", "ask"), "start -> ask", "ask -> end"))
    connectors.take("ask", "PT2S")

    assert flow(engine, with_timeout(called("ask", "inner")), connectors)["answer"] == "too late"


def test_what_comes_too_late_from_a_sub_flow_is_dropped(engine: Engine, connectors: Connectors) -> None:
    engine.deploy_xml(drawn("inner", service("ask", "ask"), "start -> ask", "ask -> end"))
    xml = with_timeout(called("ask", "inner")).replace("scriptTask", "serviceTask")
    connectors.take("ask", "PT2S")
    connectors.answer("sorry")

    assert flow(engine, xml, connectors) == {}
    assert [job["bpmnElementId"] for job in connectors.done] == ["ask", "sorry"]


def test_an_error_of_a_sub_flow_that_nobody_catches_ends_the_microflow_at_once(
    engine: Engine, connectors: Connectors
) -> None:
    end = f'<endEvent id="no">{thrown("GONE")}</endEvent>'
    engine.deploy_xml(drawn("inner", end, "start -> no", declared=ERROR.format("GONE")))
    content = called("call", "inner") + service("ask", "ask")
    connectors.answer("ask")

    reason = failure(
        engine, drawn("outer", content, "start -> call", "call -> ask", "ask -> end"), connectors
    )

    assert reason == "nobody catches error GONE of no"
    assert connectors.done == []


def test_a_process_that_waits_cannot_be_called(engine: Engine) -> None:
    engine.deploy_xml(drawn("inner", '<userTask id="look"/>', "start -> look", "look -> end"))

    reason = failure(engine, drawn("outer", called("call", "inner"), "start -> call", "call -> end"))

    fact = "cannot run in a microflow"
    assert reason == f"call: process inner:1 {fact}: element look of type USER_TASK {fact}"


@pytest.mark.parametrize("host", [called("ask", "waits"), called("ask", "nobody"), service("ask", "mail")])
def test_a_boundary_event_catches_what_nobody_can_do(
    engine: Engine, connectors: Connectors, host: str
) -> None:
    engine.deploy_xml(drawn("waits", '<userTask id="look"/>', "start -> look", "look -> end"))

    assert flow(engine, with_handler(None, host=host), connectors)["answer"]["code"] == "FAILED"


def test_what_has_no_handler_is_not_tried_again(engine: Engine, connectors: Connectors) -> None:
    began = engine.clock.now
    xml = drawn("ask", service("mail", "mail", retries="R2/PT3S"), "start -> mail", "mail -> end")

    assert failure(engine, xml, connectors).startswith("mail: there is neither a connector nor a handler")
    assert engine.clock.now == began


def test_a_process_that_is_not_there_fails_at_its_call_activity(engine: Engine) -> None:
    reason = failure(engine, drawn("outer", called("call", "nobody"), "start -> call", "call -> end"))

    assert reason == "call: process nobody could not be found"


def test_a_loop_over_many_sub_flows_comes_to_its_end(engine: Engine) -> None:
    engine.deploy_xml(drawn("more", script("add", "=n + 1", "n"), "start -> add", "add -> end"))
    xml = drawn(
        "loop",
        called("call", "more") + '<exclusiveGateway id="x"/>',
        "start -> call",
        "call -> x",
        "x -> call: =n &lt; 150".replace("&lt;", "<"),
        "x -> end: =n >= 150",
    )

    assert flow(engine, xml, n=0) == {"n": 150}


def test_a_microflow_keeps_its_version_while_a_new_one_is_deployed(
    engine: Engine, connectors: Connectors
) -> None:
    def xml(answer: int) -> str:
        content = service("ask", "ask") + script("say", f"={answer}", "answer")
        return drawn("flow", content, "start -> ask", "ask -> say", "say -> end")

    def deploy() -> dict[str, Any]:
        engine.deploy_xml(xml(2), version="2")
        engine.env.store.forget_processes()
        return {}

    connectors.answers["ask"] = deploy

    assert flow(engine, xml(1), connectors) == {"answer": 1}


# Tracing


@pytest.mark.every_store
def test_with_tracing_its_process_instances_can_be_looked_at(engine: Engine, connectors: Connectors) -> None:
    engine.deploy_xml(
        drawn(
            "double",
            script("x2", "=n * 2", "n") + service("ask", "ask"),
            "start -> x2",
            "x2 -> ask",
            "ask -> end",
        )
    )
    engine.deploy_xml(drawn("outer", called("call", "double"), "start -> call", "call -> end"))
    connectors.answer("ask")

    outcome = start(engine, "outer", connectors, Limits(is_traced=True), n=4)

    outer, inner = engine.instances()
    assert outcome.trace == f"{outer.partition}/{outer.id}"
    assert outer.has_ended and inner.has_ended
    assert inner.state()["parentId"] == outer.id
    inner.has_passed("x2", "ask")


def test_with_tracing_a_failed_one_is_terminated(engine: Engine, connectors: Connectors) -> None:
    engine.deploy_xml(drawn("fails", service("ask", "ask"), "start -> ask", "ask -> end"))
    connectors.answer("ask", error="no luck")

    with pytest.raises(MicroflowFailed) as failed:
        start(engine, "fails", connectors, Limits(is_traced=True))

    (order,) = engine.instances()
    assert failed.value.trace == f"{order.partition}/{order.id}"
    assert order.state()["state"] == "TERMINATED"
    (job,) = order.jobs()
    assert job["error"] == "no luck"
    (incident,) = engine.send(c.QueryIncidents())["results"]
    assert incident["resolvedBy"] == CALLER


def uncaught(id: str) -> str:
    """A sub-process in which an error is thrown that nobody catches."""
    return (
        f'<subProcess id="{id}"><startEvent id="{id}-start"/><endEvent id="no">{thrown("GONE")}</endEvent>'
        f'<sequenceFlow id="{id}-flow" sourceRef="{id}-start" targetRef="no"/></subProcess>'
    )


@pytest.mark.every_store
def test_an_error_that_nobody_catches_ends_the_microflow_at_once(
    engine: Engine, connectors: Connectors
) -> None:
    content = uncaught("sub") + script("behind", "=1", "x") + service("ask", "ask")
    engine.deploy_xml(
        drawn(
            "fails",
            content,
            "start -> sub",
            "sub -> behind",
            "behind -> ask",
            "ask -> end",
            declared=ERROR.format("GONE"),
        )
    )
    connectors.answer("ask")

    with pytest.raises(MicroflowFailed) as failed:
        start(engine, "fails", connectors, Limits(is_traced=True))

    (order,) = engine.instances()
    assert failed.value.reason == "nobody catches error GONE of no"
    assert failed.value.trace == f"{order.partition}/{order.id}"
    assert order.state()["state"] == "TERMINATED"
    order.has_passed("no")
    assert "behind" not in {visit["bpmnElementId"] for visit in order.element_instances()}
    assert connectors.done == []


def test_an_error_that_nobody_catches_terminates_the_callers(engine: Engine) -> None:
    content = uncaught("sub") + script("behind", "=1", "x")
    inner = drawn(
        "inner", content, "start -> sub", "sub -> behind", "behind -> end", declared=ERROR.format("GONE")
    )
    engine.deploy_xml(inner)
    engine.deploy_xml(drawn("outer", called("call", "inner"), "start -> call", "call -> end"))

    with pytest.raises(MicroflowFailed, match="nobody catches error GONE of no"):
        start(engine, "outer", None, Limits(is_traced=True))

    assert [order.state()["state"] for order in engine.instances()] == ["TERMINATED", "TERMINATED"]


@pytest.mark.parametrize("length", [200])
def test_with_tracing_a_long_one_is_written_in_full(engine: Engine, length: int) -> None:
    xml = drawn(
        "loop",
        script("more", "=n + 1", "n") + '<exclusiveGateway id="x"/>',
        "start -> more",
        "more -> x",
        f"x -> more: =n < {length}",
        f"x -> end: =n >= {length}",
    )
    engine.deploy_xml(xml)

    start(engine, "loop", None, Limits(is_traced=True), n=0)

    (order,) = engine.instances()
    assert len(order.element_instances()) == 2 * length + 3

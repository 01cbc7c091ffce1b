"""Conditions on the flows that leave gateways and activities."""

import pytest

from chalicelib.engine.errors import ProcessModelError
from tests import models
from tests.play import ENGINE, Engine, Order, as_json

ENDS = '<endEvent id="few"/><endEvent id="many"/><endEvent id="other"/>'


def drawn(tag: str, *flows: str, default: str = "") -> str:
    said = f' default="{default}"' if default else ""
    return models.drawn("chooses", f'<{tag} id="choice"{said}/>{ENDS}', "start -> choice", *flows)


def chosen(engine: Engine, xml: str, **values: object) -> Order:
    return engine.start(engine.deploy_xml(xml), variables=as_json(**values))


THREE = (
    "choice -> few: =amount < 10",
    "choice -> many: =amount > 5",
    "choice -> other: =amount > 100",
)


@pytest.mark.every_store
def test_an_exclusive_gateway_takes_the_first_true_condition(engine: Engine) -> None:
    xml = drawn("exclusiveGateway", *THREE)

    for amount, way in ((3, "few"), (7, "few"), (50, "many"), (500, "many")):
        order = chosen(engine, xml, amount=amount)
        order.has_passed("choice", way)
        assert order.has_ended
        assert order.jobs() == []


@pytest.mark.every_store
def test_an_inclusive_gateway_takes_each_true_condition(engine: Engine) -> None:
    order = chosen(engine, drawn("inclusiveGateway", *THREE), amount=7)

    order.has_passed("few", "many")
    order.has_not_reached("other")
    assert order.has_ended
    assert order.jobs() == []


@pytest.mark.every_store
def test_an_activity_splits_by_conditions(engine: Engine) -> None:
    xml = drawn("serviceTask", *THREE[:2], "choice -> other")
    order = chosen(engine, xml, amount=3)

    order.complete_job("choice", processVariables=as_json(amount=50))

    order.has_passed("many", "other")
    order.has_not_reached("few")
    assert order.has_ended


@pytest.mark.parametrize("tag", ["task", "userTask", "subProcess", "exclusiveGateway", "inclusiveGateway"])
def test_where_no_condition_is_true_the_default_flow_is_taken(engine: Engine, tag: str) -> None:
    xml = drawn(tag, *THREE[1:], "choice -> few: =never > 1", default="choice-few")
    if tag == "subProcess":
        xml = xml.replace(
            'default="choice-few"/>',
            'default="choice-few"><startEvent id="begin"/></subProcess>',
        )
    order = chosen(engine, xml, amount=1)
    if tag == "userTask":
        order.update_user_task(completed=True)

    order.has_passed("few")
    order.has_not_reached("many", "other")
    assert order.has_ended


@pytest.mark.parametrize("tag", ["task", "inclusiveGateway"])
def test_a_flow_without_condition_is_always_taken(engine: Engine, tag: str) -> None:
    xml = drawn(tag, *THREE[1:2], "choice -> other")

    chosen(engine, xml, amount=50).has_passed("many", "other")
    order = chosen(engine, xml, amount=1)
    order.has_passed("other")
    order.has_not_reached("many")


def test_the_default_flow_is_not_taken_beside_a_true_condition(engine: Engine) -> None:
    order = chosen(engine, drawn("inclusiveGateway", *THREE[:2], default="choice-few"), amount=50)

    order.has_passed("many")
    order.has_not_reached("few")


def test_at_an_exclusive_gateway_a_flow_without_condition_is_for_all_else(engine: Engine) -> None:
    xml = drawn("exclusiveGateway", "choice -> few", "choice -> many: =amount > 5")

    chosen(engine, xml, amount=50).has_passed("many")
    chosen(engine, xml, amount=1).has_passed("few")


@pytest.mark.parametrize(
    "condition",
    [
        '=customer.tier = "gold" and amount > 100',
        'customer.tier = "gold" and amount > 100',
        "${customer.tier == 'gold' && amount > 100}",
        "=order_number > 41 and gross-amount = 3",
        '=instance.correlationKey = "o-1" and instance.tags.team = "sales" and instance.id > 0',
        '=element.id = "choice" and element.type = "EXCLUSIVE_GATEWAY"',
        "=instance.startedAt <= now() and instance.partition = string(today())",
    ],
)
def test_a_condition_is_in_feel_or_in_braces(engine: Engine, condition: str) -> None:
    xml = drawn("exclusiveGateway", f"choice -> many: {condition}", "choice -> few", default="choice-few")
    values = as_json(customer={"tier": "gold"}, amount=101, order_number=42, **{"gross-amount": 3})
    tags = [{"name": "team", "value": "sales"}]

    order = engine.start(engine.deploy_xml(xml), variables=values, correlationKey="o-1", tags=tags)

    order.has_passed("many")


def test_without_any_condition_a_worker_decides(engine: Engine) -> None:
    order = chosen(engine, drawn("exclusiveGateway", "choice -> few", "choice -> many"))

    (job,) = order.jobs()
    assert job["type"] == "EVALUATE_EXCLUSIVE_GATEWAY"
    order.decide("choice", "many")
    order.has_passed("many")


@pytest.mark.every_store
@pytest.mark.parametrize(
    ("tag", "type"),
    [
        ("exclusiveGateway", "EVALUATE_EXCLUSIVE_GATEWAY"),
        ("inclusiveGateway", "EVALUATE_INCLUSIVE_GATEWAY"),
        ("task", "EVALUATE_INCLUSIVE_GATEWAY"),
    ],
)
def test_without_a_true_condition_there_is_an_incident(engine: Engine, tag: str, type: str) -> None:
    order = chosen(engine, drawn(tag, *THREE[1:]), amount=1)

    (job,) = order.jobs()
    assert (job["type"], job["state"], job["lockedBy"]) == (type, "CAUSED_INCIDENT", ENGINE)
    assert "no condition on a sequence flow of choice is true" in job["error"]
    assert engine.lock() == [], "it is no work for a worker"
    (incident,) = order.incidents()
    assert incident["jobId"] == job["id"]
    order.waits_at("choice")

    order.resolve_incident()
    assert [i.get("resolvedAt") is None for i in order.incidents()] == [False, True], "nothing has changed"
    order.set_values(amount=50)
    order.resolve_incident()

    order.has_passed("many")
    assert order.has_ended


def test_an_incident_says_why_a_condition_is_not_true(engine: Engine) -> None:
    order = engine.start(
        engine.deploy_xml(drawn("exclusiveGateway", "choice -> few: =amount < 10", "choice -> many: =ok")),
        variables=[{"name": "amount", "data": {"encoding": "text", "value": "3"}}],
    )

    (job,) = order.jobs()

    assert "variable amount has encoding text, expressions see json" in job["error"]
    assert "there is no variable `ok`" in job["error"]


def test_an_incident_may_be_resolved_for_later(engine: Engine) -> None:
    order = chosen(engine, drawn("exclusiveGateway", *THREE[1:]), amount=1)
    order.set_values(amount=50)

    order.resolve_incident(retryTimer="PT1H")

    order.waits_at("choice")
    engine.after("PT1H")
    order.has_passed("many")
    assert order.has_ended


def test_a_value_that_is_no_json_is_no_value(engine: Engine) -> None:
    order = engine.start(
        engine.deploy_xml(
            drawn("exclusiveGateway", "choice -> few: =amount < 10", "choice -> many: =amount > 9")
        ),
        variables=[{"name": "amount", "data": {"encoding": "json", "value": "{"}}],
    )

    (job,) = order.jobs()

    assert "variable amount is not the JSON that its encoding promises" in job["error"]


def test_the_nearest_variable_counts(engine: Engine) -> None:
    inside = '<startEvent id="begin"/><serviceTask id="work"/><exclusiveGateway id="choice"/>'
    inside += '<endEvent id="few"/><endEvent id="many"/>'
    inside += "".join(
        f'<sequenceFlow id="{s}{t}" sourceRef="{s}" targetRef="{t}">{c}</sequenceFlow>'
        for s, t, c in (
            ("begin", "work", ""),
            ("work", "choice", ""),
            ("choice", "few", "<conditionExpression>=amount = 1</conditionExpression>"),
            ("choice", "many", "<conditionExpression>=amount = 2</conditionExpression>"),
        )
    )
    xml = models.drawn(
        "nested", f'<subProcess id="pack">{inside}</subProcess>', "start -> pack", "pack -> end"
    )
    order = chosen(engine, xml, amount=1)

    (amount,) = as_json(amount=2)
    order.complete_job("work", elementVariables=[{**amount, "bpmnElementId": "pack"}])

    order.has_passed("many", "end")


def test_a_large_value_is_read_where_it_lies(engine: Engine) -> None:
    amounts = [{"amount": number, "note": "x" * 400} for number in range(300)]
    xml = drawn(
        "serviceTask", "choice -> few: =count(all[amount > 1]) = 298", "choice -> many", default="choice-many"
    )
    order = chosen(engine, xml, all=amounts)

    order.complete_job("choice")

    order.has_passed("few")


# What is refused


def refused(engine: Engine, xml: str) -> list[tuple[str, str]]:
    with pytest.raises(ProcessModelError) as refusal:
        engine.deploy_xml(xml)
    return [(cause.pointer, cause.detail) for cause in refusal.value.causes]


def test_a_condition_that_is_no_expression_is_refused_with_its_place(engine: Engine) -> None:
    xml = drawn("exclusiveGateway", "choice -> few: =amount <", "choice -> many: =amount > 9")

    ((pointer, detail),) = refused(engine, xml)

    assert pointer == "/chooses/choice-few"
    assert detail.startswith("condition of choice-few: ")


def test_a_condition_in_another_language_is_refused(engine: Engine) -> None:
    xml = drawn("exclusiveGateway", "choice -> few: amount", "choice -> many: =amount > 9")
    xml = xml.replace("<conditionExpression>amount", '<conditionExpression language="groovy">amount')

    assert refused(engine, xml) == [
        ("/chooses/choice-few", "condition of sequence flow choice-few is in language groovy")
    ]

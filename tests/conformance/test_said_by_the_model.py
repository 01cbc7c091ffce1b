"""What a model says by expressions: timers, names, codes, keys, scripts, mappings, calls, user tasks."""

from dataclasses import replace

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import ProcessModelError
from tests import models
from tests.models import extended, mapped
from tests.play import ENGINE, Engine, Order, as_json


def started(engine: Engine, xml: str, **values: object) -> Order:
    return engine.start(engine.deploy_xml(xml), variables=as_json(**values))


def with_event(definition: str, declared: str = "", added: str = "") -> str:
    content = f'<intermediateCatchEvent id="event">{added}{definition}</intermediateCatchEvent>'
    return models.drawn("waits", content, "start -> event", "event -> end", declared=declared)


def timer(kind: str, text: str) -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


# Timers


@pytest.mark.every_store
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDuration", "=pause"),
        ("timeDuration", "=duration(pause)"),
        ("timeDuration", "PT${hours}H"),
        ("timeDate", '=now() + duration("PT2H")'),
        ("timeDate", '=date and time("2030-01-01T10:00:00")'),
        ("timeDate", "${at}"),
        ("timeCycle", '="R1/" + pause'),
        ("timeCycle", '="0 10 * * *"'),
    ],
)
def test_a_timer_is_set_by_an_expression(engine: Engine, kind: str, text: str) -> None:
    order = started(
        engine, with_event(timer(kind, text)), pause="PT2H", hours=2, at="2030-01-01T12:00:00+02:00"
    )

    (task,) = order.tasks()
    assert task["dueAt"] == "2030-01-01T10:00:00.000Z"
    assert order.jobs() == []
    engine.after("PT2H")
    assert order.has_ended


@pytest.mark.parametrize(
    ("kind", "text", "fact"),
    [
        ("timeDuration", "=pause", "there is no variable `pause`"),
        ("timeDuration", "=late", "is no duration: tomorrow"),
        ("timeDate", "=late", "is no time: tomorrow"),
        ("timeCycle", "=late", "is no cycle: tomorrow"),
        ("timeCycle", "=12", "is no cycle"),
    ],
)
def test_a_timer_that_is_none_is_an_incident(engine: Engine, kind: str, text: str, fact: str) -> None:
    order = started(engine, with_event(timer(kind, text)), late="tomorrow")

    (job,) = order.jobs()
    assert (job["type"], job["state"], job["lockedBy"]) == ("SET_TIMER", "CAUSED_INCIDENT", ENGINE)
    assert fact in job["error"]
    assert order.states("event") == ["CREATED"]

    soon = "0 9 * * *" if kind == "timeCycle" else "2030-01-01T09:00:00Z" if kind == "timeDate" else "PT1H"
    order.set_values(late=soon, pause="PT1H")
    if text == "=12":
        return
    order.resolve_incident()
    engine.after("PT1H")
    assert order.has_ended


def boundary(definition: str, *, interrupts: bool = True, declared: str = "", added: str = "") -> str:
    """A service task with an event at its boundary."""
    content = f'<serviceTask id="work">{added}</serviceTask>'
    content += f'<boundaryEvent id="event" attachedToRef="work" cancelActivity="{str(interrupts).lower()}">'
    content += f'{definition}</boundaryEvent><endEvent id="late"/>'
    return models.drawn(
        "guarded", content, "start -> work", "work -> end", "event -> late", declared=declared
    )


def test_a_boundary_timer_ticks_as_often_as_its_expression_says(engine: Engine) -> None:
    xml = boundary(timer("timeCycle", '="R3/" + pause'), interrupts=False)
    order = started(engine, xml, pause="PT1H")

    for _ in range(5):
        engine.after("PT1H")

    assert order.states("late") == ["COMPLETED"] * 3


def test_a_boundary_duration_by_expression_comes_once(engine: Engine) -> None:
    order = started(engine, boundary(timer("timeDuration", "=pause"), interrupts=False), pause="PT1H")

    for _ in range(3):
        engine.after("PT1H")

    assert order.states("late") == ["COMPLETED"]


def test_a_boundary_event_sees_the_inputs_of_its_activity(engine: Engine) -> None:
    xml = boundary(timer("timeDuration", "=pause"), added=extended(mapped('in pause = ="PT" + hours + "H"')))
    order = started(engine, xml, hours="3")

    (task,) = order.tasks()
    assert task["dueAt"] == "2030-01-01T11:00:00.000Z"


def test_a_timer_start_is_evaluated_when_it_is_deployed(engine: Engine) -> None:
    xml = models.drawn(
        "daily", f'<startEvent id="at">{timer("timeDate", TOMORROW)}</startEvent>', "at -> end"
    )
    xml = xml.replace('<startEvent id="start"/>', "")
    engine.deploy_xml(xml)

    engine.after("P1D")

    (order,) = engine.instances()
    assert order.has_ended


TOMORROW = '=now() + duration("P1D")'


def test_a_start_that_needs_a_variable_is_refused(engine: Engine) -> None:
    start = f'<startEvent id="at">{timer("timeDate", "=order.at")}</startEvent>'
    xml = models.drawn("daily", start, "at -> end").replace('<startEvent id="start"/>', "")

    with pytest.raises(ProcessModelError) as refusal:
        engine.deploy_xml(xml)

    (cause,) = refusal.value.causes
    assert (cause.pointer, cause.type) == ("/daily/at", "timer_event")
    assert "there is no variable `order`" in cause.detail


def test_the_definition_of_the_deployment_counts_more(engine: Engine) -> None:
    process = engine.deploy_xml(
        with_event(timer("timeDuration", "=pause")),
        timers=[{"bpmnElementId": "event", "timer": {"timeDuration": "PT1H"}}],
    )
    order = engine.start(process)

    (task,) = order.tasks()
    assert task["dueAt"] == "2030-01-01T09:00:00.000Z"


# Messages, signals, errors, escalations


def message(name: str, key: str | None) -> tuple[str, str]:
    said = extended(f'<zeebe:subscription correlationKey="{key}"/>') if key else ""
    declared = f'<message id="m" name="{name}">{said}</message>'
    return '<messageEventDefinition messageRef="m"/>', declared


@pytest.mark.every_store
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("paid", "=order.id"),
        ("=kind", "=order.id"),
        ("${kind}", "${order.id}"),
        ("paid", "7"),
        ("paid", "o-7"),
    ],
)
def test_a_message_is_awaited_by_name_and_key_of_the_model(engine: Engine, name: str, key: str) -> None:
    id = 7 if key == "7" else "o-7"
    order = started(engine, with_event(*message(name, key)), order={"id": id}, kind="paid")
    assert order.jobs() == []

    engine.message("paid", str(id))

    assert order.has_ended


def test_a_number_is_a_key(engine: Engine) -> None:
    order = started(engine, with_event(*message("paid", "=order.id")), order={"id": 7})

    engine.message("paid", "7")

    assert order.has_ended


def test_without_a_key_a_worker_is_asked(engine: Engine) -> None:
    order = started(engine, with_event(*message("=kind", None)), kind="paid")

    (job,) = order.jobs()
    assert job["type"] == "SET_MESSAGE_CORRELATION_KEY"
    order.complete_job("event", completion={"messageCorrelationKey": "o-7"})
    engine.message("paid", "o-7")
    assert order.has_ended


def test_a_key_that_is_nothing_is_an_incident(engine: Engine) -> None:
    order = started(engine, with_event(*message("paid", "=order.id")))
    (job,) = order.jobs()
    assert (job["type"], job["state"]) == ("SET_MESSAGE_CORRELATION_KEY", "CAUSED_INCIDENT")
    assert job["error"].startswith("correlation key of event comes to nothing: =order.id (there is no")

    order.set_values(order={"id": "o-7"})
    order.resolve_incident()
    engine.message("paid", "o-7")

    assert order.has_ended


def test_a_buffered_message_is_taken(engine: Engine) -> None:
    engine.message("paid", "o-7", expirationTimer={"timeDuration": "PT1H"})

    assert started(engine, with_event(*message("paid", "=order.id")), order={"id": "o-7"}).has_ended


def test_a_message_at_the_boundary_sees_the_inputs_of_its_activity(engine: Engine) -> None:
    definition, declared = message("paid", "=id")
    added = extended(mapped("in id = =order.id"))
    order = started(engine, boundary(definition, declared=declared, added=added), order={"id": "o-7"})

    engine.message("paid", "o-7")

    order.has_passed("late")
    assert order.states("work") == ["TERMINATED"]


def test_a_signal_is_awaited_by_the_name_that_an_expression_says(engine: Engine) -> None:
    signal = '<signal id="s" name="=region + &quot;-opens&quot;"/>'
    order = started(engine, with_event('<signalEventDefinition signalRef="s"/>', signal), region="north")

    engine.signal("north-opens")

    assert order.has_ended


@pytest.mark.parametrize("kind", ["error", "escalation"])
def test_a_code_may_be_an_expression(engine: Engine, kind: str) -> None:
    declared = f'<{kind} id="caught" {kind}Code="=codes[1]"/><{kind} id="thrown" {kind}Code="${{codes[0]}}"/>'
    inside = (
        '<startEvent id="begin"/><endEvent id="fail">'
        f'<{kind}EventDefinition {kind}Ref="thrown"/></endEvent>'
        '<sequenceFlow id="b" sourceRef="begin" targetRef="fail"/>'
    )
    content = (
        f'<subProcess id="work">{inside}</subProcess><boundaryEvent id="event" attachedToRef="work">'
        f'<{kind}EventDefinition {kind}Ref="caught"/></boundaryEvent><endEvent id="late"/>'
    )
    xml = models.drawn("guarded", content, "start -> work", "work -> end", "event -> late", declared=declared)

    order = started(engine, xml, codes=["E1"])

    order.has_passed("fail", "late")
    assert order.states("work") == ["TERMINATED"]


def test_a_signal_is_thrown_by_the_name_that_an_expression_says(engine: Engine) -> None:
    waiting = started(
        engine,
        with_event('<signalEventDefinition signalRef="s"/>', '<signal id="s" name="open"/>'),
    )
    thrown = (
        '<intermediateThrowEvent id="throw"><signalEventDefinition signalRef="s"/></intermediateThrowEvent>'
    )
    xml = models.drawn(
        "throws", thrown, "start -> throw", "throw -> end", declared='<signal id="s" name="=what"/>'
    )

    order = started(engine, xml, what="open")
    engine.let_arrive()

    assert order.has_ended
    assert waiting.has_ended


# Scripts


def script(said: str) -> str:
    return models.drawn("scripted", said, "start -> script", "script -> end")


@pytest.mark.every_store
def test_a_script_sets_its_result_variable(engine: Engine) -> None:
    added = '<zeebe:script expression="=sum(prices)" resultVariable="total"/>'
    order = started(
        engine, script(f'<scriptTask id="script">{extended(added)}</scriptTask>'), prices=[1, 2.5]
    )

    assert order.has_ended
    assert order.values()["total"] == 3.5
    assert order.jobs() == []


@pytest.mark.parametrize("language", ["feel", "FEEL", "https://www.omg.org/spec/DMN/20191111/FEEL/"])
def test_a_script_of_bpmn_itself_names_its_language(engine: Engine, language: str) -> None:
    said = f'<scriptTask id="script" scriptFormat="{language}" camunda:resultVariable="total">'
    order = started(engine, script(said + "<script>a + 1</script></scriptTask>"), a=1)

    assert order.values()["total"] == 2


@pytest.mark.parametrize("said", ['scriptFormat="groovy"', 'camunda:topic="scripts" scriptFormat="feel"', ""])
def test_other_scripts_are_for_a_worker(engine: Engine, said: str) -> None:
    order = started(engine, script(f'<scriptTask id="script" {said}><script>a + 1</script></scriptTask>'))

    (job,) = order.jobs()
    assert (job["type"], job["state"]) == ("EXECUTE", "DUE")


def test_a_script_that_takes_too_much_is_an_incident(engine: Engine) -> None:
    text = "=count(for a in 1..1000, b in 1..1000 return a + b)"
    added = f'<zeebe:script expression="{text}" resultVariable="n"/>'
    order = started(engine, script(f'<scriptTask id="script">{extended(added)}</scriptTask>'))

    (job,) = order.jobs()
    assert (job["type"], job["state"], job["lockedBy"]) == ("EXECUTE", "CAUSED_INCIDENT", ENGINE)
    assert "more than" in job["error"]
    order.waits_at("script")


# Inputs and outputs


def task(*additions: str, tag: str = "serviceTask") -> str:
    return models.drawn(
        "maps", f'<{tag} id="work">{extended(*additions)}</{tag}>', "start -> work", "work -> end"
    )


def element_values(order: Order, element_id: str) -> dict[str, str]:
    (token,) = order.element_instances(element_id)
    answer = order.engine.send(c.GetElementVariables(partition=order.partition, id=token["id"]))
    return {variable["name"]: variable["data"]["value"] for variable in answer["variables"]}


@pytest.mark.every_store
def test_inputs_are_made_at_the_element_and_outputs_around_it(engine: Engine) -> None:
    xml = task(
        mapped(
            "in items = =order.items",
            "in first = =items[1]",
            "in kind = express",
            "in parcel.weight = =2 * 3",
            "in parcel.kind = =kind",
            "out reserved = =reservation.id",
            "out order.state = reserved",
        )
    )
    order = started(engine, xml, order={"items": ["teapot", "bell"]})
    assert element_values(order, "work") == {
        "items": '["teapot","bell"]',
        "first": '"teapot"',
        "kind": '"express"',
        "parcel": '{"weight":6,"kind":"express"}',
    }
    assert order.values() == {"order": {"items": ["teapot", "bell"]}}

    order.complete_job("work", elementVariables=as_json(reservation={"id": 7}))

    assert order.has_ended
    assert order.values() == {"order": {"items": ["teapot", "bell"], "state": "reserved"}, "reserved": 7}


def test_camunda_inputs_and_outputs_mean_the_same(engine: Engine) -> None:
    xml = task(
        '<camunda:inputOutput><camunda:inputParameter name="item">${order.items[0]}</camunda:inputParameter>'
        '<camunda:outputParameter name="label">for ${item}</camunda:outputParameter></camunda:inputOutput>'
    )
    order = started(engine, xml, order={"items": ["teapot"]})
    assert element_values(order, "work") == {"item": '"teapot"'}

    order.complete_job("work")

    assert order.values()["label"] == "for teapot"


def test_an_output_goes_to_the_nearest_variable_of_its_name(engine: Engine) -> None:
    inner = (
        f'<startEvent id="begin"/><serviceTask id="work">{extended(mapped("out n = =n + 1"))}</serviceTask>'
    )
    inner += '<sequenceFlow id="a" sourceRef="begin" targetRef="work"/>'
    pack = f'<subProcess id="pack">{extended(mapped("in n = =10", "out seen = =n"))}{inner}</subProcess>'
    order = started(engine, models.drawn("nested", pack, "start -> pack", "pack -> end"), n=1)

    order.complete_job("work")

    assert order.values() == {"n": 1, "seen": 11}


@pytest.mark.parametrize("tag", ["task", "manualTask", "intermediateThrowEvent", "userTask"])
def test_every_activity_and_event_maps(engine: Engine, tag: str) -> None:
    order = started(engine, task(mapped("in a = =b", "out c = =a + 1"), tag=tag), b=1)
    if tag == "userTask":
        order.update_user_task(completed=True)

    assert order.values() == {"b": 1, "c": 2}


def test_start_and_catch_events_map_what_a_message_brings(engine: Engine) -> None:
    definition, declared = message("ordered", None)
    start = f'<startEvent id="begin">{extended(mapped("out id = =order.id"))}{definition}</startEvent>'
    xml = models.drawn("begins", start, "begin -> end", declared=declared)
    engine.deploy_xml(xml.replace('<startEvent id="start"/>', ""))

    engine.message("ordered", "o-7", variables=as_json(order={"id": 5}))

    (order,) = engine.instances()
    assert order.values()["id"] == 5


def test_an_input_may_have_any_name(engine: Engine) -> None:
    xml = task(
        mapped("in order number = =41", "in คำสั่งซื้อ = =order number + 1", "out n = =คำสั่งซื้อ"), tag="task"
    )

    assert started(engine, xml).values() == {"n": 42}


def test_null_is_a_value(engine: Engine) -> None:
    assert started(engine, task(mapped("out n = =missing"), tag="task")).values() == {"n": None}


@pytest.mark.parametrize("kind", ["in", "out"])
def test_a_mapping_that_takes_too_much_is_an_incident_and_nothing_is_lost(engine: Engine, kind: str) -> None:
    xml = task(mapped(f"{kind} n = =count(for a in 1..size, b in 1..size return 1)"))
    order = started(engine, xml, size=1000)
    if kind == "out":
        order.complete_job("work", processVariables=as_json(done=True))
        assert order.values()["done"] is True
    (*_, job) = order.jobs("work")
    assert (job["type"], job["state"], job["lockedBy"]) == ("EXECUTE", "CAUSED_INCIDENT", ENGINE)

    order.set_values(size=10)
    order.resolve_incident()
    if kind == "in":
        order.complete_job("work")

    assert order.has_ended
    assert [job["state"] for job in order.jobs("work")].count("DONE") == 1, "the work is done once"
    if kind == "out":
        assert order.values()["n"] == 100


# User tasks


def test_who_does_a_user_task_may_be_an_expression(engine: Engine) -> None:
    said = (
        '<zeebe:assignmentDefinition assignee="=clerk" candidateUsers="=users"'
        ' candidateGroups="${group},office"/>'
        '<zeebe:taskSchedule dueDate="=now() + duration(&quot;P2D&quot;)"'
        ' followUpDate="=date(&quot;2030-02-01&quot;)"/>'
        '<zeebe:priorityDefinition priority="=10 * urgency"/>'
        '<zeebe:formDefinition formKey="=&quot;form-&quot; + clerk"/>'
    )
    order = started(
        engine, task(said, tag="userTask"), clerk="ann", users=["ann", "bob"], group="sales", urgency=3
    )

    (found,) = order.user_tasks()

    assert (found["assignee"], found["candidateUsers"]) == ("ann", ["ann", "bob"])
    assert found["candidateGroups"] == ["sales", "office"]
    assert (found["dueDate"], found["priority"]) == ("2030-01-03T08:00:00.000Z", 30)
    assert found["formKey"] == "form-ann"
    assert order.query(c.QueryUserTasks, processInstanceId=order.id, assignee="ann")


# Calls

DELIVERY = models.drawn("delivery", '<serviceTask id="pack"/>', "start -> pack", "pack -> end")


def calling(*additions: str, said: str = "") -> str:
    content = f'<callActivity id="call" {said}>{extended(*additions)}</callActivity>'
    return models.drawn("orders", content, "start -> call", "call -> end")


ALL = '<zeebe:calledElement processId="delivery"/>'
NOTHING = ALL.replace("/>", ' propagateAllParentVariables="false" propagateAllChildVariables="false"/>')


@pytest.mark.every_store
def test_a_called_process_gets_and_gives_back_all_variables(engine: Engine) -> None:
    engine.deploy_xml(DELIVERY)
    order = started(
        engine, calling(ALL, mapped("in to = =customer.name", "in a = =2")), a=1, customer={"name": "Ann"}
    )
    assert [job["type"] for job in order.jobs()] == []
    called = order.called("call")
    assert called.values() == {"a": 2, "customer": {"name": "Ann"}, "to": "Ann"}

    called.complete_job("pack", processVariables=as_json(parcel=7))
    order.run_due_tasks()

    assert called.has_ended
    assert order.has_ended
    assert order.values()["parcel"] == 7


def test_a_called_process_gets_inputs_alone_and_outputs_choose(engine: Engine) -> None:
    engine.deploy_xml(DELIVERY)
    order = started(
        engine, calling(NOTHING, mapped("in to = =name", "out parcel = =number")), name="Ann", a=1
    )
    called = order.called("call")
    assert called.values() == {"to": "Ann"}

    called.complete_job("pack", processVariables=as_json(number=7, other=8))
    order.run_due_tasks()

    assert order.values() == {"name": "Ann", "a": 1, "parcel": 7}


def test_camunda_names_each_variable_that_goes_in_and_comes_back(engine: Engine) -> None:
    engine.deploy_xml(DELIVERY)
    said = (
        '<camunda:in businessKey="${order.id}"/><camunda:in source="name" target="to"/>'
        '<camunda:in sourceExpression="${order.id}-1" target="ref"/>'
        '<camunda:out source="number" target="parcel"/>'
    )
    xml = calling(said, said='calledElement="delivery"')
    order = started(engine, xml, name="Ann", order={"id": "o-7"})
    called = order.called("call")
    assert called.values() == {"to": "Ann", "ref": "o-7-1"}
    assert called.state()["correlationKey"] == "o-7"

    called.complete_job("pack", processVariables=as_json(number=7))
    order.run_due_tasks()

    assert order.values()["parcel"] == 7
    assert "number" not in order.values()


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('calledElement="${what}" camunda:calledElementBinding="latest"', "2"),
        ('calledElement="delivery" camunda:calledElementVersion="1"', "1"),
        ('calledElement="=what"', "2"),
        ('calledElement="delivery" camunda:calledElementBinding="deployment"', "1"),
        ('calledElement="delivery:1" camunda:calledElementBinding="version"', "1"),
    ],
)
def test_the_binding_says_which_version_is_called(engine: Engine, said: str, version: str) -> None:
    for number in ("1", "2"):
        engine.deploy_xml(DELIVERY, version=number)
    order = started(engine, calling(said=said), what="delivery")

    assert order.called("call").state()["version"] == version


def test_a_call_of_nothing_is_an_incident(engine: Engine) -> None:
    order = started(engine, calling(ALL))
    (job,) = order.jobs()
    assert (job["type"], job["state"], job["lockedBy"]) == ("CALL_PROCESS", "CAUSED_INCIDENT", ENGINE)
    assert job["error"] == "process delivery could not be found"

    engine.deploy_xml(DELIVERY)
    order.resolve_incident()

    order.called("call").complete_job("pack")
    order.run_due_tasks()
    assert order.has_ended


def test_a_plain_called_element_asks_as_before(engine: Engine) -> None:
    engine.deploy_xml(DELIVERY)
    order = started(engine, models.call("plain", "delivery"))

    assert [job["type"] for job in order.jobs()] == ["CALL_PROCESS"]


def test_processes_that_call_each_other_for_ever_are_stopped(engine: Engine) -> None:
    engine.deploy_xml(calling(ALL.replace("delivery", "orders")))
    process = {"bpmnProcessId": "orders", "version": "1"}
    order = engine.start(process)

    for _ in range(3):
        engine.send(c.ExecuteTasks(limit=10))

    assert order.state()["state"] == "STARTED"
    assert len(engine.instances()) > 3


# Encrypted values

SECRET = {"name": "card", "data": {"encoding": "json", "value": '{"number":"4111"}', "encrypted": True}}


def test_what_is_made_of_an_encrypted_value_is_encrypted(engine: Engine) -> None:
    engine.settings = replace(engine.settings, encryption_keys=(bytes(32),))
    engine.env = engine.environment()
    process = engine.deploy_xml(task(mapped("out last = =card.number", "out plain = =1"), tag="task"))

    order = engine.start(process, variables=[SECRET])

    answer = engine.send(c.GetProcessVariables(partition=order.partition, id=order.id))
    data = {variable["name"]: variable["data"] for variable in answer["variables"]}
    assert (data["last"]["value"], data["last"]["encrypted"]) == ('"4111"', True)
    assert (data["plain"]["value"], data["plain"].get("encrypted", False)) == ("1", False)


def test_an_encrypted_value_without_a_key_is_an_incident(engine: Engine) -> None:
    with_key = replace(engine.settings, encryption_keys=(bytes(32),))
    without, engine.settings = engine.settings, with_key
    engine.env = engine.environment()
    xml = task(mapped("out last = =card.number"))
    order = engine.start(engine.deploy_xml(xml), variables=[SECRET])
    engine.settings = without

    order.complete_job("work")

    (*_, job) = order.jobs("work")
    assert job["error"] == "variable card is encrypted, and no encryption key is configured"
    engine.settings = with_key
    engine.env = engine.environment()
    order.resolve_incident()
    assert order.has_ended

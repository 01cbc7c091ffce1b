"""Where the model has no answer, the token stops once, with one incident, and goes on once it is resolved."""

from dataclasses import replace

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import ProcessModelError
from tests import models
from tests.models import extended, mapped
from tests.play import Engine, Order, as_json

TOO_MUCH = "=count(for a in 1..size, b in 1..size return 1)"
"""While `size` is large."""

SECRET = {"name": "card", "data": {"encoding": "json", "value": '"4111-7"', "encrypted": True}}


def started(engine: Engine, content: str, *flows: str, **values: object) -> Order:
    process = engine.deploy_xml(models.drawn("stops", content, *flows))
    return engine.start(process, variables=as_json(**values))


def boundaries(number: int, kind: str = "timeDuration", text: str = "PT9H") -> str:
    """Timers at the boundary of the element `work` that do not interrupt it."""
    timer = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
    return "".join(
        f'<boundaryEvent id="event{n}" attachedToRef="work" cancelActivity="false">{timer}</boundaryEvent>'
        for n in range(number)
    )


def open_incidents(order: Order) -> int:
    return sum("resolvedAt" not in incident for incident in order.incidents())


def assigned(text: str) -> str:
    return extended(f'<zeebe:assignmentDefinition assignee="{text}"/>')


# Entering


@pytest.mark.every_store
@pytest.mark.parametrize("events", [0, 1, 3])
def test_an_activity_stops_once_whatever_listens_at_its_boundary(engine: Engine, events: int) -> None:
    content = f'<userTask id="work">{assigned(TOO_MUCH)}</userTask>{boundaries(events)}'
    order = started(engine, content, "start -> work", "work -> end", size=1000)

    assert open_incidents(order) == 1
    order.set_values(size=1)
    order.resolve_incident()
    assert len(order.user_tasks()) == 1
    order.update_user_task(completed=True)
    assert order.has_ended


def test_events_tick_beside_an_activity_that_is_stopped(engine: Engine) -> None:
    content = f'<task id="work"/>{boundaries(1, "timeCycle", "R3/PT1H")}'
    order = started(engine, content, "start -> work", "work -> end: =ok")

    engine.after("PT1H")
    engine.after("PT1H")

    assert order.states("event0") == ["COMPLETED", "COMPLETED", "CREATED"]
    assert open_incidents(order) == 1


def test_a_retry_for_later_is_not_hurried_by_a_tick(engine: Engine) -> None:
    content = f'<userTask id="work">{assigned(TOO_MUCH)}</userTask>{boundaries(1, "timeCycle", "R3/PT1H")}'
    order = started(engine, content, "start -> work", "work -> end", size=1000)
    order.set_values(size=1)
    order.resolve_incident(retryTimer="PT2H")

    engine.after("PT1H")
    assert order.user_tasks() == []
    engine.after("PT1H")
    assert len(order.user_tasks()) == 1


@pytest.mark.every_store
def test_inputs_are_made_of_what_there_is_when_the_token_goes_on(engine: Engine) -> None:
    said = extended('<zeebe:calledElement processId="=what"/>', mapped("in what = =wanted", "in n = =n + 1"))
    engine.deploy_xml(models.sequence("called", 1))
    content = f'<callActivity id="work">{said}</callActivity>{boundaries(1)}'
    order = started(engine, content, "start -> work", "work -> end", n=1)

    order.resolve_incident()
    order.set_values(wanted="called")
    order.resolve_incident()

    assert order.called("work").values() == {"n": 2, "what": "called", "wanted": "called"}


def test_a_boundary_event_that_is_stopped_sees_inputs_made_again(engine: Engine) -> None:
    content = f'<serviceTask id="work">{extended(mapped("in pause = =wanted"))}</serviceTask>'
    content += boundaries(1, text="PT9H") + boundaries(1, text="=pause").replace("event0", "second")
    order = started(engine, content, "start -> work", "work -> end")
    order.waits_at("work", "event0", "second")
    assert order.jobs("work") == []

    order.set_values(wanted="PT1H")
    order.resolve_incident()

    assert len(order.jobs("work")) == 1
    engine.after("PT1H")
    assert order.states("second")[0] == "COMPLETED"


def test_no_event_listens_before_the_inputs_are_made(engine: Engine) -> None:
    source = "if size > 10 then count(for a in 1..size, b in 1..size return 1) else key"
    added = extended(mapped(f"in id = ={source}"))
    awaited = '<messageEventDefinition messageRef="m"/>'
    content = f'<serviceTask id="work">{added}</serviceTask>{boundaries(1)}<endEvent id="paid"/>'
    content += f'<boundaryEvent id="message" attachedToRef="work">{awaited}</boundaryEvent>'
    declared = (
        f'<message id="m" name="paid">{extended("""<zeebe:subscription correlationKey="=id"/>""")}</message>'
    )
    xml = models.drawn("stops", content, "start -> work", "work -> end", "message -> paid", declared=declared)
    order = engine.start(engine.deploy_xml(xml), variables=as_json(id="outer", key="inner", size=1000))

    order.set_values(size=1)
    order.resolve_incident()
    engine.message("paid", "outer")
    assert order.states("paid") == []
    engine.message("paid", "inner")

    assert order.states("paid") == ["COMPLETED"]


# Leaving


@pytest.mark.every_store
def test_outputs_are_made_once_whatever_comes_behind_them(engine: Engine) -> None:
    added = extended(mapped("out n = =n + 1"))
    order = started(engine, f'<task id="work">{added}</task>', "start -> work", "work -> end: =ok", n=1)

    order.resolve_incident()
    assert order.values() == {"n": 2}
    order.set_values(ok=True)
    order.resolve_incident()

    assert order.has_ended
    assert order.values()["n"] == 2


@pytest.mark.parametrize("kind", ["in", "out"])
def test_all_variables_of_a_mapping_are_made_or_none(engine: Engine, kind: str) -> None:
    added = extended(mapped(f"{kind} n = =n + 1", f"{kind} m = {TOO_MUCH}", f"{kind} k = =n"))
    order = started(engine, f'<task id="work">{added}</task>', "start -> work", "work -> end", n=1, size=1000)

    assert order.values() == {"n": 1, "size": 1000}
    order.set_values(size=2)
    order.resolve_incident()

    assert order.has_ended
    assert order.values() == {"n": 1, "size": 2} | ({"n": 2, "m": 4, "k": 2} if kind == "out" else {})


@pytest.mark.parametrize("events", [0, 2])
def test_a_script_is_run_once(engine: Engine, events: int) -> None:
    script = extended('<zeebe:script expression="=n + 1" resultVariable="n"/>')
    content = f'<scriptTask id="work">{script}</scriptTask>{boundaries(events)}'
    order = started(engine, content, "start -> work", "work -> end: =ok", n=0)

    order.set_values(ok=True)
    order.resolve_incident()

    assert order.has_ended
    assert order.values()["n"] == 1


def test_an_event_that_has_occurred_stops_once(engine: Engine) -> None:
    added = extended(mapped("out n = =n + 1", f"out m = {TOO_MUCH}"))
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    content = f'<intermediateCatchEvent id="event">{added}{timer}</intermediateCatchEvent>'
    order = started(engine, content, "start -> event", "event -> end", n=0, size=1000)

    engine.after("PT1H")
    assert open_incidents(order) == 1
    order.set_values(size=1)
    order.resolve_incident()

    assert order.has_ended
    assert order.values()["n"] == 1


def test_a_path_beside_an_activity_is_not_lost_with_it(engine: Engine) -> None:
    added = extended(mapped(f"out m = {TOO_MUCH}"))
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    content = '<serviceTask id="work"/><task id="remind"/><boundaryEvent id="event" attachedToRef="work" '
    content += f'cancelActivity="false">{added}{timer}</boundaryEvent>'
    order = started(
        engine, content, "start -> work", "work -> end", "event -> remind", "remind -> end", size=1000
    )
    engine.after("PT1H")

    order.complete_job("work")
    order.set_values(size=1)
    order.resolve_incident()

    assert order.states("remind") == ["COMPLETED"]
    assert order.has_ended


def test_each_escalation_has_its_own_path(engine: Engine) -> None:
    added = extended(mapped(f"out m = {TOO_MUCH}"))
    content = '<serviceTask id="work"/><boundaryEvent id="event" attachedToRef="work" cancelActivity="false">'
    content += f"{added}<escalationEventDefinition/></boundaryEvent>"
    definition = {"bpmnElementId": "event"}
    process = engine.deploy_xml(
        models.drawn("stops", content, "start -> work", "work -> end"), escalations=[definition]
    )
    order = engine.start(process, variables=as_json(size=1000))

    order.escalate("work", "LATE")
    order.escalate("work", "LATE")

    assert order.states("event") == ["STARTED", "STARTED", "CREATED"]


@pytest.mark.every_store
def test_what_was_called_is_taken_over_again(engine: Engine) -> None:
    back = '<camunda:out source="first" target="first"/>'
    back += '<camunda:out sourceExpression="=card" target="parcel"/>'
    engine.deploy_xml(models.sequence("called", 1))
    said = extended('<camunda:in variables="all"/>', back)
    content = f'<callActivity id="work" calledElement="called">{said}</callActivity>'
    order = encrypting(engine, content, "start -> work", "work -> end")
    with_key(engine, WRONG)
    order.called("work").complete_job("t0", processVariables=as_json(first=7))
    found = order.query(c.QueryVariables, processInstanceId=order.id)
    assert [variable["name"] for variable in found] == ["card"]

    with_key(engine, RIGHT)
    order.resolve_incident()

    assert order.has_ended
    assert order.values() == {"card": "4111-7", "first": 7, "parcel": "4111-7"}


def test_what_comes_back_does_not_touch_what_an_input_has_hidden(engine: Engine) -> None:
    said = extended('<zeebe:calledElement processId="called"/>', mapped("in a = 2", "in b = 3"))
    engine.deploy_xml(models.sequence("called", 1))
    content = f'<callActivity id="work">{said}</callActivity>'
    order = started(engine, content, "start -> work", "work -> end", a=1)

    order.called("work").complete_job("t0", processVariables=as_json(c=4))

    assert order.values() == {"a": 1, "c": 4}


@pytest.mark.parametrize("later", [False, True])
def test_an_inclusive_join_that_is_stopped_has_merged(engine: Engine, later: bool) -> None:
    content = '<parallelGateway id="fork"/><task id="a"/><task id="b"/><inclusiveGateway id="join"/>'
    flows = ("start -> fork", "fork -> a", "fork -> b", "a -> join", "b -> join", "join -> end: =ok")
    order = started(engine, content, *flows)
    order.set_values(ok=True)

    order.resolve_incident(**({"retryTimer": "PT1H"} if later else {}))
    assert order.has_ended is not later
    engine.after("PT1H")

    assert order.has_ended
    assert len(order.incidents()) == 1


def test_a_scope_that_is_stopped_is_not_finished_by_resuming(engine: Engine) -> None:
    inside = '<startEvent id="begin"/><endEvent id="done"/>'
    inside += '<sequenceFlow id="in" sourceRef="begin" targetRef="done"/>'
    content = f'<subProcess id="work">{extended(mapped("out n = =n + 1"))}{inside}</subProcess>'
    order = started(engine, content, "start -> work", "work -> end: =ok", n=0)

    order.suspend()
    order.set_values(ok=True)
    order.resume()
    assert open_incidents(order) == 1
    order.resolve_incident()

    assert order.has_ended
    assert order.values()["n"] == 1


@pytest.mark.parametrize("kind", ["link", "fork"])
def test_outputs_of_elements_that_pass(engine: Engine, kind: str) -> None:
    added = extended(mapped("out n = =n + 1"))
    link = '<linkEventDefinition name="over"/>'
    content = {
        "link": f'<intermediateThrowEvent id="work">{added}{link}</intermediateThrowEvent>'
        f'<intermediateCatchEvent id="there">{link}</intermediateCatchEvent>',
        "fork": f'<parallelGateway id="work">{added}</parallelGateway><task id="there"/>',
    }[kind]
    flows = ["start -> work", "there -> end", *(["work -> there"] if kind == "fork" else [])]
    order = started(engine, content, *flows, n=0)

    assert order.has_ended
    assert order.values() == {"n": 1}


# What is encrypted


RIGHT, WRONG = bytes(32), bytes(31) + b"1"


def with_key(engine: Engine, key: bytes) -> None:
    engine.settings = replace(engine.settings, encryption_keys=(key,))
    engine.env = engine.environment()


def encrypting(engine: Engine, content: str, *flows: str, declared: str = "") -> Order:
    with_key(engine, RIGHT)
    process = engine.deploy_xml(models.drawn("stops", content, *flows, declared=declared))
    return engine.start(process, variables=[SECRET])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f'<userTask id="work">{assigned("=card")}</userTask>', "assignee of work"),
        (
            '<intermediateCatchEvent id="work"><timerEventDefinition><timeDuration>=card</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>",
            "the timer",
        ),
        (
            '<callActivity id="work"><extensionElements><zeebe:calledElement processId="=card"/>'
            "</extensionElements></callActivity>",
            "called process of work",
        ),
    ],
    ids=["user task", "timer", "call"],
)
def test_nothing_that_everybody_sees_is_made_of_an_encrypted_variable(
    engine: Engine, content: str, what: str
) -> None:
    order = encrypting(engine, content, "start -> work", "work -> end")

    (job,) = order.jobs()
    assert job["error"] == f"{what} would show what is encrypted: =card"


@pytest.mark.parametrize(
    "condition", ["=date(card) = 1", "=get value({}, card)", f"=size > 0 and {TOO_MUCH[1:]} > 1", "=card"]
)
def test_an_incident_does_not_say_what_is_encrypted(engine: Engine, condition: str) -> None:
    condition = condition.replace("size", "number(substring(card, 1, 4))")
    order = encrypting(engine, '<task id="work"/>', "start -> work", f"work -> end: {condition}")

    (job,) = order.jobs()
    assert condition in job["error"]
    assert "4111" not in job["error"]


def test_a_result_made_of_an_encrypted_variable_is_encrypted(engine: Engine) -> None:
    script = extended(
        '<zeebe:script expression="=card" resultVariable="copy"/>', mapped("out a = =copy", "out b = hello")
    )
    order = encrypting(engine, f'<scriptTask id="work">{script}</scriptTask>', "start -> work", "work -> end")

    found = order.query(c.QueryVariables, processInstanceId=order.id)
    assert {v["name"]: v.get("encrypted", False) for v in found} == {
        "card": True,
        "copy": True,
        "a": True,
        "b": False,
    }


def test_a_key_that_does_not_fit_is_an_incident(engine: Engine) -> None:
    content = f'<serviceTask id="work">{extended(mapped("out a = =card"))}</serviceTask>'
    order = encrypting(engine, content, "start -> work", "work -> end")
    with_key(engine, WRONG)

    order.complete_job("work")

    assert order.jobs()[-1]["error"] == "variable card: no encryption key decrypts the value"


# Limits, and odd values


@pytest.mark.parametrize("width", [50, 120])
def test_very_many_calls_side_by_side_go_on_in_further_commands(engine: Engine, width: int) -> None:
    said = extended('<zeebe:calledElement processId="called"/>', mapped("in n = =n + 1"))
    engine.deploy_xml(models.drawn("called", "", "start -> end"))
    fork = '<parallelGateway id="fork"/>'
    calls = "".join(f'<callActivity id="c{n}">{said}</callActivity>' for n in range(width))
    arrows = [f"fork -> c{n}" for n in range(width)]
    order = started(engine, fork + calls, "start -> fork", *arrows, n=1)

    while engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        pass

    assert order.has_ended
    _, *called = engine.instances()
    assert [instance.values() for instance in called] == [{"n": 2}] * width


@pytest.mark.embedded
@pytest.mark.every_store
def test_very_many_tokens_subscribe_in_further_commands(engine: Engine) -> None:
    catch = '<messageEventDefinition messageRef="m"/>'
    events = "".join(
        f'<intermediateCatchEvent id="e{n}">{catch}</intermediateCatchEvent>' for n in range(110)
    )
    key = extended('<zeebe:subscription correlationKey="=element.id"/>')
    xml = models.drawn(
        "stops",
        f'<parallelGateway id="fork"/>{events}',
        "start -> fork",
        *(f"fork -> e{n}" for n in range(110)),
        declared=f'<message id="m" name="paid">{key}</message>',
    )
    order = engine.start(engine.deploy_xml(xml))

    while engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        pass
    for number in range(110):
        engine.message("paid", f"e{number}")

    assert order.has_ended


@pytest.mark.embedded
@pytest.mark.every_store
def test_very_many_tokens_stop_waiting_at_once(engine: Engine) -> None:
    ids = [f"e{n}" for n in range(110)]
    catch = '<messageEventDefinition messageRef="m"/>'
    events = "".join(f'<intermediateCatchEvent id="{id}">{catch}</intermediateCatchEvent>' for id in ids)
    flows = "".join(f'<sequenceFlow id="f-{id}" sourceRef="fork" targetRef="{id}"/>' for id in ids)
    inside = '<startEvent id="begin"/><parallelGateway id="fork"/>'
    inside += '<sequenceFlow id="f" sourceRef="begin" targetRef="fork"/>'
    key = extended('<zeebe:subscription correlationKey="=element.id"/>')
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    content = f'<subProcess id="work">{inside}{events}{flows}</subProcess><endEvent id="late"/>'
    content += f'<boundaryEvent id="timer" attachedToRef="work">{timer}</boundaryEvent>'
    declared = f'<message id="m" name="paid">{key}</message>'
    xml = models.drawn("stops", content, "start -> work", "work -> end", "timer -> late", declared=declared)
    order = engine.start(engine.deploy_xml(xml))
    while engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        pass

    engine.after("PT1H")
    assert order.states("late") == ["COMPLETED"]
    assert order.has_ended

    for id in ids:
        engine.message("paid", id)
    assert engine.send(c.QueryMessageSubscriptions())["count"] == 0


@pytest.mark.every_store
def test_halves_of_surrogate_pairs_are_replaced(engine: Engine) -> None:
    script = extended('<zeebe:script expression="=x + y" resultVariable="z"/>')
    xml = models.drawn(
        "stops", f'<scriptTask id="work">{script}</scriptTask>', "start -> work", "work -> end"
    )
    halves = [{"name": "x", "data": {"encoding": "json", "value": r'"a\ud800"'}}]
    whole = [{"name": "y", "data": {"encoding": "json", "value": r'"\ud83d\ude00"'}}]
    order = engine.start(engine.deploy_xml(xml), variables=halves + whole)

    assert order.has_ended
    assert order.values()["z"] == "a?\U0001f600"


PART = models.drawn(
    "stops", f'<task id="work">{extended(mapped("out a.b = =1"))}</task>', "start -> work", "work -> end"
)
"""A part of `a` is changed."""


def test_a_value_that_cannot_be_written_again_stays_as_it_is(engine: Engine) -> None:
    value = "[" * 5000 + "]" * 5000
    given = [{"name": "a", "data": {"encoding": "json", "value": value}}]
    order = engine.start(engine.deploy_xml(PART), variables=given)

    (job,) = order.jobs()
    assert job["error"] == "variable a is too deep to change a part of it"
    assert order.variables()["a"] == value


def test_number_beyond_all_decimals_is_no_value(engine: Engine) -> None:
    script = extended('<zeebe:script expression="=x.p" resultVariable="z"/>')
    xml = models.drawn(
        "stops", f'<scriptTask id="work">{script}</scriptTask>', "start -> work", "work -> end"
    )
    given = [{"name": "x", "data": {"encoding": "json", "value": '{"p":1e9999999999999999999}'}}]
    order = engine.start(engine.deploy_xml(xml), variables=given)

    assert order.has_ended
    assert order.values()["z"] is None


@pytest.mark.parametrize(
    "number", ["1e9999999999999999999", "1e999", "0.1234567890123456789", "12345678901234567890123"]
)
def test_numbers_beside_a_part_that_changes_keep_their_digits(engine: Engine, number: str) -> None:
    given = [{"name": "a", "data": {"encoding": "json", "value": f'{{"p": {number}}}'}}]
    order = engine.start(engine.deploy_xml(PART), variables=given)

    assert order.has_ended
    assert order.variables()["a"] == f'{{"p":{number},"b":1}}'


@pytest.mark.parametrize("target", ["a..b", ".", "instance", "element.x"])
@pytest.mark.parametrize("kind", ["in", "out"])
def test_a_target_that_nothing_could_see_is_refused(engine: Engine, kind: str, target: str) -> None:
    xml = models.drawn(
        "stops",
        f'<task id="work">{extended(mapped(f"{kind} {target} = =1"))}</task>',
        "start -> work",
        "work -> end",
    )

    with pytest.raises(ProcessModelError) as refusal:
        engine.deploy_xml(xml)

    (cause,) = refusal.value.causes
    assert cause.pointer == "/stops/work"
    assert cause.detail == f"work cannot make a variable {target!r}"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('candidateGroups="=mixed"', {"candidateGroups": ["a", "1"]}),
        ('assignee="=mixed"', {}),
        ('assignee="=ok"', {}),
        ('assignee="=number"', {"assignee": "12"}),
    ],
)
def test_people_are_texts(engine: Engine, said: str, expected: dict[str, object]) -> None:
    content = f'<userTask id="work">{extended(f"<zeebe:assignmentDefinition {said}/>")}</userTask>'
    mixed = ["a", None, 1, {"x": 1}]
    order = started(engine, content, "start -> work", "work -> end", mixed=mixed, ok=True, number=12)

    (task,) = order.user_tasks()
    assert {name: task[name] for name in ("assignee", "candidateGroups") if name in task} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=date(&quot;2030-02-01&quot;)", "2030-02-01T00:00:00.000Z"),
        ("2030-02-01", "2030-02-01T00:00:00.000Z"),
        ("=date and time(&quot;2030-02-01T10:00:00@Europe/Paris&quot;)", "2030-02-01T09:00:00.000Z"),
        ("=date(&quot;99999-02-01&quot;)", None),
    ],
)
def test_a_due_date_is_any_date(engine: Engine, text: str, expected: str | None) -> None:
    content = f'<userTask id="work">{extended(f"""<zeebe:taskSchedule dueDate="{text}"/>""")}</userTask>'
    order = started(engine, content, "start -> work", "work -> end")

    assert order.user_tasks()[0].get("dueDate") == expected


def test_people_of_endless_names_are_an_incident(engine: Engine) -> None:
    text = "=string join(for i in 1..200 return &quot;0123456789&quot;)"
    order = started(
        engine, f'<userTask id="work">{assigned(text)}</userTask>', "start -> work", "work -> end"
    )

    (job,) = order.jobs()
    assert job["error"] == "more than 1,000 characters as assignee of work"

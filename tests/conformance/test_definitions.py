"""What events wait for and throw: from the deployment, or where it is silent from the XML."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.errors import InvalidCommand
from chalicelib.storage.keys import CATALOG
from chalicelib.storage.ports import Item, Key
from tests.play import WORKER, Engine
from tests.recording import Recording

Definitions = list[dict[str, Any]]


def shown(engine: Engine, process: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The event definitions of a process by element, as a fresh engine finds them in the store."""
    engine.env = engine.environment()
    elements = engine.send(c.QueryElements(processId=process["id"]))["results"]
    return {e["bpmnElementId"]: e["eventDefinition"] for e in elements if "eventDefinition" in e}


def suspended(engine: Engine, process: dict[str, Any]) -> set[str]:
    """The events of a process that are suspended."""
    return {id for id, definition in shown(engine, process).items() if definition["suspended"]}


def refused(engine: Engine, model: str, **definitions: Definitions) -> list[tuple[str, str, str]]:
    """Pointer, type and detail of each fault of the definitions."""
    with pytest.raises(InvalidCommand, match="invalid or missing event definitions") as refusal:
        engine.deploy(model, **definitions)
    engine.env = engine.environment()
    assert engine.send(c.QueryProcesses())["results"] == [], "nothing is deployed"
    return [(cause.pointer, cause.type, cause.detail) for cause in refusal.value.causes]


def errors(name: str | None, *element_ids: str) -> Definitions:
    return [{"bpmnElementId": id, "errorCode": name} for id in element_ids]


def escalations(name: str | None, *element_ids: str) -> Definitions:
    return [{"bpmnElementId": id, "escalationCode": name} for id in element_ids]


def messages(name: str, *element_ids: str) -> Definitions:
    return [{"bpmnElementId": id, "messageName": name} for id in element_ids]


def signals(name: str, *element_ids: str) -> Definitions:
    return [{"bpmnElementId": id, "signalName": name} for id in element_ids]


def timers(element_id: str, **timer: str) -> Definitions:
    return [{"bpmnElementId": element_id, "timer": timer}]


def starts(message: str = "ordered", signal: str = "sale") -> dict[str, Definitions]:
    """What the start events of `definition/starts.bpmn` wait for."""
    return {
        "messages": messages(message, "messageStartEvent"),
        "signals": signals(signal, "signalStartEvent"),
        "timers": timers("timerStartEvent", timeCycle="0 9 * * *"),
    }


EVERYTHING: dict[str, Definitions] = {
    "errors": [*errors("lost", "errorBoundaryEvent"), *errors("broken", "errorEndEvent")],
    "escalations": [
        *escalations("slow", "escalationBoundaryEvent", "escalationThrowEvent"),
        *escalations("stuck", "escalationEndEvent"),
    ],
    "messages": messages("cancelled", "messageBoundaryEvent", "messageCatchEvent"),
    "signals": signals(
        "opened", "signalBoundaryEvent", "signalCatchEvent", "signalThrowEvent", "signalEndEvent"
    ),
    "timers": [
        *timers("timerBoundaryEvent", timeDuration="PT1H"),
        *timers("timerCatchEvent", timeCycle="0 8 * * MON"),
    ],
}
SHOWN = {
    "errorBoundaryEvent": {"suspended": False, "errorCode": "lost"},
    "errorEndEvent": {"suspended": False, "errorCode": "broken"},
    "escalationBoundaryEvent": {"suspended": False, "escalationCode": "slow"},
    "escalationThrowEvent": {"suspended": False, "escalationCode": "slow"},
    "escalationEndEvent": {"suspended": False, "escalationCode": "stuck"},
    "messageBoundaryEvent": {"suspended": False, "messageName": "cancelled"},
    "messageCatchEvent": {"suspended": False, "messageName": "cancelled"},
    "signalBoundaryEvent": {"suspended": False, "signalName": "opened"},
    "signalCatchEvent": {"suspended": False, "signalName": "opened"},
    "signalThrowEvent": {"suspended": False, "signalName": "opened"},
    "signalEndEvent": {"suspended": False, "signalName": "opened"},
    "timerBoundaryEvent": {"suspended": False, "timer": {"timeDuration": "PT1H"}},
    "timerCatchEvent": {"suspended": False, "timer": {"timeCycle": "0 8 * * MON"}},
}


# From the deployment, from the XML


@pytest.mark.every_store
def test_definitions_of_the_deployment_are_kept(engine: Engine) -> None:
    process = engine.deploy("definition/open.bpmn", **EVERYTHING)

    assert shown(engine, process) == SHOWN


@pytest.mark.every_store
def test_definitions_of_the_xml_hold_where_the_deployment_is_silent(engine: Engine) -> None:
    process = engine.deploy("definition/by-model.bpmn", errors=errors("broken", "errorEndEvent"))

    assert shown(engine, process) == {
        "errorBoundaryEvent": {"suspended": False, "errorCode": "outOfStock"},
        "errorEndEvent": {"suspended": False, "errorCode": "broken"},
        "escalationBoundaryEvent": {"suspended": False, "escalationCode": "late"},
        "escalationThrowEvent": {"suspended": False, "escalationCode": "late"},
        "escalationEndEvent": {"suspended": False, "escalationCode": "late"},
        "messageBoundaryEvent": {"suspended": False, "messageName": "paid"},
        "messageCatchEvent": {"suspended": False, "messageName": "paid"},
        "signalBoundaryEvent": {"suspended": False, "signalName": "closed"},
        "signalCatchEvent": {"suspended": False, "signalName": "closed"},
        "signalThrowEvent": {"suspended": False, "signalName": "closed"},
        "signalEndEvent": {"suspended": False, "signalName": "closed"},
        "timerBoundaryEvent": {"suspended": False, "timer": {"timeCycle": "R3/PT10M"}},
        "timerCatchEvent": {"suspended": False, "timer": {"time": "2030-06-01T06:00:00.000Z"}},
    }


def test_definitions_of_the_deployment_go_before_those_of_the_xml(engine: Engine) -> None:
    process = engine.deploy("definition/by-model.bpmn", **EVERYTHING)

    assert shown(engine, process) == SHOWN


def test_without_definition_nothing_is_shown(engine: Engine) -> None:
    assert shown(engine, engine.deploy("definition/open.bpmn")) == {}


def test_definition_without_a_code_is_a_definition(engine: Engine) -> None:
    process = engine.deploy(
        "definition/by-model.bpmn",
        errors=errors(None, "errorBoundaryEvent"),
        escalations=escalations("", "escalationBoundaryEvent"),
    )

    found = shown(engine, process)
    assert found["errorBoundaryEvent"] == found["escalationBoundaryEvent"] == {"suspended": False}


def test_of_two_definitions_for_one_element_the_first_counts(engine: Engine) -> None:
    twice = [*signals("first", "signalCatchEvent"), *signals("second", "signalCatchEvent")]

    process = engine.deploy("definition/open.bpmn", signals=twice)

    assert shown(engine, process) == {"signalCatchEvent": {"suspended": False, "signalName": "first"}}


@pytest.mark.parametrize("model", ["definition/open.bpmn", "definition/by-model.bpmn"])
def test_definitions_of_message_throw_and_end_events_are_ignored(engine: Engine, model: str) -> None:
    process = engine.deploy(model, messages=messages("sent", "messageThrowEvent", "messageEndEvent"))

    assert not {"messageThrowEvent", "messageEndEvent"} & shown(engine, process).keys()


@pytest.mark.parametrize(
    "given, kept",
    [
        ({"time": "2030-06-01T08:00:00.1239+02:00"}, {"time": "2030-06-01T06:00:00.123Z"}),
        ({"timeCycle": "R/PT1H"}, {"timeCycle": "R/PT1H"}),
        ({"timeDuration": "P1M"}, {"timeDuration": "P1M"}),
    ],
)
def test_timers_are_shown_as_they_hold(engine: Engine, given: dict[str, str], kept: dict[str, str]) -> None:
    process = engine.deploy("definition/open.bpmn", timers=timers("timerCatchEvent", **given))

    assert shown(engine, process) == {"timerCatchEvent": {"suspended": False, "timer": kept}}


# Refused


@pytest.mark.every_store
def test_definition_for_an_element_that_does_not_exist_is_refused(engine: Engine) -> None:
    faults = refused(
        engine,
        "definition/open.bpmn",
        errors=errors("a", "gone"),
        escalations=escalations("a", "gone"),
        messages=messages("a", "gone"),
        signals=signals("a", "gone"),
        timers=timers("gone", timeDuration="PT1H"),
    )

    fact = "process openTest has no element gone"
    assert faults == [
        ("/openTest", f"{kind}_event", fact) for kind in ("error", "escalation", "message", "signal", "timer")
    ]


def test_definition_for_an_element_of_another_kind_is_refused(engine: Engine) -> None:
    faults = refused(
        engine,
        "definition/open.bpmn",
        errors=errors("a", "escalationEndEvent"),
        escalations=escalations("a", "errorEndEvent"),
        messages=messages("a", "signalCatchEvent"),
        signals=signals("a", "work"),
        timers=timers("openTest", timeDuration="PT1H"),
    )

    assert faults == [
        ("/openTest/escalationEndEvent", "error_event", "element escalationEndEvent is not an error event"),
        ("/openTest/errorEndEvent", "escalation_event", "element errorEndEvent is not an escalation event"),
        ("/openTest/signalCatchEvent", "message_event", "element signalCatchEvent is not a message event"),
        ("/openTest/work", "signal_event", "element work is not a signal event"),
        ("/openTest", "timer_event", "element openTest is not a timer event"),
    ]


@pytest.mark.every_store
def test_start_events_must_be_defined(engine: Engine) -> None:
    assert refused(engine, "definition/starts.bpmn") == [
        (
            "/startsTest/messageStartEvent",
            "message_event",
            "no message name defined for element messageStartEvent",
        ),
        (
            "/startsTest/signalStartEvent",
            "signal_event",
            "no signal name defined for element signalStartEvent",
        ),
        ("/startsTest/timerStartEvent", "timer_event", "no timer defined for element timerStartEvent"),
    ]


def test_every_fault_of_the_definitions_is_named_missing_ones_first(engine: Engine) -> None:
    faults = refused(
        engine,
        "definition/starts.bpmn",
        timers=[*timers("endEvent", timeDuration="PT1H"), *timers("timerStart", timeDuration="PT1H")],
        messages=messages("ordered", "messageStartEvent"),
        signals=signals("sale", "signalStartEvent"),
    )

    assert faults == [
        ("/startsTest/timerStartEvent", "timer_event", "no timer defined for element timerStartEvent"),
        ("/startsTest/endEvent", "timer_event", "element endEvent is not a timer event"),
        ("/startsTest", "timer_event", "process startsTest has no element timerStart"),
    ]


@pytest.mark.every_store
def test_names_of_start_events_are_unique_within_a_process(engine: Engine) -> None:
    faults = refused(engine, "definition/two-starts.bpmn", signals=signals("sale", "third", "fourth"))

    assert faults == [
        ("/twoStartsTest/second", "message_event", "start message name ordered must be unique"),
        ("/twoStartsTest/fourth", "signal_event", "start signal name sale must be unique"),
    ]


def test_a_message_and_a_signal_may_have_one_name(engine: Engine) -> None:
    engine.deploy(
        "definition/two-starts.bpmn",
        messages=messages("sale", "second"),
        signals=[*signals("sale", "third"), *signals("ordered", "fourth")],
    )


@pytest.mark.every_store
def test_message_that_starts_another_process_is_taken(engine: Engine) -> None:
    engine.deploy("definition/starts.bpmn", version="7", **starts("ordered"))

    with pytest.raises(InvalidCommand) as refusal:
        engine.deploy(
            "definition/two-starts.bpmn",
            messages=messages("other", "second"),
            signals=[*signals("sale", "third"), *signals("other", "fourth")],
        )

    (fault,) = refusal.value.causes
    assert (fault.pointer, fault.type) == ("/twoStartsTest/first", "message_event")
    assert fault.detail == (
        "start message name ordered must be unique - already defined in process startsTest:7"
    )


def test_timer_that_would_never_start_anything_is_refused(engine: Engine) -> None:
    never = {**starts(), "timers": timers("timerStartEvent", timeDuration="P8000Y")}

    assert refused(engine, "definition/starts.bpmn", **never) == [
        (
            "/startsTest/timerStartEvent",
            "timer_event",
            "timer of element timerStartEvent: P8000Y does not tick any more",
        )
    ]


OTHER: dict[str, Definitions] = {
    "messages": messages("other", "second"),
    "signals": [*signals("a", "third"), *signals("b", "fourth")],
}
"""What the second deployment of a race needs beside the message that both want."""


def test_message_that_another_deployment_takes_before_the_commit_is_taken(engine: Engine) -> None:
    recording = engine.record()
    recording.before_commit = lambda: engine.deploy("definition/two-starts.bpmn", **OTHER)

    with pytest.raises(InvalidCommand, match="invalid or missing event definitions") as refusal:
        engine.deploy("definition/starts.bpmn", **starts("ordered"))

    (cause,) = refusal.value.causes
    assert cause.detail.endswith("must be unique - already defined in process twoStartsTest:1")


def test_message_that_another_deployment_takes_while_the_model_is_judged_is_taken(engine: Engine) -> None:
    """Whatever is read first: what is found free then must be free when it is written."""
    engine.items = items = Meanwhile(engine.items)
    engine.env = engine.environment()
    items.before_catalog = lambda: engine.deploy("definition/starts.bpmn", **starts("ordered"))

    with pytest.raises(InvalidCommand, match="invalid or missing event definitions") as refusal:
        engine.deploy("definition/two-starts.bpmn", **OTHER)

    (cause,) = refusal.value.causes
    assert cause.detail.endswith("must be unique - already defined in process startsTest:1")


class Meanwhile(Recording):
    """A store that lets somebody act once, right before the catalog of processes is read."""

    before_catalog: Callable[[], object] | None = None

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        if CATALOG in keys and self.before_catalog is not None:
            act, self.before_catalog = self.before_catalog, None
            act()
        return super().get(keys)


# Versions


@pytest.mark.every_store
def test_new_version_suspends_the_start_events_of_older_ones(engine: Engine) -> None:
    first = engine.deploy("definition/starts.bpmn", **starts())
    assert suspended(engine, first) == set()

    second = engine.deploy("definition/starts.bpmn", version="2", **starts())

    assert suspended(engine, first) == {"messageStartEvent", "signalStartEvent", "timerStartEvent"}
    assert suspended(engine, second) == set()
    assert shown(engine, first)["messageStartEvent"] == {"suspended": True, "messageName": "ordered"}


def test_new_version_of_another_process_suspends_nothing(engine: Engine) -> None:
    process = engine.deploy("definition/starts.bpmn", **starts())

    engine.deploy("definition/open.bpmn", **EVERYTHING)

    assert suspended(engine, process) == set()


def test_events_of_running_instances_of_older_versions_are_not_suspended(engine: Engine) -> None:
    process = engine.deploy("definition/starts.bpmn", **starts())

    engine.deploy("definition/starts.bpmn", version="2", **starts())

    assert shown(engine, process)["late"] == {"suspended": False, "timer": {"timeDuration": "PT1H"}}


@pytest.mark.every_store
def test_message_starts_the_newest_version(engine: Engine) -> None:
    engine.deploy("definition/starts.bpmn", **starts())
    second = engine.deploy("definition/starts.bpmn", version="2", **starts())

    assert started_by_message(engine, "ordered") == [second["id"]]


def test_message_name_that_a_new_version_gives_up_starts_nothing_and_is_free(engine: Engine) -> None:
    engine.deploy("definition/starts.bpmn", **starts("ordered"))
    engine.deploy("definition/starts.bpmn", version="2", **starts("bought"))

    assert started_by_message(engine, "ordered") == []
    other = engine.deploy(
        "definition/two-starts.bpmn",
        messages=messages("other", "second"),
        signals=[*signals("sale", "third"), *signals("other", "fourth")],
    )
    assert started_by_message(engine, "ordered") == [other["id"]]


def test_signal_starts_the_newest_version_of_each_process(engine: Engine) -> None:
    engine.deploy("definition/starts.bpmn", **starts())
    second = engine.deploy("definition/starts.bpmn", version="2", **starts())
    other = engine.deploy(
        "definition/two-starts.bpmn",
        messages=[*messages("a", "first"), *messages("b", "second")],
        signals=[*signals("sale", "third"), *signals("other", "fourth")],
    )

    answer = engine.send(c.SendSignal(name="sale", workerId=WORKER))
    run_due_tasks(engine)

    assert answer["subscriberCount"] == 2
    assert sorted(started(engine)) == [second["id"], other["id"]]


@pytest.mark.every_store
def test_same_xml_again_answers_the_existing_process_whatever_its_definitions(engine: Engine) -> None:
    first = engine.deploy("definition/starts.bpmn", **starts())
    before = shown(engine, first)

    assert engine.deploy("definition/starts.bpmn", **starts()) == first
    assert engine.deploy("definition/starts.bpmn", **starts("another", "another")) == first
    assert engine.deploy("definition/starts.bpmn") == first

    assert shown(engine, first) == before
    assert len(timer_tasks(engine)) == 1


def test_older_version_deployed_again_stays_suspended(engine: Engine) -> None:
    first = engine.deploy("definition/starts.bpmn", **starts())
    second = engine.deploy("definition/starts.bpmn", version="2", **starts())

    engine.deploy("definition/starts.bpmn", **starts())

    assert suspended(engine, first) == {"messageStartEvent", "signalStartEvent", "timerStartEvent"}
    assert suspended(engine, second) == set()
    assert started_by_message(engine, "ordered") == [second["id"]]


def test_process_may_exchange_the_names_of_its_start_events(engine: Engine) -> None:
    """Registered by name: what one event gives up, another of the same process may take at once."""
    fields = {"signals": [*signals("a", "third"), *signals("b", "fourth")]}
    engine.deploy(
        "definition/two-starts.bpmn", messages=[*messages("a", "first"), *messages("b", "second")], **fields
    )

    process = engine.deploy(
        "definition/two-starts.bpmn",
        version="2",
        messages=[*messages("b", "first"), *messages("a", "second")],
        **fields,
    )
    engine.send(c.SendMessage(name="a", correlationKey="1", workerId=WORKER))
    run_due_tasks(engine)

    visited = engine.send(c.QueryElementInstances(processId=process["id"], bpmnElementId="second"))["results"]
    assert len(visited) == 1


def started_by_message(engine: Engine, name: str) -> list[int]:
    """Processes of the instances after a message has been sent."""
    before = len(started(engine))
    engine.send(c.SendMessage(name=name, correlationKey="1", workerId=WORKER))
    run_due_tasks(engine)
    return started(engine)[before:]


def started(engine: Engine) -> list[int]:
    """Process of each instance, in the order of their ids."""
    engine.env = engine.environment()
    return [instance["processId"] for instance in engine.send(c.QueryProcessInstances())["results"]]


def timer_tasks(engine: Engine) -> list[dict[str, Any]]:
    tasks = engine.send(c.QueryTasks(type="TRIGGER_EVENT"))["results"]
    return [task for task in tasks if task["bpmnElementId"] == "timerStartEvent"]


def run_due_tasks(engine: Engine) -> None:
    while engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        pass

"""Random messages, signals and timers: every store answers the same, and nothing is missed or taken twice.

A client completes jobs, sends messages and signals, lets time pass, suspends and deploys. After each step
every event waits for exactly one thing, and no message lies beside somebody who waits for it.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from chalicelib.bpmn.instants import format_instant
from chalicelib.contract import commands as c
from tests.conftest import MODES, STORES
from tests.play import MODELS, WORKER, Engine
from tests.walks.sides import Advance, Found, Named, Restart, Send, Sides, Step, Steps, open_sides, shortened

Record = dict[str, Any]

EMBEDDED = ("memory", "sqlite")
KEYS = ("order-1", "order-2")
SIGNALS = ("stop", "go")
TIMERS = (
    {"timeDuration": "PT1H"},
    {"timeCycle": "R2/PT20M"},
    {"timeCycle": "*/30 * * * *"},
    {"time": "2030-01-01T10:00:00Z"},
)
DURATIONS = ("PT1M", "PT20M", "PT1H", "PT3H")


@dataclass(frozen=True)
class Model:
    """A model that waits.

    Attributes:
        file: Of `tests/bpmn`.
        bpmn_process_id: Of its process.
        definitions: Fields of the deploy command; other events are defined by jobs.
        is_started: Whether a client starts it, and not an event.
    """

    file: str
    bpmn_process_id: str
    definitions: Record = field(default_factory=dict)
    is_started: bool = True


def _defined(trigger: str, element_id: str, **fields: Any) -> Record:
    return {trigger: [{"bpmnElementId": element_id, **fields}]}


PAID_STARTS = _defined("messages", "startEvent", messageName="paid")
STOP_STARTS = _defined("signals", "startEvent", signalName="stop")
HOURLY_STARTS = _defined("timers", "startEvent", timer={"timeCycle": "R/PT1H"})
WAITING = (
    Model("boundary/all-kinds.bpmn", "allKindsTest"),
    Model("boundary/later.bpmn", "laterTest"),
    Model("boundary/same-signal.bpmn", "sameSignalTest"),
    Model("gateway/event-based.bpmn", "eventBasedTest"),
    Model("message/boundary-beside.bpmn", "messageBesideTest"),
    Model("message/boundary.bpmn", "messageBoundaryTest"),
    Model("message/xml.bpmn", "messageXmlTest"),
    Model("message/start.bpmn", "messageStartTest", PAID_STARTS, is_started=False),
    Model("signal/boundary-beside.bpmn", "signalBesideTest"),
    Model("signal/own.bpmn", "ownSignalTest"),
    Model("signal/start.bpmn", "signalStartTest", STOP_STARTS, is_started=False),
    Model("timer/boundary-beside.bpmn", "timerBesideTest"),
    Model("timer/start.bpmn", "timerStartTest", HOURLY_STARTS, is_started=False),
    Model("timer/xml.bpmn", "timerXmlTest"),
)
QUERIES = (
    c.QueryProcesses,
    c.QueryElements,
    c.QueryProcessInstances,
    c.QueryElementInstances,
    c.QueryJobs,
    c.QueryTasks,
    c.QueryIncidents,
    c.QueryVariables,
    c.QueryMessages,
    c.QueryMessageSubscriptions,
    c.QuerySignalSubscriptions,
)


@dataclass(frozen=True)
class Look:
    """All that an engine has, read by a process that has cached nothing.

    Attributes:
        now: The engine's time.
        found: By query.
    """

    now: str
    found: dict[type[c.Query], list[Record]]

    @staticmethod
    def at(engine: Engine) -> "Look":
        fresh = replace(engine)
        found = {kind: fresh.send(kind(limit=2**31 - 1))["results"] for kind in QUERIES}
        return Look(format_instant(fresh.env.now()), found)

    @property
    def messages(self) -> list[Record]:
        return self.found[c.QueryMessages]

    @property
    def subscriptions(self) -> list[Record]:
        return self.found[c.QueryMessageSubscriptions] + self.found[c.QuerySignalSubscriptions]

    @property
    def tasks(self) -> list[Record]:
        return self.found[c.QueryTasks]

    @property
    def tokens(self) -> dict[tuple[str, int], Record]:
        return {(token["partition"], token["id"]): token for token in self.found[c.QueryElementInstances]}

    def open_instances(self) -> list[Record]:
        return [record for record in self.found[c.QueryProcessInstances] if "endedAt" not in record]

    def locked_jobs(self) -> list[Record]:
        return [job for job in self.found[c.QueryJobs] if job["state"] == "LOCKED"]

    def buffered(self, name: str, key: str) -> list[Record]:
        """Messages that a new subscriber might take."""
        return [
            message
            for message in self.messages
            if (message["name"], message["correlationKey"]) == (name, key)
            and not message["correlated"]
            and message["expiresAt"] > self.now
        ]

    def waits_for_message(self, name: str, key: str) -> bool:
        """Whether a subscriber or a start event is there to take it."""
        found = self.found[c.QueryMessageSubscriptions]
        is_subscribed = any((s["name"], s["correlationKey"]) == (name, key) for s in found)
        return is_subscribed or bool(self.starts("messageName", name))

    def waits_for_signal(self, name: str) -> int:
        """How many wait for it."""
        found = [s for s in self.found[c.QuerySignalSubscriptions] if s["name"] == name]
        return len(found) + len(self.starts("signalName", name))

    def starts(self, field: str, name: str) -> list[Record]:
        """Start events that are active."""
        return [
            element
            for element in self.found[c.QueryElements]
            if element["bpmnElementType"].endswith("START_EVENT")
            and (event := element.get("eventDefinition", {})).get(field) == name
            and not event["suspended"]
        ]


# Rules


def each_event_waits_for_one_thing(look: Look) -> Iterator[str]:
    """A job that asks what for, a subscription, or a task; while it is suspended, nothing."""
    asked = [job for job in look.found[c.QueryJobs] if job["state"] in OPEN]
    asked += [incident for incident in look.found[c.QueryIncidents] if "resolvedAt" not in incident]
    owed = [task for task in look.tasks if task["state"] in OPEN]
    things = Counter(
        (thing["partition"], thing.get("elementInstanceId")) for thing in [*asked, *owed, *look.subscriptions]
    )
    for place, token in look.tokens.items():
        if token["bpmnElementType"] not in WAITING_TYPES:
            continue
        is_waiting = token["state"] in ("CREATED", "STARTED")
        # What was asked or owed for a token that has ended stays, until somebody comes to it.
        fits = things[place] == 1 if is_waiting else "endedAt" in token or things[place] == 0
        if not fits:
            yield f"waits for {things[place]} things: {token}"


def subscribers_are_there(look: Look) -> Iterator[str]:
    """A subscription goes with the event that waits."""
    for subscription in look.subscriptions:
        token = look.tokens[subscription["partition"], subscription["elementInstanceId"]]
        if token["state"] not in ("CREATED", "STARTED"):
            yield f"{subscription} is that of {token}"


def no_message_lies_beside_a_subscriber(look: Look) -> Iterator[str]:
    """Whichever comes first, they meet."""
    for subscription in look.found[c.QueryMessageSubscriptions]:
        if messages := look.buffered(subscription["name"], subscription["correlationKey"]):
            yield f"{subscription} and {messages}"


def each_message_is_taken_once(look: Look) -> Iterator[str]:
    """For each that is taken there is one task; it expires when that is done, or with what it has started."""
    types = {element["id"]: element["bpmnElementType"] for element in look.found[c.QueryElements]}
    tasks = [task for task in look.tasks if "MESSAGE" in types.get(task.get("elementId"), "")]
    taken = [message for message in look.messages if message["correlated"]]
    if len(tasks) != len(taken):
        yield f"{len(taken)} messages are taken, by {len(tasks)} tasks"
    held = [task for task in tasks if task["state"] in OPEN]
    held += [i for i in look.open_instances() if "correlationKey" in i]
    lasting = [message for message in taken if "expiresAt" not in message]
    if len(lasting) != len(held):
        yield f"{lasting} last, held by {held}"


def what_has_ended_is_empty(look: Look) -> Iterator[str]:
    """With the process instance all of its tokens end."""
    open_ones = {(i["partition"], i["id"]) for i in look.open_instances()}
    for token in look.tokens.values():
        if "endedAt" not in token and (token["partition"], token["processInstanceId"]) not in open_ones:
            yield f"its process instance has ended: {token}"


def gateways_wait_with_all_their_events(look: Look) -> Iterator[str]:
    """An event-based gateway with every catch event of its process; when one occurs, none of them stays."""
    of_process = Counter(
        element["processId"]
        for element in look.found[c.QueryElements]
        if element["bpmnElementType"].endswith("CATCH_EVENT")
    )
    open_ones = [t for t in look.tokens.values() if "endedAt" not in t]
    for gateway in open_ones:
        if gateway["bpmnElementType"] != "EVENT_BASED_GATEWAY" or gateway["state"] == "SUSPENDED":
            continue
        events = [
            t
            for t in open_ones
            if (t["partition"], t.get("parentId")) == (gateway["partition"], gateway["parentId"])
            and t["bpmnElementType"].endswith("CATCH_EVENT")
        ]
        if [event["state"] for event in events] != ["CREATED"] * of_process[gateway["processId"]]:
            yield f"{gateway} waits with {events}"


OPEN = ("CREATED", "DUE", "LOCKED")
WAITING_TYPES = {
    f"{trigger}_{position}_EVENT"
    for trigger in ("MESSAGE", "SIGNAL", "TIMER")
    for position in ("CATCH", "BOUNDARY")
}
RULES: tuple[Callable[[Look], Iterator[str]], ...] = (
    each_event_waits_for_one_thing,
    subscribers_are_there,
    no_message_lies_beside_a_subscriber,
    each_message_is_taken_once,
    what_has_ended_is_empty,
    gateways_wait_with_all_their_events,
)


def take(sides: Sides, step: Step, before: Look) -> Look:
    """Carry out a step, and look at what it has done.

    Raises:
        Found: Something that must not happen.
    """
    outcome = sides.outcome(step)
    look = Look.at(sides.lead)
    faults = [fault for rule in RULES for fault in rule(look)]
    if isinstance(step, Send) and step.kind is c.SendSignal:
        wanted: Any = before.waits_for_signal(step.fields["name"])
        if outcome["subscriberCount"] != wanted:
            faults.append(f"{outcome}, and {wanted} wait")
    if isinstance(step, Send) and step.kind is c.SendMessage:
        known = {message["id"]: message for message in before.messages}
        first = known.get(outcome["id"])
        wanted = before.waits_for_message(step.fields["name"], step.fields["correlationKey"])
        if first is None and outcome["correlated"] != wanted:
            faults.append(f"{outcome}, and {'somebody' if wanted else 'nobody'} waits")
        if first is not None and (first != outcome or first["uniqueKey"] != step.fields["uniqueKey"]):
            faults.append(f"{outcome} in place of {first}")
    if faults:
        raise Found("\n".join(faults[:3]))
    return look


# The client


@dataclass
class Client:
    """Chooses at random what makes sense.

    Attributes:
        models: What is deployed.
    """

    random: Random
    models: list[Model]

    def first_steps(self) -> Iterator[Step]:
        """Deploy each model, start what does not start itself."""
        for model in self.models:
            yield self._deploy(model, "1")
        for model in self.models:
            if model.is_started:
                yield self._start(model)

    def next_step(self, look: Look) -> Step:
        """One of all the things a client may do."""
        choices: dict[Callable[[Look], Step | None], int] = {
            self._start_one: 4,
            self._redeploy: 1,
            self._lock: 6,
            self._complete: 20,
            self._message: 12,
            self._signal: 6,
            self._execute: 12,
            lambda look: Advance(self.random.choice(DURATIONS)): 6,
            self._suspend: 2,
            self._resume: 5,
            lambda look: Restart(): 2,
        }
        while True:
            (choose,) = self.random.choices(list(choices), weights=list(choices.values()))
            step = choose(look)
            if step is not None:
                return step

    def _deploy(self, model: Model, version: str) -> Step:
        xml = Named.by(f"(MODELS / {model.file!r}).read_text()", (MODELS / model.file).read_text())
        fields = {
            "bpmnProcessId": model.bpmn_process_id,
            "bpmnXml": xml,
            "version": version,
            "workerId": WORKER,
            "parallelism": self.random.choice([0, 0, 2]),
        }
        return Send(c.CreateProcess, fields | model.definitions)

    def _redeploy(self, look: Look) -> Step | None:
        return self._deploy(self.random.choice(self.models), self.random.choice("234"))

    def _start(self, model: Model) -> Step:
        fields = {"bpmnProcessId": model.bpmn_process_id, "version": "1", "workerId": WORKER}
        return Send(c.CreateProcessInstance, fields)

    def _start_one(self, look: Look) -> Step | None:
        started = [model for model in self.models if model.is_started]
        return self._start(self.random.choice(started)) if started else None

    def _lock(self, look: Look) -> Step | None:
        return Send(c.LockJobs, {"limit": self.random.choice([1, 5, 100]), "workerId": WORKER})

    def _complete(self, look: Look) -> Step | None:
        if not (jobs := look.locked_jobs()):
            return None
        job = self.random.choice(jobs)
        completion = {
            "messageName": self.random.choice(["paid", "paid", "sent"]),
            "messageCorrelationKey": self.random.choice(KEYS),
            "signalName": self.random.choice(SIGNALS),
            "timer": self.random.choice(TIMERS),
        }
        fields = {"partition": job["partition"], "id": job["id"], "workerId": WORKER, "retryLimit": 1}
        return Send(c.CompleteJob, fields | {"completion": completion if self.random.random() < 0.95 else {}})

    def _message(self, look: Look) -> Step | None:
        fields = {
            "name": self.random.choice(["paid", "paid", "sent"]),
            "correlationKey": self.random.choice(KEYS),
            "workerId": WORKER,
            "variables": self._variables(),
        }
        if self.random.random() < 0.3:
            fields["uniqueKey"] = "u"
        if self.random.random() < 0.5:
            fields["expirationTimer"] = {"timeDuration": self.random.choice(DURATIONS)}
        return Send(c.SendMessage, fields)

    def _signal(self, look: Look) -> Step | None:
        fields = {"name": self.random.choice(SIGNALS), "workerId": WORKER, "variables": self._variables()}
        return Send(c.SendSignal, fields)

    def _variables(self) -> Record:
        data = {"encoding": "json", "value": str(self.random.random()), "encrypted": self._is_so(0.3)}
        return {self.random.choice("abc"): data if self._is_so(0.8) else None} if self._is_so(0.5) else {}

    def _is_so(self, probability: float) -> bool:
        return self.random.random() < probability

    def _execute(self, look: Look) -> Step | None:
        return Send(c.ExecuteTasks, {"limit": self.random.choice([1, 3, 100])})

    def _suspend(self, look: Look) -> Step | None:
        return self._of(
            [i for i in look.open_instances() if i["state"] == "STARTED"], c.SuspendProcessInstance
        )

    def _resume(self, look: Look) -> Step | None:
        suspended = [i for i in look.open_instances() if i["state"] == "SUSPENDED"]
        return self._of(suspended, c.ResumeProcessInstance)

    def _of(self, instances: list[Record], kind: type[c.Command]) -> Step | None:
        if not instances:
            return None
        instance = self.random.choice(instances)
        fields = {"partition": instance["partition"], "id": instance["id"], "workerId": WORKER}
        return Send(kind, fields)


def wander(seed: int, mode: str, length: int, stores: tuple[str, ...]) -> None:
    """Go some random steps and ask all queries; on failure, say how it can be had again."""
    steps: Steps = []
    with open_sides(stores, mode, is_encrypting=True) as sides:
        found = go(sides, Random(seed), length, steps)
    if found is None:
        return

    def fails(rest: Steps) -> bool:
        nonlocal found
        again = played(rest, stores, mode)
        found = again or found
        return again is not None

    shortest = shortened(steps, fails)
    listed = "".join(f"    {step!r},\n" for step in shortest)
    pytest.fail(f"seed {seed} in {mode} mode:\nplayed([\n{listed}], {stores}, {mode!r})\n\n{found}", False)


def go(sides: Sides, random: Random, length: int, steps: Steps) -> Found | None:
    """Wander about, and look at everything in the end; answers what was found."""
    client = Client(random, random.sample(WAITING, 4))
    look = Look.at(sides.lead)

    def all_steps() -> Iterator[Step]:
        yield from client.first_steps()
        yield from (client.next_step(look) for _ in range(length))
        yield from LAST

    try:
        for step in all_steps():
            steps.append(step)
            look = take(sides, step, look)
    except Found as found:
        return found
    return None


LAST: Steps = [
    Restart(),
    *[Send(c.ExecuteTasks, {"limit": 100})] * 5,
    *(Send(kind, {"limit": 2**31 - 1}) for kind in QUERIES),
]


def played(steps: Steps, stores: tuple[str, ...], mode: str) -> Found | None:
    """Go given steps; answers what was found."""
    with open_sides(stores, mode, is_encrypting=True) as sides:
        look = Look.at(sides.lead)
        try:
            for step in steps:
                look = take(sides, step, look)
        except Found as found:
            return found
    return None


@pytest.mark.parametrize("mode", MODES)
def test_stores_agree_on_what_waits(mode: str) -> None:
    wander(1, mode, 40, STORES)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(2, 8))
def test_embedded_stores_agree_on_what_waits(seed: int, mode: str) -> None:
    wander(seed, mode, 60, EMBEDDED)


@pytest.mark.soak
@pytest.mark.parametrize("mode", MODES)
def test_stores_agree_on_what_waits_for_long(mode: str) -> None:
    for stores in [STORES, *[EMBEDDED] * 5]:
        wander(secrets.randbelow(10**6), mode, 200, stores)

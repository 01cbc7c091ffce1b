"""One process instance of a model, rehearsed from start to end: the engine runs it on a store that counts.

Nothing is guessed that can be run. Workers complete every job at once, people their tasks; messages and
signals come as soon as somebody waits for them, and the clock is moved to the next timer.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from .. import wiring
from ..bpmn import parser
from ..bpmn.extension import literal
from ..bpmn.instants import parse_instant
from ..bpmn.model import Element, Process, SequenceFlow, Timer
from ..bpmn.paths import Reach
from ..bpmn.types import ElementType, Family, Trigger
from ..contract import commands as c
from ..contract.commands import Command
from ..engine.evaluation import EvaluationFailed, Evaluator, VariableNames
from ..engine.instance import IDS_PER_BLOCK
from ..engine.records import DeployedProcess, ElementInstance, Instant, Job
from ..engine.states import JobType
from ..engine.step import Step
from ..service.answers import SUBSCRIPTIONS
from ..service.environment import Hint, JobVariables, Work
from ..service.execute import execute
from ..service.fed import work_on
from ..service.messages import MESSAGES
from ..service.prices import HINTS_AT_ONCE
from ..service.signals import SIGNALS
from ..service.variables import Variables
from ..settings import Settings
from ..storage.memory import MemoryItems
from ..storage.meter import Bill, Meter
from ..storage.store import ItemStore

WORKER = "worker-1"
VERSION = "1"
BEGIN = "2030-01-01T08:00:00.000Z"

MOST_COMMANDS = 2_000
"""Of one process instance; an estimate that takes more would not end."""

LEASED = 100
"""Ids taken beforehand, so that the counters are asked as rarely as in a busy process."""

ONE_TASK = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="{}" isExecutable="true">'
    '<startEvent id="start"/><serviceTask id="task"/><endEvent id="end"/>'
    '<sequenceFlow id="f1" sourceRef="start" targetRef="task"/>'
    '<sequenceFlow id="f2" sourceRef="task" targetRef="end"/></process></definitions>'
)
"""What stands in for a called process that is not in the file."""

STAND_IN = "a process of one task"

IMAGINED = "order-1"
"""What an expression says that comes to nothing, such as a correlation key."""

_CALLED = {"called process": STAND_IN, "called version": VERSION}
"""The same, where a call activity says it."""

ANSWERS: Mapping[JobType, Mapping[str, Any]] = {
    JobType.SET_ERROR_CODE: {"errorCode": "1"},
    JobType.SET_ESCALATION_CODE: {"escalationCode": "1"},
    JobType.SET_MESSAGE_CORRELATION_KEY: {"messageCorrelationKey": "order-1"},
    JobType.SET_SIGNAL_NAME: {"signalName": "signal-1"},
    JobType.SET_TIMER: {"timer": {"timeDuration": "PT1H"}},
    JobType.SUBSCRIBE_MESSAGE: {"messageName": "message-1", "messageCorrelationKey": "order-1"},
    JobType.SUBSCRIBE_SIGNAL: {"signalName": "signal-1"},
}
"""What a worker says where a job asks."""


START = "start"
LOCK = "lock a job"
COMPLETE = "complete a job"
USER_TASK = "complete a user task"
MESSAGE = "send a message"
SIGNAL = "send a signal"
TIMER = "fire a timer"
FED = "do a fed job"

INSIDE = (TIMER, FED)
"""What comes by no request over HTTP."""


Choose = Callable[[int, Element, Sequence[str]], str]
"""Which of several elements an exclusive gateway of a process instance goes on to."""


class CannotEstimate(Exception):
    """The model does not come to an end as it is run here; the text says where it stands."""


class UnknownChoice(ValueError):
    """A decision names a gateway or a way that the model does not have."""


@dataclass(frozen=True)
class Order:
    """What is to be estimated.

    Attributes:
        xml: The BPMN file.
        bpmn_process_id: Which process of it.
        definitions: Event definitions as a deployment has them, by field.
        decisions: By exclusive gateway: the element that it goes on to.
        is_fed: Whether handlers of the engine do all jobs, told by a queue; otherwise workers over HTTP.
        variables: Bytes of a process variable that is there from the start and that each worker sets anew.
    """

    xml: str
    bpmn_process_id: str
    definitions: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    variables: int = 0
    is_fed: bool = False


@dataclass
class Way:
    """What one run was.

    Attributes:
        requests: How many of each kind.
        bills: What each kind asked of the table.
        own_units: Write units that the instance has counted itself.
        sendings: Requests that sent hints.
        hints: Hints that were handed out.
        elements: All elements of the processes that took part, by process and element id.
        visited: Those that a token has reached.
        widths: How many ways out each gateway had that chose one.
        stand_ins: Called processes that are not in the file.
        unnamed: Call activities that do not say what they call.
        imagined: Expressions that came to nothing, since nobody knows the variables.
        turns: Conditional flows that lead back and were taken, by process instance and number.
    """

    requests: Counter[str] = field(default_factory=Counter)
    bills: dict[str, Bill] = field(default_factory=dict)
    own_units: int = 0
    sendings: int = 0
    hints: int = 0
    elements: set[tuple[str, str]] = field(default_factory=set)
    visited: set[tuple[str, str]] = field(default_factory=set)
    stand_ins: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    imagined: set[str] = field(default_factory=set)
    turns: set[tuple[int, int]] = field(default_factory=set)


def process_ids(xml: str) -> list[str]:
    """The ids of the processes of a file.

    Raises:
        InvalidModel: It cannot be read.
    """
    return [process.bpmn_process_id for process in parser.parse(xml.encode())]


class _Clock:
    """Goes on a little whenever somebody looks: 20 ms to 4 s, as between the steps of real work."""

    def __init__(self) -> None:
        self._now = parse_instant(BEGIN)
        self._random = random.Random(7)

    def __call__(self) -> Instant:
        self._now += self._random.randint(20, 4000)
        return Instant(self._now)

    def go_to(self, instant: Instant) -> None:
        """Move on to an instant, if it is not over."""
        self._now = max(self._now, instant)


class _Hints:
    """The port `Feed`: hints wait here, and requests to the queue are counted.

    Attributes:
        sendings: How many requests there were.
        jobs: Hints of fed jobs that are to be handed out.
        others: Those of timers, which come in the order of the run.
    """

    def __init__(self) -> None:
        self.sendings = 0
        self.jobs: list[Hint] = []
        self.others: set[Hint] = set()

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        """Keep hints."""
        self.sendings += -(-len(hints) // HINTS_AT_ONCE)
        self.jobs += [hint for hint in hints if hint.job is not None]
        self.others |= {hint for hint in hints if hint.job is None}
        return []


class _Due(NamedTuple):
    """Something that would set a process instance in motion; the smallest comes first.

    What a boundary event waits for comes after everything else: it is the exception.
    """

    is_boundary: bool
    at: int
    act: Callable[[], None]


class _Imagined(Evaluator):
    """Expressions in a process instance whose variables nobody knows.

    The way out of an exclusive gateway is chosen. Elsewhere, all conditions are true, one leading back once;
    what comes to nothing for want of a variable is imagined.
    """

    def __init__(self, step: Step, token: ElementInstance, asks: JobType, choose: Choose, way: Way) -> None:
        super().__init__(step.process, VariableNames(step, token), step.now, asks)
        self._step = step
        self._gateway = step.process.elements[token.element]
        self._choose = choose
        self._way = way
        self._target: str | None = None

    def holds(self, flow: SequenceFlow) -> bool:
        """Whether the flow leads where the gateway is to go on."""
        if self._gateway.type is not ElementType.EXCLUSIVE_GATEWAY:
            return flow.condition is not None and not self._was_taken_back(flow)
        if self._target is None:
            targets = _targets(self._step.process, self._gateway)
            self._target = self._choose(self._step.instance.id, self._gateway, targets)
        return self._step.process.target(flow).bpmn_element_id == self._target

    def _was_taken_back(self, flow: SequenceFlow) -> bool:
        """Whether a flow that leads back to where it leaves was taken already, since loops end."""
        reach = Reach(self._step.process)
        reach.bring([flow.number])
        if flow.source not in reach.places:
            return False
        turn = (self._step.instance.id, flow.number)
        was_taken = turn in self._way.turns
        self._way.turns.add(turn)
        return was_taken

    def text(self, text: str, what: str) -> str:
        """What it comes to, or something in its place."""
        try:
            return super().text(text, what)
        except EvaluationFailed:
            self._way.imagined.add(text)
            return _CALLED.get(what.partition(" of ")[0], IMAGINED)

    def timer(self, timer: Timer) -> Timer:
        """What it comes to, or an hour."""
        try:
            return super().timer(timer)
        except ValueError:
            self._way.imagined |= {text for text in (timer.time, timer.cycle, timer.duration) if text}
            return Timer(duration="PT1H", fires_once=timer.fires_once)


class Rehearsal:
    """An engine with the processes of a file, and one process instance in it, from start to end."""

    def __init__(self, order: Order, choose: Choose) -> None:
        self._order = order
        self._choose = choose
        self._clock = _Clock()
        self._meter = Meter(MemoryItems())
        shards = wiring.SHARDS_ON_DYNAMODB
        store = ItemStore(self._meter, shards, random.Random(5).randbytes, lambda: 0.0)
        # Looks at what is stored without being counted.
        self._peek = ItemStore(self._meter.items, shards, random.Random(6).randbytes, lambda: 0.0)
        self._hints = _Hints()
        self._way = Way()
        env = wiring.environment(Settings(), store, wall_clock=self._clock)
        self._env = replace(env, evaluators=partial(_Imagined, choose=choose, way=self._way))
        self._commands = 0
        self._root: tuple[str, int] | None = None

    def way(self) -> Way:
        """Run it to its end.

        Raises:
            EngineError: The file would not be deployed.
            CannotEstimate: It does not come to an end.
            UnknownChoice: A decision is for nothing in it.
        """
        self._deploy(self._order.bpmn_process_id, self._order.definitions)
        _check_decisions(self._models(), self._order.decisions)
        if self._order.is_fed:
            self._env = replace(self._env, feed=self._hints, fed=frozenset(self._way.elements))
        self._begin()
        while works := [work for work in self._works() if not work.instance.is_ended]:
            self._go_on(works)
        self._finish()
        return self._way

    # Before it begins

    def _deploy(self, id: str, definitions: Mapping[str, Any], version: str = VERSION) -> None:
        """Deploy a process and those that it calls, each once."""
        if self._peek.find_process(id, version) is not None:
            return
        xml = self._order.xml
        if id not in process_ids(xml):
            self._way.stand_ins.add(id)
            xml = ONE_TASK.format(id)
        fields = {"bpmnProcessId": id, "bpmnXml": xml, "version": version, "workerId": WORKER, **definitions}
        execute(c.CreateProcess.model_validate(fields), self._env)
        process = self._peek.find_process(id, version)
        assert process is not None, "it is deployed"
        for activity in process.model.of_type(ElementType.CALL_ACTIVITY):
            called, _, called_version = (literal(activity.called_element) or "").partition(":")
            if not called:
                self._way.unnamed.add(activity.bpmn_element_id)
            called_version = literal(activity.extension.called_version) or called_version
            self._deploy(called or STAND_IN, {}, called_version or VERSION)
        self._way.elements |= {(id, element.bpmn_element_id) for element in process.model.elements}

    def _models(self) -> list[Process]:
        return [process.model for process in self._peek.processes()]

    def _prepare(self) -> None:
        """Let the engine know what a busy one knows: processes, ids in large numbers, that nobody queues."""
        store = self._env.store
        now = self._env.moment(WORKER)
        for _ in range(LEASED):
            store.lease_block(now.partition)
            for name in (MESSAGES, SIGNALS, SUBSCRIPTIONS):
                store.next_id(name)
        for process in self._peek.processes():
            store.find_process(process.bpmn_process_id, process.version)
            store.queue(process.bpmn_process_id, may_be_remembered=True)

    # From start to end

    def _send(self, kind: str, command: type[Command], **fields: Any) -> Any:
        """Carry out a command, and note its kind and its bill."""
        return self._carry_out(kind, lambda: execute(command.model_validate(fields), self._env))

    def _carry_out(self, kind: str, act: Callable[[], Any]) -> Any:
        self._commands += 1
        if self._commands > MOST_COMMANDS:
            raise CannotEstimate(f"it is not at its end after {MOST_COMMANDS} requests")
        before = self._meter.bill
        answer = act()
        self._note(kind, self._meter.bill - before)
        return answer

    def _note(self, kind: str, bill: Bill) -> None:
        self._way.requests[kind] += 1
        self._way.bills[kind] = self._way.bills.get(kind, Bill()) + bill

    def _begin(self) -> None:
        """Start the process as its first start event says."""
        self._prepare()
        process = self._peek.find_process(self._order.bpmn_process_id, VERSION)
        assert process is not None, "it is deployed"
        model = process.model
        starts = [e for e in model.content(model.elements[0]) if e.family is Family.START_EVENT]
        start = model.none_start(model.elements[0]) or next(iter(starts), None)
        self._starts(process, start)
        begun = [w for w in self._all() if not w.instance.is_planned and w.instance.parent_id is None]
        if not begun:
            raise CannotEstimate("its start event starts nothing")
        self._root = begun[0].instance.partition, begun[0].instance.id

    def _starts(self, process: DeployedProcess, start: Element | None) -> None:
        variables = self._variables()
        trigger = start.trigger if start else None
        name = start.event.name if start and start.event else None
        if trigger is Trigger.MESSAGE:
            self._send(
                START,
                c.SendMessage,
                name=name,
                correlationKey="start-1",
                workerId=WORKER,
                variables=variables,
            )
        elif trigger is Trigger.SIGNAL:
            self._send(START, c.SendSignal, name=name, workerId=WORKER, variables=variables)
        elif start and trigger is Trigger.TIMER:
            (planned,) = (
                work.instance
                for work in self._all()
                if any(task.element == start.number for task in work.instance.tasks.values())
            )
            self._fire(planned.next_due_task(), {planned.id})
        else:
            fields = {"bpmnProcessId": process.bpmn_process_id, "version": process.version}
            self._send(START, c.CreateProcessInstance, **fields, workerId=WORKER, variables=variables)

    def _variables(self) -> list[dict[str, Any]]:
        """A variable of the wanted size, half of which is left when it is compressed."""
        if not self._order.variables:
            return []
        text = random.Random(self._commands).randbytes(self._order.variables // 2 + 1).hex()
        value = {"encoding": "text", "value": text[: self._order.variables]}
        return [{"name": "data", "data": value}]

    def _all(self) -> list[Work]:
        refs = list(self._peek.instances(None, None))
        return [
            work
            for ref, work in zip(refs, self._peek.load_many(refs), strict=True)
            if work and ref == work.ref
        ]

    def _works(self) -> list[Work]:
        """The process instance and those that it has called."""
        return [
            work
            for work in self._all()
            if (work.instance.partition, work.instance.id) == self._root
            or (
                work.instance.root_id is not None
                and (work.instance.partition, work.instance.root_id) == self._root
            )
        ]

    def _go_on(self, works: Sequence[Work]) -> None:
        """One thing that happens next: jobs first, then people, then what is waited for."""
        if self._hints.jobs:
            return self._hand_out(self._hints.jobs.pop(0))
        now = self._clock()
        for work in works:
            if (due := work.instance.next_due_job()) is not None and due <= now:
                return self._work_off(work)
        for work in works:
            for task in work.instance.user_tasks.values():
                place = {"partition": work.instance.partition, "id": work.instance.public_id(task.id)}
                self._send(
                    USER_TASK,
                    c.UpdateUserTask,
                    **place,
                    revision=task.revision,
                    completed=True,
                    workerId=WORKER,
                )
                return None
        due_ones = sorted((due for work in works for due in self._waits(work)), key=lambda due: due[:2])
        if not due_ones:
            raise CannotEstimate(self._standstill(works))
        return due_ones[0].act()

    def _work_off(self, work: Work) -> None:
        """A worker locks a job of the process and completes it."""
        wanted = {"processIds": [work.process.id], "limit": 1, "workerId": WORKER}
        (locked,) = self._send(LOCK, c.LockJobs, **wanted)["jobs"]
        number = work.instance.number(locked["id"])
        job = work.instance.jobs[number or 0]
        place = {"partition": locked["partition"], "id": locked["id"], "workerId": WORKER}
        variables = self._variables() if job.type is JobType.EXECUTE else []
        completion = self._completion(work, job)
        self._send(COMPLETE, c.CompleteJob, **place, completion=completion, processVariables=variables)

    def _hand_out(self, hint: Hint) -> None:
        """A handler of the engine does a fed job."""
        self._clock.go_to(hint.due_at)
        self._way.hints += 1
        self._carry_out(FED, lambda: work_on(self._env, hint, self._perform))

    def _perform(self, bpmn_process_id: str, job: dict[str, Any], seen: JobVariables) -> dict[str, Any]:
        assert isinstance(seen, Variables), "made by the service"
        variables = self._variables() if seen.job.type is JobType.EXECUTE else []
        return {"completion": self._completion(seen.work, seen.job), "processVariables": variables}

    def _completion(self, work: Work, job: Job) -> dict[str, Any]:
        model, element = work.process.model, work.process.model.elements[job.element]
        if job.type is JobType.EVALUATE_EXCLUSIVE_GATEWAY:
            targets = _targets(model, element)
            return {"exclusiveGatewayDecision": self._choose(work.instance.id, element, targets)}
        if job.type is JobType.EVALUATE_INCLUSIVE_GATEWAY:
            return {"inclusiveGatewayDecision": _targets(model, element, with_default=False)}
        if job.type is JobType.CALL_PROCESS and not element.called_element:
            return {"calledProcess": {"bpmnProcessId": STAND_IN, "version": VERSION}}
        return dict(ANSWERS.get(job.type, {}))

    def _waits(self, work: Work) -> Iterator[_Due]:
        """What a process instance waits for from outside."""
        instance, elements = work.instance, work.process.model.elements
        for waiting in instance.subscriptions.values():
            is_boundary = elements[waiting.element].family is Family.BOUNDARY_EVENT
            yield _Due(is_boundary, 0, partial(self._tell, waiting.name, waiting.correlation_key))
        for task in instance.tasks.values():
            if task.completed_at is None and task.element is not None:
                is_boundary = elements[task.element].family is Family.BOUNDARY_EVENT
                hint = Hint(work.ref, task.due_at)
                act = (
                    partial(self._tick, hint)
                    if self._order.is_fed
                    else partial(self._fire, hint.due_at, {instance.id})
                )
                yield _Due(is_boundary, task.due_at, act)

    def _tell(self, name: str, correlation_key: str | None) -> None:
        if correlation_key is None:
            self._send(SIGNAL, c.SendSignal, name=name, workerId=WORKER)
        else:
            self._send(MESSAGE, c.SendMessage, name=name, correlationKey=correlation_key, workerId=WORKER)

    def _tick(self, hint: Hint) -> None:
        """A hint comes for a timer; if it was not sent when the timer was set, a sweep sends it."""
        self._clock.go_to(hint.due_at)
        self._prepare()
        self._way.hints += 1
        self._hints.sendings += hint not in self._hints.others
        self._carry_out(TIMER, lambda: work_on(self._env, hint, self._perform))

    def _fire(self, due_at: Instant | None, ids: set[int]) -> None:
        """A sweep finds one task that is due; those of other process instances are not ours to pay."""
        assert due_at is not None, "it waits for it"
        self._clock.go_to(due_at)
        self._prepare()
        while True:
            before = self._meter.bill
            done = execute(c.ExecuteTasks(limit=1), self._env)
            tasks = [*done["completedTasks"], *done["failedTasks"]]
            if not tasks:
                raise CannotEstimate("a timer is due and does not fire")
            if any(_instance_of(task) in ids for task in tasks):
                return self._note(TIMER, self._meter.bill - before)

    # After its end

    def _finish(self) -> None:
        self._way.sendings = self._hints.sendings
        for work in self._works():
            if (work.instance.partition, work.instance.id) == self._root:
                self._way.own_units = work.instance.write_units
            model = work.process.model
            records = [*work.instance.records(), *self._peek.history(work)]
            self._way.visited |= {
                (model.bpmn_process_id, model.elements[record.element].bpmn_element_id)
                for record in records
                if isinstance(record, ElementInstance)
            }

    @staticmethod
    def _standstill(works: Sequence[Work]) -> str:
        names = [
            work.process.model.pointer_to(work.process.model.elements[token.element])
            for work in works
            for token in work.instance.element_instances.values()
        ]
        return f"nothing goes on at {', '.join(names)}"


def _instance_of(task: Mapping[str, Any]) -> int:
    """Id of the process instance of a task; of a planned one, the id that it will have."""
    return (int(task["id"]) - 1) // IDS_PER_BLOCK * IDS_PER_BLOCK + 1


def _targets(model: Process, gateway: Element, *, with_default: bool = True) -> list[str]:
    """Ids of the elements that a gateway may go on to, in document order, each once."""
    flows = [
        flow
        for flow in model.outgoing(gateway)
        if with_default or flow.bpmn_element_id != gateway.default_flow
    ]
    return list(dict.fromkeys(model.target(flow).bpmn_element_id for flow in flows))


def _check_decisions(models: Sequence[Process], decisions: Mapping[str, str]) -> None:
    ways = {
        gateway.bpmn_element_id: _targets(model, gateway)
        for model in models
        for gateway in model.of_type(ElementType.EXCLUSIVE_GATEWAY)
    }
    for gateway, target in decisions.items():
        if gateway not in ways:
            raise UnknownChoice(f"there is no exclusive gateway {gateway}, but [{' '.join(ways)}]")
        if target not in ways[gateway]:
            raise UnknownChoice(
                f"gateway {gateway} does not go on to {target}, but to [{' '.join(ways[gateway])}]"
            )

"""All that one command takes from the store, each aggregate once, thought through and written together.

A step of the engine asks for what lies outside of its process instance (`engine.asks`); `service.answers`
carries that out at the desk. Then `Desk.commit` writes everything in one transaction.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..engine import lifecycle, signals
from ..engine.asks import Call
from ..engine.catching import CallersNeeded
from ..engine.feed import is_fed, is_soon
from ..engine.instance import IDS_PER_BLOCK, ProcessInstance
from ..engine.loop import run
from ..engine.messages import MessageSlot, Subscriber
from ..engine.moment import Moment
from ..engine.records import (
    ENGINE,
    DeployedProcess,
    ElementInstance,
    Incident,
    Instant,
    Job,
    NewVariable,
    Task,
    UserTask,
)
from ..engine.signals import Rows, SignalSlot
from ..engine.states import InstanceState, TaskType
from ..engine.step import Step
from ..engine.variables import set_variables
from . import queue
from .announcing import announce
from .environment import (
    Change,
    Environment,
    Given,
    Hint,
    Overtaken,
    Queue,
    Ref,
    Unanswered,
    Unavailable,
    Work,
)
from .planned import plan
from .values import StoredValues

logger = logging.getLogger(__name__)

TOLD_AT_ONCE = 20
"""Subscribers of a signal that are told in the transaction of whoever sends it; more are told by tasks."""

TOLD_BY_A_TASK = 1000
"""Subscribers that a task begins with."""

MOST = 30
"""Process instances on a desk beyond which called ones are ended by a task: each may bring slots and a queue,
and a transaction has room for a hundred items."""

MAX_TELLING = 50
"""Such tasks that are made in one transaction."""

MAX_CHANGES = 90
"""Aggregates in one transaction; with what belongs to them they stay below the 100 items of DynamoDB."""

MAX_ITEMS = 40
"""Process instances, slots and queues on one desk; beyond that, nothing further begins inside of the command.
With the slots and queues that their ends bring, they fit into one transaction."""

MAX_TIDIED = 60
"""The same, beyond which slots are no longer tidied up inside of the command."""

Answer = TypeVar("Answer")


def called_later(called: Sequence[tuple[str, int]]) -> str:
    """JSON text for a task that ends called process instances."""
    return json.dumps(called)


def thought_through(attempt: Callable[[bool], Answer]) -> Answer:
    """Attempt something without reading the callers of process instances; with them if they are needed."""
    try:
        return attempt(False)
    except CallersNeeded:
        return attempt(True)


def _failure(instance: ProcessInstance, incident: Incident) -> str:
    """The reason of a failed job or task."""
    failed: Job | Task | None = instance.jobs.get(incident.job_id or 0)
    if failed is None:
        failed = instance.tasks.get(incident.task_id or 0)
    return (failed and failed.error) or "a node failed"


class Desk:
    """The aggregates of one command.

    Attributes:
        actor: Who creates what is made now: the sender of the command, or the engine inside of a due task.
        planned: Start events that tick again, and when.
        for_many: Where tasks of the engine are that do the same in many process instances.
    """

    def __init__(self, env: Environment, moment: Moment, *, with_callers: bool = False) -> None:
        """Begin with nothing on it.

        Args:
            env: The environment.
            moment: The instant of the command, and who sends it.
            with_callers: Whether the process instances that have called one are read together with it.
        """
        self.env = env
        self.moment = moment
        self.actor = moment.actor
        self._with_callers = with_callers
        self._others: list[Change] = []
        self._steps: dict[Ref, tuple[Work, Step]] = {}
        self._message_slots: dict[tuple[str, str], MessageSlot] = {}
        self._signal_slots: dict[tuple[str, int], SignalSlot] = {}
        self._queues: dict[str, Queue] = {}
        self._written: list[Work] = []
        self.for_many: list[Ref] = []
        self.planned: list[tuple[Instant, Ref]] = []
        self._called_later: list[tuple[str, int]] = []
        self._turns: Counter[tuple[str, str]] = Counter()
        self._givings: Counter[str] = Counter()
        self._given: dict[str, Given] = {}

    # Process instances

    def take(self, work: Work) -> Step:
        """Put a process instance on the desk, to be written in any case."""
        self._written.append(work)
        return self._add(work)

    def step(self, partition: str, id: int) -> Step | None:
        """The step of the process instance that owns an id, read once; written only if it makes work."""
        ref = Ref(partition, (id - 1) // IDS_PER_BLOCK)
        for work, step in self._steps.values():
            if work.instance.partition == partition and ref.block in work.instance.blocks:
                return step
        (found,) = self.env.store.load_many([ref])
        return None if found is None else self._add(found)

    def keep(self, step: Step) -> None:
        """A process instance has changed: it is to be written, also if no work was made in it."""
        work = self.work(step)
        if work not in self._written:
            self._written.append(work)

    @property
    def is_full(self) -> bool:
        """Whether so much is here that nothing further begins inside of the command."""
        begun = sum(isinstance(ask, Call) for _, step in self._steps.values() for ask in step.asks)
        return self._items + begun > MAX_ITEMS

    @property
    def has_room(self) -> bool:
        """Whether there is room for what may also be left out."""
        return self._items < MAX_TIDIED

    @property
    def _items(self) -> int:
        slots = len(self._message_slots) + len(self._signal_slots)
        return len(self._steps) + slots + len(self._queues)

    def leaves_to_later(self, step: Step, token: ElementInstance) -> bool:
        """Whether a token is to be entered in another command, since too much is here already."""
        if self.is_full:
            step.enter_later(token)
        return self.is_full

    def turn(self, process: str, element: str) -> int:
        """The next turn at a user task; a command that is attempted again has the turns that it had."""
        self._turns[process, element] += 1
        known = self.env.turns
        key = (process, element, self._turns[process, element])
        if known is None:
            return self.env.store.next_turn(process, element)
        if key not in known:
            known[key] = self.env.store.next_turn(process, element)
        return known[key]

    def given(self, party: str) -> Given:
        """Who of a work party was given a user task when, here as well."""
        return self._given.get(party) or self.env.store.given(party)

    def taken_here(self, user: str) -> int:
        """How many user tasks somebody was given here."""
        return self._givings[user]

    def ended_user_tasks(self) -> set[tuple[Ref, int]]:
        """The user tasks that have ended here, by their process instance and number."""
        return {
            (work.ref, record.id)
            for work, _ in self._steps.values()
            for record in work.instance.ended
            if isinstance(record, UserTask)
        }

    def give(self, party: str, user: str) -> None:
        """Somebody of a work party is given a user task."""
        given = self.given(party)
        self._givings[user] += 1
        last = max(given.turns.values(), default=0)
        self._given[party] = Given(party, {**given.turns, user: last + 1}, given.revision)

    def add(self, change: Change) -> None:
        """Put something on the desk that is no process instance, slot or queue."""
        self._others.append(change)

    def _add(self, work: Work) -> Step:
        step = self._begun(work)
        self._steps[work.ref] = (work, step)
        if self._with_callers:
            step.callers = list(self._callers(step))
        return step

    def _begun(self, work: Work) -> Step:
        step = work.step(self.moment)
        step.actor = self.actor
        step.values = StoredValues(self.env, work)
        step.evaluators = self.env.evaluators
        return step

    def new_instance(
        self,
        process: DeployedProcess,
        partition: str,
        variables: Sequence[NewVariable],
        begin: Callable[[Step], None] = lifecycle.start,
        **fields: Any,
    ) -> Step:
        """Make a process instance, or let it wait for its turn.

        Args:
            process: Its process.
            partition: Under which date.
            variables: At its process scope.
            begin: Opens it, if it need not wait.
            fields: Of the instance.

        Raises:
            EngineError: It cannot be started so, or the date has no ids left.
        """
        instance = ProcessInstance(partition, [], process.id, self.moment.now, self.actor, **fields)
        waiting = self._queue(process.bpmn_process_id, may_be_remembered=process.parallelism == 0)
        work = Work(instance, process)
        step = self._begun(work)
        lifecycle.require_none_start(step)
        # Before it begins, since expressions of the model may look at its id.
        instance.blocks.append(self.env.store.lease_block(partition))
        set_variables(step, variables)
        if self._with_callers:
            step.callers = list(self._callers(step))
        (lifecycle.queue if waiting and waiting.must_wait else begin)(step)
        self._written.append(work)
        self._steps[work.ref] = (work, step)
        if waiting is not None and not instance.is_ended:
            self._enter(waiting, work)
        return step

    def _enter(self, waiting: Queue, work: Work) -> None:
        """Count a new process instance, or let it wait."""
        self._queues[waiting.bpmn_process_id] = waiting
        if work.instance.state is InstanceState.QUEUED:
            waiting.waiting.append(work.ref)
        else:
            waiting.active += 1
            work.instance.is_counted = True

    def _queue(self, bpmn_process_id: str, *, may_be_remembered: bool = False) -> Queue | None:
        held = self._queues.get(bpmn_process_id)
        return held or self.env.store.queue(bpmn_process_id, may_be_remembered=may_be_remembered)

    def plan(
        self,
        process: DeployedProcess,
        element: int,
        *,
        due_at: Instant | None = None,
        content: str | None = None,
        runs: bool = True,
    ) -> Step:
        """A task that triggers a start event, which makes a process instance.

        Args:
            process: The process.
            element: Number of the start event.
            due_at: When; now if it is not said.
            content: JSON text for the task.
            runs: Whether it is run here once it is due. Even then not if there are too many already, as where
                a process starts itself by a signal: the executor goes on.
        """
        work = plan(self.env, process, self.moment)
        step = self.take(work)
        step.add_task(TaskType.TRIGGER_EVENT, element=element, due_at=due_at, serialized=content)
        if not runs or self.is_full:
            step.due.clear()
        self.begin_planned(work, step, lambda: run(step))
        return step

    def begin_planned(self, work: Work, step: Step, act: Callable[[], None]) -> None:
        """Do something that may make a process instance of a planned one, or let it wait for its turn."""
        process = work.process
        waiting = self._queue(process.bpmn_process_id, may_be_remembered=process.parallelism == 0)
        step.must_wait = waiting is not None and waiting.must_wait
        act()
        if waiting is not None and not (work.instance.is_planned or work.instance.is_ended):
            self._enter(waiting, work)

    def _callers(self, step: Step) -> Iterator[Step]:
        called: Step | None = step
        while called is not None and called.instance.called_by is not None:
            called = self.step(called.instance.partition, called.instance.called_by)
            if called is not None:
                yield called

    def work(self, step: Step) -> Work:
        """The process instance of a step."""
        return next(work for work, other in self._steps.values() if other is step)

    # Messages and signals

    def message_slot(self, name: str, correlation_key: str) -> MessageSlot:
        """The slot of a message, read once, to be written."""
        key = (name, correlation_key)
        if key not in self._message_slots:
            self._message_slots[key] = self.env.store.message_slot(*key)
        return self._message_slots[key]

    def signal_slot(self, name: str, subscription_id: int) -> SignalSlot:
        """The slot into which a subscription to a signal is put, read once, to be written."""
        return self._held(self.env.store.signal_slot(name, subscription_id))

    def holding_slot(self, name: str, subscription_id: int) -> SignalSlot | None:
        """The slot in which a subscription to a signal lies, to be written; None if it is taken already.

        It lies where one would put it now, unless that was changed by raising the number of shards.
        """
        slot = self.env.store.signal_slot(name, subscription_id)
        slot = self._signal_slots.get((name, slot.shard), slot)
        if not slot.holds(subscription_id):
            stored = self.env.store.find_signal_slot(name, subscription_id)
            if stored is None:
                return None
            slot = self._signal_slots.get((name, stored.shard), stored)
        return self._held(slot)

    def _held(self, slot: SignalSlot) -> SignalSlot:
        return self._signal_slots.setdefault((slot.name, slot.shard), slot)

    def send_signal(self, name: str, variables: Rows) -> int:
        """Tell everybody who waits for a signal, and answer how many that are.

        A few are told in this transaction. Of many, this transaction takes the subscriptions, and makes a
        task that tells them: whatever happens in between, each is told, and told once.
        """
        starts = self.env.store.signal_starts(name)
        subscribers = self._taken_subscribers(name)
        if len(starts) > TOLD_AT_ONCE:
            self._start_later(starts, variables)
        else:
            for process, element in starts:
                self.plan(process, element, content=signals.content(variables))
        if len(subscribers) > TOLD_AT_ONCE:
            self._tell_later(subscribers, variables)
        else:
            self.tell(subscribers, variables)
        return len(subscribers) + len(starts)

    def _taken_subscribers(self, name: str) -> list[Subscriber]:
        """All who wait for a signal; from now on, nobody does."""
        subscribers: list[Subscriber] = []
        for stored in self.env.store.signal_slots(name):
            slot = self._signal_slots.get((stored.name, stored.shard), stored)
            if slot.subscribers:
                subscribers += self._held(slot).subscribers
                slot.subscribers = []
        return subscribers

    def _tell_later(self, subscribers: list[Subscriber], variables: Rows) -> None:
        """Make tasks that tell many; each writes what it has left over, so none has too many."""
        share = max(TOLD_BY_A_TASK, -(-len(subscribers) // MAX_TELLING))
        for first in range(0, len(subscribers), share):
            self._tell_by_task(signals.remaining(variables, subscribers[first : first + share]))

    def _start_later(self, starts: Sequence[tuple[DeployedProcess, int]], variables: Rows) -> None:
        """Make a task that triggers many start events."""
        rows = [(process.id, element) for process, element in starts]
        self._tell_by_task(signals.remaining(variables, [], rows))

    def _tell_by_task(self, content: str) -> None:
        step = self.take(plan(self.env, ENGINE, self.moment))
        step.add_task(TaskType.TRIGGER_EVENT, serialized=content)
        self.for_many.append(self.work(step).ref)

    def end_called(self, partition: str, id: int) -> None:
        """End a called process instance; if very many are on the desk already, a task does it."""
        if len(self._steps) >= MOST:
            self._called_later.append((partition, id))
            return
        called = self.step(partition, id)
        if called is None or called.instance.is_ended:
            return
        # Whoever ends many, and was broken off, asks again: in deferred mode the first task may still be due.
        if not any(
            task.type is TaskType.TERMINATE_PROCESS_INSTANCE for task in called.instance.tasks.values()
        ):
            called.add_task(TaskType.TERMINATE_PROCESS_INSTANCE)
        run(called)

    def tell(self, subscribers: list[Subscriber], variables: Rows) -> None:
        """Tell subscribers whose subscriptions are taken already.

        First there is a task for each, then they run: one that is triggered may end another.
        """
        told: list[Step] = []
        for subscriber in subscribers:
            step = self.step(subscriber.partition, subscriber.process_instance_id)
            if step is not None and signals.tell(step, subscriber, variables):
                told.append(step)
        for step in told:
            run(step)

    # To the end

    def failures(self) -> list[str]:
        """Why a node failed here, for each incident that was made."""
        return [
            _failure(work.instance, incident)
            for work, _ in self._steps.values()
            for incident in work.instance.incidents.values()
            if incident.id > work.seen.incidents
        ]

    def next_asking(self) -> Step | None:
        """A step that asks for something, or has a task that is due; None if there is none."""
        return next((step for _, step in self._steps.values() if step.asks or step.has_due_task), None)

    def commit(self) -> list[Ref]:
        """Write everything, in one transaction.

        Returns:
            Process instances that have a due task now, which is not run in this transaction.

        Raises:
            Overtaken: Somebody else wrote one of them meanwhile.
        """
        following: list[Work] = []
        self._end_instances(following)
        if self._called_later:
            step = self.take(plan(self.env, ENGINE, self.moment))
            step.add_task(TaskType.TERMINATE_PROCESS_INSTANCE, serialized=called_later(self._called_later))
            self.for_many.append(self.work(step).ref)
        changed = [*self._written, *self._made_work()]
        self.env.store.commit(
            *self._others,
            *changed,
            *(work for work in following if work not in changed),
            *self._queues.values(),
            *self._message_slots.values(),
            *self._signal_slots.values(),
        )
        for _, step in self._steps.values():
            for note in step.notes:
                self.env.note(note, step.instance)
        self._remember_given()
        announce(self.env, self._hints(), self.moment.now)
        return [*(work.ref for work in following), *self.for_many]

    def _remember_given(self) -> None:
        """Apart from the transaction: who was faster is as good, and nobody shall wait for them."""
        for given in self._given.values():
            try:
                self.env.store.commit(given)
            except (Overtaken, Unavailable, Unanswered) as reason:
                logger.info("what %s was given is not remembered: %s", given.party, reason)

    def _hints(self) -> list[Hint]:
        """What was made here and is due soon; what runs before the answer is made and done."""
        now = self.moment.now
        return [
            Hint(work.ref, made.due_at, made.id if isinstance(made, Job) else None)
            for work, step in self._steps.values()
            for made in step.made
            if made.completed_at is None and is_soon(made.due_at, now)
            if isinstance(made, Task) or is_fed(made)
        ]

    def left_due(self) -> set[tuple[Ref, int]]:
        """The tasks that have become due and were not run, by their process instance and number."""
        return {(work.ref, task.id) for work, step in self._steps.values() for task in step.due}

    def _made_work(self) -> list[Work]:
        return [work for work, step in self._steps.values() if step.made and work not in self._written]

    def _end_instances(self, following: list[Work]) -> None:
        """What the end of process instances brings: their messages expire, the next in a queue starts."""
        for work, step in list(self._steps.values()):
            if not work.instance.is_ended:
                continue
            moment = replace(self.moment, actor=step.actor)
            if work.instance.message is not None:
                name, correlation_key, id = work.instance.message
                self.message_slot(name, correlation_key).finish(id, self.moment.now)
                work.instance.message = None
            if work.instance.is_counted:
                waiting = self._queue(work.process.bpmn_process_id)
                assert waiting is not None, "an instance is counted in a queue that exists"
                self._queues[waiting.bpmn_process_id] = waiting
                following += queue.leave(waiting, work, moment, self._find)
            elif work.instance.started_at is None:
                self._stop_waiting(work)

    def _find(self, ref: Ref) -> Work | None:
        """A process instance that is on the desk, or in the store."""
        if ref in self._steps:
            return self._steps[ref][0]
        (work,) = self.env.store.load_many([ref])
        return work

    def _stop_waiting(self, work: Work) -> None:
        """A process instance was terminated that may have waited for its turn."""
        waiting = self._queue(work.process.bpmn_process_id)
        if waiting is not None and work.ref in waiting.waiting:
            self._queues[waiting.bpmn_process_id] = waiting
            waiting.waiting.remove(work.ref)

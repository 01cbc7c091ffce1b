"""One run of a scenario with faults: a client that goes on as the contract lets it, then the sweep.

A client that was told nothing was done (503 with Retry-After) asks again. One that was told nothing at all
asks again if it has sent an idempotency key, or if it can see from the answer, or make sure before, that
nothing is done twice. Else it leaves it, and then all of the command has happened, or nothing. A queue hands
out again what was not done.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from chalicelib.contract import commands as c
from chalicelib.contract.commands import Command
from chalicelib.engine.errors import Conflict
from chalicelib.service import fed
from chalicelib.service.environment import Environment, Unanswered, Unavailable
from chalicelib.service.execute import execute
from chalicelib.service.once import execute_once
from chalicelib.service.retry import Busy
from chalicelib.service.sweeping import sweep
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Items, Put
from tests.faults.faulty import FAULTS, Call, Fault, FaultyArchive, FaultyFeed, FaultyItems, Killed, Script
from tests.faults.look import Look, answer, difference, look, timeless
from tests.feeding import Hints
from tests.play import WORKER, Engine

Act = Command | Callable[[Environment], Any]
Prepare = Callable[[Engine], Act]

MOST_ATTEMPTS = 12

OVERDUE = "PT30M"
"""After this time a fed job whose hint was lost is announced again, however often it was before."""

AGAIN: Mapping[type[Command], str] = {
    c.CreateProcess: "",
    c.SetProcessVariables: "",
    c.SetElementVariables: "",
    c.ExecuteTasks: "",
    c.LockJobs: "",
    c.UnlockJobs: "",
    c.CompleteJob: "is completed",
    c.UpdateUserTask: "is not in ",
    c.ResolveIncident: "is resolved",
    c.SuspendProcessInstance: "is not in state STARTED",
    c.ResumeProcessInstance: "is not in state SUSPENDED",
}
"""Commands that may be sent again without a key, and the words of a 409 which say that they were done. Locked
jobs are unlocked before. All other commands would be done twice, and a client that was not answered must not
repeat them."""

SAYS_WHAT_IT_DID = (c.ExecuteTasks, c.UnlockJobs)
"""Commands whose answer counts what this one call has done; what is done by parts is counted by parts."""


class Ended(AssertionError):
    """A run has ended in a way in which it must not."""


@dataclass(frozen=True)
class Prepared:
    """A scenario up to the command that is to be disturbed, and how it ends if it is not.

    Attributes:
        engine: What is prepared; never changed.
        act: What is disturbed.
        is_keyed: Whether the client sends an idempotency key.
    """

    engine: Engine
    act: Act
    is_keyed: bool

    @staticmethod
    def of(prepare: Prepare, settings: Settings, *, is_keyed: bool) -> "Prepared":
        engine = Engine(MemoryItems(), settings)
        return Prepared(engine, prepare(engine), is_keyed)

    @cached_property
    def _undisturbed(self) -> tuple[list[Call], Any, Look]:
        run = Run(self, Script(), self.fresh_items())
        found = run.act()
        calls = list(run.script.calls)
        run.sweep()
        return calls, found, run.look()

    @property
    def calls(self) -> list[Call]:
        """What the act calls if nothing disturbs it."""
        return self._undisturbed[0]

    @property
    def answer(self) -> Any:
        """What it then answers."""
        return self._undisturbed[1]

    @property
    def done(self) -> Look:
        """What there is once it is done and swept."""
        return self._undisturbed[2]

    @cached_property
    def untouched(self) -> Look:
        """What there is if it was never begun."""
        run = Run(self, Script(), self.fresh_items())
        run.sweep()
        return run.look()

    def fresh_items(self) -> Items:
        """A copy of what is prepared."""
        return self.copied_to(MemoryItems())

    def copied_to(self, items: Items) -> Items:
        """What is prepared, in a store that is empty."""
        assert isinstance(self.engine.items, MemoryItems)
        return copied(self.engine.items, items)

    def faults(self) -> list[dict[int, Fault]]:
        """Each fault that can happen, at each call at which it can."""
        return [{at: fault} for at, call in enumerate(self.calls) for fault in FAULTS if fault.fits(call)]

    def second_faults(self, first: Mapping[int, Fault]) -> list[dict[int, Fault]]:
        """A first fault, and each that can happen at each call behind it: to the client, or to the sweep."""
        calls = run(self, first).script.calls
        (at,) = first
        later = list(enumerate(calls))[at + 1 :]
        return [{**first, then: fault} for then, call in later for fault in FAULTS if fault.fits(call)]


def perform(bpmn_process_id: str, job: dict[str, Any], variables: fed.Variables) -> dict[str, Any]:
    """The handler of all fed jobs; it reads and writes variables, and may be called again."""
    seen = len(variables.process_variables(None))
    return {"processVariables": {job["bpmnElementId"]: {"encoding": "json", "value": str(seen)}}}


class Run:
    """One run of what is prepared.

    Attributes:
        engine: The engine that is disturbed.
        script: Says how.
        knows: Whether the client knows that the command is done; else all of it has happened, or nothing.
    """

    def __init__(self, prepared: Prepared, script: Script, items: Items) -> None:
        self.script = script
        self.knows = True
        self._prepared = prepared
        self.files: dict[str, bytes] = {}
        self._items = items
        self._hints = Hints()
        source = prepared.engine
        self.engine = replace(
            source,
            items=FaultyItems(items, script),
            clock=copy(source.clock),
            feed=FaultyFeed(self._hints, script) if source.feed else None,
        )

    def act(self) -> Any:
        """Be the client, until the command is done, or nobody knows whether it is; answers its answer."""
        found = self._insist()
        self.script.is_over()
        return found

    def _insist(self) -> Any:
        act, is_unknown = self._prepared.act, False
        env = self._disturbed(self.engine.env)
        for _ in range(MOST_ATTEMPTS):
            try:
                if is_unknown and isinstance(act, c.LockJobs) and not self._prepared.is_keyed:
                    execute(c.UnlockJobs(workerId=WORKER), env)
                found = self._send(act, env)
                if not (isinstance(act, c.LockJobs) and found["count"] < self._wanted):
                    return found
                is_unknown = True
            except Killed:
                is_unknown = True
                env = self._environment()
            except Unanswered:
                is_unknown = True
            except (Busy, Unavailable):
                pass
            except Conflict as conflict:
                if not (is_unknown and isinstance(act, Command) and AGAIN[type(act)] in str(conflict)):
                    raise
                return None
            self.script.is_over()
            if (
                is_unknown
                and isinstance(act, Command)
                and not self._prepared.is_keyed
                and type(act) not in AGAIN
            ):
                self.knows = False
                return None
        raise Ended("the client never got through")

    def sweep(self) -> None:
        """Let processes that begin anew run what is due, until one ends that nothing has disturbed.

        Whatever hint was lost by then is overdue.
        """
        for _ in range(MOST_ATTEMPTS):
            before = self.script.happened
            if self.engine.feed:
                self.engine.clock.advance(OVERDUE)
            self._undead(lambda: sweep(self._environment()))
            while due := [hint for hint in self._hints.waiting if hint.due_at <= self.engine.clock.now]:
                if self._undead(lambda hint=due[0]: fed.work_on(self._environment(), hint, perform)):
                    self._hints.waiting.remove(due[0])
            if self.script.happened == before:
                return
        raise Ended("the sweep never got through")

    def _undead(self, work: Callable[[], object]) -> bool:
        """Let a process do something; answers whether it did it."""
        try:
            work()
            return True
        except (Killed, Busy, Unavailable, Unanswered):
            return False
        finally:
            self.script.is_over()

    def check(self, found: Any) -> None:
        """Compare what there is with what there must be.

        Raises:
            Ended: It differs.
        """
        is_late = self.engine.feed and self.script.happened > 1
        seen = timeless if is_late else lambda look: look
        now = seen(self.look())
        wrong = difference(now, seen(self._prepared.done))
        if wrong and not self.knows and now == seen(self._prepared.untouched):
            return
        if wrong:
            raise Ended(wrong)
        if self._is_answer_told(found) and answer(found) != answer(self._prepared.answer):
            raise Ended(f"answered {found} and not {self._prepared.answer}")

    def _is_answer_told(self, found: Any) -> bool:
        """Whether the answer is that of the first attempt, which a later one does not know."""
        return (
            found is not None
            and isinstance(self._prepared.act, Command)
            and not isinstance(self._prepared.act, SAYS_WHAT_IT_DID)
        )

    @property
    def _wanted(self) -> int:
        """Jobs that are there to be locked."""
        return 0 if self.script.happened == 0 else self._prepared.answer["count"]

    def _send(self, act: Act, env: Environment) -> Any:
        if not isinstance(act, Command):
            return act(env)
        return execute_once(act, env, "key-1") if self._prepared.is_keyed else execute(act, env)

    def _environment(self) -> Environment:
        """What a process has that begins anew."""
        return self._disturbed(self.engine.environment())

    def _disturbed(self, env: Environment) -> Environment:
        return replace(env, archive=env.archive and FaultyArchive(self.files, self.script))

    def look(self) -> Look:
        """What there is, seen by a process that nothing disturbs."""
        return {**look(replace(self.engine, items=self._items)), "files": sorted(self.files)}


def run(prepared: Prepared, faults: Mapping[int, Fault], items: Items | None = None) -> Run:
    """Run what is prepared with faults, and check what comes of it.

    Raises:
        Ended: Something is lost, or was done twice.
    """
    disturbed = Run(prepared, Script(faults), items or prepared.fresh_items())
    found = disturbed.act()
    disturbed.sweep()
    disturbed.check(found)
    return disturbed


def copied(items: MemoryItems, fresh: Items) -> Items:
    """The same items and counters in another store, which is empty."""
    for item in items._items.values():
        fresh.commit([Put(item, 0)])
    for key, count in items._counters.items():
        fresh.add(key, count)
    return fresh

"""A microflow runs to its end inside of one request: a process instance in memory, on the engine of all.

Connectors and handlers do its jobs here, one after the other, its timers are looked at in between, and where
an ordinary process would stop with an incident, a boundary event for errors takes over, or the microflow has
failed.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

from ..contract import commands as c
from ..contract import wire
from ..engine import incidents, tasks
from ..engine.errors import EngineError, InvalidCommand
from ..engine.evaluation import ENCODING, EvaluationFailed, Evaluator
from ..engine.feed import FEED
from ..engine.instance import ProcessInstance
from ..engine.records import (
    DeployedProcess,
    ElementInstance,
    Incident,
    Instant,
    Job,
    NewVariable,
    Task,
    Variable,
)
from ..engine.states import JobType
from ..engine.step import Step
from .desk import Desk
from .due import carried_out, run_tasks
from .environment import ClockOffset, Environment, MicroflowLimits, Ref, Store, Work
from .jobs import complete_job
from .locks import InstanceLocks
from .retry import Busy
from .scratch import Scratch
from .variables import Variables

logger = logging.getLogger(__name__)

FAILED = "FAILED"
"""Code of the error that an element throws whose work has failed without a code."""

ERROR = "error"
"""Variable that tells the path behind an error boundary event what has happened."""

ALLOWANCE = 0.05
"""Seconds more that a connector may take than there are until a timer is due: then the timer counts."""

RETRIES = frozenset({"retryLimit", "retryTimer", "noRetry"})
"""What handlers say of retries; in a microflow only its model has a say, since somebody waits."""


class MicroflowFailed(Exception):
    """It has not come to its end.

    Attributes:
        reason: Names the element and the fact.
        trace: As `Outcome.trace`.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason
        self.trace = ""


class Outcome(NamedTuple):
    """What has come of a microflow.

    Attributes:
        variables: Those of its process scope by name.
        trace: Its process instance as `2030-01-01/17`, if it was written; else empty.
    """

    variables: Mapping[str, Variable]
    trace: str = ""


def run(
    env: Environment,
    process: DeployedProcess,
    variables: Sequence[NewVariable],
    limits: MicroflowLimits,
    actor: str,
) -> Outcome:
    """Run a microflow to its end.

    Args:
        env: The environment.
        process: The microflow.
        variables: What goes in, at its process scope.
        limits: How much it may take.
        actor: Who asks for it.

    Raises:
        MicroflowFailed: An element has failed and nothing in the diagram handles it, or it takes too much.
    """
    flow = Microflow(env, process, limits, actor)
    try:
        found = flow.run(variables)
    except MicroflowFailed as failed:
        failed.trace = flow.keep()
        raise
    return Outcome(found, flow.keep())


class Microflow:
    """One run."""

    def __init__(
        self, env: Environment, process: DeployedProcess, limits: MicroflowLimits, actor: str
    ) -> None:
        """Prepare; nothing has begun."""
        offset = env.store.clock_offset() if env.can_set_time else ClockOffset()
        self._process, self._limits, self._actor = process, limits, actor
        self._deadline = env.wall_clock() + round(limits.seconds * 1000)
        self._scratch = Scratch(env.store, is_kept=limits.is_traced, clock_offset=offset)
        self._evaluators = env.evaluators
        self._notes: list[str] = []
        self._thrown: dict[tuple[Ref, int], str] = {}
        self._env = replace(
            env,
            store=cast(Store, self._scratch),
            eager=True,
            task_retries=0,
            feed=None,
            fed=_Everybody(),
            locks=InstanceLocks(),
            evaluators=self._evaluator,
            note=self._note,
            max_visits=limits.steps,
            uncaught_ends=True,
        )

    def run(self, variables: Sequence[NewVariable]) -> Mapping[str, Variable]:
        """From its start to its end; answers the variables of the process scope.

        Raises:
            MicroflowFailed: See `run`.
        """
        try:
            carried_out(self._env, self._env.moment(self._actor), partial(self._start, variables))
            while self._scratch.result is None:
                self._check_limits()
                if not self._is_handled():
                    self._go_on()
            self._check_notes()
        except EngineError as refusal:
            raise MicroflowFailed(refusal.detail) from refusal
        except Busy as reason:
            # Who asks again would have done again what is done.
            raise MicroflowFailed(f"microflow {self._name}: the store is busy: {reason}") from reason
        found = self._scratch.result.instance.variables.values()
        return {variable.name: variable for variable in found if variable.element_instance_id is None}

    def keep(self) -> str:
        """Write what is to be looked at later; answers which process instance that is.

        What has been done is done: that nobody can look at it is no failure of the microflow.
        """
        if not self._limits.is_traced:
            return ""
        try:
            return self._scratch.keep(self._env.moment(self._actor))
        except Exception:
            logger.exception("microflow %s has left no trace", self._name)
            return ""

    def _start(self, variables: Sequence[NewVariable], desk: Desk) -> None:
        desk.new_instance(self._process, desk.moment.partition, variables)

    def _go_on(self) -> None:
        """Do what comes next: a due task, a job, or a pause until there is one."""
        now, works = self._env.now(), self._scratch.works()
        task = min(_next_tasks(works), key=_by_time, default=None)
        job = min(_open_jobs(works), key=_by_time, default=None)
        if task is not None and task.at <= now:
            self._run_due(task.work)
        elif job is not None and job.at <= now:
            self._perform(job.work, job.job, now, task.at if task else None)
        elif job is not None:
            # A job that is tried again; the next timer comes first, if that is sooner.
            self._pause(min(task.at, job.at) if task else job.at, now)
        else:
            raise MicroflowFailed(f"microflow {self._name} waits for something that nobody brings")

    # Limits and faults

    @property
    def _name(self) -> str:
        return self._process.bpmn_process_id

    def _too_long(self) -> str:
        return f"microflow {self._name} takes longer than {self._limits.seconds:g} seconds"

    def _check_limits(self) -> None:
        self._check_notes()
        if self._env.wall_clock() > self._deadline:
            raise MicroflowFailed(self._too_long())
        if self._scratch.entered > self._limits.steps:
            raise MicroflowFailed(f"microflow {self._name} enters more than {self._limits.steps} elements")

    def _check_notes(self) -> None:
        """An error that nobody catches is a note to an operator elsewhere."""
        if self._notes:
            raise MicroflowFailed(self._notes[0])

    def _note(self, note: str, instance: ProcessInstance) -> None:
        self._notes.append(note)

    def _evaluator(self, step: Step, token: ElementInstance, asks: JobType) -> Evaluator:
        """As ever, while there is time: a loop without jobs looks at its conditions here."""
        if self._env.wall_clock() > self._deadline:
            raise EvaluationFailed(self._too_long(), asks)
        return self._evaluators(step, token, asks)

    def _is_handled(self) -> bool:
        """Whether something had failed, and the diagram handles it.

        Raises:
            MicroflowFailed: It does not.
        """
        for work in self._scratch.works():
            for incident in work.instance.incidents.values():
                self._handle(work, incident)
                return True
        return False

    def _handle(self, work: Work, incident: Incident) -> None:
        job = work.instance.jobs.get(incident.job_id or 0)
        if job is None:
            task = work.instance.tasks[incident.task_id or 0]
            raise MicroflowFailed(f"microflow {self._name}: {task.error}")
        element = work.process.model.elements[job.element]
        thrown = self._thrown.get((work.ref, job.id))
        reason = f"{element.bpmn_element_id}: {thrown or job.error}"
        if thrown is not None or not self._is_caught(work.ref, incident, job.error or ""):
            raise MicroflowFailed(reason)

    def _is_caught(self, ref: Ref, incident: Incident, message: str) -> bool:
        value = json.dumps({"code": FAILED, "message": message}, ensure_ascii=False)

        def think(desk: Desk) -> bool:
            (work,) = self._env.store.load_many([ref])
            assert work is not None, "its incident is open"
            return incidents.throw(
                desk.take(work), incident.id, FAILED, [NewVariable(ERROR, ENCODING, value)]
            )

        return carried_out(self._env, self._env.moment(self._env.engine_id), think)

    # Tasks and pauses

    def _run_due(self, work: Work) -> None:
        moment = self._env.moment(self._env.engine_id)
        run_tasks(self._env, work.ref, moment, lambda work: tasks.due_tasks(work.instance, moment.now, _any))

    def _run_all_due(self) -> None:
        """What has become due while a job was done goes before its result: a time-out is one."""
        while due := [task for task in _next_tasks(self._scratch.works()) if task.at <= self._env.now()]:
            self._check_limits()
            self._run_due(min(due, key=_by_time).work)

    def _pause(self, until: Instant, now: Instant) -> None:
        if until - now > self._deadline - self._env.wall_clock():
            raise MicroflowFailed(self._too_long())
        self._env.pause((until - now) / 1000)

    # Jobs

    def _perform(self, work: Work, job: Job, now: Instant, timer_at: Instant | None) -> None:
        """Let a connector or a handler do a job, and take what it brings, unless its time is over."""
        ends_at = Instant(now + self._deadline - self._env.wall_clock())
        left = min(ends_at, timer_at or ends_at) - now
        given = self._given(work, job, now, left / 1000 + ALLOWANCE)
        self._run_all_due()
        if self._scratch.is_open(work):
            self._complete(work, job, given)

    def _given(self, work: Work, job: Job, now: Instant, seconds_left: float) -> dict[str, Any]:
        """What a job brings: the fields of its completion; it has failed if there is nobody for it."""
        if job.type is JobType.SET_ERROR_CODE:
            return {}  # of a boundary event without code, which catches every one
        element, given = work.process.model.elements[job.element], None
        if job.type is JobType.EXECUTE:
            record = wire.job(job, work.instance, work.process, now) | {"secondsLeft": seconds_left}
            source = Variables(self._env, work, job)
            given = self._env.perform(work.process.bpmn_process_id, record, source)
        if given is None:
            kind = f" of work type {element.work_type}" if element.work_type else ""
            fact = f"there is neither a connector nor a handler for this {element.type}{kind}"
            return {"error": fact, "noRetry": True}
        return {name: value for name, value in given.items() if name not in RETRIES}

    def _complete(self, work: Work, job: Job, given: dict[str, Any]) -> None:
        if given.get("completion", {}).get("errorCode"):
            self._thrown[work.ref, job.id] = _told(given)
        id = work.instance.public_id(job.id)
        address = {"partition": work.instance.partition, "id": id, "workerId": FEED}
        try:
            complete_job(c.CompleteJob.model_validate(given | address), self._env)
        except (InvalidCommand, ValueError) as fault:
            complete_job(c.CompleteJob.model_validate({"error": str(fault)} | address), self._env)


class _Everybody:
    """Every job is kept for us as it is made."""

    def __contains__(self, place: object) -> bool:
        return True


class _Next(NamedTuple):
    """A task or a job that is owed."""

    at: Instant
    work: Work


class _NextJob(NamedTuple):
    at: Instant
    work: Work
    job: Job


def _next_tasks(works: Sequence[Work]) -> list[_Next]:
    times = ((work.instance.next_due_task(), work) for work in works)
    return [_Next(at, work) for at, work in times if at is not None]


def _open_jobs(works: Sequence[Work]) -> list[_NextJob]:
    jobs = ((job, work) for work in works for job in work.instance.jobs.values())
    return [_NextJob(job.due_at, work, job) for job, work in jobs if job.completed_at is None]


def _by_time(row: _Next | _NextJob) -> Instant:
    return row.at


def _any(task: Task) -> bool:
    return True


def _told(given: Mapping[str, Any]) -> str:
    """The code that a job throws, and what it says about it."""
    variables = (v for v in given.get("processVariables", ()) if v["name"] == ERROR and v.get("data"))
    values = [json.loads(variable["data"]["value"]) for variable in variables]
    messages = [value["message"] for value in values if isinstance(value, dict) and "message" in value]
    return ": ".join([given["completion"]["errorCode"], *map(str, messages)])

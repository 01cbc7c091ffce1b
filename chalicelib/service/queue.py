"""Parallelism: how many process instances of a BPMN process may run, and which wait for their turn.

A queue exists per BPMN process id once a version was deployed with a parallelism; the newest version's counts
for all. It is written in one transaction with the process instance that enters or leaves it.
"""

from collections.abc import Callable
from functools import partial

from ..engine.instance import ProcessInstance
from ..engine.moment import Moment
from ..engine.records import DeployedProcess
from ..engine.states import InstanceState, TaskType
from .environment import Environment, Queue, Ref, Work
from .retry import until_through


def leave(queue: Queue, work: Work, moment: Moment, find: Callable[[Ref], Work | None]) -> list[Work]:
    """A process instance that was counted has ended: the next one in the queue is told to start.

    Args:
        queue: The queue.
        work: The process instance.
        moment: When, and by whom.
        find: Finds the next one; it may have entered the queue in the same command.

    Returns:
        That one, with a due task now.
    """
    work.instance.is_counted = False
    queue.active -= 1
    return _start_next(queue, moment, find)


def apply_parallelism(env: Environment, process: DeployedProcess, moment: Moment) -> list[Ref]:
    """Let the newest version's parallelism hold for all, and start those that wait while there is room.

    Every step may be repeated: a deployment that broke off is finished by sending it again.

    Returns:
        Process instances that have a due task now because of that.
    """
    bpmn_process_id = process.bpmn_process_id
    queue = env.store.queue(bpmn_process_id)
    if queue is None and process.parallelism == 0:
        return []
    versions = [p for p in env.store.processes() if p.bpmn_process_id == bpmn_process_id]
    if queue is None:
        env.store.commit(Queue(bpmn_process_id))
    if queue is None or queue.limit == 0:
        for ref in [ref for version in versions for ref in env.store.instances(None, version.id)]:
            _count(env, bpmn_process_id, ref)
    _set_limit(env, bpmn_process_id, versions[-1].parallelism)
    started: list[Ref] = []
    while following := until_through(env, "CreateProcess", lambda: _start_one(env, bpmn_process_id, moment)):
        started += following
    return started


def _count(env: Environment, bpmn_process_id: str, ref: Ref) -> None:
    """Count a process instance that runs already, in one transaction with the queue."""

    def attempt() -> None:
        with env.locks.hold(ref):
            (work,) = env.store.load_many([ref])
            queue = env.store.queue(bpmn_process_id)
            if work is None or queue is None or ref != work.ref:
                return
            if not _is_to_be_counted(work.instance):
                return
            work.instance.is_counted = True
            queue.active += 1
            env.store.commit(work, queue)

    until_through(env, "CreateProcess", attempt)


def _is_to_be_counted(instance: ProcessInstance) -> bool:
    is_running = not (instance.is_planned or instance.is_ended) and instance.state is not InstanceState.QUEUED
    return is_running and not instance.is_counted


def _set_limit(env: Environment, bpmn_process_id: str, limit: int) -> None:
    def attempt() -> None:
        queue = env.store.queue(bpmn_process_id)
        if queue is not None and queue.limit != limit:
            queue.limit = limit
            env.store.commit(queue)

    until_through(env, "CreateProcess", attempt)


def _start_one(env: Environment, bpmn_process_id: str, moment: Moment) -> list[Ref]:
    queue = env.store.queue(bpmn_process_id)
    following = _start_next(queue, moment, partial(_stored, env)) if queue else []
    if queue is None or not following:
        return []
    env.store.commit(queue, *following)
    return [work.ref for work in following]


def _stored(env: Environment, ref: Ref) -> Work | None:
    (work,) = env.store.load_many([ref])
    return work


def _start_next(queue: Queue, moment: Moment, find: Callable[[Ref], Work | None]) -> list[Work]:
    """Give the process instance that has waited longest its turn, if there is room."""
    if not queue.waiting or not queue.has_room:
        return []
    queue.active += 1
    work = find(queue.waiting.pop(0))
    assert work is not None, "a queued instance is written with its queue"
    work.instance.is_counted = True
    work.step(moment).add_task(TaskType.START_PROCESS_INSTANCE)
    return [work]

"""Parallelism: how many process instances of a BPMN process may run, and which wait for their turn.

A queue exists per BPMN process id once a version was deployed with a parallelism; the newest version's counts
for all. It is written in one transaction with the process instance that enters or leaves it.
"""

from collections.abc import Callable
from functools import partial

from ..engine.instance import ProcessInstance
from ..engine.moment import Moment
from ..engine.records import DeployedProcess, Task
from ..engine.states import InstanceState, TaskType
from .environment import Environment, Queue, Ref, Work
from .outside import Outside
from .planned import plan
from .retry import until_through

PROMISES = 50
"""Tasks that are written with their queue in one transaction."""


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
    """Let the newest version's parallelism hold for all; a task for each that waits and has room then.

    Every step may be repeated: a deployment that broke off is finished by sending it again.

    Returns:
        Where the tasks are, of type DEQUEUE_PROCESS_INSTANCE.
    """
    bpmn_process_id = process.bpmn_process_id
    queue = env.store.queue(bpmn_process_id)
    if queue is None and process.parallelism == 0:
        return []
    # Under an idempotency key the process itself is not written yet.
    versions = {process.id: process}
    versions |= {p.id: p for p in env.store.processes() if p.bpmn_process_id == bpmn_process_id}
    newest = versions[max(versions)]
    if queue is None:
        env.store.commit(Queue(bpmn_process_id))
    if queue is None or queue.limit == 0:
        for ref in [ref for id in sorted(versions) for ref in env.store.instances(None, id)]:
            _count(env, bpmn_process_id, ref)
    _set_limit(env, bpmn_process_id, newest.parallelism)
    made: list[Ref] = []
    while promised := until_through(env, "CreateProcess", lambda: _promise(env, newest, moment)):
        made += promised
    return made


def dequeue(outside: Outside, task: Task) -> None:
    """The task of type DEQUEUE_PROCESS_INSTANCE: the next one that waits has its turn, if there is room.

    Whoever has queued up behind the promised turns since, although there is room, is promised one in turn.
    """
    queue = outside.env.store.queue(outside.work.process.bpmn_process_id)
    assert queue is not None, "a turn is promised by a queue that exists"
    queue.promised = max(0, queue.promised - 1)
    following = _start_next(queue, outside.moment, partial(_stored, outside.env))
    outside.changes += [queue, *following]
    if queue.turns:
        queue.promised += 1
        outside.work.step(outside.moment).add_task(TaskType.DEQUEUE_PROCESS_INSTANCE)
        following.append(outside.work)
    outside.following += [work.ref for work in following]


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


def _promise(env: Environment, process: DeployedProcess, moment: Moment) -> list[Ref]:
    """Make tasks for some of those that have room and no task yet, in one transaction with the queue."""
    queue = env.store.queue(process.bpmn_process_id)
    if queue is None or queue.turns == 0:
        return []
    works = [plan(env, process, moment) for _ in range(min(queue.turns, PROMISES))]
    for work in works:
        work.step(moment).add_task(TaskType.DEQUEUE_PROCESS_INSTANCE)
    queue.promised += len(works)
    env.store.commit(queue, *works)
    return [work.ref for work in works]


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

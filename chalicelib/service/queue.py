"""Parallelism: how many process instances of a BPMN process may run, and which wait for their turn.

A queue exists per BPMN process id once a version was deployed with a parallelism; the newest version's counts
for all. It is written in one transaction with the process instance that enters or leaves it.
"""

from collections.abc import Sequence

from ..engine.moment import Moment
from ..engine.states import TaskType
from .environment import Environment, Queue, Ref, Work
from .retry import until_through


def commit(env: Environment, work: Work, moment: Moment) -> Sequence[Ref]:
    """Write a process instance; if it has ended and was counted, the next one in the queue is told to start.

    Returns:
        Process instances that have a due task now because of that.

    Raises:
        Overtaken: Somebody else wrote one of them meanwhile.
    """
    if not (work.instance.is_ended and work.instance.is_counted):
        env.store.commit(work)
        return ()
    queue = env.store.queue(work.process.bpmn_process_id)
    assert queue is not None, "an instance is counted in a queue that exists"
    work.instance.is_counted = False
    queue.active -= 1
    following = _start_next(env, queue, moment)
    env.store.commit(work, queue, *following)
    return [Ref(other.instance.partition, other.instance.blocks[0]) for other in following]


def change_parallelism(env: Environment, bpmn_process_id: str, parallelism: int, moment: Moment) -> list[Ref]:
    """Take over the parallelism of a new version, and start those that wait while there is room.

    Returns:
        Process instances that have a due task now because of that.
    """
    if parallelism == 0 and env.store.queue(bpmn_process_id) is None:
        return []
    until_through(env, "CreateProcess", lambda: _set_limit(env, bpmn_process_id, parallelism))
    started: list[Ref] = []
    while following := until_through(env, "CreateProcess", lambda: _start_one(env, bpmn_process_id, moment)):
        started += following
    return started


def _set_limit(env: Environment, bpmn_process_id: str, parallelism: int) -> None:
    queue = env.store.queue(bpmn_process_id) or Queue(bpmn_process_id)
    if queue.revision == 0:
        queue.active = _count_running(env, bpmn_process_id)
    queue.limit = parallelism
    env.store.commit(queue)


def _count_running(env: Environment, bpmn_process_id: str) -> int:
    """Mark the process instances that run already, so that they are counted out when they end."""
    processes = [process for process in env.store.processes() if process.bpmn_process_id == bpmn_process_id]
    refs = [ref for process in processes for ref in env.store.instances(None, process.id)]
    return sum(until_through(env, "CreateProcess", lambda ref=ref: _mark(env, ref)) for ref in refs)  # type: ignore[misc]


def _mark(env: Environment, ref: Ref) -> int:
    with env.locks.hold(ref):
        (work,) = env.store.load_many([ref])
        if work is None or work.instance.is_ended or ref.block != work.instance.blocks[0]:
            return 0
        work.instance.is_counted = True
        env.store.commit(work)
        return 1


def _start_one(env: Environment, bpmn_process_id: str, moment: Moment) -> list[Ref]:
    queue = env.store.queue(bpmn_process_id)
    following = _start_next(env, queue, moment) if queue else []
    if queue is None or not following:
        return []
    env.store.commit(queue, *following)
    return [Ref(work.instance.partition, work.instance.blocks[0]) for work in following]


def _start_next(env: Environment, queue: Queue, moment: Moment) -> list[Work]:
    """Give the process instance that has waited longest its turn, if there is room."""
    if not queue.waiting or not queue.has_room:
        return []
    queue.active += 1
    (work,) = env.store.load_many([queue.waiting.pop(0)])
    assert work is not None, "a queued instance is written with its queue"
    work.instance.is_counted = True
    work.step(moment).add_task(TaskType.START_PROCESS_INSTANCE)
    return [work]

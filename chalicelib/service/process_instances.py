"""Process instances: started, suspended, resumed."""

from collections.abc import Callable
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import lifecycle
from ..engine.errors import NotFound
from ..engine.instance import ProcessInstance
from ..engine.states import InstanceState
from ..engine.step import Step
from ..engine.variables import set_variables
from .environment import Environment, Queue, Work
from .variables import new_variables
from .work import change, require_instance_id


def create_process_instance(cmd: c.CreateProcessInstance, env: Environment) -> dict[str, Any]:
    """Start a process and run it to its first wait states: no read and one write, once the process is known.

    Raises:
        NotFound: There is no such process.
        ProcessModelError: It has no none start event.
    """
    process = env.store.find_process(cmd.bpmn_process_id, cmd.version)
    if process is None:
        raise NotFound(f"process {cmd.bpmn_process_id}:{cmd.version} could not be found")
    moment = env.moment(cmd.worker_id)
    partition = moment.partition
    instance = ProcessInstance(
        partition,
        [],
        process.id,
        moment.now,
        moment.actor,
        correlation_key=cmd.correlation_key,
        tags={tag.name: tag.value for tag in cmd.tags},
    )
    work = Work(instance, process)
    step = work.step(moment)
    set_variables(step, new_variables(cmd.variables, env))
    queue = env.store.queue(process.bpmn_process_id, may_be_remembered=process.parallelism == 0)
    must_wait = queue is not None and (bool(queue.waiting) or not queue.has_room)
    (lifecycle.queue if must_wait else lifecycle.start)(step)
    instance.blocks.append(env.store.lease_block(partition))
    if queue is None or instance.is_ended:
        env.store.commit(work)
    else:
        _enter(queue, work)
        env.store.commit(work, queue)
    return wire.process_instance(instance, process)


def _enter(queue: Queue, work: Work) -> None:
    """Count a new process instance, or let it wait."""
    if work.instance.state is InstanceState.QUEUED:
        queue.waiting.append(work.ref)
    else:
        queue.active += 1
        work.instance.is_counted = True


def suspend_process_instance(cmd: c.SuspendProcessInstance, env: Environment) -> None:
    """Hold a process instance.

    Raises:
        NotFound: There is no such process instance.
        Conflict: It is not STARTED.
    """
    _change(cmd, env, lifecycle.suspend)


def resume_process_instance(cmd: c.ResumeProcessInstance, env: Environment) -> None:
    """Let a suspended process instance go on.

    Raises:
        NotFound: There is no such process instance.
        Conflict: It is not SUSPENDED.
    """
    _change(cmd, env, lifecycle.resume)


def _change(
    cmd: c.SuspendProcessInstance | c.ResumeProcessInstance, env: Environment, act: Callable[[Step], None]
) -> None:
    def think(work: Work, step: Step) -> None:
        require_instance_id(work, cmd.partition, cmd.id)
        act(step)

    change(env, cmd.worker_id, cmd.partition, cmd.id, "process instance", think)

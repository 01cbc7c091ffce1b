"""Process instances: started, suspended, resumed, asked what they have cost."""

from collections.abc import Callable
from typing import Any

from ..contract import commands as c
from ..contract import wire
from ..engine import lifecycle
from ..engine.errors import NotFound
from ..engine.instance import ProcessInstance
from ..engine.step import Step
from . import prices
from .desk import Desk
from .due import carried_out
from .environment import Environment, Work
from .variables import new_variables
from .work import change, load, require_instance_id


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

    def start(desk: Desk) -> ProcessInstance:
        step = desk.new_instance(
            process,
            moment.partition,
            new_variables(cmd.variables, env),
            correlation_key=cmd.correlation_key,
            tags={tag.name: tag.value for tag in cmd.tags},
        )
        return step.instance

    return wire.process_instance(carried_out(env, moment, start), process)


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


def get_process_instance_cost(cmd: c.GetProcessInstanceCost, env: Environment) -> dict[str, Any]:
    """What a process instance has cost so far; it counts that itself, so this is one read.

    Raises:
        NotFound: There is no such process instance.
    """
    work = load(env, cmd.partition, cmd.id, "process instance")
    require_instance_id(work, cmd.partition, cmd.id)
    return wire.cost(work.instance, prices.table(work.instance.write_units, work.instance.read_units))


def _change(
    cmd: c.SuspendProcessInstance | c.ResumeProcessInstance, env: Environment, act: Callable[[Step], None]
) -> None:
    def think(work: Work, step: Step) -> None:
        require_instance_id(work, cmd.partition, cmd.id)
        act(step)

    change(env, cmd.worker_id, cmd.partition, cmd.id, "process instance", think)

"""Tasks of no process instance: that of a start event, which may make one, and those of the engine itself.

They lie where a process instance would, so that ids, look-ups, execution, retries and incidents are the same.
"""

from ..engine.instance import ProcessInstance
from ..engine.moment import Moment
from ..engine.records import ENGINE, DeployedProcess
from .environment import Environment, Work


def plan(env: Environment, process: DeployedProcess, moment: Moment) -> Work:
    """A place for tasks under the date of now, to be committed.

    Args:
        env: The environment.
        process: The process that they belong to; `ENGINE` for none.
        moment: When, and by whom.

    Raises:
        EngineError: The date has no ids left.
    """
    lease = env.store.engine_block if process is ENGINE else env.store.lease_block
    instance = ProcessInstance(
        moment.partition,
        [lease(moment.partition)],
        process.id,
        moment.now,
        moment.actor,
        is_planned=True,
        planned_at=moment.now,
    )
    return Work(instance, process)

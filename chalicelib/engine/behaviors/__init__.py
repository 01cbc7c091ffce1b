"""What runs: one row per element type. With `bpmn.types.KINDS` this is all the engine knows of it."""

from collections.abc import Mapping

from ...bpmn.types import ElementType
from ..states import JobType
from .base import Behavior, PassThrough
from .containers import ProcessScope
from .gateways import ExclusiveGateway, InclusiveGateway, ParallelGateway
from .tasks import JobTask, UserTask

BEHAVIORS: Mapping[ElementType, Behavior] = {
    # containers
    ElementType.PROCESS: ProcessScope(),
    # events
    ElementType.NONE_START_EVENT: PassThrough(),
    ElementType.NONE_THROW_EVENT: PassThrough(),
    ElementType.NONE_END_EVENT: PassThrough(),
    # tasks
    ElementType.TASK: PassThrough(),
    ElementType.MANUAL_TASK: PassThrough(),
    ElementType.SERVICE_TASK: JobTask(JobType.EXECUTE),
    ElementType.SCRIPT_TASK: JobTask(JobType.EXECUTE),
    ElementType.SEND_TASK: JobTask(JobType.EXECUTE),
    ElementType.BUSINESS_RULE_TASK: JobTask(JobType.EXECUTE),
    ElementType.USER_TASK: UserTask(),
    # gateways
    ElementType.EXCLUSIVE_GATEWAY: ExclusiveGateway(),
    ElementType.INCLUSIVE_GATEWAY: InclusiveGateway(),
    ElementType.PARALLEL_GATEWAY: ParallelGateway(),
}

"""What runs: one row per element type. With `bpmn.types.KINDS` this is all the engine knows of it."""

from collections.abc import Mapping

from ...bpmn.types import ElementType
from ..states import JobType
from .base import Behavior, PassThrough
from .containers import CallActivity, ProcessScope, SubProcess
from .events import Boundary, Catch, LinkThrow, Throw
from .gateways import EventBasedGateway, ExclusiveGateway, InclusiveGateway, ParallelGateway
from .tasks import JobTask, ScriptTask, UserTask
from .triggers import (
    AwaitedCode,
    AwaitedMessage,
    AwaitedSignal,
    AwaitedTimer,
    ThrownError,
    ThrownEscalation,
    ThrownSignal,
)

_ERROR = AwaitedCode(JobType.SET_ERROR_CODE, "error_code")
_ESCALATION = AwaitedCode(JobType.SET_ESCALATION_CODE, "escalation_code")
_MESSAGE = AwaitedMessage()
_SIGNAL = AwaitedSignal()
_TIMER = AwaitedTimer()

BEHAVIORS: Mapping[ElementType, Behavior] = {
    # containers
    ElementType.PROCESS: ProcessScope(),
    ElementType.SUB_PROCESS: SubProcess(),
    ElementType.CALL_ACTIVITY: CallActivity(),
    # start events
    ElementType.NONE_START_EVENT: PassThrough(),
    ElementType.MESSAGE_START_EVENT: PassThrough(),
    ElementType.SIGNAL_START_EVENT: PassThrough(),
    ElementType.TIMER_START_EVENT: PassThrough(),
    # intermediate events
    ElementType.LINK_CATCH_EVENT: PassThrough(),
    ElementType.MESSAGE_CATCH_EVENT: Catch(_MESSAGE),
    ElementType.SIGNAL_CATCH_EVENT: Catch(_SIGNAL),
    ElementType.TIMER_CATCH_EVENT: Catch(_TIMER),
    ElementType.NONE_THROW_EVENT: PassThrough(),
    ElementType.ESCALATION_THROW_EVENT: Throw(ThrownEscalation(interrupts=False)),
    ElementType.LINK_THROW_EVENT: LinkThrow(),
    ElementType.MESSAGE_THROW_EVENT: JobTask(JobType.EXECUTE),
    ElementType.SIGNAL_THROW_EVENT: Throw(ThrownSignal()),
    # boundary events
    ElementType.ERROR_BOUNDARY_EVENT: Boundary(_ERROR),
    ElementType.ESCALATION_BOUNDARY_EVENT: Boundary(_ESCALATION),
    ElementType.MESSAGE_BOUNDARY_EVENT: Boundary(_MESSAGE),
    ElementType.SIGNAL_BOUNDARY_EVENT: Boundary(_SIGNAL),
    ElementType.TIMER_BOUNDARY_EVENT: Boundary(_TIMER),
    # end events
    ElementType.NONE_END_EVENT: PassThrough(),
    ElementType.ERROR_END_EVENT: Throw(ThrownError()),
    ElementType.ESCALATION_END_EVENT: Throw(ThrownEscalation(interrupts=True)),
    ElementType.MESSAGE_END_EVENT: JobTask(JobType.EXECUTE),
    ElementType.SIGNAL_END_EVENT: Throw(ThrownSignal()),
    # tasks
    ElementType.TASK: PassThrough(),
    ElementType.MANUAL_TASK: PassThrough(),
    ElementType.SERVICE_TASK: JobTask(JobType.EXECUTE),
    ElementType.SCRIPT_TASK: ScriptTask(JobType.EXECUTE),
    ElementType.SEND_TASK: JobTask(JobType.EXECUTE),
    ElementType.BUSINESS_RULE_TASK: JobTask(JobType.EXECUTE),
    ElementType.USER_TASK: UserTask(),
    # gateways
    ElementType.EXCLUSIVE_GATEWAY: ExclusiveGateway(),
    ElementType.INCLUSIVE_GATEWAY: InclusiveGateway(),
    ElementType.PARALLEL_GATEWAY: ParallelGateway(),
    ElementType.EVENT_BASED_GATEWAY: EventBasedGateway(),
}

"""The table of scenarios: what is prepared, and the command that is then disturbed."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.contract import commands as c
from chalicelib.contract import process_runtime as p
from chalicelib.engine.feed import FEED
from chalicelib.local.service import first_api_key
from chalicelib.service import fed, upkeep
from chalicelib.service.environment import Hint
from chalicelib.service.sweeping import sweep
from tests.faults.runs import OVERDUE, Act, Prepare, perform
from tests.feeding import Handlers, Hints
from tests.levels import LEVELS, bottom, top
from tests.models import calls, drawn, extended, parallel
from tests.play import MODELS, WORKER, Engine, Order

HOUR = {"timeDuration": "PT1H"}
LONG = {"encoding": "text", "value": random.Random(7).randbytes(1000).hex()}
"""A value that stays long when it is packed, so that it lies in an item of its own."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """One kind of command in one situation.

    Attributes:
        name: In words.
        prepare: Brings an engine up to the command, and answers the command, or what else is called.
        settings: What is set otherwise.
        takes_days: Whether what is disturbed twice is looked at again on the next day only.
        stride: Where the command makes very many calls: each of so many faults is enough for `make test`.
    """

    name: str
    prepare: Prepare
    settings: Mapping[str, Any] = field(default_factory=dict)
    takes_days: bool = False
    stride: int = 1


# Verbs


def named(element_id: str, **fields: Any) -> list[dict[str, Any]]:
    """A definition of one event, as a deployment has it."""
    return [{"bpmnElementId": element_id, **fields}]


def deploy(model: str, bpmn_process_id: str, version: str = "1", **fields: Any) -> Prepare:
    xml = (MODELS / model).read_text()
    return lambda engine: c.CreateProcess(
        bpmnProcessId=bpmn_process_id, bpmnXml=xml, version=version, workerId=WORKER, **fields
    )


def create(process: Mapping[str, Any], **fields: Any) -> c.CreateProcessInstance:
    return c.CreateProcessInstance(
        bpmnProcessId=process["bpmnProcessId"], version=process["version"], workerId=WORKER, **fields
    )


def complete(order: Order, element_id: str, **fields: Any) -> c.CompleteJob:
    """Its job is locked already."""
    job = order.lock_job(element_id)
    return c.CompleteJob(partition=order.partition, id=job["id"], workerId=WORKER, **fields)


def completion(order: Order, element_id: str, **completion: Any) -> c.CompleteJob:
    return complete(order, element_id, completion=completion)


def at(order: Order) -> dict[str, Any]:
    return {"partition": order.partition, "id": order.id, "workerId": WORKER}


def started(model: str, **fields: Any) -> Callable[[Engine], Order]:
    return lambda engine: engine.start(engine.deploy(model, **fields))


def completed(model: str, element_id: str, *, completion: Any = None, **fields: Any) -> Prepare:
    """The first job of a model is completed."""

    def prepare(engine: Engine) -> Act:
        return complete(started(model)(engine), element_id, **fields, completion=completion or {})

    return prepare


def start(model: str, **fields: Any) -> Prepare:
    return lambda engine: create(engine.deploy(model), **fields)


def behind(prepare: Prepare, *more: Prepare) -> Prepare:
    """What the others answer is sent as well, before."""

    def together(engine: Engine) -> Act:
        for other in more:
            command = other(engine)
            assert isinstance(command, c.Command)
            engine.send(command)
        return prepare(engine)

    return together


def decides(model: str, element_id: str, **given: Any) -> Prepare:
    return completed(f"gateway/{model}.bpmn", element_id, completion=given)


# Situations


def deploys_starts(engine: Engine) -> Act:
    starts = {
        "messages": named("messageStartEvent", messageName="ordered"),
        "signals": named("signalStartEvent", signalName="sale"),
        "timers": named("timerStartEvent", timer=HOUR),
    }
    engine.deploy("definition/starts.bpmn", **starts)
    return deploy("definition/starts.bpmn", "startsTest", "2", **starts)(engine)


def locks(engine: Engine) -> Act:
    process = engine.deploy("task/service.bpmn")
    for _ in range(4):
        engine.start(process)
    return c.LockJobs(limit=4, workerId=WORKER)


def locks_by_name(engine: Engine) -> Act:
    order = started("task/service.bpmn")(engine)
    return c.LockJobs(partition=order.partition, processInstanceId=order.id, limit=1, workerId=WORKER)


def unlocks(engine: Engine) -> Act:
    process = engine.deploy("task/service.bpmn")
    for _ in range(3):
        engine.start(process)
    engine.lock(workerId="other")
    return c.UnlockJobs(workerId="other")


def last_of_ten(engine: Engine) -> Act:
    order = started("process/ten-tasks.bpmn")(engine)
    for number in range(1, 10):
        order.complete_job(f"serviceTask{number}", processVariables={f"of-{number}": LONG})
    return complete(order, "serviceTask10", processVariables={"of-1": LONG})


def second_of_parallel(engine: Engine) -> Act:
    order = engine.start(engine.deploy_xml(parallel("parallel", 2)))
    order.complete_job("t0")
    return complete(order, "t1")


def many_tokens(engine: Engine) -> Act:
    """More records than an id block has."""
    return create(engine.deploy_xml(parallel("wide", 40)))


def incident(engine: Engine) -> Order:
    order = started("task/service.bpmn")(engine)
    order.complete_job("serviceTask", error="no stock")
    return order


def resolves(engine: Engine) -> Act:
    order = incident(engine)
    (found,) = order.incidents()
    return c.ResolveIncident(partition=order.partition, id=found["id"], workerId=WORKER)


def suspends(engine: Engine) -> Act:
    return c.SuspendProcessInstance(**at(started("task/service.bpmn")(engine)))


def resumes(engine: Engine) -> Act:
    order = started("task/implicit-split.bpmn")(engine)
    element_id = order.jobs()[0]["bpmnElementId"]
    order.suspend()
    order.complete_job(element_id)
    return c.ResumeProcessInstance(**at(order))


def sets_variables(engine: Engine) -> Act:
    order = started("task/service.bpmn")(engine)
    engine.send(c.SetProcessVariables(**at(order), variables={"a": LONG, "b": LONG}))
    return c.SetProcessVariables(
        **at(order), variables={"a": None, "b": LONG | {"value": "b" * 900}, "c": LONG}
    )


def sets_element_variables(engine: Engine) -> Act:
    order = started("task/service.bpmn")(engine)
    (token,) = order.element_instances("serviceTask")
    variables = [{"name": "a", "data": LONG}]
    return c.SetElementVariables(**at(order) | {"id": token["id"]}, variables=variables)


def user_task(engine: Engine) -> tuple[Order, dict[str, Any]]:
    order = started("user-task/user.bpmn")(engine)
    (task,) = order.user_tasks()
    return order, {"partition": order.partition, "id": task["id"], "revision": 1, "workerId": "ann"}


def updates_user_task(engine: Engine) -> Act:
    _, fields = user_task(engine)
    return c.UpdateUserTask(**fields, tags={"seen": "yes"}, processVariables={"a": LONG})


def completes_user_task(engine: Engine) -> Act:
    _, fields = user_task(engine)
    return c.UpdateUserTask(**fields, completed=True)


# Messages


def message(**fields: Any) -> c.SendMessage:
    return c.SendMessage(name="paid", correlationKey="order-1", workerId=WORKER, **fields)


BUFFERED = message(expirationTimer=HOUR)


def unique(engine: Engine) -> Act:
    return message(expirationTimer=HOUR, uniqueKey="once")


def subscribed(engine: Engine, model: str = "message/catch.bpmn", element_id: str = "catchEvent") -> Order:
    order = engine.start(engine.deploy(model, messages=named(element_id, messageName="paid")))
    order.complete_job(element_id, completion={"messageCorrelationKey": "order-1"})
    return order


def subscribes(engine: Engine) -> Act:
    order = engine.start(
        engine.deploy("message/catch.bpmn", messages=named("catchEvent", messageName="paid"))
    )
    return completion(order, "catchEvent", messageCorrelationKey="order-1")


def sends_message(engine: Engine) -> Act:
    subscribed(engine)
    return message(variables={"a": LONG})


def sends_message_beside(engine: Engine) -> Act:
    subscribed(engine, "message/boundary-beside.bpmn", "boundaryEvent")
    return message()


def sends_message_to_start(engine: Engine) -> Act:
    engine.deploy("message/start.bpmn", messages=named("startEvent", messageName="paid"), parallelism=1)
    return message(variables={"a": LONG})


def ends_what_a_message_started(engine: Engine) -> Act:
    engine.deploy("message/start.bpmn", messages=named("startEvent", messageName="paid"))
    engine.message("paid", "order-1")
    return complete(engine.instances()[0], "serviceTask")


# Signals


def waits_for_signal(engine: Engine, count: int) -> None:
    process = engine.deploy("signal/catch.bpmn", signals=named("catchEvent", signalName="stop"))
    for _ in range(count):
        engine.start(process)


SIGNAL = c.SendSignal(name="stop", workerId=WORKER, variables={"a": LONG})


def sends_signal(engine: Engine) -> Act:
    waits_for_signal(engine, 3)
    engine.deploy("signal/start.bpmn", signals=named("startEvent", signalName="stop"))
    started("signal/boundary-beside.bpmn", signals=named("boundaryEvent", signalName="stop"))(engine)
    return SIGNAL


def sends_signal_to_many(engine: Engine) -> Act:
    waits_for_signal(engine, 22)
    engine.deploy("signal/start.bpmn", signals=named("startEvent", signalName="stop"))
    return SIGNAL


def throws_signal(engine: Engine) -> Act:
    for process_id in ("startedTest", "waitingTest"):
        process = engine.deploy("throw/signal.bpmn", process_id)
    engine.start(process)
    return complete(engine.start(engine.deploy("throw/signal.bpmn", "signalTest")), "a")


def subscribes_to_signal(engine: Engine) -> Act:
    return completion(started("signal/catch.bpmn")(engine), "catchEvent", signalName="stop")


# Timers


def timer_fires(model: str, element_id: str) -> Prepare:
    def prepare(engine: Engine) -> Act:
        started(model, timers=named(element_id, timer=HOUR))(engine)
        engine.clock.advance("PT1H")
        return c.ExecuteTasks(limit=100)

    return prepare


def timer_start_ticks(engine: Engine) -> Act:
    engine.deploy("timer/start.bpmn", timers=named("startEvent", timer={"timeCycle": "R/PT1H"}))
    engine.clock.advance("PT2H")
    return c.ExecuteTasks(limit=100)


def sets_timer(engine: Engine) -> Act:
    return completion(started("timer/catch.bpmn")(engine), "catchEvent", timer=HOUR)


# Call activities


def calls_process(engine: Engine) -> Act:
    return complete(top(engine), "callMiddle")


def comes_back(decision: str, *, others_wait: bool = False) -> Prepare:
    def prepare(engine: Engine) -> Act:
        order = bottom(engine)
        order.complete_job("work")
        if others_wait:
            engine.start(engine.deploy(LEVELS, "bottomTest", parallelism=1))
        return completion(order, "which", exclusiveGatewayDecision=decision)

    return prepare


def error_of_a_job(engine: Engine) -> Act:
    return completion(bottom(engine), "work", errorCode="E")


def passes_variables(engine: Engine) -> Act:
    engine.deploy("call-activity/call.bpmn", "called")
    order = engine.start(engine.deploy("call-activity/by-model.bpmn", "latestTest"))
    order.complete_job("callActivity")
    order.called("callActivity").complete_job("work")
    return complete(order, "callActivity", processVariables={"a": LONG})


def interrupts_call(engine: Engine) -> Act:
    engine.deploy("call-activity/call.bpmn", "called")
    started("call-activity/interrupted.bpmn")(engine).complete_job("callActivity")
    return SIGNAL


def ends_many_called(engine: Engine) -> Act:
    """More called instances than one transaction ends."""
    engine.deploy("task/service.bpmn")
    order = engine.start(engine.deploy_xml(calls("parent", "serviceTest", 32)))
    for number in range(32):
        order.complete_job(f"t{number}")
    engine.clock.advance("PT1H")
    return c.ExecuteTasks(limit=100)


# Queues


def enters_queue(engine: Engine) -> Act:
    process = engine.deploy("task/service.bpmn", parallelism=1)
    engine.start(process)
    return create(process)


def leaves_queue(engine: Engine) -> Act:
    process = engine.deploy("task/service.bpmn", parallelism=1)
    first = engine.start(process)
    for _ in range(2):
        engine.start(process)
    return complete(first, "serviceTask")


def raises_limit(engine: Engine) -> Act:
    process = engine.deploy("task/service.bpmn", parallelism=1)
    for _ in range(4):
        engine.start(process)
    return deploy("task/service.bpmn", "serviceTest", "2", parallelism=3)(engine)


def counts_those_that_run(engine: Engine) -> Act:
    process = engine.deploy("task/service.bpmn")
    for _ in range(3):
        engine.start(process)
    return deploy("task/service.bpmn", "serviceTest", "2", parallelism=2)(engine)


# Upkeep


def begun(engine: Engine) -> None:
    upkeep.begin(engine.env)


def a_day_of_upkeep(engine: Engine) -> Act:
    begun(engine)
    engine.send(BUFFERED)
    engine.clock.advance("P1D")
    return c.ExecuteTasks(limit=100)


def drops_a_date(engine: Engine) -> Act:
    begun(engine)
    last = last_of_ten(engine)
    assert isinstance(last, c.Command)
    engine.send(last)
    engine.start(engine.deploy("event/none-end.bpmn"))
    engine.send(BUFFERED)
    engine.clock.advance("P3D")
    return c.ExecuteTasks(limit=100)


# Fed jobs and hints


def feeds(model: str, *elements: tuple[str, str]) -> Callable[[Engine], dict[str, Any]]:
    """Deploy a model some elements of which have a handler."""

    def deployed(engine: Engine) -> dict[str, Any]:
        Handlers(engine, *elements)
        return engine.deploy(model)

    return deployed


TEN_FED = feeds("process/ten-tasks.bpmn", *(("tenTasksTest", f"serviceTask{n}") for n in range(1, 11)))
ONE_FED = feeds("task/service.bpmn", ("serviceTest", "serviceTask"))


def starts_fed(engine: Engine) -> Act:
    return create(ONE_FED(engine))


def follows_hint(deployed: Callable[[Engine], dict[str, Any]]) -> Prepare:
    """The one hint there is after the start is followed."""

    def prepare(engine: Engine) -> Act:
        engine.start(deployed(engine))
        (hint,) = sent(engine)
        return lambda env: fed.work_on(env, hint, perform)

    return prepare


def follows_hint_again(engine: Engine) -> Act:
    act = follows_hint(ONE_FED)(engine)
    assert callable(act)
    act(engine.env)
    return act


def sent(engine: Engine) -> list[Hint]:
    assert isinstance(engine.feed, Hints)
    return engine.feed.waiting


def fed_job_fails(engine: Engine) -> Act:
    order = engine.start(ONE_FED(engine))
    (job,) = order.jobs()
    fields = {"error": "no stock", "retryLimit": 1, "retryTimer": "PT10S"}
    return c.CompleteJob(partition=order.partition, id=job["id"], workerId=FEED, **fields)


def buries_hint(engine: Engine) -> Act:
    engine.start(ONE_FED(engine))
    (hint,) = sent(engine)
    return lambda env: fed.bury(env, hint)


def looks_for_lost_hints(engine: Engine) -> Act:
    process = ONE_FED(engine)
    for _ in range(3):
        engine.start(process)
    engine.clock.advance(OVERDUE)
    return sweep


def handlers_are_gone(engine: Engine) -> Act:
    act = looks_for_lost_hints(engine)
    assert isinstance(engine.feed, Hints)
    engine.fed = frozenset()
    return act


def timer_is_announced(engine: Engine) -> Act:
    Handlers(engine)
    started("timer/catch.bpmn", timers=named("catchEvent", timer={"timeDuration": "PT100S"}))(engine)
    engine.clock.advance("PT90S")
    return sweep


def timer_is_set_soon(engine: Engine) -> Act:
    Handlers(engine)
    order = started("timer/catch.bpmn")(engine)
    return completion(order, "catchEvent", timer={"timeDuration": "PT10S"})


DIRECTORY = c.PutDirectory.model_validate(
    {
        "users": [{"id": "ann"}, {"id": "bob"}],
        "workParties": [{"name": "Desk", "members": [{"type": "USER", "id": "ann"}]}],
    }
)


def with_task(engine: Engine) -> tuple[str, str]:
    """Ids of an instance and of its task, which ann and bob may do; the next one is the desk's in turn."""
    in_turn = extended(
        '<zeebe:properties><zeebe:property name="assignment" value="roundRobin"/>'
        '<zeebe:property name="workParty" value="Desk"/></zeebe:properties>'
    )
    content = f'<userTask id="ask"/><userTask id="next">{in_turn}</userTask>'
    engine.deploy_xml(drawn("one", content, "start -> ask", "ask -> next", "next -> end"))
    engine.send(DIRECTORY)
    instance = engine.send(p.StartProcess(processName="one"))["data"]
    (task,) = engine.send(p.GetInstanceTasks(instanceId=instance))["data"]
    engine.send(p.AssignTask(taskId=task["id"], user=("ann", "bob")))
    return instance, task["id"]


def claims(engine: Engine) -> Act:
    return p.ClaimTask(taskId=with_task(engine)[1], user=("ann",))


def unclaims(engine: Engine) -> Act:
    task = with_task(engine)[1]
    engine.send(p.ClaimTask(taskId=task, user=("ann",)))
    return p.UnclaimTask(taskId=task, user=("ann",))


def assigns(engine: Engine) -> Act:
    return p.AssignTask(taskId=with_task(engine)[1], user=("bob",), group=("Desk",))


def assigns_instance(engine: Engine) -> Act:
    return p.AssignInstanceTasks(instanceId=with_task(engine)[0], user=("bob",))


def completes_task(engine: Engine) -> Act:
    return p.CompleteTask(taskId=with_task(engine)[1], user=("ann",), objects={"Order": {"nr": 7}})


SCENARIOS = (
    Scenario("deploy", deploy("task/service.bpmn", "serviceTest")),
    Scenario("deploy a version with starts", deploys_starts),
    Scenario("deploy with a limit, others run", counts_those_that_run),
    Scenario("deploy with a higher limit, others wait", raises_limit),
    Scenario("start", start("task/service.bpmn", variables={"a": LONG})),
    Scenario("start and end", start("event/none-end.bpmn")),
    Scenario("start with many tokens", many_tokens),
    Scenario("start beyond the limit", enters_queue),
    Scenario("lock four jobs", locks),
    Scenario("lock a job by name", locks_by_name),
    Scenario("unlock", unlocks),
    Scenario("complete, the join is next", second_of_parallel),
    Scenario("complete, with pages and values", last_of_ten),
    Scenario("complete, the next in the queue begins", leaves_queue),
    Scenario("complete with a decision", decides("exclusive", "split", exclusiveGatewayDecision="b")),
    Scenario("complete with decisions", decides("inclusive", "fork", inclusiveGatewayDecision=["a", "b"])),
    Scenario("complete with a BPMN error", decides("../error/job", "a", errorCode="A")),
    Scenario("complete with an escalation", decides("../escalation/activities", "a", escalationCode="S")),
    Scenario("complete with a timer", sets_timer),
    Scenario("complete with a signal name", subscribes_to_signal),
    Scenario("complete with a correlation key", subscribes),
    Scenario("complete with a correlation key, the message is there", behind(subscribes, lambda _: BUFFERED)),
    Scenario("fail, to be retried", completed("task/service.bpmn", "serviceTask", error="no", retryLimit=2)),
    Scenario("fail, an incident", completed("task/service.bpmn", "serviceTask", error="no")),
    Scenario("resolve an incident", resolves),
    Scenario("suspend", suspends),
    Scenario("resume", resumes),
    Scenario("set variables", sets_variables),
    Scenario("set element variables", sets_element_variables),
    Scenario("update a user task", updates_user_task),
    Scenario("load the directory", lambda _: DIRECTORY),
    Scenario("claim a task", claims),
    Scenario("unclaim a task", unclaims),
    Scenario("assign a task", assigns),
    Scenario("assign the tasks of an instance", assigns_instance),
    Scenario("complete a task, the next is given in turn", completes_task),
    Scenario("complete a user task", completes_user_task),
    Scenario("message that nobody takes", lambda _: message()),
    Scenario("message that is buffered", lambda _: BUFFERED),
    Scenario("message with a unique key, sent before", behind(unique, unique)),
    Scenario("message that is taken", sends_message),
    Scenario("message that is taken beside", sends_message_beside),
    Scenario("message that starts", sends_message_to_start),
    Scenario("end of what a message has started", ends_what_a_message_started),
    Scenario("signal for a few", sends_signal),
    Scenario("signal for many", sends_signal_to_many, stride=12),
    Scenario("signal that is thrown", throws_signal),
    Scenario("timer fires", timer_fires("timer/boundary.bpmn", "boundaryEvent")),
    Scenario("timer fires beside", timer_fires("timer/boundary-beside.bpmn", "boundaryEvent")),
    Scenario("timer start ticks", timer_start_ticks),
    Scenario("call", calls_process),
    Scenario("call returns", comes_back("bottomEnd")),
    Scenario("call returns, the next in the queue begins", comes_back("bottomEnd", others_wait=True)),
    Scenario("call ends with an error", comes_back("failed")),
    Scenario("call escalates", comes_back("told")),
    Scenario("call has a job with an error", error_of_a_job),
    Scenario("call, variables passed", passes_variables),
    Scenario("call is interrupted", interrupts_call),
    Scenario("many calls are interrupted", ends_many_called, stride=12),
    Scenario("start, its job is fed", starts_fed),
    Scenario("follow a hint", follows_hint(TEN_FED)),
    Scenario("follow the last hint", follows_hint(ONE_FED)),
    Scenario("follow a hint again", follows_hint_again),
    Scenario("fed job fails", fed_job_fails),
    Scenario("bury a hint", buries_hint),
    Scenario("look for lost hints", looks_for_lost_hints),
    Scenario("look for lost hints, the handlers are gone", handlers_are_gone),
    Scenario("timer is announced", timer_is_announced),
    Scenario("timer is set that is due soon", timer_is_set_soon),
    Scenario("set the time", lambda _: c.SetTime(time="2030-01-01T10:00:00Z")),
    Scenario("move the time", lambda _: c.SetTime(timeDuration="PT1H")),
    Scenario("upkeep begins", lambda _: upkeep.begin),
    Scenario("a day of upkeep", a_day_of_upkeep, {"retention": "PT1H"}, takes_days=True),
    Scenario("a date is dropped", drops_a_date, {"retention": "P1D", "archive": "unused"}, takes_days=True),
    Scenario("first API key", lambda _: first_api_key),
)

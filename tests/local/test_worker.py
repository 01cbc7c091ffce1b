"""Workers in Python that poll a running engine, over real sockets, with real threads."""

import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Secret, SecretStr

from chalicelib.local.server import serving
from chalicelib.local.service import LocalService
from chalicelib.sdk import Client
from chalicelib.sdk.loading import load
from chalicelib.sdk.runner import Runner, Watch
from chalicelib.sdk.worker import (
    BpmnError,
    CalledProcess,
    Completion,
    Escalation,
    Failure,
    Given,
    Job,
    Variable,
    Worker,
)
from chalicelib.settings import Settings
from tests.models import parallel, sequence
from tests.play import MODELS

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "order-fulfilment"
PATIENCE = 30
"""Seconds after which a test gives up; none waits that long when all is right."""


class Site(Client):
    """A client that deploys, starts, looks, and runs workers."""

    def deploy(self, bpmn_process_id: str, xml: str, **more: Any) -> int:
        body = {"bpmnProcessId": bpmn_process_id, "version": "1", "bpmnXml": xml, "workerId": "test", **more}
        return int(self.call("POST", "/processes", body)["id"])

    def model(self, name: str, bpmn_process_id: str, **more: Any) -> int:
        return self.deploy(bpmn_process_id, (MODELS / f"{name}.bpmn").read_text(encoding="utf-8"), **more)

    def start(self, bpmn_process_id: str, **variables: Any) -> dict[str, Any]:
        data = {name: {"encoding": "json", "value": json.dumps(value)} for name, value in variables.items()}
        body = {"bpmnProcessId": bpmn_process_id, "version": "1", "workerId": "test", "variables": data}
        return self.call("POST", "/process-instances", body)

    def query(self, noun: str, **criteria: Any) -> list[dict[str, Any]]:
        return self.call("POST", f"/{noun}/query", criteria)["results"]

    def states(self) -> list[str]:
        return [instance["state"] for instance in self.query("process-instances")]

    def jobs(self) -> Counter[tuple[str, str]]:
        return Counter((job["bpmnElementId"], job["state"]) for job in self.query("jobs"))

    def passed(self) -> set[str]:
        return {row["bpmnElementId"] for row in self.query("element-instances", states=["COMPLETED"])}

    def variables(self, instance: dict[str, Any]) -> dict[str, Any]:
        path = f"/process-instances/{instance['partition']}/{instance['id']}/variables"
        found = self.call("GET", path)["variables"]
        return {variable["name"]: json.loads(variable["data"]["value"]) for variable in found}

    def work(self, worker: Worker, times: int, **options: Any) -> list[str]:
        """Run a worker until so many jobs have ended; their outcomes."""
        with self.working(worker, **options) as log:
            log.wait(times)
        return log.outcomes

    @contextmanager
    def working(
        self, worker: Worker, worker_id: str = "w", log: "Log | None" = None, **options: Any
    ) -> Iterator["Log"]:
        """Run a worker while the block runs."""
        log = log or Log()
        runner = Runner(self, worker, worker_id, watch=log, **options)
        log.stop = runner.stop
        thread = threading.Thread(target=runner.run, daemon=True)
        thread.start()
        try:
            yield log
        finally:
            runner.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive()


class Log(Watch):
    """Notes outcomes."""

    stop: Callable[[], None]

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self._bell = threading.Condition()

    def job_ended(self, outcome: str) -> None:
        with self._bell:
            self.outcomes.append(outcome)
            self._bell.notify_all()

    def wait(self, times: int) -> None:
        with self._bell:
            assert self._bell.wait_for(lambda: len(self.outcomes) >= times, PATIENCE), self.outcomes


@pytest.fixture
def site() -> Iterator[Site]:
    settings = Settings(
        store="memory", api_key="secret", set_time=True, executor=False, encryption_keys=(bytes(32),)
    )
    with serving(lambda: LocalService(settings)) as url, closing(Site(url, api_key="secret")) as client:
        yield client


def test_the_example_is_worked_to_its_ends(site, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.delitem(sys.modules, "worker", raising=False)
    example = load("worker")
    monkeypatch.delitem(sys.modules, "worker")
    site.deploy("orderFulfilment", (EXAMPLE / "order-fulfilment.bpmn").read_text(encoding="utf-8"))
    few, many, one = (
        site.start("orderFulfilment", order={"item": "teapot", "quantity": n}) for n in (3, 12, 1)
    )

    outcomes = site.work(example, 2)

    assert outcomes == ["DONE"] * 2
    assert site.states() == ["COMPLETED", "STARTED", "COMPLETED"]
    assert site.variables(few)["order"]["receipt"].startswith("37.5 EUR for order ")
    site.call("PATCH", "/time", {"time": max(task["dueAt"] for task in site.query("tasks"))})
    site.call("POST", "/tasks/execute", {"limit": 1})
    assert site.states() == ["COMPLETED"] * 3
    assert {"orderShipped", "orderBackOrdered"} <= site.passed()
    assert [site.variables(instance).get("carrier") for instance in (few, many, one)] == [
        "courier",
        None,
        "letter post",
    ]


def page_module(page: str) -> ModuleType:
    """What the Python blocks of a page make, one after the other."""
    module = ModuleType("page")
    for block in re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S):
        exec(compile(block, page, "exec", dont_inherit=True), module.__dict__)
    return module


def test_the_page_about_workers_runs(site):
    sys.modules["page"] = module = page_module("docs/workers.md")
    try:
        module.worker.check()
    finally:
        del sys.modules["page"]
    site.deploy("orderFulfilment", sequence("orderFulfilment", 1).replace("t0", "chargeCard"))
    order = {"item": "teapot", "price": "9.90", "day": "2030-01-01"}
    paid = site.start("orderFulfilment", order=order, card="4711", tip=1)
    site.start("orderFulfilment", order={**order, "day": "1999-12-31"}, card="4711")
    site.start("orderFulfilment", order=order, card="0815")
    site.start("orderFulfilment", order=order)

    outcomes = site.work(module.worker, 4)

    assert Counter(outcomes) == {"DONE": 1, "CAUSED_RETRY": 1, "CAUSED_INCIDENT": 2}
    assert site.variables(paid)["receipt"].startswith("10.90 for teapot, orderFulfilment/")


class Address(BaseModel):
    city: str


def test_variables_come_typed_from_process_and_element_and_secrets_stay_secret(site):
    worker, seen = Worker(), []
    site.model("sub-process/plain", "plainTest")
    instance = site.start("plainTest", address={"city": "Ulm"}, item="outer")

    @worker.job("plainTest", "a")
    def a(job: Job, address: Address, item: str) -> Completion:
        assert job.correlation_key is None
        hidden = Secret({"number": address.city})
        return Completion(variables={"card": hidden}, element_variables={"sub/item": "inner"})

    @worker.job("plainTest", "b")
    @worker.job("plainTest", "c")
    def b(
        job: Job,
        card: Secret[dict[str, str]],
        item: Annotated[str, Variable(of_element=True)],
        address: Annotated[dict[str, str], Variable(of_element=True)],
        note: SecretStr | None = None,
    ) -> dict[str, str]:
        seen.append((card.get_secret_value(), item, address, note, job.element_variables))
        return {f"{job.bpmn_element_id}-done": job.variables["item"]}

    assert site.work(worker, 3) == ["DONE"] * 3
    assert seen == [({"number": "Ulm"}, "inner", {"city": "Ulm"}, None, {"item": "inner"})] * 2
    assert site.variables(instance)["b-done"] == "outer"
    assert {v["name"] for v in site.query("variables") if v["encrypted"]} == {"card"}


def test_error_is_caught_by_the_boundary_event_of_its_code(site):
    worker = Worker()
    site.model("error/job", "errorJobTest")
    site.start("errorJobTest")

    @worker.job("errorJobTest", "a")
    def a(job: Job) -> None:
        raise BpmnError("B", variables={"reason": "broken"})

    @worker.job("errorJobTest", "repair")
    def repair(job: Job, reason: str) -> None:
        assert reason == "broken"

    assert site.work(worker, 1) == ["DONE"], "the boundary event without a code catches it"
    assert "anyA" in site.passed()
    assert site.states() == ["COMPLETED"]


def test_escalation_that_does_not_interrupt_comes_back_later(site):
    worker = Worker()
    site.model("escalation/activities", "escalationActivitiesTest")
    site.start("escalationActivitiesTest")

    @worker.job("escalationActivitiesTest", "a")
    def a(job: Job) -> None:
        raise Escalation("T", again_after=timedelta(hours=1))

    @worker.job("escalationActivitiesTest", "inform")
    def inform(job: Job) -> None:
        pass

    assert site.work(worker, 2) == ["DONE", "DONE"]
    assert "besideA" in site.passed()
    assert site.jobs() == {("a", "DONE"): 1, ("inform", "DONE"): 1, ("a", "CREATED"): 1}


def test_call_activity_asks_what_to_call_and_what_to_take_over(site):
    worker = Worker()
    for name in ("called", "callTest"):
        site.model("call-activity/call", name)
    instance = site.start("callTest", size=3)

    @worker.job("callTest", "callActivity")
    def call(job: Job, size: int) -> Completion | None:
        if job.type == "CALL_PROCESS":
            called = CalledProcess(
                bpmn_process_id="called", version="1", tags={"size": None}, variables={"size": size}
            )
            return Completion(called_process=called)
        assert job.type == "PASS_VARIABLES"
        return Completion(variables={"passed": True})

    @worker.job("called", "work")
    def work(job: Job, size: int) -> dict[str, int]:
        return {"size": size + 1}

    assert site.work(worker, 3) == ["DONE"] * 3
    assert site.states() == ["COMPLETED"] * 2
    assert site.variables(instance)["passed"] is True


@pytest.mark.parametrize(
    ("model", "process", "element", "answer", "type"),
    [
        ("gateway/inclusive", "inclusiveTest", "fork", Completion(inclusive_gateway_decision=["a"]), None),
        ("timer/catch", "timerCatchTest", "catchEvent", Completion(timer=timedelta(hours=1)), "SET_TIMER"),
        ("timer/catch", "timerCatchTest", "catchEvent", Completion(timer="R/PT1H"), "SET_TIMER"),
        (
            "message/catch",
            "messageCatchTest",
            "catchEvent",
            Completion(message_name="paid", message_correlation_key="7"),
            "SUBSCRIBE_MESSAGE",
        ),
        (
            "signal/catch",
            "signalCatchTest",
            "catchEvent",
            Completion(signal_name="holiday"),
            "SUBSCRIBE_SIGNAL",
        ),
    ],
)
def test_questions_are_answered(site, model, process, element, answer, type):
    worker = Worker()
    site.model(model, process)
    site.start(process)
    worker.job(process, element)(lambda job: answer if type in (None, job.type) else None)

    assert site.work(worker, 1) == ["DONE"]


def test_failed_job_is_retried_then_an_incident(site):
    worker, counts = Worker(), []
    site.deploy("order", sequence("order", 1))
    site.start("order")

    @worker.job("order", "t0", retries=1, backoff="PT0S")
    def fail(job: Job) -> None:
        counts.append(job.retry_count)
        raise Failure("no paper")

    assert site.work(worker, 2) == ["CAUSED_RETRY", "CAUSED_INCIDENT"]
    assert counts == [0, 1]
    assert len(site.query("incidents")) == 1
    assert all(job["error"].endswith("fail: no paper") for job in site.query("jobs"))


def test_result_that_is_too_large_for_the_engine_is_an_incident(site):
    worker = Worker()
    site.deploy("order", sequence("order", 1))
    site.start("order")
    worker.job("order", "t0")(lambda job: {f"v{number}": 1 for number in range(101)})

    assert site.work(worker, 1) == ["CAUSED_INCIDENT"]
    (job,) = site.query("jobs")
    assert "the engine refused the result: invalid request body" in job["error"]


def test_two_workers_do_each_job_once(site):
    worker, done = Worker(), Counter[int]()
    site.deploy("order", parallel("order", 40))
    site.start("order")
    for number in range(40):
        worker.job("order", f"t{number}")(lambda job: done.update([job.id]))

    with site.working(worker, "one", concurrency=4) as log, site.working(worker, "two", log, concurrency=4):
        log.wait(40)

    assert log.outcomes == ["DONE"] * 40
    assert set(done.values()) == {1}
    assert site.states() == ["COMPLETED"]


def test_jobs_are_under_way_at_once_and_what_is_under_way_is_finished(site):
    worker, together, go_on = Worker(), threading.Barrier(4), threading.Event()
    site.deploy("order", parallel("order", 3))
    site.start("order")

    def meet(job: Job) -> None:
        together.wait(PATIENCE)
        assert go_on.wait(PATIENCE)

    for number in range(3):
        worker.job("order", f"t{number}")(meet)

    with site.working(worker, concurrency=3) as log:
        together.wait(PATIENCE)
        log.stop()
        go_on.set()

    assert log.outcomes == ["DONE"] * 3


def test_handler_that_outlasts_its_lock_loses_its_job(site, caplog):
    worker, begun, go_on = Worker(), threading.Event(), threading.Event()
    site.deploy("order", sequence("order", 1))
    site.start("order")

    @worker.job("order", "t0")
    def dawdle(job: Job) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    with site.working(worker, lock_timeout="PT1M", concurrency=1) as log:
        assert begun.wait(PATIENCE)
        site.call("PATCH", "/time", {"timeDuration": "PT2M"})
        (taken,) = site.call("POST", "/jobs/lock", {"workerId": "other", "limit": 1})["jobs"]
        go_on.set()
        log.wait(1)

    assert log.outcomes == ["LOST"]
    assert taken["lockedBy"] == "other"
    assert "t0" in caplog.text and "took longer than its lock" in caplog.text


def test_jobs_of_others_are_left_to_others(site, caplog):
    worker = Worker()
    site.deploy("order", parallel("order", 3))
    site.start("order")
    worker.job("order", "t2")(lambda job: None)

    assert site.work(worker, 1) == ["DONE"]
    assert site.jobs() == {("t0", "DUE"): 1, ("t1", "DUE"): 1, ("t2", "DONE"): 1}
    assert "has jobs and no handler" not in caplog.text, "they are not even locked"


def test_worker_that_waits_for_a_deployment_gets_its_jobs(site):
    worker = Worker()
    worker.job("order", "t0")(lambda job: None)

    with site.working(worker) as log:
        site.deploy("order", sequence("order", 1))
        site.start("order")
        log.wait(1)

    assert site.states() == ["COMPLETED"]


def test_given_variables_are_those_that_a_running_engine_gives(site):
    """What tests of handlers see is what handlers see."""
    worker, jobs = Worker(), []
    site.deploy("order", sequence("order", 1))
    values = {"a": {"b": [1, None, "ü"]}, "n": 1.5}
    site.start("order", **values)

    @worker.job("order", "t0")
    def keep(job: Job) -> None:
        jobs.append(dict(job.variables))

    site.work(worker, 1)

    assert jobs == [Job(source=Given(values)).variables]

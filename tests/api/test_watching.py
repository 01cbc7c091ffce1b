"""One line per request, which says which it was and what it was about, and no value of a variable."""

import hashlib
import json
import logging
from collections.abc import Iterator

import pytest

from chalicelib.api.application import create_app
from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.operation import Operation
from chalicelib.local.gateway import HttpRequest, LocalContext, Match, to_event
from chalicelib.service.watch import METRICS, Metric
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import StaleWrite, Throttled
from tests.api.driver import DAY, KEY, Api
from tests.api.test_failures import BODIES, Broken, W
from tests.logs import Log, logged
from tests.recording import Recording

ORDER = f"{DAY}/1"
SECRET = "sesame-4711"
LONG = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(100))
"""Text that does not fit into the state, however it is compressed."""

DATA = {"encoding": "json", "value": json.dumps(SECRET)}

by_name = pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)


@pytest.fixture
def log() -> Iterator[Log]:
    with logged() as log:
        yield log


@pytest.fixture
def running(log: Log) -> Api:
    """An order whose first job is locked."""
    api = Api()
    api.deploy()
    api.start(variables={"code": DATA})
    api.lock()
    log.clear()
    return api


@by_name
def test_each_operation_logs_one_line(row: Operation, running: Api, log: Log) -> None:
    running.call(row.name, BODIES.get(row.name))

    (line,) = log.lines
    assert (line["message"], line["level"]) == (row.command.__name__, "INFO")
    assert {"timestamp", "request_id", "outcome", "attempts", "ms", "changes"} <= line.keys()


@pytest.mark.parametrize(
    ("operation", "body", "outcome", "changes"),
    [
        ("completeJob", {"workerId": "worker"}, "DONE", 1),
        ("setProcessVariables", {**W, "variables": {"code": DATA}}, "DONE", 1),
        ("suspendProcessInstance", W, "DONE", 1),
        ("completeJob", {"workerId": "another"}, "CONFLICT", 0),
        ("resumeProcessInstance", W, "CONFLICT", 0),
    ],
    ids=str,
)
def test_line_names_the_process_instance(operation, body, outcome, changes, running: Api, log: Log) -> None:
    running.call(operation, body)

    (line,) = log.lines
    assert (line["process_instance"], line["outcome"], line["changes"]) == (ORDER, outcome, changes)
    assert line["attempts"] == 1


def test_line_names_the_process_instance_that_was_made_or_found(running: Api, log: Log) -> None:
    running.start()
    running.lock()

    assert [line["process_instance"] for line in log.lines] == [f"{DAY}/65", f"{DAY}/65"]


def test_line_names_none_of_many_process_instances(running: Api, log: Log) -> None:
    running.start()
    running.start()
    log.clear()

    assert len(running.lock()) == 2

    (line,) = log.lines
    assert "process_instance" not in line
    assert line["changes"] == 2


@pytest.mark.parametrize(
    ("operation", "body", "headers", "outcome"),
    [
        ("completeJob", {}, {}, "HTTP_REQUEST_BODY"),
        ("completeJob", b"{", {}, "HTTP_REQUEST_BODY"),
        ("completeJob", W, {"Authorization": "Bearer wrong"}, "UNAUTHORIZED"),
        ("getBpmnXml", None, {}, "NOT_FOUND"),
    ],
    ids=str,
)
def test_line_says_why_a_request_was_refused(operation, body, headers, outcome, log: Log) -> None:
    Api().call(operation, body, headers=headers)

    (line,) = log.lines
    assert line["outcome"] == outcome


def test_request_under_an_idempotency_key_logs_one_line(running: Api, log: Log) -> None:
    for _ in range(2):
        running.expect(200, "completeJob", {"workerId": "worker"}, headers={"Idempotency-Key": "k"})

    assert [line["message"] for line in log.lines] == ["CompleteJob", "CompleteJob"]
    assert [line["changes"] for line in log.lines] == [2, 0]


class Hindered(Recording):
    """A store that is overtaken once, and cannot tidy up afterwards."""

    is_hindered = False

    def get(self, keys):
        if self.is_hindered and keys[0].sort == "STATE" and self.calls["hindered"]:
            self.is_hindered = False
            raise Throttled("no get for the moment")
        return super().get(keys)

    def commit(self, writes):
        if self.is_hindered:
            self.calls["hindered"] += 1
            raise StaleWrite("somebody was first")
        super().commit(writes)


def test_lines_of_the_store_name_request_and_process_instance(log: Log) -> None:
    """A long value is written before the state; when that is overtaken, it stays behind."""
    items = Hindered(MemoryItems())
    api = Api(items=items).serve(pauses=lambda: iter((0.0,)))
    api.deploy()
    api.start()
    log.clear()

    items.is_hindered = True
    long = {"encoding": "json", "value": json.dumps(SECRET + LONG)}
    api.expect(204, "setProcessVariables", {**W, "variables": {"code": long}})

    (deep,), (line,) = log.others(), log.commands()
    assert "items may stay in the store unused" in deep["message"]
    assert deep["request_id"] == line["request_id"]
    assert deep["process_instance"] == line["process_instance"] == ORDER
    assert line["attempts"] == 2
    assert SECRET not in log.text


def test_bug_is_a_line_beside_its_stack_trace(log: Log) -> None:
    api = Api(items=Broken(MemoryItems()))
    answer = api.call("queryJobs", {})

    (deep,), (line,) = log.others(), log.commands()
    assert line["outcome"] == "BUG"
    assert "disk on fire" in deep["exception"]
    assert line["request_id"] in answer.json["detail"], "the answer refers to both lines"
    assert deep["request_id"] == line["request_id"]


def test_each_request_has_an_id_of_its_own(running: Api, log: Log) -> None:
    for _ in range(3):
        running.call("queryJobs", {})

    assert len({line["request_id"] for line in log.lines}) == 3


def test_request_id_is_that_of_the_gateway(log: Log) -> None:
    api = Api()
    app = create_app(api.env, api.access)
    request = HttpRequest("GET", "/readiness")

    app(to_event(request, Match("/readiness", {}), "from-api-gateway"), LocalContext("from-lambda"))

    assert [line["request_id"] for line in log.lines] == ["from-api-gateway"]


def test_event_of_a_queue_has_the_id_of_its_invocation(log: Log) -> None:
    api = Api()
    app = create_app(api.env, api.access)

    @app.on_sqs_message(queue="feed")
    def work(event):
        logging.getLogger("chalicelib.test").warning("%d messages", len(list(event)))

    app.work = work
    work({"Records": []}, LocalContext("from-lambda"))

    assert [line["request_id"] for line in log.lines] == ["from-lambda"]


@by_name
def test_no_line_has_the_value_of_a_variable(row: Operation) -> None:
    """Whatever the operation answers, on whatever level is logged."""
    with logged(logging.DEBUG) as log:
        for items in (MemoryItems(), Broken(MemoryItems())):
            api = Api(items=items)
            if not isinstance(items, Broken):
                api.deploy()
                api.start(variables={"code": DATA})
                api.lock()
            body = {**(BODIES.get(row.name) or {}), "workerId": "worker"}
            secrets = {
                "variables": {"code": DATA},
                "processVariables": {"code": DATA},
                "error": SECRET,
                "correlationKey": SECRET,
            }
            for more in ({}, secrets, *({name: value} for name, value in secrets.items())):
                api.call(row.name, {**body, **more}, headers={"Authorization": f"Bearer {SECRET}"})
                api.call(row.name, {**body, **more})
                api.call(row.name, {**body, **more}, headers={"Idempotency-Key": "k"})
        named = [line for line in log.commands() if line["message"] == row.command.__name__]
        assert len(named) >= 2 * 6 * 3
        assert SECRET not in log.text
        assert KEY not in log.text


def test_chalice_has_no_log_of_its_own() -> None:
    api = Api()
    app = create_app(api.env, api.access)

    assert not app.log.handlers
    assert app.log.propagate


# Metrics


@pytest.mark.parametrize(
    ("operation", "body", "metric"),
    [
        ("completeJob", {}, Metric.REFUSED_REQUEST),
        ("completeJob", {"workerId": "another"}, Metric.REFUSED_CONFLICT),
        ("getBpmnXml", None, Metric.REFUSED_NOT_FOUND),
        ("createProcess", {**BODIES["createProcess"], "bpmnXml": "<"}, Metric.REFUSED_MODEL),
        ("setTime", {}, Metric.REFUSED_VALIDATION),
    ],
    ids=str,
)
def test_refused_commands_are_counted_by_kind(operation, body, metric, running: Api) -> None:
    before = dict(running.watch.counts.counted)

    running.call(operation, body, id=1 if operation == "completeJob" else 7)

    after = running.watch.counts.counted
    assert {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)} == {
        Metric.COMMANDS: 1,
        metric: 1,
    }


def test_request_without_credentials_is_counted() -> None:
    api = Api()

    api.call("queryJobs", {}, headers={"Authorization": None})

    assert api.watch.counts.counted == {Metric.COMMANDS: 1, Metric.REFUSED_ACCESS: 1}


def test_counts_are_given_out_after_each_request(log: Log) -> None:
    given: list[dict] = []
    api = Api(emit=lambda counts: given.append(dict(counts.counted)))

    api.deploy()
    api.start()

    assert given == [
        {Metric.COMMANDS: 1},
        {Metric.COMMANDS: 1, Metric.INSTANCES_STARTED: 1, Metric.JOBS_CREATED: 1},
    ]


def test_every_metric_has_a_row() -> None:
    assert set(METRICS) == set(Metric)

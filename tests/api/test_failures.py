"""What an operation answers when it cannot do what was asked: refused, too busy, or our fault."""

import logging

import pytest

from chalicelib.contract.native import OPERATIONS
from chalicelib.service.watch import Metric
from chalicelib.settings import Settings
from chalicelib.storage.cipher import AesCipher
from chalicelib.storage.kms import KmsRefused, KmsUnavailable
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Throttled, Unanswered
from chalicelib.storage.store import WRITABLE_FOR
from tests.api import contract
from tests.api.driver import DAY, KEY, ROWS, Api, no_pauses
from tests.models import sequence
from tests.play import counted_bytes
from tests.recording import Losing, Recording

W = {"workerId": "w"}
BODIES = {
    "resolveIncident": W,
    "lockJobs": {**W, "limit": 1},
    "unlockJobs": W,
    "completeJob": W,
    "createProcessInstance": {**W, "bpmnProcessId": "order", "version": "1"},
    "setProcessVariables": W,
    "setElementVariables": W,
    "suspendProcessInstance": W,
    "resumeProcessInstance": W,
    "updateUserTask": {**W, "revision": 1},
    "createProcess": {**W, "bpmnProcessId": "new", "version": "1", "bpmnXml": sequence("new", 1)},
    "executeTasks": {"limit": 1},
    "sendMessage": {**W, "name": "paid", "correlationKey": "order-7"},
    "sendSignal": {**W, "name": "stop"},
    "setTime": {"timeDuration": "PT1S"},
}
NO_SUBSCRIBERS = ("queryMessageSubscriptions", "querySignalSubscriptions")
USES_STORE = [row for row in OPERATIONS if row.name not in ("unlockTasks", "checkReadiness", *NO_SUBSCRIBERS)]
# A new instance is not among them: the store takes it that nobody else has its id block.
WRITES = [
    ROWS[name]
    for name in (
        "createProcess",
        "createProcessInstance",
        "setProcessVariables",
        "completeJob",
        "sendMessage",
    )
]

by_name = {"ids": lambda row: row.name}


class Broken(Recording):
    """A store that fails in a way that nobody has thought of."""

    def get(self, *arguments, **options):
        raise RuntimeError("disk on fire")

    query = collections = commit = commit_each = add = get


class Busy(Recording):
    """A store that refuses for the moment."""

    def get(self, *arguments, **options):
        raise Throttled("come back later")

    query = collections = commit = commit_each = add = get


class Silent(Recording):
    """A store that is written, or not, and gives no answer."""

    def commit(self, writes):
        raise Unanswered("not a word")


def with_store(kind: type[Recording], **changes: object) -> Api:
    """The API after a start, its store exchanged for one that fails."""
    items = MemoryItems()
    api = Api(items=items)
    api.deploy()
    api.start()
    api.lock("w", limit=1)
    broken = Api(items=kind(items))
    return broken.serve(pauses=lambda: iter(()), **changes)


# The caller is wrong


@pytest.mark.parametrize("operation", [row.name for row in OPERATIONS if "{partition}" in row.path])
@pytest.mark.parametrize(("partition", "id"), [(DAY, 1000), ("2031-01-01", 1), (DAY, 2147483647)])
def test_unknown_ids_are_not_found(operation, partition, id, running):
    answer = running.call(operation, BODIES.get(operation), partition=partition, id=id)

    assert (answer.status, answer.json["type"]) == (404, "NOT_FOUND")
    assert f" {partition}/{id} could not be found" in answer.json["detail"]


def test_ids_belong_to_their_kind_of_thing(running):
    # Job 1 and instance 1 exist; an id block has 64 ids of each kind, of which one instance uses the first.
    assert running.call("getProcessVariables", id=2).json["detail"] == (
        f"process instance {DAY}/2 could not be found"
    )
    assert running.call("completeJob", W, id=2).json["detail"] == f"job {DAY}/2 could not be found"
    assert running.call("suspendProcessInstance", W, id=2).status == 404
    assert running.call("updateUserTask", {**W, "revision": 1}).json["detail"] == (
        f"user task {DAY}/1 could not be found"
    )


def test_variable_cannot_be_encrypted_without_a_key(running):
    data = {"encoding": "json", "value": "1", "encrypted": True}

    answer = running.call("setProcessVariables", {**W, "variables": {"a": data}})

    assert (answer.status, answer.json["type"]) == (400, "VALIDATION")
    assert answer.json["title"] == "failed to set process variables"


SECRET = [{"name": "card", "data": {"encoding": "text", "value": "4111", "encrypted": True}}]


def with_key_that(fault: Exception, api: Api) -> None:
    """Serve with an encryption key that cannot be opened the first time."""
    faults = [fault]

    def open_key() -> bytes:
        if faults:
            raise faults.pop()
        return bytes(32)

    api.serve(cipher=AesCipher([open_key], counted_bytes()), pauses=no_pauses)


@pytest.mark.parametrize(("kind", "status"), [(KmsUnavailable, 503), (KmsRefused, 500)])
def test_key_that_kms_refuses_loses_nothing(kind, status, api, caplog):
    api.deploy()
    with_key_that(kind("AWS KMS does not decrypt: words of KMS"), api)
    start = {**BODIES["createProcessInstance"], "variables": SECRET}

    refusal = api.call("createProcessInstance", start)

    assert (refusal.status, "words of KMS" in refusal.json["detail"]) == (status, False)
    assert "words of KMS" in caplog.text
    assert refusal.headers.get("retry-after") == ("1" if status == 503 else None)
    if status == 500:
        assert refusal.json["detail"].rpartition(" ")[2] in caplog.text, "the reference finds the log line"
    assert api.expect(200, "queryProcessInstances", {})["results"] == []

    api.expect(201, "createProcessInstance", start)
    api.lock("w", limit=1)
    with_key_that(kind("AWS KMS does not decrypt: words of KMS"), api)
    complete = {**W, "processVariables": SECRET}
    assert api.call("completeJob", complete).status == status
    assert api.expect(200, "completeJob", complete)["state"] == "DONE", "the worker still holds the job"
    with_key_that(kind("AWS KMS does not decrypt: words of KMS"), api)
    assert api.call("getProcessVariables").status == status
    assert api.expect(200, "getProcessVariables")["variables"] == SECRET


def test_variable_of_an_element_that_is_not_around_the_job(running):
    running.lock("w")
    variables = [{"bpmnElementId": "elsewhere", "name": "a"}]

    answer = running.call("completeJob", {**W, "elementVariables": variables})

    assert (answer.status, answer.json["type"]) == (400, "VALIDATION")
    assert "elsewhere" in answer.json["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        {"time": "2030-01-02T00:00:00Z", "timeDuration": "PT1S"},
        {"time": None, "timeCycle": "", "timeDuration": 0},
    ],
    ids=["two", "none"],
)
def test_time_is_set_by_exactly_one_field(fields, api):
    answer = api.call("setTime", fields)

    assert (answer.status, answer.json["type"]) == (400, "VALIDATION")


def test_completion_that_does_not_fit_is_an_error_of_the_job(api):
    gateway = sequence("order", 1, "exclusiveGateway").replace(
        "</process>", '<task id="other"/><sequenceFlow id="f9" sourceRef="t0" targetRef="other"/></process>'
    )
    api.deploy(gateway)
    api.start()
    api.lock("w")

    job = api.expect(200, "completeJob", {**W, "completion": {"exclusiveGatewayDecision": "nowhere"}})

    assert "no outgoing sequence flow to nowhere" in job["error"]
    assert job["state"] == "CAUSED_INCIDENT"


# The engine is wrong


@pytest.mark.parametrize("row", USES_STORE, **by_name)
def test_bug_is_a_500_with_a_reference_that_finds_the_log_line(row, caplog):
    api = with_store(Broken)

    with caplog.at_level(logging.ERROR):
        answer = api.call(row.name, BODIES.get(row.name))

    assert (answer.status, answer.content_type) == (500, "application/problem+json")
    assert contract.faults("Problem", answer.json) == []
    assert (answer.json["status"], answer.json["type"], answer.json["title"]) == (500, "BUG", row.title)
    reference = answer.json["detail"].rpartition(" ")[2]
    (record,) = (record for record in caplog.records if reference in record.getMessage())
    assert row.name in record.getMessage()
    assert "disk on fire" in (record.exc_text or str(record.exc_info))
    assert b"Traceback" not in answer.body
    assert b"fire" not in answer.body


def test_each_bug_has_a_reference_of_its_own(caplog):
    api = with_store(Broken)

    details = {api.call("queryJobs").json["detail"] for _ in range(3)}

    assert len(details) == 3


# Too busy


@pytest.mark.parametrize("row", USES_STORE, **by_name)
def test_busy_store_is_a_503_with_retry_after(row):
    answer = with_store(Busy).call(row.name, BODIES.get(row.name))

    assert (answer.status, answer.content_type) == (503, "application/problem+json")
    assert contract.faults("Problem", answer.json) == []
    assert (answer.json["status"], answer.json["title"]) == (503, row.title)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("row", WRITES, **by_name)
def test_store_without_an_answer_is_a_503_that_asks_nobody_to_send_again(row):
    answer = with_store(Silent).call(row.name, BODIES.get(row.name))

    assert (answer.status, answer.content_type) == (503, "application/problem+json")
    assert contract.faults("Problem", answer.json) == []
    assert "retry-after" not in answer.headers
    assert "may have been done" in answer.json["detail"]


@pytest.mark.parametrize("row", WRITES, **by_name)
def test_under_a_key_a_store_without_an_answer_asks_to_send_again(row):
    answer = with_store(Silent).call(row.name, BODIES.get(row.name), headers={"Idempotency-Key": "k"})

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("row", WRITES, **by_name)
def test_overtaken_until_the_deadline_is_a_503_and_never_a_conflict(row):
    paused: list[float] = []
    api = with_store(Losing).serve(pauses=lambda: iter((0.01, 0.02)), pause=paused.append)

    answer = api.call(row.name, BODIES[row.name])

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert paused == [0.01, 0.02]


def test_overtaken_once_is_nothing_that_a_client_sees(running):
    recording = Recording(running.items)
    recording.before_commit = lambda: running.expect(
        204, "setProcessVariables", {**W, "variables": {"b": DATA}}
    )
    other = Api(items=recording).serve(pauses=lambda: iter((0.0,)))

    other.expect(204, "setProcessVariables", {**W, "variables": {"a": DATA}})

    assert other.watch.counts.counted == {Metric.CONFLICTS: 1, Metric.COMMANDS: 1}
    assert running.expect(200, "getProcessVariables")["count"] == 2


DATA = {"encoding": "json", "value": "1"}


# Readiness


@pytest.mark.parametrize("kind", [Broken, Busy])
def test_readiness_is_a_503_in_plain_text_when_the_store_fails(kind):
    answer = with_store(kind).call("checkReadiness", headers={"Authorization": None})

    assert (answer.status, answer.content_type) == (503, "text/plain")
    assert b"ready" in answer.body
    assert answer.body != b"ready"


class ReadOnly(Recording):
    """A store that can be read, and for a while not be written."""

    is_read_only = True

    def commit(self, writes):
        if self.is_read_only:
            raise OSError("no space left on device")
        super().commit(writes)


def test_store_that_can_be_read_and_not_written_is_not_ready():
    items = ReadOnly(MemoryItems())
    api = Api(items=items)

    assert api.call("checkReadiness").status == 503
    items.is_read_only = False
    assert api.call("checkReadiness").body == b"ready"


def test_readiness_writes_once_in_a_second_however_often_it_is_asked():
    items = ReadOnly(MemoryItems())
    api = Api(items=items)
    items.is_read_only = False
    for _ in range(3):
        assert api.call("checkReadiness").body == b"ready"
    assert items.calls["write"] == 1

    items.is_read_only = True
    api.seconds.now += WRITABLE_FOR

    assert api.call("checkReadiness").status == 503


# Switched off


@pytest.mark.parametrize("body", [{}, {"timeDuration": "PT1H"}], ids=str)
def test_clock_that_may_not_be_moved_is_a_403_without_body(body):
    answer = Api(Settings(store="memory", api_key=KEY)).call("setTime", body)

    assert (answer.status, answer.body) == (403, b"")


def test_unknown_path_is_not_found(api):
    assert api.send("GET", "/nothing").status == 404

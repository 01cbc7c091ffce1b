"""Every operation succeeds with the status, the media type and the body that the contract gives it."""

from collections.abc import Callable

import pytest

from chalicelib.contract.native import OPERATIONS
from chalicelib.settings import Settings
from tests.api import contract
from tests.api.driver import DAY, KEY, ROWS, Answer, Api
from tests.models import parallel, sequence

TAGS = [{"name": "color", "value": "red"}, {"name": "urgent"}]
VARIABLES = [
    {"name": "a", "data": {"encoding": "json", "value": "1"}},
    {"name": "b", "data": {"encoding": "text", "value": "secret", "encrypted": True}},
]
ENCRYPTION_KEY = bytes(range(32))

# Ids rise by 64 from one instance to the next.
PEOPLE, SUSPENDED = 129, 193
PEOPLE_ELEMENT = PEOPLE + 3


@pytest.fixture
def story() -> Api:
    """Records of all kinds: jobs and tasks, done and open, incidents, variables, tags."""
    api = Api(
        Settings(
            store="memory",
            task_mode="deferred",
            set_time=True,
            api_key=KEY,
            encryption_keys=(ENCRYPTION_KEY,),
        )
    )
    api.deploy(parallel("order", 3), tags=TAGS, parallelism=0)
    api.deploy(sequence("short", 1), "short")
    api.deploy(parallel("people", 2, "userTask"), "people")
    api.start(tags=TAGS, variables=VARIABLES, correlationKey="order-7")
    api.start("short")
    first, second, third = api.lock(processInstanceId=1)
    worker = {"workerId": "worker"}
    api.expect(200, "completeJob", worker, id=first["id"])
    api.expect(200, "completeJob", {**worker, "error": "x", "retryLimit": 1}, id=second["id"])
    api.expect(200, "completeJob", {**worker, "error": "out of ink"}, id=third["id"])
    api.expect(204, "resolveIncident", worker, id=1)
    api.lock(processInstanceId=1, limit=1)
    api.expect(200, "executeTasks", {"limit": 1})
    api.start("people", correlationKey="order-7")
    api.start("short")
    api.expect(204, "suspendProcessInstance", worker, id=SUSPENDED)
    token = api.expect(200, "queryElementInstances", {"processInstanceId": PEOPLE, "bpmnElementId": "t0"})
    (element,) = token["results"]
    assert element["id"] == PEOPLE_ELEMENT
    api.expect(200, "sendMessage", {**worker, "name": "paid", "correlationKey": "order-7"})
    api.expect(204, "setElementVariables", {**worker, "variables": VARIABLES}, id=PEOPLE_ELEMENT)
    return api


def with_an_incident(api: Api) -> Answer:
    api.fail(api.lock("worker", processInstanceId=65)[0]["id"])
    return api.call("resolveIncident", {"workerId": "worker"}, id=65)


def with_a_lock(api: Api) -> Answer:
    job = api.lock("finisher", processInstanceId=65)[0]
    return api.call("completeJob", {"workerId": "finisher"}, id=job["id"])


SUCCESSES: dict[str, Callable[[Api], Answer]] = {
    "resolveIncident": with_an_incident,
    "lockJobs": lambda api: api.call("lockJobs", {"workerId": "another", "limit": 5}),
    "unlockJobs": lambda api: api.call("unlockJobs", {"workerId": "another"}),
    "completeJob": with_a_lock,
    "createProcessInstance": lambda api: api.call(
        "createProcessInstance",
        {
            "bpmnProcessId": "short",
            "version": "1",
            "workerId": "starter",
            "tags": TAGS,
            "correlationKey": "k",
        },
    ),
    "setProcessVariables": lambda api: api.call(
        "setProcessVariables", {"workerId": "worker", "variables": VARIABLES}
    ),
    "createProcess": lambda api: api.call(
        "createProcess",
        {
            "bpmnProcessId": "new",
            "bpmnXml": sequence("new", 1),
            "version": "1",
            "workerId": "deployer",
            "tags": TAGS,
            "parallelism": 3,
        },
    ),
    "executeTasks": lambda api: api.call("executeTasks", {"limit": 100}),
    "unlockTasks": lambda api: api.call("unlockTasks", {"engineId": "default-engine"}),
    "getElementVariables": lambda api: api.call("getElementVariables", id=PEOPLE_ELEMENT),
    "setElementVariables": lambda api: api.call(
        "setElementVariables", {"workerId": "worker", "variables": VARIABLES}, id=PEOPLE_ELEMENT
    ),
    "resumeProcessInstance": lambda api: api.call(
        "resumeProcessInstance", {"workerId": "worker"}, id=SUSPENDED
    ),
    "suspendProcessInstance": lambda api: api.call(
        "suspendProcessInstance", {"workerId": "worker"}, id=PEOPLE
    ),
    "updateUserTask": lambda api: api.call(
        "updateUserTask", {"workerId": "ann", "revision": 1, "tags": TAGS, "completed": True}, id=PEOPLE
    ),
    "sendMessage": lambda api: api.call(
        "sendMessage",
        {
            "name": "paid",
            "correlationKey": "order-7",
            "workerId": "worker",
            "uniqueKey": "u",
            "expirationTimer": {"timeDuration": "PT1H"},
            "variables": VARIABLES,
        },
    ),
    "sendSignal": lambda api: api.call("sendSignal", {"name": "stop", "workerId": "worker"}),
    "setTime": lambda api: api.call("setTime", {"timeDuration": "PT1H"}),
}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)
def test_operation_succeeds_as_the_contract_says(operation, story):
    expected = contract.success(operation.name)

    answer = SUCCESSES.get(operation.name, lambda api: api.call(operation.name))(story)

    assert answer.status == expected.status, answer.body
    if expected.schema is None:
        assert answer.body == b""
        return
    assert answer.content_type == expected.content_type
    assert answer.body
    if operation.result is not None:
        assert contract.faults(expected.schema, answer.json) == []
        operation.result.model_validate(answer.json)


@pytest.mark.parametrize(
    "operation", [row for row in OPERATIONS if "query" in row.name], ids=lambda row: row.name
)
def test_query_counts_what_it_answers(operation, story):
    answer = story.expect(200, operation.name)

    assert answer["count"] == len(answer["results"])
    # Nothing waits for messages or signals yet.
    assert (answer["count"] > 0) != operation.name.endswith("Subscriptions")


def test_queries_show_records_in_every_state(story):
    jobs = story.expect(200, "queryJobs", {"processInstanceId": 1})["results"]
    tasks = story.expect(200, "queryTasks", {"processInstanceId": 1})["results"]
    incidents = story.expect(200, "queryIncidents", {"processInstanceId": 1})["results"]

    assert {job["state"] for job in jobs} >= {"DONE", "CAUSED_RETRY", "CAUSED_INCIDENT", "LOCKED"}
    assert {task["type"] for task in tasks} == {"JOIN_PARALLEL_GATEWAY"}
    assert incidents[0]["resolvedBy"] == "worker"


def test_bpmn_xml_comes_back_byte_for_byte(api):
    xml = '<?xml version="1.0" encoding="ISO-8859-1"?>\r\n' + sequence("order", 1).replace(
        'id="t0"', 'id="t0" name="prüfen &amp; \U0001f4e6"'
    )
    api.deploy(xml)

    answer = api.call("getBpmnXml")

    assert answer.content_type == "text/xml"
    assert answer.body == xml.encode()


def test_readiness_is_a_word_for_everybody(api):
    answer = api.call("checkReadiness", headers={"Authorization": None})

    assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"ready")


def test_unset_fields_are_left_out_and_empty_lists_are_not(running):
    (instance,) = running.expect(200, "queryProcessInstances")["results"]
    (job,) = running.expect(200, "queryJobs")["results"]

    assert instance == {
        "partition": DAY,
        "id": 1,
        "processId": 1,
        "bpmnProcessId": "order",
        "createdAt": "2030-01-01T08:00:00.000Z",
        "createdBy": "starter",
        "startedAt": "2030-01-01T08:00:00.000Z",
        "state": "STARTED",
        "tags": [],
        "version": "1",
    }
    assert job["retryCount"] == 0
    assert not {"error", "lockedAt", "lockedBy", "completedAt", "correlationKey"} & job.keys()


def test_element_instances_say_when_they_started_and_ended(running):
    running.clock.advance("PT1M")
    running.lock("worker")
    running.expect(200, "completeJob", {"workerId": "worker"})

    found = running.expect(200, "queryElementInstances")["results"]

    began, ended = "2030-01-01T08:00:00.000Z", "2030-01-01T08:01:00.000Z"
    assert [(token["bpmnElementId"], token["startedAt"], token["endedAt"]) for token in found] == [
        ("order", began, ended),
        ("start", began, began),
        ("t0", began, ended),
        ("end", ended, ended),
    ]
    (instance,) = running.expect(200, "queryProcessInstances")["results"]
    assert (instance["startedAt"], instance["endedAt"]) == (began, ended)


def test_encrypted_is_always_said_in_queries_and_only_if_true_beside_a_value(story):
    queried = story.expect(200, "queryVariables", {"processInstanceId": 1, "names": ["a", "b"]})["results"]
    read = story.expect(200, "getProcessVariables")["variables"]

    assert [(variable["name"], variable["encrypted"]) for variable in queried] == [("a", False), ("b", True)]
    assert read == [
        {"name": "a", "data": {"encoding": "json", "value": "1"}},
        {"name": "b", "data": {"encoding": "text", "value": "secret", "encrypted": True}},
    ]


def test_variables_can_be_read_by_name(running):
    body = {"workerId": "w", "variables": {"a": {"encoding": "json", "value": "1"}, "b": None}}
    running.expect(
        204, "setProcessVariables", {**body, "variables": {**body["variables"], "c": VARIABLES[0]["data"]}}
    )

    answer = running.expect(200, "getProcessVariables", query={"names": "c,nothing"})

    assert answer == {"count": 1, "variables": [{"name": "c", "data": {"encoding": "json", "value": "1"}}]}


def test_all_times_of_one_command_are_one_instant(running):
    running.clock.advance("PT1M")
    running.lock()
    running.clock.advance("PT1M")
    running.fail()

    (job,) = running.expect(200, "queryJobs")["results"]
    (incident,) = running.expect(200, "queryIncidents")["results"]
    assert job["lockedAt"] == "2030-01-01T08:01:00.000Z"
    assert job["completedAt"] == incident["createdAt"] == "2030-01-01T08:02:00.000Z"


def test_pages_of_a_query(running):
    for _ in range(4):
        running.start()

    def ids(**page: object) -> list[int]:
        return [found["id"] for found in running.expect(200, "queryProcessInstances", query=page)["results"]]

    assert ids(limit=2) == [1, 65]
    assert ids(limit=2, offset=1) == [65, 129]
    assert ids(limit=0) == ids(limit="") == ids() == [1, 65, 129, 193, 257]
    assert ids(offset=5) == []


def test_every_schema_of_an_answer_was_compared():
    assert {row.name for row in OPERATIONS} == contract.OPERATIONS.keys() - contract.LATER["operations"]
    assert ROWS.keys() >= SUCCESSES.keys()


def test_paths_of_an_older_release_are_served_too(story):
    sent = {"name": "paid", "correlationKey": "order-7", "workerId": "worker"}

    message = story.send("POST", "/events/messages", sent)
    messages = story.send("POST", "/events/messages/query", {})
    signal = story.send("POST", "/events/signals", {"name": "stop", "workerId": "worker"})

    assert (message.status, message.json["name"]) == (200, "paid")
    assert messages.json["results"][-1] == message.json
    assert (signal.status, signal.json["subscriberCount"]) == (200, 0)


def test_request_under_an_idempotency_key_is_carried_out_once(story):
    body = {"bpmnProcessId": "short", "version": "1", "workerId": "starter"}
    headers = {"Idempotency-Key": "order-7"}

    first = story.send("POST", "/process-instances", body, headers)
    again = story.send("POST", "/process-instances", body, headers)
    other = story.send("POST", "/process-instances", {**body, "correlationKey": "x"}, headers)

    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert (other.status, other.json["type"]) == (409, "CONFLICT")
    assert other.json["detail"] == "idempotency key order-7 was used for another command"

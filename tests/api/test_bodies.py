"""What a request body may be, and what the answer says about each fault.

Source: engine-semantics 1.
"""

import json

import pytest

from chalicelib.contract.native import OPERATIONS
from tests.api.driver import Api
from tests.models import sequence

WITH_BODY = [row for row in OPERATIONS if row.method != "GET"]
MIB = 1024**2
W = {"workerId": "w"}
DATA = {"encoding": "json", "value": "1"}


def faults(api: Api, operation: str, body: dict, **more: object) -> list[dict[str, str]]:
    """The faults of a refused body."""
    answer = api.call(operation, body, **more)
    assert answer.status == 400, answer.body
    assert answer.content_type == "application/problem+json"
    assert {**answer.json, "errors": None} == {
        "status": 400,
        "type": "HTTP_REQUEST_BODY",
        "title": "invalid request body",
        "detail": "failed to validate request body",
        "errors": None,
    }
    return answer.json["errors"]


def fault(api: Api, operation: str, body: dict, **more: object) -> tuple[str, str, str | None]:
    """Pointer, type and value of the only fault."""
    (error,) = faults(api, operation, body, **more)
    return error["pointer"], error["type"], error.get("value")


def pointers(api: Api, operation: str, body: dict) -> list[str]:
    return [error["pointer"] for error in faults(api, operation, body)]


# The body as a whole


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \r\n",
        b"{",
        b"{}{}",
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b"{'a': 1}",
        b'{"limit": NaN}',
        b"\xff\xfe{}",
        b'{"workerId": "\\ud800"}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("operation", ["queryJobs", "completeJob"])
def test_what_is_no_json_object_is_refused(operation, body, api):
    answer = api.call(operation, body)

    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert (answer.json["type"], answer.json["title"]) == ("HTTP_REQUEST_BODY", "invalid request body")


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda row: row.name)
def test_empty_body_is_refused_everywhere(operation, api):
    answer = api.call(operation.name, b"")

    assert (answer.status, answer.json["type"]) == (400, "HTTP_REQUEST_BODY")


@pytest.mark.parametrize("value", [None, 0, "", False, 1, "x", [], {}], ids=repr)
@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda row: row.name)
def test_unknown_field_is_refused_whatever_its_value(operation, value, api):
    found = faults(api, operation.name, {"surprise": value})

    assert {"pointer": "#/surprise", "type": "unknown", "detail": "is unknown"}.items() <= found[-1].items()


@pytest.mark.parametrize(
    ("operation", "body", "pointer"),
    [
        (
            "setProcessVariables",
            {**W, "variables": [{"name": "a", "surprise": None}]},
            "#/variables/0/surprise",
        ),
        (
            "setProcessVariables",
            {**W, "variables": {"a": {**DATA, "surprise": 0}}},
            "#/variables/a/surprise",
        ),
        ("completeJob", {**W, "completion": {"surprise": ""}}, "#/completion/surprise"),
        (
            "completeJob",
            {**W, "completion": {"timer": {"timeDuration": "PT1S", "x": 1}}},
            "#/completion/timer/x",
        ),
        ("createProcessInstance", {"tags": [{"name": "a", "x/~y": 1}]}, "#/tags/0/x~1~0y"),
    ],
)
def test_unknown_field_is_refused_at_any_depth(operation, body, pointer, api):
    assert pointer in pointers(api, operation, body)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("completeJob", {**W, "partition": None}),
        ("completeJob", {**W, "id": 1}),
        ("queryJobs", {"limit": None}),
        ("queryJobs", {"offset": 0}),
    ],
)
def test_what_belongs_into_the_url_is_unknown_in_the_body(operation, body, api):
    assert fault(api, operation, body)[1] == "unknown"


def test_names_are_camel_case_only(api):
    assert fault(api, "unlockJobs", {"worker_id": "w", "workerId": "w"}) == ("#/worker_id", "unknown", "w")


def test_value_that_fills_the_body_is_kept(running):
    value = "ä" * 500_000
    body = json.dumps({**W, "variables": {"a": {**DATA, "value": value}}}, ensure_ascii=False).encode()
    assert len(body) < MIB

    running.expect(204, "setProcessVariables", body)

    (variable,) = running.expect(200, "getProcessVariables")["variables"]
    assert variable["data"]["value"] == value


# Media types


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;a=b",
    ],
)
def test_media_types_that_are_accepted(content_type, api):
    assert api.call("queryJobs", {}, headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/jsonp", "application/problem+json", "json", "text/xml; a=b", "*/*"],
)
def test_other_media_types_are_refused(content_type, api):
    answer = api.call("queryJobs", {}, headers={"Content-Type": content_type})

    assert (answer.status, answer.content_type) == (415, "application/problem+json")
    assert (answer.json["status"], answer.json["type"]) == (415, "HTTP_MEDIA_TYPE")
    assert answer.json["title"] == "invalid media type"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)
def test_every_operation_refuses_other_media_types(operation, api):
    assert api.call(operation.name, b"<x/>", headers={"Content-Type": "text/xml"}).status == 415


# Single faults


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        ("queryElementInstances", {"states": ["STARTED"] * 2}, ("#/states", "unique", "[STARTED STARTED]")),
        ("queryElementInstances", {"states": ["GONE"]}, ("#/states/0", "type", "GONE")),
        ("lockJobs", {**W, "limit": 1, "processIds": [3, 3]}, ("#/processIds", "unique", "[3 3]")),
        ("lockJobs", {**W, "limit": -1}, ("#/limit", "gte", "-1")),
        ("lockJobs", {**W, "limit": 1001}, ("#/limit", "lte", "1001")),
        ("lockJobs", {**W, "limit": "5"}, ("#/limit", "type", "5")),
        ("lockJobs", {**W, "limit": 1.5}, ("#/limit", "type", "1.5")),
        ("lockJobs", {**W, "limit": True}, ("#/limit", "type", "true")),
        ("executeTasks", {"limit": 101}, ("#/limit", "lte", "101")),
        ("executeTasks", {"limit": 1, "type": "NAP"}, ("#/type", "type", "NAP")),
        ("queryJobs", {"id": 2**31}, ("#/id", "lte", "2147483648")),
        ("queryJobs", {"id": 10**20}, ("#/id", "type", "1e+20")),
        ("queryJobs", {"id": [1]}, ("#/id", "type", "[1]")),
        ("queryJobs", {"partition": "2030-02-30"}, ("#/partition", "type", "2030-02-30")),
        ("queryJobs", {"partition": "2030-01-01T00:00:00Z"}, ("#/partition", "type", "2030-01-01T00:00:00Z")),
        ("unlockJobs", {"workerId": 7}, ("#/workerId", "type", "7")),
        ("unlockJobs", {"workerId": {"a": 1}}, ("#/workerId", "type", None)),
        ("setTime", {"time": "yesterday"}, ("#/time", "type", "yesterday")),
        ("setTime", {"timeCycle": "* * *"}, ("#/timeCycle", "cron", "* * *")),
        ("setTime", {"timeDuration": "P"}, ("#/timeDuration", "iso8601_duration", "P")),
        ("completeJob", {**W, "retryTimer": "PT"}, ("#/retryTimer", "iso8601_duration", "PT")),
        ("completeJob", {**W, "retryTimer": "-PT1H"}, ("#/retryTimer", "iso8601_duration", "-PT1H")),
        ("completeJob", {**W, "completion": "yes"}, ("#/completion", "type", "yes")),
        ("completeJob", {**W, "completion": {"timer": {}}}, ("#/completion/timer", "timer", None)),
        ("setProcessVariables", {**W, "variables": "a=1"}, ("#/variables", "type", "a=1")),
        ("setProcessVariables", {**W, "variables": ["a"]}, ("#/variables/0", "type", "a")),
        (
            "setProcessVariables",
            {**W, "variables": [{"name": "a", "data": {**DATA, "encrypted": 1}}]},
            ("#/variables/0/data/encrypted", "type", "1"),
        ),
        (
            "setProcessVariables",
            {**W, "variables": [{"name": "naïve"}]},
            ("#/variables/0/name", "variable_name", "naïve"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_fault_has_pointer_type_and_value(operation, body, expected, api):
    assert fault(api, operation, body) == expected


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("setProcessVariables", "variables"),
        ("completeJob", "processVariables"),
        ("completeJob", "elementVariables"),
    ],
)
def test_there_may_be_a_hundred_of_each(operation, name, running):
    variables = [{"name": f"v{number}"} for number in range(101)]

    assert fault(running, operation, {**W, name: variables})[:2] == (f"#/{name}", "max")
    assert running.call(operation, {**W, name: variables[:100]}).status in (204, 409)


def test_long_values_are_shown_by_their_beginning(api):
    _, _, value = fault(api, "queryJobs", {"partition": "x" * 10_000})

    assert value == "x" * 200


def test_all_faults_are_named_at_once(api):
    assert pointers(api, "createProcess", {"parallelism": -1, "tags": {"a b": "x"}, "surprise": 1}) == [
        "#/bpmnProcessId",
        "#/bpmnXml",
        "#/parallelism",
        "#/tags/a b",
        "#/version",
        "#/workerId",
        "#/surprise",
    ]


# Absent values


REQUIRED = {
    "resolveIncident": ["workerId"],
    "lockJobs": ["workerId"],
    "unlockJobs": ["workerId"],
    "completeJob": ["workerId"],
    "createProcessInstance": ["bpmnProcessId", "version", "workerId"],
    "setProcessVariables": ["workerId"],
    "setElementVariables": ["workerId"],
    "suspendProcessInstance": ["workerId"],
    "resumeProcessInstance": ["workerId"],
    "updateUserTask": ["revision", "workerId"],
    "createProcess": ["bpmnProcessId", "bpmnXml", "version", "workerId"],
    "unlockTasks": ["engineId"],
}


@pytest.mark.parametrize("absent", [None, "", 0], ids=repr)
@pytest.mark.parametrize(("operation", "names"), REQUIRED.items(), ids=lambda value: str(value))
def test_absent_required_fields_are_missed_without_a_value(operation, names, absent, api):
    body = {name: absent for name in names} | ({"limit": 1} if operation == "lockJobs" else {})

    assert faults(api, operation, body) == [
        {"pointer": f"#/{name}", "type": "required", "detail": "is required"} for name in names
    ]


@pytest.mark.parametrize(
    "body", [{}, {"limit": 0}, {"limit": None}, {"limit": ""}, {"limit": False}], ids=str
)
@pytest.mark.parametrize("operation", ["lockJobs", "executeTasks"])
def test_absent_limit_is_too_small(operation, body, api):
    who = W if operation == "lockJobs" else {}

    assert faults(api, operation, {**who, **body}) == [
        {
            "pointer": "#/limit",
            "type": "gte",
            "detail": "must be greater than or equal to 1",
            "value": "0",
        }
    ]


ABSENT = [None, 0, "", False]


@pytest.mark.parametrize("absent", ABSENT, ids=repr)
@pytest.mark.parametrize(
    "operation", [row for row in WITH_BODY if "query" in row.name], ids=lambda row: row.name
)
def test_absent_filters_filter_nothing(operation, absent, running):
    running.lock()
    everything = running.expect(200, operation.name)
    names = [
        name
        for name, field in ((field.alias, field) for field in operation.command.model_fields.values())
        if name not in ("limit", "offset")
    ]

    assert running.expect(200, operation.name, {name: absent for name in names}) == everything


@pytest.mark.parametrize("absent", [None, 0, ""], ids=repr)
def test_absent_options_of_commands_are_as_if_left_out(absent, running):
    options = ("partition", "id", "processIds", "processInstanceId")
    (job,) = running.lock("worker", **{name: absent for name in options})
    names = ("error", "retryLimit", "retryTimer", "completion", "processVariables", "elementVariables")

    done = running.expect(200, "completeJob", {"workerId": "worker", **{name: absent for name in names}})

    assert (job["state"], done["state"]) == ("LOCKED", "DONE")
    assert "error" not in done


@pytest.mark.parametrize("absent", [None, 0, ""], ids=repr)
def test_absent_options_of_a_deployment_and_a_start(absent, api):
    kinds = ("errors", "escalations", "messages", "signals", "timers", "tags", "parallelism")
    process = api.deploy(**{kind: absent for kind in kinds})
    instance = api.start(correlationKey=absent, tags=absent, variables=absent)

    assert "parallelism" not in process
    assert "correlationKey" not in instance
    assert process["tags"] == instance["tags"] == []


@pytest.mark.parametrize(
    "completion",
    [
        {"errorCode": None, "escalationCode": "", "exclusiveGatewayDecision": 0, "timer": None},
        {"inclusiveGatewayDecision": None, "calledProcess": None, "messageName": "", "signalName": None},
        {"calledProcess": {"bpmnProcessId": None, "tags": None, "variables": None, "version": ""}},
        {"timer": {"time": None, "timeCycle": "", "timeDuration": "PT1S"}},
        {},
    ],
)
def test_null_means_absent_at_any_depth(completion, running):
    running.lock()

    done = running.expect(200, "completeJob", {"workerId": "worker", "completion": completion})

    assert done["state"] == "DONE"


def test_null_in_a_list_is_no_item_and_does_not_move_pointers(running):
    variables = [None, {"name": "a", "data": DATA}, None, {"name": ","}]

    assert fault(running, "setProcessVariables", {**W, "variables": variables})[0] == "#/variables/3/name"
    running.expect(204, "setProcessVariables", {**W, "variables": variables[:3]})
    assert running.expect(200, "getProcessVariables")["count"] == 1
    found = running.expect(200, "queryElementInstances", {"states": [None, "STARTED", None]})
    assert found["count"] > 0


@pytest.mark.parametrize("encoding", [None, "", 0], ids=repr)
@pytest.mark.parametrize("value", [None, "", 0], ids=repr)
def test_data_needs_encoding_and_value(encoding, value, api):
    data = {"encoding": encoding, "value": value, "encrypted": None}

    assert pointers(api, "setProcessVariables", {**W, "variables": [{"name": "a", "data": data}]}) == [
        "#/variables/0/data/encoding",
        "#/variables/0/data/value",
    ]


# Maps


def test_variables_may_come_as_a_map_in_which_null_deletes(running):
    running.expect(204, "setProcessVariables", {**W, "variables": {"a": DATA, "b": DATA}})
    running.expect(204, "setProcessVariables", {**W, "variables": {"a": None, "c": DATA}})

    read = running.expect(200, "getProcessVariables")["variables"]
    assert [variable["name"] for variable in read] == ["b", "c"]


def test_pointers_into_a_map_name_the_variable(api):
    variables = {
        "a": {"encoding": None, "value": "1"},
        "b": None,
        "c": {"encoding": "json", "value": 5},
        "d": [],
        "e f": None,
    }

    assert faults(api, "setProcessVariables", {**W, "variables": variables}) == [
        {"pointer": "#/variables/a/encoding", "type": "required", "detail": "is required"},
        {"pointer": "#/variables/c/value", "type": "type", "detail": "must be a string", "value": "5"},
        {"pointer": "#/variables/d", "type": "type", "detail": "must be an object", "value": "[]"},
        {
            "pointer": "#/variables/e f",
            "type": "variable_name",
            "detail": "must match regex ^[a-zA-Z0-9_-]+$",
            "value": "e f",
        },
    ]


def test_pointers_into_an_array_count_and_pass_the_data(api):
    variables = [{"name": "a", "data": {"value": "1"}}]

    assert pointers(api, "setProcessVariables", {**W, "variables": variables}) == [
        "#/variables/0/data/encoding"
    ]


def test_tags_may_come_as_a_map(api):
    tags = {"urgent": None, "color": "red", "blank": ""}
    expected = [{"name": "blank"}, {"name": "color", "value": "red"}, {"name": "urgent"}]

    assert api.deploy(tags=tags)["tags"] == expected
    assert api.start(tags=tags)["tags"] == expected
    found = api.expect(200, "queryProcessInstances", {"tags": {"color": "red", "urgent": None}})
    assert found["count"] == 1
    assert api.expect(200, "queryProcesses", {"tags": {"color": "blue"}}) == {"count": 0, "results": []}


def test_pointers_into_a_map_of_tags_name_the_tag(api):
    found = faults(api, "queryProcesses", {"tags": {"a": 5, "b c": "x"}})

    assert [(error["pointer"], error["type"], error["value"]) for error in found] == [
        ("#/tags/a", "type", "5"),
        ("#/tags/b c", "tag_name", "b c"),
    ]


def test_pointers_escape_what_has_a_meaning_in_pointers(api):
    assert pointers(api, "setProcessVariables", {**W, "variables": {"a/b~c": DATA}}) == [
        "#/variables/a~1b~0c"
    ]


# Times


@pytest.mark.parametrize(
    ("sent", "new"),
    [
        ("2030-01-02T10:00:00+02:00", "2030-01-02T08:00:00.000Z"),
        ("2030-01-02T00:30:00-11:45", "2030-01-02T12:15:00.000Z"),
        ("2030-01-02T08:00:00.123456789Z", "2030-01-02T08:00:00.123Z"),
        ("2030-01-02T08:00:00.9999Z", "2030-01-02T08:00:00.999Z"),
        ("2030-01-02T08:00:00.5Z", "2030-01-02T08:00:00.500Z"),
        ("2030-01-02T08:00:00Z", "2030-01-02T08:00:00.000Z"),
    ],
)
def test_request_times_have_any_offset_and_more_digits_are_cut(sent, new, api):
    assert api.expect(200, "setTime", {"time": sent}) == {
        "oldTime": "2030-01-01T08:00:00.000Z",
        "newTime": new,
    }


@pytest.mark.parametrize(
    "body", [{"timeCycle": "0 9 * * *"}, {"timeDuration": "PT1H", "time": None}], ids=str
)
def test_clock_moves_to_the_next_tick_or_by_a_duration(body, api):
    assert api.expect(200, "setTime", body)["newTime"] == "2030-01-01T09:00:00.000Z"
    api.deploy(sequence("order", 1))
    assert api.start()["createdAt"] == "2030-01-01T09:00:00.000Z"


@pytest.mark.parametrize("cycle", ["0 9 * * *", "CRON_TZ=Europe/Berlin 0 9 * * MON", "R/PT1H", "R3/P1D"])
def test_cycle_of_a_timer_is_cron_or_a_repetition(cycle, running):
    running.lock()
    completion = {"timer": {"timeCycle": cycle}}

    assert running.call("completeJob", {"workerId": "worker", "completion": completion}).status == 200


@pytest.mark.parametrize(
    "timer", [{"time": "2030-01-01T00:00:00Z", "timeDuration": "PT1S"}, {"time": None}], ids=str
)
def test_timer_is_exactly_one_of_three(timer, api):
    assert fault(api, "completeJob", {**W, "completion": {"timer": timer}})[:2] == (
        "#/completion/timer",
        "timer",
    )

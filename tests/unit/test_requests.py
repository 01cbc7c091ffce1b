"""From a request to a command: where each value comes from, and where each fault is said to be."""

import json
from typing import Any

import pytest

from chalicelib.api.problems import RequestProblem
from chalicelib.api.requests import Parameter, parameters, read_command
from chalicelib.contract import commands as c
from chalicelib.contract.commands import In
from chalicelib.contract.native import OPERATIONS
from chalicelib.engine.states import InstanceState, TaskType

ROWS = {row.name: row for row in OPERATIONS}
JOB = {"partition": "2030-01-01", "id": "17"}


def read(
    operation: str,
    body: Any = None,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    content_type: str | None = "application/json",
) -> c.Command:
    text = b"" if body is None else json.dumps(body).encode()
    return read_command(ROWS[operation], path or {}, query or {}, text, content_type)


def refusal(*args: Any, **more: Any) -> dict[str, Any]:
    with pytest.raises(RequestProblem) as refused:
        read(*args, **more)
    assert refused.value.status == refused.value.body["status"]
    return refused.value.body


def test_command_is_made_of_path_and_body():
    command = read("completeJob", {"workerId": "w", "retryLimit": 2, "completion": {"errorCode": "E"}}, JOB)

    assert command == c.CompleteJob(
        partition="2030-01-01",
        id=17,
        workerId="w",
        retryLimit=2,
        completion=c.JobCompletion(errorCode="E"),
    )


def test_command_is_made_of_query_and_body():
    query = {"offset": "3", "limit": "+4", "unknown": "x"}

    assert read("queryJobs", {"id": 5}, query=query) == c.QueryJobs(id=5, offset=3, limit=4)


def test_command_of_a_get_has_no_body():
    command = read("getProcessVariables", None, JOB, {"names": "a,b"}, None)

    assert command == c.GetProcessVariables(partition="2030-01-01", id=17, names="a,b")


def test_enumerations_become_members():
    assert read("queryElementInstances", {"states": ["STARTED"]}).states == (InstanceState.STARTED,)
    assert read("executeTasks", {"limit": 1, "type": "TRIGGER_EVENT"}).type is TaskType.TRIGGER_EVENT


def test_times_become_milliseconds_since_1970():
    assert read("setTime", {"time": "1970-01-01T01:00:01.5009+01:00"}).time == 1500


def test_maps_become_lists():
    command = read("createProcessInstance", START | {"tags": {"a": "x"}, "variables": {"v": DATA, "w": None}})

    assert command.tags == (c.Tag(name="a", value="x"),)
    assert command.variables == (
        c.ProcessVariable(name="v", data=c.Data(**DATA)),
        c.ProcessVariable(name="w"),
    )


DATA = {"encoding": "json", "value": "1"}
START = {"bpmnProcessId": "p", "version": "1", "workerId": "w"}


def test_parameters_of_a_command():
    assert parameters(c.GetProcessVariables, In.PATH) == (
        Parameter("partition", "partition", "text", 1),
        Parameter("id", "id", "integer", 1),
    )
    assert [parameter.name for parameter in parameters(c.GetProcessVariables, In.QUERY)] == ["names"]
    assert [parameter.minimum for parameter in parameters(c.QueryJobs, In.QUERY)] == [0, 0]
    assert parameters(c.LockJobs, In.QUERY) == ()


def test_media_type_is_judged_first():
    body = refusal("completeJob", {}, {"partition": "x", "id": "x"}, content_type="text/html")

    assert (body["status"], body["type"]) == (415, "HTTP_MEDIA_TYPE")
    assert body["detail"] == "media type text/html is not supported, expected application/json"


def test_url_is_judged_before_the_body():
    assert refusal("completeJob", [], {"partition": "x", "id": "x"})["type"] == "HTTP_REQUEST_URI"


def test_long_texts_are_not_repeated_in_full():
    assert len(refusal("completeJob", {}, {**JOB, "id": "9" * 5000})["detail"]) < 200
    assert len(refusal("queryJobs", {}, content_type="x" * 5000)["detail"]) < 200


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        ([7, 7], "[7 7]"),
        ([1, 2, 2], "[1 2 2]"),
        ([1, 2, 3, 3], "[1 2 3 3]"),
        ([1, 2, 3, 4, 4], "[1 2 ... 4 4]"),
        ([None, 5, None, 5], "[5 5]"),
    ],
)
def test_long_lists_are_shown_by_their_ends(ids, shown):
    (error,) = refusal("lockJobs", {"workerId": "w", "limit": 1, "processIds": ids})["errors"]

    assert error["value"] == shown


@pytest.mark.parametrize("value", [{"a": 1}, {}], ids=str)
def test_objects_are_not_shown(value):
    (error,) = refusal("unlockJobs", {"workerId": value})["errors"]

    assert "value" not in error


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({"id": "1"}, "must be an integer"),
        ({"bpmnElementId": 1}, "must be a string"),
        ({"states": "STARTED"}, "must be an array"),
        ({"partition": 20300101}, "must be a date"),
        (
            {"states": [1]},
            "must be one of CANCELED, COMPLETED, CREATED, QUEUED, STARTED, SUSPENDED, TERMINATED",
        ),
    ],
    ids=str,
)
def test_wrong_kinds_of_json_are_said_plainly(value, detail):
    (error,) = refusal("queryElementInstances", value)["errors"]

    assert (error["type"], error["detail"]) == ("type", detail)

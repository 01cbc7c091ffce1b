"""What comes in the URL: path variables, offset and limit.

Source: engine-semantics 1: unparsable is HTTP_REQUEST_URI, too small is VALIDATION.
"""

import pytest

from chalicelib.api.requests import read_command
from chalicelib.contract.native import OPERATIONS
from tests.api.driver import DAY, ROWS, Api

WITH_PARTITION = [row for row in OPERATIONS if "{partition}" in row.path]
WITH_ID = [row for row in OPERATIONS if "{id}" in row.path]
QUERIES = [row for row in OPERATIONS if row.name.startswith("query")]

by_name = {"ids": lambda value: getattr(value, "name", str(value))}


def body(row) -> dict[str, str] | None:
    return None if row.method == "GET" else {"workerId": "w"}


def refusal(api: Api, operation: str, *args: object, **more: object) -> tuple[str, str]:
    """Type and detail of a refused URL."""
    answer = api.call(operation, *args, **more)
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert answer.json["title"] == "invalid request URI"
    return answer.json["type"], answer.json["detail"]


@pytest.mark.parametrize(
    "partition",
    ["today", "2030-1-1", "20300101", "2030-02-30", "2030-01-01T00:00:00Z", "%20", "%FF", "0000-01-01"],
)
@pytest.mark.parametrize("row", WITH_PARTITION, **by_name)
def test_unparsable_partition(row, partition, api):
    type, detail = refusal(api, row.name, body(row), partition=partition)

    assert type == "HTTP_REQUEST_URI"
    assert detail.startswith("invalid path parameter partition: ")


@pytest.mark.parametrize("id", ["x", "1.0", "1e3", "0x1", "%201", "%D9%A1", "2147483648", "9" * 30])
@pytest.mark.parametrize("row", WITH_ID, **by_name)
def test_unparsable_id(row, id, api):
    type, detail = refusal(api, row.name, body(row), id=id)

    assert type == "HTTP_REQUEST_URI"
    assert detail.startswith("invalid path parameter id: ")


@pytest.mark.parametrize("id", ["0", "-1", "-0", "-2147483647"])
@pytest.mark.parametrize("row", WITH_ID, **by_name)
def test_path_id_below_one(row, id, api):
    assert refusal(api, row.name, body(row), id=id) == (
        "VALIDATION",
        "path parameter id must be greater than or equal to 1",
    )


@pytest.mark.parametrize("text", ["x", "1.5", "2147483648", "1 2", "+"])
@pytest.mark.parametrize("name", ["offset", "limit"])
@pytest.mark.parametrize("row", QUERIES, **by_name)
def test_unparsable_page(row, name, text, api):
    type, detail = refusal(api, row.name, query={name: text})

    assert type == "HTTP_REQUEST_URI"
    assert detail == f"invalid query parameter {name}: {text}"


@pytest.mark.parametrize("name", ["offset", "limit"])
@pytest.mark.parametrize("row", QUERIES, **by_name)
def test_negative_page(row, name, api):
    assert refusal(api, row.name, query={name: -1}) == (
        "VALIDATION",
        f"query parameter {name} must be greater than or equal to 0",
    )


@pytest.mark.parametrize("row", QUERIES, **by_name)
def test_page_that_is_not_given_is_the_whole(row, api):
    assert api.call(row.name, query="limit=&offset=").status == 200
    assert api.call(row.name, query={"limit": 0, "offset": 2147483647}).json == {"count": 0, "results": []}


def test_a_thousand_hits_unless_asked_for_more(api):
    for version in range(1001):
        api.deploy(version=str(version))

    assert api.expect(200, "queryProcesses")["count"] == 1000
    assert api.expect(200, "queryProcesses", query="limit=0")["count"] == 1000
    assert api.expect(200, "queryProcesses", query="limit=1001")["count"] == 1001


def test_fault_of_the_url_comes_before_faults_of_the_body(api):
    assert refusal(api, "completeJob", b"{", id="x")[0] == "HTTP_REQUEST_URI"
    assert refusal(api, "completeJob", {"surprise": 1}, partition="x") == (
        "HTTP_REQUEST_URI",
        "invalid path parameter partition: x",
    )


def test_path_variables_are_unquoted_once(running):
    assert running.call("getProcessVariables", partition="%32030-01-01").status == 200
    assert refusal(running, "getProcessVariables", partition="%2532030-01-01") == (
        "HTTP_REQUEST_URI",
        "invalid path parameter partition: %32030-01-01",
    )


def test_other_query_parameters_do_not_matter(running):
    assert running.expect(200, "queryJobs", query="x=1&limit=1&limit=5")["count"] == 1


@pytest.mark.parametrize(
    ("text", "excludes"),
    [
        ("true", True),
        ("True", True),
        ("1", True),
        ("false", False),
        ("0", False),
        ("", False),
        ("yes!", False),
    ],
)
def test_unparsable_boolean_counts_as_false(text, excludes, running):
    (element,) = running.expect(200, "queryElementInstances", {"bpmnElementId": "t0"})["results"]

    answer = running.call("getElementVariables", id=element["id"], query={"excludeParentVariables": text})

    assert answer.json == {"count": 0, "variables": []}
    command = read_command(
        ROWS["getElementVariables"],
        {"partition": DAY, "id": "3"},
        {"excludeParentVariables": text},
        b"",
        None,
    )
    assert command.exclude_parent_variables is excludes

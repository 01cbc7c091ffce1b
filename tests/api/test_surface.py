"""What the further surfaces have in common: who may come in, and how they answer and refuse."""

import pytest

from chalicelib.contract.rights import Role
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.api.driver import KEY, USER, Api, basic
from tests.api.test_failures import Broken
from tests.api.test_rights import add

REFRESH = "/BPMREST/service/runtime/refreshCache"
JSON = "application/json;charset=UTF-8"


def refused(answer, status: int, error_type: str) -> str:
    """The message of a refusal, if it is this one."""
    assert (answer.status, answer.content_type) == (status, JSON), answer.body
    assert list(answer.json) == ["data", "code", "timestamp", "totalRecordCount", "message", "errorType"]
    assert (answer.json["data"], answer.json["code"], answer.json["totalRecordCount"]) == ("", status, 0)
    assert answer.json["errorType"] == error_type
    return answer.json["message"]


def test_answer_is_in_the_envelope(api):
    answer = api.send("POST", REFRESH)

    assert (answer.status, answer.content_type) == (200, JSON)
    assert list(answer.json.items()) == [
        ("data", "RefreshCache Success"),
        ("code", 0),
        ("timestamp", api.clock()),
        ("totalRecordCount", 1),
    ]


@pytest.mark.parametrize("body", [None, b"", b"{", b"[1]", b"\xff"])
@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_where_no_body_is_looked_at_anything_may_come(body, media_type, api):
    assert api.send("POST", REFRESH, body, {"Content-Type": media_type}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": basic(USER)},
        {"Authorization": None, "X-API-Key": KEY},
        {"Authorization": "wrong", "X-API-Key": KEY},
    ],
)
def test_credential_is_a_key_bare_or_bearer_or_of_its_own_header(headers, api):
    assert api.send("POST", REFRESH, headers=headers).status == 200


@pytest.mark.parametrize(
    "headers", [{"Authorization": None}, {"Authorization": "wrong"}, {"X-API-Key": "wrong"}]
)
def test_nobody_else_comes_in(headers, api):
    refused(api.send("POST", REFRESH, headers=headers), 401, "UNAUTHENTICATED")


def test_trusted_network_asks_nobody():
    api = Api(Settings(store="memory", api_key=KEY, surfaces_auth="none"))

    assert api.send("POST", REFRESH, headers={"Authorization": None}).status == 200
    assert api.send("POST", "/jobs/lock", {}, {"Authorization": None}).status == 401


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_cache_is_the_admins(role, api):
    key = add(api, role)

    message = refused(api.send("POST", REFRESH, headers={"Authorization": key}), 403, "FORBIDDEN")

    assert message.endswith("may not call refreshProcessCache")


def test_refusals_may_have_status_200_for_clients_that_know_no_other():
    api = Api(Settings(store="memory", api_key=KEY, compat_http_status="always-200"))

    answer = api.send("POST", REFRESH, headers={"Authorization": "wrong"})

    assert (answer.status, answer.json["code"], answer.json["errorType"]) == (200, 401, "UNAUTHENTICATED")


def test_store_that_fails_is_a_fault_of_ours_without_its_story():
    api = Api(Settings(store="memory"), Broken(MemoryItems()))

    message = refused(api.send("POST", REFRESH, headers={"Authorization": "a key"}), 500, "INTERNAL")

    assert message.startswith("an unexpected error occurred, reference ")


def test_browser_may_ask_first():
    api = Api(Settings(store="memory", api_key=KEY, cors="*"))

    answer = api.send("OPTIONS", REFRESH, headers={"Authorization": None, "Origin": "https://a.example"})

    assert answer.status == 200
    assert "X-API-Key" in answer.headers["access-control-allow-headers"].split(",")

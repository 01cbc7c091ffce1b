"""Web pages of another origin: allowed by a setting, here as on API Gateway."""

import pytest
from chalice.deploy.swagger import CFNSwaggerGenerator

from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.surfaces import OPERATIONS as EVERY_OPERATION
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.api.driver import DAY, KEY, Api
from tests.api.test_failures import Broken

ORIGIN = "https://console.example.com"
ALLOW = "access-control-allow-origin"


@pytest.fixture
def api() -> Api:
    return Api(Settings(store="memory", api_key=KEY, cors=ORIGIN))


def paths(row) -> list[str]:
    texts = (row.path, *row.aliases)
    return [text.replace("{partition}", DAY).replace("{id}", "1") for text in texts]


@pytest.mark.parametrize("row", EVERY_OPERATION, ids=lambda row: row.name)
def test_browser_may_ask_before_every_request_without_a_credential(row, api):
    for path in paths(row):
        answer = api.send("OPTIONS", path, headers={"Authorization": None, "Origin": ORIGIN})

        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers[ALLOW] == ORIGIN
        assert row.method in answer.headers["access-control-allow-methods"].split(",")
        allowed = answer.headers["access-control-allow-headers"].split(",")
        assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(allowed)
        assert answer.headers["access-control-max-age"] == "7200"


def test_browser_hears_here_what_it_hears_from_api_gateway(api):
    for path, verbs in CFNSwaggerGenerator().generate_swagger(api.app, None)["paths"].items():
        template = verbs["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
        prefix = "method.response.header."
        deployed = {
            name.removeprefix(prefix).lower(): text.strip("'")
            for name, text in template["responseParameters"].items()
        }

        local = api.send("OPTIONS", path.replace("{partition}", DAY).replace("{id}", "1")).headers

        assert {name: text for name, text in local.items() if name.startswith("access-control")} == deployed


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_answers_may_be_read_whatever_their_status(row, api):
    answers = [
        api.call(row.name),
        api.call(row.name, b"{"),
        api.call(row.name, headers={"Authorization": None}),
    ]

    assert all(answer.headers[ALLOW] == ORIGIN for answer in answers)
    assert all("Retry-After" in answer.headers["access-control-expose-headers"] for answer in answers)


@pytest.mark.parametrize(("verb", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/time", 405)])
def test_refusals_of_the_gateway_may_be_read(verb, path, status, api):
    answer = api.send(verb, path)

    assert (answer.status, answer.headers[ALLOW]) == (status, ORIGIN)


def test_faults_of_ours_may_be_read():
    api = Api(Settings(store="memory", api_key=KEY, cors=ORIGIN), Broken(MemoryItems()))

    answer = api.call("queryProcesses")

    assert (answer.status, answer.headers[ALLOW]) == (500, ORIGIN)


def test_any_origin():
    api = Api(Settings(store="memory", api_key=KEY, cors="*"))

    assert api.call("queryProcesses").headers[ALLOW] == "*"
    assert "access-control-allow-credentials" not in api.call("queryProcesses").headers


def test_without_the_setting_nothing_is_allowed():
    api = Api(Settings(store="memory", api_key=KEY))
    answers = [
        api.send("OPTIONS", "/time", headers={"Origin": ORIGIN}),
        api.call("queryProcesses", headers={"Origin": ORIGIN}),
        api.send("GET", "/nothing"),
    ]

    assert [answer.status for answer in answers] == [405, 200, 404]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]

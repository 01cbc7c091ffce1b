"""Connectors as the settings make them."""

import pytest

from chalicelib import wiring
from chalicelib.sdk.job import Given, Job
from chalicelib.sdk.worker import Worker, perform
from chalicelib.settings import InvalidSetting, Settings


@pytest.mark.parametrize("service", ["lambda", "dynamodb"])
def test_a_call_is_made_once_in_its_time(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    config = wiring._client_within(service, 3.2).meta.config

    assert (config.retries["total_max_attempts"], config.read_timeout) == (1, 4)
    assert wiring._client_within(service, 3.9) is wiring._client_within(service, 3.2)


def test_the_table_of_the_engine_is_refused_whatever_the_list_says() -> None:
    connectors = wiring.connectors(Settings(store="dynamodb", data="shop", dynamodb_tables=("*",)))
    handler = connectors.find("any", "any", "dynamodb")
    assert handler is not None

    told = perform(handler, Job(source=Given(element={"action": "get", "table": "shop-items", "Key": {}})))

    assert told["completion"] == {"errorCode": "DYNAMODB_NOT_ALLOWED"}


@pytest.mark.parametrize("name", ["bpmn-work", "arn:aws:lambda:eu-central-1:1:function:bpmn-work:live"])
def test_the_function_that_runs_the_engine_is_refused_whatever_the_list_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "bpmn-work")
    connectors = wiring.connectors(Settings(store="memory", lambda_functions=("*", "arn:*")))
    handler = connectors.find("any", "any", "lambda")
    assert handler is not None

    told = perform(handler, Job(source=Given(element={"function": name})))

    assert told["completion"] == {"errorCode": "LAMBDA_NOT_ALLOWED"}


def test_there_are_handlers_where_something_is_said_of_them() -> None:
    settings = Settings(store="memory", handlers="tests.local.handlers", http_hosts=("api.example.com",))
    handlers = wiring.handlers(settings)
    assert handlers is not None

    assert "http" in handlers
    assert ("flow", "s0") in handlers
    assert "lambda" not in handlers
    assert wiring.handlers(Settings(store="memory")) is None


def test_a_handler_of_the_user_goes_before_a_connector() -> None:
    own = Worker()
    own.job(work_type="http")(lambda job: {"answer": 42})
    connectors = wiring.connectors(Settings(store="memory", http_hosts=("api.example.com",)))

    handler = own.beside(connectors).find("any", "any", "http")

    assert handler is own.find("any", "any", "http")


@pytest.mark.parametrize("host", ["a.example.com:99999", "a..example.com"])
def test_a_host_that_is_none_is_told_when_the_engine_is_built(host: str) -> None:
    with pytest.raises(InvalidSetting, match=r"BPMN_HTTP_HOSTS: .*host"):
        wiring.build(Settings(store="memory", http_hosts=("api.example.com", host)))

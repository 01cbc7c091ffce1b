"""The gateway gives Chalice the events that API Gateway would, and says itself what no route answers."""

import base64
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from chalice.app import Response

from chalicelib.api.threaded import ThreadedChalice
from chalicelib.local.gateway import (
    TIMEOUT,
    Event,
    Gateway,
    HttpAnswer,
    HttpRequest,
    LocalContext,
    Match,
    Routes,
    problem,
    to_answer,
    to_event,
)

JOB = Match("/jobs/{partition}/{id}", {"partition": "2030-01-01", "id": "17"})


def event_of(path: str = "/jobs/2030-01-01/17", **request: Any) -> Event:
    return to_event(HttpRequest("POST", path, **request), JOB, "some-id")


def gateway_of(view: Callable[..., Any], path: str = "/jobs/{partition}/{id}", verb: str = "POST") -> Gateway:
    app = ThreadedChalice("test", configure_logs=False)
    app.route(path, methods=[verb], content_types=["*/*"])(view)
    return Gateway(app)


def header(answer: HttpAnswer, name: str) -> list[str]:
    return [value.decode() for key, value in answer.headers if key == name.encode()]


# Routes.


@pytest.fixture
def routes() -> Routes:
    return Routes(
        ["/", "/jobs/lock", "/jobs/{partition}/{id}", "/jobs/{partition}/{id}/complete", "/jobs/lock/all/now"]
    )


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", "/"),
        ("/jobs/lock", "/jobs/lock"),
        ("/jobs/lock/all/now", "/jobs/lock/all/now"),
        ("/jobs/2030-01-01/17", "/jobs/{partition}/{id}"),
        ("/jobs/2030-01-01/17/", "/jobs/{partition}/{id}"),
        ("/jobs/2030-01-01/17/complete", "/jobs/{partition}/{id}/complete"),
    ],
)
def test_a_path_finds_its_route(routes: Routes, path: str, pattern: str) -> None:
    found = routes.match(path)

    assert found is not None
    assert found.pattern == pattern


@pytest.mark.parametrize(
    "path",
    ["/jobs", "/jobs/2030-01-01", "/jobs//17", "/jobs/2030-01-01/17/fail", "/Jobs/lock", "//", "jobs/lock"],
)
def test_a_path_of_no_route_finds_none(routes: Routes, path: str) -> None:
    assert routes.match(path) is None


def test_path_variables_are_captured_by_name(routes: Routes) -> None:
    found = routes.match("/jobs/2030-01-01/17/complete")

    assert found is not None
    assert found.parameters == {"partition": "2030-01-01", "id": "17"}


def test_where_a_literal_leads_nowhere_the_variable_is_tried(routes: Routes) -> None:
    assert routes.match("/jobs/lock/17") == ("/jobs/{partition}/{id}", {"partition": "lock", "id": "17"})
    assert routes.match("/jobs/lock/all") == ("/jobs/{partition}/{id}", {"partition": "lock", "id": "all"})


def test_a_variable_tried_in_vain_is_forgotten() -> None:
    routes = Routes(["/jobs/{id}/complete", "/{noun}/{id}/history"])

    assert routes.match("/jobs/17/history") == ("/{noun}/{id}/history", {"noun": "jobs", "id": "17"})


# Events.


def test_path_parameters_stay_percent_encoded_as_in_rest_apis(routes: Routes) -> None:
    found = routes.match("/jobs/a%2Fb/a+b%20c")

    assert found is not None
    assert found.parameters == {"partition": "a%2Fb", "id": "a+b%20c"}


def test_query_parameters_are_decoded_and_keep_every_value() -> None:
    event = event_of(query="tag=a%26b&tag=c+d&empty=&name=%C3%A4")

    assert event["multiValueQueryStringParameters"] == {"tag": ["a&b", "c d"], "empty": [""], "name": ["ä"]}
    assert event["queryStringParameters"] == {"tag": "c d", "empty": "", "name": "ä"}


@pytest.mark.parametrize("query", ["", "&"])
def test_no_query_parameters_are_null(query: str) -> None:
    assert event_of(query=query)["multiValueQueryStringParameters"] is None
    assert event_of(query=query)["queryStringParameters"] is None


def test_the_last_of_repeated_headers_counts_and_all_are_there() -> None:
    event = event_of(headers=[(b"X-Tag", b"a"), (b"X-Tag", b"b"), (b"content-type", b"text/plain")])

    assert event["headers"] == {"X-Tag": "b", "content-type": "text/plain"}
    assert event["multiValueHeaders"]["X-Tag"] == ["a", "b"]


def test_an_empty_body_is_null() -> None:
    assert (event_of()["body"], event_of()["isBase64Encoded"]) == (None, False)


def test_a_text_body_comes_as_text() -> None:
    event = event_of(body='{"name":"ä"}'.encode())

    assert (event["body"], event["isBase64Encoded"]) == ('{"name":"ä"}', False)


def test_a_body_that_is_not_utf8_comes_in_base64() -> None:
    event = event_of(body=b"\xff\x00")

    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff\x00", True)


def test_the_context_names_route_verb_client_and_request() -> None:
    context = event_of(source_ip="10.1.2.3")["requestContext"]

    assert context["resourcePath"] == "/jobs/{partition}/{id}"
    assert context["httpMethod"] == "POST"
    assert context["identity"]["sourceIp"] == "10.1.2.3"
    assert context["requestId"] == "some-id"


def test_the_time_that_a_request_has_left_runs_down_to_zero() -> None:
    now = 100.0
    context = LocalContext("some-id", clock=lambda: now)
    assert context.get_remaining_time_in_millis() == TIMEOUT * 1000

    now += 4
    assert context.get_remaining_time_in_millis() == (TIMEOUT - 4) * 1000

    now += TIMEOUT
    assert context.get_remaining_time_in_millis() == 0


# Answers.


def result(body: object = "{}", status: int = 200, **more: Any) -> Mapping[str, Any]:
    return {"statusCode": status, "headers": {}, "multiValueHeaders": {}, "body": body, **more}


def test_the_content_type_goes_out_exactly_as_set() -> None:
    answer = to_answer(result(headers={"Content-Type": "application/json"}))

    assert header(answer, "content-type") == ["application/json"]


def test_a_body_without_content_type_is_json() -> None:
    assert header(to_answer(result()), "content-type") == ["application/json"]


def test_an_empty_body_has_length_zero_and_no_content_type() -> None:
    answer = to_answer(result("", 401))

    assert answer == HttpAnswer(401, [(b"content-length", b"0")], b"")


def test_an_answer_without_content_has_no_length() -> None:
    assert to_answer(result("ignored", 204)) == HttpAnswer(204, [], b"")


def test_headers_with_several_values_go_out_several_times() -> None:
    answer = to_answer(result(multiValueHeaders={"Set-Cookie": ["a=1", "b=2"]}))

    assert header(answer, "set-cookie") == ["a=1", "b=2"]


def test_the_length_is_ours() -> None:
    answer = to_answer(result("ä", headers={"Content-Length": "1"}))

    assert header(answer, "content-length") == ["2"]


def test_a_base64_answer_goes_out_as_bytes() -> None:
    encoded = base64.b64encode(b"\xff\x00").decode()

    assert to_answer(result(encoded, isBase64Encoded=True)).body == b"\xff\x00"


def test_an_answer_in_bytes_is_refused_as_in_lambda() -> None:
    with pytest.raises(TypeError, match="is text, not bytes"):
        to_answer(result(b"<xml/>"))


def test_a_problem_is_problem_json_and_nothing_else() -> None:
    answer = problem(409, "CONFLICT", "failed to lock job", "job 2030-01-01/17 is locked")

    assert header(answer, "content-type") == ["application/problem+json"]
    assert json.loads(answer.body) == {
        "status": 409,
        "type": "CONFLICT",
        "title": "failed to lock job",
        "detail": "job 2030-01-01/17 is locked",
    }


# The gateway as a whole.


def test_the_view_sees_path_variables_query_and_body() -> None:
    def view(partition: str, id: str) -> Response:
        request = gateway._app.current_request
        tags = request.query_params.getlist("tag")
        return Response({"at": [partition, id], "tags": tags, "body": request.raw_body.decode("latin-1")})

    gateway = gateway_of(view)
    answer = gateway.answer(HttpRequest("POST", "/jobs/2030-01-01/17", "tag=a&tag=b", body=b"\xe4"))

    assert answer.status == 200
    assert json.loads(answer.body) == {"at": ["2030-01-01", "17"], "tags": ["a", "b"], "body": "ä"}


def test_an_unknown_path_is_a_problem() -> None:
    answer = gateway_of(lambda partition, id: {}).answer(HttpRequest("GET", "/nowhere"))

    assert answer.status == 404
    assert header(answer, "content-type") == ["application/problem+json"]
    assert json.loads(answer.body).items() >= {"status": 404, "type": "NOT_FOUND"}.items()


def test_a_wrong_verb_is_a_problem_that_names_the_right_ones() -> None:
    answer = gateway_of(lambda partition, id: {}).answer(HttpRequest("PUT", "/jobs/2030-01-01/17"))

    assert answer.status == 405
    assert header(answer, "allow") == ["POST"]
    assert header(answer, "content-type") == ["application/problem+json"]
    assert json.loads(answer.body).items() >= {"status": 405, "type": "HTTP_REQUEST_URI"}.items()


def test_what_lambda_could_not_answer_is_a_bug_whose_reference_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = gateway_of(lambda partition, id: Response(b"<xml/>", {"Content-Type": "text/xml"}))

    with caplog.at_level(logging.ERROR):
        answer = gateway.answer(HttpRequest("POST", "/jobs/2030-01-01/17"))

    told = json.loads(answer.body)
    assert (answer.status, told["type"]) == (500, "BUG")
    assert told["detail"].removeprefix("reference ") in caplog.text
    assert "Traceback" not in answer.body.decode()

"""The connector http: what is sent, where redirects lead, what an answer means; without a network."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.connectors.deadline import TimedOut
from chalicelib.connectors.hosts import Hosts
from chalicelib.connectors.http import HttpConnector, Request, Response, TooLarge, Unreachable
from chalicelib.sdk.job import Given, Job
from chalicelib.sdk.worker import BpmnError, Failure

PUBLIC = "93.184.216.34"
JSON = {"content-type": "application/json"}

Script = Response | Exception | Callable[[], Response]


@dataclass
class Web:
    """Servers that answer what a test says, in order; a clock that the pauses move.

    Attributes:
        answers: What comes next; the last one stays.
        sent: What was sent, and to which address.
        pauses: How long somebody waited.
    """

    answers: list[Script]
    addresses: dict[str, list[str]] = field(default_factory=dict)
    sent: list[tuple[Request, str]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    now: float = 0.0

    def resolve(self, host: str, port: int, seconds: float) -> list[str]:
        return self.addresses.get(host, [PUBLIC])

    def send(self, request: Request, address: str, seconds: float) -> Response:
        self.sent.append((request, address))
        self.seconds = seconds
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    @property
    def requests(self) -> list[str]:
        return [f"{request.method} {request.url}" for request, _ in self.sent]


def answer(status: int = 200, body: str = "", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): text for name, text in headers.items()}, body.encode())


def call(
    web: Web, hosts: tuple[str, ...] = ("api.example.com",), seconds_left: float | None = None, **inputs: Any
) -> dict[str, Any]:
    """Do a task with these inputs; answers its response."""
    connector = HttpConnector(Hosts.of(hosts), web.resolve, web.send, lambda: web.now, web.pause)
    job = Job(
        source=Given(element={"url": "https://api.example.com/rates", **inputs}), seconds_left=seconds_left
    )
    found = connector.perform(job).element_variables
    return json.loads(found["response"].value)  # type: ignore[index]


def error(web: Web, *arguments: Any, **inputs: Any) -> dict[str, Any]:
    """What it throws instead."""
    with pytest.raises(BpmnError) as thrown:
        call(web, *arguments, **inputs)
    told = json.loads(thrown.value.variables["error"].value)  # type: ignore[index]
    assert told["code"] == thrown.value.code
    return told


def failure(**inputs: Any) -> str:
    with pytest.raises(Failure) as failed:
        call(Web([answer()]), **inputs)
    assert failed.value.retries == 0
    return str(failed.value)


# What is sent


def test_a_url_alone_is_a_get() -> None:
    web = Web([answer(200, '{"rate": 31.184504}', content_type="application/json; charset=utf-8")])

    found = call(web)

    assert found["status"] == 200
    assert found["body"] == {"rate": 31.184504}
    ((request, address),) = web.sent
    assert (request.method, request.url, request.body, address) == (
        "GET",
        "https://api.example.com/rates",
        None,
        PUBLIC,
    )
    assert web.seconds == 10


@pytest.mark.parametrize(
    ("url", "query", "sent"),
    [
        ("https://api.example.com", {}, "https://api.example.com/"),
        ("https://API.example.com:443/a", {}, "https://api.example.com/a"),
        ("https://api.example.com/a?b=1", {"c": 2}, "https://api.example.com/a?b=1&c=2"),
        (
            "https://api.example.com/a",
            {"q": "a b&c", "n": None, "l": [1, "x"], "t": True},
            "https://api.example.com/a?q=a+b%26c&l=1&l=x&t=true",
        ),
        (
            "https://api.example.com/a b/ไทย?q=ก",
            {},
            "https://api.example.com/a%20b/%E0%B9%84%E0%B8%97%E0%B8%A2?q=%E0%B8%81",
        ),
        ("https://api.example.com/a%20b#part", {}, "https://api.example.com/a%20b"),
        ("http://api.example.com:80/a", {}, "http://api.example.com/a"),
    ],
)
def test_url_and_query_are_written_as_the_network_wants_them(
    url: str, query: dict[str, Any], sent: str
) -> None:
    web = Web([answer()])

    call(web, url=url, query=query)

    assert web.sent[0][0].url == sent


@pytest.mark.parametrize(
    ("body", "headers", "sent", "media_type"),
    [
        ({"ชื่อ": "แอน"}, {}, '{"ชื่อ":"แอน"}', "application/json"),
        ([1.10], {}, "[1.1]", "application/json"),
        ("plain", {}, "plain", "text/plain; charset=utf-8"),
        ("<a/>", {"content-type": "text/xml"}, "<a/>", "text/xml"),
        (
            {"a": "b c", "d": 1},
            {"Content-Type": "application/x-www-form-urlencoded"},
            "a=b+c&d=1",
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_a_body_is_json_unless_it_is_text(
    body: Any, headers: dict[str, str], sent: str, media_type: str
) -> None:
    web = Web([answer()])

    call(web, method="post", body=body, headers=headers)

    request = web.sent[0][0]
    assert request.method == "POST"
    assert request.body == sent.encode()
    assert {name.lower(): text for name, text in request.headers.items()}["content-type"] == media_type


def test_of_a_header_with_a_list_each_entry_is_sent() -> None:
    web = Web([answer()])

    call(web, headers={"Accept": ["text/html", "text/plain"], "X": [1, None, "é\t"]})

    headers = web.sent[0][0].headers
    assert (headers["Accept"], headers["X"]) == ("text/html, text/plain", "1, é\t")


def test_what_scopes_around_the_task_call_a_body_is_not_sent() -> None:
    class Scopes(Given):
        def element_variables(self, names: Any) -> Any:
            yield {
                "name": "body",
                "bpmnElementId": "around",
                "data": {"encoding": "json", "value": '"secret"'},
            }
            yield {
                "name": "url",
                "bpmnElementId": "element",
                "data": {"encoding": "json", "value": '"https://api.example.com/"'},
            }

    web = Web([answer()])
    connector = HttpConnector(Hosts.of(("api.example.com",)), web.resolve, web.send, lambda: 0.0, web.pause)

    connector.perform(Job(source=Scopes()))

    assert web.sent[0][0].body is None


@pytest.mark.parametrize(
    ("inputs", "fact"),
    [
        ({"url": ""}, "input url is missing"),
        ({"url": "ftp://api.example.com"}, "input url must begin with http:// or https:// and a host"),
        ({"url": "//api.example.com"}, "input url must begin with"),
        ({"url": "https://me:secret@api.example.com"}, "input url has a user in it"),
        ({"url": "https://api.example.com:port"}, "input url is no URL"),
        ({"url": "https://localhost\0.example.com"}, "input url is no URL"),
        ({"method": "CONNECT"}, "input method must be one of GET"),
        ({"headers": {"Host": "other"}}, "header Host cannot be said"),
        ({"headers": {"X": "a\r\nY: b"}}, "header 'X' has signs that no header has"),
        ({"headers": {"X": "a\x01b"}}, "header 'X' has signs that no header has"),
        ({"headers": {"X": "a\x7fb"}}, "header 'X' has signs that no header has"),
        ({"headers": {"X ": "a"}}, "header 'X ' has signs that no header has"),
        ({"headers": {"": "a"}}, "header '' has signs that no header has"),
        ({"headers": {"A:B": "a"}}, "header 'A:B' has signs that no header has"),
        ({"headers": {"X": "ไทย"}}, "header 'X' has signs that no header has"),
        ({"headers": ["X"]}, "input headers must be an object"),
        ({"timeoutSeconds": "soon"}, "input timeoutSeconds must be a number from 0.001 to 600"),
        ({"retries": 11}, "input retries must be a number from 0 to 10"),
    ],
)
def test_what_cannot_be_sent_fails_without_being_tried_again(inputs: dict[str, Any], fact: str) -> None:
    assert failure(**inputs).startswith(fact)


# Where it may go


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://api.example.com:8443/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://localhost/",
    ],
)
def test_a_host_that_is_not_listed_is_not_called(url: str) -> None:
    web = Web([answer()])

    assert error(web, url=url)["code"] == "HTTP_NOT_ALLOWED"
    assert web.sent == []


def test_a_name_that_leads_inside_is_not_called() -> None:
    web = Web([answer()], {"a.example.com": ["10.0.0.1", "127.0.0.1"]})

    told = error(web, ("*.example.com",), url="https://a.example.com/")

    assert told["code"] == "HTTP_NOT_ALLOWED"
    assert "a.example.com is at 10.0.0.1" in told["message"]
    assert web.sent == []


def test_the_connection_is_made_to_an_address_that_was_judged() -> None:
    web = Web([answer()], {"a.example.com": ["10.0.0.1", PUBLIC]})

    call(web, ("*.example.com",), url="https://a.example.com/")

    assert [address for _, address in web.sent] == [PUBLIC]


def test_the_next_address_is_tried_if_one_cannot_be_connected_to() -> None:
    web = Web([Unreachable("refused"), answer()], {"api.example.com": [PUBLIC, "93.184.216.35"]})

    call(web, method="POST")

    assert [address for _, address in web.sent] == [PUBLIC, "93.184.216.35"]


def test_what_was_sent_is_not_sent_to_another_address() -> None:
    web = Web([Unreachable("reset", was_sent=True), answer()], {"api.example.com": [PUBLIC, "93.184.216.35"]})

    assert error(web, method="POST")["code"] == "HTTP_UNREACHABLE"
    assert len(web.sent) == 1


# Redirects


def test_a_redirect_inside_of_the_list_is_followed() -> None:
    web = Web(
        [
            answer(302, location="/new?x=1"),
            answer(301, location="https://b.example.com/"),
            answer(200, "here"),
        ]
    )

    found = call(web, ("api.example.com", "b.example.com"))

    assert found["body"] == "here"
    assert web.requests == [
        "GET https://api.example.com/rates",
        "GET https://api.example.com/new?x=1",
        "GET https://b.example.com/",
    ]


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/", "http://169.254.169.254/", "//evil.example/", "https://api.example.com:22/"],
)
def test_a_redirect_out_of_the_list_is_not(location: str) -> None:
    web = Web([answer(302, location=location)])

    assert error(web)["code"] == "HTTP_NOT_ALLOWED"
    assert len(web.sent) == 1


@pytest.mark.parametrize(
    "location",
    [
        "ftp://api.example.com",
        "https://api.example.com:port/",
        "https://localhost\0.example.com/",
        "https://localhost .example.com/",
    ],
)
def test_a_redirect_to_nowhere_is_unreachable(location: str) -> None:
    assert error(Web([answer(302, location=location)]))["code"] == "HTTP_UNREACHABLE"


def test_redirects_without_end_are_left_after_five() -> None:
    web = Web([answer(302, location="/again")])

    assert error(web)["code"] == "HTTP_TOO_MANY_REDIRECTS"
    assert len(web.sent) == 6


@pytest.mark.parametrize(
    ("status", "method", "following"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
        (302, "PUT", "PUT"),
    ],
)
def test_a_redirect_keeps_method_and_body_as_its_status_says(
    status: int, method: str, following: str
) -> None:
    web = Web([answer(status, location="/new"), answer()])

    call(web, method=method, body={"a": 1})

    request = web.sent[1][0]
    assert request.method == following
    assert (request.body is None) is (following == "GET")
    assert ("Content-Type" in request.headers) is (following != "GET")


@pytest.mark.parametrize(
    "location", ["https://b.example.com/", "http://api.example.com/", "https://api.example.com:8443/"]
)
@pytest.mark.parametrize("status", [303, 307])
def test_another_origin_gets_no_header_that_may_be_secret(location: str, status: int) -> None:
    web = Web([answer(307, location="/same"), answer(status, location=location), answer()])
    headers = {"Authorization": "Bearer x", "X-API-Key": "k", "Cookie": "c", "Content-Language": "th"}
    harmless = {"Accept": "text/plain", "accept-language": "th", "User-Agent": "me"}

    call(
        web,
        ("api.example.com", "b.example.com", "api.example.com:8443"),
        method="POST",
        body={"a": 1},
        headers={**headers, **harmless},
    )

    _, (same, _), (other, _) = web.sent
    sent = {**headers, **harmless, "Content-Type": "application/json"}
    assert same.headers == sent
    assert other.headers == harmless | ({"Content-Type": "application/json"} if status == 307 else {})


# What comes back


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_a_refusal_is_a_bpmn_error_with_what_it_says(status: int) -> None:
    told = error(
        Web([answer(status, '{"why": "no"}', content_type="application/problem+json")]),
        query={"key": "secret"},
    )

    assert told["code"] == f"HTTP_{status}"
    assert told["message"] == f"GET https://api.example.com/rates answers {status}"
    assert (told["status"], told["body"]) == (status, {"why": "no"})


@pytest.mark.parametrize(
    ("body", "media_type", "content"),
    [
        ('{"a": 1}', "application/json", {"a": 1}),
        ('{"a": 1}', "application/vnd.api+json", {"a": 1}),
        ('{"a": 1}', "text/plain", '{"a": 1}'),
        ("no json", "application/json", "no json"),
        ("[NaN]", "application/json", "[NaN]"),
        ("สวัสดี", "text/plain; charset=utf-8", "สวัสดี"),
        ("สวัสดี", "text/plain; charset=no-such", "สวัสดี"),
        ("", "application/json", None),
    ],
)
def test_a_body_is_parsed_as_its_media_type_says(body: str, media_type: str, content: Any) -> None:
    assert call(Web([answer(200, body, content_type=media_type)]))["body"] == content


def test_numbers_keep_all_their_digits() -> None:
    web = Web([answer(200, '{"n": 0.10000000000000000555}', content_type="application/json")])
    connector = HttpConnector(Hosts.of(("api.example.com",)), web.resolve, web.send, lambda: 0.0, web.pause)

    found = connector.perform(Job(source=Given(element={"url": "https://api.example.com"}))).element_variables

    assert "0.10000000000000000555" in found["response"].value  # type: ignore[index]


def test_too_large_an_answer_is_told() -> None:
    assert error(Web([TooLarge()]))["code"] == "HTTP_TOO_LARGE"


# Time and retries


def test_no_answer_in_time_is_told_and_not_tried_again() -> None:
    web = Web([TimedOut()])

    assert error(web, retries=3)["code"] == "HTTP_TIMEOUT"
    assert len(web.sent) == 1


@pytest.mark.parametrize(
    ("told", "left", "seconds"), [(None, None, 10), (3, None, 3), (30, 5.0, 5), (2, 5.0, 2)]
)
def test_a_call_takes_no_longer_than_there_is_time(
    told: float | None, left: float | None, seconds: float
) -> None:
    web = Web([answer()])

    call(web, seconds_left=left, timeoutSeconds=told)

    assert web.seconds == seconds


@pytest.mark.parametrize(
    "fault",
    [answer(502), answer(503), answer(504), Unreachable("refused"), Unreachable("reset", was_sent=True)],
)
def test_what_may_pass_is_tried_again_after_a_pause(fault: Script) -> None:
    web = Web([fault, fault, answer(200, "well")])

    assert call(web, retries=2)["body"] == "well"
    assert web.pauses == [0.2, 0.4]


def test_the_last_answer_counts() -> None:
    web = Web([answer(503)])

    assert error(web, retries=2)["code"] == "HTTP_503"
    assert len(web.sent) == 3


@pytest.mark.parametrize("status", [400, 404, 500])
def test_other_refusals_are_not_tried_again(status: int) -> None:
    web = Web([answer(status)])

    error(web, retries=2)

    assert len(web.sent) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_not_be_sent_twice_is_sent_once(method: str) -> None:
    web = Web([answer(503)])

    assert error(web, method=method, retries=2)["code"] == "HTTP_503"
    assert len(web.sent) == 1


def test_retries_end_with_the_time_of_the_whole_call() -> None:
    web = Web([answer(503)])

    assert error(web, retries=10, timeoutSeconds=1)["code"] == "HTTP_TIMEOUT"
    assert web.pauses == [0.2, 0.4]

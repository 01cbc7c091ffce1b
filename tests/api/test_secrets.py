"""Nothing that lets somebody in is ever logged, answered, or in the text form of an object."""

import base64
import json
import logging

import pytest

from chalicelib import wiring
from chalicelib.contract.rights import Role
from chalicelib.local.gateway import Gateway, HttpRequest
from chalicelib.local.service import LocalService
from chalicelib.service import api_keys
from chalicelib.service.api_keys import hash_key
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.api.driver import Api, Seconds, basic, no_pauses
from tests.api.issuer import OTHER_RSA_KEY, Issuer, token
from tests.api.test_authorizer import ask
from tests.api.test_failures import Broken, Busy

PASSWORD = "correct-horse-battery"
USER = f"ada:{PASSWORD}"
KEY = "the-secret-of-the-settings"
MADE = "bpmn_the-secret-in-the-store"
WRONG = "a-secret-of-somebody-else"
TOKEN = token()
FORGED = token(OTHER_RSA_KEY)
EXPIRED = token(exp=1)
STRANGE = token(kid="unknown")

CREDENTIALS = [
    KEY,
    f"Bearer {KEY}",
    f"Bearer {MADE}",
    f"Bearer {WRONG}",
    f"Token {WRONG}",
    basic(USER),
    basic(f"ada:{WRONG}"),
    f"Basic {WRONG}",
    f"Bearer {TOKEN}",
    f"Bearer {FORGED}",
    f"Bearer {EXPIRED}",
    f"Bearer {STRANGE}",
    f"Bearer {TOKEN}\n",
    f"Bearer {WRONG}\x00é",
]
TOKENS = (TOKEN, FORGED, EXPIRED, STRANGE)
SECRETS = [
    PASSWORD,
    KEY,
    MADE,
    WRONG,
    *(hash_key(key) for key in (KEY, MADE, WRONG)),
    *(base64.b64encode(text.encode()).decode() for text in (USER, f"ada:{WRONG}")),
    *(part for text in TOKENS for part in (text, text.rpartition(".")[2])),
]
REQUESTS = [
    ("POST", "/processes/query", b"{}"),
    ("POST", "/processes/query", b"{"),
    ("POST", "/processes", b"{}"),
    ("PATCH", "/time", b'{"timeDuration": "PT1S"}'),
    ("PATCH", "/jobs/2030-01-01/1/complete", b'{"workerId": "w"}'),
    ("GET", "/readiness", b""),
    ("GET", "/nothing", b""),
    ("DELETE", "/time", b""),
]

SETTINGS = Settings(store="memory", api_key=KEY, basic_auth=USER)


def no_issuer() -> Issuer:
    issuer = Issuer()
    issuer.documents.clear()
    return issuer


def apis() -> dict[str, Api]:
    """The API, whole and with each part that may fail."""
    found = {
        "whole": Api(SETTINGS, tokens=Issuer().tokens(Seconds())),
        "broken store": Api(SETTINGS, Broken(MemoryItems()), Issuer().tokens(Seconds())),
        "busy store": Api(SETTINGS, Busy(MemoryItems()), Issuer().tokens(Seconds())).serve(pauses=no_pauses),
        "no issuer": Api(SETTINGS, tokens=no_issuer().tokens(Seconds())),
    }
    for name in ("whole", "no issuer"):
        api = found[name]
        api_keys.keep(api.env, api_keys.describe(MADE, api.machine_clock(), roles=frozenset({Role.WORKER})))
    return found


def assert_no_secret_in(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)


@pytest.mark.parametrize("name", apis())
def test_no_path_through_the_api_logs_or_answers_a_credential(name, caplog):
    api = apis()[name]
    statuses = set()

    for authorization in CREDENTIALS:
        for method, path, body in REQUESTS:
            answer = api.send(method, path, body, {"Authorization": authorization})
            statuses.add(answer.status)
            assert_no_secret_in(answer.body.decode() + json.dumps(answer.headers))

    assert {401, 404, 405} < statuses
    assert name == "whole" or statuses & {500, 503}
    assert_no_secret_in(caplog.text)


@pytest.mark.parametrize("name", apis())
def test_authorizer_logs_no_credential_and_raises_none(name, caplog):
    api = apis()[name]

    for authorization in CREDENTIALS:
        try:
            assert_no_secret_in(json.dumps(ask(api, authorization)))
        except Exception as fault:
            logging.getLogger("lambda").exception("as Lambda logs it")
            assert_no_secret_in(repr(fault))

    assert_no_secret_in(caplog.text)


def test_gateway_that_gets_no_answer_logs_no_credential(caplog):
    def broken(event, context):
        raise RuntimeError("no application")

    api = Api(SETTINGS)
    gateway = Gateway(api.app)
    gateway._app = type("App", (), {"routes": api.app.routes, "__call__": staticmethod(broken)})()

    for authorization in CREDENTIALS:
        headers = [(b"Authorization", authorization.encode("latin-1"))]
        answer = gateway.answer(HttpRequest("POST", "/processes/query", headers=headers, body=b"{}"))
        assert answer.status == 500
        assert_no_secret_in(answer.body.decode())

    assert "no application" in caplog.text
    assert_no_secret_in(caplog.text)


def test_text_forms_have_no_secret():
    encryption = base64.b64encode(PASSWORD.encode().ljust(32, b"!")).decode()
    settings = Settings.read(
        {
            "BPMN_API_KEY": KEY,
            "BPMN_BASIC_AUTH": USER,
            "BPMN_STORE": "memory",
            "BPMN_ENCRYPTION_KEYS": encryption,
        }
    )
    env = wiring.build(settings)
    api = Api(settings)
    caller = api.access.caller(KEY)

    for thing in (settings, env, api.access, caller, api.app):
        assert_no_secret_in(f"{thing!r} {thing}")
        assert encryption not in repr(thing)


def test_first_key_of_a_server_is_not_logged(caplog):
    service = LocalService(Settings(store="memory"))

    assert service.new_api_key
    assert service.new_api_key not in caplog.text + repr(service)
    service.stop()

"""The Lambda authorizer: what API Gateway hears, what it remembers, and what the operations make of it."""

import json
from fnmatch import fnmatchcase

import pytest
from chalice.deploy.swagger import CFNSwaggerGenerator

from chalicelib.api.authorizer import REMEMBERED_FOR, from_context, to_context
from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.rights import Role
from chalicelib.contract.surfaces import SURFACES
from chalicelib.local.gateway import HttpRequest, Match, to_event
from chalicelib.service import api_keys
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.api.driver import DAY, KEY, USER, Api, basic
from tests.api.test_failures import Broken

ARN = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/api"


def add(api: Api, *roles: Role, lifetime: str | None = None) -> str:
    key = api_keys.new_key()
    api_keys.keep(
        api.env, api_keys.describe(key, api.machine_clock(), roles=frozenset(roles), lifetime=lifetime)
    )
    return key


def ask(api: Api, authorization: str, path: str = "POST/jobs/lock") -> dict:
    """Ask the authorizer as API Gateway does."""
    event = {"type": "TOKEN", "authorizationToken": authorization, "methodArn": f"{ARN}/{path}"}
    return api.app.handler_map["authorize"](event, None)


def call(api: Api, context: dict | None, headers: list | None = None, path: str = "/tasks/query") -> int:
    """Call an operation as API Gateway does once the authorizer has answered; answers the status."""
    event = to_event(HttpRequest("POST", path, headers=headers or [], body=b"{}"), Match(path, {}), "some-id")
    if context is not None:
        event["requestContext"]["authorizer"] = context
    return api.app(event, None)["statusCode"]


def through(answer: dict) -> dict:
    """What API Gateway makes of an authorizer's answer for the request."""
    return {"principalId": answer["principalId"], "integrationLatency": 7, **answer["context"]}


def test_known_credential_is_allowed_every_route_since_the_answer_is_used_again_for_others(api):
    (statement,) = ask(api, f"Bearer {KEY}")["policyDocument"]["Statement"]

    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    assert statement["Resource"] == [f"{ARN}/*/*"]
    for row in OPERATIONS:
        path = row.path.replace("{partition}", DAY).replace("{id}", "17")
        assert fnmatchcase(f"{ARN}/{row.method}{path}", statement["Resource"][0])


@pytest.mark.parametrize("authorization", ["wrong", "Bearer wrong", "Basic wrong", basic("ada:wrong"), ""])
def test_unknown_credential_is_a_401_by_the_text_that_api_gateway_looks_for(authorization, api):
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(api, authorization)


def test_expired_key_is_unknown(api):
    key = add(api, Role.ADMIN, lifetime="PT1H")
    api.machine_clock.advance("PT1H")

    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(api, key)


def test_store_that_fails_is_no_401():
    api = Api(Settings(store="memory"), Broken(MemoryItems()))

    with pytest.raises(RuntimeError, match="disk on fire"):
        ask(api, "made-here")


def test_context_holds_texts_alone_and_no_secret(api):
    key = add(api, Role.WORKER, Role.USER, lifetime="PT1H")

    answer = ask(api, f"Bearer {key}")

    assert answer["context"] == {
        "roles": "user worker",
        "expiresAt": str(api.machine_clock() + 3600 * 1000),
    }
    assert all(secret not in json.dumps(answer) for secret in (key, api_keys.hash_key(key)))
    assert ask(api, basic(USER))["context"] == {"roles": "admin"}


def test_caller_comes_through_the_context_as_he_was(api):
    for key in (add(api, Role.WORKER), add(api, Role.READ_ONLY, Role.USER, lifetime="P1D"), add(api)):
        api.seconds.now += 5
        caller = api.access.caller(key)

        assert from_context({"authorizer": through(ask(api, key))}) == caller
        assert from_context({"authorizer": {"principalId": caller.name, **to_context(caller)}}) == caller


def test_operation_judges_the_roles_of_the_context_and_asks_nobody_again():
    api = Api(Settings(store="memory", api_key=KEY))
    reads = through(ask(api, KEY)) | {"roles": "read-only"}

    assert call(api, reads) == 200
    assert call(api, reads, path="/tasks/execute") == 403
    assert call(api, reads | {"roles": ""}) == 403
    assert call(api, reads | {"roles": "boss"}) == 403
    assert call(api, reads | {"roles": "admin"}, path="/tasks/execute") == 400


def test_credential_that_expires_while_it_is_remembered_is_a_401(api):
    context = through(ask(api, add(api, Role.OPERATOR, lifetime="PT10S")))

    api.machine_clock.advance("PT9.999S")
    assert call(api, context) == 200
    api.machine_clock.advance("PT0.001S")
    assert call(api, context) == 401


@pytest.mark.parametrize("context", [None, {}, {"principalId": "ada"}, {"claims": {"sub": "ada"}}], ids=str)
def test_without_the_word_of_our_authorizer_the_operation_looks_itself(context, api):
    assert call(api, context) == 401
    assert call(api, context, [(b"Authorization", b"wrong")]) == 401
    assert call(api, context, [(b"Authorization", KEY.encode())]) == 200


@pytest.mark.parametrize(
    "header",
    ["authorizer", "requestContext", "roles", "x-amzn-authorizer", "requestContext.authorizer.roles"],
)
def test_client_cannot_write_the_context(header, api):
    sent = {"Authorization": None, header: '{"roles": "admin"}'}

    for query in ({"authorizer": "admin"}, {"roles": "admin"}, {}):
        assert api.call("queryTasks", {}, query=query, headers=sent).status == 401
    body = {"requestContext": {"authorizer": {"roles": "admin"}}}
    assert api.call("queryTasks", body, headers=sent).status == 401


def test_every_operation_of_the_engine_api_but_readiness_has_the_authorizer_in_front(api):
    swagger = CFNSwaggerGenerator().generate_swagger(api.app, None)

    assert REMEMBERED_FOR == 30
    authorizer = swagger["securityDefinitions"]["authorize"]
    assert authorizer["name"] == "Authorization"
    assert authorizer["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] == 30
    open_routes = {
        (verb.upper(), path)
        for path, verbs in swagger["paths"].items()
        for verb, route in verbs.items()
        if route.get("security") != [{"authorize": []}]
    }
    own = {
        (method, row.path)
        for surface in SURFACES
        if surface.own_access
        for row in surface.operations
        for method in (row.method, *row.further_methods)
    }
    assert open_routes == {("GET", "/readiness"), ("GET", "/openapi.json"), *own}

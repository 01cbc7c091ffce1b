"""JWTs of an OpenID Connect issuer: which are believed, what they say, and how often the issuer is asked."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib import wiring
from chalicelib.api.tokens import ALGORITHMS, KEYS_FRESH_FOR, LEEWAY, PAUSE
from chalicelib.contract.rights import Role
from chalicelib.service.environment import Unavailable
from chalicelib.settings import InvalidSetting, Settings
from tests.api.driver import KEY, Api, Seconds
from tests.api.issuer import (
    DISCOVERY,
    EC_KEY,
    ED_KEY,
    JWKS,
    OTHER_RSA_KEY,
    RSA_KEY,
    URL,
    Issuer,
    claims,
    public,
    token,
)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(header: dict, signature: bytes = b"") -> str:
    """A token that no library would make."""
    parts = [json.dumps(part).encode() for part in (header, claims())]
    return ".".join([*map(encoded, parts), encoded(signature)])


# Through the API


@pytest.fixture
def api(issuer) -> Api:
    api = Api(Settings(store="memory", api_key=KEY), tokens=issuer.tokens(Seconds()))
    # The JWT library knows no other clock than that of the machine.
    api.machine_clock.now = wiring.utc_now()
    return api


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer  ", ""])
def test_token_comes_in_with_its_roles(scheme, api):
    sent = {"Authorization": scheme + token(roles=["read-only"])}

    assert api.call("queryTasks", headers=sent).status == 200
    refused = api.call("executeTasks", {"limit": 1}, headers=sent)
    assert (refused.status, refused.body) == (403, b"")


def test_token_without_a_role_that_we_know_is_a_403(api):
    answer = api.call("queryTasks", headers={"Authorization": f"Bearer {token(roles=['boss'])}"})

    assert (answer.status, answer.body) == (403, b"")


def test_keys_are_known_beside_tokens(api):
    assert api.call("queryTasks").status == 200
    assert api.call("queryTasks", headers={"Authorization": "a.wrong.key"}).status == 401


def test_token_is_nothing_where_no_issuer_is_set():
    api = Api(Settings(store="memory", api_key=KEY))

    assert api.call("queryTasks", headers={"Authorization": f"Bearer {token()}"}).status == 401


def test_issuer_that_does_not_answer_is_a_503_and_not_the_fault_of_the_token(issuer, api):
    issuer.documents.clear()

    answer = api.call("queryTasks", headers={"Authorization": f"Bearer {token()}"})

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert api.call("queryTasks").status == 200, "keys need no issuer"


# What is believed


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA_KEY, "RS256"),
        (RSA_KEY, "RS512"),
        (RSA_KEY, "PS256"),
        (EC_KEY, "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ED_KEY, "EdDSA"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_signature_of_a_private_key_is_believed(key, algorithm, seconds):
    tokens = Issuer(k=key).tokens(seconds)

    assert tokens.read(token(key, algorithm, "k")).subject == "ada"


def test_what_a_token_says(issuer, seconds):
    expires_at = int(time.time()) + 77

    read = issuer.tokens(seconds).read(token(exp=expires_at, sub="grace", roles=["worker", "boss", "user"]))

    assert (read.subject, read.roles) == ("grace", {Role.WORKER, Role.USER})
    assert read.expires_at == (expires_at + LEEWAY) * 1000


@pytest.mark.parametrize(
    ("claim", "said", "expected"),
    [
        ("roles", {"roles": ["admin"]}, {Role.ADMIN}),
        ("roles", {"roles": "worker read-only"}, {Role.WORKER, Role.READ_ONLY}),
        ("scope", {"scope": "openid operator"}, {Role.OPERATOR}),
        ("realm_access.roles", {"realm_access": {"roles": ["user"]}}, {Role.USER}),
        ("a.b.c", {"a": {"b": {"c": "deployer"}}}, {Role.DEPLOYER}),
        ("https://bpmn.example/roles", {"https://bpmn.example/roles": ["user"]}, {Role.USER}),
        ("cognito:groups", {"cognito:groups": ["worker"]}, {Role.WORKER}),
        ("groups", {"roles": ["admin"]}, set()),
        ("realm_access.roles", {"realm_access": ["admin"]}, set()),
        ("roles", {"roles": {"admin": True}}, set()),
        ("roles", {"roles": [["admin"], None, 7, "Admin", "ADMIN "]}, set()),
        ("roles", {"roles": None}, set()),
        ("roles", {"roles": 7}, set()),
    ],
)
def test_roles_come_from_the_claim(claim, said, expected, issuer, seconds):
    assert issuer.tokens(seconds, claim).read(token(**{"roles": None, **said})).roles == expected


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://id.example.com"),
        ("iss", URL + "/"),
        ("iss", None),
        ("aud", "another"),
        ("aud", ["another"]),
        ("aud", None),
        ("exp", None),
        ("exp", "soon"),
    ],
)
def test_claims_that_are_refused(claim, value, issuer, seconds):
    assert issuer.tokens(seconds).read(token(**{claim: value})) is None


@pytest.mark.parametrize(("claim", "away"), [("exp", -LEEWAY - 5), ("nbf", 3600), ("iat", 3600)])
def test_times_that_are_refused(claim, away, issuer, seconds):
    assert issuer.tokens(seconds).read(token(**{claim: int(time.time()) + away})) is None


def test_one_of_several_audiences_may_be_us(issuer, seconds):
    assert issuer.tokens(seconds).read(token(aud=["another", "bpmn"]))


PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def by_secret(secret: bytes, algorithm: str = "HS256") -> str:
    """Signed with what everybody knows, as if it were a secret."""
    signing_input = unsigned({"alg": algorithm, "kid": "one"}).rpartition(".")[0]
    return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def tampered() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{encoded(json.dumps(claims(roles=['admin'])).encode())}.{signature}"


FORGED = {
    "no signature": unsigned({"alg": "none", "kid": "one"}),
    "no signature, written otherwise": unsigned({"alg": "None", "kid": "one"}),
    "empty algorithm": unsigned({"alg": "", "kid": "one"}),
    "no algorithm": unsigned({"kid": "one"}),
    "algorithms": unsigned({"alg": ["RS256"], "kid": "one"}),
    "empty signature": unsigned({"alg": "RS256", "kid": "one"}),
    "any signature": unsigned({"alg": "RS256", "kid": "one"}, b"signature"),
    "signature of another kind": unsigned({"alg": "ES256", "kid": "one"}, b"\0" * 64),
    "key id that is no text": unsigned({"alg": "RS256", "kid": 1}),
    "key ids": unsigned({"alg": "RS256", "kid": ["one"]}),
    "unknown extension": unsigned({"alg": "RS256", "kid": "one", "crit": ["exp"]}),
    "public key as a secret": by_secret(PEM),
    "public key as a secret, named otherwise": by_secret(PEM, "RS256"),
    "empty secret": by_secret(b""),
    "another key": token(OTHER_RSA_KEY),
    "another kind of key": token(EC_KEY, "ES256"),
    "unknown key id": token(RSA_KEY, "RS256", "another"),
    "other claims under the same signature": tampered(),
    "longer signature": token() + "x",
    "shorter signature": token()[:-5],
    "nothing": "..",
    "no base64": "a.b.c",
    "no ASCII": "é.é.é",
    "deep list": encoded(b"[" * 5000) + ".e30.",
    "deep object": encoded(b'{"a":' * 1500) + ".e30.",
    "text as header": encoded(b'"text"') + ".e30.",
    "too long": token(filler="x" * 8192),
}


@pytest.mark.parametrize("fault", FORGED)
def test_forged_tokens_are_refused(fault, issuer, seconds):
    tokens = issuer.tokens(seconds)
    assert tokens.read(token()), "the issuer's own is believed"

    assert tokens.read(FORGED[fault]) is None


def test_no_algorithm_is_without_signature_or_by_a_shared_secret():
    assert not [name for name in ALGORITHMS if name.lower() == "none" or name.startswith("HS")]


def test_key_that_names_its_algorithm_signs_with_no_other(seconds):
    tokens = Issuer(k=public(RSA_KEY, kid="k", alg="PS256")).tokens(seconds)

    assert tokens.read(token(RSA_KEY, "PS256", "k"))
    assert tokens.read(token(RSA_KEY, "RS256", "k")) is None


def test_keys_for_something_else_are_left_out(seconds):
    shared = {"kty": "oct", "k": encoded(b"s" * 32), "kid": "secret", "alg": "HS256"}
    encrypting = public(OTHER_RSA_KEY, kid="e", use="enc")
    odd = {"kty": "RSA", "n": "x", "kid": ["list"]}
    tokens = Issuer(a=shared, b=encrypting, c=odd, d={"kty": "?"}, one=RSA_KEY).tokens(seconds)

    assert tokens.read(token())
    assert tokens.read(token(OTHER_RSA_KEY, "RS256", "e")) is None
    assert tokens.read(jwt.encode(claims(), b"s" * 32, "HS256", {"kid": "secret"})) is None


@pytest.mark.filterwarnings("ignore:.*key.*:jwt.warnings.InsecureKeyLengthWarning")
def test_key_that_is_too_short_is_not_trusted(seconds):
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)

    assert Issuer(k=short).tokens(seconds).read(token(short, "RS256", "k")) is None


def test_token_without_a_key_id_is_of_the_only_key(seconds):
    without = token(kid=None)

    assert Issuer(one=RSA_KEY).tokens(seconds).read(without)
    assert Issuer(one=RSA_KEY, two=EC_KEY).tokens(seconds).read(without) is None
    assert Issuer(one=public(RSA_KEY)).tokens(seconds).read(without)


# How often the issuer is asked


def test_issuer_is_asked_once_for_many_tokens(issuer, seconds):
    tokens = issuer.tokens(seconds)
    assert issuer.asked == []

    assert all(tokens.read(token(sub=str(number))) for number in range(5))

    assert issuer.asked == [URL + DISCOVERY, JWKS]


def test_new_key_is_found_when_its_first_token_comes(issuer, seconds):
    tokens = issuer.tokens(seconds)
    assert tokens.read(token())
    issuer.publish(one=RSA_KEY, two=OTHER_RSA_KEY)
    seconds.now += PAUSE

    assert tokens.read(token(OTHER_RSA_KEY, kid="two"))
    assert len(issuer.asked) == 4


def test_unknown_key_ids_do_not_reach_the_issuer_more_often_than_every_ten_seconds(issuer, seconds):
    assert PAUSE == 10
    tokens = issuer.tokens(seconds)

    for _ in range(3):
        assert not any(tokens.read(token(kid=f"guess-{number}")) for number in range(50))
        seconds.now += PAUSE - 0.1
        assert tokens.read(token(kid="guess")) is None
        seconds.now += 0.1

    assert len(issuer.asked) == 2 * 3


def test_withdrawn_key_is_forgotten_after_ten_minutes(issuer, seconds):
    assert KEYS_FRESH_FOR == 600
    tokens = issuer.tokens(seconds)
    assert tokens.read(token())
    issuer.publish(two=OTHER_RSA_KEY)

    seconds.now += KEYS_FRESH_FOR - 0.1
    assert tokens.read(token())
    seconds.now += 0.1
    assert tokens.read(token()) is None
    assert tokens.read(token(OTHER_RSA_KEY, kid="two"))


def test_issuer_that_fails_later_does_not_lock_out_those_whose_key_is_known(issuer, seconds, caplog):
    tokens = issuer.tokens(seconds)
    assert tokens.read(token())
    issuer.documents.clear()
    seconds.now += KEYS_FRESH_FOR

    assert all(tokens.read(token()) for _ in range(3))
    assert tokens.read(token(kid="unknown")) is None
    assert len(issuer.asked) == 3, "asked in vain, and then no more for a while"
    assert f"the keys of the JWT issuer {URL} cannot be read: no route to host" in caplog.text


@pytest.mark.parametrize(
    ("document", "content"),
    [
        (URL + DISCOVERY, b"<html>"),
        (URL + DISCOVERY, []),
        (URL + DISCOVERY, {}),
        (URL + DISCOVERY, {"issuer": "https://evil.example", "jwks_uri": JWKS}),
        (URL + DISCOVERY, {"issuer": URL}),
        (JWKS, b"\xff"),
        (JWKS, {}),
        (JWKS, {"keys": []}),
        (JWKS, {"keys": "one"}),
        (JWKS, {"keys": ["one", None]}),
        (JWKS, {"keys": [{"kty": "RSA"}]}),
        (JWKS, {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}),
    ],
)
def test_issuer_without_usable_keys_is_no_issuer(document, content, issuer, seconds):
    issuer.documents[document] = content
    tokens = issuer.tokens(seconds)

    for _ in range(3):
        with pytest.raises(Unavailable, match="the keys of the JWT issuer cannot be read"):
            tokens.read(token())
    assert len(issuer.asked) <= 2

    good = Issuer()
    issuer.documents = good.documents
    seconds.now += PAUSE
    assert tokens.read(token())


# As it is wired


def test_issuer_without_audience_is_refused_at_the_start():
    settings = Settings(store="memory", jwt_issuer=URL)

    with pytest.raises(InvalidSetting, match="BPMN_JWT_AUDIENCE must be given with BPMN_JWT_ISSUER"):
        wiring.access(settings, wiring.build(settings).store)


def test_issuer_is_a_credential_of_the_settings():
    settings = Settings(store="memory", jwt_issuer=URL, jwt_audience="bpmn")

    assert wiring.access(settings, wiring.build(settings).store).is_configured


@pytest.mark.parametrize("url", ["http://id.example.com/keys", "file:///etc/passwd", "ftp://a/b", "None"])
def test_documents_are_read_over_https_alone(url):
    with pytest.raises(ValueError, match="a URL is not https"):
        wiring._fetch(url)


class Web(BaseHTTPRequestHandler):
    """An issuer on this machine, and pages that are none of it."""

    def do_GET(self) -> None:
        issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        found = {
            DISCOVERY: json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/keys"}).encode(),
            "/keys": json.dumps({"keys": [public(RSA_KEY, kid="one")]}).encode(),
            "/large": b"x" * (wiring.LARGEST_DOCUMENT + 1),
        }.get(self.path)
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/keys")
        elif self.path == "/garbage":
            self.wfile.write(b"garbage\r\n\r\n")
            return
        elif found is None:
            self.send_response(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_token_of_an_issuer_on_this_machine(web):
    settings = Settings(store="memory", jwt_issuer=web, jwt_audience="bpmn")
    access = wiring.access(settings, wiring.build(settings).store)

    caller = access.caller(f"Bearer {token(iss=web)}")

    assert (caller.name, caller.roles) == ("jwt:ada", {Role.OPERATOR})
    assert access.caller(f"Bearer {token()}") is None


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/elsewhere", OSError), ("/nothing", OSError), ("/garbage", OSError), ("/large", ValueError)],
)
def test_documents_that_are_not_taken(path, fault, web):
    with pytest.raises(fault):
        wiring._fetch(web + path)


def test_nothing_for_tokens_is_loaded_before_one_comes():
    code = """
import sys
from chalicelib import wiring
from chalicelib.api.application import create_app
from chalicelib.settings import Settings
settings = Settings(store="memory", jwt_issuer="https://id.example.com", jwt_audience="bpmn")
env = wiring.build(settings)
create_app(env, wiring.access(settings, env.store))
print({"jwt", "cryptography"} & set(sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "set()\n"

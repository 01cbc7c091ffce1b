"""Who may come in: Basic, Bearer or the bare key, from the settings or from the store."""

import hashlib

import pytest

from chalicelib.api.auth import KEYS_FRESH_FOR, Access
from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.rights import Role
from chalicelib.engine.records import Instant
from chalicelib.service import api_keys
from chalicelib.service.api_keys import hash_key
from chalicelib.service.environment import ApiKey, ApiKeys
from chalicelib.settings import Settings
from chalicelib.storage import codec, keys
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Item, Put
from tests.api.driver import KEY, USER, Api, Seconds, basic
from tests.api.test_failures import Broken, Busy
from tests.recording import Recording

CLOSED = [row for row in OPERATIONS if row.needs_credentials]


class Keys:
    """A store that has nothing but API keys, and counts how often it is asked."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)
        self.asked = 0

    def api_keys(self) -> ApiKeys:
        self.asked += 1
        return ApiKeys([ApiKey(hash_key(key)) for key in self.keys])


def access(basic_auth=None, api_key=None, store=None, seconds=None) -> Access:
    return Access(basic_auth, api_key, store or Keys(), seconds or Seconds(), lambda: Instant(0))


def keep(api: Api, key: str, *roles: Role, **more) -> ApiKey:
    """Make a key known; without roles, an admin's."""
    described = api_keys.describe(key, api.machine_clock(), roles=frozenset(roles or (Role.ADMIN,)), **more)
    api_keys.keep(api.env, described)
    return described


def status(api: Api, authorization: str | None) -> int:
    answer = api.call("queryProcesses", headers={"Authorization": authorization})
    assert answer.status != 401 or answer.body == b""
    return answer.status


@pytest.mark.parametrize(
    "authorization",
    [
        KEY,
        f"  {KEY}  ",
        f"Bearer {KEY}",
        f"bearer {KEY}",
        f"BEARER   {KEY} ",
        basic(USER),
        basic(USER).replace("Basic", "basic"),
    ],
)
def test_known_credentials(authorization, api):
    assert status(api, authorization) == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic ",
        "wrong",
        KEY[:-1],
        KEY + "x",
        KEY.upper(),
        f"Bearer {KEY} {KEY}",
        f"Token {KEY}",
        f"Basic {KEY}",
        f"Bearer {USER}",
        USER,
        basic("ada:"),
        basic("ada"),
        basic(":lovelace"),
        basic("ada:lovelace2"),
        basic("Ada:lovelace"),
        basic("ada:lovelace")[:-1],
        basic("ada:lovelace") + "!",
        "Basic ====",
        "Basic not base64",
        "Basic übung",
        "Bearer übung",
        "übung",
        "Basic \xff\xfe",
        hash_key(KEY),
        f"Bearer {hash_key(KEY)}",
    ],
)
def test_unknown_credentials(authorization, api):
    assert status(api, authorization) == 401


@pytest.mark.parametrize("row", CLOSED, ids=lambda row: row.name)
def test_every_operation_but_readiness_asks_for_credentials(row, api):
    answer = api.call(row.name, b"{", headers={"Authorization": None, "Content-Type": "text/plain"}, id="x")

    assert (answer.status, answer.body) == (401, b"")
    assert [row.name for row in OPERATIONS if row not in CLOSED] == ["checkReadiness"]


def test_without_any_credential_nobody_comes_in():
    api = Api(Settings(store="memory"))

    assert {status(api, text) for text in (None, "", ":", basic(":"), "None", "Bearer None")} == {401}


def test_password_may_have_colons_and_letters_beyond_ascii():
    api = Api(Settings(store="memory", basic_auth="ada:a:ü"))

    assert status(api, basic("ada:a:ü")) == 200
    assert status(api, basic("ada:a")) == 401


def test_key_is_stored_as_its_hash_and_works_for_every_process():
    items = MemoryItems()
    first, second = (Api(Settings(store="memory"), items) for _ in range(2))
    keep(first, "made-here")

    assert status(first, "Bearer made-here") == status(second, "made-here") == 200
    assert status(second, hash_key("made-here")) == 401
    assert [key.hash for key in second.store.api_keys().keys] == [hashlib.sha256(b"made-here").hexdigest()]


def test_key_of_an_older_release_is_a_hash_alone_and_stays_an_admins():
    items = MemoryItems()
    api = Api(Settings(store="memory", set_time=True), items)
    items.commit([Put(Item(keys.API_KEYS, codec.encode_json([hash_key("old")]), 1), 0)])

    keep(api, "new", Role.READ_ONLY)

    api.expect(200, "setTime", {"timeDuration": "PT1S"}, headers={"Authorization": "old"})
    api.expect(403, "setTime", {"timeDuration": "PT1S"}, headers={"Authorization": "new"})
    assert [key.roles for key in api.store.api_keys().keys] == [{Role.ADMIN}, {Role.READ_ONLY}]


def test_role_of_a_later_release_gives_no_right():
    items = MemoryItems()
    api = Api(Settings(store="memory"), items)
    row = [hash_key("future"), ["auditor"], "", 0, None]
    items.commit([Put(Item(keys.API_KEYS, codec.encode_json([row]), 1), 0)])

    assert status(api, "future") == 403


def test_key_is_kept_with_its_name_its_roles_and_its_times():
    api = Api()
    made = keep(api, "billing-key", Role.WORKER, Role.USER, name="billing", lifetime="P90D")

    assert api.store.api_keys().keys == [made]
    assert (made.name, made.roles) == ("billing", {Role.WORKER, Role.USER})
    assert made.created_at == api.machine_clock()
    assert made.expires_at - made.created_at == 90 * 24 * 3600 * 1000


def test_new_key_is_known_after_five_seconds_at_the_latest(api):
    assert KEYS_FRESH_FOR == 5
    assert status(api, "new") == 401
    keep(api, "new")

    api.seconds.now += 4.9
    assert status(api, "new") == 401
    api.seconds.now += 0.1
    assert status(api, "new") == 200


def test_revoked_key_is_unknown_after_five_seconds_at_the_latest(api):
    made, other = keep(api, "made"), keep(api, "other")
    assert status(api, "made") == 200
    api_keys.revoke(api.env, made.id)

    api.seconds.now += 4.9
    assert status(api, "made") == 200
    api.seconds.now += 0.1
    assert status(api, "made") == 401
    assert status(api, "other") == 200
    assert api.store.api_keys().keys == [other]


def test_key_that_does_not_exist_cannot_be_revoked(api):
    made = keep(api, "made")

    with pytest.raises(api_keys.UnknownKey, match="API key 123 could not be found"):
        api_keys.revoke(api.env, "123")
    assert api.store.api_keys().keys == [made]


def test_key_expires_by_the_clock_of_the_machine_and_at_once():
    api = Api()
    keep(api, "short", lifetime="PT1H")
    assert status(api, "short") == 200

    api.clock.advance("P2D")
    assert status(api, "short") == 200, "the engine's clock may have been moved"
    api.machine_clock.advance("PT59M59.999S")
    assert status(api, "short") == 200
    api.machine_clock.advance("PT0.001S")
    assert status(api, "short") == 401


def test_keys_that_are_made_at_the_same_time_are_both_kept(api):
    recording = Recording(api.items)
    recording.before_commit = lambda: keep(api, "faster")
    other = Api(items=recording).serve(pauses=lambda: iter((0.0,)))

    keep(other, "slower")

    assert status(api, "faster") == status(api, "slower") == 200


def test_first_key_is_made_once(api):
    assert api_keys.keep_first(api.env, ApiKey(hash_key("first")))
    assert not api_keys.keep_first(api.env, ApiKey(hash_key("second")))
    assert [key.hash for key in api.store.api_keys().keys] == [hash_key("first")]


def test_keys_cannot_be_guessed_and_say_what_they_are():
    made = [api_keys.new_key() for _ in range(2)]

    assert made[0] != made[1]
    assert all(key.startswith("bpmn_") and len(key) == 5 + 43 for key in made), "256 bits in base64"
    assert not any("." in key for key in made), "a JWT has dots"


def test_store_is_not_asked_for_each_wrong_key():
    keys, seconds = Keys("one"), Seconds()
    known = access(store=keys, seconds=seconds)

    assert known.caller("one")
    assert not any(known.caller(f"guess-{number}") for number in range(100))
    assert known.caller("one")
    assert keys.asked == 1
    seconds.now += 5
    assert not known.caller("guess")
    assert known.caller("one")
    assert keys.asked == 2


def test_keys_of_the_settings_need_no_store():
    keys = Keys()
    known = access(USER, KEY, keys)

    assert known.caller(KEY).roles == {Role.ADMIN}
    assert known.caller(basic(USER)).roles == {Role.ADMIN}
    assert not known.caller(basic("ada:wrong"))
    assert keys.asked == 0


@pytest.mark.parametrize(("kind", "expected"), [(Broken, 500), (Busy, 503)])
def test_store_that_fails_does_not_turn_a_key_into_a_wrong_one(kind, expected):
    settings = Settings(store="memory", set_time=True)
    api = Api(settings, kind(MemoryItems())).serve(pauses=lambda: iter(()))

    for _ in range(2):
        answer = api.call("queryProcesses", headers={"Authorization": "made-here"})
        assert (answer.status, answer.content_type) == (expected, "application/problem+json")


def test_access_says_whether_the_settings_name_a_credential():
    assert access(USER).is_configured
    assert access(None, KEY).is_configured
    assert not access(store=Keys("one")).is_configured

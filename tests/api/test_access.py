"""Who may come in: Basic, Bearer or the bare key, from the settings or from the store."""

import hashlib

import pytest

from chalicelib.api.auth import KEYS_FRESH_FOR, Access, hash_key
from chalicelib.contract.native import OPERATIONS
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.api.driver import KEY, USER, Api, Seconds, basic
from tests.api.test_failures import Broken, Busy

CLOSED = [row for row in OPERATIONS if row.needs_credentials]


class Keys:
    """A store that has nothing but API keys, and counts how often it is asked."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)
        self.asked = 0

    def api_key_hashes(self) -> list[str]:
        self.asked += 1
        return [hash_key(key) for key in self.keys]


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
    first.store.add_api_key_hash(hash_key("made-here"))

    assert status(first, "Bearer made-here") == status(second, "made-here") == 200
    assert status(second, hash_key("made-here")) == 401
    assert first.store.api_key_hashes() == [hashlib.sha256(b"made-here").hexdigest()]


def test_new_key_is_known_after_five_seconds_at_the_latest(api):
    assert KEYS_FRESH_FOR == 5
    assert status(api, "new") == 401
    api.store.add_api_key_hash(hash_key("new"))

    api.seconds.now += 4.9
    assert status(api, "new") == 401
    api.seconds.now += 0.1
    assert status(api, "new") == 200


def test_store_is_not_asked_for_each_wrong_key():
    keys, seconds = Keys("one"), Seconds()
    access = Access(None, None, keys, seconds)

    assert access.allows("one")
    assert not any(access.allows(f"guess-{number}") for number in range(100))
    assert access.allows("one")
    assert keys.asked == 1
    seconds.now += 5
    assert not access.allows("guess")
    assert keys.asked == 2


def test_keys_of_the_settings_need_no_store():
    keys = Keys()
    access = Access(USER, KEY, keys, Seconds())

    assert access.allows(KEY)
    assert access.allows(basic(USER))
    assert not access.allows(basic("ada:wrong"))
    assert keys.asked == 0


@pytest.mark.parametrize(("kind", "expected"), [(Broken, 500), (Busy, 503)])
def test_store_that_fails_does_not_turn_a_key_into_a_wrong_one(kind, expected):
    settings = Settings(store="memory", set_time=True)
    api = Api(settings, kind(MemoryItems())).serve(pauses=lambda: iter(()))

    for _ in range(2):
        answer = api.call("queryProcesses", headers={"Authorization": "made-here"})
        assert (answer.status, answer.content_type) == (expected, "application/problem+json")


def test_access_says_whether_the_settings_name_a_credential():
    assert Access(USER, None, Keys()).is_configured
    assert Access(None, KEY, Keys()).is_configured
    assert not Access(None, None, Keys("one")).is_configured

"""`bpmn key`: API keys straight on the store, with no engine running and none asked."""

import json
import os
import re

import pytest

from chalicelib.cli.key import COLUMNS
from chalicelib.contract.rights import Role
from chalicelib.local.service import LocalService
from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import create_table
from tests.cli.server import serving
from tests.cli.terminal import Terminal
from tests.storage.aws import REGION, moto_clients


@pytest.fixture
def bpmn(monkeypatch, capsys, tmp_path) -> Terminal:
    """Runs `bpmn` where no engine is; the store is a file."""
    for name in [name for name in os.environ if name.startswith("BPMN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BPMN_DATA", str(tmp_path / "orders.db"))
    return Terminal(capsys)


def test_key_is_shown_once_with_what_it_is_for(bpmn, tmp_path):
    ran = bpmn("key create --role worker --role read-only --name billing --expires P90D")

    key = ran.out.strip()
    (listed,) = bpmn.json("key list")["results"]
    assert ran.code == 0
    assert re.fullmatch(r"bpmn_[\w-]{43}", key)
    assert ran.err == (
        f"API key {listed['id']}, shown once: it is for read-only, worker, "
        f"and known until {listed['expiresAt']}\n"
    )
    assert listed["name"] == "billing"
    assert listed["roles"] == ["read-only", "worker"]
    assert listed["createdAt"] < listed["expiresAt"]
    assert key not in bpmn.done("key list").out
    assert not any(key.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_table_and_json_show_the_same(bpmn):
    bpmn("key create --role user --name 'task list'")
    bpmn("key create --role admin")

    (first, second), listed = bpmn.done("key list").table, bpmn.json("key list")
    assert [row["ID"] for row in (first, second)] == [key["id"] for key in listed["results"]]
    assert (first["NAME"], first["ROLES"], first["EXPIRES-AT"]) == ("task list", "user", "-")
    assert (second["NAME"], second["ROLES"]) == ("-", "admin")
    assert [name for name in COLUMNS if name in listed["results"][0]] == ["id", "name", "roles", "createdAt"]
    assert listed["count"] == 2


def test_revoked_key_is_gone(bpmn):
    for name in ("one", "two"):
        bpmn(f"key create --role user --name {name}")
    first, second = bpmn.json("key list")["results"]

    assert bpmn.done(f"key revoke {first['id']}").out == ""

    assert bpmn.json("key list")["results"] == [second]
    again = bpmn(f"key revoke {first['id']}")
    assert (again.code, again.err) == (4, f"bpmn: API key {first['id']} could not be found\n")


def test_server_knows_the_key_and_makes_none_of_its_own(bpmn, tmp_path):
    key = bpmn("key create --role read-only").out.strip()

    with serving(tmp_path, "--store", "sqlite", "--data", "orders.db", key=key) as server:
        assert server.new_key is None
        assert server.call("POST", "/processes/query", {}) == {"count": 0, "results": []}
        assert server.call("POST", "/tasks/execute", {"limit": 1}) == 403


def test_key_of_a_server_is_listed(bpmn, tmp_path):
    LocalService(Settings(data=str(tmp_path / "orders.db"))).stop()

    (first,) = bpmn.json("key list")["results"]
    assert (first["name"], first["roles"]) == ("first", ["admin"])


def test_first_key_on_aws_is_made_straight_on_the_table(bpmn, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("BPMN_STORE", "dynamodb")
    with moto_clients() as clients:
        create_table(clients.dynamodb, "shop-items")

        made = bpmn("key create --role admin --data shop")
        (key,) = bpmn.json("key list --data shop")["results"]
        bpmn.done(f"key revoke {key['id']} --data shop")
        missing = bpmn("key list --data none")

    assert (made.code, made.out[:5]) == (0, "bpmn_")
    assert key["roles"] == ["admin"]
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("bpmn: cannot use dynamodb store: ")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("key", "the following arguments are required: VERB"),
        ("key create", "the following arguments are required: --role"),
        ("key create --role boss", "invalid choice: 'boss'"),
        ("key create --role user --expires soon", "no ISO 8601 duration: 'soon'"),
        ("key revoke", "the following arguments are required: ID"),
        ("key list --store memory", "BPMN_STORE must be sqlite or dynamodb: memory ends with its server"),
        ("key list --store mysql", "BPMN_STORE must be one of memory, sqlite, dynamodb"),
    ],
)
def test_wrong_usage(command, expected, bpmn, tmp_path):
    ran = bpmn(command)

    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err


def test_store_that_cannot_be_opened_is_a_sentence(bpmn, tmp_path):
    ran = bpmn(f"key create --role user --data {tmp_path}/nowhere/orders.db")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bpmn: cannot open sqlite store: ")


def test_help_names_every_role(bpmn):
    shown = " ".join(bpmn("key create --help").out.split())

    assert ", ".join(Role) in shown


def test_options_go_before_the_environment(bpmn, tmp_path):
    bpmn(f"key create --role user --data {tmp_path}/other.db")

    assert bpmn.json("key list")["count"] == 0
    assert json.loads(bpmn.done(f"key list --json --data {tmp_path}/other.db").out)["count"] == 1

"""Who may do what: every operation as every role, against what each role is promised."""

from collections.abc import Iterator

import pytest

from chalicelib.api import openapi
from chalicelib.contract import surfaces
from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.rights import BEYOND_OPERATIONS, DUTIES, RIGHTS, Role, allows
from chalicelib.service import api_keys
from tests.api.driver import Api

CLOSED = [row for row in OPERATIONS if row.needs_credentials]
NAMES = {row.name for row in CLOSED}
QUESTIONS = {row.name for row in CLOSED if not row.changes_something}

DOCUMENT = openapi.build()

PROMISED = {
    Role.ADMIN: NAMES,
    Role.DEPLOYER: {"createProcess", "queryProcesses", "queryElements", "getBpmnXml"},
    Role.OPERATOR: NAMES
    - {"createProcess", "lockJobs", "completeJob", "updateUserTask", "setTime", "putDirectory"},
    Role.WORKER: {
        "lockJobs",
        "unlockJobs",
        "completeJob",
        "queryJobs",
        "createProcessInstance",
        "queryProcessInstances",
        "sendMessage",
        "sendSignal",
        "getProcessVariables",
        "getElementVariables",
        "queryVariables",
        "queryProcesses",
        "queryElements",
    },
    Role.USER: {
        "queryUserTasks",
        "updateUserTask",
        "getProcessVariables",
        "getElementVariables",
        "queryVariables",
        "queryProcesses",
        "queryElements",
    },
    Role.READ_ONLY: QUESTIONS,
}
"""The table of rights, turned around and written a second time."""


def add(api: Api, *roles: Role) -> str:
    """A key with these roles."""
    key = "-".join(("key", *roles))
    api_keys.keep(api.env, api_keys.describe(key, api.machine_clock(), roles=frozenset(roles)))
    return key


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    api = Api()
    for role in Role:
        add(api, role)
    yield api


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("row", CLOSED, ids=lambda row: row.name)
def test_every_operation_as_every_role(row, role, api):
    answer = api.call(row.name, b"{", id="x", headers={"Authorization": f"key-{role}"})

    if row.name in PROMISED[role]:
        assert answer.status in (200, 400, 404), "it has come to look at what is asked"
    else:
        assert (answer.status, answer.body) == (403, b""), "before it looks at what is asked"


@pytest.mark.parametrize("path", ["/events/messages", "/events/messages/query", "/events/signals"])
def test_paths_of_the_older_api_have_the_same_rights(path, api):
    sent = {"Authorization": f"key-{Role.USER}"}

    assert api.send("POST", path, {}, sent).status == 403


def test_several_roles_may_what_any_of_them_may(api):
    key = add(api, Role.DEPLOYER, Role.USER)
    api.seconds.now += 5
    sent = {"Authorization": key}

    assert api.call("createProcess", headers=sent).status == 400
    assert api.call("updateUserTask", headers=sent).status == 400
    assert api.call("lockJobs", headers=sent).status == 403


def test_readiness_needs_no_role(api):
    assert api.call("checkReadiness", headers={"Authorization": None}).status == 200


def test_there_is_one_row_per_operation_and_one_duty_per_role():
    closed = [row.name for row in surfaces.OPERATIONS if row.needs_credentials]
    assert list(RIGHTS) == [*closed, *BEYOND_OPERATIONS]
    assert list(DUTIES) == list(Role)


def test_who_only_reads_changes_nothing_and_nobody_but_the_admin_moves_the_clock():
    changing = NAMES - QUESTIONS
    assert not [name for name in changing if Role.READ_ONLY in RIGHTS[name]]
    assert [role for role in Role if allows(frozenset({role}), "setTime")] == [Role.ADMIN]


def test_nobody_without_a_role_may_anything():
    assert not any(allows(frozenset(), name) for name in NAMES)


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_document_says_the_roles(row):
    described = DOCUMENT["paths"][row.path][row.method.lower()]
    promised = [role for role, names in PROMISED.items() if row.name in names]

    assert described.get("x-roles", []) == promised
    assert not promised or described["description"] == f"Roles: {', '.join(promised)}."

"""How a user task passes from hand to hand: the state machine of people, step by step."""

from collections.abc import Callable

import pytest

from chalicelib.bpmn.model import Process
from chalicelib.bpmn.parser import parse
from chalicelib.engine.assignment import audience
from chalicelib.engine.claims import Claims, TaskState
from chalicelib.engine.errors import Conflict, Forbidden, Reason
from chalicelib.engine.records import Instant, UserTask
from chalicelib.engine.states import UserTaskState
from tests.models import drawn

MEMBERS = {"Desk": {"cid"}}
Act = Callable[[Claims], object]


def is_member(user: str, groups) -> bool:
    return any(user in MEMBERS.get(group, ()) for group in groups)


@pytest.fixture
def process() -> Process:
    return parse(drawn("one", '<userTask id="ask"/>', "start -> ask", "ask -> end").encode())[0]


@pytest.fixture
def task(process) -> UserTask:
    number = next(e.number for e in process.elements if e.bpmn_element_id == "ask")
    now = Instant(0)
    return UserTask(1, 2, number, UserTaskState.STARTED, 1, now, "boss", now, "boss")


@pytest.fixture
def claims(task, process) -> Claims:
    return Claims(task, process, "1", is_member)


def assign(*users: str, groups: tuple[str, ...] = ()) -> Act:
    return lambda claims: claims.assign(users, groups)


def claim(user: str) -> Act:
    return lambda claims: claims.claim(user)


def unclaim(user: str) -> Act:
    return lambda claims: claims.unclaim(user)


@pytest.mark.parametrize(
    ("way", "state", "assignee", "holder", "owner"),
    [
        ((), TaskState.WAITING, None, None, None),
        ((assign("ann"),), TaskState.ASSIGNED, "ann", None, None),
        ((assign("ann", "bob"),), TaskState.ASSIGNED, None, None, None),
        ((assign(groups=("Desk",)),), TaskState.ASSIGNED, None, None, None),
        ((assign("ann", groups=("Desk",)),), TaskState.ASSIGNED, None, None, None),
        ((assign("ann", "bob"), claim("bob")), TaskState.CLAIM, None, "bob", None),
        ((assign(groups=("Desk",)), claim("cid")), TaskState.CLAIM, None, "cid", None),
        ((assign("ann"), claim("ann"), unclaim("ann")), TaskState.ASSIGNED, "ann", None, None),
        ((assign("ann", "bob"), claim("ann"), unclaim("ann")), TaskState.ASSIGNED, None, None, None),
        ((assign("ann"), claim("ann"), assign("bob")), TaskState.ASSIGNED, "bob", None, "ann"),
        ((assign("ann"), claim("ann"), assign("bob"), claim("bob")), TaskState.CLAIM, "bob", "bob", "ann"),
        ((assign("ann"), assign("bob", "cid")), TaskState.ASSIGNED, None, None, None),
    ],
)
def test_way(way, state, assignee, holder, owner, claims):
    for act in way:
        act(claims)

    said = claims.said
    assert (claims.state, said.get("assignee"), claims.holder, said.get("owner")) == (
        state,
        assignee,
        holder,
        owner,
    )


@pytest.mark.parametrize(
    ("way", "act", "refusal", "reason"),
    [
        ((), claim("ann"), Forbidden, None),
        ((assign("ann"),), claim("bob"), Forbidden, None),
        ((assign(groups=("Desk",)),), claim("ann"), Forbidden, None),
        ((assign("ann", "bob"), claim("ann")), claim("bob"), Conflict, Reason.TASK_ALREADY_CLAIMED),
        ((assign("ann"),), unclaim("ann"), Conflict, Reason.TASK_NOT_CLAIMED),
        ((assign("ann", "bob"), claim("ann")), unclaim("bob"), Forbidden, None),
    ],
)
def test_refusal_changes_nothing(way, act, refusal, reason, claims, task):
    for one in way:
        one(claims)
    before = dict(task.assignment or {})

    with pytest.raises(refusal) as refused:
        act(claims)

    assert refused.value.reason is reason
    assert (task.assignment or {}) == before


def test_whoever_was_named_stays_in_the_audience(claims, task, process):
    for act in (assign("ann", "bob"), claim("bob"), assign("eve", groups=("Desk",)), assign("eve")):
        act(claims)

    assert audience(task, process) == {
        ("user", "ann"),
        ("user", "bob"),
        ("user", "eve"),
        ("group", "Desk"),
    }
    assert claims.said == {"assignee": "eve", "candidateUsers": ["eve"], "owner": "bob"}

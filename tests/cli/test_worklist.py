"""`bpmn worklist` and `bpmn directory`: what people do, from a terminal."""

import json

import pytest

from chalicelib.cli import codes
from tests.cli.terminal import Terminal
from tests.models import drawn

NAME = "worklistTest"


@pytest.fixture
def task(bpmn: Terminal) -> str:
    """The id of a task that ann and bob may do, of a process that this test has for itself."""
    bpmn.deploy(NAME, drawn(NAME, '<userTask id="ask"/>', "start -> ask", "ask -> end"))
    bpmn.done(f"instance create --bpmn-process-id {NAME} --version 1 --variable Order='{{\"nr\": 7}}'")
    # Without anybody it is on no list: only its instance has it.
    users = bpmn.json("user-task query --limit 1000")["results"]
    open_one = next(user for user in users if user["state"] == "STARTED" and "candidateUsers" not in user)
    bpmn.done(
        f"user-task update {open_one['partition']}/{open_one['id']} --revision 1 --candidate-user ann"
        " --candidate-user bob"
    )
    tasks = bpmn.json("worklist list --user ann")["data"]
    return str(tasks[-1]["id"])


def test_list_claim_complete(bpmn, task):
    (row,) = (row for row in bpmn.done("worklist list --user bob --user ann").table if row["ID"] == task)
    assert (row["NAME"], row["PROCESS-NAME"], row["ASSIGNEE"]) == ("ask", NAME, "-")

    assert bpmn.done(f"worklist claim {task} --user ann").out == ""
    assert bpmn.done(f"worklist unclaim {task} --user ann").out == ""
    assert bpmn.json(f"worklist claim {task} --user ann")["code"] == 0
    shown = bpmn.done(f"worklist variables {task}").table
    assert shown == [{"NAME": "Order", "VALUE": '{"nr": 7}'}]
    bpmn.done(
        f"worklist complete {task} --user ann --object 'Order={{\"nr\": 8}}' --object 'Note here=\"x\"'"
    )

    assert task not in [one["id"] for one in bpmn.json("worklist list --user ann")["data"]]


def test_assign_names_others(bpmn, task):
    bpmn.done(f"worklist assign {task} --user eve")

    assert [one["id"] for one in bpmn.json("worklist list --user eve --limit 5")["data"]] == [task]
    bpmn.done(f"worklist complete {task} --user eve")


def test_refusal_says_what_and_why(bpmn, task):
    ended = bpmn(f"worklist claim {task} --user eve")

    assert (ended.code, ended.out) == (codes.REFUSED, "")
    assert f"user eve is no candidate of task {task}" in ended.err
    bpmn.done(f"worklist complete {task} --user ann")


def test_directory_is_loaded_and_shown(bpmn, tmp_path):
    file = tmp_path / "people.json"
    file.write_text(json.dumps({"users": [{"id": "ann", "roles": ["R1"]}], "roles": [{"code": "R1"}]}))

    bpmn.done(f"directory load {file}")

    (row,) = bpmn.done("directory show").table
    assert (row["ID"], row["ROLES"]) == ("ann", "R1")
    file.write_text("{}")
    bpmn.done(f"directory load {file}")
    file.write_text("[]")
    assert "is no JSON object" in bpmn(f"directory load {file}").err

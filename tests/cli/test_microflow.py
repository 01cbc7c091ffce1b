"""`bpmn microflow`: deployed microflows are run and listed from a terminal."""

import json

import pytest

from tests.cli.terminal import Terminal
from tests.models import microflow

NAME = "Get Price ราคา"


@pytest.fixture(autouse=True)
def deployed(bpmn: Terminal) -> None:
    xml = microflow(
        NAME,
        ("Price", "{total: Item.price * Item.number, note: Note}"),
        inputs={"Item": {"price": "Decimal", "number": "Integer"}, "Note": "String"},
        outputs={"Price": {"total": "Decimal", "note": "String"}},
        bpmn_process_id="priced",
        appName="Shop",
        snapVersion="v.1.2",
    )
    bpmn.deploy("priced", xml)


def test_it_runs_and_prints_what_comes_out(bpmn: Terminal) -> None:
    ran = bpmn.done(
        f"microflow run '{NAME}' --object Item='{{\"price\": 1.5, \"number\": 3}}' --object Note='\"ขอบคุณ\"'"
    )

    assert ran.json == {"Price": {"total": 4.5, "note": "ขอบคุณ"}}


def test_an_object_may_come_from_a_file(bpmn: Terminal, tmp_path) -> None:
    (tmp_path / "item.json").write_text('{"price": 2, "number": 2}', encoding="utf-8")

    answer = bpmn.json(f"microflow run priced --app-name Shop --object Item=@{tmp_path}/item.json")

    assert (answer["responseStatus"], answer["flowName"]) == ("SUCCESS", "priced")
    assert answer["responseObjectsMap"] == {"Price": {"total": 4, "note": None}}


def test_a_failure_is_told_and_has_an_exit_code(bpmn: Terminal) -> None:
    ran = bpmn(f"microflow run '{NAME}' --object Item='{{\"number\": \"many\"}}'")

    assert (ran.code, ran.json, ran.err) == (1, {}, "Item.number must be a whole number\n")


@pytest.mark.parametrize(
    ("option", "fact"),
    [
        ("Item", "'Item' is no NAME=JSON"),
        ("Item=text", "the value of Item is no JSON"),
    ],
)
def test_what_is_no_object_is_not_sent(option: str, fact: str, bpmn: Terminal) -> None:
    ran = bpmn(f"microflow run priced --object {option}")

    assert ran.code == 2
    assert fact in ran.err


def test_they_are_listed(bpmn: Terminal) -> None:
    rows = {row["BPMN-PROCESS-ID"]: row for row in bpmn.done("microflow list").table}

    assert rows["priced"]["FLOW-NAME"] == NAME
    assert rows["priced"]["FILE-NAME"] == f"priced.Shop.{NAME}.v.1.2.jar"


def test_they_are_read_anew_and_named(bpmn: Terminal) -> None:
    assert bpmn.done("microflow refresh").out == "RefreshCache Success\n"
    answer = bpmn.json(f"microflow act --file-name 'priced.Shop.{NAME}.v.1.2.jar' --event file")
    assert answer["process"] == [NAME]
    assert bpmn("microflow act --file-name a.b.c.jar --event refresh").code == 1
    assert json.loads(bpmn("microflow act --file-name a.b.c.jar --event refresh --json").out)["process"] == []

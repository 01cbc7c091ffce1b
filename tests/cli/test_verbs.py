"""The verbs that operate an engine, each against a real one: tables, JSON, and what arrives."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.operate import choose_operation, make_parser, make_request
from chalicelib.cli.verbs import find
from tests.cli.server import PATIENCE, command, environment
from tests.cli.terminal import DAY, KEY, MODELS, Terminal, place
from tests.models import parallel, sequence

USER_TASK = (MODELS / "user-task" / "user.bpmn").read_text()


@pytest.fixture
def order(bpmn: Terminal, request: pytest.FixtureRequest) -> str:
    """A process with two service tasks that this test has for itself; its BPMN process id."""
    name = request.node.name.partition("[")[0]
    bpmn.deploy(name, sequence(name, 2))
    return name


def request_of(line: str) -> dict[str, Any]:
    """What a command would send."""
    words = shlex.split(line)
    verb = find(words)
    parsed = vars(make_parser(verb, {}).parse_intermixed_args(words[len(verb.words) :]))
    return make_request(verb, choose_operation(verb, parsed), parsed)._asdict()


def model_file(directory: Path) -> Path:
    """A file whose content does not matter."""
    (directory / "model.bpmn").write_text("<x/>")
    return directory / "model.bpmn"


def lock(bpmn: Terminal, instance: str) -> str:
    (job,) = bpmn.json(f"job lock --process-instance-id {instance}")["jobs"]
    return place(job)


class TestProcess:
    def test_is_created_from_a_file_and_its_xml_is_read_byte_for_byte(self, bpmn, tmp_path):
        xml = sequence("bytes", 1).replace("<process", "<!-- ü -->\r\n  <process")
        (tmp_path / "model.bpmn").write_bytes(xml.encode())

        created = bpmn.done(
            f"process create {tmp_path}/model.bpmn --bpmn-process-id bytes --version 1.5"
            " --tag team=blue --tag urgent --parallelism 3"
        )

        (row,) = created.table
        assert row["BPMN-PROCESS-ID"] == "bytes"
        assert (row["VERSION"], row["PARALLELISM"], row["CREATED-BY"]) == ("1.5", "3", "cli")
        assert row["TAGS"] == "team=blue,urgent"
        assert re.fullmatch(r"2130-01-01 \d\d:\d\d:\d\d", row["CREATED-AT"])
        assert bpmn.done(f"process xml {row['ID']}").out == xml
        assert bpmn.json(f"process query --id {row['ID']}")["results"][0]["tags"] == [
            {"name": "team", "value": "blue"},
            {"name": "urgent"},
        ]

    def test_is_created_from_standard_input(self, address):
        words = ("process", "create", "-", "--bpmn-process-id", "piped", "--version", "1", "--json")
        ended = subprocess.run(
            command(*words),
            env=environment(BPMN_ADDRESS=address, BPMN_API_KEY=KEY),
            input=sequence("piped", 1),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

        assert (ended.returncode, ended.stderr) == (0, "")
        assert json.loads(ended.stdout)["bpmnProcessId"] == "piped"

    def test_is_found_by_tag_and_page(self, bpmn):
        for number in range(3):
            bpmn.deploy(f"tagged{number}", sequence(f"tagged{number}", 1), f"--tag found={number}")

        def names(options: str) -> list[str]:
            return [row["BPMN-PROCESS-ID"] for row in bpmn.done(f"process query {options}").table]

        assert names("--tag found") == ["tagged0", "tagged1", "tagged2"]
        assert names("--tag found=1") == ["tagged1"]
        assert names("--tag found --offset 1 --limit 1") == ["tagged1"]

    def test_elements_are_found(self, bpmn, order):
        (process,) = [p for p in bpmn.json("process query")["results"] if p["bpmnProcessId"] == order]

        rows = bpmn.done(f"element query --process-id {process['id']} --bpmn-element-id t1").table

        assert [(row["BPMN-ELEMENT-ID"], row["BPMN-ELEMENT-TYPE"]) for row in rows] == [
            ("t1", "SERVICE_TASK")
        ]
        assert rows[0]["BPMN-ELEMENT-NAME"] == "-"

    @pytest.mark.parametrize(
        ("option", "sent"),
        [
            ("--error e=E1", {"errors": [{"bpmnElementId": "e", "errorCode": "E1"}]}),
            ("--error e", {"errors": [{"bpmnElementId": "e"}]}),
            ("--message e=paid", {"messages": [{"bpmnElementId": "e", "messageName": "paid"}]}),
            ("--timer e=PT1H", {"timers": [{"bpmnElementId": "e", "timer": {"timeDuration": "PT1H"}}]}),
            ("--timer e=R3/PT1H", {"timers": [{"bpmnElementId": "e", "timer": {"timeCycle": "R3/PT1H"}}]}),
            (
                f"--timer e={DAY}T00:00:00Z",
                {"timers": [{"bpmnElementId": "e", "timer": {"time": f"{DAY}T00:00:00Z"}}]},
            ),
        ],
    )
    def test_definitions_of_events_are_sent(self, option, sent, tmp_path):
        assert request_of(f"process create {model_file(tmp_path)} --bpmn-process-id p --version 1 {option}")[
            "body"
        ] == {"bpmnProcessId": "p", "bpmnXml": "<x/>", "version": "1", "workerId": "cli", **sent}


class TestInstance:
    def test_is_created_with_variables_of_each_encoding(self, bpmn, order, tmp_path):
        (tmp_path / "note").write_text("two\nlines")
        instance = bpmn.start(
            order,
            "--correlation-key 4711 --tag region=north",
            '--variable total=12.50 --variable \'customer={"name": "a=b"}\'',
            f"--variable note:text=@{tmp_path}/note",
        )

        (row,) = bpmn.done(f"instance query --id {instance}").table
        assert (row["ID"], row["STATE"], row["CORRELATION-KEY"]) == (instance, "STARTED", "4711")
        assert (row["TAGS"], row["ENDED-AT"]) == ("region=north", "-")
        values = bpmn.done(f"variable get {instance}").table
        assert [(row["NAME"], row["VALUE"], row["ENCODING"]) for row in values] == [
            ("customer", '{"name": "a=b"}', "json"),
            ("note", "two\\nlines", "text"),
            ("total", "12.50", "json"),
        ]

    def test_is_suspended_and_resumed_without_a_word(self, bpmn, order):
        instance = bpmn.start(order)

        for verb, state in (("suspend", "SUSPENDED"), ("resume", "STARTED")):
            assert bpmn.done(f"instance {verb} {instance}").out == ""
            assert bpmn.json(f"instance query --id {instance}")["results"][0]["state"] == state

    def test_element_instances_are_found_by_state(self, bpmn, order):
        instance = bpmn.start(order)

        query = f"element-instance query --process-instance-id {instance}"
        rows = bpmn.done(f"{query} --state COMPLETED --state TERMINATED").table

        assert [(row["BPMN-ELEMENT-ID"], row["STATE"]) for row in rows] == [("start", "COMPLETED")]
        assert rows[0]["PROCESS-INSTANCE-ID"] == instance


class TestJob:
    def test_is_locked_queried_unlocked_and_completed(self, bpmn, order):
        instance = bpmn.start(order)

        (locked,) = bpmn.done(f"job lock --process-instance-id {instance} --worker-id ada").table
        assert (locked["STATE"], locked["LOCKED-BY"], locked["TYPE"]) == ("LOCKED", "ada", "EXECUTE")
        assert bpmn.done(f"job unlock --id {locked['ID']} --worker-id ada").out == "COUNT\n1\n"
        assert lock(bpmn, instance) == locked["ID"]
        (done,) = bpmn.done(
            f"job complete {locked['ID']} --process-variable paid=true --element-variable t0/note=1"
        ).table

        assert done["STATE"] == "DONE"
        states = [row["STATE"] for row in bpmn.done(f"job query --process-instance-id {instance}").table]
        assert states == ["DONE", "DUE"]
        assert bpmn.done(f"variable get {instance} paid").table[0]["VALUE"] == "true"

    def test_that_fails_is_an_incident_that_can_be_resolved(self, bpmn, order):
        instance = bpmn.start(order)

        failed = bpmn.done(f"job complete {lock(bpmn, instance)} --error 'no paper\nno ink'")
        assert failed.table[0]["ERROR"] == r"no paper\nno ink"
        assert len(failed.out.splitlines()) == 2

        (incident,) = bpmn.done(f"incident query --process-instance-id {instance}").table
        assert (incident["JOB-ID"], incident["RESOLVED-AT"]) == (failed.table[0]["ID"], "-")
        assert bpmn.done(f"incident resolve {incident['ID']} --worker-id ada").out == ""
        (incident,) = bpmn.done(f"incident query --id {incident['ID']}").table
        assert incident["RESOLVED-BY"] == "ada"

    def test_worker_comes_from_the_environment(self, bpmn, order, monkeypatch):
        instance = bpmn.start(order)
        monkeypatch.setenv("BPMN_WORKER_ID", "grace")

        (job,) = bpmn.json(f"job lock --process-instance-id {instance}")["jobs"]
        assert job["lockedBy"] == "grace"

    @pytest.mark.parametrize(
        ("options", "completion"),
        [
            ("", None),
            ("--decision t1", {"exclusiveGatewayDecision": "t1"}),
            (
                "--inclusive-decision a --inclusive-decision b",
                {"inclusiveGatewayDecision": ["a", "b"]},
            ),
            ("--error-code E1 --time-duration PT1H", {"errorCode": "E1", "timer": {"timeDuration": "PT1H"}}),
            (
                "--called-process-bpmn-process-id p --called-process-tag a=b",
                {"calledProcess": {"bpmnProcessId": "p", "tags": [{"name": "a", "value": "b"}]}},
            ),
        ],
    )
    def test_completion_is_sent(self, options, completion):
        request = request_of(f"job complete {DAY}/17 {options}")

        assert request["path"] == f"/jobs/{DAY}/17/complete"
        assert request["body"] == {"workerId": "cli"} | ({"completion": completion} if completion else {})


class TestTask:
    def test_is_queried_executed_and_unlocked(self, bpmn):
        bpmn.deploy("joined", parallel("joined", 2, "task"))
        instance = bpmn.start("joined")

        waiting = bpmn.done(f"task query --process-instance-id {instance}").table
        assert {(row["BPMN-ELEMENT-ID"], row["STATE"]) for row in waiting} == {("join", "DUE")}
        assert bpmn.done("task unlock --engine-id other").out == "COUNT\n0\n"
        (first,) = bpmn.done(f"task execute --process-instance-id {instance}").table
        bpmn.done(f"task execute --process-instance-id {instance} --limit 10")

        assert (first["STATE"], first["ERROR"]) == ("DONE", "-")
        assert first["ID"] in {row["ID"] for row in waiting}
        assert bpmn.json(f"instance query --id {instance}")["results"][0]["state"] == "COMPLETED"

    def test_nothing_found_is_a_heading(self, bpmn):
        ran = bpmn.done("task query --type START_PROCESS_INSTANCE --partition 2000-01-01")

        assert ran.out.startswith("ID  PROCESS-INSTANCE-ID  ")
        assert ran.table == []


class TestUserTask:
    def test_is_queried_updated_and_completed(self, bpmn):
        bpmn.deploy("userTest", USER_TASK)
        instance = bpmn.start("userTest")

        (task,) = bpmn.done(f"user-task query --process-instance-id {instance}").table
        assert (task["REVISION"], task["STATE"]) == ("1", "STARTED")
        (task,) = bpmn.done(f"user-task update {task['ID']} --revision 1 --tag assignee=ada").table
        assert (task["REVISION"], task["STATE"], task["TAGS"]) == ("2", "STARTED", "assignee=ada")
        (task,) = bpmn.done(f"user-task complete {task['ID']} --revision 2 --process-variable ok=true").table

        assert task["STATE"] == "COMPLETED"
        assert bpmn.json(f"instance query --id {instance}")["results"][0]["state"] == "COMPLETED"


class TestVariable:
    def test_of_an_instance_is_set_got_found_and_deleted(self, bpmn, order):
        instance = bpmn.start(order)

        assert bpmn.done(f"variable set {instance} a=1 --worker-id ada 'b=[2]' c:text=3").out == ""
        assert [v["name"] for v in bpmn.json(f"variable get {instance}")["variables"]] == ["a", "b", "c"]
        assert [r["NAME"] for r in bpmn.done(f"variable get {instance} --api-key {KEY} a c").table] == [
            "a",
            "c",
        ]
        found = bpmn.done(f"variable query --process-instance-id {instance} --name b --name c").table
        assert [(row["NAME"], row["ENCODING"]) for row in found] == [("b", "json"), ("c", "text")]
        assert bpmn.done(f"variable delete {instance} a c").out == ""
        assert [v["name"] for v in bpmn.json(f"variable get {instance}")["variables"]] == ["b"]

    def test_of_an_element_instance_is_set_got_and_deleted(self, bpmn, order):
        instance = bpmn.start(order)
        query = f"element-instance query --process-instance-id {instance} --bpmn-element-id t0"
        (element,) = bpmn.done(query).table

        scope = f"--element-instance {element['ID']}"
        assert bpmn.done(f"variable set {scope} note=1 {order}/total=2").out == ""
        rows = bpmn.done(f"variable get {scope}").table
        assert [(row["NAME"], row["BPMN-ELEMENT-ID"]) for row in rows] == [("note", "t0"), ("total", order)]
        rows = bpmn.done(f"variable get {scope} --exclude-parent-variables").table
        assert [row["NAME"] for row in rows] == ["note"]
        assert bpmn.done(f"variable delete {scope} note").out == ""
        assert bpmn.json(f"variable get {scope} note") == {"count": 0, "variables": []}

    @pytest.mark.parametrize(
        ("text", "variable"),
        [
            ("a=1", {"name": "a", "data": {"encoding": "json", "value": "1"}}),
            (
                "a:application/json=x=y",
                {"name": "a", "data": {"encoding": "application/json", "value": "x=y"}},
            ),
            ("a:encrypted=1", {"name": "a", "data": {"encoding": "json", "value": "1", "encrypted": True}}),
            (
                "a:text:encrypted=x",
                {"name": "a", "data": {"encoding": "text", "value": "x", "encrypted": True}},
            ),
            ("sub/a=1", {"bpmnElementId": "sub", "name": "a", "data": {"encoding": "json", "value": "1"}}),
        ],
    )
    def test_is_written_as_one_word(self, text, variable):
        request = request_of(f"variable set --element-instance {DAY}/3 '{text}'")

        assert request["path"] == f"/element-instances/{DAY}/3/variables"
        assert request["body"] == {"variables": [variable], "workerId": "cli"}


def test_clock_is_set(bpmn):
    (row,) = bpmn.done("time set --time-duration PT1S").table

    assert row["OLD-TIME"] < row["NEW-TIME"]
    assert row["OLD-TIME"].startswith(DAY)


def test_engine_is_ready(bpmn):
    assert bpmn.done("ready").out == "ready\n"

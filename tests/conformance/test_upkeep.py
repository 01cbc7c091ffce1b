"""Upkeep: what the engine does for itself day by day, and what it removes after a retention."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.messages import Message, MessageSlot
from chalicelib.engine.records import Instant
from chalicelib.engine.states import TaskType
from chalicelib.local.executor import Executor
from chalicelib.local.feed import LocalFeed
from chalicelib.service import drop, upkeep
from chalicelib.service.once import execute_once
from chalicelib.service.planned import plan
from chalicelib.service.upkeep import ROWS
from chalicelib.storage.keys import answer as answer_key
from chalicelib.storage.ports import Delete
from tests.models import sequence
from tests.play import WORKER, Engine, Order
from tests.recording import Failing, Recording

DAILY = ["CREATE_PARTITION", "DETACH_PARTITION", "PURGE_MESSAGES", "PURGE_SIGNALS"]
MINUTES = ["00", "05", "10", "15"]


def tasks(engine: Engine, type: str | None = None) -> list[dict[str, Any]]:
    return engine.send(c.QueryTasks(type=type))["results"]


def waiting(engine: Engine, type: str | None = None) -> list[tuple[str, str]]:
    """Type and due time of what is not done."""
    return sorted((task["dueAt"], task["type"]) for task in tasks(engine, type) if "completedAt" not in task)


def keeping(engine: Engine, retention: str | None, archive: Path | None = None) -> Engine:
    """The same engine with a retention."""
    settings = replace(engine.settings, retention=retention, archive=archive and str(archive))
    engine.settings = settings
    engine.env = engine.environment()
    return engine


def sweep(engine: Engine) -> list[str]:
    """Run what is due and what that makes due, in steps as the executor does; answers the types, in order."""
    done: list[str] = []
    while ran := engine.send(c.ExecuteTasks(limit=100)):
        if not ran["locked"]:
            return done
        assert not ran["failed"]
        assert {task["state"] for task in ran["completedTasks"]} == {"DONE"}
        done += [task["type"] for task in ran["completedTasks"]]
    raise AssertionError


def archived(archive: Path) -> dict[int, dict[str, Any]]:
    """Lines of all files by id of their process instance; whole ones without it by nothing."""
    found = {}
    for file in sorted(archive.rglob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            document = json.loads(line)
            if "processInstance" in document:
                found[document["processInstance"]["id"]] = document
    return found


def keys_of(recording: Recording, date: str) -> list[str]:
    return sorted(f"{key.partition}/{key.sort}" for key in recording.keys if key.partition.startswith(date))


# Day by day


@pytest.mark.every_store
def test_engine_owes_itself_four_tasks_a_day(engine: Engine) -> None:
    upkeep.begin(engine.env)

    assert waiting(engine) == [
        ("2030-01-02T00:00:00.000Z", "CREATE_PARTITION"),
        ("2030-01-02T00:05:00.000Z", "DETACH_PARTITION"),
        ("2030-01-02T00:10:00.000Z", "PURGE_MESSAGES"),
        ("2030-01-02T00:15:00.000Z", "PURGE_SIGNALS"),
    ]
    (create,) = tasks(engine, "CREATE_PARTITION")
    assert create["serializedTask"] == '{"Partition":"2030-01-04"}'
    assert not {"processId", "processInstanceId", "elementId"} & create.keys()
    assert sweep(engine) == []
    engine.clock.advance("PT17H")

    assert sweep(engine) == DAILY

    assert [task["state"] for task in tasks(engine, "CREATE_PARTITION")] == ["DONE", "CREATED"]
    assert waiting(engine, "CREATE_PARTITION") == [("2030-01-03T00:00:00.000Z", "CREATE_PARTITION")]
    assert [due[:16] for due, _ in waiting(engine)] == [f"2030-01-03T00:{at}" for at in MINUTES]
    assert "2030-01-04" in engine.env.store.partitions()
    assert engine.send(c.QueryProcessInstances())["results"] == []


@pytest.mark.every_store
def test_two_that_begin_at_once_make_one_set(engine: Engine) -> None:
    recording = engine.record()
    recording.before_commit = lambda: upkeep.begin(engine.environment())

    upkeep.begin(engine.env)
    upkeep.begin(engine.environment())

    assert [task["type"] for task in tasks(engine)] == DAILY


def test_executor_begins_when_it_first_looks(engine: Engine) -> None:
    recording = engine.record()
    executor = Executor(engine.env, LocalFeed(), lambda *fed: pytest.fail(f"there is no job: {fed}"))
    assert tasks(engine) == []

    executor.look()
    assert [task["type"] for task in tasks(engine)] == DAILY
    recording.calls.clear()
    executor.look()

    # The clock, and where due tasks are, once for fed jobs and once for tasks; for upkeep only the clock.
    assert recording.calls == {"get": 3, "query": 2}


def test_first_instance_of_a_date_has_id_one_all_the_same(engine: Engine) -> None:
    upkeep.begin(engine.env)

    assert engine.start(engine.deploy("task/service.bpmn")).id == 1


@pytest.mark.every_store
def test_clock_that_is_moved_by_ten_days_is_caught_up_with(engine: Engine) -> None:
    upkeep.begin(engine.env)
    engine.send(c.SetTime(timeDuration="P10D"))

    done = sweep(engine)

    assert done[:4] == DAILY
    assert done[4:] == ["CREATE_PARTITION"] * 9
    made = [json.loads(task["serializedTask"])["Partition"] for task in tasks(engine, "CREATE_PARTITION")]
    assert sorted(made) == [f"2030-01-{day:02}" for day in range(4, 15)]
    assert [due[:16] for due, _ in waiting(engine)] == [f"2030-01-12T00:{at}" for at in MINUTES]
    # Of the dates that have passed by, none is listed for nothing.
    assert engine.env.store.partitions() == ["2030-01-01", "2030-01-11", "2030-01-12", "2030-01-13"]


@pytest.mark.parametrize("passed", range(4))
def test_run_that_broke_off_neither_breaks_nor_doubles_the_chain(engine: Engine, passed: int) -> None:
    upkeep.begin(engine.env)
    engine.clock.advance("PT16H")
    failing = Failing(engine.items)
    engine.items = failing
    engine.env = engine.environment()
    failing.passes = passed
    engine.send(c.ExecuteTasks(limit=1))
    failing.passes = None

    sweep(engine)

    assert len(tasks(engine, "CREATE_PARTITION")) == 2


def test_every_type_of_upkeep_has_its_row() -> None:
    assert {row.type for row in ROWS} == {TaskType.DROP_PARTITION, *map(TaskType, DAILY)}


# After the retention

LENGTH = 12


def ended(engine: Engine, **fields: Any) -> Order:
    """A process instance that has ended, with pages, and values that lie beside it."""
    order = engine.start(engine.deploy_xml(sequence("long", LENGTH)), **fields)
    for number in range(LENGTH):
        text = hashlib.sha256(str(number).encode()).hexdigest()
        own = [{"name": "own", "data": {"encoding": "text", "value": text}}]
        order.complete_job(f"t{number}", elementVariables=own)
    assert order.has_ended
    return order


LARGE = [{"name": "a", "data": {"encoding": "json", "value": json.dumps(list(range(900)))}}]


@pytest.mark.every_store
def test_date_is_archived_and_dropped_after_its_retention(engine: Engine, tmp_path: Path) -> None:
    keeping(engine, "P30D", tmp_path / "archive")
    recording = engine.record()
    upkeep.begin(engine.env)
    order = ended(engine, variables=LARGE)
    shown = {
        "processInstance": order.state(),
        "elementInstances": order.element_instances(),
        "jobs": order.jobs(),
    }
    sorts = {key.split("/")[1].split("#")[0] for key in keys_of(recording, "2030-01-01")}
    assert sorts == {"STATE", "PAGE", "VALUE"}
    engine.clock.advance("P30D")
    sweep(engine)
    assert tasks(engine, "DROP_PARTITION") == []
    assert order.has_ended

    engine.clock.advance("P1D")
    sweep(engine)

    first = tasks(engine, "DROP_PARTITION")[0]
    assert (first["serializedTask"], first["dueAt"][:10]) == ('{"Partition":"2030-01-01"}', "2030-02-01")
    assert keys_of(recording, "2030-01-01") == []
    assert order.query(c.QueryProcessInstances, id=order.id) == []
    assert "2030-01-01" not in engine.env.store.partitions()
    line = archived(tmp_path / "archive")[order.id]
    assert shown.items() <= line.items()
    assert [v["value"] for v in line["variables"] if v["name"] == "a"] == [LARGE[0]["data"]["value"]]
    assert len([v for v in line["variables"] if v["name"] == "own"]) == LENGTH
    assert engine.env.store.upkeep().detached == []


def test_without_a_retention_everything_is_kept(engine: Engine) -> None:
    upkeep.begin(engine.env)
    order = ended(engine)
    engine.clock.advance("P2Y")

    sweep(engine)

    assert order.has_ended
    assert tasks(engine, "DROP_PARTITION") == []


def test_with_a_retention_and_no_archive_a_date_is_removed(engine: Engine) -> None:
    keeping(engine, "P1D")
    recording = engine.record()
    upkeep.begin(engine.env)
    order = ended(engine, variables=LARGE)
    engine.clock.advance("P3D")

    sweep(engine)

    assert order.query(c.QueryProcessInstances, id=order.id) == []
    assert keys_of(recording, "2030-01-01") == []


def test_date_on_which_something_lives_stays_until_that_has_ended(engine: Engine, tmp_path: Path) -> None:
    keeping(engine, "P1D", tmp_path / "archive")
    upkeep.begin(engine.env)
    short = engine.deploy("task/task.bpmn")
    over = [ended(engine), *(engine.start(short) for _ in range(drop.DROPPED))]
    alive = engine.start(engine.deploy("task/service.bpmn"))
    for _ in range(4):
        engine.clock.advance("P1D")
        sweep(engine)
    assert all(order.has_ended for order in over)
    alive.waits_at("serviceTask")
    assert archived(tmp_path / "archive") == {}
    open_ones = [task for task in tasks(engine, "DROP_PARTITION") if "completedAt" not in task]
    assert [task["serializedTask"] for task in open_ones] == ['{"Partition":"2030-01-01"}']

    alive.complete_job("serviceTask")
    engine.clock.advance("P1D")
    sweep(engine)

    assert alive.query(c.QueryProcessInstances) == []
    assert set(archived(tmp_path / "archive")) == {order.id for order in (*over, alive)}


def test_planned_task_keeps_its_date(engine: Engine) -> None:
    keeping(engine, "P1D")
    upkeep.begin(engine.env)
    moment = engine.env.moment(WORKER)
    process = engine.env.store.process(engine.deploy("task/service.bpmn")["id"])
    assert process is not None
    work = plan(engine.env, process, moment)
    work.step(moment).add_task(TaskType.START_PROCESS_INSTANCE, due_at=moment.now + 20 * drop.DAY)
    engine.env.store.commit(work)
    engine.clock.advance("P10D")
    sweep(engine)
    assert "2030-01-01" in engine.env.store.partitions()

    engine.clock.advance("P11D")
    sweep(engine)
    engine.clock.advance("P1D")
    sweep(engine)

    assert "2030-01-01" not in engine.env.store.partitions()


def test_encrypted_value_stays_encrypted_in_the_archive(engine: Engine, tmp_path: Path) -> None:
    engine.settings = replace(engine.settings, encryption_keys=(b"k" * 32,))
    keeping(engine, "P1D", tmp_path / "archive")
    upkeep.begin(engine.env)
    secret = [{"name": "a", "data": {"encoding": "json", "value": "secret", "encrypted": True}}]
    order = ended(engine, variables=secret)
    engine.clock.advance("P3D")

    sweep(engine)

    variable = archived(tmp_path / "archive")[order.id]["variables"][0]
    assert variable["encrypted"]
    assert "secret" not in variable["value"]
    assert engine.env.cipher is not None
    assert engine.env.cipher.decrypt(variable["value"]) == "secret"


@pytest.mark.eager_only
def test_date_is_checked_and_dropped_in_bounded_steps(engine: Engine, tmp_path: Path) -> None:
    keeping(engine, "P1D", tmp_path / "archive")
    recording = engine.record()
    upkeep.begin(engine.env)
    process = engine.deploy("task/task.bpmn")
    orders = [engine.start(process) for _ in range(1020)]
    engine.clock.advance("P3D")

    sweep(engine)

    assert set(archived(tmp_path / "archive")) == {order.id for order in orders}
    assert keys_of(recording, "2030-01-01") == []
    steps = [json.loads(task["serializedTask"]) for task in tasks(engine, "DROP_PARTITION")]
    assert [step["checked"] for step in steps if "checked" in step] == [1000]
    assert {len(step["archived"]) for step in steps if step.get("archived")} >= {50}
    assert max(len(step.get("archived", [])) for step in steps) == 50


@pytest.mark.parametrize("passed", range(18))
def test_dropping_that_broke_off_loses_nothing(engine: Engine, tmp_path: Path, passed: int) -> None:
    keeping(engine, "P1D", tmp_path / "archive")
    failing = Gone(engine.items)
    engine.items = failing
    engine.env = engine.environment()
    upkeep.begin(engine.env)
    short = engine.deploy("task/task.bpmn")
    orders = [ended(engine, variables=LARGE), *(engine.start(short) for _ in range(60))]
    lines = {order.id: order.element_instances() for order in orders}
    engine.clock.advance("P3D")
    failing.passes = passed
    with suppress(ConnectionError):
        for _ in range(9):
            engine.send(c.ExecuteTasks(limit=100))
    failing.passes = None
    engine.env = engine.environment()

    sweep(engine)

    assert keys_of(failing, "2030-01-01") == []
    found = archived(tmp_path / "archive")
    assert {id: line["elementInstances"] for id, line in found.items()} == lines
    assert found[orders[0].id]["variables"][0]["value"] == LARGE[0]["data"]["value"]


class Gone(Failing):
    """Also what is written without a transaction is refused from then on."""

    def commit_each(self, groups: Any) -> list[bool]:
        if self.passes is not None:
            self.passes -= 1
            if self.passes < 0:
                raise ConnectionError("gone")
        return super().commit_each(groups)


class Racing(Recording):
    """Somebody writes a process instance right before it is removed."""

    race: Callable[[], object] | None = None

    def commit_each(self, groups: Any) -> list[bool]:
        if self.race is not None and any(isinstance(write, Delete) for group in groups for write in group):
            act, self.race = self.race, None
            act()
        return super().commit_each(groups)


@pytest.mark.every_store
def test_instance_that_is_written_during_its_removal_is_archived_again(
    engine: Engine, tmp_path: Path
) -> None:
    keeping(engine, "P1D", tmp_path / "archive")
    racing = Racing(engine.items)
    engine.items = racing
    engine.env = engine.environment()
    upkeep.begin(engine.env)
    order = engine.start(engine.deploy("task/task.bpmn"))
    engine.clock.advance("P3D")
    racing.race = lambda: tagged(engine, order)

    sweep(engine)

    assert archived_tags(tmp_path / "archive") == [[], LATE]
    assert order.query(c.QueryProcessInstances) == []


LATE = [{"name": "late", "value": "yes"}]


def tagged(engine: Engine, order: Order) -> None:
    """A write after the end."""
    work = engine.env.store.load(order.partition, order.id)
    assert work is not None
    work.instance.tags["late"] = "yes"
    engine.env.store.commit(work)


def archived_tags(archive: Path) -> list[list[dict[str, str]]]:
    """Tags of all lines with a process instance, the duplicate ones too."""
    found = [line["processInstance"]["tags"] for line in lines(archive) if "processInstance" in line]
    return sorted(found, key=len)


def test_instance_that_is_written_between_archive_and_removal_is_archived_again(
    engine: Engine, tmp_path: Path
) -> None:
    keeping(engine, "P1D", tmp_path / "archive")
    upkeep.begin(engine.env)
    order = ended(engine)
    engine.clock.advance("P3D")
    for _ in range(20):
        engine.send(c.ExecuteTasks(limit=100))
        if archived(tmp_path / "archive"):
            break
    tagged(engine, order)

    sweep(engine)

    assert archived_tags(tmp_path / "archive") == [[], LATE]
    assert order.query(c.QueryProcessInstances) == []


def lines(archive: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(archive.rglob("*.gz")):
        yield from map(json.loads, gzip.decompress(file.read_bytes()).splitlines())


def test_archive_that_cannot_be_written_causes_an_incident(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("no directory")
    keeping(engine, "P1D", tmp_path / "archive")
    upkeep.begin(engine.env)
    order = ended(engine)
    engine.clock.advance("P3D")
    for _ in range(9):
        engine.send(c.ExecuteTasks(limit=100))
    (incident,) = engine.send(c.QueryIncidents())["results"]
    failed = next(task for task in tasks(engine) if task["id"] == incident["taskId"])
    assert failed["error"].startswith("partition 2030-01-01 could not be archived: ")
    assert order.has_ended

    (tmp_path / "archive").unlink()
    engine.send(c.ResolveIncident(partition=incident["partition"], id=incident["id"], workerId=WORKER))
    sweep(engine)

    assert order.id in archived(tmp_path / "archive")
    assert order.query(c.QueryProcessInstances) == []


def test_retention_that_is_taken_back_keeps_the_date(engine: Engine) -> None:
    keeping(engine, "P1D")
    upkeep.begin(engine.env)
    order = ended(engine)
    engine.clock.advance("P3D")
    while not tasks(engine, "DROP_PARTITION"):
        engine.send(c.ExecuteTasks(limit=1))
    keeping(engine, None)

    sweep(engine)

    assert order.has_ended
    assert engine.env.store.upkeep().detached == []


# Messages, signals, answers


def messages(engine: Engine) -> list[tuple[int, str]]:
    return [(m["id"], m["name"]) for m in engine.send(c.QueryMessages())["results"]]


def test_messages_are_purged_once_their_time_has_been_over_for_the_retention(engine: Engine) -> None:
    keeping(engine, "P7D")
    upkeep.begin(engine.env)

    def send(name: str, expires: str | None = None, **fields: Any) -> None:
        timer = None if expires is None else {"timeDuration": expires}
        engine.send(
            c.SendMessage(name=name, correlationKey="k", workerId=WORKER, expirationTimer=timer, **fields)
        )

    for _ in range(30):
        send("done")
    send("unique", uniqueKey="u")
    send("later", "P20D")
    engine.clock.advance("P6D")
    send("done")
    sweep(engine)
    assert len(messages(engine)) == 33

    engine.clock.advance("P3D")
    sweep(engine)

    assert [name for _, name in messages(engine)] == ["later", "done"]
    send("unique", uniqueKey="u")
    assert [name for _, name in messages(engine)] == ["later", "done", "unique"]


def test_messages_are_purged_in_bounded_steps(engine: Engine) -> None:
    keeping(engine, "P1D")
    upkeep.begin(engine.env)
    for number in range(1200):
        engine.send(c.SendMessage(name=f"m{number}", correlationKey="k", workerId=WORKER))
    engine.clock.advance("P3D")

    assert sweep(engine).count("PURGE_MESSAGES") == 3

    assert messages(engine) == []


def test_message_that_is_being_taken_stays() -> None:
    taken, gone = (Message(id, Instant(0), WORKER, at, True) for id, at in ((1, None), (2, Instant(5))))
    slot = MessageSlot("m", "k", [taken, gone])

    assert slot.forget(lambda expired: True)

    assert (slot.messages, slot.is_empty) == ([taken], False)


def test_messages_stay_without_a_retention(engine: Engine) -> None:
    upkeep.begin(engine.env)
    engine.send(c.SendMessage(name="m", correlationKey="k", workerId=WORKER))
    engine.clock.advance("P1Y")

    sweep(engine)

    assert len(messages(engine)) == 1


@pytest.mark.embedded
def test_answers_are_removed_a_day_after_they_were_given(engine: Engine) -> None:
    """DynamoDB does it by itself, by the time to live of its items; its double does not."""
    upkeep.begin(engine.env)
    command = c.SetTime(timeDuration="PT0S")
    execute_once(command, engine.env, "k")
    key = answer_key("SetTime#k")
    engine.clock.advance("PT20H")
    sweep(engine)
    assert engine.items.get([key]) != [None]

    engine.clock.advance("P1D")
    sweep(engine)

    assert engine.items.get([key]) == [None]

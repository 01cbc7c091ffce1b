"""A process instance as bytes, and back."""

from dataclasses import fields, replace
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.bpmn.extension import NOTHING_ADDED, Extension
from chalicelib.bpmn.parser import parse
from chalicelib.engine.instance import Counters, ProcessInstance
from chalicelib.engine.records import (
    DeployedProcess,
    ElementInstance,
    Incident,
    Instant,
    Job,
    Record,
    Subscription,
    Task,
    UserTask,
    Variable,
)
from chalicelib.engine.states import InstanceState, JobType, TaskType, UserTaskState, WorkState
from chalicelib.storage import codec
from chalicelib.storage.codec import RECORDS
from tests.play import MODELS

BASE = 1_893_484_800_000

instants = st.integers(0, 2**44)
texts = st.text(max_size=20)
COLUMNS = {
    int: st.integers(1, 2**31),
    str: texts,
    bool: st.booleans(),
    Instant: instants,
    dict[str, Any]: st.dictionaries(
        texts, st.none() | texts | st.integers(0, 100) | st.lists(texts, max_size=2)
    ),
}


def records(kind: type[Record]) -> st.SearchStrategy[Record]:
    """Any record of a class, made by walking its fields."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: column(hints[field.name]) for field in fields(kind)})


def column(hint: object) -> st.SearchStrategy:
    if get_origin(hint) is dict:
        return st.dictionaries(texts, st.none() | texts, max_size=2)
    options = get_args(hint) or (hint,)
    if isinstance(options[0], type) and issubclass(options[0], Enum):
        return st.sampled_from(options[0])
    strategy = COLUMNS[options[0]]
    return st.none() | strategy if type(None) in options else strategy


any_record = st.one_of([records(kind) for kind in RECORDS])


@given(st.lists(any_record, max_size=5))
def test_ended_records_come_back_as_they_were(ended: list[Record]) -> None:
    assert codec.decode_ended(codec.encode_ended(ended, BASE), BASE) == ended


@st.composite
def instances(draw: st.DrawFn) -> ProcessInstance:
    """Any process instance, with open records of every kind."""
    blocks = draw(st.lists(st.integers(0, 2**25), min_size=1, max_size=6, unique=True).map(sorted))
    instance = ProcessInstance(
        "2030-01-01",
        blocks,
        draw(st.integers(1, 1000)),
        Instant(draw(instants)),
        draw(texts),
        draw(st.sampled_from(InstanceState)),
        draw(st.none() | instants),
        draw(st.none() | instants),
        draw(st.none() | texts),
        draw(st.dictionaries(texts, st.none() | texts, max_size=3)),
        draw(st.none() | st.integers(1, 99)),
        draw(st.none() | st.integers(1, 99)),
        draw(st.none() | st.integers(1, 99)),
        draw(st.none() | st.tuples(texts, texts, st.integers(1, 99))),
        draw(st.integers(0, 9999)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.none() | instants),
        draw(st.none() | texts),
        Counters(*draw(st.tuples(*[st.integers(0, 999)] * 6))),
        *draw(st.just((0, 0)) | st.tuples(st.integers(1, 9999), st.integers(0, 9999))),
    )
    homes = {
        ElementInstance: instance.element_instances,
        Job: instance.jobs,
        Task: instance.tasks,
        Incident: instance.incidents,
        UserTask: instance.user_tasks,
    }
    for kind, home in homes.items():
        home.update({record.id: record for record in draw(st.lists(records(kind), max_size=3))})
    for subscription in draw(st.lists(records(Subscription), max_size=3)):
        instance.subscriptions[subscription.element_instance_id] = subscription
    for variable in draw(st.lists(records(Variable), max_size=3)):
        instance.variables[variable.element_instance_id, variable.name] = variable
    return instance


# However slow the machine is: what is drawn here is large.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    instances(), st.lists(st.lists(texts, max_size=3), max_size=3), st.lists(records(Incident), max_size=2)
)
def test_instance_comes_back_as_it_was(
    instance: ProcessInstance, pages: list[list[str]], ended: list[Record]
) -> None:
    rows = codec.encode_ended(ended, instance.base)

    state, carried = codec.unpack(codec.pack(codec.encode_open(instance, pages), rows))

    assert codec.decode_open(state, instance.partition) == (instance, pages)
    assert carried == rows


def test_row_without_a_newer_column_reads_as_its_default() -> None:
    row = codec.Row(Incident)

    assert row.decode([7, 5, "worker"], BASE) == Incident(7, Instant(BASE + 5), "worker")


def test_item_of_a_newer_release_is_refused() -> None:
    instance = ProcessInstance("2030-01-01", [0], 1, Instant(BASE), "worker")
    opened = codec.encode_open(instance, []).replace(b"[1,", b"[2,", 1)

    with pytest.raises(codec.UnknownSchema, match="item has schema 2, this release knows 1"):
        codec.unpack(codec.pack(opened, b""))


def test_item_of_schema_1_is_read() -> None:
    """An item as schema 1 wrote it; it stays readable for ever."""
    opened = (
        b'[1,[1,4,1893484800000,"worker",1893484800000,null,"order-1",{"vip":"yes"},null,null,[[0,1],[5,2]],4,1],'
        b'[3,1,0,0,0,1],[["1-AAAB"]],[[1,0,null,4,0,"worker",0],[3,2,1,4,0,"worker",0,null,1]],'
        b'[[1,3,2,3,3,0,"worker",0]],[],[],[[1,"amount","json",false,0,"worker",0,"worker",null,null,"12"]],[]]'
    )

    state, _ = codec.unpack(codec.pack(opened, b""))
    instance, pages = codec.decode_open(state, "2030-01-01")

    assert codec.encode_open(instance, pages) == opened, "what was never counted is not written either"
    assert (instance.write_units, instance.read_units) == (0, 0)
    assert (instance.state, instance.blocks, pages) == (InstanceState.STARTED, [0, 5, 6], [["1-AAAB"]])
    assert (instance.jobs[1].type, instance.jobs[1].state) == (JobType.EXECUTE, WorkState.CREATED)
    assert instance.variables[None, "amount"].value == "12"


@pytest.mark.parametrize("states", [InstanceState, WorkState, JobType, TaskType, UserTaskState])
def test_members_keep_their_stored_positions(states: type[Enum]) -> None:
    """Rows hold positions: a member that moves would turn stored jobs into other jobs."""
    positions = {
        InstanceState: "CANCELED COMPLETED CREATED QUEUED STARTED SUSPENDED TERMINATED",
        UserTaskState: "CANCELED COMPLETED STARTED TERMINATED",
        WorkState: "CANCELED CAUSED_INCIDENT CAUSED_RETRY CREATED DONE DUE LOCKED",
        JobType: "CALL_PROCESS EVALUATE_EXCLUSIVE_GATEWAY EVALUATE_INCLUSIVE_GATEWAY EXECUTE PASS_VARIABLES "
        "SET_ERROR_CODE SET_ESCALATION_CODE SET_MESSAGE_CORRELATION_KEY SET_SIGNAL_NAME SET_TIMER "
        "SUBSCRIBE_MESSAGE SUBSCRIBE_SIGNAL",
        TaskType: "DEQUEUE_PROCESS_INSTANCE JOIN_PARALLEL_GATEWAY START_PROCESS_INSTANCE "
        "TERMINATE_PROCESS_INSTANCE TRIGGER_EVENT CREATE_PARTITION DETACH_PARTITION DROP_PARTITION "
        "PURGE_MESSAGES PURGE_SIGNALS",
    }[states].split()  # type: ignore[index]

    assert [member.name for member in states][: len(positions)] == positions


def test_public_ids_are_sixty_four_to_a_block() -> None:
    instance = ProcessInstance("2030-01-01", [0, 5], 1, Instant(BASE), "worker")

    assert [instance.public_id(number) for number in (1, 64, 65, 128)] == [1, 64, 321, 384]
    assert [instance.number(id) for id in (1, 64, 321, 384, 65, 400)] == [1, 64, 65, 128, None, None]
    assert replace(instance, counters=Counters(tasks=129)).missing_blocks() == 1


@pytest.mark.parametrize("dialect", ["zeebe", "camunda", "bpmn"])
def test_what_modelers_add_comes_back_as_it_was(dialect: str) -> None:
    (model,) = parse((MODELS / "dialect" / f"{dialect}.bpmn").read_bytes())
    process = DeployedProcess(1, "orderFulfilment", "1", Instant(0), "ann", 1, model)

    read = codec.decode_process(codec.encode_process(process)).model

    assert (tuple(read.elements), tuple(read.flows)) == (model.elements, model.flows)


def test_element_of_a_release_without_extensions_is_read() -> None:
    """A row as it was written before modelers' extensions were read."""
    body = codec.encode_json(
        {
            "schema": 1,
            "head": [1, "p", "1", 0, "ann", 1, 0, {}],
            "pool": [None, None, None],
            "elements": [
                ["p", "PROCESS", None, None, None, None, True, None, None],
                ["t", "SERVICE_TASK", None, 0, None],
                ["c", "CALL_ACTIVITY", None, 0, None, None, True, None, "q:1"],
            ],
            "flows": [["f", 1, 2, 0, None]],
        }
    )

    _, task, call = codec.decode_process(body).model.elements

    assert (task.extension, task.is_interrupting) == (NOTHING_ADDED, True)
    assert (call.extension, call.called_element) == (NOTHING_ADDED, "q:1")


def test_what_a_newer_release_knows_of_an_element_is_left_out() -> None:
    extension = codec._decode_extension({"work_type": "a", "colour": "red", "headers": [["k", "v"]]})

    assert extension == Extension(work_type="a", headers=(("k", "v"),))

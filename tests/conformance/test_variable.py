"""Variables of process instances."""

import base64
import zlib
from collections.abc import Callable, Iterator

import pytest

from chalicelib import wiring
from chalicelib.contract import commands as c
from chalicelib.engine.errors import Conflict, InvalidCommand, NotFound
from chalicelib.settings import KMS, Settings
from chalicelib.storage.kms import create_key
from tests.conftest import Play
from tests.play import WORKER, Engine, Order
from tests.storage.aws import REGION, kms_keys


def put(engine: Engine, order: Order, *variables: dict[str, object]) -> None:
    engine.send(
        c.SetProcessVariables(
            partition=order.partition, id=order.id, variables=list(variables), workerId=WORKER
        )
    )


def text(name: str, value: str, **fields: object) -> dict[str, object]:
    return {"name": name, "data": {"encoding": "text", "value": value, **fields}}


@pytest.mark.every_store
def test_variables_are_set_changed_and_deleted(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn", variables=[text("a", "1"), text("b", "2")])

    put(engine, order, text("b", "20"), text("c", "3"), {"name": "a"})

    assert order.variables() == {"b": "20", "c": "3"}
    names = c.GetProcessVariables(partition=order.partition, id=order.id, names="c,x")
    assert engine.send(names) == {"count": 1, "variables": [text("c", "3")]}


def test_query_shows_variables_without_values(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn", variables=[text("a", "1"), text("b", "2")])
    engine.clock.advance("PT1H")
    put(engine, order, text("a", "10"))

    a, b = order.query(c.QueryVariables, processInstanceId=order.id)

    assert (a["name"], a["encoding"], a["encrypted"], "value" in a) == ("a", "text", False, False)
    assert (a["createdAt"], a["updatedAt"]) == ("2030-01-01T08:00:00.000Z", "2030-01-01T09:00:00.000Z")
    assert b["createdAt"] == b["updatedAt"]
    assert [row["name"] for row in order.query(c.QueryVariables, names=["b"])] == ["b"]


def test_of_two_with_the_same_name_the_first_counts(play: Play) -> None:
    order = play("task/service.bpmn", variables=[text("a", "first"), text("a", "second")])

    assert order.variables() == {"a": "first"}


@pytest.mark.every_store
def test_variable_of_any_size_is_kept_whole(play: Play, engine: Engine) -> None:
    large = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(300_000))
    assert len(large.encode()) == 900_000
    order = play("task/service.bpmn", variables=[text("small", "1"), text("large", large)])

    assert order.variables() == {"small": "1", "large": large}
    order.complete_job("serviceTask", processVariables=[text("other", "2")])
    assert order.variables() == {"small": "1", "large": large, "other": "2"}


def test_replaced_large_variable_leaves_nothing_behind(engine: Engine) -> None:
    stored = engine.record()
    order = engine.start(engine.deploy("task/service.bpmn"), variables=[text("large", str(list(range(900))))])
    assert any(key.sort.startswith("VALUE#") for key in stored.keys)

    put(engine, order, text("large", "short"))

    assert order.variables() == {"large": "short"}
    assert not any(key.sort.startswith("VALUE#") for key in stored.keys)


def test_job_sets_variables_of_process_and_element(play: Play) -> None:
    order = play("task/service.bpmn")

    order.complete_job("serviceTask", processVariables=[text("p", "1")], elementVariables=[text("e", "2")])

    assert order.variables() == {"p": "1"}
    process_scope, element_scope = order.query(c.QueryVariables, processInstanceId=order.id)
    assert "elementInstanceId" not in process_scope
    (task,) = order.element_instances("serviceTask")
    assert element_scope["elementInstanceId"] == task["id"]


def test_variables_of_an_ended_instance_are_read_and_not_written(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn", variables=[text("a", "1")])
    order.complete_job("serviceTask")

    assert order.variables() == {"a": "1"}
    with pytest.raises(Conflict, match="process instance 2030-01-01/1 is ended"):
        put(engine, order, text("a", "2"))


@pytest.mark.parametrize("id", [2, 65])
def test_unknown_instance_is_not_found(play: Play, engine: Engine, id: int) -> None:
    play("task/service.bpmn")

    with pytest.raises(NotFound, match=f"process instance 2030-01-01/{id} could not be found"):
        engine.send(c.GetProcessVariables(partition="2030-01-01", id=id))


# Variables of element instances


def put_at_element(engine: Engine, order: Order, id: int, *variables: dict[str, object]) -> None:
    engine.send(
        c.SetElementVariables(partition=order.partition, id=id, variables=list(variables), workerId=WORKER)
    )


def at_element(engine: Engine, order: Order, id: int, **criteria: object) -> list[dict[str, object]]:
    answer = engine.send(c.GetElementVariables(partition=order.partition, id=id, **criteria))
    assert answer["count"] == len(answer["variables"])
    return answer["variables"]


@pytest.mark.every_store
def test_element_variables_are_apart_from_those_of_the_process(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn", variables=[text("a", "process")])
    (task,) = order.element_instances("serviceTask")

    put_at_element(engine, order, task["id"], text("b", "2"), text("a", "1"), text("c", "3"))
    put_at_element(engine, order, task["id"], {"name": "c"}, text("b", "20", encrypted=False))

    here = {"bpmnElementId": "serviceTask"}
    assert at_element(engine, order, task["id"]) == [here | text("a", "1"), here | text("b", "20")]
    assert at_element(engine, order, task["id"], names="b,x") == [here | text("b", "20")]
    assert order.variables() == {"a": "process"}
    assert [v["name"] for v in order.query(c.QueryVariables, elementInstanceId=task["id"])] == ["b", "a"]


def test_element_variables_stay_readable_when_the_element_has_ended(play: Play, engine: Engine) -> None:
    order = play("process/ten-tasks.bpmn")
    (task,) = order.element_instances("serviceTask1")
    long = str(list(range(900)))
    put_at_element(engine, order, task["id"], text("a", long))
    for number in range(1, 9):
        order.complete_job(f"serviceTask{number}")

    assert at_element(engine, order, task["id"]) == [{"bpmnElementId": "serviceTask1"} | text("a", long)]
    with pytest.raises(Conflict, match=f"element instance 2030-01-01/{task['id']} is ended"):
        put_at_element(engine, order, task["id"], text("a", "2"))
    order.complete_job("serviceTask9")
    order.complete_job("serviceTask10")
    with pytest.raises(Conflict, match="process instance 2030-01-01/1 is ended"):
        put_at_element(engine, order, task["id"], text("a", "2"))
    assert at_element(engine, order, task["id"]) == [{"bpmnElementId": "serviceTask1"} | text("a", long)]


def test_variable_names_its_element_or_one_around_it(play: Play, engine: Engine) -> None:
    order = play("task/service.bpmn")
    (task,) = order.element_instances("serviceTask")

    put_at_element(
        engine,
        order,
        task["id"],
        text(
            "a",
            "1",
        )
        | {"bpmnElementId": "serviceTask"},
    )
    with pytest.raises(InvalidCommand, match="element endEvent is neither 2030-01-01/3 nor around it"):
        put_at_element(engine, order, task["id"], text("a", "2") | {"bpmnElementId": "endEvent"})

    assert [variable["data"]["value"] for variable in at_element(engine, order, task["id"])] == ["1"]


@pytest.mark.parametrize("id", [4, 65])
def test_unknown_element_instance_is_not_found(play: Play, engine: Engine, id: int) -> None:
    order = play("task/service.bpmn")

    with pytest.raises(NotFound, match=f"element instance 2030-01-01/{id} could not be found"):
        at_element(engine, order, id)
    with pytest.raises(NotFound, match=f"element instance 2030-01-01/{id} could not be found"):
        put_at_element(engine, order, id, text("a", "1"))


# Encryption


def key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


@pytest.fixture
def make_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Makes keys that KMS has encrypted."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with kms_keys() as kms_key:
        yield lambda: KMS + base64.b64encode(create_key(kms_key)).decode()


def with_keys(engine: Engine, *keys: str) -> None:
    engine.settings = Settings.read({"BPMN_ENCRYPTION_KEYS": ",".join(keys), "BPMN_SET_TIME": "on"})
    engine.env = wiring.environment(engine.settings, engine.env.store, wall_clock=engine.clock)


def test_encrypted_variable_is_readable_after_its_key_was_rotated(play: Play, engine: Engine) -> None:
    with_keys(engine, key(1))
    order = play("task/service.bpmn", variables=[text("card", "4111", encrypted=True)])
    with_keys(engine, key(2), key(1))

    answer = engine.send(c.GetProcessVariables(partition=order.partition, id=order.id))

    assert answer["variables"] == [text("card", "4111", encrypted=True)]


def test_nothing_is_encrypted_without_a_key(play: Play) -> None:
    with pytest.raises(InvalidCommand, match="variable card cannot be encrypted"):
        play("task/service.bpmn", variables=[text("card", "4111", encrypted=True)])


def test_keys_of_both_kinds_take_each_others_place(
    play: Play, engine: Engine, make_key: Callable[[], str]
) -> None:
    sealed = make_key()
    orders = []
    for number, keys in enumerate([(key(1), sealed), (sealed, key(1)), (key(2), sealed, key(1))]):
        with_keys(engine, *keys)
        orders.append(play("task/service.bpmn", variables=[text("card", str(number), encrypted=True)]))

    assert [order.variables()["card"] for order in orders] == ["0", "1", "2"]


@pytest.mark.parametrize("kind", ["clear", "kms"])
def test_encrypted_value_lies_nowhere_in_clear(
    engine: Engine, kind: str, make_key: Callable[[], str]
) -> None:
    recording = engine.record()
    with_keys(engine, key(1) if kind == "clear" else make_key())
    engine.start(
        engine.deploy("task/service.bpmn"), variables=[text("card", "4111-1111-1111", encrypted=True)]
    )
    engine.start(
        engine.deploy("task/service.bpmn"), variables=[text("long", "4111-1111-1111" * 200, encrypted=True)]
    )

    stored = [item.body for item in engine.items.get(sorted(recording.keys)) if item is not None]

    assert any(body_key.sort.startswith("VALUE#") for body_key in recording.keys)
    for body in stored:
        clear = body if not body.startswith(b"x") else zlib.decompress(body)
        assert b"4111" not in clear

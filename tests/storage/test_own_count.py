"""What an instance says that it has cost is what the meter has seen written under its keys."""

import random
from collections.abc import Callable

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.instance import ProcessInstance
from chalicelib.engine.records import Instant
from chalicelib.storage import keys
from chalicelib.storage.drafts import FIT
from chalicelib.storage.keys import Shards
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import Meter
from chalicelib.storage.ports import Item
from chalicelib.storage.units import WRITE_UNIT, item_size
from tests.bench.costs import Tally, play
from tests.bench.scenario import MODELS, Walk, new_engine
from tests.models import parallel
from tests.play import WORKER, Engine


def new_walk() -> tuple[Meter, Walk]:
    """The models of the bench, deployed on a metered store."""
    meter = Meter(MemoryItems())
    walk = Walk(new_engine(meter), lambda kind, act: act())
    for name, xml in MODELS.items():
        walk.deploy(name, xml)
    return meter, walk


def instances(engine: Engine) -> list[ProcessInstance]:
    """All process instances as they are stored."""
    store = engine.environment().store
    found = store.load_many(list(store.instances(None, None)))
    return [work.instance for work in found if work is not None]


def differences(meter: Meter, engine: Engine) -> dict[int, tuple[int, int]]:
    """By id: what an instance says, and what the meter says, where they differ."""
    found = {}
    for instance in instances(engine):
        seen = sum(meter.written[f"{instance.partition}#{block}"] for block in instance.blocks)
        if instance.write_units != seen:
            found[instance.id] = (instance.write_units, seen)
    return found


def random_text(length: int) -> dict[str, str]:
    """A value that does not get smaller."""
    return {"encoding": "text", "value": random.Random(length).randbytes(length // 2).hex()}


def in_sequence(walk: Walk) -> None:
    walk.start("hundred")
    walk.work_off("hundred", 100)


def in_parallel(walk: Walk) -> None:
    """More ids than one block has."""
    walk.deploy("wide", parallel("wide", 70))
    walk.start("wide")
    walk.work_off_at_once("wide", 70)


def with_values(walk: Walk) -> None:
    """Values that do not fit, that are replaced, and that end."""
    place = walk.start("ten", variables={"a": random_text(900), "b": random_text(900)})
    where = {"partition": place["partition"], "id": place["id"]}
    for length in (8000, 50, 1500, 3000):
        variables = {"a": random_text(length), "c": random_text(length)}
        walk.send("set", c.SetProcessVariables(**where, variables=variables, workerId=WORKER))
        walk.work_off("ten", 1)
    gone = {"a": None, "b": None, "c": None}
    walk.send("delete", c.SetProcessVariables(**where, variables=gone, workerId=WORKER))
    walk.work_off("ten", 6, elementVariables={"big": random_text(2000)})


def in_and_out_of_transactions(walk: Walk) -> None:
    """A message is written with who waits for it; a call, with what is called."""
    walk.start("message")
    (job,) = walk.lock("message")
    walk.complete(job, "subscribe", completion={"messageCorrelationKey": "order-1"})
    walk.send("send", c.SendMessage(name="payment received", correlationKey="order-1", workerId=WORKER))
    walk.work_off("message", 1)
    walk.start("call")
    (job,) = walk.lock("call")
    walk.complete(job, "call")
    walk.work_off("one", 1)
    walk.work_off("call", 1)


@pytest.mark.parametrize("act", [in_sequence, in_parallel, with_values, in_and_out_of_transactions])
def test_instance_counts_what_is_written_of_it(act: Callable[[Walk], None]) -> None:
    meter, walk = new_walk()

    act(walk)

    assert instances(walk.engine)
    assert differences(meter, walk.engine) == {}


def test_count_that_moves_its_own_state_over_the_border_of_a_unit_is_the_larger_one() -> None:
    """Of 150 completions, one has a state of 3 KB with one number, and one byte more with the next."""
    meter, walk = new_walk()
    walk.deploy("wide", parallel("wide", 150))
    walk.start("wide")

    walk.work_off_at_once("wide", 150)

    assert [own - seen for own, seen in differences(meter, walk.engine).values()] in ([1], [])


def test_every_instance_of_the_bench_counts_what_is_written_of_it() -> None:
    meter = Meter(MemoryItems())
    engine = new_engine(meter)

    play(Walk(engine, Tally(lambda: meter.bill).observe), Tally(lambda: meter.bill))

    assert len(instances(engine)) > 100
    # Worklist entries lie beside the instances that pay for them: those of the two whose tasks are on lists.
    listed = differences(meter, engine)
    entries = sum(units for key, units in meter.written.items() if key.startswith("WORK#"))
    assert len(listed) == 2
    assert sum(own - seen for own, seen in listed.values()) == entries == 7


def test_state_that_fits_is_one_unit_whatever_its_keys_are() -> None:
    """Its size need not be measured then: the longest attributes there can be have room beside it."""
    block, process_id = keys.MAX_BLOCKS, 2**31 - 1
    shards = Shards(jobs=1000, tasks=1000, lists=1000)
    latest = Instant(253_402_300_799_999)
    index = keys.list_attributes(shards, "9999-12-31", block, process_id) | keys.due_attributes(
        shards, block, process_id, latest, latest
    )

    state = Item(keys.instance("9999-12-31", block), b"x" * FIT, 2**53 - 1, index)

    assert item_size(state, has_write_id=True) <= WRITE_UNIT


def test_ten_tasks_cost_what_the_bench_says() -> None:
    meter, walk = new_walk()
    before = meter.bill

    walk.start("ten")
    walk.work_off("ten", 10)

    (instance,) = instances(walk.engine)
    counters = (meter.bill - before).counters
    assert instance.is_ended
    assert instance.write_units == (meter.bill - before).write_units - counters - 1
    # Of each command but the first it is read once.
    assert instance.read_units == 20


def test_a_write_that_came_too_late_is_not_counted() -> None:
    meter, walk = new_walk()
    place = walk.start("two")
    store = walk.engine.env.store
    late, first = (store.load(place["partition"], place["id"]) for _ in range(2))
    assert late and first
    store.commit(first)
    failed = meter.bill.failed

    assert store.commit_each([late]) == [False]

    assert meter.bill.failed == failed + 1
    assert differences(meter, walk.engine) == {}

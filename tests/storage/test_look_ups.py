"""Look-ups of the engine's store over the indexes: several shards, several pages, any order of one range."""

from typing import Any

import pytest

from chalicelib.engine.instance import IDS_PER_BLOCK
from chalicelib.engine.records import Instant
from chalicelib.storage.keys import Shards, due_jobs
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Entry, Items
from chalicelib.storage.store import ItemStore
from tests.play import Engine
from tests.recording import Recording
from tests.storage.samples import due, new


class OwnOrder(Recording):
    """A store in which the entries of one range value do not come in the order of their keys."""

    def query(
        self, index: str, hash_value: str, *, after: Entry | None = None, limit: int = 1000, **bounds: Any
    ) -> list[Entry]:
        every = super().query(index, hash_value, limit=10**6, **bounds)
        every.sort(key=lambda entry: (entry.range, entry.key.partition[::-1]))
        start = 0 if after is None else every.index(after) + 1
        return every[start : start + limit]


def store_with_due_jobs(items: Items, shards: int, amount: int) -> ItemStore:
    """Jobs of process 7, fifty of one moment each."""
    for block in range(amount):
        place = due(block // 50, due_jobs(7, block % shards))
        items.commit([new(f"2030-01-01#{block}", **place)])
    return ItemStore(items, Shards(jobs=shards), bytes)


@pytest.mark.parametrize("wrap", [Recording, OwnOrder])
@pytest.mark.parametrize("shards", [1, 3])
def test_due_jobs_come_once_each_and_earliest_first_in_their_shard(wrap, shards):
    store = store_with_due_jobs(wrap(MemoryItems()), shards, 700)

    found = list(store.due_jobs(7, Instant(10)))

    assert sorted(ref.block for _, ref in found) == list(range(550))
    for shard in range(shards):
        moments = [moment for moment, ref in found if ref.block % shards == shard]
        assert moments == sorted(moments)


def test_who_needs_one_due_job_asks_one_shard_and_next_time_another():
    items = Recording(MemoryItems())
    store = store_with_due_jobs(items, 4, 8)

    first = [next(store.due_jobs(7, Instant(10)))[1].block for _ in range(4)]

    assert sorted(block % 4 for block in first) == [0, 1, 2, 3]
    assert items.calls["query"] == 4


def test_all_shards_are_asked_before_nothing_is_due():
    items = Recording(MemoryItems())

    assert list(ItemStore(items, Shards(jobs=4), bytes).due_jobs(7, Instant(10))) == []
    assert items.calls["query"] == 4


def test_pages_of_one_moment_are_read_once_each():
    items = Recording(MemoryItems())
    for block in range(1000):
        items.commit([new(f"2030-01-01#{block}", **due(5, due_jobs(7, 0)))])

    found = list(ItemStore(items, Shards(), bytes).due_jobs(7, Instant(10)))

    assert len(set(found)) == 1000
    assert items.calls["query"] == 1000 // 100 + 1


def test_lock_begins_once_where_a_due_job_was_written_last():
    """Once, so that a process that only locks does not keep to one shard while others wait."""
    engine = Engine(MemoryItems(), shards=Shards(jobs=4))
    process = engine.deploy("task/service.bpmn")
    recording = engine.record()
    started = [engine.start(process) for _ in range(4)]
    last = (started[-1].id // IDS_PER_BLOCK) % 4
    store, now = engine.env.store, engine.clock()

    first = [next(store.due_jobs(process["id"], now))[1].block for _ in range(3)]

    assert first[0] == last
    assert len(set(first[1:])) == 2
    assert recording.calls["query"] == 3

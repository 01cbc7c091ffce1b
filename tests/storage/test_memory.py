"""The sorted entries of the memory store against a sorted list, and sqlite against the memory store."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.storage.memory import MemoryItems, _SortedEntries
from chalicelib.storage.ports import Delete, Entry, Item, Items, Key, Put, StaleWrite, Write
from chalicelib.storage.sqlite import SqliteItems
from tests.storage.samples import key, new

# entries


class SmallBlocks(_SortedEntries):
    BLOCK = 3


ENTRIES = st.builds(Entry, st.integers(0, 30), st.builds(key, st.sampled_from("abc")))


@given(st.lists(ENTRIES, unique=True, max_size=60), st.data())
def test_entries_stay_sorted_whatever_comes_and_goes(entries, data):
    blocks = SmallBlocks()
    for entry in entries:
        blocks.add(entry)
    gone = data.draw(st.lists(st.sampled_from(entries), unique=True)) if entries else []
    for entry in gone:
        blocks.remove(entry)

    low, high = data.draw(st.integers(-1, 31)), data.draw(st.integers(-1, 31))
    after = data.draw(ENTRIES)
    left = sorted(set(entries) - set(gone))

    assert blocks.is_empty == (not left)
    within = [entry for entry in left if low <= entry.range <= high]
    assert blocks.between(None, None, None, 1000) == left
    assert blocks.between(low, high, None, 5) == within[:5]
    assert blocks.between(low, high, after, 5) == [entry for entry in within if entry > after][:5]


def test_hundred_thousand_entries_lie_in_small_blocks():
    blocks = _SortedEntries()
    for number in range(100_000):
        blocks.add(Entry(number, key("a")))

    assert max(map(len, blocks._blocks)) <= 2 * blocks.BLOCK
    assert blocks.between(99_998, None, None, 5) == [Entry(99_998, key("a")), Entry(99_999, key("a"))]


# threads


@pytest.mark.parametrize(
    "operation",
    [
        lambda items: items.commit([new("a")]),
        lambda items: items.get([key("a")]),
        lambda items: items.query("dueJobs", "queue"),
        lambda items: items.add(key("a"), 1),
    ],
    ids=["commit", "get", "query", "add"],
)
def test_operation_waits_until_no_other_thread_is_at_work(operation):
    items = MemoryItems()

    with ThreadPoolExecutor(1) as pool:
        with items._lock:
            running = pool.submit(operation, items)
            with pytest.raises(TimeoutError):
                running.result(timeout=0.1)

        running.result(timeout=10)


# two stores

KEYS = st.builds(Key, st.sampled_from("ab"), st.sampled_from(["1", "2"]))
GUARDS = st.sampled_from([None, 0, 1, 2])
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "jh": st.sampled_from(["x", "y"]),
        "jr": st.integers(0, 3),
        "ph": st.just("x"),
        "n": st.integers(0, 2),
    },
)


def write(key: Key, guard: int | None, body: bytes, index: dict[str, str | int], is_delete: bool) -> Write:
    return Delete(key, guard) if is_delete else Put(Item(key, body, (guard or 0) + 1, index), guard)


WRITES = st.builds(write, KEYS, GUARDS, st.binary(max_size=3), ATTRIBUTES, st.booleans())
COMMITS = st.lists(
    WRITES, min_size=1, max_size=3, unique_by=lambda w: w.item.key if isinstance(w, Put) else w.key
)


def is_written(items: Items, writes: list[Write]) -> bool:
    try:
        items.commit(writes)
    except StaleWrite:
        return False
    return True


def contents(items: Items) -> object:
    every_key = [Key(first, second) for first in "ab" for second in "12"]
    places = [("dueJobs", "x"), ("dueJobs", "y"), ("byPartition", "x")]
    return items.get(every_key), [items.query(index, value) for index, value in places]


@settings(max_examples=60, deadline=None)
@given(st.lists(COMMITS, max_size=20))
def test_sqlite_and_memory_agree(commits):
    with tempfile.TemporaryDirectory() as folder:
        memory, sqlite = MemoryItems(), SqliteItems(Path(folder) / "items.db", durable=False)
        try:
            for writes in commits:
                assert is_written(sqlite, writes) == is_written(memory, writes)
                assert contents(sqlite) == contents(memory)
        finally:
            sqlite.close()

"""What every store does; the port `chalicelib/storage/ports.py` in examples."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from chalicelib.storage.dynamodb import DynamoItems
from chalicelib.storage.ports import Delete, Entry, Item, Items, Key, Put, StaleWrite
from tests.storage.samples import due, item, key, new, over


def stored(items: Items, name: str, sort: str = "STATE") -> Item | None:
    [found] = items.get([key(name, sort)])
    return found


def body(items: Items, name: str) -> bytes | None:
    found = stored(items, name)
    return None if found is None else found.body


def names(items: Items, index: str = "dueJobs", hash_value: str = "queue", **bounds: Any) -> list[str]:
    return [entry.key.partition for entry in items.query(index, hash_value, **bounds)]


def pages(items: Items, limit: int, **bounds: int) -> Iterator[list[Entry]]:
    """Pages of an index, each asked for when it is wanted."""
    page = items.query("dueJobs", "queue", limit=limit, **bounds)
    while page:
        yield page
        last = page[-1]
        page = items.query("dueJobs", "queue", after=last, limit=limit, **bounds)
        assert last not in page, "pages would never end"


# reading


def test_item_is_read_as_it_was_written(items):
    written = item("a", body=bytes(range(256)), jh="queue", jr=7, ph="2030-01-01#00", n=42)

    items.commit([Put(written, guard=0)])

    assert items.get([written.key]) == [written]


def test_empty_body_is_a_body(items):
    items.commit([new("a", body=b"")])

    assert body(items, "a") == b""


def test_answers_come_in_the_order_of_the_keys_with_none_for_what_is_missing(items):
    items.commit([new("a"), new("b"), new("b", sort="PAGE#1")])

    found = items.get([key("b"), key("missing"), key("b", "PAGE#1"), key("a"), key("a", "PAGE#1")])

    assert [answer and answer.key for answer in found] == [key("b"), None, key("b", "PAGE#1"), key("a"), None]


def test_any_number_of_keys_is_read(items):
    for start in (0, 100):
        items.commit([new(f"{number}") for number in range(start, start + 100)])

    found = items.get([key(f"{number}") for number in range(250)])

    assert [answer.key.partition for answer in found if answer] == [f"{number}" for number in range(200)]
    assert found[200:] == [None] * 50
    assert items.get([]) == []


# guards


def test_guard_zero_wants_a_free_key(items):
    items.commit([new("a", body=b"first")])

    with pytest.raises(StaleWrite):
        items.commit([new("a", body=b"second")])

    assert body(items, "a") == b"first"


def test_guard_wants_the_revision_that_is_stored(items):
    items.commit([new("a")])
    items.commit([over(1, "a", body=b"second")])

    with pytest.raises(StaleWrite):
        items.commit([over(1, "a", body=b"too late")])
    with pytest.raises(StaleWrite):
        items.commit([over(3, "a", body=b"too early")])

    assert stored(items, "a") == item("a", 2, body=b"second")


def test_guard_fails_where_there_is_no_item(items):
    with pytest.raises(StaleWrite):
        items.commit([over(1, "a")])

    assert stored(items, "a") is None


def test_without_a_guard_an_item_is_written_whatever_is_there(items):
    items.commit([Put(item("a", body=b"first", **due(1)), guard=None)])
    items.commit([Put(item("a", body=b"second", **due(2)), guard=None)])

    assert stored(items, "a") == item("a", body=b"second", **due(2))
    assert items.query("dueJobs", "queue") == [Entry(2, key("a"))]


def test_delete_removes_the_item_and_frees_its_key(items):
    items.commit([new("a")])

    items.commit([Delete(key("a"), guard=1)])

    assert stored(items, "a") is None
    items.commit([new("a", body=b"again")])
    assert body(items, "a") == b"again"


def test_delete_of_nothing_is_fine_without_a_guard_only(items):
    items.commit([Delete(key("a"))])
    items.commit([Delete(key("a"), guard=0)])

    with pytest.raises(StaleWrite):
        items.commit([Delete(key("a"), guard=1)])


def test_delete_with_a_stale_guard_leaves_the_item(items):
    items.commit([new("a")])
    items.commit([over(1, "a")])

    with pytest.raises(StaleWrite):
        items.commit([Delete(key("a"), guard=1)])

    assert stored(items, "a") == item("a", 2)


def test_writers_at_the_same_time_lose_no_update(items):
    items.commit([new("a", body=b"0")])

    def count_up() -> None:
        for _ in range(5):
            increment(items)

    threads = [Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stored(items, "a") == item("a", 21, body=b"20")


def increment(items: Items) -> None:
    while True:
        found = stored(items, "a")
        try:
            items.commit([over(found.revision, "a", body=b"%d" % (int(found.body) + 1))])
        except StaleWrite:
            continue
        return


# several writes


def test_several_writes_are_carried_out_together(items):
    items.commit([new("a"), new("b", **due(1))])

    items.commit([over(1, "a", body=b"second"), Delete(key("b"), guard=1), new("c"), Delete(key("d"))])

    assert body(items, "a") == b"second"
    assert stored(items, "b") is None
    assert body(items, "c") == b"body"
    assert names(items) == []


@pytest.mark.parametrize(
    "stale",
    [new("a"), over(2, "a"), over(1, "missing"), Delete(key("a"), guard=2)],
    ids=["a key that is taken", "an old revision", "a missing item", "a delete"],
)
def test_stale_guard_in_the_last_write_undoes_all(items, stale):
    items.commit([new("a", **due(1)), new("b", **due(2)), new("c", **due(3))])
    before = items.get([key("a"), key("b"), key("c"), key("d")])

    with pytest.raises(StaleWrite):
        items.commit([new("d", **due(0)), over(1, "b", **due(9)), Delete(key("c")), stale])

    assert items.get([key("a"), key("b"), key("c"), key("d")]) == before
    assert names(items) == ["a", "b", "c"]


def test_hundred_writes_are_one_commit(items):
    items.commit([new(f"{number:03}", **due(number)) for number in range(100)])

    assert names(items) == [f"{number:03}" for number in range(100)]


@pytest.mark.parametrize(
    "writes",
    [
        [],
        [new(f"{number}") for number in range(101)],
        [new("a"), Delete(key("a"))],
        [Put(item("a", 3), guard=1)],
        [Put(item("a", 2), guard=None)],
        [new("")],
        [new("a", unknown="x")],
        [new("a", jh=1, jr=1)],
        [new("a", jh="x", jr="1")],
        [new("a", jh="", jr=1)],
        [new("a", jh="x", jr=2**63)],
    ],
    ids=[
        "no write",
        "101 writes",
        "a key twice",
        "a revision left out",
        "a later revision without a guard",
        "an empty key",
        "an unknown attribute",
        "a number for text",
        "text for a number",
        "empty text",
        "a number of more than 64 bits",
    ],
)
def test_commit_that_breaks_the_rules_is_refused(items, writes):
    with pytest.raises(AssertionError):
        items.commit(writes)

    assert stored(items, "a") is None


def test_groups_are_written_independently(items):
    items.commit([new("taken")])

    written = items.commit_each(
        [
            [new("a"), new("b")],
            [new("c"), new("taken")],
            [over(1, "taken", body=b"second")],
            [over(7, "taken")],
        ]
    )

    assert written == [True, False, True, False]
    assert [body(items, name) for name in ("a", "b", "c", "taken")] == [b"body", b"body", None, b"second"]


def test_no_groups_are_no_work(items):
    assert items.commit_each([]) == []


def test_many_groups_are_written(items):
    written = items.commit_each([[new(f"{number:02}", **due(number))] for number in range(50)])

    assert written == [True] * 50
    assert len(names(items)) == 50


# indexes


def test_entries_come_in_the_order_of_their_range(items):
    for name, when in (("c", 30), ("a", 20), ("b", -10), ("d", 2**53 + 1), ("e", 0)):
        items.commit([new(name, **due(when))])

    assert items.query("dueJobs", "queue") == [
        Entry(-10, key("b")),
        Entry(0, key("e")),
        Entry(20, key("a")),
        Entry(30, key("c")),
        Entry(2**53 + 1, key("d")),
    ]


@pytest.mark.parametrize("items", ["memory", "sqlite"], indirect=True)
def test_entries_of_one_range_come_in_the_order_of_their_keys(items):
    keys = [Key("b", "1"), Key("a", "2"), Key("é", "1"), Key("a", "1"), Key("z", "1"), Key("a", "10")]
    for each in keys:
        items.commit([Put(Item(each, b"", 1, due(5)), guard=0)])
    items.commit([new("0", **due(6))])

    assert [entry.key for entry in items.query("dueJobs", "queue")] == [*sorted(keys), key("0")]


def test_bounds_are_included(items):
    items.commit([new(f"{when}", **due(when)) for when in range(1, 6)])

    assert names(items, low=2, high=4) == ["2", "3", "4"]
    assert names(items, low=4) == ["4", "5"]
    assert names(items, high=1) == ["1"]
    assert names(items, low=0, high=0) == []
    assert names(items, low=4, high=2) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7])
def test_limit_keeps_the_first_entries(items, limit):
    items.commit(
        [new(name, **due(when)) for name, when in (("d", 2), ("b", 1), ("c", 2), ("a", 2), ("e", 3))]
    )
    every = names(items)

    assert (every[0], sorted(every[1:4]), every[4]) == ("b", ["a", "c", "d"], "e")
    assert names(items, limit=limit) == every[:limit]


def test_limit_of_nothing_is_refused(items):
    with pytest.raises(AssertionError):
        items.query("dueJobs", "queue", limit=0)


def test_pages_of_one_range_neither_repeat_nor_miss_an_entry(items):
    for start in (0, 100, 200):
        items.commit([new(f"{number:03}", **due(5)) for number in range(start, min(start + 100, 250))])

    found = list(pages(items, limit=100))

    assert [len(page) for page in found] == [100, 100, 50]
    assert sorted(entry.key.partition for page in found for entry in page) == [f"{n:03}" for n in range(250)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 19, 20])
def test_pages_are_the_parts_of_one_answer(items, limit):
    items.commit([new(f"{number:02}", **due(number // 3)) for number in range(20)])
    items.commit([new(f"{number:02}", **due(number // 3, "other")) for number in range(20, 40)])

    for bounds in ({}, {"low": 2}, {"high": 4}, {"low": 2, "high": 4}):
        together = [entry for page in pages(items, limit, **bounds) for entry in page]
        assert together == items.query("dueJobs", "queue", **bounds)


def test_items_of_one_partition_are_pages_too(items):
    items.commit([new("a", sort=f"{number}", **due(5)) for number in range(9)])

    found = [entry for page in pages(items, limit=2) for entry in page]

    assert sorted(found) == [Entry(5, key("a", f"{number}")) for number in range(9)]


def test_pages_go_on_although_the_last_entry_has_gone(items):
    items.commit([new(f"{number}", **due(number // 4)) for number in range(10)])
    every = items.query("dueJobs", "queue")
    seen: list[Entry] = []

    for page in pages(items, limit=3):
        seen += page
        items.commit([Delete(page[-1].key) if len(seen) == 3 else over(1, page[-1].key.partition, **due(-9))])

    assert seen == every


def test_page_sees_what_came_behind_it_meanwhile(items):
    items.commit([new(f"{number}", **due(number)) for number in range(5)])
    last = items.query("dueJobs", "queue", limit=3)[-1]

    items.commit([new("before", **due(1)), new("behind", **due(3)), Delete(key("4"))])

    assert sorted(names(items, after=last)) == ["3", "behind"]


def test_entry_to_go_on_behind_may_lie_outside_of_the_bounds(items):
    items.commit([new(f"{number}", **due(number)) for number in range(6)])

    assert names(items, after=Entry(1, key("1")), low=3, high=4) == ["3", "4"]
    assert names(items, after=Entry(4, key("4")), low=1, high=2) == []
    assert names(items, after=Entry(4, key("4")), low=1) == ["5"]
    assert names(items, after=Entry(5, key("5"))) == []


def test_query_sees_one_index_and_one_hash_value(items):
    items.commit([new("a", **due(1)), new("b", **due(1, "other")), new("c", th="queue", tr=1)])

    assert names(items) == ["a"]
    assert names(items, "dueJobs", "other") == ["b"]
    assert names(items, "dueTasks") == ["c"]
    assert names(items, "dueJobs", "nothing") == []


def test_item_can_be_in_several_indexes(items):
    items.commit([new("a", **due(1), ph="date", qh="process", n=12)])

    assert items.query("byPartition", "date") == [Entry(12, key("a"))]
    assert items.query("byProcess", "process") == [Entry(12, key("a"))]
    assert names(items) == ["a"]


def test_unknown_index_is_an_error(items):
    with pytest.raises(KeyError):
        items.query("nothing", "queue")


@pytest.mark.parametrize("half", [{"jh": "queue"}, {"jr": 1}], ids=repr)
def test_item_is_in_an_index_with_both_attributes_only(items, half):
    items.commit([new("a", **half)])
    assert names(items) == []

    items.commit([over(1, "a", **due(1))])
    assert names(items) == ["a"]

    items.commit([over(2, "a", **half)])
    assert names(items) == []
    assert stored(items, "a").index == half


def test_item_moves_in_its_index(items):
    items.commit([new("a", **due(1)), new("b", **due(2)), new("c", **due(3))])

    items.commit([over(1, "a", **due(9))])
    items.commit([over(1, "b", **due(2, "other"))])

    assert names(items) == ["c", "a"]
    assert names(items, "dueJobs", "other") == ["b"]


def test_deleted_item_leaves_its_indexes(items):
    items.commit([new("a", **due(1)), new("b", **due(1))])

    items.commit([Delete(key("a"))])

    assert names(items) == ["b"]


def test_index_attributes_are_those_of_the_commit(items):
    attributes = due(1)
    items.commit([new("a")])
    items.commit([Put(Item(key("a"), b"", 2, attributes), guard=1)])

    attributes["jr"] = 2

    assert items.query("dueJobs", "queue") == [Entry(1, key("a"))]
    items.commit([over(2, "a")])
    assert names(items) == []


# counters


def test_counter_starts_at_nothing_and_answers_its_new_value(items):
    assert items.add(key("c"), 8) == 8
    assert items.add(key("c"), 1) == 9
    assert items.add(key("c"), -9) == 0
    assert items.add(key("c", "other"), 2) == 2


def test_counters_and_items_do_not_meet(items):
    items.add(key("c"), 1)

    assert stored(items, "c") is None
    items.commit([new("c")])
    assert items.add(key("c"), 1) == 2
    assert stored(items, "c") == item("c")


def test_counters_count_for_all_threads(items):
    answers: list[int] = []

    def count() -> None:
        answers.extend(items.add(key("c"), 1) for _ in range(10))

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == list(range(1, 41))


# large bodies


def test_large_bodies_are_kept(items):
    large = bytes(range(256)) * 4096
    assert len(large) == 1024**2

    items.commit([new("a", body=large), new("b", body=large[::-1])])
    items.commit([new("c", body=large)])
    items.commit([over(1, "c", body=large[1:])])
    items.commit([Delete(key("b"))])

    assert body(items, "a") == large
    assert stored(items, "b") is None
    assert body(items, "c") == large[1:]


# expiry


def expiring(name: str, expires_at: int | None, revision: int = 1) -> Put:
    return Put(Item(key(name), b"body", revision, {}, expires_at), guard=revision - 1)


def test_time_of_expiry_is_read_as_it_was_written_and_may_be_taken_back(items):
    items.commit([expiring("a", 1_900_000_000)])
    assert stored(items, "a").expires_at == 1_900_000_000

    items.commit([expiring("a", None, revision=2)])

    assert stored(items, "a").expires_at is None


def test_expired_items_are_removed_unless_the_store_does_so_by_itself(items):
    items.commit_each([[expiring(name, at)] for name, at in (("a", 10), ("b", 11), ("c", 12), ("d", None))])

    removed = items.purge_expired(11, 1)

    if isinstance(items, DynamoItems):
        assert removed == 0
        return
    assert removed == 1
    assert items.purge_expired(11, 100) == 1
    assert items.purge_expired(11, 100) == 0
    assert [name for name in "abcd" if stored(items, name)] == ["c", "d"]
    items.commit([new("a")])


# collections


def test_collections_have_the_sort_keys_of_their_partition_keys_in_order(items):
    items.commit([new("a", sort="b"), new("a", sort="a"), new("a", sort="c"), new("ab", sort="x")])

    assert items.collections(["ab", "missing", "a"]) == [["x"], [], ["a", "b", "c"]]
    assert items.collections(["a"]) == [["a", "b", "c"]]
    assert items.collections([]) == []


def test_collections_see_what_was_written_before(items):
    items.commit([new("a", sort="1")])
    items.commit([Delete(key("a", "1")), new("a", sort="2")])
    assert items.collections(["a"]) == [["2"]]

    items.commit([Delete(key("a", "2"))])
    assert items.collections(["a"]) == [[]]


def test_collection_may_be_of_any_length(items):
    for first in range(0, 300, 100):
        items.commit([new("a", sort=f"{number:04}") for number in range(first, first + 100)])

    assert items.collections(["a"]) == [[f"{number:04}" for number in range(300)]]

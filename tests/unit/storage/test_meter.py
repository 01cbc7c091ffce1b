"""The meter's arithmetic, against numbers worked out by hand from the DynamoDB developer guide."""

import pytest

from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import Bill, Meter
from chalicelib.storage.ports import Delete, Key, Put, StaleWrite
from chalicelib.storage.units import (
    LARGEST_BODY,
    attribute_sizes,
    item_size,
    number_size,
    read_units,
    write_units,
)
from tests.storage.samples import due, item, key, new, over

KB = 1024


@pytest.fixture
def meter() -> Meter:
    return Meter(MemoryItems())


def cost(meter: Meter) -> Bill:
    """What was charged since the last look."""
    bill, meter.bill = meter.bill, Bill()
    return bill


def test_number_takes_a_byte_for_two_digits_and_one_more() -> None:
    assert number_size(7) == 2
    assert number_size(42) == 2
    assert number_size(123) == 3
    assert number_size(-123) == 4


def test_zeros_at_the_end_of_a_number_take_no_room() -> None:
    assert number_size(0) == 1
    assert number_size(1_000_000) == 2


def test_text_is_measured_in_utf_8() -> None:
    assert attribute_sizes({"ph": "häh"}) == 2 + 4


def test_item_has_the_attributes_that_the_adapter_writes() -> None:
    #                  pk        sk                r          b        jh          jr
    without_write_id = 2 + 3 + (2 + 5) + (1 + 2) + (1 + 4) + (2 + 5) + (2 + 3)
    measured = item("abc", 12, body=b"body", **due(345))

    assert item_size(measured, has_write_id=False) == without_write_id
    assert item_size(measured, has_write_id=True) == without_write_id + 1 + 6


def test_units_are_started_kilobytes() -> None:
    assert [write_units(size) for size in (0, 1, KB, KB + 1)] == [1, 1, 1, 2]
    assert [read_units(size) for size in (0, 1, 4 * KB, 4 * KB + 1)] == [1, 1, 1, 2]


def test_put_without_index_attributes_is_one_write_unit(meter: Meter) -> None:
    meter.commit([new("a")])

    assert cost(meter) == Bill(writes=1, write_units=1)


def test_put_of_a_smaller_item_pays_for_the_larger_one_before(meter: Meter) -> None:
    meter.commit([new("a", body=b"x" * 3 * KB)])
    assert cost(meter).write_units == 4

    meter.commit([over(1, "a")])

    assert cost(meter).write_units == 4


def test_delete_pays_for_what_it_deletes(meter: Meter) -> None:
    meter.commit([new("a", body=b"x" * 3 * KB, **due(1))])
    cost(meter)

    meter.commit([Delete(key("a"), guard=1)])

    assert cost(meter) == Bill(writes=1, write_units=5, index_units=1)


def test_entry_that_appears_is_one_more_write(meter: Meter) -> None:
    meter.commit([new("a", **due(1))])

    assert cost(meter) == Bill(writes=1, write_units=2, index_units=1)


def test_entry_that_stays_is_free(meter: Meter) -> None:
    meter.commit([new("a", **due(1))])
    cost(meter)

    meter.commit([over(1, "a", body=b"other", **due(1))])

    assert cost(meter) == Bill(writes=1, write_units=1)


def test_entry_that_moves_is_two_more_writes(meter: Meter) -> None:
    meter.commit([new("a", **due(1))])
    cost(meter)

    meter.commit([over(1, "a", **due(2))])

    assert cost(meter) == Bill(writes=1, write_units=3, index_units=2)


def test_entry_that_goes_is_one_more_write(meter: Meter) -> None:
    meter.commit([new("a", **due(1))])
    cost(meter)

    meter.commit([over(1, "a")])

    assert cost(meter) == Bill(writes=1, write_units=2, index_units=1)


def test_each_item_counts_twice_in_a_transaction_and_its_entries_once(meter: Meter) -> None:
    meter.commit([new("a", **due(1)), new("b", body=b"x" * KB)])

    assert cost(meter) == Bill(transactions=1, write_units=2 * (1 + 2) + 1, index_units=1)


def test_failed_condition_is_billed_without_the_indexes(meter: Meter) -> None:
    meter.commit([new("a", body=b"x" * KB)])
    cost(meter)

    with pytest.raises(StaleWrite):
        meter.commit([over(7, "a", **due(1))])

    assert cost(meter) == Bill(writes=1, failed=1, write_units=2)


def test_failed_condition_changes_nothing_that_is_paid_for_later(meter: Meter) -> None:
    meter.commit([new("a", body=b"x" * 9 * KB)])
    assert meter.commit_each([[over(7, "a")]]) == [False]
    cost(meter)

    meter.get([key("a")])

    assert cost(meter) == Bill(gets=1, read_units=3)


def test_get_of_nothing_is_one_read_unit(meter: Meter) -> None:
    meter.get([key("a")])

    assert cost(meter) == Bill(gets=1, read_units=1)


def test_each_item_of_a_batch_is_rounded_up_by_itself(meter: Meter) -> None:
    meter.commit_each([[new("a")], [new("b", body=b"x" * 4 * KB)]])
    cost(meter)

    meter.get([key("a"), key("b"), key("c")])

    assert cost(meter) == Bill(batches=1, read_units=1 + 2 + 1)


def test_more_than_a_hundred_items_are_several_requests(meter: Meter) -> None:
    meter.get([key(str(number)) for number in range(101)])

    assert cost(meter) == Bill(batches=2, read_units=101)


def test_query_that_finds_nothing_is_half_a_read_unit(meter: Meter) -> None:
    meter.query("dueJobs", "queue")

    assert cost(meter) == Bill(queries=1, read_units=0.5)


def test_entries_of_a_query_are_rounded_up_together_at_half_the_price(meter: Meter) -> None:
    # jh 2 + 5, jr 2 + 2, pk 2 + 992, sk 2 + 5: 1,012 bytes each
    meter.commit_each([[new(f"{number}" * 992, **due(number))] for number in range(1, 6)])
    cost(meter)

    meter.query("dueJobs", "queue", limit=4)
    assert cost(meter) == Bill(queries=1, read_units=0.5)

    meter.query("dueJobs", "queue", limit=5)
    assert cost(meter) == Bill(queries=1, read_units=1)


def test_query_that_goes_on_behind_an_entry_is_one_request(meter: Meter) -> None:
    meter.commit_each([[new(name, **due(1))] for name in "abc"])
    [first] = meter.query("dueJobs", "queue", limit=1)
    cost(meter)

    assert [entry.key for entry in meter.query("dueJobs", "queue", after=first)] == [key("b"), key("c")]

    assert cost(meter) == Bill(queries=1, read_units=0.5)


def test_counter_is_one_write_unit(meter: Meter) -> None:
    assert meter.add(Key("BLOCKS", "COUNTER"), 8) == 8

    assert cost(meter) == Bill(counters=1, write_units=1)


def test_body_that_is_too_large_for_the_table_is_a_request_to_the_object_store(meter: Meter) -> None:
    meter.commit([new("a", body=b"x" * (LARGEST_BODY + 1))])
    assert cost(meter) == Bill(writes=1, objects=1, write_units=1)

    meter.get([key("a")])
    assert cost(meter) == Bill(gets=1, objects=1, read_units=1)


def test_unguarded_write_carries_no_write_id(meter: Meter) -> None:
    room = KB - item_size(item("a", body=b""), has_write_id=False)

    meter.commit([Put(item("a", body=b"x" * room), guard=None)])
    assert cost(meter).write_units == 1

    meter.commit([new("b", body=b"x" * room)])
    assert cost(meter).write_units == 2

"""Another process at the same sqlite file, for `test_sqlite.py`: counts up, or writes until it is killed."""

import sys

from chalicelib.storage.ports import Item, Items, Put, StaleWrite
from chalicelib.storage.sqlite import SqliteItems
from tests.storage.samples import due, key, new


def count_up(items: Items, times: int) -> None:
    """Add one to two items at once, so often, guarded."""
    for _ in range(times):
        while not is_incremented(items):
            pass


def is_incremented(items: Items) -> bool:
    found = items.get([key("a"), key("b")])
    try:
        items.commit([Put(incremented(each), guard=each.revision) for each in found if each])
    except StaleWrite:
        return False
    return True


def incremented(item: Item) -> Item:
    return Item(item.key, b"%d" % (int(item.body) + 1), item.revision + 1, due(item.revision + 1))


def write_for_ever(items: Items) -> None:
    """Tell the number of each item once it is committed."""
    number = 0
    while True:
        items.commit([new(f"{number}", **due(number)), new(f"{number}", sort="PAGE#1", body=b"x" * 2000)])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    path, what, *rest = sys.argv[1:]
    store = SqliteItems(path, patience=30)
    if what == "count":
        count_up(store, int(rest[0]))
        store.close()
    else:
        write_for_ever(store)

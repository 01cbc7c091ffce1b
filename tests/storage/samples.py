"""Items as the tests of the stores write them."""

from chalicelib.storage.ports import Item, Key, Put


def key(name: str, sort: str = "STATE") -> Key:
    return Key(name, sort)


def item(
    name: str, revision: int = 1, *, body: bytes = b"body", sort: str = "STATE", **index: str | int
) -> Item:
    return Item(key(name, sort), body, revision, index)


def new(name: str, *, body: bytes = b"body", sort: str = "STATE", **index: str | int) -> Put:
    """A write of an item that must not be there yet."""
    return Put(item(name, 1, body=body, sort=sort, **index), guard=0)


def over(revision: int, name: str, *, body: bytes = b"body", sort: str = "STATE", **index: str | int) -> Put:
    """A write over the given revision of an item."""
    return Put(item(name, revision + 1, body=body, sort=sort, **index), guard=revision)


def due(when: int, queue: str = "queue") -> dict[str, str | int]:
    """Index attributes that put an item into the index `dueJobs`."""
    return {"jh": queue, "jr": when}

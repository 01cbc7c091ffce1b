"""Worklist entries: which user tasks somebody is named for, as small items that are written once.

An entry is written before the state that names somebody, and removed after the state in which the user task
has ended: one may be left over, never missing. The state decides; whoever reads a list removes what is left
over.

    key of the collection        WORK#<hash of kind and name>#<shard>
    sort key                     <created at>#<partition>#<public id of the user task>
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..bpmn.model import Process
from ..engine.assignment import GROUP, Named, audience
from ..engine.instance import ProcessInstance
from ..engine.records import Instant
from ..service.environment import Listed
from . import keys
from .keys import Shards
from .ports import Delete, Item, Key, Put


class Entry(NamedTuple):
    """That somebody is named for a user task.

    Attributes:
        named: Who.
        created_at: Of the user task.
        number: Of the user task in its process instance.
    """

    named: Named
    created_at: Instant
    number: int


NO_ENTRIES: frozenset[Entry] = frozenset()


def entries(instance: ProcessInstance, process: Process) -> frozenset[Entry]:
    """The entries of all open user tasks of an instance."""
    if not instance.user_tasks:
        return NO_ENTRIES
    return frozenset(
        Entry(named, user_task.created_at, user_task.id)
        for user_task in instance.user_tasks.values()
        for named in audience(user_task, process)
    )


def puts(
    instance: ProcessInstance, before: frozenset[Entry], now: frozenset[Entry], shards: Shards
) -> list[Put]:
    """What must be written before the state."""
    return [Put(Item(_key(instance, entry, shards), b""), None) for entry in sorted(now - before)]


def deletes(instance: ProcessInstance, before: frozenset[Entry], shards: Shards) -> list[Delete]:
    """What may go after the state: the entries of user tasks that have ended."""
    gone = (entry for entry in before if entry.number not in instance.user_tasks)
    return [Delete(_key(instance, entry, shards)) for entry in sorted(gone)]


def collections(named: Named, shards: Shards) -> Iterator[str]:
    """Where the entries of somebody are; those of a group, which many tasks name, lie in shards."""
    for shard in range(shards.lists if named[0] == GROUP else 1):
        yield keys.worklist(*named, shard)


def read(sort: str, places: tuple[str, ...]) -> Listed:
    """The user task that entries of one sort key name."""
    created_at, partition, id = sort.split("#")
    return Listed(Instant(int(created_at)), partition, int(id), places)


def forgetting(listed: Listed) -> list[Delete]:
    """Removes the entries of a user task that were found."""
    return [
        Delete(Key(place, _sort(listed.created_at, listed.partition, listed.id))) for place in listed.places
    ]


def _sort(created_at: Instant, partition: str, id: int) -> str:
    """In the order of their creation."""
    return f"{created_at:015}#{partition}#{id}"


def _key(instance: ProcessInstance, entry: Entry, shards: Shards) -> Key:
    kind, name = entry.named
    shard = instance.blocks[0] % shards.lists if kind == GROUP else 0
    sort = _sort(entry.created_at, instance.partition, instance.public_id(entry.number))
    return Key(keys.worklist(kind, name, shard), sort)

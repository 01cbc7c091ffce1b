"""Processes and process instances as items: what is written, in which order, under which guard.

An ordinary command costs one get and one conditional put of the state item. Pages, values and forwards are
immutable and written before the state that refers to them; who is overtaken then removes its own
(docs/adr/0002).
"""

import heapq
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import Any

from ..bpmn.model import Process
from ..bpmn.types import ElementType
from ..contract.rights import known_roles
from ..engine.assignment import Named
from ..engine.attributes import NamedProcess, names_of
from ..engine.instance import IDS_PER_BLOCK, ProcessInstance
from ..engine.messages import Message, MessageSlot, Subscriber
from ..engine.moment import Moment
from ..engine.records import ENGINE, DeployedProcess, Instant, Record, Variable
from ..engine.signals import SignalSlot
from ..engine.states import TaskType
from ..service.environment import (
    Answer,
    ApiKey,
    ApiKeys,
    Change,
    ClockOffset,
    Directory,
    Given,
    Listed,
    NewProcess,
    Overtaken,
    Queue,
    Ref,
    Unavailable,
    Upkeep,
    Work,
)
from . import codec, entries, keys
from .blocks import IdBlocks
from .drafts import FORWARD, Draft, Drafts, Mark
from .keys import Shards
from .ports import MAX_WRITES, Delete, Entry, Item, Items, Key, Put, StaleWrite, Unanswered, Write

logger = logging.getLogger(__name__)

MAX_FIRSTS = 100_000
"""Forwards that are remembered; then the memory starts anew."""

NAMES_FRESH_FOR = 5.0
"""Seconds after which a process notices that another one has deployed a process under a known name."""

NO_QUEUE_FOR = 5.0
"""Seconds after which a process notices that another one has deployed a version with parallelism."""

WRITABLE_FOR = 1.0
"""Seconds after which it is tried again whether the store can be written, if somebody asks."""


class ItemStore:
    """The store of the service over any adapter of the port `Items`."""

    def __init__(
        self,
        items: Items,
        shards: Shards,
        random_bytes: Callable[[int], bytes],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with empty caches.

        Args:
            items: The adapter.
            shards: How the indexes are spread.
            random_bytes: Source of the random part of page and value names.
            clock: Seconds that only rise, for what is remembered a while.
        """
        self._clock = clock
        self._random_bytes = random_bytes
        self._no_queue_until: dict[str, float] = {}
        self._is_writable_until = float("-inf")
        self._items = items
        self._shards = shards
        self._blocks = IdBlocks(items)
        self._drafts = Drafts(shards, self._blocks, random_bytes)
        self._processes: dict[int, DeployedProcess] = {ENGINE.id: ENGINE}
        self._process_ids: dict[tuple[str, str], int] = {}
        self._named: dict[str, tuple[float, list[NamedProcess]]] = {}
        self._directory = (float("-inf"), Directory())
        self._id_secret = b""
        self._firsts: dict[Ref, Ref] = {}
        self._written_shards: dict[int, int] = {}
        self._turns = count(int.from_bytes(random_bytes(2), "big"))

    # Processes

    def process(self, id: int) -> DeployedProcess | None:
        """A deployed process by id; read once, since it never changes."""
        found = self._processes.get(id)
        if found is None:
            item = self._get(keys.process(id))
            if item is None:
                return None
            found = self._processes[id] = codec.decode_process(item.body)
        return found

    def find_process(self, bpmn_process_id: str, version: str) -> DeployedProcess | None:
        """A deployed process by BPMN process id and version; read once, since it never changes."""
        name = (bpmn_process_id, version)
        if name not in self._process_ids:
            item = self._get(keys.process_name(bpmn_process_id, version))
            if item is None:
                return None
            self._process_ids[name] = codec.decode_json(item.body)
        return self.process(self._process_ids[name])

    def latest(self, bpmn_process_id: str) -> DeployedProcess | None:
        """The version of a BPMN process that was deployed last."""
        item = self._get(keys.latest(bpmn_process_id))
        return None if item is None else self.process(codec.decode_json(item.body))

    def processes_named(self, name: str) -> list[NamedProcess]:
        """The processes that are found under a name, in the order of their deployment.

        That there are some is remembered a few seconds; a name without any is looked up each time.
        """
        fresh_until, found = self._named.get(name, (float("-inf"), []))
        if self._clock() >= fresh_until:
            found = self._read_named(name, self.latest)
            if found:
                self._named[name] = (self._clock() + NAMES_FRESH_FOR, found)
        return found

    def _read_named(self, name: str, latest: Callable[[str], DeployedProcess | None]) -> list[NamedProcess]:
        """The processes of a name; of what an older release has deployed, the latest by its id."""
        item = self._get(keys.processes_named(name))
        if item is not None:
            return codec.decode_named(item.body)
        only = latest(name)
        return [] if only is None else [NamedProcess.of(only)]

    def forget_processes(self) -> None:
        """Read everything about processes anew."""
        self._processes = {ENGINE.id: ENGINE}
        self._process_ids.clear()
        self._named.clear()
        self._directory = (float("-inf"), Directory())

    def _name_writes(self, new: NewProcess) -> Sequence[Write]:
        """A process comes behind those that have its names already; the catalog's revision guards them."""
        process, previous = new.process, new.previous
        writes = []
        for name in names_of(process):
            others = self._read_named(name, lambda id: previous if id == process.bpmn_process_id else None)
            body = codec.encode_named([*others, NamedProcess.of(process)])
            self._named.pop(name, None)
            writes.append(Put(Item(keys.processes_named(name), body), None))
        return writes

    def message_start(self, name: str) -> tuple[DeployedProcess, int] | None:
        """The process and the number of its start event that a message starts."""
        item = self._get(keys.message_start(name))
        return None if item is None else self._start(*codec.decode_json(item.body))

    def signal_starts(self, name: str) -> list[tuple[DeployedProcess, int]]:
        """The processes and the numbers of their start events that a signal starts."""
        item = self._get(keys.signal_starts(name))
        return [] if item is None else [self._start(*row) for row in codec.decode_json(item.body)]

    def _start(self, process_id: int, element: int) -> tuple[DeployedProcess, int]:
        process = self.process(process_id)
        assert process is not None, "a start event is registered with its process"
        return process, element

    def _start_writes(self, new: NewProcess) -> Sequence[Write]:
        """Start events by what they wait for; those of the version before are suspended: not there."""
        process, previous = new.process, new.previous
        old, now = _message_starts(previous), _message_starts(process)
        document = {name: [process.id, element] for name, element in now.items()}
        writes: list[Write] = [
            Put(Item(keys.message_start(name), codec.encode_json(row)), None)
            for name, row in document.items()
        ]
        writes += [Delete(keys.message_start(name)) for name in old if name not in now]
        for name in sorted(_signal_starts(previous) | _signal_starts(process)):
            others = [start for start in self.signal_starts(name) if start[0] is not previous]
            rows = [[other.id, element] for other, element in others]
            rows += [[process.id, element] for element in _signal_starts(process).get(name, ())]
            writes.append(Put(Item(keys.signal_starts(name), codec.encode_json(rows)), None))
        latest = codec.encode_json(process.id)
        return [*writes, Put(Item(keys.latest(process.bpmn_process_id), latest), None)]

    def process_ids(self) -> list[int]:
        """Ids of all deployed processes, rising: one get."""
        return list(range(1, self._catalog()[1]["processes"] + 1))

    def processes(self) -> list[DeployedProcess]:
        """All deployed processes, by id."""
        found = (self.process(id) for id in self.process_ids())
        return [process for process in found if process is not None]

    def new_process(
        self,
        model: Process,
        xml: bytes,
        version: str,
        moment: Moment,
        parallelism: int,
        tags: dict[str, str | None],
    ) -> NewProcess:
        """A process with the next id, and ids for its elements, guarded by the revision of the catalog."""
        revision, catalog = self._catalog()
        process = DeployedProcess(
            catalog["processes"] + 1,
            model.bpmn_process_id,
            version,
            moment.now,
            moment.actor,
            catalog["elements"] + 1,
            model,
            parallelism,
            tags,
        )
        return NewProcess(process, xml, revision, self.latest(model.bpmn_process_id))

    def bpmn_xml(self, id: int) -> bytes | None:
        """The XML of a deployed process, byte for byte."""
        item = self._get(keys.bpmn_xml(id))
        return None if item is None else codec.decode_bytes(item.body)

    def _catalog(self) -> tuple[int, dict[str, int]]:
        item = self._get(keys.CATALOG)
        if item is None:
            return 0, {"processes": 0, "elements": 0}
        return item.revision, codec.decode_json(item.body)

    def lease_block(self, partition: str) -> int:
        """An id block that nobody else has."""
        return self._blocks.lease(partition)

    def cover_ids(self, instance: ProcessInstance) -> None:
        """Give an instance id blocks for all its records now."""
        self._drafts.cover_ids(instance)

    def engine_block(self, partition: str) -> int:
        """An id block for the engine itself."""
        return self._blocks.engine_block(partition)

    # Process instances: read

    def load(self, partition: str, id: int) -> Work | None:
        """The process instance that owns an id: one strongly consistent get, two for a further block."""
        return self.load_many([Ref(partition, (id - 1) // IDS_PER_BLOCK)])[0]

    def first_ref(self, partition: str, id: int) -> Ref:
        """Reference of the instance that owns an id; its first block, once a forward was followed."""
        ref = Ref(partition, (id - 1) // IDS_PER_BLOCK)
        return self._firsts.get(ref, ref)

    def load_many(self, refs: Sequence[Ref], *, skip_unreadable: bool = False) -> list[Work | None]:
        """Process instances by reference, strongly consistent; further blocks are followed to the first."""
        items = self._read([self._firsts.get(ref, ref) for ref in refs])
        for ref in refs:
            item = items[self._firsts.get(ref, ref)]
            if item is not None and item.body.startswith(FORWARD):
                self._remember_first(ref, int(item.body[1:]))
        unread = [first for ref in refs if (first := self._firsts.get(ref, ref)) not in items]
        items |= self._read(unread)
        return [self._owner(ref, items[self._firsts.get(ref, ref)], skip_unreadable) for ref in refs]

    def _read(self, refs: Sequence[Ref]) -> dict[Ref, Item | None]:
        distinct = list(dict.fromkeys(refs))
        found = self._items.get([keys.instance(*ref) for ref in distinct]) if distinct else []
        return dict(zip(distinct, found, strict=True))

    def _remember_first(self, ref: Ref, first: int) -> None:
        """A forward never changes, so it is followed once."""
        if len(self._firsts) >= MAX_FIRSTS:
            self._firsts.clear()
        self._firsts[ref] = Ref(ref.partition, first)

    def _owner(self, ref: Ref, item: Item | None, skip_unreadable: bool) -> Work | None:
        """The instance of an item, if it owns the block: a forward may be left of a state never written."""
        if item is None:
            return None
        try:
            work = self._decode(item)
        except Unavailable:
            raise  # its process cannot be read for the moment
        except Exception:
            if not skip_unreadable:
                raise
            logger.exception("item %s cannot be read", item.key)
            return None
        return work if ref.block in work.instance.blocks else None

    def _decode(self, item: Item) -> Work:
        state, ended = codec.unpack(item.body)
        instance, pages = codec.decode_open(state, keys.block_of(item.key)[0])
        values = frozenset(v.stored_as for v in instance.variables.values() if v.stored_as is not None)
        process = self.process(instance.process_id)
        assert process is not None, "a process is never removed while it has instances"
        listed = entries.entries(instance, process.model)
        mark = Mark(item.revision, ended, pages, values, len(instance.blocks), item, listed)
        return Work(instance, process, mark)

    def history(self, work: Work) -> list[Record]:
        """The ended records: those in the state item, and those in pages, level by level."""
        pages = self._pages(work)
        assert None not in pages.values(), "a page is written before the state that refers to it"
        ended = [work.mark.ended, *pages.values()]
        return [record for rows in ended if rows for record in codec.decode_ended(rows, work.instance.base)]

    def _pages(self, work: Work) -> dict[str, bytes | None]:
        """Rows of all pages by name, level by level; None where a page is gone."""
        found: dict[str, bytes | None] = {}
        names = [name for level in work.mark.pages for name in level]
        while names:
            here = work.instance.partition, work.instance.blocks[0]
            items = self._items.get([keys.page(*here, name) for name in names])
            pages = [codec.decode_page(item.body) if item else ([], None) for item in items]
            found |= {name: rows for name, (_, rows) in zip(names, pages, strict=True)}
            names = [name for folded, _ in pages for name in folded]
        return found

    def read_values(self, work: Work, variables: Sequence[Variable]) -> None:
        """Fill in the values that do not lie in the instance itself, one get per value item."""
        instance = work.instance
        names = sorted({v.stored_as for v in variables if v.stored_as is not None and v.value is None})
        if not names:
            return
        found = self._items.get([keys.value(instance.partition, instance.blocks[0], name) for name in names])
        bundles = {
            name: codec.decode_json(item.body)
            for name, item in zip(names, found, strict=True)
            if item is not None
        }
        for variable in variables:
            if variable.stored_as is not None and variable.value is None:
                if variable.stored_as not in bundles:
                    raise Overtaken(f"value of {variable.name} was replaced meanwhile")
                variable.value = bundles[variable.stored_as][str(variable.id)]

    # Process instances: write

    def commit(self, *changes: Change) -> None:
        """Write what has changed: one thing by one conditional put, several in a transaction."""
        others = [write for change in changes for write in self._writes(change)]
        works = [change for change in changes if isinstance(change, Work)]
        is_alone = len(works) + len(others) == 1
        drafts = [self._drafts.draft(work, is_alone=is_alone) for work in works]
        if not all(self._is_prepared(draft) for draft in drafts):
            raise Unavailable("what the state refers to could not be written")
        writes = [*(draft.state for draft in drafts), *others]
        if not writes:
            return
        try:
            self._items.commit(writes)
        except StaleWrite:
            if not self._is_ours(changes, writes):
                for draft in drafts:
                    self._remove_unreferred(draft, is_certain=len(writes) > 1)
                raise
        except Unanswered:
            if not self._is_found(changes, writes):
                raise
        for draft in drafts:
            self._remove(draft.after)
            self._remember_shard(draft)

    def _remember_shard(self, draft: Draft) -> None:
        """A due job was written: where the next lock of its process begins to look."""
        place = draft.state.item.index.get("jh")
        if place is not None and self._shards.jobs > 1:
            process_id, shard = keys.process_and_shard(str(place))
            self._written_shards[process_id] = shard

    def _writes(self, change: Change) -> Sequence[Write]:
        """The writes of a change that is no process instance."""
        match change:
            case Work():
                return []
            case Queue():
                self._no_queue_until.pop(change.bpmn_process_id, None)
                return [_queue_put(change)]
            case MessageSlot():
                return self._slot_writes(change)
            case SignalSlot():
                key = keys.signal_slot(change.name, change.shard)
                return [
                    _document_put(key, [change.name, [tuple(s) for s in change.subscribers]], change.revision)
                ]
            case NewProcess():
                writes = [*_process_puts(change), *self._start_writes(change)]
                return [*writes, *self._name_writes(change)]
            case ClockOffset():
                return [_document_put(keys.CLOCK, change.milliseconds, change.revision)]
            case Answer():
                claimed = [] if change.under_way_until is None else [change.under_way_until]
                said = [change.fingerprint, change.expires_at, change.body, *claimed]
                put = _document_put(keys.answer(change.key), said, change.revision)
                return [replace(put, item=replace(put.item, expires_at=change.expires_at // 1000 + 1))]
            case Upkeep():
                document = [change.begun, change.detached]
                return [_document_put(keys.UPKEEP, document, change.revision)]
            case Directory():
                self._directory = (float("-inf"), change)
                return [_document_put(keys.DIRECTORY, change.document, change.revision)]
            case Given():
                return [_document_put(keys.given(change.party), dict(change.turns), change.revision)]
            case ApiKeys():
                return [
                    _document_put(keys.API_KEYS, [_api_key_row(key) for key in change.keys], change.revision)
                ]

    def queue(self, bpmn_process_id: str, *, may_be_remembered: bool = False) -> Queue | None:
        """The queue of a BPMN process; that there is none is remembered, so that a start need not read."""
        if may_be_remembered and self._no_queue_until.get(bpmn_process_id, 0.0) > self._clock():
            return None
        item = self._get(keys.queue(bpmn_process_id))
        if item is None:
            self._no_queue_until[bpmn_process_id] = self._clock() + NO_QUEUE_FOR
            return None
        limit, active, waiting, *later = codec.decode_json(item.body)
        refs = [Ref(*ref) for ref in waiting]
        promised = later[0] if later else 0
        return Queue(bpmn_process_id, limit, active, refs, promised, item.revision)

    def commit_each(self, works: Sequence[Work]) -> list[bool]:
        """Write several process instances, each for itself."""
        drafts = [self._drafts.draft(work) for work in works]
        prepared = [self._is_prepared(draft) for draft in drafts]
        ready = [draft for draft, is_prepared in zip(drafts, prepared, strict=True) if is_prepared]
        if not ready:
            raise Unavailable("what the states refer to could not be written")
        written = iter(self._items.commit_each([[draft.state] for draft in ready]))
        answers = [is_prepared and next(written) for is_prepared in prepared]
        for draft, was_written in zip(drafts, answers, strict=True):
            if was_written:
                self._remove(draft.after)
                self._remember_shard(draft)
            else:
                self._remove_unreferred(draft)
        return answers

    def _is_prepared(self, draft: Draft) -> bool:
        """Write what the state will refer to; the state must not be written unless all of it is there."""
        before = [*draft.before, *draft.entries]
        try:
            return not before or all(self._items.commit_each([[put] for put in before]))
        except Unanswered as reason:
            logger.warning("%d items may stay in the store unused: %s", len(before), reason)
            return False

    def _is_ours(self, changes: Sequence[Change], writes: Sequence[Write]) -> bool:
        """Whether a new instance was written after all, and only the answer was lost.

        Its id block is leased, so nobody else writes there, unless the counter was set back.
        """
        if len(changes) != 1 or not isinstance(changes[0], Work) or writes[0].guard != 0:
            return False
        instance = changes[0].instance
        stored = self.load(instance.partition, instance.id)
        if stored is None:
            return False
        theirs = stored.instance
        return (theirs.process_id, theirs.created_at, theirs.created_by) == (
            instance.process_id,
            instance.created_at,
            instance.created_by,
        )

    def _is_found(self, changes: Sequence[Change], writes: Sequence[Write]) -> bool:
        """Whether a write without an answer was carried out, as far as that can be seen now."""
        try:
            return self._is_ours(changes, writes)
        except Unavailable:
            return False

    def _remove_unreferred(self, draft: Draft, *, is_certain: bool = False) -> None:
        """Remove what was written before a state that lost its race, if nothing can refer to it.

        A write whose answer was lost may have won after all, and another writer may have built on it. Only
        where the state has the very revision that we wanted to write, and is not ours, has nobody seen our
        items.
        """
        if not draft.before:
            return
        wanted = draft.state.item
        try:
            (stored,) = self._items.get([wanted.key])
        except Exception as reason:
            logger.warning("%d items may stay in the store unused: %s", len(draft.before), reason)
            return
        is_passed = stored is not None and stored.revision == wanted.revision and stored.body != wanted.body
        # A transaction that was refused has written nothing: what is older than ours does not know our items.
        is_older = is_certain and (stored is None or stored.revision < wanted.revision)
        if is_passed or is_older:
            self._remove([Delete(put.item.key) for put in draft.before])

    def _remove(self, deletes: Sequence[Delete]) -> None:
        """Remove items that nothing refers to; what stays behind costs its storage and nothing else."""
        if not deletes:
            return
        try:
            self._items.commit_each([[delete] for delete in deletes])
        except Exception as reason:
            logger.warning("%d unused items stay in the store: %s", len(deletes), reason)

    # Messages

    def next_id(self, of: str) -> int:
        """An id of messages or signals that nobody else has."""
        return self._blocks.next_id(of)

    def message_slot(self, name: str, correlation_key: str) -> MessageSlot:
        """The slot of a name and correlation key; an empty one if there is none."""
        item = self._get(keys.message_slot(name, correlation_key))
        if item is None:
            return MessageSlot(name, correlation_key)
        return codec.decode_messages(item.body, item.revision)

    def _slot_writes(self, slot: MessageSlot) -> Sequence[Write]:
        """The slot; messages that have left it become items of their own. Without anything in it, it goes."""
        if not (slot.messages or slot.subscribers or slot.leaving):
            key = keys.message_slot(slot.name, slot.correlation_key)
            return [Delete(key, slot.revision)] if slot.revision else []
        single = [MessageSlot(slot.name, slot.correlation_key, [message]) for message in slot.leaving]
        puts = [Put(self._message_item(keys.message(one.messages[0].id), one, 1), 0) for one in single]
        key = keys.message_slot(slot.name, slot.correlation_key)
        return [Put(self._message_item(key, slot, _next_revision(slot)), slot.revision), *puts]

    def _message_item(self, key: Key, slot: MessageSlot, revision: int) -> Item:
        index: dict[str, str | int] = {}
        if slot.messages:
            first = min(message.id for message in slot.messages)
            index = {"ph": keys.messages(first % self._shards.lists), "n": first}
        return Item(key, codec.encode_messages(slot), revision, index)

    def signal_slot(self, name: str, subscription_id: int) -> SignalSlot:
        """The slot into which a subscription to a signal is put."""
        return self._signal_slots(name, [subscription_id % self._shards.signals])[0]

    def signal_slots(self, name: str) -> list[SignalSlot]:
        """All slots of a signal."""
        return self._signal_slots(name, range(self._shards.signals))

    def find_signal_slot(self, name: str, subscription_id: int) -> SignalSlot | None:
        """The slot in which a subscription to a signal lies, wherever it was put with fewer shards."""
        slots = [slot for slot in self.signal_slots(name) if slot.holds(subscription_id)]
        return slots[0] if slots else None

    def _signal_slots(self, name: str, shards: Sequence[int]) -> list[SignalSlot]:
        items = self._items.get([keys.signal_slot(name, shard) for shard in shards])
        slots = []
        for shard, item in zip(shards, items, strict=True):
            rows = codec.decode_json(item.body)[1] if item else ()
            subscribers = [Subscriber(*row) for row in rows]
            slots.append(SignalSlot(name, shard, subscribers, item.revision if item else 0))
        return slots

    def messages(self, highest: int | None) -> Iterator[tuple[Message, MessageSlot]]:
        """All messages by id: items come by the lowest id in them, later messages wait for their turn."""
        hashes = [keys.messages(shard) for shard in range(self._shards.lists)]
        entries = heapq.merge(*(self._walk(keys.BY_PARTITION, hash, high=highest) for hash in hashes))
        waiting: list[tuple[int, int, Message, MessageSlot]] = []
        for number, entry in enumerate(entries):
            while waiting and waiting[0][0] < int(entry.range):
                yield heapq.heappop(waiting)[2:]
            if (item := self._get(entry.key)) is not None:
                slot = codec.decode_messages(item.body, item.revision)
                for message in slot.messages:
                    heapq.heappush(waiting, (message.id, number, message, slot))
        while waiting:
            yield heapq.heappop(waiting)[2:]

    # Look-ups by index

    def partitions(self) -> list[str]:
        """All dates that are listed, rising: those that have process instances, and the next ones."""
        return self._blocks.partitions()

    def due_jobs(self, process_id: int, now: Instant) -> Iterator[tuple[Instant, Ref]]:
        """Process instances of a process with a due job that nobody holds, earliest first in each shard."""
        for shard in self._shards_in_turn(process_id):
            yield from self._due(keys.DUE_JOBS, [keys.due_jobs(process_id, shard)], now)

    def _shards_in_turn(self, process_id: int) -> list[int]:
        """All shards of due jobs, each time beginning with another one, so that none is left behind.

        Whoever wants one job mostly finds it in the first shard (docs/adr/0025). Where little is due, that is
        where something was written last; it counts once, so that nobody keeps to one shard.
        """
        first = self._written_shards.pop(process_id, None)
        first = next(self._turns) if first is None else first
        return [(first + turn) % self._shards.jobs for turn in range(self._shards.jobs)]

    def due_tasks(self, until: Instant, since: Instant | None = None) -> Iterator[tuple[Instant, Ref]]:
        """Process instances with a due task, or fed jobs to look after, earliest first."""
        hashes = [keys.due_tasks(shard) for shard in range(self._shards.tasks)]
        return self._due(keys.DUE_TASKS, hashes, until, since)

    def _due(
        self, index: str, hashes: Sequence[str], until: Instant, since: Instant | None = None
    ) -> Iterator[tuple[Instant, Ref]]:
        walks = [self._walk(index, hash_value, since, until) for hash_value in hashes]
        return ((Instant(int(entry.range)), Ref(*keys.block_of(entry.key))) for entry in heapq.merge(*walks))

    def instances(self, partition: str | None, process_id: int | None, first_block: int = 0) -> Iterator[Ref]:
        """All process instances, one reference per id block, by partition and block."""
        if process_id is not None:
            hashes = [keys.by_process(process_id, shard) for shard in range(self._shards.lists)]
            low = keys.position(partition, first_block) if partition else None
            high = keys.position(partition, keys.MAX_BLOCKS) if partition else None
            walks = [self._walk(keys.BY_PROCESS, hash_value, low, high) for hash_value in hashes]
            yield from (Ref(*keys.block_of(entry.key)) for entry in heapq.merge(*walks))
            return
        for date in [partition] if partition else self.partitions():
            hashes = [keys.by_partition(date, shard) for shard in range(self._shards.lists)]
            low = keys.position(date, first_block)
            walks = [self._walk(keys.BY_PARTITION, hash_value, low) for hash_value in hashes]
            yield from (Ref(*keys.block_of(entry.key)) for entry in heapq.merge(*walks))

    def _walk(
        self, index: str, hash_value: str, low: int | None = None, high: int | None = None, size: int = 100
    ) -> Iterator[Entry]:
        """All entries of a range, page by page."""
        after: Entry | None = None
        while True:
            entries = self._items.query(index, hash_value, low=low, high=high, after=after, limit=size)
            yield from entries
            if len(entries) < size:
                return
            after = entries[-1]

    # Worklists

    def worklist(self, named: Iterable[Named]) -> list[Listed]:
        """The user tasks that some were named for, oldest first; their states say whether they still are."""
        places = [place for one in named for place in entries.collections(one, self._shards)]
        found: dict[str, list[str]] = {}
        for place, sorts in zip(places, self._items.collections(places), strict=True):
            for sort in sorts:
                found.setdefault(sort, []).append(place)
        return [entries.read(sort, tuple(places)) for sort, places in sorted(found.items())]

    def forget_listed(self, ended: Iterable[Listed]) -> None:
        """Remove what is left over of user tasks that have ended."""
        self._remove([delete for one in ended for delete in entries.forgetting(one)])

    def next_turn(self, process: str, element: str) -> int:
        """Counts the turns at a user task, from 1."""
        return self._items.add(keys.turn(process, element), 1)

    def given(self, party: str) -> Given:
        """Who of a work party was given a user task when."""
        item = self._get(keys.given(party))
        return Given(party) if item is None else Given(party, codec.decode_json(item.body), item.revision)

    def directory(self, *, may_be_remembered: bool = False) -> Directory:
        """The people that are known."""
        fresh_until, found = self._directory
        if not may_be_remembered or self._clock() >= fresh_until:
            item = self._get(keys.DIRECTORY)
            found = Directory() if item is None else Directory(codec.decode_json(item.body), item.revision)
            self._directory = (self._clock() + NAMES_FRESH_FOR, found)
        return found

    # Upkeep

    def upkeep(self) -> Upkeep:
        """What is known of the engine's upkeep."""
        item = self._get(keys.UPKEEP)
        if item is None:
            return Upkeep()
        begun, detached = codec.decode_json(item.body)
        return Upkeep([TaskType(type) for type in begun], detached, item.revision)

    def create_partition(self, partition: str) -> None:
        """List a date."""
        self._blocks.create(partition)

    def forget_partition(self, partition: str) -> None:
        """Take a date off the list; its counters stay, so that an id is never given twice."""
        self._blocks.forget(partition)

    def remove(self, works: Sequence[Work]) -> bool:
        """Remove process instances: each in one transaction, or, where it is too large, the state last."""
        groups = [self._removal(work) for work in works]
        early = [[delete] for group in groups for delete in group[:-MAX_WRITES]]
        if early and not all(self._items.commit_each(early)):
            return False
        return not groups or all(self._items.commit_each([group[-MAX_WRITES:] for group in groups]))

    def _removal(self, work: Work) -> list[Delete]:
        """What belongs to a process instance, so that what is left after a crash still finds the rest.

        Values first, since pages name them; the pages that others name before those; the state last, if
        nobody has written it since.
        """
        here = work.instance.partition, work.instance.blocks[0]
        pages = self._pages(work)
        ended = [rows for rows in (work.mark.ended, *pages.values()) if rows]
        records = [record for rows in ended for record in codec.decode_ended(rows, work.instance.base)]
        stored = {record.stored_as for record in records if isinstance(record, Variable)}
        values = sorted(work.mark.values | {name for name in stored if name is not None})
        forwards = [keys.instance(work.instance.partition, block) for block in work.instance.blocks[1:]]
        return [
            *(Delete(keys.value(*here, name)) for name in values),
            *(Delete(keys.page(*here, name)) for name in reversed(pages)),
            *(Delete(key) for key in forwards),
            Delete(keys.instance(*here), work.revision),
        ]

    def purge_messages(self, is_over: Callable[[Instant], bool], first: int, limit: int) -> int | None:
        """Remove messages whose time is over, and slots that have none left; who is overtaken comes again."""
        hashes = [keys.messages(shard) for shard in range(self._shards.lists)]
        walks = (self._walk(keys.BY_PARTITION, hash_value, first) for hash_value in hashes)
        entries = list(islice(heapq.merge(*walks), limit))
        found = self._items.get(list(dict.fromkeys(entry.key for entry in entries))) if entries else []
        purged = [self._purged(item, is_over) for item in found if item is not None]
        if writes := [write for write in purged if write is not None]:
            self._items.commit_each([[write] for write in writes])
        return None if len(entries) < limit else int(entries[-1].range) + 1

    def _purged(self, item: Item, is_over: Callable[[Instant], bool]) -> Write | None:
        slot = codec.decode_messages(item.body, item.revision)
        if not slot.forget(is_over):
            return None
        if slot.is_empty:
            return Delete(item.key, item.revision)
        return Put(self._message_item(item.key, slot, item.revision + 1), item.revision)

    def purge_expired(self, now: Instant, limit: int) -> int:
        """Remove expired items; DynamoDB does it by itself."""
        return self._items.purge_expired(now // 1000, limit)

    # The engine as a whole

    def clock_offset(self) -> ClockOffset:
        """How far the engine's clock is ahead."""
        item = self._get(keys.CLOCK)
        return ClockOffset(codec.decode_json(item.body), item.revision) if item else ClockOffset()

    def answer(self, key: str) -> Answer | None:
        """The answer that was given under an idempotency key."""
        item = self._get(keys.answer(key))
        if item is None:
            return None
        fingerprint, expires_at, body, *claimed = codec.decode_json(item.body)
        return Answer(key, fingerprint, expires_at, body, item.revision, *claimed)

    def api_keys(self) -> ApiKeys:
        """The API keys."""
        item = self._get(keys.API_KEYS)
        if item is None:
            return ApiKeys()
        return ApiKeys([_api_key(row) for row in codec.decode_json(item.body)], item.revision)

    def id_secret(self) -> bytes:
        """The secret of ids, made when it is first asked for; whoever is first, all have the same."""
        if not self._id_secret:
            item = self._get(keys.ID_SECRET)
            if item is None:
                try:
                    self._put(Put(Item(keys.ID_SECRET, self._random_bytes(32)), 0))
                except StaleWrite:
                    logger.info("another process has made the secret of ids")
                item = self._get(keys.ID_SECRET)
            assert item is not None, "it was written, or found"
            self._id_secret = item.body
        return self._id_secret

    def check(self) -> None:
        """Read something, and write something that nobody reads.

        That it could be written is remembered a moment: whoever may ask without credentials must not keep
        the one item busy.
        """
        self._get(keys.CLOCK)
        if self._clock() >= self._is_writable_until:
            self._put(Put(Item(keys.CHECK, b""), None))
            self._is_writable_until = self._clock() + WRITABLE_FOR

    def close(self) -> None:
        """Release the adapter."""
        self._items.close()

    def _get(self, key: Key) -> Item | None:
        return self._items.get([key])[0]

    def _put(self, write: Write) -> None:
        self._items.commit([write])


def _next_revision(slot: MessageSlot) -> int:
    """A slot that was removed and made again has never had this revision: it begins with an id of its own."""
    if slot.revision:
        return slot.revision + 1
    ids = [message.id for message in slot.messages] + [subscriber.id for subscriber in slot.subscribers]
    return min(ids) << 20


def _document_put(key: Key, document: object, revision: int) -> Put:
    return Put(Item(key, codec.encode_json(document), revision + 1), revision)


def _queue_put(queue: Queue) -> Put:
    waiting = [list(ref) for ref in queue.waiting]
    key = keys.queue(queue.bpmn_process_id)
    return _document_put(key, [queue.limit, queue.active, waiting, queue.promised], queue.revision)


def _api_key_row(key: ApiKey) -> list[object]:
    return [key.hash, sorted(key.roles), key.name, key.created_at, key.expires_at]


def _api_key(row: str | list[Any]) -> ApiKey:
    """A key of an older release is its hash alone; it has always been allowed everything."""
    if isinstance(row, str):
        return ApiKey(row)
    hash, roles, *rest = row
    return ApiKey(hash, known_roles(roles), *rest)


def _process_puts(new: NewProcess) -> list[Put]:
    """The process, its file, its name, and the catalog, whose revision guards the ids."""
    process = new.process
    elements = process.first_element_id + len(process.model.elements) - 1
    name = keys.process_name(process.bpmn_process_id, process.version)
    return [
        _document_put(keys.CATALOG, {"processes": process.id, "elements": elements}, new.revision),
        _document_put(name, process.id, 0),
        Put(Item(keys.process(process.id), codec.encode_process(process)), 0),
        Put(Item(keys.bpmn_xml(process.id), codec.encode_bytes(new.xml)), 0),
    ]


def _message_starts(process: DeployedProcess | None) -> dict[str, int]:
    """Numbers of the message start events of a process, by message name."""
    starts = process.model.of_type(ElementType.MESSAGE_START_EVENT) if process else ()
    return {start.event.name: start.number for start in starts if start.event and start.event.name}


def _signal_starts(process: DeployedProcess | None) -> dict[str, list[int]]:
    """Numbers of the signal start events of a process, by signal name."""
    found: dict[str, list[int]] = {}
    for start in process.model.of_type(ElementType.SIGNAL_START_EVENT) if process else ():
        if start.event and start.event.name:
            found.setdefault(start.event.name, []).append(start.number)
    return found

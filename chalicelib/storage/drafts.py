"""A changed process instance as writes: the state, what must lie in the store before it, what goes after.

Ended records move to pages and long values to items of their own, so that the state stays within one write
unit. Each draft adds to the state what it costs itself (docs/adr/0027).
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..engine.feed import next_watch
from ..engine.instance import ProcessInstance, Scope
from ..engine.records import Instant, Variable
from ..service.environment import Work
from . import codec, keys
from .blocks import IdBlocks
from .entries import NO_ENTRIES, Entry, deletes, entries, puts
from .keys import Shards
from .ports import Delete, Item, Key, Put
from .units import index_units, item_size, read_units, write_units

FIT = 850
"""Bytes of a state body that, with keys and index attributes, stay within one write unit (1 KB)."""

PAGE = 640
"""Bytes of a state body from which on ended records move to a page. Less than `FIT`: every command packs and
unpacks the body, and a page more per twenty tasks costs less than carrying their rows along."""

SPILL = 64
"""Characters from which on a variable moves into a value item, once the state does not fit."""

FOLD = 8
"""Page names of one level; the next page then takes them in."""

UNITS = "."
"""Between the name of a value item and its write units, if it has more than one."""

FORWARD = b"F"
"""How the body of a forward begins; the number of the instance's first block follows."""


@dataclass(slots=True)
class Mark:
    """What the store remembers about an instance that it has read.

    Attributes:
        revision: Of the state item; 0 for a new instance.
        ended: Rows of ended records that lie in the state item.
        pages: Names of pages by level; a page of level n + 1 stands for `FOLD` pages of level n as well.
        values: Names of the value items that its variables refer to.
        blocks: Id blocks that have their item.
        stored: The state item itself; None for a new instance.
        entries: Worklist entries of its user tasks.
    """

    revision: int = 0
    ended: bytes = b""
    pages: list[list[str]] = field(default_factory=list)
    values: frozenset[str] = frozenset()
    blocks: int = 1
    stored: Item | None = None
    entries: frozenset[Entry] = NO_ENTRIES

    @property
    def size(self) -> int:
        """Bytes of the state item, see `_size`; 0 for a new instance."""
        return 0 if self.stored is None else _size(self.stored)


@dataclass(slots=True)
class Draft:
    """The writes of one instance, in the order in which they must happen.

    Attributes:
        before: Immutable items that the state refers to.
        entries: Worklist entries; they are as good for whoever was faster, and stay.
        state: The state item with its guard.
        after: Items that nothing refers to any more.
    """

    before: list[Put]
    state: Put
    after: list[Delete]
    entries: list[Put] = field(default_factory=list)


class Drafts:
    """Makes drafts."""

    def __init__(self, shards: Shards, blocks: IdBlocks, random_bytes: Callable[[int], bytes]) -> None:
        """Keep what a draft needs.

        Args:
            shards: How the indexes are spread.
            blocks: Where further id blocks come from.
            random_bytes: Source of the random part of page and value names.
        """
        self._shards = shards
        self._blocks = blocks
        self._random_bytes = random_bytes

    def draft(self, work: Work, *, is_alone: bool = True) -> Draft:
        """The writes of a process instance; further id blocks are taken for it where it needs them.

        Args:
            work: The process instance.
            is_alone: Whether its state is written by itself; in a transaction an item counts twice.
        """
        instance, mark = work.instance, work.mark or Mark()
        before = self._further_blocks(instance, mark)
        after = self._unused_values(instance, mark)
        written: list[Put] = []
        if mark.entries or instance.user_tasks:
            now = entries(instance, work.process.model)
            written = puts(instance, mark.entries, now, self._shards)
            after += deletes(instance, mark.entries, self._shards)
        key, index = keys.instance(*work.ref), self._index(instance)
        size, each = mark.size, 1 if is_alone else 2
        if size:
            instance.read_units += read_units(size)
        # The number lies in the body, so it comes first. A state that stays as large as it was is usual.
        counted = each * write_units(size)
        instance.write_units += counted + _around(key, mark, index, [*before, *written], after)
        pages, ended, body = self._body(instance, mark, before)
        state = Item(key, body, mark.revision + 1, index)
        for is_second in (False, True):
            own = each * write_units(max(size, _size(state)))
            # At the border of a unit each number may make the other one right: then the larger one stays.
            if own == counted or (is_second and own < counted):
                break
            instance.write_units += own - counted
            counted = own
            state = replace(state, body=codec.pack(codec.encode_open(instance, pages), ended))
        return Draft(before, Put(state, mark.revision), after, written)

    def _body(
        self, instance: ProcessInstance, mark: Mark, before: list[Put]
    ) -> tuple[list[list[str]], bytes, bytes]:
        """Names of pages, ended rows and body of a state; what does not fit goes before it."""
        ended = b",".join(filter(None, [mark.ended, codec.encode_ended(instance.ended, instance.base)]))
        pages = mark.pages
        opened = codec.encode_open(instance, pages)
        body = codec.pack(opened, ended)
        if len(body) > PAGE and len(ended) >= len(opened):
            put, pages = self._page(instance, mark, ended)
            before.append(put)
            instance.write_units += _alone([put])
            ended = b""
            body = codec.pack(codec.encode_open(instance, pages), ended)
        if len(body) > FIT and (spilled := self._spill(instance, mark)):
            before += spilled
            instance.write_units += _alone(spilled)
            body = codec.pack(codec.encode_open(instance, pages), ended)
        return pages, ended, body

    def _index(self, instance: ProcessInstance) -> keys.Attributes:
        block = instance.blocks[0]
        return keys.list_attributes(
            self._shards, instance.partition, block, instance.process_id
        ) | keys.due_attributes(
            self._shards, block, instance.process_id, instance.next_due_job(), _next_look(instance)
        )

    def cover_ids(self, instance: ProcessInstance) -> None:
        """Take the id blocks that an instance needs for all its records."""
        missing = instance.missing_blocks()
        if missing:
            taken = self._blocks.take(instance.partition, max(missing, len(instance.blocks) // 4))
            instance.blocks.extend(taken)

    def _further_blocks(self, instance: ProcessInstance, mark: Mark) -> list[Put]:
        """Forward items for the id blocks that the instance has outgrown its own with.

        They come straight from the counter, so that ids rise, and a quarter more than needed, so that they
        form runs.
        """
        self.cover_ids(instance)
        first = instance.blocks[0]
        return [
            Put(
                Item(
                    keys.instance(instance.partition, block),
                    FORWARD + str(first).encode(),
                    index=dict(
                        keys.list_attributes(self._shards, instance.partition, block, instance.process_id)
                    ),
                ),
                None,
            )
            for block in instance.blocks[mark.blocks :]
        ]

    def _page(self, instance: ProcessInstance, mark: Mark, ended: bytes) -> tuple[Put, list[list[str]]]:
        """A page of the ended records; it takes in the names of a level that is full."""
        name = self._name(mark)
        levels = [list(level) for level in mark.pages]
        full = next((at for at, level in enumerate(levels) if len(level) >= FOLD), None)
        folded: list[str] = []
        if full is not None:
            folded, levels[full] = levels[full], []
        at = 0 if full is None else full + 1
        if at == len(levels):
            levels.append([])
        levels[at].append(name)
        key = keys.page(instance.partition, instance.blocks[0], name)
        return Put(Item(key, codec.encode_page(ended, folded)), None), levels

    def _spill(self, instance: ProcessInstance, mark: Mark) -> list[Put]:
        """Value items for the longer values that lie in the instance; the variables then refer to them.

        One item per scope: the variables of a scope end together, so that no value of an ended variable lies
        beside one that may still be replaced.
        """
        scopes: dict[Scope, list[Variable]] = {}
        for variable in instance.variables.values():
            if variable.stored_as is None and variable.value is not None and len(variable.value) > SPILL:
                scopes.setdefault(variable.element_instance_id, []).append(variable)
        puts = []
        for variables in scopes.values():
            body = codec.encode_json({variable.id: variable.value for variable in variables})
            name, put = self._value(instance, self._name(mark), body)
            puts.append(put)
            for variable in variables:
                variable.value, variable.stored_as = None, name
        return puts

    def _value(self, instance: ProcessInstance, name: str, body: bytes) -> tuple[str, Put]:
        """A value item and its name; that of a large one says its write units, for when it is removed."""
        here = instance.partition, instance.blocks[0]
        put = Put(Item(keys.value(*here, name), body), None)
        if (units := _alone([put])) > 1:
            name = f"{name}{UNITS}{units}"
            put = Put(Item(keys.value(*here, name), body), None)
        return name, put

    def _unused_values(self, instance: ProcessInstance, mark: Mark) -> list[Delete]:
        kept = {v.stored_as for v in instance.variables.values()}
        kept |= {record.stored_as for record in instance.ended if isinstance(record, Variable)}
        unused = mark.values - kept
        return [Delete(keys.value(instance.partition, instance.blocks[0], name)) for name in sorted(unused)]

    def _name(self, mark: Mark) -> str:
        """A name that no racer has: two may write for the same revision."""
        return f"{mark.revision + 1:x}-{base64.urlsafe_b64encode(self._random_bytes(3)).decode()}"


def _size(state: Item) -> int:
    """Bytes of a state item, or of its body alone where the units are the same: up to `FIT` it is one.

    Whether a stored item has a write id cannot be seen; that it has none, after a transaction, is 7 bytes
    less.
    """
    body = len(state.body)
    return body if body <= FIT else item_size(state, has_write_id=True)


def _around(
    key: Key, mark: Mark, index: Mapping[str, str | int], before: Sequence[Put], after: Sequence[Delete]
) -> int:
    """Write units of a draft without those of the state item itself and of what will not fit into it."""
    units = index_units(key, mark.stored.index if mark.stored else {}, index)
    if before:
        units += _alone(before)
    if after:
        units += sum(int(delete.key.sort.partition(UNITS)[2] or 1) for delete in after)
    return units


def _alone(puts: Sequence[Put]) -> int:
    """Write units of new items without guard, each written by itself."""
    return sum(
        write_units(item_size(put.item, has_write_id=False)) + index_units(put.item.key, {}, put.item.index)
        for put in puts
    )


def _next_look(instance: ProcessInstance) -> Instant | None:
    """When somebody has to look at an instance: a task is due, or a fed job should be done."""
    times = (instance.next_due_task(), next_watch(instance))
    return min((at for at in times if at is not None), default=None)

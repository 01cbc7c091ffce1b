"""A changed process instance as writes: the state, what must lie in the store before it, what goes after.

Ended records move to pages and long values to items of their own, so that the state stays within one write
unit.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from ..engine.feed import next_watch
from ..engine.instance import ProcessInstance, Scope
from ..engine.records import Instant, Variable
from ..service.environment import Work
from . import codec, keys
from .blocks import IdBlocks
from .keys import Shards
from .ports import Delete, Item, Put

FIT = 850
"""Bytes of a state body that, with keys and index attributes, stay within one write unit (1 KB)."""

PAGE = 640
"""Bytes of a state body from which on ended records move to a page. Less than `FIT`: every command packs and
unpacks the body, and a page more per twenty tasks costs less than carrying their rows along."""

SPILL = 64
"""Characters from which on a variable moves into a value item, once the state does not fit."""

FOLD = 8
"""Page names of one level; the next page then takes them in."""

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
    """

    revision: int = 0
    ended: bytes = b""
    pages: list[list[str]] = field(default_factory=list)
    values: frozenset[str] = frozenset()
    blocks: int = 1


@dataclass(slots=True)
class Draft:
    """The writes of one instance, in the order in which they must happen.

    Attributes:
        before: Immutable items that the state refers to.
        state: The state item with its guard.
        after: Items that nothing refers to any more.
    """

    before: list[Put]
    state: Put
    after: list[Delete]


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

    def draft(self, work: Work) -> Draft:
        """The writes of a process instance; further id blocks are taken for it where it needs them."""
        instance, mark = work.instance, work.mark or Mark()
        before = self._further_blocks(instance, mark)
        ended = b",".join(filter(None, [mark.ended, codec.encode_ended(instance.ended, instance.base)]))
        pages = mark.pages
        opened = codec.encode_open(instance, pages)
        body = codec.pack(opened, ended)
        if len(body) > PAGE and len(ended) >= len(opened):
            put, pages = self._page(instance, mark, ended)
            before.append(put)
            ended = b""
            opened = codec.encode_open(instance, pages)
            body = codec.pack(opened, ended)
        if len(body) > FIT and (spilled := self._spill(instance, mark)):
            before += spilled
            body = codec.pack(codec.encode_open(instance, pages), ended)
        state = Put(self._state(instance, mark.revision + 1, body), mark.revision)
        return Draft(before, state, self._unused_values(instance, mark))

    def _state(self, instance: ProcessInstance, revision: int, body: bytes) -> Item:
        block = instance.blocks[0]
        return Item(
            keys.instance(instance.partition, block),
            body,
            revision,
            keys.list_attributes(self._shards, instance.partition, block, instance.process_id)
            | keys.due_attributes(
                self._shards, block, instance.process_id, instance.next_due_job(), _next_look(instance)
            ),
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
            name = self._name(mark)
            body = codec.encode_json({variable.id: variable.value for variable in variables})
            puts.append(Put(Item(keys.value(instance.partition, instance.blocks[0], name), body), None))
            for variable in variables:
                variable.value, variable.stored_as = None, name
        return puts

    def _unused_values(self, instance: ProcessInstance, mark: Mark) -> list[Delete]:
        kept = {v.stored_as for v in instance.variables.values()}
        kept |= {record.stored_as for record in instance.ended if isinstance(record, Variable)}
        unused = mark.values - kept
        return [Delete(keys.value(instance.partition, instance.blocks[0], name)) for name in sorted(unused)]

    def _name(self, mark: Mark) -> str:
        """A name that no racer has: two may write for the same revision."""
        return f"{mark.revision + 1:x}-{base64.urlsafe_b64encode(self._random_bytes(3)).decode()}"


def _next_look(instance: ProcessInstance) -> Instant | None:
    """When somebody has to look at an instance: a task is due, or a fed job should be done."""
    times = (instance.next_due_task(), next_watch(instance))
    return min((at for at in times if at is not None), default=None)

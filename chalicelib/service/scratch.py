"""The store of one microflow: its process instances are kept as they are, in memory, as long as it runs.

Deployed processes come from the store behind it. Nothing is written there, unless somebody wants to look at
the process instances afterwards.
"""

import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import count

from ..engine import incidents
from ..engine.errors import ProcessModelError
from ..engine.instance import IDS_PER_BLOCK, ProcessInstance
from ..engine.microflow_rules import runs_as_microflow
from ..engine.moment import Moment
from ..engine.records import DeployedProcess, Record, Variable
from .environment import Change, ClockOffset, Queue, Ref, Store, Work

logger = logging.getLogger(__name__)


class Scratch:
    """What a microflow needs of `Store`; everything else cannot happen in one."""

    def __init__(self, store: Store, *, is_kept: bool, clock_offset: ClockOffset) -> None:
        """Begin empty.

        Args:
            store: Where processes are.
            is_kept: Whether `keep` is called in the end: then ids are real, and what ended is remembered.
            clock_offset: How far the engine's clock is ahead.
        """
        self._store = store
        self._is_kept = is_kept
        self._clock_offset = clock_offset
        self._blocks = count()
        self._open: dict[int, Work] = {}
        self._blocks_of: dict[int, int] = {}
        self._first: int | None = None
        self._done: list[Work] = []
        self._entered: dict[int, int] = {}
        self._history: dict[int, list[Record]] = {}

    # What has come of it

    def works(self) -> list[Work]:
        """The process instances that have not ended, in the order in which they began."""
        return list(self._open.values())

    def is_open(self, work: Work) -> bool:
        """Whether a process instance has not ended since."""
        return work.ref.block in self._open

    @property
    def result(self) -> Work | None:
        """The first process instance, once it has ended."""
        return self._done[0] if self._done and self._done[0].ref.block == self._first else None

    @property
    def entered(self) -> int:
        """How many elements have been entered, in all process instances."""
        return sum(self._entered.values())

    def keep(self, moment: Moment) -> str:
        """Write all process instances to the store behind; those that have not ended are terminated.

        Their incidents are closed: nobody would go on where a microflow has stopped.

        Returns:
            Which one is the first, `2030-01-01/17`; empty if it has not begun, or was not written.
        """
        works = [*self._done, *self.works()]
        for work in works:
            step = work.step(moment)
            if not work.instance.is_ended:
                step.terminate_instance()
            incidents.close_all(step)
            work.instance.ended[:0] = self._history.pop(work.ref.block, [])
        written = self._store.commit_each(works) if works else []
        if not all(written):
            logger.warning("microflow %s is not written in full", works[0].instance.pointer(1))
        kept = [work for work, is_kept in zip(works, written, strict=True) if is_kept]
        return next((work.instance.pointer(1) for work in kept if work.ref.block == self._first), "")

    # As a store

    def process(self, id: int) -> DeployedProcess | None:
        """See `Store.process`."""
        return self._store.process(id)

    def find_process(self, bpmn_process_id: str, version: str) -> DeployedProcess | None:
        """A process that a call activity calls.

        Raises:
            ProcessModelError: It cannot run in a microflow.
        """
        return _runnable(self._store.find_process(bpmn_process_id, version))

    def latest(self, bpmn_process_id: str) -> DeployedProcess | None:
        """As `find_process`."""
        return _runnable(self._store.latest(bpmn_process_id))

    def lease_block(self, partition: str) -> int:
        """See `Store.lease_block`."""
        return self._store.lease_block(partition) if self._is_kept else next(self._blocks)

    def engine_block(self, partition: str) -> int:
        """See `Store.engine_block`."""
        return self._store.engine_block(partition) if self._is_kept else next(self._blocks)

    def cover_ids(self, instance: ProcessInstance) -> None:
        """See `Store.cover_ids`."""
        if self._is_kept:
            self._store.cover_ids(instance)
        else:
            instance.blocks.extend(next(self._blocks) for _ in range(instance.missing_blocks()))

    def queue(self, bpmn_process_id: str, *, may_be_remembered: bool = False) -> Queue | None:
        """No microflow waits for its turn."""
        return None

    def clock_offset(self) -> ClockOffset:
        """See `Store.clock_offset`."""
        return self._clock_offset

    def first_ref(self, partition: str, id: int) -> Ref:
        """See `Store.first_ref`."""
        block = (id - 1) // IDS_PER_BLOCK
        return Ref(partition, self._blocks_of.get(block, block))

    def load(self, partition: str, id: int) -> Work | None:
        """See `Store.load`."""
        return self._found(self.first_ref(partition, id))

    def load_many(self, refs: Sequence[Ref], *, skip_unreadable: bool = False) -> list[Work | None]:
        """See `Store.load_many`."""
        return [self._found(ref) for ref in refs]

    def read_values(self, work: Work, variables: Sequence[Variable]) -> None:
        """All values are at hand."""

    def commit(self, *changes: Change) -> None:
        """Keep process instances; nothing else can change, since nothing in a microflow tells others."""
        for change in changes:
            assert isinstance(change, Work), "what a microflow may be made of changes nothing else"
            self._keep(change)

    def _keep(self, work: Work) -> None:
        instance, block = work.instance, work.instance.blocks[0]
        self._first = block if self._first is None else self._first
        self.cover_ids(instance)
        self._blocks_of |= dict.fromkeys(instance.blocks, block)
        self._entered[block] = instance.counters.element_instances
        if self._is_kept:
            self._history.setdefault(block, []).extend(instance.ended)
        instance.ended = []
        if not instance.is_ended:
            self._open[block] = work
            return
        self._open.pop(block, None)
        if block == self._first:
            self._done.insert(0, work)
        elif self._is_kept:
            self._done.append(work)

    def _found(self, ref: Ref) -> Work | None:
        """A copy: whoever thinks again begins with what was."""
        work = self._open.get(self._blocks_of.get(ref.block, ref.block))
        return replace(work, instance=deepcopy(work.instance)) if work else None


def _runnable(process: DeployedProcess | None) -> DeployedProcess | None:
    causes = list(runs_as_microflow(process.model)) if process else []
    if process and causes:
        name = f"{process.bpmn_process_id}:{process.version}"
        raise ProcessModelError(
            f"process {name} cannot run in a microflow: {causes[0].detail}", causes=causes
        )
    return process

"""What a handler is handed: the store, the clock, the cipher, and the settings that matter to behavior.

`Store` is what the service needs of storage, in the words of the engine; `storage.store` implements it.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, cast

from ..bpmn.model import Process
from ..contract.rights import Role
from ..engine.assignment import Named
from ..engine.attributes import NamedProcess
from ..engine.evaluation import Evaluator
from ..engine.instance import ProcessInstance
from ..engine.messages import Message, MessageSlot
from ..engine.moment import MAX_VISITS, Fed, Moment
from ..engine.records import DeployedProcess, Instant, Record, Variable
from ..engine.signals import SignalSlot
from ..engine.states import TaskType
from ..engine.step import Evaluators, RunOutside, Step
from .locks import InstanceLocks
from .watch import BUSY, Watch

logger = logging.getLogger(__name__)


class Overtaken(Exception):
    """Another writer committed first; nothing was written. Read again and think again."""

    kind = BUSY


class Unavailable(Exception):
    """The store refuses for the moment; what was asked for was not written."""

    kind = BUSY


class Unanswered(Exception):
    """The store gave no answer to a write: it was carried out, or it was not, or it still will be.

    Who thinks again after that may do something twice, unless what was to be written is found by its key.
    """


class Ref(NamedTuple):
    """A process instance, by its partition and an id block that it owns."""

    partition: str
    block: int


class Hint(NamedTuple):
    """That something is due in a process instance; the instance itself says whether it still is.

    Attributes:
        ref: The process instance.
        due_at: When.
        job: Number of the fed job that it is about; None for tasks.
    """

    ref: Ref
    due_at: Instant
    job: int | None = None


class Feed(Protocol):
    """Carries hints to whoever runs what is due. Each may be lost, doubled or late: that costs time only."""

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        """Send hints, none of them due later than a few minutes from now.

        Returns:
            Those that could not be sent.
        """
        ...


class Seen(NamedTuple):
    """How a process instance was when it was read; what is beyond that, a command has done.

    Attributes:
        jobs: The last id given.
        tasks: The same for tasks.
        incidents: The same for incidents.
        ended: How many records of `ProcessInstance.ended`.
        has_begun: Whether it had started to run.
        is_ended: Whether it had ended.
    """

    jobs: int
    tasks: int
    incidents: int
    ended: int
    has_begun: bool
    is_ended: bool

    @staticmethod
    def of(instance: ProcessInstance) -> "Seen":
        """As it is now."""
        counters = instance.counters
        return Seen(
            counters.jobs,
            counters.tasks,
            counters.incidents,
            len(instance.ended),
            instance.started_at is not None,
            instance.ended_at is not None,
        )


@dataclass(slots=True)
class Work:
    """A process instance on the table of one command.

    Attributes:
        instance: Changed in place by the engine.
        process: Its process.
        mark: What the store remembers about it; nobody else looks at it.
        seen: How it was when it was read, or last written.
    """

    instance: ProcessInstance
    process: DeployedProcess
    mark: Any = None
    seen: Seen = field(default=cast(Seen, None), repr=False)

    def __post_init__(self) -> None:
        """A copy keeps what was seen; nobody else knows yet."""
        if self.seen is None:
            self.seen = Seen.of(self.instance)

    @property
    def revision(self) -> int:
        """Counts its writes; 0 for a new one."""
        return self.mark.revision if self.mark else 0

    @property
    def ref(self) -> Ref:
        """Its reference by its first block, as the indexes of what is due give it."""
        return Ref(self.instance.partition, self.instance.blocks[0])

    def step(self, moment: Moment, run_outside: RunOutside | None = None) -> Step:
        """A step of the instance."""
        return Step(self.process.model, self.instance, moment, run_outside=run_outside)


@dataclass(slots=True)
class Queue:
    """Process instances of a BPMN process that may run at the same time, and those that wait for their turn.

    Attributes:
        bpmn_process_id: Of all versions together.
        limit: How many may run; 0: any number.
        active: How many run.
        waiting: Who comes next, first come first served.
        promised: Tasks of type DEQUEUE_PROCESS_INSTANCE that are to give one of them its turn.
        revision: As stored; 0 for a new queue.
    """

    bpmn_process_id: str
    limit: int = 0
    active: int = 0
    waiting: list[Ref] = field(default_factory=list)
    promised: int = 0
    revision: int = 0

    @property
    def has_room(self) -> bool:
        """Whether one more may run."""
        return self.limit == 0 or self.active < self.limit

    @property
    def must_wait(self) -> bool:
        """Whether a new process instance has to wait; while others do, also if there is room."""
        return bool(self.waiting) or not self.has_room

    @property
    def turns(self) -> int:
        """How many of those that wait have room now and no task yet that gives them their turn."""
        waiting = len(self.waiting)
        room = waiting if self.limit == 0 else min(waiting, self.limit - self.active)
        return max(0, room - self.promised)


@dataclass(frozen=True, slots=True)
class NewProcess:
    """A process that is being deployed.

    Attributes:
        process: With its ids, which are taken once it is committed.
        xml: Its file, byte for byte.
        revision: Of the list of processes that gave the ids.
        previous: The latest version before this one, whose start events it takes the place of.
    """

    process: DeployedProcess
    xml: bytes
    revision: int
    previous: DeployedProcess | None = None


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far the engine's clock is ahead, in milliseconds.

    Attributes:
        revision: As stored; 0 for a clock that was never moved.
    """

    milliseconds: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a command that may be sent again under the same key.

    Attributes:
        key: The idempotency key, made unique for its operation.
        fingerprint: Of the command it answered.
        expires_at: Until when the command may be sent again.
        body: The answer as JSON text, or None for an empty one.
        revision: As stored; 0 for a new one.
        under_way_until: Who has claimed the key is still at it, until then at most; None: it has answered.
    """

    key: str
    fingerprint: str
    expires_at: Instant
    body: str | None = None
    revision: int = 0
    under_way_until: Instant | None = None


@dataclass(slots=True)
class Upkeep:
    """What is known of the engine's upkeep.

    Attributes:
        begun: Types of tasks that have been made a first time, and make themselves again since.
        detached: Dates whose retention is over and that are being dropped.
        revision: As stored; 0 for an engine that has not begun.
    """

    begun: list[TaskType] = field(default_factory=list)
    detached: list[str] = field(default_factory=list)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; the key itself is known to its owner alone.

    Attributes:
        hash: SHA-256 of the key, hexadecimal.
        roles: What its owner may do.
        name: What it is for.
        created_at: By the clock of the machine; None for a key of an older release.
        expires_at: From when on it is unknown, by the clock of the machine; None: never.
    """

    hash: str
    roles: frozenset[Role] = frozenset({Role.ADMIN})
    name: str = ""
    created_at: Instant | None = None
    expires_at: Instant | None = None

    @property
    def id(self) -> str:
        """Tells it apart from others; says nothing about the key."""
        return self.hash[:12]


@dataclass(slots=True)
class ApiKeys:
    """The API keys that have been made and not been revoked.

    Attributes:
        revision: As stored; 0 if none was ever made.
    """

    keys: list[ApiKey] = field(default_factory=list)
    revision: int = 0


class Listed(NamedTuple):
    """A user task on a list.

    Attributes:
        created_at: When it was made.
        partition: Of its process instance.
        id: Its public id.
        places: Where the store has found it.
    """

    created_at: Instant
    partition: str
    id: int
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Directory:
    """The users, roles and work parties that are known (`service.people`).

    Attributes:
        document: As it was loaded; None: nobody is known, and everybody is accepted.
        revision: As stored; 0 if none was ever loaded.
    """

    document: Mapping[str, Any] | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """Who of a work party was given a user task when; what is lost of it matters little.

    Attributes:
        party: Name of the work party.
        turns: A number that rises, by user.
        revision: As stored; 0 for a new one.
    """

    party: str
    turns: Mapping[str, int] = field(default_factory=dict)
    revision: int = 0


Change = (
    Work
    | Queue
    | MessageSlot
    | SignalSlot
    | NewProcess
    | ClockOffset
    | Answer
    | Upkeep
    | ApiKeys
    | Directory
    | Given
)
"""An aggregate as it is to be written, guarded by the revision it was read with."""


class Store(Protocol):
    """Where processes and process instances live."""

    # Processes

    def process(self, id: int) -> DeployedProcess | None:
        """A deployed process by id."""
        ...

    def find_process(self, bpmn_process_id: str, version: str) -> DeployedProcess | None:
        """A deployed process by BPMN process id and version."""
        ...

    def latest(self, bpmn_process_id: str) -> DeployedProcess | None:
        """The version of a BPMN process that was deployed last, strongly consistent."""
        ...

    def processes_named(self, name: str) -> list[NamedProcess]:
        """The processes that are found under a name or BPMN process id, in the order of their deployment.

        What another process has deployed under a known name is seen a few seconds later.
        """
        ...

    def forget_processes(self) -> None:
        """Read everything about processes anew; that others have deployed some is then seen at once."""
        ...

    def message_start(self, name: str) -> tuple[DeployedProcess, int] | None:
        """The process and the number of its start event that a message of this name starts."""
        ...

    def signal_starts(self, name: str) -> list[tuple[DeployedProcess, int]]:
        """The processes and the numbers of their start events that a signal of this name starts."""
        ...

    def process_ids(self) -> list[int]:
        """Ids of all deployed processes, rising."""
        ...

    def processes(self) -> list[DeployedProcess]:
        """All deployed processes, by id."""
        ...

    def new_process(
        self,
        model: Process,
        xml: bytes,
        version: str,
        moment: Moment,
        parallelism: int,
        tags: dict[str, str | None],
    ) -> NewProcess:
        """A process with the next id, and ids for its elements; to be committed."""
        ...

    def bpmn_xml(self, id: int) -> bytes | None:
        """The XML of a deployed process, byte for byte."""
        ...

    # Process instances

    def lease_block(self, partition: str) -> int:
        """An id block that nobody else has.

        Raises:
            EngineError: The date has no ids left.
        """
        ...

    def cover_ids(self, instance: ProcessInstance) -> None:
        """Give an instance id blocks for all its records now, so that each has its public id."""
        ...

    def engine_block(self, partition: str) -> int:
        """An id block for the engine itself, behind those of all process instances."""
        ...

    def load(self, partition: str, id: int) -> Work | None:
        """The process instance that owns an id, strongly consistent."""
        ...

    def first_ref(self, partition: str, id: int) -> Ref:
        """Reference of the process instance that owns an id; by its first block, as far as that is known."""
        ...

    def load_many(self, refs: Sequence[Ref], *, skip_unreadable: bool = False) -> list[Work | None]:
        """Process instances by reference, strongly consistent.

        Args:
            refs: Distinct ones.
            skip_unreadable: Answer None for an item that this release cannot read, and log it.
        """
        ...

    def commit(self, *changes: Change) -> None:
        """Write what has changed, all or nothing, if nobody has written any of it since it was read.

        Raises:
            Overtaken: Somebody has; nothing was written.
            Unavailable: Nothing was written.
            Unanswered: All of it was written, or nothing.
        """
        ...

    def queue(self, bpmn_process_id: str, *, may_be_remembered: bool = False) -> Queue | None:
        """The queue of a BPMN process, strongly consistent; None if it has none.

        Args:
            bpmn_process_id: The process, in all versions.
            may_be_remembered: That there is none may have been read a few seconds ago.
        """
        ...

    def commit_each(self, works: Sequence[Work]) -> list[bool]:
        """Write several process instances, each for itself; answers which of them were written."""
        ...

    def history(self, work: Work) -> list[Record]:
        """The ended records of a process instance."""
        ...

    def read_values(self, work: Work, variables: Sequence[Variable]) -> None:
        """Fill in the values that do not lie in the instance itself."""
        ...

    # Messages

    def next_id(self, of: str) -> int:
        """An id of messages or signals that nobody else has."""
        ...

    def message_slot(self, name: str, correlation_key: str) -> MessageSlot:
        """The slot of a name and correlation key, strongly consistent; an empty one if there is none."""
        ...

    def signal_slot(self, name: str, subscription_id: int) -> SignalSlot:
        """The slot into which a subscription to a signal is put, strongly consistent."""
        ...

    def find_signal_slot(self, name: str, subscription_id: int) -> SignalSlot | None:
        """The slot in which a subscription to a signal lies, of all of them; None if it lies in none."""
        ...

    def signal_slots(self, name: str) -> list[SignalSlot]:
        """All slots of a signal, strongly consistent."""
        ...

    def messages(self, highest: int | None) -> Iterator[tuple[Message, MessageSlot]]:
        """All messages by id, up to some id, with a slot that says their name and correlation key."""
        ...

    # Look-ups by index; on DynamoDB they may lag behind by a moment

    def partitions(self) -> list[str]:
        """All dates that have process instances, rising."""
        ...

    def due_jobs(self, process_id: int, now: Instant) -> Iterator[tuple[Instant, Ref]]:
        """Process instances of a process with a due job that nobody holds, earliest first in each shard."""
        ...

    def due_tasks(self, until: Instant, since: Instant | None = None) -> Iterator[tuple[Instant, Ref]]:
        """Process instances to look at in a span of time, earliest first: a due task, or fed jobs."""
        ...

    def instances(self, partition: str | None, process_id: int | None, first_block: int = 0) -> Iterator[Ref]:
        """All process instances, one reference per id block, by partition and block.

        Args:
            partition: Of this date only.
            process_id: Of this process only.
            first_block: In each date, from this id block on.
        """
        ...

    # Worklists

    def worklist(self, named: Iterable[Named]) -> list[Listed]:
        """The user tasks that any of some users and groups was named for, oldest first; none is missing.

        Some may have ended, or be named for others now: their process instances say.
        """
        ...

    def forget_listed(self, ended: Iterable[Listed]) -> None:
        """User tasks have ended: they are on no list any more."""
        ...

    def next_turn(self, process: str, element: str) -> int:
        """A number for each turn at a user task, from 1; nobody else gets the same."""
        ...

    def given(self, party: str) -> Given:
        """Who of a work party was given a user task when."""
        ...

    def directory(self, *, may_be_remembered: bool = False) -> Directory:
        """The users, roles and work parties that are known.

        Args:
            may_be_remembered: They may be as they were a few seconds ago.
        """
        ...

    # Upkeep

    def upkeep(self) -> Upkeep:
        """What is known of the engine's upkeep, strongly consistent."""
        ...

    def create_partition(self, partition: str) -> None:
        """List a date; it may be listed."""
        ...

    def forget_partition(self, partition: str) -> None:
        """Take a date off the list; it may be off it."""
        ...

    def remove(self, works: Sequence[Work]) -> bool:
        """Remove process instances with all that belongs to them, each if nobody has written it since.

        Returns:
            Whether all of them are gone; may be called again for those that are not.
        """
        ...

    def purge_messages(self, is_over: Callable[[Instant], bool], first: int, limit: int) -> int | None:
        """Remove messages whose time is over.

        Args:
            is_over: Whether a message that expired then is to go.
            first: From which message id on.
            limit: How many places of messages to look at.

        Returns:
            From which message id on there are more to look at, or None.
        """
        ...

    def purge_expired(self, now: Instant, limit: int) -> int:
        """Remove what has expired by the clock of the machine and is not kept; answers how many items."""
        ...

    # The engine as a whole

    def clock_offset(self) -> ClockOffset:
        """How far the engine's clock is ahead."""
        ...

    def answer(self, key: str) -> Answer | None:
        """The answer that was given under an idempotency key."""
        ...

    def api_keys(self) -> ApiKeys:
        """The API keys, strongly consistent."""
        ...

    def id_secret(self) -> bytes:
        """A secret of this engine that tells ids that it has made from others."""
        ...

    def check(self) -> None:
        """Raise if the store cannot be read, or cannot be written."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class JobVariables(Protocol):
    """The variables that a job sees, in the words of the API."""

    def process_variables(self, names: Collection[str] | None) -> list[dict[str, Any]]:
        """Those of the process scope, of some names or all."""
        ...

    def element_variables(self, names: Collection[str] | None) -> list[dict[str, Any]]:
        """Those of the element and of the scopes around it, the innermost last."""
        ...


Perform = Callable[[str, dict[str, Any], JobVariables], dict[str, Any] | None]
"""Lets a handler do a job, given by its BPMN process id and in the words of the API.

Answers the fields of its completion, also if the handler fails, and None if there is no handler for it."""


def nobody(bpmn_process_id: str, job: dict[str, Any], variables: JobVariables) -> None:
    """There is no handler."""


def log_note(note: str, instance: ProcessInstance) -> None:
    """Into the log."""
    logger.warning("%s in process instance %s", note, instance.pointer(1))


class Archive(Protocol):
    """Keeps files of what is removed."""

    def put(self, name: str, content: bytes) -> None:
        """Keep a file durably, over one of the same name.

        Raises:
            OSError: It could not be written.
        """
        ...


class WrongKey(Exception):
    """None of the keys decrypts a value: its key was taken away, or the text was changed."""


class Cipher(Protocol):
    """Encrypts the values of variables."""

    def encrypt(self, text: str) -> str:
        """Cipher text of a value."""
        ...

    def decrypt(self, text: str) -> str:
        """The value of a cipher text.

        Raises:
            WrongKey: None of the keys fits.
        """
        ...


@dataclass(frozen=True, slots=True)
class MicroflowLimits:
    """How much a microflow may take.

    Attributes:
        seconds: From its start to its end.
        steps: Elements that it and what it calls may enter.
        is_traced: Whether its process instances are written when it is over.
    """

    seconds: float = 60.0
    steps: int = MAX_VISITS
    is_traced: bool = False


@dataclass(frozen=True)
class Environment:
    """Everything a handler may use.

    Attributes:
        store: Where things live.
        wall_clock: The time of the machine.
        watch: Told what happens.
        cipher: None if there is no encryption key.
        eager: Whether due tasks run inside the command that makes them.
        engine_id: Who runs them.
        task_retries: How often a failed task is tried again.
        retention: How long a date is kept after its end, as an ISO 8601 duration; None: for ever.
        archive: Where dates go that are dropped; None: they are removed.
        can_set_time: Whether the clock may be moved; only then it is looked up.
        pauses: Seconds to wait before each further attempt of an overtaken command, until its deadline.
        pause: Waits.
        feed: Carries hints; None: what is due waits for a look.
        fed: The elements whose jobs are made for a handler of the engine.
        locks: Keeps the threads of this process from overtaking each other.
        evaluators: Makes what evaluates the expressions of models.
        perform: Does the jobs of microflows.
        microflows: How much one may take.
        note: Takes what an operator should know of a process instance.
        max_visits: Elements that an instance may enter while nobody outside acts.
        uncaught_ends: Whether an error that nobody catches ends its process instance.
        claims_are_open: Whether anybody may claim a user task that nobody is named for.
        claims_are_implicit: Whether a user task can be completed without being claimed.
        turns: Turns that the command under way has taken already, when it is attempted again; None: it is not
            remembered.
    """

    store: Store
    wall_clock: Callable[[], Instant]
    watch: Watch
    cipher: Cipher | None = None
    eager: bool = True
    engine_id: str = "default-engine"
    task_retries: int = 0
    retention: str | None = None
    archive: Archive | None = None
    can_set_time: bool = False
    pauses: Callable[[], Iterator[float]] = lambda: iter(())
    pause: Callable[[float], None] = lambda seconds: None
    feed: Feed | None = None
    fed: Fed = ()
    locks: InstanceLocks = field(default_factory=InstanceLocks)
    evaluators: Evaluators = Evaluator.at
    perform: Perform = nobody
    microflows: MicroflowLimits = field(default_factory=MicroflowLimits)
    note: Callable[[str, ProcessInstance], None] = log_note
    max_visits: int = MAX_VISITS
    uncaught_ends: bool = False
    claims_are_open: bool = False
    claims_are_implicit: bool = True
    turns: dict[tuple[str, str, int], int] | None = None

    def for_one_command(self) -> "Environment":
        """The same environment for a command that may be attempted several times."""
        # Every command comes by here, and `replace` looks at each field.
        own = object.__new__(Environment)
        vars(own).update(vars(self), turns={})
        return own

    def with_store(self, store: Store) -> "Environment":
        """The same environment around another store."""
        return replace(self, store=store)

    def now(self) -> Instant:
        """The engine's time."""
        offset = self.store.clock_offset().milliseconds if self.can_set_time else 0
        return Instant(self.wall_clock() + offset)

    def moment(self, actor: str) -> Moment:
        """The circumstances of a command that is sent now."""
        return Moment(
            self.now(),
            actor,
            self.engine_id,
            self.eager,
            self.task_retries,
            self.fed,
            self.max_visits,
            self.uncaught_ends,
        )

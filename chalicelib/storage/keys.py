"""Every key, id block and index attribute, and nothing else.

No hash value is a bare date, status or type: writes of one day, or of one busy process, must spread over
partitions (docs/adr/0003). What tells instances apart is the id block, and a shard is the block modulo the
number of shards.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from ..engine.instance import IDS_PER_BLOCK
from ..engine.records import ENGINE
from .ports import Key

Attributes = dict[str, str | int]

STATE = "STATE"

DUE_JOBS = "dueJobs"
DUE_TASKS = "dueTasks"
BY_PARTITION = "byPartition"
BY_PROCESS = "byProcess"

ENGINE_BLOCKS = 2**13
"""Id blocks of one date for the engine's own tasks; they lie behind all others. Once they are used, further
ones come from among the others."""

MAX_BLOCKS = (2**31 - 1) // IDS_PER_BLOCK - ENGINE_BLOCKS
"""Id blocks of one date for process instances: ids are int32 on the wire."""


@dataclass(frozen=True, slots=True)
class Shards:
    """Over how many hash values each index is spread; may be raised later, never lowered.

    Raising is safe, since every look goes through all shards, and what was written under a smaller number
    lies in one of the first. Only where the place of a single entry is computed from its id, whoever does not
    find it there has to look into the others (`ItemStore.find_signal_slot`). While processes with the old
    number and with the new one run side by side, those with the old one do not see what lies in the new
    shards: a list lacks it, a lock leaves it to others, and a signal that is sent misses it.

    Attributes:
        jobs: Per process. A lock asks shard after shard, until it has enough.
        tasks: Of the due-task index; each look for due tasks asks every shard.
        lists: Of the indexes by partition, by process and of messages; each list query asks every shard.
        signals: Slots per signal name; who sends it reads every one.
    """

    jobs: int = 1
    tasks: int = 1
    lists: int = 1
    signals: int = 16


def instance(partition: str, block: int) -> Key:
    """The item of a process instance, or the forward item of one of its further blocks."""
    return Key(f"{partition}#{block}", STATE)


def block_of(key: Key) -> tuple[str, int]:
    """Partition and block that a state or forward key names."""
    partition, block = key.partition.rsplit("#", 1)
    return partition, int(block)


def page(partition: str, block: int, name: str) -> Key:
    """A page of ended records."""
    return Key(f"{partition}#{block}", f"PAGE#{name}")


def value(partition: str, block: int, name: str) -> Key:
    """Values of variables that do not fit into the instance."""
    return Key(f"{partition}#{block}", f"VALUE#{name}")


def blocks(partition: str) -> Key:
    """The counter of id blocks of one date."""
    return Key(f"BLOCKS#{partition}", "COUNTER")


def engine_blocks(partition: str) -> Key:
    """The counter of the id blocks that the engine's own tasks take from behind those of instances."""
    return Key(f"BLOCKS#{partition}", "ENGINE")


def process(process_id: int) -> Key:
    """A deployed process."""
    return Key(f"PROCESS#{process_id}", "DEFINITION")


def bpmn_xml(process_id: int) -> Key:
    """The BPMN XML of a deployed process."""
    return Key(f"PROCESS#{process_id}", "XML")


def process_name(bpmn_process_id: str, version: str) -> Key:
    """The item that says which id a BPMN process id and version have; names may be of any length."""
    name = json.dumps([bpmn_process_id, version])
    return Key(f"PROCESS#{_hash(name)}", "NAME")


def processes_named(name: str) -> Key:
    """The processes that are found under a name: what people call them, or their BPMN process id."""
    return Key(f"PROCESS#{_hash(name)}", "NAMED")


CATALOG = Key("CATALOG", "PROCESSES")
"""How many processes and elements there are; guards the next ids."""

PARTITIONS = Key("CATALOG", "PARTITIONS")
"""The list of all dates that have process instances."""


def queue(bpmn_process_id: str) -> Key:
    """The queue of a BPMN process with parallelism."""
    return Key(f"QUEUE#{bpmn_process_id}", "QUEUE")


def answer(key: str) -> Key:
    """The answer that was given under an idempotency key."""
    return Key(f"ANSWER#{_hash(key)}", "ANSWER")


def counter(name: str) -> Key:
    """A counter of ids over all dates."""
    return Key(f"IDS#{name}", "COUNTER")


def message_slot(name: str, correlation_key: str) -> Key:
    """The slot of a message name and correlation key; both are texts of any length with any characters."""
    text = json.dumps([name, correlation_key])
    return Key(f"MESSAGE#{_hash(text)}", "SLOT")


def signal_slot(name: str, shard: int) -> Key:
    """Some of those who wait for a signal."""
    return Key(f"SIGNAL#{_hash(name)}#{shard:02}", "SLOT")


def signal_starts(name: str) -> Key:
    """The start events that wait for a signal."""
    return Key(f"SIGNAL#{_hash(name)}", "STARTS")


def message_start(name: str) -> Key:
    """The start event that waits for a message, whatever its correlation key."""
    return Key(f"MESSAGE#{_hash(name)}", "START")


def latest(bpmn_process_id: str) -> Key:
    """Which version of a BPMN process was deployed last."""
    return Key(f"PROCESS#{_hash(bpmn_process_id)}", "LATEST")


def _hash(name: str) -> str:
    """A name of any length, with any characters, as a part of a key."""
    return hashlib.sha256(name.encode()).hexdigest()


def message(id: int) -> Key:
    """A message that has left its slot."""
    return Key(f"MESSAGE#{id}", "MESSAGE")


def messages(shard: int) -> str:
    """Hash value under which messages are found, in the index by partition."""
    return f"MESSAGES#{shard:02}"


CLOCK = Key("CLOCK", "OFFSET")
"""How far the engine's clock is ahead."""

UPKEEP = Key("CATALOG", "UPKEEP")
"""Which upkeep has begun, and which dates are being dropped."""

CHECK = Key("CHECK", "CHECK")
"""Is written to see whether the store can be written; has no content."""

API_KEYS = Key("ACCESS", "KEYS")
"""The API keys, by their hashes."""


ID_SECRET = Key("ACCESS", "IDS")
"""The secret that tells ids that the engine has made from others."""


DIRECTORY = Key("CATALOG", "DIRECTORY")
"""The people, roles and work parties that are known."""


def worklist(kind: str, name: str, shard: int) -> str:
    """Partition key of the worklist entries of a user or a group; names have any characters."""
    return f"WORK#{_hash(json.dumps([kind, name]))}#{shard:02}"


def given(party: str) -> Key:
    """Who of a work party was given a user task when, as far as anybody remembers."""
    return Key(f"WORK#{_hash(party)}", "GIVEN")


def turn(process: str, element: str) -> Key:
    """The counter of turns at a user task."""
    return Key(f"TURN#{_hash(json.dumps([process, element]))}", "COUNTER")


def due_jobs(process_id: int, shard: int) -> str:
    """Hash value under which the due jobs of a process are found."""
    return f"{process_id}#{shard:02}"


def process_and_shard(due_jobs: str) -> tuple[int, int]:
    """The process and the shard of a hash value of due jobs."""
    process_id, shard = due_jobs.split("#")
    return int(process_id), int(shard)


def due_tasks(shard: int) -> str:
    """Hash value under which due tasks are found."""
    return f"{shard:02}"


def by_partition(partition: str, shard: int) -> str:
    """Hash value under which the instances of a date are found."""
    return f"{partition}#{shard:02}"


def by_process(process_id: int, shard: int) -> str:
    """Hash value under which the instances of a process are found."""
    return f"{process_id}#{shard:02}"


def position(partition: str, block: int) -> int:
    """Range value of both lists: orders by partition, then block."""
    return date.fromisoformat(partition).toordinal() << 32 | block


def list_attributes(shards: Shards, partition: str, block: int, process_id: int) -> Attributes:
    """Index attributes of a state or forward item that never change; no list names the engine's own."""
    shard = block % shards.lists
    found: Attributes = {"ph": by_partition(partition, shard), "n": position(partition, block)}
    if process_id != ENGINE.id:
        found["qh"] = by_process(process_id, shard)
    return found


def due_attributes(
    shards: Shards, block: int, process_id: int, next_job: int | None, next_task: int | None
) -> Attributes:
    """Index attributes that say when there is something to do; none while there is nothing."""
    found: Attributes = {}
    if next_job is not None:
        found |= {"jh": due_jobs(process_id, block % shards.jobs), "jr": next_job}
    if next_task is not None:
        found |= {"th": due_tasks(block % shards.tasks), "tr": next_task}
    return found

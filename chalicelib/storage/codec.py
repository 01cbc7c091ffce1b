"""A process instance as bytes, and back.

The body of a state item is two JSON texts with a line feed between them, compressed together: what is open,
and the rows of what has ended since the last page was written. Ended rows are carried along as text and
parsed for queries only. A record is a positional row without field names: enumerations by position, instants
as the difference to the instant before them in the row, trailing defaults left out, so that old rows read as
the default of a new column.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, astuple, fields
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import orjson

from ..bpmn.extension import NOTHING_ADDED, Extension
from ..bpmn.model import Element, EventDefinition, Lane, Process, SequenceFlow, Timer
from ..bpmn.types import ElementType
from ..engine.attributes import Attributes, NamedProcess
from ..engine.instance import Counters, ProcessInstance
from ..engine.messages import Message, MessageSlot, Subscriber
from ..engine.records import (
    DeployedProcess,
    ElementInstance,
    Incident,
    Instant,
    Job,
    Record,
    Subscription,
    Task,
    UserTask,
    Variable,
)
from ..engine.states import InstanceState

SCHEMA = 1
"""Number of the format of a state body; a higher one comes with an upgrade and an old item as a fixture."""

RecordT = TypeVar("RecordT", bound=Record | Subscription | Message)

_INSTANCE_STATES = tuple(InstanceState)
_EXTENSION = tuple(field.name for field in fields(Extension))


class UnknownSchema(Exception):
    """An item was written by a newer release."""


class Row(Generic[RecordT]):
    """Turns the records of one class into rows and back, by walking the fields of the class."""

    def __init__(self, record: type[RecordT]) -> None:
        """Look at the fields once."""
        hints = get_type_hints(record)
        names = [field.name for field in fields(record)]
        self._record = record
        self._columns = attrgetter(*names)
        self._instants = [
            i for i, name in enumerate(names) if Instant in (hints[name], *get_args(hints[name]))
        ]
        self._enums = [(i, tuple(hints[name])) for i, name in enumerate(names) if _is_enum(hints[name])]
        self._defaults = [None if field.default is MISSING else field.default for field in fields(record)]
        self._positions = [(i, {m: at for at, m in enumerate(members)}) for i, members in self._enums]

    def encode(self, record: RecordT, base: int) -> list[Any]:
        """Make a row; instants are counted from `base`."""
        row: list[Any] = list(self._columns(record))
        for i in self._instants:
            if (instant := row[i]) is not None:
                row[i] = instant - base
                base = instant
        for i, positions in self._positions:
            row[i] = positions[row[i]]
        width, defaults = len(row), self._defaults
        while row[width - 1] == defaults[width - 1]:
            width -= 1
        return row[:width]

    def decode(self, row: list[Any], base: int) -> RecordT:
        """Make a record of a row; the row is used up."""
        width = len(row)
        for i in self._instants:
            if i < width and (distance := row[i]) is not None:
                row[i] = base = base + distance
        for i, members in self._enums:
            if i < width:
                row[i] = members[row[i]]
        return self._record(*row)


def _is_enum(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


RECORDS: tuple[type[Record | Subscription], ...] = (
    ElementInstance,
    Job,
    Task,
    Incident,
    Variable,
    UserTask,
    Subscription,
)
"""Record classes by their number in a row; new ones go to the end."""

_ROWS: tuple[Row[Any], ...] = tuple(Row(record) for record in RECORDS)
_FIRST_ROWS = 6
"""Kinds of records that a state body has always had; later ones are left out while there are none."""

_MESSAGE = Row(Message)
_NUMBER = {record: number for number, record in enumerate(RECORDS)}


# State


def encode_open(instance: ProcessInstance, pages: Sequence[Sequence[str]]) -> bytes:
    """What is open in an instance, and the names of its pages."""
    base = instance.base
    rows = [
        [row.encode(record, base) for record in records.values()] if records else []
        for row, records in zip(_ROWS, _open_records(instance), strict=True)
    ]
    while len(rows) > _FIRST_ROWS and not rows[-1]:
        rows.pop()
    return orjson.dumps(
        (
            SCHEMA,
            _encode_head(instance),
            _encode_counters(instance),
            pages,
            *rows,
        )
    )


def encode_ended(records: Iterable[Record], base: int) -> bytes:
    """Rows of ended records, separated by commas."""
    rows = []
    for record in records:
        number = _NUMBER[type(record)]
        rows.append([number, *_ROWS[number].encode(record, base)])
    return orjson.dumps(rows)[1:-1]


def decode_ended(rows: bytes, base: int) -> list[Record]:
    """Ended records of their rows."""
    return [_ROWS[row[0]].decode(row[1:], base) for row in orjson.loads(b"[" + rows + b"]")]


def pack(opened: bytes, ended: bytes) -> bytes:
    """The body of a state item."""
    return zlib.compress(opened + b"\n" + ended, 6)


def unpack(body: bytes) -> tuple[list[Any], bytes]:
    """Both halves of the body of a state item, the first one parsed."""
    opened, _, ended = zlib.decompress(body).partition(b"\n")
    state = orjson.loads(opened)
    if state[0] > SCHEMA:
        raise UnknownSchema(f"item has schema {state[0]}, this release knows {SCHEMA}")
    return state, ended


def decode_open(state: list[Any], partition: str) -> tuple[ProcessInstance, list[list[str]]]:
    """An instance and the names of its pages."""
    _, head, counters, pages, *rows = state
    instance = _decode_head(partition, head)
    base = instance.base
    instance.counters = Counters(*counters[:_COUNTERS])
    if len(counters) > _COUNTERS:
        instance.write_units, instance.read_units = counters[_COUNTERS:]
    for kind, records, stored in zip(_ROWS, _open_records(instance), rows, strict=False):
        for row in stored:
            record = kind.decode(row, base)
            records[_place(record)] = record
    return instance, pages


def _open_records(instance: ProcessInstance) -> tuple[dict[Any, Any], ...]:
    """Where an instance keeps its open records, in the order of `RECORDS`."""
    return (
        instance.element_instances,
        instance.jobs,
        instance.tasks,
        instance.incidents,
        instance.variables,
        instance.user_tasks,
        instance.subscriptions,
    )


def _place(record: Record | Subscription) -> Any:
    """Under what an instance keeps a record."""
    if type(record) is Subscription:
        return record.element_instance_id
    return (record.element_instance_id, record.name) if type(record) is Variable else record.id


_LATER: tuple[Any, ...] = (0, None, None, None, None)
"""Defaults of the last columns of a head, which are left out where they have them: is_planned, planned_at,
called_by, message, last_person."""


def _encode_head(instance: ProcessInstance) -> list[Any]:
    head = [
        instance.process_id,
        _INSTANCE_STATES.index(instance.state),
        instance.created_at,
        instance.created_by,
        instance.started_at,
        instance.ended_at,
        instance.correlation_key,
        instance.tags,
        instance.parent_id,
        instance.root_id,
        _runs(instance.blocks),
        instance.visits,
        int(instance.is_counted),
    ]
    later = (
        int(instance.is_planned),
        instance.planned_at,
        instance.called_by,
        instance.message,
        instance.last_person,
    )
    if later == _LATER:
        return head
    width = len(later)
    while later[width - 1] == _LATER[width - 1]:
        width -= 1
    return [*head, *later[:width]]


_COUNTERS = len(fields(Counters))


def _encode_counters(instance: ProcessInstance) -> list[int]:
    """The counters of ids, and behind them what the instance has cost, once it was counted."""
    counters = instance.counters
    row = [
        counters.element_instances,
        counters.jobs,
        counters.tasks,
        counters.incidents,
        counters.user_tasks,
        counters.variables,
    ]
    if instance.write_units:
        row += (instance.write_units, instance.read_units)
    return row


def _runs(blocks: Sequence[int]) -> list[list[int]]:
    """Rising numbers as runs of (first, length); further blocks come in runs."""
    runs: list[list[int]] = []
    for block in blocks:
        if runs and block == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([block, 1])
    return runs


def _decode_head(partition: str, head: list[Any]) -> ProcessInstance:
    process_id, state, created_at, created_by, started_at, ended_at, key, tags, *rest = head
    parent_id, root_id, runs, visits, is_counted, *later = rest
    is_planned, planned_at, called_by, message, last_person = (*later, *_LATER[len(later) :])
    return ProcessInstance(
        partition,
        [block for first, length in runs for block in range(first, first + length)],
        process_id,
        created_at,
        created_by,
        _INSTANCE_STATES[state],
        started_at,
        ended_at,
        key,
        tags,
        parent_id,
        root_id,
        called_by,
        message and tuple(message),
        visits,
        bool(is_counted),
        bool(is_planned),
        planned_at,
        last_person,
    )


# Pages, values and everything else that is written once


def encode_page(ended: bytes, folded: Sequence[str]) -> bytes:
    """The body of a page: ended rows, and the names of earlier pages that it now stands for."""
    return zlib.compress(orjson.dumps(folded) + b"\n" + ended, 6)


def decode_page(body: bytes) -> tuple[list[str], bytes]:
    """Names of earlier pages, and ended rows."""
    folded, _, ended = zlib.decompress(body).partition(b"\n")
    return orjson.loads(folded), ended


def encode_json(value: object) -> bytes:
    """A small document."""
    return zlib.compress(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), 6)


def decode_json(body: bytes) -> Any:
    """A small document."""
    return orjson.loads(zlib.decompress(body))


def encode_bytes(content: bytes) -> bytes:
    """A file, byte for byte."""
    return zlib.compress(content, 6)


def decode_bytes(body: bytes) -> bytes:
    """A file, byte for byte."""
    return zlib.decompress(body)


def encode_named(processes: Sequence[NamedProcess]) -> bytes:
    """The processes of a name, with what they are found by."""
    rows = [[row.id, row.bpmn_process_id, *astuple(row.said)] for row in processes]
    return encode_json([SCHEMA, rows])


def decode_named(body: bytes) -> list[NamedProcess]:
    """The processes of a name."""
    schema, rows = decode_json(body)
    if schema > SCHEMA:
        raise UnknownSchema(f"names have schema {schema}, this release knows {SCHEMA}")
    return [NamedProcess(id, bpmn_process_id, Attributes(*said)) for id, bpmn_process_id, *said in rows]


def encode_messages(slot: MessageSlot) -> bytes:
    """A slot, or a message that has left it."""
    rows = [_MESSAGE.encode(message, 0) for message in slot.messages]
    return encode_json([SCHEMA, slot.name, slot.correlation_key, rows, [tuple(s) for s in slot.subscribers]])


def decode_messages(body: bytes, revision: int) -> MessageSlot:
    """A slot, or a message that has left it."""
    schema, name, correlation_key, rows, *rest = decode_json(body)
    if schema > SCHEMA:
        raise UnknownSchema(f"slot has schema {schema}, this release knows {SCHEMA}")
    messages = [_MESSAGE.decode(row, 0) for row in rows]
    subscribers = [Subscriber(*row) for row in (rest[0] if rest else ())]
    return MessageSlot(name, correlation_key, messages, subscribers, revision=revision)


def encode_process(process: DeployedProcess) -> bytes:
    """A deployed process without its XML."""
    model = process.model
    return encode_json(
        {
            "schema": SCHEMA,
            "head": [
                process.id,
                process.bpmn_process_id,
                process.version,
                process.created_at,
                process.created_by,
                process.first_element_id,
                process.parallelism,
                process.tags,
            ],
            "pool": [model.bpmn_collaboration_id, model.bpmn_participant_id, model.bpmn_participant_name],
            "elements": [_encode_element(element) for element in model.elements],
            "flows": [_encode_flow(flow) for flow in model.flows],
            **({"lanes": [_encode_lane(lane) for lane in model.lanes]} if model.lanes else {}),
        }
    )


def decode_process(body: bytes) -> DeployedProcess:
    """A deployed process."""
    document = decode_json(body)
    if document["schema"] > SCHEMA:
        raise UnknownSchema(f"process has schema {document['schema']}, this release knows {SCHEMA}")
    id, bpmn_process_id, version, created_at, created_by, first_element_id, parallelism, tags = document[
        "head"
    ]
    collaboration_id, participant_id, participant_name = document["pool"]
    model = Process(
        elements=[_decode_element(number, row) for number, row in enumerate(document["elements"])],
        flows=[SequenceFlow(number, *row) for number, row in enumerate(document["flows"])],
        bpmn_collaboration_id=collaboration_id,
        bpmn_participant_id=participant_id,
        bpmn_participant_name=participant_name,
        lanes=[_decode_lane(row) for row in document.get("lanes", ())],
    )
    return DeployedProcess(
        id, bpmn_process_id, version, created_at, created_by, first_element_id, model, parallelism, tags
    )


def _encode_flow(flow: SequenceFlow) -> list[Any]:
    row = [flow.bpmn_element_id, flow.source, flow.target, flow.scope, flow.condition]
    return row if flow.language is None else [*row, flow.language]


def _encode_lane(lane: Lane) -> list[Any]:
    return [lane.bpmn_element_id, lane.name, lane.parent, lane.elements, lane.properties]


def _decode_lane(row: list[Any]) -> Lane:
    id, name, parent, elements, properties = row
    return Lane(id, name, parent, tuple(elements), tuple(map(tuple, properties)))


def _encode_element(element: Element) -> list[Any]:
    row = [
        element.bpmn_element_id,
        element.type.value,
        element.name,
        element.parent,
        element.default_flow,
        element.attached_to,
        element.is_interrupting,
        element.event and _encode_event(element.event),
        element.called_element,
    ]
    added = _encode_extension(element.extension)
    return [*row, added] if added else row


def _encode_extension(extension: Extension) -> dict[str, Any]:
    """What is said, by name."""
    said = ((name, getattr(extension, name)) for name in _EXTENSION)
    return {name: value for name, value in said if value}


def _decode_extension(added: dict[str, Any]) -> Extension:
    """What a newer release knows besides is left out."""
    values: dict[str, Any] = {
        name: tuple(map(tuple, value)) if isinstance(value, list) else value
        for name, value in added.items()
        if name in _EXTENSION
    }
    return Extension(**values)


def _encode_event(event: EventDefinition) -> list[Any]:
    timer = event.timer
    return [event.name, timer and [timer.time, timer.cycle, timer.duration, timer.fires_once]]


def _decode_element(number: int, row: list[Any]) -> Element:
    """An element; rows of older releases end before what was added since."""
    row += (None, True, None, None, None)[len(row) - 5 :]
    id, type, name, parent, default_flow, attached_to, is_interrupting, event, called_element, added = row
    return Element(
        number,
        id,
        ElementType(type),
        name,
        parent,
        default_flow,
        attached_to,
        is_interrupting,
        event and EventDefinition(event[0], event[1] and Timer(*event[1])),
        called_element,
        NOTHING_ADDED if added is None else _decode_extension(added),
    )

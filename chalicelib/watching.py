"""Watches the engine: counts what happens, and writes one line per command into the log.

Each line says which request it belongs to, and which process instance it is about, also where deep code logs
it: both are kept in the context of the thread. Values of variables and credentials are never told to a watch.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TextIO

from .engine.instance import ProcessInstance
from .service.watch import BUG, METRICS, OUTCOMES, Metric

LATEST = 1000
"""Measured values that are kept until they are given out; of more, the latest."""

DONE = "DONE"
"""Outcome of a command that was not refused."""

ATTEMPTS = (Metric.CONFLICTS, Metric.THROTTLES)

logger = logging.getLogger(__name__)

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_line: "ContextVar[_Line | None]" = ContextVar("line", default=None)


@dataclass(slots=True)
class Counts:
    """What was counted and measured since it was last given out.

    Attributes:
        counted: How often, by metric.
        measured: The values, by metric.
    """

    counted: dict[Metric, int] = field(default_factory=dict)
    measured: dict[Metric, deque[int]] = field(default_factory=dict)

    def count(self, metric: Metric, times: int) -> None:
        """So many more."""
        self.counted[metric] = self.counted.get(metric, 0) + times

    def measure(self, metric: Metric, value: int) -> None:
        """One more value."""
        self.measured.setdefault(metric, deque(maxlen=LATEST)).append(value)


Emit = Callable[[Counts], None]
"""Gives counts to a monitor."""


class Watching:
    """Counts and logs; implements `service.watch.Watch`. Many threads may use it.

    Attributes:
        counts: What was counted since it was last given out.
    """

    def __init__(
        self,
        emit: Emit | None = None,
        every: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin with nothing counted.

        Args:
            emit: Takes what was counted since it last did; None: nobody wants it.
            every: Seconds between two times, at least.
            clock: Seconds that only rise.
        """
        self.counts = Counts()
        self.clock = clock
        self._emit = emit
        self._every = every
        self._lock = threading.Lock()
        self._emitted_at = clock()

    def command(self, name: str) -> AbstractContextManager[None]:
        """See `Watch.command`."""
        outer = _line.get()
        return _Line(self, name) if outer is None else _Part(outer)

    def refuse(self, outcome: str) -> None:
        """See `Watch.refuse`."""
        line = _line.get()
        if line is not None:
            line.outcome = outcome

    def about(self, instance: ProcessInstance, *, is_named: bool = False) -> None:
        """See `Watch.about`."""
        line = _line.get()
        if line is not None and not instance.is_planned:
            line.latest = instance
            if is_named and line.named is None:
                line.named = instance
            elif line.first is None:
                line.first = instance
            elif line.first is not instance and line.first.pointer(1) != instance.pointer(1):
                line.has_several = True

    def wrote(self, changes: int) -> None:
        """See `Watch.wrote`."""
        line = _line.get()
        if line is not None:
            line.changes += changes

    def count(self, metric: Metric, times: int = 1) -> None:
        """See `Watch.count`."""
        line = _line.get()
        if line is not None:
            line.counted[metric] = line.counted.get(metric, 0) + times
        else:
            self.add({metric: times})

    def measure(self, metric: Metric, value: int) -> None:
        """See `Watch.measure`."""
        with self._lock:
            self.counts.measure(metric, value)

    def add(self, counted: Mapping[Metric, int]) -> None:
        """Take what one command has counted."""
        with self._lock:
            for metric, times in counted.items():
                self.counts.count(metric, times)

    def flush(self, *, at_once: bool = False) -> None:
        """See `Watch.flush`."""
        if self._emit is None:
            return
        with self._lock:
            is_time = at_once or self.clock() - self._emitted_at >= self._every
            if not (is_time and self.counts.counted):
                return
            counts, self.counts = self.counts, Counts()
            self._emitted_at = self.clock()
        self._emit(counts)


class _Line:
    """Around one command: what is known of it, which becomes a line of the log at its end.

    Attributes:
        counted: What it has counted so far.
        named: The process instance that the caller has named.
        first: The first that was found.
        latest: The one that is worked on now.
        has_several: Whether others were found.
    """

    __slots__ = (
        "_began",
        "_name",
        "_token",
        "_watching",
        "changes",
        "counted",
        "first",
        "has_several",
        "latest",
        "named",
        "outcome",
    )

    def __init__(self, watching: Watching, name: str) -> None:
        self._watching = watching
        self._name = name
        self.outcome = DONE
        self.changes = 0
        self.counted: dict[Metric, int] = {Metric.COMMANDS: 1}
        self.named: ProcessInstance | None = None
        self.first: ProcessInstance | None = None
        self.latest: ProcessInstance | None = None
        self.has_several = False

    def __enter__(self) -> None:
        self._began = self._watching.clock()
        self._token = _line.set(self)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        _line.reset(self._token)
        self.hear(error)
        if self.outcome != DONE:
            self.counted[OUTCOMES.get(self.outcome, Metric.REFUSED_REQUEST)] = 1
        self._watching.add(self.counted)
        # Nobody asked, and there was nothing to do: the executor looks twice a second.
        is_idle = not self.changes and self.outcome == DONE and _request_id.get() is None
        level = logging.DEBUG if is_idle else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, self._name, extra=self._fields())

    def hear(self, error: BaseException | None) -> None:
        """Why the command was not done."""
        if error is not None:
            self.outcome = getattr(error, "kind", BUG)

    def _fields(self) -> dict[str, object]:
        """What the line says beside the name."""
        instance = self.named or (None if self.has_several else self.first)
        about = {} if instance is None else {"process_instance": instance.pointer(1)}
        return about | {
            "outcome": self.outcome,
            "attempts": 1 + sum(self.counted.get(metric, 0) for metric in ATTEMPTS),
            "ms": round((self._watching.clock() - self._began) * 1000, 2),
            "changes": self.changes,
        }


class _Part:
    """Around a command that is a part of another one."""

    __slots__ = ("_line",)

    def __init__(self, line: _Line) -> None:
        self._line = line

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._line.hear(error)


@contextmanager
def request(id: str) -> Iterator[None]:
    """Say in each line of a request which one it is."""
    token = _request_id.set(id)
    try:
        yield
    finally:
        _request_id.reset(token)


# The log

FIELDS = ("process_instance", "outcome", "attempts", "ms", "changes", "request_id")
"""What a line may say beside its message."""


def log_to(stream: TextIO, level: str, form: str) -> None:
    """Let every line of this process go to a stream, and nowhere else.

    Args:
        stream: Where.
        level: From which level on the engine logs: debug, info, warning or error. Libraries do from warning
            on, whatever is said here: what they tell beyond that has bodies and headers of requests in it.
        form: `json` for a machine, `text` for a person.
    """
    logging.basicConfig(level=logging.WARNING, handlers=[log_handler(stream, form)], force=True)
    logging.getLogger("chalicelib").setLevel(level.upper())


def log_handler(stream: TextIO, form: str) -> logging.Handler:
    """Writes lines to a stream, in the form `json` or `text`, each with what is known beside its message."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_add_context)
    handler.setFormatter(_json() if form == "json" else _Text(TEXT))
    return handler


TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def _add_context(record: logging.LogRecord) -> bool:
    """Which request, and which process instance, as far as that is known."""
    id, line = _request_id.get(), _line.get()
    if id is not None:
        record.request_id = id
    if line is not None and line.latest is not None:
        record.process_instance = line.latest.pointer(1)
    return True


class _Text(logging.Formatter):
    """A line for people: the message, then what is known beside it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = (f" {name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        return super().formatMessage(record) + "".join(fields)


def _json() -> logging.Formatter:
    # A few milliseconds of a start; only where it is needed.
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    order = ["level", "message", "timestamp", "name"]
    return LambdaPowertoolsFormatter(
        utc=True,
        use_rfc3339=True,
        serialize_stacktrace=False,
        log_record_order=order,
        location=None,
        name="%(name)s",
    )


# The monitor


def emf(namespace: str, service: str) -> Emit:
    """Give counts to CloudWatch: one line of the embedded metric format on standard output.

    Args:
        namespace: Of the metrics.
        service: The only dimension, since CloudWatch bills each combination of dimensions as a metric.

    Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".
    """

    def emit(counts: Counts) -> None:
        from aws_lambda_powertools.metrics import EphemeralMetrics

        metrics = EphemeralMetrics(namespace=namespace, service=service)
        for metric, times in counts.counted.items():
            metrics.add_metric(metric, METRICS[metric].unit, times)
        for metric, values in counts.measured.items():
            for value in values:
                metrics.add_metric(metric, METRICS[metric].unit, value)
        metrics.flush_metrics()

    return emit

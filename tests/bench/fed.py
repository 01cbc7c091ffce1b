"""Section a, second half: instances whose jobs are fed to handlers of the engine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.engine.records import Instant
from chalicelib.service import fed, prices
from chalicelib.service.environment import Hint
from chalicelib.service.variables import Variables
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import Bill, Meter
from tests.bench.report import Report
from tests.bench.scenario import ADDRESS, MODELS, Walk, new_engine

BUDGETS: Mapping[str, tuple[float, float]] = {"ten tasks": (20, 25.0)}
"""Write units, and dollars per million in all."""

LEASED = 100


@dataclass
class Queue:
    """The port `Feed`, that counts.

    Attributes:
        sendings: Requests that sent hints.
        waiting: Hints that were sent and not handed out yet.
    """

    sendings: int = 0
    waiting: list[Hint] = field(default_factory=list)

    def send(self, hints: Sequence[Hint], now: Instant) -> list[Hint]:
        self.sendings += -(-len(hints) // prices.HINTS_AT_ONCE)
        self.waiting += hints
        return []


@dataclass(frozen=True)
class FedInstance:
    """What one fed instance needs: a start over HTTP, and then hints.

    Attributes:
        sendings: Requests to the queue that send hints.
        hints: Hints that are handed out.
        bill: What is asked of the table.
    """

    sendings: int
    hints: int
    bill: Bill

    def dollars(self, at_once: int = prices.HINTS_AT_ONCE) -> dict[str, float]:
        """Per million, by service, and in all."""
        parts = {
            "API GW": prices.API_REQUEST,
            "Lambda": prices.function(1, prices.LAMBDA_SECONDS) + prices.handling(self.hints, at_once),
            "DynamoDB": prices.table(self.bill.write_units, self.bill.read_units),
            "SQS": prices.queue(self.sendings, self.hints, at_once),
        }
        parts["all"] = sum(parts.values())
        return {name: dollars * prices.MILLION for name, dollars in parts.items()}


def instances() -> Iterator[tuple[str, FedInstance]]:
    """Fed instances from start to end, by what they are called in the report."""
    walk, queue, meter = _walk()
    for name, model, fields in (
        ("one task", "one", {}),
        ("ten tasks", "ten", {}),
        ("ten tasks, each sets a variable", "ten", {"processVariables": {"address": ADDRESS}}),
        ("ten parallel tasks", "parallel", {}),
        ("a hundred tasks", "hundred", {}),
        ("a timer, a task", "timer", {}),
    ):
        _run(walk, queue, model, fields)
        sendings, before = queue.sendings, meter.bill
        hints = _run(walk, queue, model, fields)
        yield name, FedInstance(queue.sendings - sendings, hints, meter.bill - before)


def print_fed(report: Report) -> None:
    """The second half of section a."""
    report.line(
        "\nFed instances: started over HTTP, each job done by a handler of the engine, told by a hint of the"
        f" queue;\nhints received in tens, and {prices.LAMBDA_SECONDS * 1000:.0f} ms each without the time"
        " of the handler, assumed. Dollars per million:\n"
    )
    rows = []
    for name, instance in instances():
        rows.append(_row(report, name, instance))
        if name in BUDGETS:
            rows.append(_row(report, f"{name}, hints one by one", instance, at_once=1))
    report.table(
        [
            "instance",
            "sendings",
            "hints",
            "RU",
            "WU",
            "API GW",
            "Lambda",
            "DynamoDB",
            "SQS",
            "all",
            "budget",
            "",
        ],
        rows,
    )


def _row(
    report: Report, name: str, instance: FedInstance, at_once: int = prices.HINTS_AT_ONCE
) -> Sequence[str]:
    dollars = instance.dollars(at_once)
    units, most = BUDGETS.get(name, (0, 0))
    is_kept = not units or (instance.bill.write_units <= units and dollars["all"] <= most)
    return [
        name,
        str(instance.sendings),
        str(instance.hints),
        f"{instance.bill.read_units:g}",
        f"{instance.bill.write_units:g}",
        *(f"{part:,.2f}" for part in dollars.values()),
        f"<= {units:g} WU, <= ${most:g}" if units else "",
        ""
        if is_kept
        else report.miss(f"{name}, fed: {instance.bill.write_units:g} WU, ${dollars['all']:.2f}"),
    ]


def _walk() -> tuple[Walk, Queue, Meter]:
    """An engine with handlers for all tasks, that knows its processes and has leased many ids."""
    queue, meter = Queue(), Meter(MemoryItems())
    engine = new_engine(meter)
    engine.feed = queue
    engine.fed = frozenset((name, f"t{number}") for name in MODELS for number in range(100))
    engine.env = engine.environment()
    walk = Walk(engine, lambda kind, command: command())
    for name in ("one", "ten", "parallel", "hundred", "timer"):
        walk.deploy(name, MODELS[name])
    for _ in range(LEASED):
        engine.env.store.lease_block(engine.env.moment("bench").partition)
    return walk, queue, meter


def _run(walk: Walk, queue: Queue, model: str, fields: dict[str, Any]) -> int:
    """One instance; answers how many hints were handed out."""
    engine, handed_out = walk.engine, 0

    def perform(bpmn_process_id: str, job: dict[str, Any], variables: Variables) -> dict[str, Any]:
        return fields

    place = walk.start(model)
    if model == "timer":
        # Due too late to be announced when it is set: a look sends the hint.
        work = engine.env.store.load(place["partition"], place["id"])
        due_at = work.instance.next_due_task() if work else None
        assert work is not None and due_at is not None
        queue.send([Hint(work.ref, due_at)], due_at)
    while queue.waiting:
        hint = queue.waiting.pop(0)
        engine.clock.now = max(engine.clock.now, hint.due_at)
        fed.work_on(engine.env, hint, perform)
        handed_out += 1
    return handed_out

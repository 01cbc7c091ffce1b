"""What a process instance of a model will cost: rehearsals of all its ways, and what they assume."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..bpmn.model import Element
from ..service.prices import HINTS_AT_ONCE
from ..storage.meter import Bill
from .rehearsal import INSIDE, MESSAGE, SIGNAL, STAND_IN, TIMER, Order, Rehearsal, Way

MOST_WAYS = 60
"""Ways through a model that are all run; of more, so many are drawn by lot, always the same ones."""


@dataclass
class Estimate:
    """What one process instance costs on average over its ways, called process instances included.

    Attributes:
        ways: How many ways were run.
        requests: By kind of request: how often it comes.
        bills: By kind of request: what it asks of the table.
        own_units: Write units that the instance itself will count.
        sendings: Requests that send hints to the queue.
        hints: Hints in them.
        assumptions: What was assumed, in sentences.
    """

    ways: int = 0
    requests: dict[str, float] = field(default_factory=dict)
    bills: dict[str, Bill] = field(default_factory=dict)
    own_units: float = 0
    sendings: float = 0
    hints: float = 0
    assumptions: list[str] = field(default_factory=list)

    @property
    def bill(self) -> Bill:
        """Everything that is asked of the table."""
        return sum(self.bills.values(), Bill())

    @property
    def over_http(self) -> float:
        """Requests that come by API Gateway."""
        return sum(times for kind, times in self.requests.items() if kind not in INSIDE)

    def add(self, way: Way, share: float) -> None:
        """Take in one way, with the share of instances that go it."""
        self.ways += 1
        self.own_units += way.own_units * share
        self.sendings += way.sendings * share
        self.hints += way.hints * share
        for kind, times in way.requests.items():
            self.requests[kind] = self.requests.get(kind, 0) + times * share
            self.bills[kind] = self.bills.get(kind, Bill()) + way.bills[kind].times(share)


def estimate(order: Order) -> Estimate:
    """Run a model along its ways.

    Raises:
        EngineError: The file would not be deployed.
        CannotEstimate: It does not come to an end.
        UnknownChoice: A decision is for nothing in it.
    """
    found = Estimate()
    ways = _ways(order)
    for way, share in ways:
        found.add(way, share)
    found.assumptions = list(_assumptions(order, [way for way, _ in ways]))
    return found


# Ways through the model


class _Choices:
    """Which ways one run takes at its exclusive gateways.

    A gateway that is met for the first time goes where the script says. Met again, in a loop, it goes each
    way once before it goes one again: so loops end.
    """

    def __init__(
        self, decisions: Mapping[str, str], script: Sequence[int], lot: random.Random | None = None
    ) -> None:
        self._decisions = decisions
        self._lot = lot
        self._taken: dict[tuple[int, int], set[int]] = {}
        self.script = list(script)
        self.widths: list[int] = []

    @property
    def share(self) -> float:
        """How many of all instances go this way, if all ways out of a gateway are as likely."""
        share = 1.0
        for width in self.widths:
            share /= width
        return share

    def choose(self, instance: int, gateway: Element, targets: Sequence[str]) -> str:
        """The element that a gateway goes on to."""
        if (decision := self._decisions.get(gateway.bpmn_element_id)) is not None:
            return decision
        taken = self._taken.setdefault((instance, gateway.number), set())
        if len(taken) == len(targets):
            taken.clear()
        way = self._first(len(targets)) if not taken else min(set(range(len(targets))) - taken)
        taken.add(way)
        return targets[way]

    def _first(self, width: int) -> int:
        at = len(self.widths)
        self.widths.append(width)
        if at == len(self.script):
            self.script.append(self._lot.randrange(width) if self._lot else 0)
        return self.script[at]

    def next_script(self) -> list[int] | None:
        """The script of the next way in order; None after the last one."""
        script = self.script[: len(self.widths)]
        while script and script[-1] + 1 == self.widths[len(script) - 1]:
            script.pop()
        return [*script[:-1], script[-1] + 1] if script else None


def _ways(order: Order) -> list[tuple[Way, float]]:
    """All ways with their shares; if there are too many, some by lot."""
    found: list[tuple[Way, float]] = []
    script: list[int] | None = []
    while script is not None and len(found) < MOST_WAYS:
        choices = _Choices(order.decisions, script)
        way = Rehearsal(order, choices.choose).way()
        found.append((way, choices.share))
        script = choices.next_script()
    if script is None:
        return found
    lot = random.Random(1)
    return [
        (Rehearsal(order, _Choices(order.decisions, (), lot).choose).way(), 1 / MOST_WAYS)
        for _ in range(MOST_WAYS)
    ]


# What was assumed


def _assumptions(order: Order, ways: Sequence[Way]) -> Iterator[str]:
    yield "a busy engine: processes are known, ids are leased in large numbers, nobody is overtaken"
    if order.is_fed:
        yield (
            "handlers of the engine do each job at once, and none fails; a busy queue hands hints"
            f" out by {HINTS_AT_ONCE}; sweeps are not in it"
        )
    else:
        yield "each job is locked by a request of its own, and done at once; none fails"
    if order.variables:
        yield (
            f"a process variable of {order.variables} bytes, which compression halves, from the start, "
            "and set anew by each worker"
        )
    else:
        yield "no variables (--variables BYTES)"
    if len(ways) == MOST_WAYS:
        yield f"{MOST_WAYS} ways of very many, by lot; all ways out of an exclusive gateway are as likely"
    elif len(ways) > 1:
        yield "all ways out of an exclusive gateway are as likely (--decide GATEWAY=TARGET); loops end"
    yield from (f"{gateway} goes on to {target}" for gateway, target in order.decisions.items())
    kinds = {kind for way in ways for kind in way.requests}
    if kinds & {MESSAGE, SIGNAL}:
        yield "messages and signals come once somebody waits for them; of a signal, nobody else waits"
    if TIMER in kinds and not order.is_fed:
        yield "a sweep finds one timer at a time; sweeps that find nothing are not in it"
    for name in sorted(set().union(*(way.stand_ins for way in ways)) - {STAND_IN}):
        yield f"called process {name} is not in the file: taken as one with one task"
    for name in sorted(set().union(*(way.unnamed for way in ways))):
        yield f"{name} does not say what it calls: taken as a process with one task"
    if imagined := sorted(set().union(*(way.imagined for way in ways))):
        yield f"without variables these come to nothing, and to a text or an hour here: {', '.join(imagined)}"
    visited = set().union(*(way.visited for way in ways))
    missed = sorted(set().union(*(way.elements for way in ways)) - visited)
    if missed:
        yield f"never reached: {', '.join(id for _, id in missed)}"

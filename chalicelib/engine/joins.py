"""Inclusive joins: which of them are activated, once no token is ready to move.

A join is activated if a token waits at it and no token elsewhere in the scope can get there. What a token
could do once it has passed the join does not count, nor what it could do together with one that has: a token
that another join keeps back until this one has fired cannot get there first (docs/adr/0031).

Joins that hold each other would wait for ever. Of each such circle that nothing else holds, the join is
activated at which a token has waited longest (docs/adr/0014).

Source: engine-semantics, section 7, "fires when no token elsewhere in the scope can still reach it without
passing it". BPMN 2.0.2, 13.4.3 Inclusive Gateway (Inclusive Decision and Merge), does not wait for a token
that can also come by a flow that has brought one already; the contract does (docs/adr/0021).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..bpmn.model import Element, Process
from ..bpmn.paths import Reach, components
from .behaviors.gateways import InclusiveGateway
from .records import ElementInstance
from .states import InstanceState
from .step import Step


@dataclass(frozen=True, slots=True)
class Join:
    """An inclusive gateway at which tokens of one scope wait.

    Attributes:
        gateway: The gateway.
        oldest: The first token that each incoming sequence flow has brought, by the number of the flow.
    """

    gateway: Element
    oldest: dict[int | None, ElementInstance] = field(default_factory=dict)

    @property
    def tokens(self) -> list[ElementInstance]:
        """What it merges when it fires, oldest first; a second token on a flow waits for the next round."""
        return sorted(self.oldest.values(), key=lambda token: token.id)


@dataclass(slots=True)
class Scope:
    """Where the tokens of one scope are.

    Attributes:
        joins: Joins at which tokens wait, by the number of the gateway.
        arriving: Inclusive joins that a token has got to and not entered: a step was stopped there.
        brought: Flows that have brought tokens to parallel joins, where they wait for others.
        elements: Where all other tokens are.
    """

    joins: dict[int, Join] = field(default_factory=dict)
    arriving: set[int] = field(default_factory=set)
    brought: set[int] = field(default_factory=set)
    elements: set[int] = field(default_factory=set)

    def add(self, process: Process, token: ElementInstance, *, is_evaluated: bool) -> None:
        """Take in a token; one whose gateway is evaluated has been merged already.

        For an event that waits, its activity or the gateway before it stands.
        """
        if token.host_id is not None:
            return
        at = token.element
        if at in process.parallel_joins and token.arrived_by is not None:
            self.brought.add(token.arrived_by)
        elif at not in process.inclusive_joins or is_evaluated:
            self.elements.add(at)
        elif token.state is InstanceState.STARTED:
            join = self.joins.setdefault(at, Join(process.elements[at]))
            join.oldest.setdefault(token.arrived_by, token)
        else:
            self.arriving.add(at)

    def activated(self, process: Process) -> Iterator[Join]:
        """Joins that nothing holds, and one of each circle of joins that only hold each other."""
        held = self._held_elsewhere(process)
        left = [number for number in self.joins if number not in held]
        holders = {number: self._holders(process, number, held, left) for number in left}
        for circle in components(holders):
            if all(set(holders[number]) <= set(circle) for number in circle):
                yield min((self.joins[number] for number in circle), key=lambda join: join.tokens[0].id)

    def _held_elsewhere(self, process: Process) -> set[int]:
        """The joins that a token can get to which does not wait at a join, or waits at one of these.

        They will fire, later: so what their tokens can get to is held as well.
        """
        held = self.joins.keys() & self.arriving
        while True:
            closed = self.joins.keys() - held
            more = {number for number in closed if self._is_held(process, number, held, closed)}
            if not more:
                return held
            held |= more

    def _holders(self, process: Process, number: int, held: set[int], left: Collection[int]) -> list[int]:
        """Of the joins that nothing else holds, those at which a token waits that can get to one of them."""
        others = set(left) - {number} - self._keeping(process, number).keys()
        if not others or not self._is_held(process, number, held | others, {number}):
            return []
        return [other for other in others if process.ways(other, number, is_alone=False)]

    def _is_held(
        self, process: Process, number: int, joins: Collection[int], closed: Collection[int]
    ) -> bool:
        """Whether tokens can get to a join: all but those that wait at joins, and those at some of them."""
        keeping = self._keeping(process, number)
        reach = Reach(process, closed, keeping)
        reach.bring(self.brought)
        reach.leave([*self.elements, *self.arriving, *(set(joins) - keeping.keys())])
        return number in reach.places

    def _keeping(self, process: Process, number: int) -> dict[int, frozenset[int]]:
        """The joins that wait for what comes out of one, and this one not for them.

        Returns:
            By their number, the flows by which that may come: for who comes by these, they do not wait.
        """
        return {
            other: ways
            for other in process.inclusive_joins - {number}
            if self._waits(other, ways := process.ways(number, other, is_alone=True))
            and not self._waits(number, process.ways(other, number, is_alone=False))
        }

    def _waits(self, number: int, ways: Collection[int]) -> bool:
        """Whether a join would wait for a token that can come by some flows: none of them has brought one.

        Source: BPMN 2.0.2, 13.4.3. By the contract it would wait in any case; this says which of two joins
        that hold each other has to wait for the other.
        """
        join = self.joins.get(number)
        return bool(ways) and not (join and join.oldest.keys() & ways)


def fire(step: Step) -> bool:
    """Fire the joins that are activated, until tokens are ready to move or nothing is activated any more.

    Answers whether tokens are ready. Costs nothing if the process has no inclusive join.
    """
    if not step.process.inclusive_joins:
        return False
    while not step.ready:
        joins = [join for scope in _scopes(step) for join in scope.activated(step.process)]
        if not joins:
            return False
        for join in sorted(joins, key=lambda join: join.tokens[0].id):
            InclusiveGateway.join(step, join.gateway, join.tokens)
    return True


def _scopes(step: Step) -> list[Scope]:
    """The scopes that are not suspended, if any token is at an inclusive join."""
    instances = step.instance.element_instances
    if not any(token.element in step.process.inclusive_joins for token in instances.values()):
        return []
    evaluated = {job.element_instance_id for job in step.instance.jobs.values()}
    evaluated |= {token.id for token in instances.values() if token.stopped and token.started_at}
    scopes: dict[int, Scope] = {}
    for token in instances.values():
        around = instances.get(token.parent_id or 0)
        if around is not None and around.state is not InstanceState.SUSPENDED:
            scope = scopes.setdefault(around.id, Scope())
            scope.add(step.process, token, is_evaluated=token.id in evaluated)
    return list(scopes.values())

"""Inclusive joins: which of them are activated, once no token is ready to move.

A join is activated if a token waits at it and no token elsewhere in the scope can get there. What a token
could do once it has passed the join does not count.

Joins that hold each other would wait for ever. Of each such circle that nothing else holds, the join is
activated at which a token has waited longest (docs/adr/0014).

Source: engine-semantics, section 7, "fires when no token elsewhere in the scope can still reach it without
passing it". BPMN 2.0.2, 13.4.3 Inclusive Gateway (Inclusive Decision and Merge), does not wait for a token
that can also come by a flow that has brought one already; the contract does (docs/adr/0021).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..bpmn.model import Element, Process
from ..bpmn.paths import components
from .behaviors.gateways import InclusiveGateway
from .records import ElementInstance
from .states import InstanceState
from .step import Step

ELSEWHERE = -1
"""In place of a join: tokens that do not wait at one."""


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

    def held_by(self, process: Process, elements: Collection[int]) -> Iterator[int]:
        """Those of some elements at which a token holds it."""
        if elements:
            before = process.leading_into(self.gateway)
            yield from (element for element in elements if element in before)


@dataclass(slots=True)
class Scope:
    """Where the tokens of one scope are.

    Attributes:
        joins: Joins at which tokens wait, by the number of the gateway.
        arriving: Gateways that a token has got to and not entered: a step was stopped there.
        elements: Where all other tokens are.
    """

    joins: dict[int, Join] = field(default_factory=dict)
    arriving: set[int] = field(default_factory=set)
    elements: set[int] = field(default_factory=set)

    def add(self, process: Process, token: ElementInstance, *, is_evaluated: bool) -> None:
        """Take in a token; one whose gateway is evaluated has been merged already.

        For an event that waits, its activity or the gateway before it stands.
        """
        if token.host_id is not None:
            return
        at = token.element
        if at not in process.inclusive_joins or is_evaluated:
            self.elements.add(at)
        elif token.state is InstanceState.STARTED:
            join = self.joins.setdefault(at, Join(process.elements[at]))
            join.oldest.setdefault(token.arrived_by, token)
        else:
            self.arriving.add(at)

    def activated(self, process: Process) -> Iterator[Join]:
        """Joins that nothing holds, and one of each circle of joins that only hold each other."""
        holders = {number: self._holders(process, join) for number, join in self.joins.items()}
        for circle in components({**holders, ELSEWHERE: []}):
            if ELSEWHERE not in circle and all(set(holders[number]) <= set(circle) for number in circle):
                yield min((self.joins[number] for number in circle), key=lambda join: join.tokens[0].id)

    def _holders(self, process: Process, join: Join) -> list[int]:
        """The other joins whose tokens hold it, and ELSEWHERE if any other token does."""
        gateway = join.gateway.number
        holders = list(join.held_by(process, self.joins.keys() - {gateway}))
        elsewhere = self.elements | self.arriving
        if gateway in self.arriving or any(True for _ in join.held_by(process, elsewhere)):
            holders.append(ELSEWHERE)
        return holders


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
    scopes: dict[int, Scope] = {}
    for token in instances.values():
        around = instances.get(token.parent_id or 0)
        if around is not None and around.state is not InstanceState.SUSPENDED:
            scope = scopes.setdefault(around.id, Scope())
            scope.add(step.process, token, is_evaluated=token.id in evaluated)
    return list(scopes.values())

"""Where paths lead: those of tokens through a diagram, and those of a graph.

A graph is a mapping from each node to the nodes that follow it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Element, Process

Graph = Mapping[int, Sequence[int]]


@dataclass(slots=True)
class Reach:
    """Where tokens can still get to in their scope, as far as the diagram lets them.

    A parallel join lets a token through once each of its flows has brought one or can bring one. Which way a
    gateway chooses, and how many tokens there are, is not looked at: no place is left out, and there may be
    one too many. Takes time linear in elements and flows.

    Attributes:
        process: The diagram; one that has passed the rules.
        closed: Elements that no token leaves which gets there.
        keeping: Elements that a token only leaves which gets there by certain flows, by their number.
        is_joining: Whether parallel joins wait for each of their flows; if not, they let every token through.
        places: The elements that tokens can get to.
        flows: The flows by which they come.
    """

    process: "Process"
    closed: Collection[int] = ()
    keeping: Mapping[int, Collection[int]] = field(default_factory=dict)
    is_joining: bool = True
    places: set[int] = field(default_factory=set)
    flows: set[int] = field(default_factory=set)
    _lacking: dict[int, set[int]] = field(default_factory=dict)
    _left: set[int] = field(default_factory=set)
    _leaving: list[int] = field(default_factory=list)

    def bring(self, flows: Iterable[int]) -> None:
        """Tokens have come by these flows, and wait at a parallel join for others."""
        for number in flows:
            self._enter(self.process.target(self.process.flows[number]), number)
        self._go_on()

    def leave(self, elements: Iterable[int]) -> None:
        """Tokens may leave these elements."""
        self._leaving += elements
        self._go_on()

    def _go_on(self) -> None:
        while self._leaving:
            number = self._leaving.pop()
            if number in self._left:
                continue
            self._left.add(number)
            element = self.process.elements[number]
            for flow in self.process.outgoing(element):
                self.flows.add(flow.number)
                self._enter(self.process.target(flow), flow.number)
            for place in self.process.places_beside(element):
                self._enter(place)

    def _enter(self, element: "Element", flow: int | None = None) -> None:
        number = element.number
        self.places.add(number)
        lacking = self._lacking_at(element)
        lacking -= {flow}
        is_kept = number in self.closed or (number in self.keeping and flow not in self.keeping[number])
        if not lacking and not is_kept:
            self._leaving.append(number)

    def _lacking_at(self, element: "Element") -> set[int]:
        """The flows by which nothing has come to a parallel join or can come; others need no flow."""
        if not self.is_joining or element.number not in self.process.parallel_joins:
            return set()
        if element.number not in self._lacking:
            self._lacking[element.number] = {flow.number for flow in self.process.incoming(element)}
        return self._lacking[element.number]


def components(graph: Graph) -> Iterator[list[int]]:
    """The strongly connected components, each after all those that it leads to.

    Source: H. N. Gabow, Path-based depth-first search for strong and biconnected components, 2000; without
    recursion, since a path may be as long as the diagram has elements.
    """
    search = _Search(graph)
    for node in graph:
        if node not in search.order:
            yield from search.components_from(node)


@dataclass(slots=True)
class _Search:
    """A depth-first search.

    Attributes:
        order: When each node was found.
        closed: Nodes whose component is known.
        found: Nodes whose component is not known yet, in the order of `order`.
        borders: The first node of each component as far as known, a subsequence of `found`.
    """

    graph: Graph
    order: dict[int, int] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    found: list[int] = field(default_factory=list)
    borders: list[int] = field(default_factory=list)

    def components_from(self, start: int) -> Iterator[list[int]]:
        """The components that `start` leads to and that are not known yet, its own last."""
        trail = [self._enter(start)]
        while trail:
            node, following = trail[-1]
            for other in following:
                if other not in self.order:
                    trail.append(self._enter(other))
                    break
                self._close_circle(other)
            else:
                trail.pop()
                if self.borders[-1] == node:
                    yield self._close(node)

    def _enter(self, node: int) -> tuple[int, Iterator[int]]:
        self.order[node] = len(self.order)
        self.found.append(node)
        self.borders.append(node)
        return node, iter(self.graph[node])

    def _close_circle(self, node: int) -> None:
        """What was found since `node` leads back to it: no border may lie between."""
        if node not in self.closed:
            while self.order[self.borders[-1]] > self.order[node]:
                self.borders.pop()

    def _close(self, node: int) -> list[int]:
        self.borders.pop()
        at = len(self.found) - 1
        while self.found[at] != node:
            at -= 1
        component = self.found[at:]
        del self.found[at:]
        self.closed.update(component)
        return component

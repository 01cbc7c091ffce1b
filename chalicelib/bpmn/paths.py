"""Where paths through a diagram lead: what comes before some nodes, and which nodes lie on circles.

A graph is a mapping from each node to the nodes that follow it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Graph = Mapping[int, Sequence[int]]


def leading_to(graph: Graph, ends: Iterable[int]) -> frozenset[int]:
    """The nodes from which a path leads to one of some nodes; from these, a path without steps does.

    Takes time linear in nodes and edges, and no recursion: a path may be as long as a diagram has elements.
    """
    before: dict[int, list[int]] = defaultdict(list)
    for node, following in graph.items():
        for other in following:
            before[other].append(node)
    found = graph.keys() & set(ends)
    trail = list(found)
    while trail:
        for node in before[trail.pop()]:
            if node not in found:
                found.add(node)
                trail.append(node)
    return frozenset(found)


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

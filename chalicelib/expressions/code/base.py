"""What all code is made with: the compiler, and what it knows about a place."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..run import Frame
from ..tree import Node

Code = Callable[[Frame], Any]


class Scope(NamedTuple):
    """What is known about a place.

    Attributes:
        bound: Names that the text binds.
        is_outermost: Whether no frame is between it and the names from outside.
    """

    bound: frozenset[str]
    is_outermost: bool

    def inside(self, *names: str) -> "Scope":
        """The scope of a part that binds names."""
        return Scope(self.bound.union(names), False)


class Compiler:
    """Makes code, and counts what it saw.

    Attributes:
        names: Free names, which are looked up outside.
        used: All names.
        nodes: How many nodes.
    """

    def __init__(self, kinds: "Mapping[type, Kind]") -> None:
        """Begin with nothing seen.

        Args:
            kinds: What each kind of node becomes.
        """
        self._kinds = kinds
        self.names = set[str]()
        self.used = set[str]()
        self.nodes = 0

    def code(self, node: Node, scope: Scope) -> Code:
        """The function of a node."""
        self.nodes += 1
        return self._kinds[type(node)](self, node, scope)

    def codes(self, nodes: tuple[Node, ...], scope: Scope) -> tuple[Code, ...]:
        """The functions of some nodes."""
        return tuple(self.code(node, scope) for node in nodes)

    def weighed(self, node: Node, scope: Scope) -> tuple[Code, int]:
        """The function of a node, and how many nodes it is made of."""
        nodes = self.nodes
        code = self.code(node, scope)
        return code, self.nodes - nodes

    def uses(self, name: str, node: Node, scope: Scope) -> tuple[Code, int, bool]:
        """As `weighed`, and whether the node mentions a name."""
        used, self.used = self.used, set()
        code, weight = self.weighed(node, scope)
        mentions = name in self.used
        self.used |= used
        return code, weight, mentions


Kind = Callable[[Compiler, Any, Scope], Code]
"""Makes the function of a node of one kind."""

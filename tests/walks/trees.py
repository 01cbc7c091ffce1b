"""Random models that run to their end on every path, as trees of blocks.

A tree knows which elements are visited how often for given decisions, without knowing any sequence flow. Its
XML is drawn in a second, separate way: with sequence flows, in any order.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from xml.sax.saxutils import quoteattr

from tests.models import HEAD

Decide = Callable[[str, int], int]
"""Which of so many ways a gateway's next token goes."""

PASSED = ("task", "manualTask", "intermediateThrowEvent")
ASKING = ("serviceTask", "scriptTask", "sendTask", "businessRuleTask")
TAGS = (*PASSED, *ASKING, *ASKING, "userTask", "userTask")
DEEPEST = 3


@dataclass(frozen=True)
class Leaf:
    """A task or an event."""

    id: str
    tag: str


@dataclass(frozen=True)
class Choice:
    """Exclusive gateway, one block per way out; with or without a gateway that merges them.

    Attributes:
        default: Number of the default way, if there is one.
    """

    id: str
    ways: tuple["Block", ...]
    default: int | None
    is_merged: bool


@dataclass(frozen=True)
class Fork:
    """Parallel gateway, or a task with several ways out, and the parallel gateway that joins them.

    Attributes:
        is_joined: If not, each way has its own end.
    """

    id: str
    tag: str
    ways: tuple["Block", ...]
    is_joined: bool


@dataclass(frozen=True)
class Loop:
    """A block that is repeated as long as the exclusive gateway behind it decides for way 1."""

    id: str
    body: "Block"


Node = Leaf | Choice | Fork | Loop
Block = tuple[Node, ...]


def visits(block: Block, decide: Decide) -> Counter[str]:
    """How often each element is visited."""
    seen: Counter[str] = Counter()
    for node in block:
        match node:
            case Leaf():
                seen[node.id] += 1
            case Choice():
                way = decide(node.id, len(node.ways)) if len(node.ways) > 1 else 0
                seen += Counter([node.id, *([f"{node.id}_merge"] if node.is_merged else [])])
                seen += visits(node.ways[way], decide)
            case Fork():
                seen[node.id] += 1
                for way in node.ways:
                    seen += visits(way, decide)
                if node.is_joined:
                    seen[f"{node.id}_join"] += len(node.ways)
            case Loop():
                is_over = False
                while not is_over:
                    seen += Counter([f"{node.id}_merge", node.id]) + visits(node.body, decide)
                    is_over = decide(node.id, 2) == 0
    return seen


# Growing


@dataclass
class Gardener:
    """Grows trees.

    Attributes:
        size: About how many elements there will be.
    """

    random: Random
    size: int
    grown: int = 0

    def tree(self) -> Block:
        """A whole process, without its start event."""
        return self._block(0, is_last=True)

    def _block(self, depth: int, *, is_last: bool, may_be_empty: bool = False) -> Block:
        length = self.random.randint(0 if may_be_empty else 1, 3)
        nodes = [self._node(depth, is_last=False) for _ in range(length)]
        nodes = [self._unmerged(node, follower) for node, follower in zip(nodes, [*nodes[1:], None], strict=True)]
        if is_last:
            nodes += self._end(depth, may_be_left_out=bool(nodes) and isinstance(nodes[-1], Leaf))
        return tuple(nodes)

    def _end(self, depth: int, *, may_be_left_out: bool) -> list[Node]:
        """An end event, nothing, or something that ends several times."""
        if depth < DEEPEST and self.random.random() < 0.3:
            return [self._node(depth, is_last=True)]
        if may_be_left_out and self.random.random() < 0.3:
            return []
        return [Leaf(self._id("end"), "endEvent")]

    def _node(self, depth: int, *, is_last: bool) -> Node:
        kinds = [Choice, Fork] if is_last else [Leaf, Leaf, Choice, Fork, Loop]
        is_leaf = not is_last and (depth == DEEPEST or self.grown >= self.size)
        kind = Leaf if is_leaf else self.random.choice(kinds)
        if kind is Leaf:
            return Leaf(self._id("t"), self.random.choice(TAGS))
        if kind is Loop:
            return Loop(self._id("loop"), self._block(depth + 1, is_last=False))
        if kind is Choice:
            return self._choice(depth, is_last)
        return self._fork(depth, is_last)

    def _choice(self, depth: int, is_last: bool) -> Choice:
        ways = self._ways(depth, is_last, may_be_empty=not is_last)
        default = self.random.randrange(len(ways)) if self.random.random() < 0.5 else None
        return Choice(self._id("x"), ways, default, is_merged=not is_last)

    def _fork(self, depth: int, is_last: bool) -> Fork:
        tag = self.random.choice(("parallelGateway", "parallelGateway", *TAGS))
        ways = self._ways(depth, is_last, may_be_empty=not is_last)
        return Fork(self._id("f"), tag, ways, is_joined=not is_last)

    def _ways(self, depth: int, is_last: bool, *, may_be_empty: bool) -> tuple[Block, ...]:
        count = self.random.choice((1, 2, 2, 2, 3, 4))
        return tuple(
            self._block(depth + 1, is_last=is_last, may_be_empty=may_be_empty) for _ in range(count)
        )

    def _unmerged(self, node: Node, follower: Node | None) -> Node:
        """Sometimes without its merge, where the follower takes tokens one by one."""
        takes_any = isinstance(follower, Leaf | Choice | Loop)
        if isinstance(node, Choice) and takes_any and self.random.random() < 0.4:
            return Choice(node.id, node.ways, node.default, is_merged=False)
        return node

    def _id(self, kind: str) -> str:
        self.grown += 1
        return f"{kind}{self.grown}"


# Drawing

Exit = tuple[str, int | None]
"""An element that is left, and by which of its ways, if it has numbered ones."""


@dataclass
class Drawing:
    """A tree as elements and sequence flows.

    Attributes:
        tags: By element id.
        flows: Source and target by flow id.
        targets: By gateway and number of the way: the element to name in a decision.
        joined: How many sequence flows enter each element.
    """

    tags: dict[str, str] = field(default_factory=dict)
    flows: dict[str, tuple[str, str]] = field(default_factory=dict)
    targets: dict[tuple[str, int], str] = field(default_factory=dict)
    joined: Counter[str] = field(default_factory=Counter)
    _flow_ids: dict[Exit, str] = field(default_factory=dict)
    _defaults: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(tree: Block) -> "Drawing":
        """Draw a process."""
        drawing = Drawing()
        drawing.tags["start"] = "startEvent"
        drawing._block(tree, [("start", None)])
        return drawing

    def default_way(self, id: str) -> int | None:
        """Number of a gateway's default way."""
        return self._defaults.get(id)

    def xml(self, bpmn_process_id: str, random: Random) -> str:
        """The BPMN XML, its parts in any order."""
        parts = [f'<{tag} id="{id}"{self._default(id)}/>' for id, tag in self.tags.items()]
        parts += [
            f'<sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}"/>'
            for id, (source, target) in self.flows.items()
        ]
        random.shuffle(parts)
        return (
            f"{HEAD}<process id={quoteattr(bpmn_process_id)} isExecutable='true'>"
            f"{''.join(parts)}</process></definitions>"
        )

    def _default(self, id: str) -> str:
        way = self._defaults.get(id)
        return "" if way is None else f' default="{self._flow_ids[id, way]}"'

    def _block(self, block: Block, entries: Sequence[Exit]) -> list[Exit]:
        """Draw a block behind the exits of what comes before it; answers its own exits."""
        exits = list(entries)
        for node in block:
            exits = self._node(node, exits)
        return exits

    def _node(self, node: Node, entries: Sequence[Exit]) -> list[Exit]:
        match node:
            case Leaf():
                return self._enter(node.id, node.tag, entries)
            case Choice():
                self._enter(node.id, "exclusiveGateway", entries)
                if node.default is not None:
                    self._defaults[node.id] = node.default
                exits = self._ways(node.id, node.ways)
                return self._enter(f"{node.id}_merge", "exclusiveGateway", exits) if node.is_merged else exits
            case Fork():
                self._enter(node.id, node.tag, entries)
                exits = self._ways(node.id, node.ways)
                return self._enter(f"{node.id}_join", "parallelGateway", exits) if node.is_joined else exits
            case Loop():
                merge = f"{node.id}_merge"
                body = self._block(node.body, self._enter(merge, "exclusiveGateway", entries))
                self._enter(node.id, "exclusiveGateway", body)
                self._enter(merge, "exclusiveGateway", [(node.id, 1)])
                return [(node.id, 0)]

    def _ways(self, id: str, ways: Sequence[Block]) -> list[Exit]:
        return [exit for number, way in enumerate(ways) for exit in self._block(way, [(id, number)])]

    def _enter(self, id: str, tag: str, entries: Sequence[Exit]) -> list[Exit]:
        """Lead all exits into an element; it is left by one way."""
        self.tags[id] = tag
        for source, way in entries:
            flow = f"flow{len(self.flows)}"
            self.flows[flow] = (source, id)
            self._flow_ids[source, way] = flow
            self.joined[id] += 1
            if way is not None:
                self.targets[source, way] = id
        return [(id, None)]

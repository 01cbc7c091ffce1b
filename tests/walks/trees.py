"""Random models that run to their end on every path, as trees of blocks.

A tree knows which elements are visited how often for given decisions, without knowing any sequence flow. Its
XML is drawn in a second, separate way: with sequence flows, in any order.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
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


class Meeting(Enum):
    """What becomes of the tokens of a fork."""

    JOIN = "parallelGateway"
    """They become one."""

    MERGE = "exclusiveGateway"
    """They go on one after the other: all that follows is visited that many times."""

    INCLUSIVE_JOIN = "inclusiveGateway"
    """They become one; where the fork is passed by one token at a time."""

    NONE = "none"
    """Each comes to its own end."""


JOINS = (Meeting.JOIN, Meeting.INCLUSIVE_JOIN)


@dataclass(frozen=True)
class Fork:
    """Parallel gateway, or a task with several ways out, and the gateway where its tokens meet."""

    id: str
    tag: str
    ways: tuple["Block", ...]
    meeting: Meeting


@dataclass(frozen=True)
class Selection:
    """Inclusive gateway, one block per way out, passed by one token at a time.

    Of several tokens, it would depend on the order of things which of them meet.

    Attributes:
        default: Number of the way that is always taken, if there is one.
        is_joined: Whether an inclusive gateway joins the tokens; else each comes to its own end.
    """

    id: str
    ways: tuple["Block", ...]
    default: int | None
    is_joined: bool

    def chosen(self, decide: Decide) -> set[int]:
        """Which ways a token goes: the bits of what is decided, and the default way."""
        if len(self.ways) == 1:
            return {0}
        return selected(decide(self.id, selections(len(self.ways)))) | {self.default} - {None}


def selections(ways: int) -> int:
    """How many choices of at least one way there are."""
    return (1 << ways) - 1


def selected(number: int) -> set[int]:
    """The ways of one of these choices."""
    return {way for way in range(number + 1) if (number + 1) >> way & 1}


@dataclass(frozen=True)
class Loop:
    """A block that is repeated as long as the exclusive gateway behind it decides for way 1."""

    id: str
    body: "Block"


Node = Leaf | Choice | Fork | Selection | Loop
Block = tuple[Node, ...]


def visits(tree: Block, decide: Decide) -> Counter[str]:
    """How often each element is visited."""
    seen: Counter[str] = Counter()
    _pass(tree, 1, decide, seen)
    return +seen


def _pass(block: Block, tokens: int, decide: Decide, seen: Counter[str]) -> int:
    """Send tokens through a block; answers how many come out."""
    for node in block:
        match node:
            case Leaf():
                seen[node.id] += tokens
            case Choice():
                tokens = _pass_choice(node, tokens, decide, seen)
            case Fork():
                tokens = _pass_fork(node, tokens, decide, seen)
            case Selection():
                tokens = _pass_selection(node, tokens, decide, seen)
            case Loop():
                _pass_loop(node, tokens, decide, seen)
    return tokens


def _pass_choice(choice: Choice, tokens: int, decide: Decide, seen: Counter[str]) -> int:
    seen[choice.id] += tokens
    is_asking = len(choice.ways) > 1
    chosen = Counter(decide(choice.id, len(choice.ways)) if is_asking else 0 for _ in range(tokens))
    leaving = sum(_pass(way, chosen[number], decide, seen) for number, way in enumerate(choice.ways))
    if choice.is_merged:
        seen[f"{choice.id}_merge"] += leaving
    return leaving


def _pass_fork(fork: Fork, tokens: int, decide: Decide, seen: Counter[str]) -> int:
    seen[fork.id] += tokens
    arriving = sum(_pass(way, tokens, decide, seen) for way in fork.ways)
    if fork.meeting is not Meeting.NONE:
        seen[f"{fork.id}_meeting"] += arriving
    return tokens if fork.meeting in JOINS else arriving


def _pass_selection(selection: Selection, tokens: int, decide: Decide, seen: Counter[str]) -> int:
    seen[selection.id] += tokens
    chosen = selection.chosen(decide) if tokens else set()
    arriving = sum(_pass(way, number in chosen, decide, seen) for number, way in enumerate(selection.ways))
    if selection.is_joined:
        seen[f"{selection.id}_meeting"] += arriving
    return tokens if selection.is_joined else arriving


def _pass_loop(loop: Loop, tokens: int, decide: Decide, seen: Counter[str]) -> None:
    while tokens:
        seen[f"{loop.id}_merge"] += tokens
        _pass(loop.body, tokens, decide, seen)
        seen[loop.id] += tokens
        tokens = sum(decide(loop.id, 2) for _ in range(tokens))


# Growing


@dataclass(frozen=True)
class Place:
    """Where in a tree a block grows.

    Attributes:
        depth: How many blocks are around it.
        is_last: Whether nothing follows.
        may_multiply: Whether more tokens may come out than went in: not where they are joined or repeated.
        is_single: Whether one token at a time goes in.
    """

    depth: int = 0
    is_last: bool = True
    may_multiply: bool = True
    is_single: bool = True

    def inside(self, **other: bool) -> "Place":
        """One block deeper."""
        return replace(self, depth=self.depth + 1, **other)


def multiplies(node: Node) -> bool:
    """Whether more tokens come out than went in."""
    match node:
        case Fork(meeting=Meeting.MERGE):
            return True
        case Choice(ways=ways) | Fork(ways=ways):
            return any(multiplies(inner) for way in ways for inner in way)
    return False


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
        return self._block(Place())

    def _block(self, place: Place, *, may_be_empty: bool = True) -> Block:
        may_be_empty = may_be_empty and place.depth > 0 and not place.is_last
        length = self.random.randint(0 if may_be_empty else 1, 3)
        nodes: list[Node] = []
        for _ in range(length):
            nodes.append(self._node(replace(place, is_last=False)))
            place = replace(place, is_single=place.is_single and not multiplies(nodes[-1]))
        followers: list[Node | None] = [*nodes[1:], None]
        nodes = [self._unmerged(*pair) for pair in zip(nodes, followers, strict=False)]
        if place.is_last:
            nodes += self._end(place, may_be_left_out=isinstance(nodes[-1], Leaf))
        return tuple(nodes)

    def _end(self, place: Place, *, may_be_left_out: bool) -> list[Node]:
        """An end event, nothing, or something that ends several times."""
        if place.depth < DEEPEST and self._chance(0.3):
            return [self.random.choice((self._choice, *self._forks(place)))(place)]
        if may_be_left_out and self._chance(0.3):
            return []
        return [Leaf(self._id("end"), "endEvent")]

    def _node(self, place: Place) -> Node:
        if place.depth == DEEPEST or self.grown >= self.size or self._chance(0.4):
            return Leaf(self._id("t"), self.random.choice(TAGS))
        return self.random.choice((self._choice, *self._forks(place), self._loop))(place)

    def _forks(self, place: Place) -> list[Callable[[Place], Node]]:
        return [self._fork, self._selection] if place.is_single else [self._fork]

    def _choice(self, place: Place) -> Choice:
        ways = self._ways(place.inside())
        default = self.random.randrange(len(ways)) if self._chance(0.5) else None
        return Choice(self._id("x"), ways, default, is_merged=not place.is_last)

    def _fork(self, place: Place) -> Fork:
        tag = self.random.choice(("parallelGateway", "parallelGateway", *TAGS))
        meeting = Meeting.NONE if place.is_last else Meeting.JOIN
        if place.may_multiply and not place.is_last and self._chance(0.3):
            meeting = Meeting.MERGE
        if meeting is Meeting.JOIN and place.is_single and self._chance(0.3):
            meeting = Meeting.INCLUSIVE_JOIN
        may_multiply = place.may_multiply and meeting not in JOINS
        return Fork(self._id("f"), tag, self._ways(place.inside(may_multiply=may_multiply)), meeting)

    def _selection(self, place: Place) -> Selection:
        is_joined = not place.is_last
        inside = place.inside(may_multiply=place.may_multiply and not is_joined)
        ways = self._ways(inside, may_be_empty=False)
        default = self.random.randrange(len(ways)) if self._chance(0.5) else None
        return Selection(self._id("o"), ways, default, is_joined)

    def _loop(self, place: Place) -> Loop:
        return Loop(self._id("loop"), self._block(place.inside(may_multiply=False)))

    def _ways(self, place: Place, *, may_be_empty: bool = True) -> tuple[Block, ...]:
        count = self.random.choice((1, 2, 2, 2, 3, 4))
        return tuple(self._block(place, may_be_empty=may_be_empty) for _ in range(count))

    def _unmerged(self, node: Node, follower: Node | None) -> Node:
        """Sometimes without its merge, where the follower takes tokens one by one."""
        takes_any = isinstance(follower, Leaf | Choice | Selection | Loop)
        if isinstance(node, Choice) and takes_any and self._chance(0.4):
            return replace(node, is_merged=False)
        return node

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

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
    """

    tags: dict[str, str] = field(default_factory=dict)
    flows: dict[str, tuple[str, str]] = field(default_factory=dict)
    targets: dict[tuple[str, int], str] = field(default_factory=dict)
    _flow_ids: dict[Exit, str] = field(default_factory=dict)
    _defaults: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(tree: Block) -> "Drawing":
        """Draw a process."""
        drawing = Drawing()
        drawing.tags["start"] = "startEvent"
        drawing._block(tree, [("start", None)])
        return drawing

    def entries(self, id: str) -> int:
        """How many sequence flows enter an element."""
        return sum(target == id for _, target in self.flows.values())

    def ways(self, id: str) -> int:
        """How many sequence flows leave an element."""
        return sum(source == id for source, _ in self.flows.values())

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
                if node.meeting is Meeting.NONE:
                    return exits
                return self._enter(f"{node.id}_meeting", node.meeting.value, exits)
            case Selection():
                self._enter(node.id, "inclusiveGateway", entries)
                if node.default is not None:
                    self._defaults[node.id] = node.default
                exits = self._ways(node.id, node.ways)
                return (
                    self._enter(f"{node.id}_meeting", "inclusiveGateway", exits) if node.is_joined else exits
                )
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
            if way is not None:
                self.targets[source, way] = id
        return [(id, None)]

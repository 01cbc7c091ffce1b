"""Grows trees of blocks that run to their end on every path."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.walks.trees import (
    DEEPEST,
    JOINS,
    TAGS,
    Activity,
    Alarm,
    Block,
    Catch,
    Choice,
    Fork,
    Leaf,
    Link,
    Loop,
    Meeting,
    Node,
    Race,
    Selection,
)

EVENTS = (
    ("intermediateCatchEvent", "timer", "PT1H"),
    ("intermediateThrowEvent", "escalation", "nobody"),
    ("intermediateThrowEvent", "escalation", None),
    ("intermediateThrowEvent", "message", "nobody"),
    ("intermediateThrowEvent", "signal", "nobody"),
    ("intermediateThrowEvent", "signal", None),
)
"""Nobody catches what they throw: all boundary events that do not interrupt catch a code of their own."""

ENDS: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    (None, None),
    ("message", "nobody"),
    ("signal", "nobody"),
    ("signal", None),
)


@dataclass(frozen=True)
class Place:
    """Where in a tree a block grows.

    Attributes:
        depth: How many blocks are around it.
        is_last: Whether nothing follows.
        may_multiply: Whether more tokens may come out than went in: not where they are joined or repeated.
        is_single: Whether one token at a time goes in.
        may_linger: Whether tokens may stay behind others: not where those can interrupt them.
    """

    depth: int = 0
    is_last: bool = True
    may_multiply: bool = True
    is_single: bool = True
    may_linger: bool = True

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
        case Alarm(interrupts=True, way=way):
            return any(multiplies(inner) for inner in way)
        case Activity(catches=catches):
            return any(multiplies(inner) for catch in catches if catch.interrupts for inner in catch.way)
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
        return [Leaf(self._id("end"), "endEvent", *self.random.choice(ENDS))]

    def _node(self, place: Place) -> Node:
        if place.depth == DEEPEST or self.grown >= self.size or self._chance(0.4):
            return self._leaf()
        kinds = (self._choice, *self._forks(place), self._loop, self._alarm, self._activity, self._activity)
        return self.random.choice(kinds)(place)

    def _leaf(self) -> Node:
        if self._chance(0.6):
            return Leaf(self._id("t"), self.random.choice(TAGS))
        if self._chance(0.3):
            return self.random.choice((Link, Race))(self._id("e"))
        return Leaf(self._id("e"), *self.random.choice(EVENTS))

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

    def _activity(self, place: Place) -> Activity:
        """A sub-process is a scope of its own: where it stands matters only if something is thrown in it."""
        id, tag = self._id("a"), self.random.choice(("subProcess", "subProcess", "serviceTask", "userTask"))
        is_scope = tag == "subProcess"
        catches = self._catches(id, place, self.random.randint(0 if is_scope else 1, 3))
        inner = Place(place.depth + 1, is_last=not catches, may_multiply=not catches, may_linger=not catches)
        return Activity(id, tag, self._block(inner) if is_scope else None, catches)

    def _catches(self, id: str, place: Place, count: int) -> tuple[Catch, ...]:
        catches: list[Catch] = []
        for number in range(count):
            trigger = self.random.choice(("error", "escalation"))
            interrupts = trigger == "error" or not place.may_linger or self._chance(0.5)
            known = {(catch.trigger, catch.code) for catch in catches}
            catches_all = interrupts and (trigger, None) not in known and self._chance(0.3)
            catches.append(
                Catch(
                    trigger,
                    None if catches_all else f"{id}-{number}",
                    interrupts,
                    self._behind(place, interrupts=interrupts),
                    is_asked=self._chance(0.3),
                    is_throw_asked=self._chance(0.3),
                )
            )
        return tuple(catches)

    def _alarm(self, place: Place) -> Alarm:
        interrupts = not place.may_linger or self._chance(0.5)
        return Alarm(self._id("alarm"), interrupts, self._behind(place, interrupts=interrupts))

    def _behind(self, place: Place, *, interrupts: bool) -> Block:
        """What is behind a boundary event: a way on, or tokens beside all others."""
        beside = place.inside(is_last=True, is_single=False, may_multiply=True)
        return self._block(place.inside() if interrupts else beside)

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

"""Random models that run to their end on every path, as trees of blocks.

A tree knows which elements are visited how often for given decisions, without knowing any sequence flow. Its
XML is drawn in a second, separate way (`drawing`): with sequence flows, in any order.

How often does not depend on the order in which tokens move. So where something is interrupted, one token is
inside of it, the one that throws; and what runs beside an activity comes to its own end.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

Decide = Callable[[str, int], int]
"""Which of so many ways a gateway's next token goes."""

PASSED = ("task", "manualTask", "intermediateThrowEvent")
ASKING = ("serviceTask", "scriptTask", "sendTask", "businessRuleTask")
TAGS = (*PASSED, *ASKING, *ASKING, "userTask", "userTask", "callActivity", "callActivity")
CALLED = "called"
"""The process that call activities call: it ends at once."""
DEEPEST = 3


@dataclass(frozen=True)
class Leaf:
    """A task or an event.

    Attributes:
        trigger: What an event throws or waits for.
        name: Code or name of that; None: a job asks.
    """

    id: str
    tag: str
    trigger: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Link:
    """A link throw event, and the catch event that it jumps to."""

    id: str


@dataclass(frozen=True)
class Race:
    """An event-based gateway in front of a timer, which always wins, and a signal that never comes."""

    id: str


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


@dataclass(frozen=True)
class Catch:
    """A boundary event that catches what is thrown for it.

    Attributes:
        trigger: Error or escalation.
        code: What it catches; None: everything that no other event at the activity does.
        interrupts: Whether it ends its activity. If not, what is behind it comes to its own end.
        way: What is behind it.
        is_asked: Whether a job asks for its code.
        is_throw_asked: Whether a job asks the event that throws in a sub-process for its code.
    """

    trigger: str
    code: str | None
    interrupts: bool
    way: "Block"
    is_asked: bool
    is_throw_asked: bool

    @property
    def thrown(self) -> str:
        """A code that it catches."""
        return self.code or "anything"


@dataclass(frozen=True)
class Activity:
    """A task of which each visit ends by itself or by a boundary event; or a sub-process.

    At the end of a sub-process with boundary events, an exclusive gateway decides what is thrown. What does
    not interrupt is followed by the same decision again.

    Attributes:
        body: Of a sub-process.
        catches: Its boundary events.
    """

    id: str
    tag: str
    body: "Block | None"
    catches: tuple[Catch, ...]

    @property
    def decided_at(self) -> str:
        """Where it is decided how it ends: number 0 is by itself, number n by the n-th boundary event."""
        return self.id if self.body is None else f"{self.id}_how"

    @property
    def is_merged(self) -> bool:
        """Whether there are several ways to go on."""
        return any(catch.interrupts for catch in self.catches)


@dataclass(frozen=True)
class Alarm:
    """A sub-process with a timer at its boundary that always fires.

    Attributes:
        interrupts: Whether it ends the sub-process, which then waits for a signal that never comes. If not,
            the sub-process waits for a longer timer, and what is behind the boundary comes to its own end.
        way: What is behind the boundary event.
    """

    id: str
    interrupts: bool
    way: "Block"


Node = Leaf | Link | Race | Choice | Fork | Selection | Loop | Activity | Alarm
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
            case Link():
                seen.update({node.id: tokens, f"{node.id}_catch": tokens})
            case Race():
                seen.update({f"{node.id}{part}": tokens for part in ("", "_timer", "_signal", "_merge")})
            case Alarm():
                tokens = _pass_alarm(node, tokens, decide, seen)
            case Activity():
                tokens = sum(_pass_activity(node, decide, seen) for _ in range(tokens))
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


def _pass_alarm(alarm: Alarm, tokens: int, decide: Decide, seen: Counter[str]) -> int:
    seen.update({f"{alarm.id}{part}": tokens for part in ("", "_start", "_inner", "_timer")})
    leaving = _pass(alarm.way, tokens, decide, seen)
    if alarm.interrupts:
        seen[f"{alarm.id}_merge"] += leaving
    return leaving if alarm.interrupts else tokens


def _pass_activity(activity: Activity, decide: Decide, seen: Counter[str]) -> int:
    """Send one token through."""
    id, leaving = activity.id, 0
    seen[id] += 1
    seen.update(f"{id}_catch{number}" for number, _ in enumerate(activity.catches, 1))
    if activity.body is not None:
        seen[f"{id}_start"] += 1
        _pass(activity.body, 1, decide, seen)
    for outcome in _outcomes(activity, decide):
        catch = activity.catches[outcome - 1] if outcome else None
        if activity.body is not None and activity.catches:
            seen.update([activity.decided_at, f"{id}_throw{outcome}"])
        if catch is not None and not catch.interrupts:
            seen[f"{id}_catch{outcome}"] += 1  # it listens again
            _pass(catch.way, 1, decide, seen)
        else:
            leaving = 1 if catch is None else _pass(catch.way, 1, decide, seen)
    if activity.is_merged:
        seen[f"{id}_merge"] += leaving
    return leaving


def _outcomes(activity: Activity, decide: Decide) -> Iterator[int]:
    """What is decided, until something ends the activity."""
    ways = len(activity.catches) + 1
    outcome = decide(activity.decided_at, ways) if activity.catches else 0
    while outcome and not activity.catches[outcome - 1].interrupts:
        yield outcome
        outcome = decide(activity.decided_at, ways)
    yield outcome

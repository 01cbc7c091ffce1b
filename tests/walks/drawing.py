"""Draws trees as BPMN XML."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from xml.sax.saxutils import quoteattr

from tests.models import HEAD
from tests.walks.trees import (
    CALLED,
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

REFERENCES = {
    "error": ("errorRef", "errorCode"),
    "escalation": ("escalationRef", "escalationCode"),
    "message": ("messageRef", "name"),
    "signal": ("signalRef", "name"),
}
"""How an event definition names what is declared, and how that says its code or name."""

Exit = tuple[str, int | None]
"""An element that is left, and by which of its ways, if it has numbered ones."""


@dataclass
class Drawing:
    """A tree as elements and sequence flows.

    Attributes:
        tags: By element id.
        flows: Source and target by flow id.
        targets: By gateway and number of the way: the element to name in a decision.
        triggers: Of events.
        asked: Codes and names that a job asks for, by event.
        catches: Of the tasks that a worker or a person can leave by a boundary event.
        hosts: The activity of a boundary event.
    """

    tags: dict[str, str] = field(default_factory=dict)
    flows: dict[str, tuple[str, str]] = field(default_factory=dict)
    targets: dict[tuple[str, int], str] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str | None] = field(default_factory=dict)
    catches: dict[str, Sequence[Catch]] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    _scopes: dict[str, str] = field(default_factory=dict)
    _scope: str = ""
    _attributes: dict[str, str] = field(default_factory=dict)
    _definitions: dict[str, str] = field(default_factory=dict)
    _declared: dict[str, str] = field(default_factory=dict)
    _flow_ids: dict[Exit, str] = field(default_factory=dict)
    _defaults: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(tree: Block) -> "Drawing":
        """Draw a process."""
        drawing = Drawing()
        drawing._block(tree, drawing._enter("start", "startEvent", []))
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
        return (
            f"{HEAD}{''.join(self._declared.values())}"
            f"<process id={quoteattr(bpmn_process_id)} isExecutable='true'>"
            f"{self._content('', random)}</process></definitions>"
        )

    def _content(self, scope: str, random: Random) -> str:
        parts = [self._element(id, random) for id in self.tags if self._scopes[id] == scope]
        parts += [
            f'<sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}"/>'
            for id, (source, target) in self.flows.items()
            if self._scopes[source] == scope
        ]
        random.shuffle(parts)
        return "".join(parts)

    def _element(self, id: str, random: Random) -> str:
        tag, attributes = self.tags[id], self._attributes.get(id, "") + self._default(id)
        if tag == "callActivity":
            attributes += f' calledElement="{CALLED}"'
        content = self._content(id, random) if tag == "subProcess" else self._definitions.get(id, "")
        return f'<{tag} id="{id}"{attributes}>{content}</{tag}>'

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
                exits = self._enter(node.id, node.tag, entries)
                self._define(node.id, node.trigger, node.name, is_asked=node.name is None)
                return exits
            case Link():
                self._enter(node.id, "intermediateThrowEvent", entries)
                catch = f"{node.id}_catch"
                for id in (node.id, catch):
                    self._definitions[id] = f'<linkEventDefinition name="{node.id}"/>'
                return self._enter(catch, "intermediateCatchEvent", [])
            case Race():
                return self._race(node.id, entries)
            case Activity():
                return self._activity(node, entries)
            case Alarm():
                return self._alarm(node, entries)
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
        self._scopes[id] = self._scope
        for source, way in entries:
            flow = f"flow{len(self.flows)}"
            self.flows[flow] = (source, id)
            self._flow_ids[source, way] = flow
            if way is not None:
                self.targets[source, way] = id
        return [(id, None)]

    def _race(self, id: str, entries: Sequence[Exit]) -> list[Exit]:
        gateway = self._enter(id, "eventBasedGateway", entries)
        timer = self._enter(f"{id}_timer", "intermediateCatchEvent", gateway)
        signal = self._enter(f"{id}_signal", "intermediateCatchEvent", gateway)
        self._define(f"{id}_timer", "timer", "PT1H")
        self._define(f"{id}_signal", "signal", "never")
        return self._enter(f"{id}_merge", "exclusiveGateway", timer + signal)

    def _activity(self, activity: Activity, entries: Sequence[Exit]) -> list[Exit]:
        exits = self._enter(activity.id, activity.tag, entries)
        if activity.body is None:
            self.catches[activity.id] = activity.catches
        else:
            around, self._scope = self._scope, activity.id
            self._inside(activity, activity.body)
            self._scope = around
        for number, catch in enumerate(activity.catches, 1):
            behind = self._block(
                catch.way, self._boundary(f"{activity.id}_catch{number}", activity.id, catch)
            )
            exits += behind if catch.interrupts else []
        return self._enter(f"{activity.id}_merge", "exclusiveGateway", exits) if activity.is_merged else exits

    def _inside(self, activity: Activity, body: Block) -> None:
        """The content of a sub-process, and what is thrown at its end."""
        inner = self._block(body, self._enter(f"{activity.id}_start", "startEvent", []))
        if not activity.catches:
            return
        how = activity.decided_at
        self._enter(how, "exclusiveGateway", inner)
        self._enter(f"{activity.id}_throw0", "endEvent", [(how, 0)])
        for number, catch in enumerate(activity.catches, 1):
            id = f"{activity.id}_throw{number}"
            tag = "endEvent" if catch.interrupts else "intermediateThrowEvent"
            thrown = self._enter(id, tag, [(how, number)])
            self._define(id, catch.trigger, catch.thrown, is_asked=catch.is_throw_asked)
            if not catch.interrupts:
                self._enter(how, "exclusiveGateway", thrown)

    def _alarm(self, alarm: Alarm, entries: Sequence[Exit]) -> list[Exit]:
        exits = self._enter(alarm.id, "subProcess", entries)
        around, self._scope = self._scope, alarm.id
        start, inner, timer = (f"{alarm.id}_{part}" for part in ("start", "inner", "timer"))
        self._enter(inner, "intermediateCatchEvent", self._enter(start, "startEvent", []))
        self._define(inner, *(("signal", "never") if alarm.interrupts else ("timer", "PT2H")))
        self._scope = around
        behind = self._block(alarm.way, self._attach(timer, alarm.id, interrupts=alarm.interrupts))
        self._define(timer, "timer", "PT1H")
        if not alarm.interrupts:
            return exits
        return self._enter(f"{alarm.id}_merge", "exclusiveGateway", exits + behind)

    def _boundary(self, id: str, activity: str, catch: Catch) -> list[Exit]:
        exits = self._attach(id, activity, interrupts=catch.interrupts)
        self._define(id, catch.trigger, catch.code, is_asked=catch.is_asked)
        return exits

    def _attach(self, id: str, activity: str, *, interrupts: bool) -> list[Exit]:
        self.hosts[id] = activity
        self._attributes[id] = f' attachedToRef="{activity}" cancelActivity="{str(interrupts).lower()}"'
        return self._enter(id, "boundaryEvent", [])

    def _define(self, id: str, trigger: str | None, name: str | None, *, is_asked: bool = False) -> None:
        """Draw what an event throws or waits for; or leave it to a job."""
        if trigger is None:
            return
        self.triggers[id] = trigger
        tag = f"{trigger}EventDefinition"
        if trigger == "timer":
            self._definitions[id] = f"<{tag}><timeDuration>{name}</timeDuration></{tag}>"
        elif is_asked:
            self.asked[id] = name
            self._definitions[id] = f"<{tag}/>"
        else:
            reference, attribute = REFERENCES[trigger]
            declared = f"{trigger}-{name or 'any'}"
            value = f' {attribute}="{name}"' if name else ""
            self._declared[declared] = f'<{trigger} id="{declared}"{value}/>'
            self._definitions[id] = f'<{tag} {reference}="{declared}"/>'

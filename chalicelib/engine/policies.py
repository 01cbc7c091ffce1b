"""Who is to do a user task: the policy that the model names, of the task itself or of its lane.

What a policy plainly says (the candidates of a lane) is looked up in the model and never stored. What depends
on variables is worked out when the user task is made; what depends on people, the service is asked for.

Source: docs/surfaces.md, What a model says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..bpmn.errors import Cause
from ..bpmn.extension import is_expression
from ..bpmn.faults import fault
from ..bpmn.model import Element, Lane, Process
from ..bpmn.types import ElementType
from .evaluation import EvaluationFailed, Evaluator


class Way(StrEnum):
    """How people are picked, as the property `assignment` spells it."""

    LANE = "lane"
    PULL = "pull"
    ROUND_ROBIN = "roundRobin"
    LOAD_BALANCE = "loadBalance"
    ROUTING = "routing"
    CUSTOM = "custom"


ONE_MEMBER = (Way.ROUND_ROBIN, Way.LOAD_BALANCE)
"""Ways that pick one member of the work party."""

OF_LANES = (Way.LANE, Way.PULL, *ONE_MEMBER)
"""Ways that a lane may name for the user tasks in it."""

ARROW = "->"

_STRING_OR_ARROW = re.compile(rf'"(?:\\.|[^"\\])*"|{ARROW}', re.DOTALL)
"""A string of the expression language, in which an arrow is none, or an arrow."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the policy `routing`: to whom, if a condition is true."""

    condition: str
    target: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How people are picked for a user task.

    Attributes:
        way: Which policy.
        party: The work party that it picks from: text or expression.
        rules: Of the policy `routing`, in order.
        takes_all: Whether all rules that are true count, or the first one.
        resolver: Expression of the policy `custom`.
    """

    way: Way
    party: str | None = None
    rules: tuple[Rule, ...] = ()
    takes_all: bool = False
    resolver: str | None = None

    @property
    def group(self) -> str | None:
        """The work party whose members may do the task, where the model says so plainly."""
        is_plain = self.party is not None and not is_expression(self.party)
        return self.party if is_plain and self.way in (Way.LANE, Way.PULL) else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """People for a user task, as far as the engine can tell without knowing any.

    Attributes:
        way: Which policy.
        party: Name of the work party.
        targets: `user NAME`, `party NAME`, or names of either.
    """

    way: Way
    party: str | None = None
    targets: tuple[str, ...] = ()


def policy_of(process: Process, element: Element) -> Policy | None:
    """The policy of a user task; None where its own assignee and candidates count, or nobody is named.

    Worked out once; only for a process that has passed the rules.
    """
    return process.made_of(f"policy of {element.number}", lambda _: _policy_of(process, element))


def wanted(policy: Policy, evaluator: Evaluator) -> Wanted | None:
    """Whom a policy wants now, where that is not said plainly; None where it is.

    Where an expression has no answer, that is nobody: a person can assign the task, an incident would help
    nobody.
    """
    match policy.way:
        case Way.LANE | Way.PULL:
            party = policy.party
            if party is None or not is_expression(party):
                return None
            return Wanted(policy.way, targets=tuple(f"party {name}" for name in _names(evaluator, party)))
        case Way.ROUND_ROBIN | Way.LOAD_BALANCE:
            named = _names(evaluator, policy.party or "")
            return Wanted(policy.way, named[0] if named else None)
        case Way.ROUTING:
            return Wanted(policy.way, targets=tuple(_routed(policy, evaluator)))
    return Wanted(policy.way, targets=tuple(_names(evaluator, policy.resolver or "")))


def policies_make_sense(process: Process) -> Iterator[Cause]:
    """A policy is one that is known, and has what it picks from."""
    for element in process.of_type(ElementType.USER_TASK):
        for problem in _faults(process, element):
            yield fault(process, element, f"assignment of {element.bpmn_element_id}: {problem}")
    for lane in process.lanes:
        way = lane.property("assignment")
        if way is not None and way not in OF_LANES:
            name = lane.name or lane.bpmn_element_id
            problem = f"{way} is none of {', '.join(OF_LANES)}"
            yield fault(process, process.elements[0], f"assignment of lane {name}: {problem}")


def texts_of(element: Element) -> Iterator[str]:
    """What of a user task's policy may be an expression, as it is written; a condition always is one."""
    said = element.extension
    if (party := said.property("workParty")) is not None:
        yield party
    is_routing = said.property("assignment") == Way.ROUTING
    for _, text in _numbered(element):
        rule = _rule(text)
        if is_routing and rule:
            yield rule.condition
            yield rule.target
        elif not is_routing:
            yield text


# private


def _policy_of(process: Process, element: Element) -> Policy | None:
    said, lane = element.extension, process.lane(element)
    way = said.property("assignment")
    if way is None:
        if said.assignee or said.candidate_users or said.candidate_groups:
            return None
        way = (lane and lane.property("assignment")) or Way.LANE
    party = said.property("workParty") or _party_of(lane)
    if way == Way.LANE and party is None:
        return None
    texts = [text for _, text in _numbered(element)]
    return Policy(
        Way(way),
        party,
        tuple(filter(None, map(_rule, texts))) if way == Way.ROUTING else (),
        said.property("match") == "all",
        texts[0] if texts and way == Way.CUSTOM else None,
    )


def _party_of(lane: Lane | None) -> str | None:
    return None if lane is None else lane.property("workParty") or lane.name


def _numbered(element: Element) -> list[tuple[int, str]]:
    """The properties `rule N`, in the order of N."""
    found = []
    for key, text in element.extension.properties:
        word, _, number = key.partition(" ")
        if word == "rule" and number.strip().isdecimal():
            found.append((int(number), text))
    return sorted(found, key=lambda rule: rule[0])


def _rule(text: str) -> Rule | None:
    """Condition and target: what is before and behind the last arrow outside of strings."""
    arrows = [found for found in _STRING_OR_ARROW.finditer(text) if found[0] == ARROW]
    if not arrows:
        return None
    condition, target = text[: arrows[-1].start()].strip(), text[arrows[-1].end() :].strip()
    return Rule(_as_expression(condition), target) if condition and target else None


def _as_expression(condition: str) -> str:
    text = condition.strip()
    return text if is_expression(text) else f"={text}"


def _faults(process: Process, element: Element) -> Iterator[str]:
    said = element.extension
    way, match, rules = said.property("assignment"), said.property("match"), _numbered(element)
    if way is not None and way not in list(Way):
        yield f"{way} is none of {', '.join(Way)}"
        return
    if match not in (None, "any", "all"):
        yield f"match {match} is none of any, all"
    if way in (Way.LANE, Way.PULL, *ONE_MEMBER) and not (
        said.property("workParty") or _party_of(process.lane(element))
    ):
        yield f"{way} needs a workParty"
    if way in (Way.ROUTING, Way.CUSTOM) and not rules:
        yield f"{way} needs a rule 1"
    for number, text in rules if way == Way.ROUTING else ():
        if _rule(text) is None:
            yield f"rule {number} is no condition {ARROW} target: {text}"


def _routed(policy: Policy, evaluator: Evaluator) -> Iterator[str]:
    for rule in policy.rules:
        try:
            holds = evaluator.value(rule.condition) is True
        except EvaluationFailed:
            holds = False
        if holds:
            yield from _names(evaluator, rule.target) if is_expression(rule.target) else [rule.target]
            if not policy.takes_all:
                return


def _names(evaluator: Evaluator, text: str) -> list[str]:
    """The names that a text comes to, each once: a text, a list, or a context of `users` and `parties`.

    Everybody sees them, so that none is made of an encrypted variable.
    """
    try:
        found = list(dict.fromkeys(_listed(evaluator.json(text))))
    except EvaluationFailed:
        return []
    return [] if evaluator.saw_secret else found


def _listed(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _listed(value.get("users"), "user ")
        yield from _listed(value.get("parties"), "party ")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for member in value:
            yield from _listed(member, prefix)
    elif value is not None and (name := str(value).strip()):
        yield prefix + name

"""Expressions of the model, evaluated where a token is.

An expression sees the variables of encoding `json`, those of the element first, then those of the scopes
around it, then those of the process scope. A boundary event sees what its activity sees. Two names are
reserved: `instance` and `element`.

The language is loaded with the first expression, so that an engine without any does not wait for it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..bpmn.extension import is_expression
from ..bpmn.model import Process, SequenceFlow, Timer
from ..bpmn.types import Family
from .instance import Scope
from .records import ElementInstance, Instant, Variable
from .states import JobType
from .timers import evaluated_timer

if TYPE_CHECKING:
    from ..expressions import Expression
    from .step import Step

ENCODING = "json"
"""Of the variables that expressions see and make."""

LONGEST = 1000
"""Characters of a name, a code, a key or a person that an expression comes to."""


_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a surrogate pair; most often the other half is there, too."""


class EvaluationFailed(Exception):
    """The model has no answer where it has to have one: a person must look.

    Attributes:
        reason: Names the text and the fact.
        asks: The job that would ask, had the model said nothing.
    """

    def __init__(self, reason: str, asks: JobType = JobType.EXECUTE) -> None:
        """Keep both."""
        super().__init__(reason)
        self.reason = reason
        self.asks = asks


class Values(Protocol):
    """Where the values of variables are."""

    def stored(self, variable: Variable) -> str:
        """The value as it is stored: the text as given, or its cipher text."""
        ...

    def clear(self, variable: Variable) -> str:
        """The text as given."""
        ...

    def encrypt(self, text: str) -> str:
        """Cipher text of a value."""
        ...


class _AtHand:
    """Values that lie in the process instance, none of them encrypted."""

    def stored(self, variable: Variable) -> str:
        return variable.value or ""

    clear = stored

    def encrypt(self, text: str) -> str:
        raise EvaluationFailed("there is no key to encrypt with")


AT_HAND: Values = _AtHand()


class _Found(NamedTuple):
    """What a name stands for; `is_secret`: whether it was encrypted."""

    value: Any
    is_secret: bool = False


class Names(Mapping[str, Any]):
    """The names that an expression sees; there are none where no process instance is.

    Attributes:
        saw_secret: Whether an encrypted variable was looked up; whoever asks sets it back.
        faults: Why variables that exist are not seen.
    """

    def __init__(self) -> None:
        """Look nothing up yet."""
        self.saw_secret = False
        self.faults: list[str] = []

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def forget(self, name: str) -> None:
        """The variable has changed."""


class VariableNames(Names):
    """The names that an expression sees at an element instance, each looked up once."""

    def __init__(self, step: "Step", token: ElementInstance) -> None:
        """Look nothing up yet."""
        super().__init__()
        self._step = step
        self._token = token
        self._scopes: list[Scope] = [*scopes_around(step, token), None]
        self._found: dict[str, _Found] = {}

    def __getitem__(self, name: str) -> Any:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._look_up(name)
        self.saw_secret = self.saw_secret or found.is_secret
        return found.value

    def __contains__(self, name: object) -> bool:
        return name in RESERVED or self._variable(str(name)) is not None

    def __iter__(self) -> Iterator[str]:
        scopes = set(self._scopes)
        seen = [v.name for (scope, _), v in self._variables() if scope in scopes and v.encoding == ENCODING]
        return iter(dict.fromkeys([*RESERVED, *seen]))

    def forget(self, name: str) -> None:
        """The variable has changed."""
        self._found.pop(name, None)

    def _variables(self) -> list[tuple[tuple[Scope, str], Variable]]:
        return list(self._step.instance.variables.items())

    def _look_up(self, name: str) -> _Found:
        if name in RESERVED:
            return _Found(RESERVED[name](self._step, self._token))
        variable = self._variable(name)
        if variable is None:
            raise KeyError(name)
        return _Found(self._read(variable), variable.encrypted)

    def _read(self, variable: Variable) -> Any:
        """The value, read once in a step as long as it stays the same."""
        stored = self._step.values.stored(variable)
        text, value = self._step.values_read.get(variable.id, (None, None))
        if text is stored:
            return value
        try:
            clear = self._step.values.clear(variable)
            value = json.loads(clear, parse_float=Decimal)
        except (ValueError, InvalidOperation, RecursionError):
            self.faults.append(f"variable {variable.name} is not the JSON that its encoding promises")
            return None
        if _HALF.search(clear):
            value = _without_halves(value)
        self._step.values_read[variable.id] = (stored, value)
        return value

    def _variable(self, name: str) -> Variable | None:
        """The nearest one of the name that can be seen."""
        hidden = None
        for scope in self._scopes:
            variable = self._step.instance.variables.get((scope, name))
            if variable is not None and variable.encoding == ENCODING:
                return variable
            hidden = hidden or variable
        if hidden is not None:
            fact = f"variable {name} has encoding {hidden.encoding}, expressions see {ENCODING}"
            self.faults += [] if fact in self.faults else [fact]
        return None


class Evaluator:
    """Evaluates texts of the model.

    Attributes:
        names: What they see.
        asks: The job that would ask, had the model said nothing.
    """

    def __init__(self, process: Process, names: Names, now: Instant, asks: JobType = JobType.EXECUTE) -> None:
        """Begin; nothing is looked up."""
        self.names = names
        self.asks = asks
        self._process = process
        self._now = now
        self._warnings: list[str] = []

    @classmethod
    def at(cls, step: "Step", token: ElementInstance, asks: JobType = JobType.EXECUTE) -> "Evaluator":
        """Evaluates at an element instance."""
        return cls(step.process, VariableNames(step, token), step.now, asks)

    @property
    def saw_secret(self) -> bool:
        """Whether what was evaluated last has looked at an encrypted variable."""
        return self.names.saw_secret

    def value(self, text: str) -> Any:
        """What an expression comes to, a value of the language.

        Raises:
            EvaluationFailed: It would take too much, or is none.
        """
        from ..expressions import InvalidExpression, TooMuch

        self._warnings.clear()
        self.names.faults.clear()
        self.names.saw_secret = False
        try:
            expression = compiled(self._process, text)
            return expression.evaluate(self.names, now=self._now, warnings=self._warnings)
        except (InvalidExpression, TooMuch) as fault:
            raise self._too_much(text, fault) from fault

    def json(self, text: str) -> Any:
        """What a text says, as JSON; a text that is no expression says itself.

        Raises:
            EvaluationFailed: It would take too much, or is none.
        """
        if not is_expression(text):
            self.names.saw_secret = False
            return text
        from ..expressions import TooMuch, to_json

        value = self.value(text)
        try:
            return to_json(value)
        except TooMuch as fault:
            raise self._too_much(text, fault) from fault

    def shown(self, text: str, what: str) -> Any:
        """What an expression comes to that is kept in clear, where everybody may see it.

        Args:
            text: The expression.
            what: What it is, in a sentence.

        Raises:
            EvaluationFailed: It is made of an encrypted variable, or would take too much.
        """
        value = self.value(text)
        if self.saw_secret:
            raise EvaluationFailed(f"{what} would show what is encrypted: {text}", self.asks)
        return value

    def text(self, text: str, what: str) -> str:
        """What a text says, as text; one that is no expression says itself.

        Args:
            text: The text of the model.
            what: What it is, in a sentence.

        Raises:
            EvaluationFailed: It comes to nothing that has a text, or to one that is too long, or it is made
                of an encrypted variable.
        """
        if not is_expression(text):
            return text
        from ..expressions.texts import to_text

        value = to_text(self.shown(text, what))
        if not value:
            raise EvaluationFailed(f"{what} comes to nothing: {self.explained(text)}", self.asks)
        if len(value) > LONGEST:
            raise EvaluationFailed(f"{what} has more than {LONGEST:,} characters: {text}", self.asks)
        return value

    def holds(self, flow: SequenceFlow) -> bool:
        """Whether the condition of a flow is true.

        Raises:
            EvaluationFailed: It would take too much, or is none.
        """
        if flow.condition is None:
            return False
        value = self.value(flow.condition)
        if value is not None and not isinstance(value, bool):
            self._warnings.append("it comes to something that is neither true nor false")
        return value is True

    def timer(self, timer: Timer) -> Timer:
        """A timer with what its expressions come to; one without expressions stays as it is.

        Raises:
            ValueError: An expression comes to nothing that a timer can be.
            EvaluationFailed: An expression would take too much, is none, or is made of an encrypted variable.
        """
        return evaluated_timer(timer, lambda text: self.shown(text, "the timer"), self.explained)

    def explained(self, text: str) -> str:
        """The text that was evaluated last, and why something in it was null.

        What was encrypted stays out of it: what the language says may have it.
        """
        reasons = [*self.names.faults, *(() if self.saw_secret else self._warnings)]
        return f"{text} ({'; '.join(dict.fromkeys(reasons))})" if reasons else text

    def _too_much(self, text: str, fault: Exception) -> EvaluationFailed:
        reason = "it takes too much" if self.saw_secret else str(fault)
        return EvaluationFailed(f"{text}: {reason}", self.asks)


def compiled(process: Process, text: str) -> "Expression":
    """An expression of the model, compiled once per process.

    Raises:
        InvalidExpression: It is none.
    """
    from ..expressions.dialects import compile_model_text

    return process.made_of(text, compile_model_text)


def scopes_around(step: "Step", token: ElementInstance) -> Iterator[int]:
    """An element instance and those around it, innermost first.

    A boundary event is inside of its activity, as far as names go.
    """
    place: ElementInstance | None = token
    tokens, elements = step.instance.element_instances, step.process.elements
    while place is not None:
        yield place.id
        is_hosted = place.host_id is not None and elements[place.element].family is Family.BOUNDARY_EVENT
        place = tokens.get((place.host_id if is_hosted else place.parent_id) or 0)


def _without_halves(value: Any) -> Any:
    """JSON without halves of surrogate pairs, which no text can be stored with."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_halves(entry) for entry in value]
    if isinstance(value, dict):
        return {_without_halves(name): _without_halves(entry) for name, entry in value.items()}
    return value


def _instance(step: "Step", token: ElementInstance) -> dict[str, Any]:
    instance = step.instance
    return {
        "partition": instance.partition,
        "id": instance.id,
        "correlationKey": instance.correlation_key,
        "tags": dict(instance.tags),
        "startedAt": _date_time(instance.started_at),
    }


def _element(step: "Step", token: ElementInstance) -> dict[str, Any]:
    element = step.process.elements[token.element]
    return {
        "id": element.bpmn_element_id,
        "name": element.name,
        "type": element.type.value,
        "createdAt": _date_time(token.created_at),
        "properties": dict(element.extension.properties),
    }


def _date_time(moment: Instant | None) -> Any:
    from ..expressions.texts import from_instant

    return None if moment is None else from_instant(moment)


RESERVED = {"instance": _instance, "element": _element}
"""Names that always mean the same."""

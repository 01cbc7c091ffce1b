"""Job handlers in Python, run the same by a polling worker and by a queue.

They are registered by process and element, or by the work type that the model gives to elements.

A handler is a plain function of the user's: it gets the job and variables by name, and answers variables.

    worker = Worker()

    @worker.job("orderFulfilment", "chargeCard")
    def charge_card(job: Job, order: Order) -> dict[str, str]:
        return {"receipt": f"{order.price} EUR"}

It fails by an exception:

    BpmnError     throws an error at the element, for a boundary event to catch
    Escalation    throws an escalation at the element
    Failure       fails the job, with retries of its own
    any other     fails the job, with the retries that the handler was registered with

What trying again cannot heal is an incident at once: a variable that is missing or does not fit its type, an
answer that cannot be said as JSON. This module knows no network and nothing of the engine.
"""

import inspect
import logging
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from .completion import DELETED, CalledProcess, Completion, Encoded, Json, Unfit, Values, body, duration, iso
from .job import JSON, Given, Job, Record, Source, Unavailable

__all__ = [
    "DELETED",
    "BpmnError",
    "CalledProcess",
    "Completion",
    "Element",
    "Encoded",
    "Escalation",
    "Failure",
    "Given",
    "Handler",
    "InvalidHandler",
    "Job",
    "Place",
    "Source",
    "Unavailable",
    "Variable",
    "Worker",
    "perform",
]

RETRIES = 3
BACKOFF = "PT10S"
"""Of handlers that say nothing, at elements whose model says nothing."""

LONGEST_BACKOFF = timedelta(hours=1)
"""Where doubling ends."""

LONGEST_ERROR = 2000
"""Characters of a job's error text; it is kept with the process instance."""

EXECUTE = "EXECUTE"
"""The only type of job that can throw an error or an escalation."""

log = logging.getLogger("bpmn.worker")

Function = TypeVar("Function", bound=Callable[..., Any])


class InvalidHandler(Exception):
    """A function cannot be the handler of an element; the text names both."""


class BpmnError(Exception):
    """Throws an error at the element; if nothing in the diagram catches it, the job fails."""

    def __init__(self, code: str, *, variables: Values | None = None) -> None:
        """Throw.

        Args:
            code: Code of the error, not empty.
            variables: For the process scope, see `Completion.variables`.
        """
        super().__init__(code)
        self.code, self.variables = _code(code), variables or {}


class Escalation(Exception):
    """Throws an escalation at the element; if nothing in the diagram catches it, the job fails.

    If the boundary event that catches it does not interrupt, the element goes on: the engine makes another
    job for it.
    """

    def __init__(
        self, code: str, *, variables: Values | None = None, again_after: timedelta | str | None = None
    ) -> None:
        """Throw.

        Args:
            code: Code of the escalation, not empty.
            variables: For the process scope, see `Completion.variables`.
            again_after: When the next job of an element that goes on is due, from now on; None: at once.
        """
        super().__init__(code)
        self.code, self.variables = _code(code), variables or {}
        self.again_after = None if again_after is None else duration(again_after)


class Failure(Exception):
    """The work failed."""

    def __init__(
        self, text: str, *, retries: int | None = None, retry_after: timedelta | str | None = None
    ) -> None:
        """Fail.

        Args:
            text: Why, for the people who look at the job or its incident.
            retries: How many retries there may be in all; 0 makes an incident at once; None: as registered.
            retry_after: When the next one is due, from now on; None: as registered.
        """
        super().__init__(text)
        self.retries = retries
        self.retry_after = None if retry_after is None else duration(retry_after)


@dataclass(frozen=True, slots=True)
class Variable:
    """Says which variable a parameter is: `Annotated[str, Variable("order-id")]`.

    Attributes:
        name: Name of the variable; empty: that of the parameter.
        of_element: Whether it is looked for at the element and in the scopes around it, innermost first,
            before the process scope.
    """

    name: str = ""
    of_element: bool = False


class Element(NamedTuple):
    """An element of a process, by the ids of the BPMN file."""

    bpmn_process_id: str
    bpmn_element_id: str

    def __str__(self) -> str:
        """How texts name it."""
        return f"{self.bpmn_element_id} of {self.bpmn_process_id}"


Place = Element | str
"""Whose jobs a handler does: those of an element, or of a work type."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a handler that takes a variable.

    Attributes:
        name: Of the parameter.
        variable: The variable that it takes.
        adapter: Parses the value.
        is_required: Whether the job fails without the variable.
        takes_rest: Whether it is `**`: it takes all variables of the process scope that no other one takes.
    """

    name: str
    variable: Variable
    adapter: TypeAdapter[Any]
    is_required: bool
    takes_rest: bool

    def parse(self, variable: Record) -> object:
        """The value as the annotation wants it.

        Raises:
            Unfit: It is another one.
        """
        data = variable["data"]
        try:
            if data["encoding"] == JSON:
                return self.adapter.validate_json(data["value"])
            return self.adapter.validate_python(data["value"])
        except ValidationError as fault:
            # Without the value: it may be a secret.
            facts = "; ".join(
                ": ".join(filter(None, [".".join(map(str, error["loc"])), error["msg"]]))
                for error in fault.errors(include_input=False, include_url=False)
            )
            raise Unfit(f"variable {variable['name']} does not fit: {facts}") from None


@dataclass(frozen=True)
class Handler:
    """A function and whose jobs it does.

    Attributes:
        place: The element, or the work type.
        function: The function.
        retries: How often a failed job is tried again; None: as the model says, or else three times.
        backoff: When the first retry is due, after the failure; doubled for each further one. None: as the
            model says, which is the same for all, or else ten seconds.
    """

    place: Place
    function: Callable[..., Any]
    retries: int | None
    backoff: timedelta | None

    @property
    def name(self) -> str:
        """How texts name it: `orders.handlers.check_stock`."""
        return _name(self.function)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters behind the job; annotations are read now, so that they may name what comes later.

        Raises:
            InvalidHandler: An annotation names nothing, or no type that a variable can have.
        """
        try:
            hints = typing.get_type_hints(self.function, include_extras=True)
        except Exception as fault:
            raise InvalidHandler(f"annotations of {self.name} cannot be read: {fault}") from fault
        _, *behind = inspect.signature(self.function).parameters.values()
        return tuple(self._parameter(row, hints.get(row.name, Any)) for row in behind)

    def arguments(self, job: Job) -> dict[str, object]:
        """What the function is called with besides the job; reads no variable that it does not take.

        Raises:
            Unfit: A variable is missing, or does not fit.
            Unavailable: Variables cannot be read now.
            InvalidHandler: As `parameters`.
        """
        found = self._found(job.source)
        arguments: dict[str, object] = {}
        for parameter in self.parameters:
            name = parameter.variable.name
            if parameter.takes_rest:
                taken = {other.variable.name for other in self.parameters}
                rest = {name: parameter.parse(row) for name, row in found.items() if name not in taken}
                arguments |= rest
            elif name in found:
                arguments[parameter.name] = parameter.parse(found[name])
            elif parameter.is_required:
                raise Unfit(f"variable {name} is missing")
        return arguments

    def limit(self, job: Job) -> int:
        """How often a job is tried again."""
        if self.retries is not None:
            return self.retries
        return RETRIES if job.retry_limit is None else job.retry_limit

    def retry_after(self, job: Job) -> str:
        """When the next retry of a job is due, after its failure."""
        if self.backoff is None and job.retry_timer is not None:
            return job.retry_timer
        backoff = duration(BACKOFF) if self.backoff is None else self.backoff
        longest = max(LONGEST_BACKOFF, backoff)
        # An hour is less than 2 ** 32 microseconds: a larger power changes nothing, but may be too large.
        doubled: timedelta = backoff * 2 ** min(job.retry_count, 32)
        return iso(min(doubled, longest))

    def _parameter(self, row: inspect.Parameter, hint: Any) -> Parameter:
        marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Variable)]
        mark = marks[0] if marks else Variable()
        takes_rest = row.kind is row.VAR_KEYWORD
        try:
            adapter = TypeAdapter(hint)
        except PydanticUserError as fault:
            raise InvalidHandler(
                f"parameter {row.name} of {self.name} has no usable type: {fault}"
            ) from fault
        # The name of ** is no variable.
        name = "" if takes_rest else mark.name or row.name
        is_required = row.default is row.empty and not takes_rest
        return Parameter(row.name, Variable(name, mark.of_element), adapter, is_required, takes_rest)

    def _found(self, source: Source) -> dict[str, Record]:
        """The variables that the parameters want and that exist, with at most two reads."""
        of_element = {row.variable.name for row in self.parameters if row.variable.of_element}
        found = _by_name(source.element_variables(of_element)) if of_element else {}
        if any(row.takes_rest for row in self.parameters):
            return _by_name(source.process_variables(None)) | found
        missing = {row.variable.name for row in self.parameters} - found.keys()
        return (_by_name(source.process_variables(missing)) if missing else {}) | found


@dataclass
class Worker:
    """The handlers of one program, by what they are for."""

    _handlers: dict[Place, Handler] = field(default_factory=dict)

    def job(
        self,
        bpmn_process_id: str = "",
        bpmn_element_id: str = "",
        *,
        work_type: str = "",
        retries: int | None = None,
        backoff: timedelta | str | None = None,
    ) -> Callable[[Function], Function]:
        """Register the decorated function, which stays as it is, for all jobs of an element or a work type.

        `job.type` says what a job asks; most elements ask one thing only. A job of a work type is always
        work, in whatever process; where its element has a handler, too, that one does it.

        Args:
            bpmn_process_id: Process id in the BPMN file.
            bpmn_element_id: Id of an element of the process.
            work_type: What models name as the type of the work, in place of process and element.
            retries: How often a failed job is tried again before it causes an incident; None: as the model
                says, or else three times.
            backoff: When the first retry is due, after the failure; doubled for each further one, up to an
                hour. None: as the model says, or else ten seconds.

        Raises:
            InvalidHandler: The element or the work type has a handler, or the function cannot be one, or it
                is not said whose jobs it does.
        """

        def register(function: Function) -> Function:
            place = _place(bpmn_process_id, bpmn_element_id, work_type, function)
            self._add(_handler(place, function, retries, backoff))
            return function

        return register

    def find(
        self, bpmn_process_id: str, bpmn_element_id: str, work_type: str | None = None
    ) -> Handler | None:
        """The handler of an element, or else of its work type, if there is one."""
        found = self._handlers.get(Element(bpmn_process_id, bpmn_element_id))
        return found or (self._handlers.get(work_type) if work_type else None)

    def places(self) -> frozenset[Place]:
        """The elements and the work types that have a handler."""
        return frozenset(self._handlers)

    def elements(self) -> frozenset[Element]:
        """The elements that have a handler."""
        return frozenset(place for place in self._handlers if isinstance(place, Element))

    def work_types(self) -> frozenset[str]:
        """The work types that have a handler."""
        return frozenset(place for place in self._handlers if isinstance(place, str))

    def beside(self, other: "Worker") -> "Worker":
        """The handlers of both; those of this one where both have one for the same."""
        return Worker({**other._handlers, **self._handlers})

    def check(self) -> None:
        """Read the annotations of all handlers, so that a wrong one is found before the first job.

        Raises:
            InvalidHandler: One names nothing, or no type that a variable can have.
        """
        for handler in self:
            _ = handler.parameters

    def __iter__(self) -> Iterator[Handler]:
        """The handlers, in the order of their registration."""
        return iter(self._handlers.values())

    def _add(self, handler: Handler) -> None:
        other = self._handlers.setdefault(handler.place, handler)
        if other is not handler:
            raise InvalidHandler(f"{_told(handler.place)} has two handlers: {other.name}, {handler.name}")


def perform(handler: Handler, job: Job) -> Json:
    """Do one job: call its handler with the variables that it takes.

    Returns:
        The body of `completeJob` in the words of the API, without `workerId`; also if the work failed.

    Raises:
        Unavailable: The variables cannot be read now; the job is as it was.
        InvalidHandler: See `Worker.check`.
    """
    try:
        return body(handler.function(job, **handler.arguments(job)))
    except (Unavailable, InvalidHandler):
        raise
    except (BpmnError, Escalation) as thrown:
        return _thrown(handler, job, thrown)
    except Failure as failure:
        log.info("%s failed: %s", job, failure)
        return _failed(handler, job, str(failure) or "failed", failure.retries, failure.retry_after)
    except Unfit as fault:
        log.warning("%s failed: %s: %s", job, handler.name, fault)
        return _failed(handler, job, str(fault), retries=0)
    except (Exception, SystemExit) as fault:
        log.warning("%s failed in %s", job, handler.name, exc_info=True)
        return _failed(handler, job, ": ".join(filter(None, [type(fault).__name__, str(fault)])))


def _thrown(handler: Handler, job: Job, thrown: BpmnError | Escalation) -> Json:
    kind = type(thrown).__name__
    if job.type != EXECUTE:
        text = f"{kind} {thrown.code} cannot be thrown by a job of type {job.type}, only by {EXECUTE}"
        return _failed(handler, job, text, retries=0)
    try:
        result = body(thrown.variables)
    except Unfit as fault:
        return _failed(handler, job, f"{kind} {thrown.code}: {fault}", retries=0)
    if isinstance(thrown, BpmnError):
        return result | {"completion": {"errorCode": thrown.code}}
    again = {"retryTimer": iso(thrown.again_after)} if thrown.again_after else {}
    return result | {"completion": {"escalationCode": thrown.code}} | again


def _failed(
    handler: Handler, job: Job, text: str, retries: int | None = None, retry_after: timedelta | None = None
) -> Json:
    limit = handler.limit(job) if retries is None else retries
    after = handler.retry_after(job) if retry_after is None else iso(retry_after)
    failed: Json = {"error": _short(f"{handler.name}: {text}")}
    if limit > job.retry_count:
        return failed | {"retryLimit": limit, "retryTimer": after}
    # Where nothing is said, the model's retries apply. An engine that does not know the field says none.
    return failed | ({"noRetry": True} if (job.retry_limit or 0) > job.retry_count else {})


def _place(bpmn_process_id: str, bpmn_element_id: str, work_type: str, function: object) -> Place:
    is_element = bool(bpmn_process_id and bpmn_element_id)
    is_half = bool(bpmn_process_id) != bool(bpmn_element_id)
    if is_half or is_element == bool(work_type):
        name = _name(function) if callable(function) else "a handler"
        raise InvalidHandler(f"{name} must name either process and element, or a work type")
    return work_type or Element(bpmn_process_id, bpmn_element_id)


def _told(place: Place) -> str:
    """How texts name whose jobs a handler does."""
    return f"work type {place}" if isinstance(place, str) else f"element {place}"


def _handler(place: Place, function: object, retries: int | None, backoff: timedelta | str | None) -> Handler:
    """Judge what can be judged without reading annotations."""
    if not callable(function):
        raise InvalidHandler(f"the handler of {_told(place)} is no function")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise InvalidHandler(f"{_name(function)} must be a plain function, not async and no generator")
    rows = list(inspect.signature(function).parameters.values())
    if not rows or rows[0].kind not in (inspect.Parameter.POSITIONAL_ONLY, rows[0].POSITIONAL_OR_KEYWORD):
        raise InvalidHandler(f"the first parameter of {_name(function)} must be the job")
    for row in rows[1:]:
        if row.kind in (row.POSITIONAL_ONLY, row.VAR_POSITIONAL):
            raise InvalidHandler(f"parameter {row.name} of {_name(function)} cannot be given by name")
    if retries is not None and retries < 0:
        raise InvalidHandler(f"{_name(function)} has {retries} retries")
    try:
        return Handler(place, function, retries, None if backoff is None else duration(backoff))
    except ValueError as fault:
        raise InvalidHandler(f"the backoff of {_name(function)} is wrong: {fault}") from fault


def _by_name(variables: typing.Iterable[Record]) -> dict[str, Record]:
    return {variable["name"]: variable for variable in variables if variable.get("data")}


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', '?')}.{name}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


def _code(code: str) -> str:
    if not code:
        raise ValueError("the code is empty")
    return code

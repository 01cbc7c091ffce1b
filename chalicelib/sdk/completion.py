"""What a handler hands back, and the body of `completeJob` that is made of it."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeGuard

from pydantic import BaseModel, Secret, SecretStr, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from .job import JSON

Json = dict[str, Any]


class Fields(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Values = Mapping[str, object] | BaseModel | Fields
"""Values by name: of a mapping, or of the fields of a pydantic model or a dataclass."""

NAME = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
"""What the API takes as the name of a variable."""

_DURATION = TypeAdapter(timedelta)


class Unfit(Exception):
    """What a handler gave or was to be given does not fit; trying again changes nothing."""


class Deleted:
    """The type of `DELETED`."""

    def __repr__(self) -> str:
        """As it is imported."""
        return "DELETED"


DELETED = Deleted()
"""As the value of a variable: the variable is deleted."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The value of a variable in another encoding than JSON; the engine keeps it as it is.

    Attributes:
        value: The text, not empty.
        encoding: What readers are told about it.
    """

    value: str
    encoding: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledProcess:
    """What a call activity starts: the answer to a job of type CALL_PROCESS.

    Attributes:
        bpmn_process_id: Process id in the BPMN file; None: the one that the model names.
        version: None: the latest.
        correlation_key: Of the called process instance.
        tags: Of the called process instance.
        variables: Of the called process instance, see `Completion.variables`.
    """

    bpmn_process_id: str | None = None
    version: str | None = None
    correlation_key: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    variables: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """All that a completed job can bring back; which field counts depends on the type of the job.

    A value is anything that pydantic can say as JSON. In `pydantic.Secret(...)` or `SecretStr` it is kept
    encrypted; `Encoded` is text in another encoding; `DELETED` deletes the variable.

    Attributes:
        variables: For the process scope.
        element_variables: For the element by name, or for a scope around it by `element/name`.
        exclusive_gateway_decision: Id of the element where the token goes on.
        inclusive_gateway_decision: Ids of all elements where tokens go on.
        message_name: Answers SUBSCRIBE_MESSAGE.
        message_correlation_key: Answers SUBSCRIBE_MESSAGE and SET_MESSAGE_CORRELATION_KEY.
        signal_name: Answers SUBSCRIBE_SIGNAL and SET_SIGNAL_NAME.
        error_code: Answers SET_ERROR_CODE. To throw an error, raise `BpmnError`.
        escalation_code: Answers SET_ESCALATION_CODE. To throw an escalation, raise `Escalation`.
        timer: Answers SET_TIMER: a point in time, a duration (`timedelta`, or ISO 8601 text for months and
            years), or a cycle as text (CRON, or `R3/PT10M`).
        called_process: Answers CALL_PROCESS.
    """

    variables: Values = field(default_factory=dict)
    element_variables: Values = field(default_factory=dict)
    exclusive_gateway_decision: str | None = None
    inclusive_gateway_decision: Sequence[str] = ()
    message_name: str | None = None
    message_correlation_key: str | None = None
    signal_name: str | None = None
    error_code: str | None = None
    escalation_code: str | None = None
    timer: datetime | timedelta | str | None = None
    called_process: CalledProcess | None = None


def body(result: object) -> Json:
    """The body of `completeJob`, without the worker's id, for what a handler has answered.

    Raises:
        Unfit: It is nothing that a handler may answer.
    """
    completion = result if isinstance(result, Completion) else Completion(variables=_values(result))
    return _set_fields(
        processVariables=[_variable(*item) for item in _items(completion.variables)],
        elementVariables=[_element_variable(*item) for item in _items(completion.element_variables)],
        completion=_set_fields(
            exclusiveGatewayDecision=completion.exclusive_gateway_decision,
            inclusiveGatewayDecision=_ids(completion.inclusive_gateway_decision),
            messageName=completion.message_name,
            messageCorrelationKey=completion.message_correlation_key,
            signalName=completion.signal_name,
            errorCode=completion.error_code,
            escalationCode=completion.escalation_code,
            timer=_timer(completion.timer),
            calledProcess=_called(completion.called_process),
        ),
    )


def duration(value: timedelta | str) -> timedelta:
    """A duration that is not negative.

    Raises:
        ValueError: It is none. Text is ISO 8601, `PT10S`.
    """
    try:
        length = _DURATION.validate_python(value)
    except ValidationError:
        raise ValueError(f"{value!r} is no duration, like PT10S") from None
    if length < timedelta():
        raise ValueError(f"{value!r} is negative")
    return length


def iso(length: timedelta) -> str:
    """A duration as ISO 8601 text."""
    return str(_DURATION.dump_python(length, mode="json"))


def _values(result: object) -> Values:
    if result is None:
        return {}
    if isinstance(result, Mapping | BaseModel) or _is_dataclass(result):
        return result
    raise Unfit(
        f"answered {_a(result)}; it may be None, a mapping, a dataclass, a pydantic model or a Completion"
    )


def _is_dataclass(value: object) -> TypeGuard[Fields]:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _items(values: object) -> Iterator[tuple[str, object]]:
    """Names and values; a pydantic model decides itself what is said as JSON, and under which name."""
    if isinstance(values, BaseModel):
        yield from _items_of_model(values)
    elif isinstance(values, Mapping):
        yield from values.items()
    elif _is_dataclass(values):
        for row in dataclasses.fields(values):
            yield row.name, getattr(values, row.name)
    else:
        raise Unfit(f"answered {_a(values)} as variables; they may be a mapping, a dataclass or a model")


def _items_of_model(model: BaseModel) -> Iterator[tuple[str, object]]:
    hidden = {}
    for name, row in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, Secret | SecretStr):
            hidden[row.serialization_alias or name] = value
    try:
        yield from (model.model_dump(mode="json", by_alias=True) | hidden).items()
    except PydanticSerializationError as fault:
        raise Unfit(f"answered {_a(model)}, which is no JSON: {fault}") from None


def _variable(name: object, value: object) -> Json:
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise Unfit(f"answered a variable {name!r}; names have letters, digits, - and _ only")
    return {"name": name} if value is DELETED else {"name": name, "data": _data(name, value)}


def _element_variable(name: object, value: object) -> Json:
    element, slash, rest = str(name).rpartition("/")
    variable = _variable(rest if slash else name, value)
    return {"bpmnElementId": element, **variable} if slash else variable


def _data(name: str, value: object) -> Json:
    if isinstance(value, Secret | SecretStr):
        return {**_data(name, value.get_secret_value()), "encrypted": True}
    if isinstance(value, Encoded):
        if not (value.encoding and value.value):
            raise Unfit(f"answered variable {name} without {'value' if value.encoding else 'encoding'}")
        return {"encoding": value.encoding, "value": value.value}
    try:
        # JSON has no NaN; as text, pydantic reads it back as a number.
        return {"encoding": JSON, "value": to_json(value, inf_nan_mode="strings").decode()}
    except ValueError as fault:
        raise Unfit(f"answered {_a(value)} as variable {name}, which is no JSON: {fault}") from None


def _ids(elements: Sequence[str]) -> list[str]:
    if isinstance(elements, str):
        raise Unfit("answered text as inclusive gateway decision; it may be a list of element ids")
    return list(elements)


def _timer(value: datetime | timedelta | str | None) -> Json | None:
    match value:
        case None:
            return None
        case datetime():
            if value.tzinfo is None:
                raise Unfit(f"answered the timer {value.isoformat()}, which has no time zone")
            return {"time": value.isoformat()}
        case timedelta():
            return {"timeDuration": iso(value)}
        case str():
            return {"timeDuration" if value.startswith("P") else "timeCycle": value}
    raise Unfit(f"answered {_a(value)} as timer; it may be a datetime, a timedelta or text")


def _called(called: CalledProcess | None) -> Json | None:
    if called is None:
        return None
    return _set_fields(
        bpmnProcessId=called.bpmn_process_id,
        version=called.version,
        correlationKey=called.correlation_key,
        tags=[_set_fields(name=name, value=value) for name, value in called.tags.items()],
        variables=[_variable(*item) for item in _items(called.variables)],
    )


def _a(value: object) -> str:
    """What something is, never what it says: that may be a secret."""
    return f"a value of type {type(value).__qualname__}"


def _set_fields(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value or isinstance(value, bool)}

"""How the Microflow Runtime answers: six keys, ten keys or a word, and refusals in the same shape."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import Response

from ..contract.commands import Command
from ..contract.microflow import PLAIN, MicroflowAnswer, RunMicroflow
from ..contract.operation import Operation
from ..contract.process_runtime import ClassActionAnswer
from ..contract.results import Result
from ..service.class_actions import failed
from ..service.written import written
from .surface import Refusal

Json = dict[str, Any]

JSON = "application/json;charset=UTF-8"

SUCCESS = "SUCCESS"
REFRESHED = "RefreshCache Success"
NOT_REFRESHED = "RefreshCache Failed"


@dataclass(frozen=True, slots=True)
class MicroflowVoice:
    """Says each operation in its own shape.

    Attributes:
        error_status: `responseStatus` of what has failed.
        has_empty_outputs: Whether a microflow that has failed answers its business objects, empty.
        largest_answer: Bytes that an answer may have where it runs; None: any number.
    """

    error_status: str = "ERROR"
    has_empty_outputs: bool = False
    largest_answer: int | None = None

    def answer(self, operation: Operation, command: Command, result: Any) -> Response:
        """Say what has come of it; that a microflow has failed has HTTP status 200, too."""
        if operation.result is None:
            return _text(200, REFRESHED)
        response = _json(200, _ANSWERS.get(operation.result, _as_it_is)(self, command, result))
        if isinstance(command, RunMicroflow) and self._is_too_large(response.body):
            fact = f"the answer has more than {self.largest_answer} bytes"
            return _json(200, self.ran(command.flow_name, {}, fact, result["trace"]))
        return response

    def refuse(self, operation: Operation, given: Mapping[str, Any], refusal: Refusal) -> Response:
        """The same shape with what is wrong."""
        if operation.result is None:
            # Who is not let in hears it by the status; everything else is a failure of the server.
            status = refusal.status if refusal.status in (401, 403) else 500
            return _text(status, f"{NOT_REFRESHED}: {refusal.message}")
        if operation.result is ClassActionAnswer:
            return _json(refusal.status, self.acted(failed(refusal.message)), refusal.headers)
        name = str(given.get("flowName") or "")
        return _json(refusal.status, self.ran(name, {}, refusal.message), refusal.headers)

    def _is_too_large(self, body: str) -> bool:
        """Whether nobody would hear it: Lambda counts it as a JSON text in UTF-8."""
        limit = self.largest_answer
        # A sign takes up to four bytes so; what is far below is not written twice.
        if limit is None or len(body) * 4 <= limit:
            return False
        return len(json.dumps(body, ensure_ascii=False).encode()) > limit

    def ran(self, name: str, objects: Mapping[str, Any], exception: str = "", trace: str = "") -> Json:
        """The six keys."""
        return {
            "exception": exception,
            "responseStatus": self.error_status if exception else SUCCESS,
            "responseObjectsMap": objects,
            "flowName": name,
            "flowId": "",
            "tId": trace,
        }

    def acted(self, done: Json) -> Json:
        """The ten keys, in the order of the contract."""
        is_done = done["responseStatus"] == SUCCESS
        return {**done, "responseStatus": SUCCESS if is_done else self.error_status}


def _ran(voice: MicroflowVoice, command: RunMicroflow, result: Json) -> Json:
    objects = result["objects"]
    if result["exception"] and voice.has_empty_outputs:
        objects = result["empty"]
    return voice.ran(command.flow_name, objects, result["exception"], result["trace"])


def _acted(voice: MicroflowVoice, command: Command, result: Json) -> Json:
    return voice.acted(result)


def _as_it_is(voice: MicroflowVoice, command: Command, result: Json) -> Json:
    return result


_ANSWERS: Mapping[type[Result], Callable[[MicroflowVoice, Any, Json], Json]] = {
    MicroflowAnswer: _ran,
    ClassActionAnswer: _acted,
}
"""How an answer of the service is put, by what the operation answers."""


def _json(status: int, body: Json, headers: Mapping[str, str] | None = None) -> Response:
    return Response(written(body), {"Content-Type": JSON, **(headers or {})}, status)


def _text(status: int, text: str) -> Response:
    return Response(text, {"Content-Type": PLAIN}, status)

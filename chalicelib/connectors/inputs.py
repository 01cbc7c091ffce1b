"""The settings of a connector: the inputs of its task, and of nothing around it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..sdk.job import JSON, Job
from ..sdk.worker import Failure

LONGEST = 600.0
"""Seconds that a connector may be told to take."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The variables of a task by name, in the form of the API."""

    rows: Mapping[str, Mapping[str, Any]]

    @staticmethod
    def of(job: Job) -> "Inputs":
        """Those that the task itself has; what scopes around it call `body` is not meant."""
        own = {job.bpmn_element_id, None}
        rows = job.source.element_variables(None)
        return Inputs(
            {row["name"]: row["data"] for row in rows if row.get("bpmnElementId") in own and row.get("data")}
        )

    @property
    def are_secret(self) -> bool:
        """Whether one of them is encrypted, since it is, or is made of, what was encrypted."""
        return any(row.get("encrypted") for row in self.rows.values())

    def text(self, name: str) -> str | None:
        """A text as it is, anything else as JSON text; None if it is not there, or null."""
        row = self.rows.get(name)
        if row is None:
            return None
        if row["encoding"] != JSON:
            return str(row["value"])
        value = self._parsed(name)
        return value if value is None or isinstance(value, str) else str(row["value"])

    def value(self, name: str) -> Any:
        """What a JSON variable says, decimal numbers as `Decimal`; any other is text.

        Raises:
            Failure: It is no JSON.
        """
        row = self.rows.get(name)
        return None if row is None else self._parsed(name) if row["encoding"] == JSON else row["value"]

    def required(self, name: str) -> str:
        """A text that must be there.

        Raises:
            Failure: It is not.
        """
        text = self.text(name)
        if not text:
            raise Failure(f"input {name} is missing", retries=0)
        return text

    def object(self, name: str) -> dict[str, Any]:
        """An object; an empty one if it is not there.

        Raises:
            Failure: It is something else.
        """
        value = self.value(name)
        if value is not None and not isinstance(value, dict):
            raise Failure(f"input {name} must be an object", retries=0)
        return value or {}

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        """A number in a range.

        Raises:
            Failure: It is something else.
        """
        value = self.value(name)
        if value is None:
            return default
        try:
            number = float(value) if not isinstance(value, bool) else float("nan")
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not lowest <= number <= highest:
            raise Failure(f"input {name} must be a number from {lowest:g} to {highest:g}", retries=0)
        return number

    def seconds(self, job: Job, default: float = 10.0) -> float:
        """How long the connector may take: what it is told, and no longer than there is time."""
        told = self.number("timeoutSeconds", default, 0.001, LONGEST)
        return told if job.seconds_left is None else max(0.001, min(told, job.seconds_left))

    def _parsed(self, name: str) -> Any:
        try:
            return json.loads(self.rows[name]["value"], parse_float=Decimal)
        except (ValueError, RecursionError) as fault:
            raise Failure(f"input {name} is no JSON: {fault}", retries=0) from None


@contextmanager
def sendable() -> Iterator[None]:
    """What is said by the inputs is made into bytes.

    Raises:
        Failure: That cannot be.
    """
    try:
        yield
    except (UnicodeEncodeError, OverflowError, RecursionError) as fault:
        fact = "half a sign of UTF-16, too large a number or too many levels"
        raise Failure(f"an input has what cannot be sent: {fact}", retries=0) from fault

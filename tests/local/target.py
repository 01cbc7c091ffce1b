"""A running server as a target of requests that schemathesis makes from the OpenAPI document.

What schemathesis cannot know takes the place of what it made up in two of three requests: ids that exist, the
worker who holds the jobs, models. So they reach the engine, not only its door. A round sends the same
requests each time; the next one finds what it has left.

`python -m tests.local.target ADDRESS KEY ROUNDS TIMES` is a process of its own, since schemathesis changes
Hypothesis where it is imported: other tests would see larger examples, and print none.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.api import openapi
from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.operation import Operation
from chalicelib.sdk import Client
from tests.cli.server import PATIENCE
from tests.play import MODELS, WORKER

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

Draw = Callable[[st.SearchStrategy[Any]], Any]
Known = Mapping[str, st.SearchStrategy[Any]]

XML = {path.stem: path.read_text(encoding="utf-8") for path in sorted(MODELS.glob("*/*.bpmn"))}
STARTED = ("service", "user", "exclusive", "parallel-service-tasks")
"""Deployed, and started once, before the first request; the job of the first has failed."""

ENCODED = {"encoding": "json", "value": "1"}
VARIABLES = (
    {"name": "a", "data": ENCODED},
    {"name": "b", "data": {**ENCODED, "encrypted": True}},
    {"name": "a"},
)

an_id = st.builds(lambda block, number: 64 * block + number, st.integers(0, 3), st.integers(1, 2))
"""The ids of an instance follow a multiple of 64."""

a_duration = st.sampled_from(["PT1S", "P1W", "P9999Y", "P1000000000D"])

some_variables = st.lists(st.sampled_from(VARIABLES), max_size=2)

TAKES_NOTHING = ("checkReadiness",)
"""There is no wrong request for it."""

AFTER_ALL_OTHERS = ("queryIncidents", "resolveIncident", "resumeProcessInstance", "unlockJobs")
ORDER = sorted(OPERATIONS, key=lambda row: row.name in AFTER_ALL_OTHERS)
"""What undoes something comes last."""

KNOWN: Known = {
    "bpmnElementId": st.sampled_from(["serviceTask", "userTask", "split", "a"]),
    "completed": st.booleans(),
    "completion": st.sampled_from([{}, {"exclusiveGatewayDecision": "b"}, {"errorCode": "E"}]),
    "correlationKey": st.just("order-7"),
    "elementVariables": some_variables,
    "error": st.just("out of ink"),
    "expirationTimer": a_duration,
    "id": an_id,
    "limit": st.integers(1, 5),
    "lockTimeout": a_duration,
    "name": st.just("paid"),
    "processId": st.integers(1, 5),
    "processIds": st.lists(st.integers(1, 5), max_size=3, unique=True),
    "processInstanceId": an_id,
    "processVariables": some_variables,
    "retryLimit": st.integers(0, 2),
    "retryTimer": a_duration,
    "revision": st.integers(1, 3),
    "timeDuration": st.just("PT1H"),
    "variables": some_variables,
    "version": st.just("1"),
    "workerId": st.just(WORKER),
}
"""What a client of this server would say, by name of the field."""


def process_id(xml: str) -> str:
    """The first process of a model."""
    found = re.search(r'process id="(\w+)"', xml)
    return found[1] if found else "none"


def noun(row: Operation) -> str:
    """What an operation is about: `jobs`."""
    return row.path.split("/")[1]


@dataclass
class Target:
    """A running server.

    Attributes:
        address: Where it serves.
        key: Its credential.
        partition: Where its first instances are.
        answers: How often an operation answered with a status.
        seen: Records that were answered, by the noun that their operations begin with: partition and id.
    """

    address: str
    key: str
    partition: str = ""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    seen: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.document = openapi.build()
        self.schema = schemathesis.openapi.from_dict(self.document)
        with Client(self.address, api_key=self.key) as client:
            for name in STARTED:
                process = {"bpmnProcessId": process_id(XML[name]), "version": "1", "workerId": WORKER}
                client.call("POST", "/processes", {**process, "bpmnXml": XML[name]})
                self.partition = client.call("POST", "/process-instances", process)["partition"]
            (job,) = client.call("POST", "/jobs/lock", {"limit": 1, "workerId": WORKER})["jobs"]
            failure = {"error": "out of paper", "workerId": WORKER}
            client.call("PATCH", f"/jobs/{job['partition']}/{job['id']}/complete", failure)

    @property
    def unreached(self) -> list[str]:
        """Operations that have had no success: the requests stopped at their door."""
        return [row.name for row in OPERATIONS if not self.answers[row.name, row.status]]

    def play_round(self, number: int, times: int) -> None:
        """Ask each operation several times, and half as often in a wrong way."""
        for row in ORDER:
            self.shoot(row, GenerationMode.POSITIVE, number, times)
            if row.name not in TAKES_NOTHING:
                self.shoot(row, GenerationMode.NEGATIVE, number, times // 2)

    def shoot(self, row: Operation, mode: GenerationMode, number: int, times: int) -> None:
        """Send requests of one operation, and check each answer; those of a number are always the same."""

        @seed(number)
        @settings(
            max_examples=times,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=self.schema[row.path][row.method].as_strategy(generation_mode=mode), data=st.data())
        def shoot_once(case: Case, data: st.DataObject) -> None:
            self._make_knowing(row, case, data.draw)
            answer = self._send(row, case, data.draw)
            case.validate_response(answer, checks=CHECKS)
            self._remember(row, answer)

        shoot_once()

    def _send(self, row: Operation, case: Case, draw: Draw) -> Response:
        """Send a request, one of many without credential; the media type of its answer is exact."""
        has_credential = draw(st.integers(0, 31)) != 17
        headers = {"Authorization": f"Bearer {self.key}" if has_credential else "Bearer unknown"}
        answer = case.call(base_url=self.address, session=self.session, headers=headers, timeout=PATIENCE)
        self.answers[row.name, answer.status_code] += 1
        said = f"{answer.status_code} as {answer.headers.get('content-type')} to {case.as_curl_command()}"
        assert has_credential or not row.needs_credentials or answer.status_code == 401, said
        if answer.content:
            is_problem = answer.status_code != row.status
            expected = "application/problem+json" if is_problem else row.content_type
            assert answer.headers["content-type"] == [expected], said
        return answer

    def _remember(self, row: Operation, answer: Response) -> None:
        if row.result is None or answer.status_code != row.status:
            return
        document = answer.json()
        for record in (document, *document.get("results", ()), *document.get("jobs", ())):
            place = {name: record[name] for name in ("partition", "id") if name in record}
            if place and place not in self.seen[noun(row)]:
                self.seen[noun(row)].append(place)

    def _make_knowing(self, row: Operation, case: Case, draw: Draw) -> None:
        how = draw(st.sampled_from(["nothing made up", "knowing", "as made up"]))
        if how == "as made up":
            return
        known = self._known(row, draw)
        if case.path_parameters and self.seen[noun(row)]:
            case.path_parameters = dict(draw(st.sampled_from(self.seen[noun(row)])))
        if isinstance(case.body, dict):
            body = _replaced(case.body, known, draw)
            case.body = body if how == "knowing" else self._said(row, known, draw)

    def _known(self, row: Operation, draw: Draw) -> Known:
        xml = XML[draw(st.sampled_from(sorted(XML)))]
        started = st.sampled_from([process_id(XML[name]) for name in STARTED])
        deploys = row.name == "createProcess"
        return {
            **KNOWN,
            "partition": st.just(self.partition),
            "bpmnXml": st.just(xml),
            "bpmnProcessId": st.just(process_id(xml)) if deploys else started,
        }

    def _said(self, row: Operation, known: Known, draw: Draw) -> dict[str, Any]:
        """A body of nothing but what a client would say: the required fields, and some of the others."""
        schema = self.document["components"]["schemas"][row.command.__name__]
        needed = {*schema.get("required", ()), "limit", "timeDuration"}
        return {
            name: draw(known[name])
            for name in sorted(known.keys() & schema["properties"].keys())
            if name in needed or draw(st.integers(0, 3)) == 3
        }


def _replaced(fields: Mapping[str, Any], known: Known, draw: Draw) -> dict[str, Any]:
    """Most of the fields of which something is known."""
    return {
        name: draw(known[name]) if name in known and draw(st.integers(0, 3)) else value
        for name, value in fields.items()
    }


def main(arguments: Sequence[str]) -> str | None:
    """Play rounds against a server; answers what is wrong, for `sys.exit`."""
    address, key, rounds, times = arguments
    target = Target(address, key)
    with target.session:
        for number in range(int(rounds)):
            target.play_round(number, int(times))
    if target.unreached:
        return f"never a success: {', '.join(target.unreached)} in {sorted(target.answers.items())}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

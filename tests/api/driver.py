"""The engine API as a client sees it, on the memory store and without sockets.

Requests go through the gateway of `bpmn serve`, which makes the event that API Gateway would send.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from chalicelib import wiring
from chalicelib.api.application import create_app
from chalicelib.api.auth import Access
from chalicelib.api.tokens import Tokens
from chalicelib.contract.native import OPERATIONS
from chalicelib.contract.operation import Operation
from chalicelib.local.gateway import Gateway, HttpRequest
from chalicelib.service.environment import Environment
from chalicelib.settings import Settings
from chalicelib.storage.keys import Shards
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import Items
from chalicelib.storage.store import ItemStore
from chalicelib.watching import Emit, Watching
from tests.clock import Clock
from tests.models import sequence
from tests.play import counted_bytes

KEY = "the-api-key"
USER = "ada:lovelace"
DAY = "2030-01-01"
ROWS: Mapping[str, Operation] = {operation.name: operation for operation in OPERATIONS}

Body = Mapping[str, Any] | bytes | None


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers["content-type"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Seconds:
    """A clock of the machine that counts seconds, and stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Api:
    """The application around a store, and a caller that knows its key."""

    def __init__(
        self,
        settings: Settings | None = None,
        items: Items | None = None,
        tokens: Tokens | None = None,
        emit: Emit | None = None,
    ) -> None:
        self.settings = settings or Settings(store="memory", set_time=True, api_key=KEY, basic_auth=USER)
        self.clock = Clock()
        self.seconds = Seconds()
        self.machine_clock = Clock()
        self.tokens = tokens
        self.items = items or MemoryItems()
        self.store = ItemStore(self.items, Shards(), counted_bytes(), self.seconds)
        self.watch = Watching(emit)
        self.env = wiring.environment(self.settings, self.store, wall_clock=self.clock, watch=self.watch)
        self.serve()

    def serve(self, **changes: Any) -> "Api":
        """Put the application around a changed environment, `serve(pauses=...)`."""
        self.env = Environment(**{**vars(self.env), **changes})
        self.access = Access(
            self.settings.basic_auth,
            self.settings.api_key,
            self.env.store,
            self.seconds,
            self.machine_clock,
            self.tokens,
        )
        manners = replace(wiring.manners(self.settings), clock=self.clock)
        self.app = create_app(self.env, self.access, cors=self.settings.cors, manners=manners)
        self.gateway = Gateway(self.app)
        return self

    def send(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send a request; a header that is None is left out."""
        given = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})}
        path, _, query = path.partition("?")
        answer = self.gateway.answer(
            HttpRequest(
                method,
                path,
                query,
                [(k.encode(), v.encode("latin-1")) for k, v in given.items() if v is not None],
                body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode(),
            )
        )
        names = [name for name, _ in answer.headers]
        assert len(set(names)) == len(names), f"headers come once: {names}"
        return Answer(answer.status, {k.decode(): v.decode() for k, v in answer.headers}, answer.body)

    def call(
        self,
        operation: str,
        body: Body = None,
        *,
        partition: str = DAY,
        id: int | str = 1,
        query: Mapping[str, object] | str = "",
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send a request to an operation; `body` without what comes from the URL."""
        row = ROWS[operation]
        path = row.path.replace("{partition}", partition).replace("{id}", str(id))
        text = query if isinstance(query, str) else urlencode(query)
        if body is None and row.method != "GET":
            body = {}
        return self.send(row.method, f"{path}?{text}" if text else path, body, headers)

    # Short ways to a state that a test needs

    def deploy(self, xml: str | None = None, bpmn_process_id: str = "order", **fields: Any) -> dict[str, Any]:
        """Deploy a process; without XML, one with a single service task `t0`."""
        body = {"bpmnProcessId": bpmn_process_id, "version": "1", "workerId": "deployer", **fields}
        body["bpmnXml"] = xml or sequence(bpmn_process_id, 1)
        return self.expect(201, "createProcess", body)

    def start(self, bpmn_process_id: str = "order", **fields: Any) -> dict[str, Any]:
        """Start an instance."""
        body = {"bpmnProcessId": bpmn_process_id, "version": "1", "workerId": "starter", **fields}
        return self.expect(201, "createProcessInstance", body)

    def lock(self, worker_id: str = "worker", **fields: Any) -> list[dict[str, Any]]:
        """Lock jobs."""
        return self.expect(200, "lockJobs", {"limit": 10, "workerId": worker_id, **fields})["jobs"]

    def fail(self, id: int = 1) -> dict[str, Any]:
        """Complete a locked job with an error and no retries left: an incident."""
        return self.expect(200, "completeJob", {"workerId": "worker", "error": "out of ink"}, id=id)

    def expect(self, status: int, operation: str, body: Body = None, **more: Any) -> Any:
        """The answer's JSON, if it has this status."""
        answer = self.call(operation, body, **more)
        assert answer.status == status, (answer.status, answer.body)
        return answer.json if answer.body else None


def basic(user_and_password: str) -> str:
    """A value of `Authorization`."""
    return "Basic " + base64.b64encode(user_and_password.encode()).decode()


def no_pauses() -> Iterator[float]:
    """An overtaken command gives up at once."""
    return iter(())

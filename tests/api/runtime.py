"""The Process Runtime as a client sees it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.api.driver import Answer, Api

RUNTIME = "/BPMREST/service/runtime"
BOOKING = Path(__file__).parents[2] / "docs/examples/booking-room/booking-room.bpmn"


class Runtime:
    """A client of the Process Runtime of an API, and short ways through it."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str | None] | None = None,
        **query: Any,
    ) -> Answer:
        """Send a request; a parameter that is a list is repeated."""
        text = urlencode(query, doseq=True)
        return self.api.send(method, f"{RUNTIME}{path}{'?' + text if text else ''}", body, headers)

    def data(self, answer: Answer) -> Any:
        """What was answered, if it was done."""
        assert (answer.status, answer.json["code"]) == (200, 0), answer.body
        return answer.json["data"]

    def refused(self, answer: Answer, code: int, error_type: str) -> str:
        """The message, if it was refused so."""
        said = answer.json
        assert (answer.status, said["code"], said["errorType"]) == (code, code, error_type), said
        assert (said["data"], said["totalRecordCount"]) == ("", 0)
        return said["message"]

    def deploy(self, xml: str | None = None, bpmn_process_id: str = "bookingRoom", **fields: Any) -> None:
        """Deploy a process; without XML the Booking Room."""
        self.api.deploy(xml or BOOKING.read_text(encoding="utf-8"), bpmn_process_id, **fields)

    def start(self, name: str = "Booking Room", headers: Any = None, **objects: Any) -> str:
        """Start a process; answers the id of the instance."""
        body = {"processName": name, "object": objects}
        return self.data(self.send("POST", "/process/start", body, headers))

    def tasks(self, instance_id: str) -> list[dict[str, Any]]:
        """The open tasks of an instance."""
        return self.data(self.send("GET", f"/instance/{instance_id}/tasks"))

    def task(self, instance_id: str) -> dict[str, Any]:
        """The only open task of an instance."""
        (found,) = self.tasks(instance_id)
        return found

    def listed(self, **query: Any) -> list[str]:
        """Ids of the tasks of a list."""
        return [task["id"] for task in self.data(self.send("GET", "/tasks", **query))]

    def act(self, verb: str, task_id: str, body: Any = None, headers: Any = None, **query: Any) -> Answer:
        """Claim, unclaim, complete or assign a task, or ask for its variables."""
        return self.send("POST", f"/tasks/{quote(task_id)}/{verb}", body, headers, **query)

    def do(self, verb: str, task_id: str, body: Any = None, **query: Any) -> Any:
        """The same, and it is done."""
        return self.data(self.act(verb, task_id, body, **query))

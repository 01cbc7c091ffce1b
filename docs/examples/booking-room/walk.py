"""A room is booked through the Process Runtime, on this machine: start, list, assign, claim, complete.

Serves an engine in memory, deploys `booking-room.bpmn`, loads `people.json`, and takes the way that the page
beside this file tells. Prints each step; exits with 1 if an answer is not as it should be.
"""

import json
import secrets
import sys
from pathlib import Path
from typing import Any

from chalicelib.local.server import serving
from chalicelib.local.service import LocalService
from chalicelib.sdk import ApiProblem, Client
from chalicelib.settings import Settings

HERE = Path(__file__).parent
RUNTIME = "/BPMREST/service/runtime"


class Hotel:
    """The calls that a hotel's application makes."""

    def __init__(self, client: Client) -> None:
        """Use a client of the engine."""
        self._client = client

    def deploy(self) -> None:
        """Bring the process and the people to the engine."""
        xml = (HERE / "booking-room.bpmn").read_text(encoding="utf-8")
        names = {"bpmnProcessId": "bookingRoom", "version": "1", "workerId": "hotel"}
        self._client.call("POST", "/processes", {**names, "bpmnXml": xml})
        people = json.loads((HERE / "people.json").read_text(encoding="utf-8"))
        self._client.call("PUT", "/directory", people)

    def start(self, **objects: Any) -> str:
        """Start the process; answers the id of the instance."""
        names = {"processName": "Booking Room", "appName": "HotelApp", "snapVersion": "v.0.2.0"}
        return str(self._data("POST", "/process/start", {**names, "object": objects}))

    def task(self, instance: str) -> dict[str, Any]:
        """The open task of an instance."""
        (task,) = self._data("GET", f"/instance/{instance}/tasks")
        return dict(task)

    def tasks(self, instance: str) -> list[dict[str, Any]]:
        """All open tasks of an instance."""
        return list(self._data("GET", f"/instance/{instance}/tasks"))

    def listed(self, **whose: str) -> list[str]:
        """Ids on the list of a user, a role or a group."""
        return [task["id"] for task in self._data("GET", "/tasks", query=whose)]

    def act(self, verb: str, task: dict[str, Any], user: str, objects: Any = None) -> Any:
        """Claim, unclaim, complete or assign a task."""
        return self._data("POST", f"/tasks/{task['id']}/{verb}", objects, {"user": user})

    def variables(self, task: dict[str, Any]) -> dict[str, Any]:
        """The business objects of a task."""
        return dict(self._data("POST", f"/tasks/{task['id']}/variables"))

    def _data(self, method: str, path: str, body: Any = None, query: Any = None) -> Any:
        return self._client.call(method, RUNTIME + path, body, query=query)["data"]


def walk(hotel: Hotel) -> None:
    """Take the way of the page."""
    instance = hotel.start(RoomObject={"roomNo": "101"}, CustomerInfo={"name": "Ann"})
    task = hotel.task(instance)
    say(f"started {instance}: {task['name']}, for {task['loadlinkEntityId']}?{task['loadlinkParam']}")
    expect(hotel.listed(group="Reservations") == [task["id"]], "the lane's work party has it on its list")

    hotel.act("assign", task, "origcmr4")
    expect(hotel.listed(user="origcmr4") == [task["id"]], "it is assigned to origcmr4")
    expect(hotel.listed(user="ann") == [], "and to nobody else")
    for verb in ("claim", "unclaim", "claim"):
        hotel.act(verb, task, "origcmr4")
    try:
        hotel.act("claim", task, "ann")
    except ApiProblem as refusal:
        expect(refusal.type == "TASK_ALREADY_CLAIMED", f"ann is refused: {refusal.detail}")

    hotel.act("complete", task, "origcmr4", {"RoomObject": {"status": "booked"}})
    again = hotel.task(instance)
    expect(again["name"] == "Select Room", "room 101 is taken: the way leads back to Select Room")

    hotel.act("claim", again, "ann")
    hotel.act("complete", again, "ann", {"RoomObject": {"roomNo": "102", "status": "free"}})
    confirm = hotel.task(instance)
    expect(confirm["assignee"] == "bob", f"{confirm['name']} goes to the next of the front desk: bob")
    room = {"roomNo": "102", "status": "free"}
    expect(hotel.variables(confirm) == {"RoomObject": room, "CustomerInfo": {"name": "Ann"}}, f"{room}")

    hotel.act("complete", confirm, "bob")
    expect(hotel.tasks(instance) == [], "the room is booked")


def say(text: str) -> None:
    """Print a step."""
    sys.stdout.write(f"  {text}\n")


def expect(is_so: bool, text: str) -> None:
    """Print a step that is as it should be.

    Raises:
        SystemExit: It is not.
    """
    if not is_so:
        raise SystemExit(f"not as it should be: {text}")
    say(text)


def main() -> None:
    """Serve an engine in memory and take the way."""
    key = secrets.token_urlsafe(24)
    settings = Settings(store="memory", api_key=key)
    with serving(lambda: LocalService(settings)) as address, Client(address, api_key=key) as client:
        hotel = Hotel(client)
        hotel.deploy()
        walk(hotel)


if __name__ == "__main__":
    main()

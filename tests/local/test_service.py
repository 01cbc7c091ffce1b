"""What `bpmn serve` serves: the upkeep begins with it, whether or not it runs due tasks by itself."""

import pytest

from chalicelib.contract import commands as c
from chalicelib.local.service import LocalService
from chalicelib.service.execute import execute
from chalicelib.settings import Settings


@pytest.mark.parametrize("mode", ["eager", "deferred"])
def test_upkeep_begins_with_the_server(mode: str) -> None:
    service = LocalService(Settings(store="memory", task_mode=mode))
    assert execute(c.QueryTasks(), service.env)["count"] == 0

    service.start()

    found = execute(c.QueryTasks(), service.env)["results"]
    service.stop()
    assert [task["type"] for task in found] == [
        "CREATE_PARTITION",
        "DETACH_PARTITION",
        "PURGE_MESSAGES",
        "PURGE_SIGNALS",
    ]

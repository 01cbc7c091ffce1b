"""Every invocation is watched: its lines say which request it was; at its end the counts are given out."""

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Request

from ..service.watch import Watch
from ..watching import request


def observe(app: Chalice, watch: Watch) -> None:
    """Watch all functions of an application: requests, queues and schedules, whoever adds them and when."""

    def around(event: Any, answer: Callable[[Any], Any]) -> Any:
        try:
            with request(request_id(event)):
                return answer(event)
        finally:
            watch.flush()

    app.register_middleware(around, "all")


def request_id(event: Any) -> str:
    """The id of the request at API Gateway; of any other event, that of the invocation of Lambda."""
    if isinstance(event, Request):
        return str(event.context.get("requestId", "unknown"))
    return str(getattr(event.context, "aws_request_id", "unknown"))

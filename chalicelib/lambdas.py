"""What the functions of the queue and of the schedule do; they start without the API.

Lambda calls `work`, `bury` and `sweep` here directly: `infra/stack.yaml` names them as handlers, so that a
worker loads neither Chalice nor the routes.
"""

import functools
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import wiring
from .service import fed, sweeping
from .service.environment import JobVariables, Perform
from .settings import Settings
from .storage.sqs import from_text
from .watching import request

TIME_TO_FINISH = 25_000
"""Milliseconds that the last thing may take: none begins later than that before the time-out.

Source: `wiring.DEADLINE`, after which an overtaken command gives up, and a margin.
"""

TIME_TO_WRITE = 3_000
"""Milliseconds that are kept for what a job has brought, when a connector is told how long it may take."""

Event = Mapping[str, Any]

logger = logging.getLogger(__name__)

settings = Settings.read(os.environ)
wiring.log(settings, sys.stdout, form="json")
env = wiring.build(settings)
perform = wiring.performer(settings)


Function = Callable[[Event, Any], dict[str, Any]]


def watched(function: Function) -> Function:
    """Let each line say which invocation it belongs to, and give out the counts at its end."""

    @functools.wraps(function)
    def around(event: Event, context: Any) -> dict[str, Any]:
        try:
            with request(context.aws_request_id):
                return function(event, context)
        finally:
            env.watch.flush()

    return around


@watched
def sweep(event: Event, context: Any) -> dict[str, Any]:
    """Announce what is due soon, and do what is overdue; called each minute."""
    return {"completed": sweeping.sweep(env, _before_the_end(context), goes_on=_has_time(context))}


@watched
def work(event: Event, context: Any) -> dict[str, Any]:
    """Follow hints of the queue: do a job, or run the due tasks of a process instance."""
    return each(
        event["Records"], context, lambda body: fed.work_on(env, from_text(body), _before_the_end(context))
    )


@watched
def bury(event: Event, context: Any) -> dict[str, Any]:
    """Take up hints that were tried too often: each becomes an incident of its process instance."""
    return each(event["Records"], context, lambda body: fed.bury(env, from_text(body)))


def each(records: list[dict[str, Any]], context: Any, follow: Callable[[str], object]) -> dict[str, Any]:
    """Hand the text of each message to a function; those that fail, or have no time, come again.

    Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS", partial batch responses.
    """
    has_time = _has_time(context)
    failed = [
        record["messageId"]
        for at, record in enumerate(records)
        if not ((at == 0 or has_time()) and _is_followed(record, follow))
    ]
    return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}


def _before_the_end(context: Any) -> Perform:
    """Does jobs, and tells each how long there is until this function is ended."""

    def timed(bpmn_process_id: str, job: dict[str, Any], variables: JobVariables) -> dict[str, Any] | None:
        left = max(0, context.get_remaining_time_in_millis() - TIME_TO_WRITE) / 1000
        return perform(bpmn_process_id, {**job, "secondsLeft": left}, variables)

    return timed


def _has_time(context: Any) -> Callable[[], bool]:
    def has_time() -> bool:
        left: int = context.get_remaining_time_in_millis()
        return left > TIME_TO_FINISH

    return has_time


def _is_followed(record: dict[str, Any], follow: Callable[[str], object]) -> bool:
    try:
        follow(record["body"])
    except Exception:
        # Whatever it was: the others of the batch must not suffer, and the row is the truth.
        logger.exception("failed to follow message %s", record["messageId"])
        return False
    return True

"""The Chalice application as AWS Lambda sees it.

Chalice makes the template of what is declared here. The API is called here; the functions of the queue and of
the schedule are called without this module, see `chalicelib/lambdas.py`.
"""

import os
import sys
from typing import Any

from chalicelib import wiring
from chalicelib.api.application import create_app
from chalicelib.settings import Settings

LARGEST_BODY = 4 * 1024**2
"""Bytes of a request. Lambda takes events up to 6 MB, and in base64 a body is a third larger.

Source: AWS Lambda quotas, invocation payload; engine-semantics 1.
"""

LARGEST_ANSWER = 6 * 1024**2 - 16 * 1024
"""Bytes of the body of an answer; the rest is for its headers.

Source: AWS Lambda quotas, invocation payload.
"""

_settings = Settings.read(os.environ)
wiring.log(_settings, sys.stdout, form="json")
_env = wiring.build(_settings)

app = create_app(
    _env,
    wiring.access(_settings, _env.store),
    largest_body=LARGEST_BODY,
    largest_answer=LARGEST_ANSWER,
    cors=_settings.cors,
    manners=wiring.manners(_settings),
)
"""The REST surfaces: operation rows become Chalice routes, each surface answers in its own way."""

authorize = app.handler_map["authorize"]
"""The Lambda authorizer: who is calling."""


@app.on_sqs_message(queue="feed", batch_size=10)
def work(event: Any) -> dict[str, Any]:
    """See `lambdas.work`."""
    from chalicelib import lambdas

    return lambdas.work(event.to_dict(), event.context)


@app.on_sqs_message(queue="dead-letters", batch_size=10)
def bury(event: Any) -> dict[str, Any]:
    """See `lambdas.bury`."""
    from chalicelib import lambdas

    return lambdas.bury(event.to_dict(), event.context)


@app.schedule("rate(1 minute)")
def sweep(event: Any) -> dict[str, int]:
    """See `lambdas.sweep`."""
    from chalicelib import lambdas

    return lambdas.sweep(event.to_dict(), event.context)

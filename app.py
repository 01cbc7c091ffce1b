"""The Chalice application as AWS Lambda sees it."""

import os

from chalicelib import wiring
from chalicelib.api.application import create_app
from chalicelib.settings import Settings

LARGEST_BODY = 4 * 1024**2
"""Bytes of a request. Lambda takes events up to 6 MB, and in base64 a body is a third larger.

Source: AWS Lambda quotas, invocation payload; engine-semantics 1.
"""

_settings = Settings.read(os.environ)
_env = wiring.build(_settings)

app = create_app(_env, wiring.access(_settings, _env.store), largest_body=LARGEST_BODY, cors=_settings.cors)
"""The REST surfaces: operation rows become Chalice routes, each surface answers in its own way."""

authorize = app.handler_map["authorize"]
"""The Lambda authorizer: who is calling."""

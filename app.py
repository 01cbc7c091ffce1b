"""The Chalice application as AWS Lambda sees it."""

import os
import sys

from chalicelib import wiring
from chalicelib.api.application import create_app
from chalicelib.settings import Settings

LARGEST_BODY = 4 * 1024**2
"""Bytes of a request. Lambda takes events up to 6 MB, and in base64 a body is a third larger.

Source: AWS Lambda quotas, invocation payload; engine-semantics 1.
"""

_settings = Settings.read(os.environ)
wiring.log(_settings, sys.stdout, form="json")
_env = wiring.build(_settings)

app = create_app(_env, wiring.access(_settings, _env.store), largest_body=LARGEST_BODY)

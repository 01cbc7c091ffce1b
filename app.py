"""The Chalice application as AWS Lambda sees it."""

import os

from chalicelib import wiring
from chalicelib.api.application import create_app
from chalicelib.settings import Settings

_settings = Settings.read(os.environ)
_env = wiring.build(_settings)

app = create_app(_env, wiring.access(_settings, _env.store))

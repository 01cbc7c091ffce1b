"""The Chalice application: all surfaces on one engine."""

from ..service.environment import Environment
from .auth import Access
from .native import mount
from .openapi import mount_openapi
from .threaded import ThreadedChalice


def create_app(env: Environment, access: Access) -> ThreadedChalice:
    """An application that answers with the given environment; many threads may call it."""
    app = ThreadedChalice("serverless-bpmn")
    # Nothing that we answer is binary; Chalice would look through its list of images each time.
    app.api.binary_types = []
    mount(app, env, access)
    mount_openapi(app)
    return app

"""The Chalice application: all surfaces on one engine."""

from ..service.environment import Environment
from .auth import Access
from .native import mount
from .observed import observe
from .openapi import mount_openapi
from .threaded import ThreadedChalice


def create_app(env: Environment, access: Access, *, largest_body: int | None = None) -> ThreadedChalice:
    """An application that answers with the given environment; many threads may call it.

    Args:
        env: What it works with.
        access: Who may come in.
        largest_body: Bytes that a request may have where it runs, if that is less than an operation takes.
    """
    app = ThreadedChalice("serverless-bpmn", configure_logs=False)
    # Nothing that we answer is binary; Chalice would look through its list of images each time.
    app.api.binary_types = []
    mount(app, env, access, largest_body)
    mount_openapi(app)
    observe(app, env.watch)
    return app

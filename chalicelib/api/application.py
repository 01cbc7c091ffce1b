"""The Chalice application: all surfaces on one engine."""

from chalice.app import CORSConfig

from ..contract import microflow, process_runtime
from ..service.environment import Environment
from .auth import Access
from .authorizer import add_authorizer
from .manners import Manners
from .microflow import MicroflowVoice
from .native import mount
from .observed import observe
from .openapi import mount_openapi
from .process_runtime import ProcessRuntimeVoice
from .surface import mount_surface
from .threaded import ThreadedChalice

PREFLIGHT_FOR = 7200
"""Seconds that a browser may remember what it was allowed; Chromium remembers no longer."""


def create_app(
    env: Environment,
    access: Access,
    *,
    largest_body: int | None = None,
    largest_answer: int | None = None,
    cors: str | None = None,
    manners: Manners | None = None,
) -> ThreadedChalice:
    """An application that answers with the given environment; many threads may call it.

    Args:
        env: What it works with.
        access: Who may come in.
        largest_body: Bytes that a request may have where it runs, if that is less than an operation takes.
        largest_answer: Bytes that an answer may have there.
        cors: Origin of web pages that may call it, or `*`; None: none.
        manners: How the further surfaces behave; None: as they do where nothing is set.
    """
    manners = manners or Manners()
    app = ThreadedChalice("serverless-bpmn", configure_logs=False)
    # Nothing that we answer is binary; Chalice would look through its list of images each time.
    app.api.binary_types = []
    app.api.cors = _cors(cors) if cors else False
    mount(app, env, access, add_authorizer(app, access), largest_body)
    own_access = None if manners.is_open else access
    voice = ProcessRuntimeVoice(manners.clock, manners.is_always_200)
    mount_surface(app, process_runtime.OPERATIONS, voice, env, own_access, largest_body)
    flow_voice = MicroflowVoice(manners.error_status, manners.has_empty_outputs, largest_answer)
    mount_surface(app, microflow.OPERATIONS, flow_voice, env, own_access, largest_body)
    mount_openapi(app)
    observe(app, env.watch)
    return app


def _cors(origin: str) -> CORSConfig:
    return CORSConfig(
        origin,
        allow_headers=["Idempotency-Key", "X-API-Key"],
        expose_headers=["Retry-After"],
        max_age=PREFLIGHT_FOR,
    )

"""What `bpmn serve` serves: the application, its store and its executor."""

import secrets
from dataclasses import replace

from chalice.app import Chalice

from .. import wiring
from ..api.application import create_app
from ..api.auth import hash_key
from ..service import upkeep
from ..service.environment import Environment, Overtaken
from ..settings import Settings
from .executor import Executor
from .feed import LocalFeed


class LocalService:
    """The engine in one process."""

    def __init__(self, settings: Settings, env: Environment | None = None) -> None:
        """Open the store and make the application."""
        wiring.create_tables(settings)
        env = env or wiring.build(settings)
        feed = LocalFeed() if settings.runs_executor else None
        # Without an executor nobody is there who could do fed jobs.
        self.env = replace(env, feed=feed, fed=env.fed if feed else ())
        access = wiring.access(settings, self.env.store)
        self.new_api_key = None if access.is_configured else first_api_key(self.env)
        self._app = create_app(self.env, access)
        handlers = wiring.handlers(settings.handlers) if settings.handlers else None
        if handlers:
            # What is wrong with them is said before anything runs.
            handlers.check()
        perform = handlers.perform if handlers else None
        self._executor = Executor(self.env, feed, perform) if feed else None

    @property
    def app(self) -> Chalice:
        """The Chalice application."""
        return self._app

    def start(self) -> None:
        """Let the upkeep begin, and start the executor, if the settings ask for one."""
        upkeep.begin(self.env)
        if self._executor:
            self._executor.start()

    def stop(self) -> None:
        """Stop the executor and release the store."""
        if self._executor:
            self._executor.stop()
        self.env.store.close()


def first_api_key(env: Environment) -> str | None:
    """An API key for a store that has none yet; None if it has one, or somebody makes one right now."""
    if env.store.api_key_hashes():
        return None
    key = secrets.token_urlsafe(32)
    try:
        env.store.add_api_key_hash(hash_key(key))
    except Overtaken:
        return None
    return key

"""What `bpmn serve` serves: the application, its store and its executor."""

from dataclasses import replace

from chalice.app import Chalice

from .. import wiring
from ..api.application import create_app
from ..contract.rights import Role
from ..service import api_keys, upkeep
from ..service.environment import Environment
from ..settings import Settings
from .executor import Executor
from .feed import LocalFeed

METRICS_EVERY = 60.0
"""Seconds between two lines of metrics, at least, if the settings ask for them."""


class LocalService:
    """The engine in one process."""

    def __init__(self, settings: Settings, env: Environment | None = None) -> None:
        """Open the store and make the application."""
        wiring.create_tables(settings)
        env = env or wiring.build(settings, wiring.watching(settings, every=METRICS_EVERY))
        feed = LocalFeed() if settings.runs_executor else None
        # Without an executor nobody is there who could do fed jobs.
        self.env = replace(env, feed=feed, fed=env.fed if feed else ())
        access = wiring.access(settings, self.env.store)
        self.new_api_key = None if access.is_configured else first_api_key(self.env)
        self._app = create_app(self.env, access, cors=settings.cors, manners=wiring.manners(settings))
        if handlers := wiring.handlers(settings):
            # What is wrong with them is said before anything runs.
            handlers.check()
        self._executor = Executor(self.env, feed, wiring.performer(settings)) if feed else None

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
        self.env.watch.flush(at_once=True)
        self.env.store.close()


def first_api_key(env: Environment) -> str | None:
    """An API key of an admin for a store that has none yet; None if it has one, or somebody makes one now."""
    key = api_keys.new_key()
    first = api_keys.describe(key, wiring.utc_now(), roles=frozenset({Role.ADMIN}), name="first")
    return key if api_keys.keep_first(env, first) else None

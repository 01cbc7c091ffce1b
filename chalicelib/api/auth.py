"""Who may come in: Basic, Bearer or the bare key in `Authorization`."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

from ..service.environment import Store

KEYS_FRESH_FOR = 5.0
"""Seconds after which the API keys in the store are looked up again when a credential is unknown."""


def hash_key(key: str) -> str:
    """What is stored of an API key. Keys have 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(key.encode()).hexdigest()


class Access:
    """Checks credentials; with none configured anywhere nobody comes in."""

    def __init__(
        self,
        basic_auth: str | None,
        api_key: str | None,
        store: Store,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what is accepted: `user:password`, an API key, and the API keys in the store."""
        self._basic = None if basic_auth is None else basic_auth.encode()
        self._hashes = set() if api_key is None else {hash_key(api_key)}
        self._is_configured = basic_auth is not None or api_key is not None
        self._store = store
        self._clock = clock
        self._looked_at = float("-inf")

    @property
    def is_configured(self) -> bool:
        """Whether the settings name a credential."""
        return self._is_configured

    def allows(self, authorization: str | None) -> bool:
        """Whether the value of the `Authorization` header is a known credential."""
        if not authorization:
            return False
        scheme, _, credential = authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            return self._allows_basic(credential.strip())
        return self._allows_key(credential.strip() if scheme.lower() == "bearer" else authorization.strip())

    def _allows_basic(self, credential: str) -> bool:
        try:
            given = base64.b64decode(credential, validate=True)
        except ValueError:
            return False
        return self._basic is not None and hmac.compare_digest(given, self._basic)

    def _allows_key(self, key: str) -> bool:
        hashed = hash_key(key)
        if hashed in self._hashes:
            return True
        if self._clock() - self._looked_at < KEYS_FRESH_FOR:
            return False
        self._hashes.update(self._store.api_key_hashes())
        self._looked_at = self._clock()
        return hashed in self._hashes

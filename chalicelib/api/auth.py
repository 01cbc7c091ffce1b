"""Who is calling: Basic, Bearer or the bare key in `Authorization`; a bearer may be a JWT."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..contract.rights import Role, allows
from ..engine.records import Instant
from ..service.api_keys import hash_key
from ..service.environment import ApiKey, Store
from .tokens import Tokens

KEYS_FRESH_FOR = 5.0
"""Seconds after which API keys are read again: then a new one is known, and a revoked one is not."""

ADMIN = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose credential is known.

    Attributes:
        name: Says who it is, and is no secret.
        roles: What they may do.
        expires_at: From when on the credential is not known any more; None: never.
        known_as: The user that they are: subject of a JWT, user of a password, what an API key is for.
    """

    name: str
    roles: frozenset[Role]
    expires_at: Instant | None = None
    known_as: str = ""

    @property
    def user(self) -> str:
        """As which user they act if they say no other."""
        return self.known_as or self.name

    def may(self, operation: str) -> bool:
        """Whether they may call an operation."""
        return allows(self.roles, operation)


class Access:
    """Knows credentials; with none configured anywhere it knows nobody."""

    def __init__(
        self,
        basic_auth: str | None,
        api_key: str | None,
        store: Store,
        clock: Callable[[], float],
        wall_clock: Callable[[], Instant],
        tokens: Tokens | None = None,
    ) -> None:
        """Keep what is accepted.

        Args:
            basic_auth: `user:password` of an admin.
            api_key: A key of an admin.
            store: Has further API keys, each with its roles.
            clock: Seconds, for what is remembered.
            wall_clock: The time of the machine, for what expires.
            tokens: Reads JWTs; None: none is accepted.
        """
        self._basic = None if basic_auth is None else basic_auth.encode()
        self._hash = None if api_key is None else hash_key(api_key)
        self._store = store
        self._clock = clock
        self._wall_clock = wall_clock
        self._tokens = tokens
        # Replaced as a whole: many threads look into it.
        self._known: tuple[float, Mapping[str, ApiKey]] = (float("-inf"), {})

    @property
    def is_configured(self) -> bool:
        """Whether the settings name a credential."""
        return not (self._basic is None and self._hash is None and self._tokens is None)

    def caller(self, authorization: str | None) -> Caller | None:
        """Who sends this value of the `Authorization` header; None if the credential is not known.

        Raises:
            Unavailable: The credential cannot be judged now, since store or issuer do not answer.
        """
        if not authorization:
            return None
        scheme, _, credential = authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            return self._of_basic(credential.strip())
        return self._of_bearer(credential.strip() if scheme.lower() == "bearer" else authorization.strip())

    def is_current(self, caller: Caller) -> bool:
        """Whether the credential of a caller has not expired since it was looked at."""
        return caller.expires_at is None or self._wall_clock() < caller.expires_at

    def _of_basic(self, credential: str) -> Caller | None:
        try:
            given = base64.b64decode(credential, validate=True)
        except ValueError:
            return None
        is_known = self._basic is not None and hmac.compare_digest(given, self._basic)
        user = given.decode(errors="replace").partition(":")[0]
        return Caller("basic", ADMIN, known_as=user) if is_known else None

    def _of_bearer(self, credential: str) -> Caller | None:
        hashed = hash_key(credential)
        if hashed == self._hash:
            return Caller("key", ADMIN)
        # No key that we have made has a dot.
        if self._tokens is not None and credential.count(".") == 2:
            return self._of_token(self._tokens, credential)
        key = self._keys().get(hashed)
        if key is None:
            return None
        caller = Caller(f"key:{key.id}", key.roles, key.expires_at, key.name)
        return caller if self.is_current(caller) else None

    def _of_token(self, tokens: Tokens, credential: str) -> Caller | None:
        claims = tokens.read(credential)
        if claims is None:
            return None
        return Caller(f"jwt:{claims.subject}", claims.roles, claims.expires_at, claims.subject)

    def _keys(self) -> Mapping[str, ApiKey]:
        looked_at, known = self._known
        now = self._clock()
        if now - looked_at >= KEYS_FRESH_FOR:
            known = {key.hash: key for key in self._store.api_keys().keys}
            self._known = (now, known)
        return known

"""JSON Web Tokens of an OpenID Connect issuer: who it says is calling, and in which roles.

The issuer's public keys are read from its discovery document and remembered. Neither the JWT library nor its
cryptography is loaded before a token comes.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..contract.rights import Role, known_roles
from ..engine.records import Instant
from ..service.environment import Unavailable

DISCOVERY = "/.well-known/openid-configuration"
"""Source: OpenID Connect Discovery 1.0, section 4."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key that only the issuer has: neither `none` nor a secret that we would share."""

KEYS_FRESH_FOR = 600.0
"""Seconds after which the keys of the issuer are read again, so that a withdrawn one is forgotten."""

PAUSE = 10.0
"""Seconds between two looks at the issuer, whatever strangers send and however the last look ended."""

LEEWAY = 10
"""Seconds by which the issuer's clock may differ from ours."""

LARGEST_TOKEN = 8192
"""Characters; API Gateway takes headers up to 10,240 bytes in all."""

logger = logging.getLogger(__name__)

Fetch = Callable[[str], bytes]
"""Reads a document of the web; raises OSError or ValueError if it cannot."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        subject: Who it is about.
        roles: Those of its roles that we know.
        expires_at: When it expires.
    """

    subject: str
    roles: frozenset[Role]
    expires_at: Instant


class PublicKey(NamedTuple):
    """A key of the issuer.

    Attributes:
        id: As tokens name it; None if it has none.
        algorithm: The only one it signs with; None if it does not say.
        key: As the cryptography library has it.
    """

    id: str | None
    algorithm: str | None
    key: Any

    def may_sign(self, algorithm: object) -> bool:
        """Whether a signature of this kind may be its own."""
        return algorithm in ALGORITHMS and self.algorithm in (None, algorithm)


class IssuerKeys:
    """The public keys of an issuer, by key id; many threads may ask."""

    def __init__(self, issuer: str, fetch: Fetch, clock: Callable[[], float]) -> None:
        """Begin without keys; nothing is read before somebody asks."""
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str | None, PublicKey] = {}
        self._read_at = self._tried_at = float("-inf")

    def find(self, id: str | None) -> PublicKey | None:
        """The key with an id; without an id the only key, if there is one only.

        Raises:
            Unavailable: No key of the issuer could be read yet.
        """
        if id not in self._keys or self._clock() - self._read_at >= KEYS_FRESH_FOR:
            with self._lock:
                self._refresh()
        if not self._keys:
            raise Unavailable("the keys of the JWT issuer cannot be read")
        return self._keys.get(id)

    def _refresh(self) -> None:
        """Read the keys, unless that was tried a moment ago; keys that we have stay if it fails."""
        now = self._clock()
        if now - self._tried_at < PAUSE:
            return
        self._tried_at = now
        try:
            self._keys = self._read()
            self._read_at = now
        except (OSError, ValueError) as reason:
            logger.warning("the keys of the JWT issuer %s cannot be read: %s", self._issuer, reason)

    def _read(self) -> Mapping[str | None, PublicKey]:
        document = _document(self._fetch(self._issuer.removesuffix("/") + DISCOVERY))
        if document.get("issuer") != self._issuer:
            raise ValueError("its discovery document is of another issuer")
        rows = _document(self._fetch(str(document.get("jwks_uri")))).get("keys")
        found = [key for row in rows if (key := _key(row))] if isinstance(rows, list) else []
        if not found:
            raise ValueError("it has no keys that we can use")
        keys: dict[str | None, PublicKey] = {key.id: key for key in found if key.id}
        return keys | {None: found[0]} if len(found) == 1 else keys


class Tokens:
    """Reads the tokens of one issuer that are made for us."""

    def __init__(self, keys: IssuerKeys, issuer: str, audience: str, roles_claim: str) -> None:
        """Keep what a token must say.

        Args:
            keys: Of the issuer.
            issuer: Its URL, as in `iss`.
            audience: Us, as in `aud`.
            roles_claim: Where roles are, `realm_access.roles`.
        """
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._roles_claim = roles_claim

    def read(self, token: str) -> Claims | None:
        """What a token says; None if it is not valid: forged, expired, of others, for others, or no token.

        Raises:
            Unavailable: No key of the issuer could be read yet.
        """
        if len(token) > LARGEST_TOKEN:
            return None
        import jwt

        try:
            claims = self._verified(token)
        except (jwt.PyJWTError, TypeError, ValueError) as reason:
            logger.info("a JWT is refused: %s", type(reason).__name__)
            return None
        if claims is None:
            return None
        roles = known_roles(_names(claims, self._roles_claim))
        return Claims(str(claims.get("sub", "")), roles, Instant((int(claims["exp"]) + LEEWAY) * 1000))

    def _verified(self, token: str) -> dict[str, Any] | None:
        import jwt

        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            return None
        key = self._keys.find(header.get("kid"))
        if key is None or not key.may_sign(header["alg"]):
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[header["alg"]],
            issuer=self._issuer,
            audience=self._audience,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
        )
        return claims


def _document(content: bytes) -> dict[str, Any]:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("what it answers is no JSON object")
    return document


def _key(row: Any) -> PublicKey | None:
    """A key that signs and has a public half; None for what is of no use to us."""
    import jwt

    if not isinstance(row, dict) or row.get("kty") == "oct" or row.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(row)
    except jwt.PyJWTError:
        return None
    id = row.get("kid")
    return PublicKey(id if isinstance(id, str) else None, row.get("alg"), key.key)


def _names(claims: Mapping[str, Any], path: str) -> list[str]:
    """The texts under a claim, a list or parted by blanks; its name may have dots, or lead into objects."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found.split()
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

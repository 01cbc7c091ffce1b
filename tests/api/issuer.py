"""An OpenID Connect issuer without a web: it has keys, documents, and signs tokens."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from chalicelib.api.tokens import DISCOVERY, IssuerKeys, Tokens

URL = "https://id.example.com/realms/main"
JWKS = f"{URL}/keys"
AUDIENCE = "bpmn"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, **more: str) -> dict[str, Any]:
    """The public half as a JSON Web Key."""
    kinds = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    algorithm: Any = next((of for kind, of in kinds.items() if isinstance(key, kind)), OKPAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), **more}


class Issuer:
    """Answers for its two documents and counts how often it is asked.

    Attributes:
        documents: By URL; one that is missing cannot be read.
        asked: URLs, in order.
    """

    def __init__(self, **keys: Any) -> None:
        """Publish keys by id; without any, an RSA key `one`."""
        self.asked: list[str] = []
        self.documents: dict[str, Any] = {URL + DISCOVERY: {"issuer": URL, "jwks_uri": JWKS}}
        self.publish(**(keys or {"one": RSA_KEY}))

    def publish(self, **keys: Any) -> None:
        """These keys and no others."""
        rows = [key if isinstance(key, dict) else public(key, kid=id) for id, key in keys.items()]
        self.documents[JWKS] = {"keys": rows}

    def fetch(self, url: str) -> bytes:
        """A document."""
        self.asked.append(url)
        if url not in self.documents:
            raise OSError("no route to host")
        found = self.documents[url]
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    def tokens(self, clock: Any, roles_claim: str = "roles") -> Tokens:
        """What reads its tokens."""
        return Tokens(IssuerKeys(URL, self.fetch, clock), URL, AUDIENCE, roles_claim)


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says; a claim that is None is left out."""
    now = int(time.time())
    found = {
        "iss": URL,
        "aud": AUDIENCE,
        "sub": "ada",
        "iat": now,
        "exp": now + 300,
        "roles": ["operator"],
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def token(key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "one", **changes: Any) -> str:
    """A signed token."""
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changes), key, algorithm, headers)

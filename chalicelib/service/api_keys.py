"""API keys: made, listed and revoked straight on the store; no operation of the API does it."""

import hashlib
import secrets

from ..bpmn.timing import add, parse_duration
from ..contract.rights import Role
from ..engine.records import Instant
from .environment import ApiKey, Environment, Overtaken
from .retry import until_through


class UnknownKey(Exception):
    """No API key has this id."""


def hash_key(key: str) -> str:
    """What is stored of an API key. Keys have 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key() -> str:
    """A key that nobody can guess; what it begins with tells scanners for lost secrets what it is."""
    return "bpmn_" + secrets.token_urlsafe(32)


def describe(
    key: str, now: Instant, *, roles: frozenset[Role], name: str = "", lifetime: str | None = None
) -> ApiKey:
    """What is kept of a key.

    Args:
        key: At least 256 random bits, as text that a header can have.
        now: The time of the machine; the engine's may have been moved.
        roles: What its owner may do.
        name: What it is for.
        lifetime: How long it is known, as an ISO 8601 duration; None: until it is revoked.

    Raises:
        ValueError: The duration is none.
    """
    expires_at = None if lifetime is None else Instant(add(now, parse_duration(lifetime)))
    return ApiKey(hash_key(key), roles, name, now, expires_at)


def keep(env: Environment, key: ApiKey) -> None:
    """Remember an API key.

    Raises:
        Busy: Others were faster each time.
    """

    def attempt() -> None:
        known = env.store.api_keys()
        known.keys.append(key)
        env.store.commit(known)

    until_through(env, "KeepApiKey", attempt)


def keep_first(env: Environment, key: ApiKey) -> bool:
    """Remember an API key if there is none yet; answers whether it is known now."""
    known = env.store.api_keys()
    if known.keys:
        return False
    known.keys.append(key)
    try:
        env.store.commit(known)
    except Overtaken:
        return False
    return True


def revoke(env: Environment, id: str) -> ApiKey:
    """Forget an API key; answers the one that it was.

    Raises:
        UnknownKey: There is none.
        Busy: Others were faster each time.
    """

    def attempt() -> ApiKey:
        known = env.store.api_keys()
        gone = next((key for key in known.keys if key.id == id), None)
        if gone is None:
            raise UnknownKey(f"API key {id} could not be found")
        known.keys.remove(gone)
        env.store.commit(known)
        return gone

    return until_through(env, "RevokeApiKey", attempt)

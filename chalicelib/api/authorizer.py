"""The Lambda authorizer: API Gateway asks it who is calling, and remembers the answer for each credential.

What it allows is every route, since a remembered answer is used again for other routes; the roles go along,
and the operation that is called judges them (docs/adr/0023).
"""

from collections.abc import Mapping
from typing import Any

from chalice.app import AuthRequest, AuthResponse, ChaliceAuthorizer

from ..contract.rights import known_roles
from ..engine.records import Instant
from .auth import Access, Caller
from .threaded import ThreadedChalice

REMEMBERED_FOR = 30
"""Seconds that API Gateway remembers an answer: so long a revoked key may still be known."""

NAME = "authorize"


class Unauthorized(Exception):
    """Answered as 401 by API Gateway, which looks for this very text.

    Source: Amazon API Gateway developer guide, "Input to an API Gateway Lambda authorizer" and its examples.
    """

    def __init__(self) -> None:
        """Say the text."""
        super().__init__("Unauthorized")


def add_authorizer(app: ThreadedChalice, access: Access) -> ChaliceAuthorizer:
    """Add the authorizer, for the routes that need credentials."""

    @app.authorizer(ttl_seconds=REMEMBERED_FOR, name=NAME)
    def authorize(request: AuthRequest) -> AuthResponse:
        caller = access.caller(request.token)
        if caller is None:
            raise Unauthorized
        return AuthResponse(routes=["*"], principal_id=caller.name, context=to_context(caller))

    authorizer: ChaliceAuthorizer = authorize
    return authorizer


def to_context(caller: Caller) -> dict[str, str]:
    """A caller as it goes along with a request, in texts."""
    context = {"roles": " ".join(sorted(caller.roles))}
    return context if caller.expires_at is None else {**context, "expiresAt": str(caller.expires_at)}


def from_context(context: Mapping[str, Any]) -> Caller | None:
    """The caller that came along with a request; None if no authorizer was asked.

    Only API Gateway writes the context of a request: nothing in it comes from the client.
    """
    found = context.get("authorizer")
    if not found or "roles" not in found:
        return None
    expires_at = found.get("expiresAt")
    return Caller(
        str(found.get("principalId", "")),
        known_roles(found["roles"].split()),
        None if expires_at is None else Instant(int(expires_at)),
    )

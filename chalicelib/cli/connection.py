"""Where the engine is, and who asks: from options, or from the environment."""

import argparse
from collections.abc import Mapping

from ..sdk import Client

ADDRESS = "BPMN_ADDRESS"
BASIC_AUTH = "BPMN_BASIC_AUTH"
API_KEY = "BPMN_API_KEY"

DEFAULT_ADDRESS = "http://127.0.0.1:8080"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of every verb."""
    group = parser.add_argument_group("engine")
    group.add_argument("--address", metavar="URL", help=f"where the engine is ({ADDRESS}, {DEFAULT_ADDRESS})")
    credentials = group.add_mutually_exclusive_group()
    credentials.add_argument("--api-key", metavar="KEY", help=f"an API key ({API_KEY})")
    credentials.add_argument(
        "--basic-auth", metavar="USER:PASSWORD", help=f"user and password ({BASIC_AUTH})"
    )


def address(parsed: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """Where the engine is."""
    return parsed.address or environment.get(ADDRESS) or DEFAULT_ADDRESS


def connect(parsed: argparse.Namespace, environment: Mapping[str, str]) -> Client:
    """A client of the engine; nothing is sent yet.

    Any option for credentials hides those of the environment; there, an API key goes before a password, since
    the settings of an engine may have both.

    Raises:
        ValueError: Address or credentials cannot be used.
    """
    api_key, basic = parsed.api_key, parsed.basic_auth
    if not (api_key or basic):
        api_key = environment.get(API_KEY)
        basic = None if api_key else environment.get(BASIC_AUTH)
    if api_key and not (api_key.isascii() and api_key.isprintable()):
        raise ValueError("the API key has characters that a header cannot have")
    return Client(address(parsed, environment), basic=_pair(basic), api_key=api_key)


def _pair(text: str | None) -> tuple[str, str] | None:
    if not text:
        return None
    user, colon, password = text.partition(":")
    if not (user and colon):
        raise ValueError("basic authorization must be user:password")
    return user, password

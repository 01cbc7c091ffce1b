"""The verbs `key create`, `key list` and `key revoke`: API keys, straight on the store of the settings.

No engine is called: who may write the store may make its first key, and no server has to show one.
"""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..settings import InvalidSetting
from . import serve
from .codes import DONE, NOT_FOUND, REFUSED, USAGE

if TYPE_CHECKING:
    from ..service.environment import ApiKey, Environment

NOUN = "key"
VERBS = ("create", "list", "revoke")
COLUMNS = ("id", "name", "roles", "createdAt", "expiresAt")


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Its three verbs."""
    # Longer to load than all that `bpmn --help` says.
    from ..contract.rights import Role

    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make an API key and print it, this once")
    create.add_argument(
        "--role",
        action="append",
        required=True,
        choices=[role.value for role in Role],
        metavar="ROLE",
        help=f"what its owner may do, once per role: {', '.join(Role)}",
    )
    create.add_argument("--name", metavar="TEXT", default="", help="what it is for")
    create.add_argument(
        "--expires", metavar="DURATION", help="how long it is known, P90D; without it, until it is revoked"
    )
    listed = verbs.add_parser("list", help="list the API keys; what they are is known to their owners alone")
    listed.add_argument("--json", action="store_true", help="print JSON")
    revoke = verbs.add_parser("revoke", help="forget an API key")
    revoke.add_argument("id", metavar="ID", help="as the list shows it")
    for verb, run in ((create, _create), (listed, _list), (revoke, _revoke)):
        serve.add_options(verb, ("store", "data"))
        verb.set_defaults(run=_on_store(run))


_Run = Callable[[argparse.Namespace, "Environment"], int]


def _on_store(run: _Run) -> Callable[[argparse.Namespace], int]:
    def opened(parsed: argparse.Namespace) -> int:
        # Only these verbs and the server need the store.
        from .. import wiring

        try:
            settings = serve.read(parsed)
            if settings.store == "memory":
                raise InvalidSetting("BPMN_STORE must be sqlite or dynamodb: memory ends with its server")
            env = wiring.build(settings)
        except InvalidSetting as fault:
            return _complain(str(fault), USAGE)
        except Exception as fault:
            return _complain(f"cannot open {settings.store} store: {fault}", REFUSED)
        try:
            return run(parsed, env)
        except Exception as fault:
            # Each store fails in words of its own; none of them is worth a stack trace here.
            return _complain(f"cannot use {settings.store} store: {fault}", REFUSED)
        finally:
            env.store.close()

    return opened


def _create(parsed: argparse.Namespace, env: "Environment") -> int:
    from .. import wiring
    from ..contract.rights import known_roles
    from ..service import api_keys

    text = api_keys.new_key()
    try:
        key = api_keys.describe(
            text,
            wiring.utc_now(),
            roles=known_roles(parsed.role),
            name=parsed.name,
            lifetime=parsed.expires,
        )
    except ValueError as fault:
        return _complain(str(fault), USAGE)
    api_keys.keep(env, key)
    print(text, flush=True)
    print(f"API key {key.id}, shown once: it is {_sentence(key)}", file=sys.stderr)
    return DONE


def _list(parsed: argparse.Namespace, env: "Environment") -> int:
    from . import output

    keys = env.store.api_keys().keys
    if parsed.json:
        output.write(output.as_json({"count": len(keys), "results": [_record(key) for key in keys]}))
    else:
        rows = [{**_record(key), "roles": ",".join(sorted(key.roles))} for key in keys]
        output.write(output.as_table({"results": rows}, COLUMNS))
    return DONE


def _revoke(parsed: argparse.Namespace, env: "Environment") -> int:
    from ..service import api_keys

    try:
        api_keys.revoke(env, parsed.id)
    except api_keys.UnknownKey as fault:
        return _complain(str(fault), NOT_FOUND)
    return DONE


def _record(key: "ApiKey") -> dict[str, object]:
    from ..bpmn.instants import format_instant

    found: dict[str, object] = {"id": key.id, "name": key.name or None, "roles": sorted(key.roles)}
    times = {"createdAt": key.created_at, "expiresAt": key.expires_at}
    found |= {name: None if time is None else format_instant(time) for name, time in times.items()}
    return {name: value for name, value in found.items() if value is not None}


def _sentence(key: "ApiKey") -> str:
    record = _record(key)
    known = f"known until {record['expiresAt']}" if "expiresAt" in record else "known until it is revoked"
    return f"for {', '.join(sorted(key.roles))}, and {known}"


def _complain(text: str, code: int) -> int:
    print(f"bpmn: {text}", file=sys.stderr)
    return code

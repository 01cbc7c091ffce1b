"""The command `bpmn`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import fields

from .. import __version__
from ..settings import InvalidSetting, Settings, env_name, option

USAGE_ERROR = 2


class CannotOpen(Exception):
    """The store cannot be opened; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except InvalidSetting as fault:
        print(f"bpmn: {fault}", file=sys.stderr)
        return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bpmn", description="A BPMN 2.0 process engine that scales to zero."
    )
    parser.add_argument("--version", action="version", version=f"bpmn {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    serve = verbs.add_parser(
        "serve",
        help="run the engine on this machine",
        description="Run the engine on this machine. Every option is also an environment variable.",
    )
    for row in fields(Settings):
        serve.add_argument(
            option(row),
            dest=env_name(row),
            metavar=row.name.rpartition("_")[2].upper(),
            help=f"{row.metadata['help']} ({env_name(row)})",
        )
    serve.set_defaults(run=_serve)
    return parser


def _serve(parsed: argparse.Namespace) -> int:
    # Only this verb needs the server, the engine and the store.
    from ..local.server import serve
    from ..local.service import LocalService

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    given = {name: value for name, value in vars(parsed).items() if isinstance(value, str)}
    settings = Settings.read(given, os.environ)

    def load() -> LocalService:
        try:
            service = LocalService(settings)
        except Exception as fault:
            # Each store fails in words of its own; none of them is worth a stack trace here.
            place = f" {settings.data}" if settings.data else ""
            raise CannotOpen(f"cannot open {settings.store} store{place}: {fault}") from fault
        if service.new_api_key:
            print(f"API key, shown once: {service.new_api_key}", flush=True)
        return service

    def ready(host: str, port: int) -> None:
        name = f"[{host}]" if ":" in host else host
        print(f"serving on http://{name}:{port} (store: {settings.store})", flush=True)

    try:
        serve(load, settings.host, settings.port, on_ready=ready)
    except CannotOpen as fault:
        print(f"bpmn: {fault}", file=sys.stderr)
        return 1
    except OSError as fault:
        print(f"bpmn: cannot serve on {settings.host}:{settings.port}: {fault}", file=sys.stderr)
        return 1
    return 0

"""The verb `serve`: the engine on this machine."""

import argparse
import os
import sys
from collections.abc import Collection
from dataclasses import fields

from ..settings import InvalidSetting, Settings, env_name, option
from .codes import REFUSED, USAGE

SUMMARY = "run the engine on this machine"


class CannotOpen(Exception):
    """The store cannot be opened; the text says why."""


def add_options(parser: argparse.ArgumentParser, names: Collection[str] | None = None) -> None:
    """One option per setting; if names are given, only for these."""
    for row in fields(Settings):
        if names is not None and row.name not in names:
            continue
        parser.add_argument(
            option(row),
            dest=env_name(row),
            metavar=row.name.rpartition("_")[2].upper(),
            help=f"{row.metadata['help']} ({env_name(row)})",
        )


def run(parsed: argparse.Namespace) -> int:
    """Serve until told to stop; answers the exit code."""
    try:
        return _serve(read(parsed))
    except InvalidSetting as fault:
        print(f"bpmn: {fault}", file=sys.stderr)
        return USAGE


def read(parsed: argparse.Namespace) -> Settings:
    """The settings: options go before the environment.

    Raises:
        InvalidSetting: A text cannot be used.
    """
    given = {name: value for name, value in vars(parsed).items() if isinstance(value, str)}
    return Settings.read(given, os.environ)


def _serve(settings: Settings) -> int:
    # Only this verb needs the server, the engine and the store.
    from .. import wiring
    from ..local.server import serve
    from ..local.service import LocalService

    wiring.log(settings, sys.stderr, form="text")

    def load() -> LocalService:
        try:
            service = LocalService(settings)
        except InvalidSetting:
            raise
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
        return REFUSED
    except OSError as fault:
        print(f"bpmn: cannot serve on {settings.host}:{settings.port}: {fault}", file=sys.stderr)
        return REFUSED
    return 0

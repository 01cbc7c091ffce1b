"""Find the worker of a program by its name: `orders.handlers`, or `orders.handlers:worker`."""

import importlib
import traceback
from types import ModuleType

from .worker import InvalidHandler, Worker


class NotLoaded(Exception):
    """There is no worker of that name; the text says why."""


def load(reference: str) -> Worker:
    """Import a module and answer its worker, with all annotations of its handlers read.

    Args:
        reference: `module`, if it has one worker, or `module:attribute`.

    Raises:
        NotLoaded: The module cannot be imported, or has no such worker, or one without handlers.
        InvalidHandler: A handler of it cannot be one.
    """
    name, _, attribute = reference.partition(":")
    try:
        module = importlib.import_module(name)
    except InvalidHandler:
        raise
    except Exception as fault:
        # It is the user's program, and whatever is wrong there is told with its place.
        raise NotLoaded(f"cannot import {name or 'a module without name'}: {_told(fault)}") from fault
    worker = _named(module, attribute) if attribute else _only(module)
    if not worker.places():
        raise NotLoaded(f"the worker of {reference} has no handlers")
    worker.check()
    return worker


def _told(fault: Exception) -> str:
    place = traceback.extract_tb(fault.__traceback__)[-1]
    is_ours = "importlib" in place.filename
    return f"{type(fault).__name__}: {fault}" + ("" if is_ours else f" ({place.filename}:{place.lineno})")


def _named(module: ModuleType, attribute: str) -> Worker:
    found = getattr(module, attribute, None)
    if not isinstance(found, Worker):
        raise NotLoaded(f"{attribute} of {module.__name__} is no worker")
    return found


def _only(module: ModuleType) -> Worker:
    found = {id(worker): name for name, worker in vars(module).items() if isinstance(worker, Worker)}
    if not found:
        raise NotLoaded(f"module {module.__name__} has no worker, like `worker = Worker()`")
    if len(found) > 1:
        names = ", ".join(sorted(found.values()))
        raise NotLoaded(f"module {module.__name__} has several workers: {names}; name one after a colon")
    (name,) = found.values()
    return _named(module, name)

"""Calls that end when their time is over, also those that cannot be told how long they may take."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

Found = TypeVar("Found")


class TimedOut(Exception):
    """There was no whole answer in time."""


def in_time(act: Callable[[], Found], seconds: float) -> Found:
    """Do something; who takes longer is left alone.

    Raises:
        TimedOut: It takes longer; it goes on, and nobody hears of it.
    """
    done: SimpleQueue[Found | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            done.put(act())
        except BaseException as fault:
            done.put(fault)

    threading.Thread(target=run, daemon=True).start()
    try:
        found = done.get(timeout=seconds)
    except Empty:
        raise TimedOut from None
    if isinstance(found, BaseException):
        raise found
    return found

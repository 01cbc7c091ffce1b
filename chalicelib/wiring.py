"""Chooses the parts; the only file that knows all of them."""

import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial

from .api.auth import Access
from .engine.records import Instant
from .sdk.handlers import Handlers
from .service.environment import Archive, Cipher, Environment, Feed, Store
from .settings import KmsKey, Settings
from .storage.keys import Shards
from .storage.ports import Items
from .storage.store import ItemStore

DEADLINE = 20.0
"""Seconds that an overtaken command tries again; less than the 29 of API Gateway."""

logger = logging.getLogger(__name__)


@dataclass
class Counts:
    """What this process has counted since it started.

    Attributes:
        overtaken: How often a command had to be thought again, by its name.
    """

    overtaken: dict[str, int] = field(default_factory=dict)

    def count_overtaken(self, name: str) -> None:
        """One more."""
        self.overtaken[name] = self.overtaken.get(name, 0) + 1


def build(settings: Settings, counts: Counts | None = None) -> Environment:
    """The environment that the settings ask for."""
    items, shards = _items(settings)
    store = ItemStore(items, shards, os.urandom)
    return replace(
        environment(settings, store, counts=counts or Counts()),
        feed=_feed(settings),
        fed=() if settings.handlers is None else handlers(settings.handlers),
    )


@cache
def handlers(name: str) -> Handlers:
    """The job handlers of a module, imported when they are first asked for."""
    return Handlers(name)


def environment(
    settings: Settings,
    store: Store,
    *,
    wall_clock: Callable[[], Instant] | None = None,
    counts: Counts | None = None,
) -> Environment:
    """The environment around a store; tests hand in their clock."""
    wall_clock = wall_clock or _utc_now
    return Environment(
        store,
        wall_clock if settings.set_time else _moved(wall_clock, store),
        cipher=_cipher(settings),
        eager=settings.task_mode == "eager",
        engine_id=settings.engine_id,
        task_retries=settings.task_retries,
        retention=settings.retention,
        archive=_archive(settings),
        can_set_time=settings.set_time,
        pauses=_pauses,
        pause=time.sleep,
        overtaken=(counts or Counts()).count_overtaken,
    )


def create_tables(settings: Settings) -> None:
    """Make the DynamoDB table (and the bucket) if they are missing; on AWS the stack makes them."""
    if settings.store == "dynamodb":
        import boto3

        from .storage.dynamodb import create_bucket, create_table

        create_table(boto3.client("dynamodb"), _table(settings))
        if settings.bucket is not None:
            create_bucket(boto3.client("s3"), settings.bucket)


def access(settings: Settings, store: Store) -> Access:
    """Who may come in."""
    return Access(settings.basic_auth, settings.api_key, store)


def _items(settings: Settings) -> tuple[Items, Shards]:
    if settings.store == "memory":
        from .storage.memory import MemoryItems

        return MemoryItems(), Shards()
    if settings.store == "sqlite":
        from .storage.sqlite import SqliteItems

        return SqliteItems(settings.data or "bpmn.db"), Shards()
    # Half of a cold start; only where it is needed.
    from .storage.dynamodb import connect

    return connect(_table(settings), settings.bucket), Shards(jobs=1, tasks=4, lists=16)


def _feed(settings: Settings) -> Feed | None:
    if settings.queue is None:
        return None
    # The client of boto3 is made with the first hint.
    from .storage.sqs import SqsFeed, connect

    return SqsFeed(connect, settings.queue)


def _table(settings: Settings) -> str:
    return f"{settings.data or 'bpmn'}-items"


def _cipher(settings: Settings) -> Cipher | None:
    if not settings.encryption_keys:
        return None
    from .storage.cipher import AesCipher

    return AesCipher([_opener(key) for key in settings.encryption_keys], os.urandom)


def _opener(key: bytes | KmsKey) -> bytes | Callable[[], bytes]:
    return key if isinstance(key, bytes) else partial(_open_by_kms, key.sealed)


def _open_by_kms(sealed: bytes) -> bytes:
    # Half of a cold start, too; a process that meets no encrypted variable does without.
    from .storage.kms import open_key

    return open_key(sealed)


def _archive(settings: Settings) -> Archive | None:
    if settings.archive is None:
        return None
    from .storage.archive import DirectoryArchive, S3Archive

    bucket, _, prefix = settings.archive.removeprefix("s3://").partition("/")
    if not settings.archive.startswith("s3://"):
        return DirectoryArchive(settings.archive)
    import boto3

    return S3Archive(boto3.client("s3"), bucket, prefix)


def _moved(wall_clock: Callable[[], Instant], store: Store) -> Callable[[], Instant]:
    """A moved clock holds for every process of the deployment, also where it cannot be moved; read once."""
    offset = cache(store.clock_offset)
    return lambda: Instant(wall_clock() + offset().milliseconds)


def _utc_now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)


def _pauses() -> Iterator[float]:
    """Short and jittered at first, longer later, until the deadline, which counts from now on."""
    return _pauses_until(time.monotonic() + DEADLINE)


def _pauses_until(end: float) -> Iterator[float]:
    longest = 0.002
    while time.monotonic() < end:
        yield random.uniform(0, longest)
        longest = min(longest * 2, 0.5)

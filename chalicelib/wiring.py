"""Chooses the parts; the only file that knows all of them."""

import os
import random
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TextIO, cast

from .api.auth import Access
from .engine.records import Instant
from .service.environment import Archive, Cipher, Environment, Store
from .service.watch import Watch
from .service.watched import WatchedStore
from .settings import KmsKey, Settings
from .storage.keys import Shards
from .storage.ports import Items
from .storage.store import ItemStore
from .watching import Watching, emf, log_to

DEADLINE = 20.0
"""Seconds that an overtaken command tries again; less than the 29 of API Gateway."""


def build(settings: Settings, watch: Watch | None = None) -> Environment:
    """The environment that the settings ask for."""
    items, shards = _items(settings)
    return environment(settings, ItemStore(items, shards, os.urandom), watch=watch or watching(settings))


def watching(settings: Settings, *, every: float = 0.0) -> Watching:
    """Who counts what happens.

    Args:
        settings: Whether a monitor gets it.
        every: Seconds between two times, at least.
    """
    return Watching(emf(settings.metrics, settings.engine_id) if settings.metrics else None, every)


def log(settings: Settings, stream: TextIO, *, form: str) -> None:
    """Let this process log to a stream, in the form that the settings ask for, or else in this."""
    log_to(stream, settings.log_level, settings.log_format or form)


def environment(
    settings: Settings,
    store: Store,
    *,
    wall_clock: Callable[[], Instant] | None = None,
    watch: Watch | None = None,
) -> Environment:
    """The environment around a store; tests hand in their clock."""
    wall_clock = wall_clock or _utc_now
    watch = watch or Watching()
    return Environment(
        cast(Store, WatchedStore(store, watch)),
        wall_clock if settings.set_time else _moved(wall_clock, store),
        watch,
        cipher=_cipher(settings),
        eager=settings.task_mode == "eager",
        engine_id=settings.engine_id,
        task_retries=settings.task_retries,
        retention=settings.retention,
        archive=_archive(settings),
        can_set_time=settings.set_time,
        pauses=_pauses,
        pause=time.sleep,
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

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
from .service.environment import Archive, Cipher, Environment, Store
from .settings import KmsKey, Settings
from .storage.keys import Shards
from .storage.ports import Items
from .storage.store import ItemStore

DEADLINE = 20.0
"""Seconds that an overtaken command tries again; less than the 29 of API Gateway."""

SHARDS_ON_DYNAMODB = Shards(jobs=16, tasks=4, lists=16, signals=16)
"""Unless the settings say otherwise: enough for 1,000 starts per second (docs/scale.md). Elsewhere, nothing
gets hot."""

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
    store = ItemStore(_items(settings), shards(settings), os.urandom)
    return environment(settings, store, counts=counts or Counts())


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


def shards(settings: Settings) -> Shards:
    """Over how many hash values each index is spread: the default of the store, as far as nothing is set."""
    default = SHARDS_ON_DYNAMODB if settings.store == "dynamodb" else Shards()
    return replace(default, **dict(settings.shards))


def _items(settings: Settings) -> Items:
    if settings.store == "memory":
        from .storage.memory import MemoryItems

        return MemoryItems()
    if settings.store == "sqlite":
        from .storage.sqlite import SqliteItems

        return SqliteItems(settings.data or "bpmn.db")
    # Half of a cold start; only where it is needed.
    from .storage.dynamodb import connect

    return connect(_table(settings), settings.bucket)


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

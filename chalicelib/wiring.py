"""Chooses the parts; the only file that knows all of them."""

import math
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TextIO, cast

from .api.auth import Access
from .api.manners import Manners
from .api.tokens import IssuerKeys, Tokens
from .engine.records import Instant
from .sdk.handlers import Handlers
from .service.environment import (
    Archive,
    Cipher,
    Environment,
    Feed,
    MicroflowLimits,
    Perform,
    Store,
    nobody,
)
from .service.watch import Watch
from .service.watched import WatchedStore
from .settings import InvalidSetting, KmsKey, Settings, is_safe_url
from .storage.keys import Shards
from .storage.ports import Items
from .storage.store import ItemStore
from .watching import Watching, emf, log_to

if TYPE_CHECKING:
    from .sdk.worker import Worker

DEADLINE = 20.0
"""Seconds that an overtaken command tries again; less than the 29 of API Gateway."""

SHARDS_ON_DYNAMODB = Shards(jobs=16, tasks=4, lists=16, signals=16)
"""Unless the settings say otherwise: enough for 1,000 starts per second (docs/scale.md). Elsewhere, nothing
gets hot."""

FETCH_TIMEOUT = 5.0
"""Seconds that an issuer of JWTs may take for each of its documents."""

LARGEST_DOCUMENT = 1024**2
"""Bytes of a document of an issuer of JWTs."""


def build(settings: Settings, watch: Watch | None = None) -> Environment:
    """The environment that the settings ask for."""
    store = ItemStore(_items(settings), shards(settings), os.urandom)
    return replace(
        environment(settings, store, watch=watch or watching(settings)),
        feed=_feed(settings),
        fed=handlers(settings) or (),
        perform=performer(settings),
    )


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


@cache
def handlers(settings: Settings) -> Handlers | None:
    """The job handlers of the settings, loaded when they are first asked for; None: there are none.

    Raises:
        InvalidSetting: What connectors may call cannot be understood; not only when one is asked to.
    """
    _judge_hosts(settings.http_hosts)
    has_connectors = settings.http_hosts or settings.dynamodb_tables or settings.lambda_functions
    if settings.handlers is None and not has_connectors:
        return None
    return Handlers(settings.handlers, partial(connectors, settings) if has_connectors else None)


def _judge_hosts(texts: tuple[str, ...]) -> None:
    if texts:
        from .connectors.hosts import Hosts

        try:
            Hosts.of(texts)
        except ValueError as fault:
            raise InvalidSetting(f"BPMN_HTTP_HOSTS: {fault}") from None


def connectors(settings: Settings) -> "Worker":
    """The handlers that come with the engine, for what the settings list."""
    from .connectors import Allowed, Ports, worker

    tables = frozenset({_table(settings)}) if settings.store == "dynamodb" else frozenset[str]()
    # The one that runs this; the others of the stack have names that only the stack knows.
    functions = frozenset(filter(None, [os.environ.get("AWS_LAMBDA_FUNCTION_NAME")]))
    allowed = Allowed(
        settings.http_hosts, settings.dynamodb_tables, settings.lambda_functions, tables, functions
    )
    return worker(allowed, Ports(time.monotonic, time.sleep, _client_within))


def _client_within(service: str, seconds: float) -> Any:
    """A client whose calls take about so long at most: to make one takes longer than most of its calls."""
    step = 1 if seconds <= 10 else 10
    return _client(service, step * math.ceil(seconds / step))


@cache
def _client(service: str, seconds: int) -> Any:
    """A call is made once: its effect may not be known, and its time is meant for all attempts together."""
    from botocore.config import Config

    from .storage import aws

    config = Config(
        connect_timeout=min(seconds, 5.0), read_timeout=seconds, retries={"total_max_attempts": 1}
    )
    return aws.client(service, config)


def environment(
    settings: Settings,
    store: Store,
    *,
    wall_clock: Callable[[], Instant] | None = None,
    watch: Watch | None = None,
) -> Environment:
    """The environment around a store; tests hand in their clock."""
    wall_clock = wall_clock or utc_now
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
        claims_are_open=settings.compat_open_claim,
        claims_are_implicit=settings.compat_implicit_claim,
        pauses=_pauses,
        pause=time.sleep,
        microflows=MicroflowLimits(
            settings.microflow_timeout, settings.microflow_steps, settings.microflow_trace
        ),
    )


def performer(settings: Settings) -> Perform:
    """Lets the handlers of the settings do jobs; without any, all jobs are left to workers."""
    found = handlers(settings)
    return nobody if found is None else found.perform


def create_tables(settings: Settings) -> None:
    """Make the DynamoDB table (and the bucket) if they are missing; on AWS the stack makes them."""
    if settings.store == "dynamodb":
        from .storage import aws
        from .storage.dynamodb import create_bucket, create_table

        create_table(aws.client("dynamodb"), _table(settings))
        if settings.bucket is not None:
            create_bucket(aws.client("s3"), settings.bucket)


def access(settings: Settings, store: Store) -> Access:
    """Who may come in.

    Raises:
        InvalidSetting: There is an issuer of JWTs, but no audience.
    """
    return Access(settings.basic_auth, settings.api_key, store, time.monotonic, utc_now, _tokens(settings))


def manners(settings: Settings) -> Manners:
    """How the further surfaces behave."""
    return Manners(
        settings.surfaces_auth == "none",
        settings.compat_http_status == "always-200",
        error_status=settings.compat_error_status,
        has_empty_outputs=settings.compat_empty_outputs_on_error,
    )


def _tokens(settings: Settings) -> Tokens | None:
    if settings.jwt_issuer is None:
        return None
    if settings.jwt_audience is None:
        raise InvalidSetting("BPMN_JWT_AUDIENCE must be given with BPMN_JWT_ISSUER")
    keys = IssuerKeys(settings.jwt_issuer, _fetch, time.monotonic)
    return Tokens(keys, settings.jwt_issuer, settings.jwt_audience, settings.jwt_roles_claim)


def _fetch(url: str) -> bytes:
    """A document of a web server that nobody can pretend to be; redirects would lead elsewhere.

    Raises:
        OSError: The server does not answer, or with something else.
        ValueError: The URL is not https, or the document too large.
    """
    if not is_safe_url(url):
        raise ValueError("a URL is not https")
    # Half as long to load as all others together; only where a JWT comes.
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *request: Any) -> None:
            return None

    try:
        with urllib.request.build_opener(NoRedirects).open(url, timeout=FETCH_TIMEOUT) as response:
            content: bytes = response.read(LARGEST_DOCUMENT + 1)
    except urllib.error.HTTPError as fault:
        fault.close()
        raise OSError(f"{url} answers {fault.code}") from None
    except HTTPException:
        raise OSError(f"{url} does not answer in HTTP") from None
    if len(content) > LARGEST_DOCUMENT:
        raise ValueError("a document is too large")
    return content


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


def _feed(settings: Settings) -> Feed | None:
    if settings.queue is None:
        return None
    # The client is made with the first hint.
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
    from .storage import aws

    return S3Archive(aws.client("s3"), bucket, prefix)


def _moved(wall_clock: Callable[[], Instant], store: Store) -> Callable[[], Instant]:
    """A moved clock holds for every process of the deployment, also where it cannot be moved; read once."""
    offset = cache(store.clock_offset)
    return lambda: Instant(wall_clock() + offset().milliseconds)


def utc_now() -> Instant:
    """The time of the machine."""
    return Instant(time.time_ns() // 1_000_000)


def _pauses() -> Iterator[float]:
    """Short and jittered at first, longer later, until the deadline, which counts from now on."""
    return _pauses_until(time.monotonic() + DEADLINE)


def _pauses_until(end: float) -> Iterator[float]:
    longest = 0.002
    while time.monotonic() < end:
        yield random.uniform(0, longest)
        longest = min(longest * 2, 0.5)

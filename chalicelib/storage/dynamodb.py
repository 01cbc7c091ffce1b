"""Items in one DynamoDB table, bodies that are too large for it in S3.

An item has the attributes pk and sk (its key), r (revision), b (body) or o (name of the object that holds the
body), w (write id, see `DynamoItems._put`), and its index attributes. The names are short because every
started KB of an item is paid for.

What goes wrong on the way is met here: a table that is busy or cannot be reached is asked again after a
growing random pause (in the end: `Throttled`), and so is one whose answer was lost, in a way that cannot
write twice (in the end: `Unanswered`).
"""

import logging
import os
import random
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any, Protocol, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
)

from ..engine.errors import InvalidCommand
from . import aws, tables
from .ports import Delete, Entry, Item, Key, Put, StaleWrite, Throttled, Unanswered, Write
from .units import KEYS_PER_READ, LARGEST_BODY

logger = logging.getLogger(__name__)

LARGEST_TRANSACTION = 3_500_000
"""Bytes of all bodies in a transaction. Source: TransactWriteItems, at most 4 MB together, names included."""

ATTEMPTS = 7
SHORTEST_PAUSE = 0.025
LONGEST_PAUSE = 1.0

PATIENCE = 4.0
"""Seconds after which a request is not sent again: with the time that the last one takes, and the attempts of
a command on top, the answer has to come within the 29 seconds of API Gateway."""

_REMEMBERED_OBJECTS = 10_000

Attributes = Mapping[str, Mapping[str, Any]]
"""An item as the client shows it: `{"pk": {"S": "..."}, "r": {"N": "1"}}`."""

T = TypeVar("T")


class BodyTooLarge(InvalidCommand):
    """What is to be stored does not fit into the table, and there is no bucket; nothing was written."""


class NoBucket(Exception):
    """What was stored lies in a bucket, and the setting names none any more."""


class Objects(Protocol):
    """Where large bodies go; an object is written once, under a name nobody else has, and never changed."""

    def put(self, name: str, body: bytes) -> None:
        """Keep a body."""
        ...

    def get(self, name: str) -> bytes | None:
        """Answer a body, or None if there is none of that name."""
        ...

    def delete(self, name: str) -> None:
        """Remove a body; none of that name is fine."""
        ...


class S3Objects:
    """Large bodies in an S3 bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Use an S3 client of botocore."""
        self._client = client
        self._bucket = bucket

    def put(self, name: str, body: bytes) -> None:
        """See `Objects.put`."""
        with _reaching_bucket(self._bucket):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=body)

    def get(self, name: str) -> bytes | None:
        """See `Objects.get`."""
        with _reaching_bucket(self._bucket):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if _code(error) in ("NoSuchKey", "404"):
                    return None
                raise
            body: bytes = answer["Body"].read()
        return body

    def delete(self, name: str) -> None:
        """See `Objects.delete`."""
        with _reaching_bucket(self._bucket):
            self._client.delete_object(Bucket=self._bucket, Key=name)


class DynamoItems:
    """The port `Items` in a DynamoDB table. One for a process; all threads may use it."""

    def __init__(
        self,
        client: Any,
        table: str,
        objects: Objects | None = None,
        *,
        threads: int = 16,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use a table that is there already.

        Args:
            client: A DynamoDB client of botocore that sends nothing twice by itself: `connect` makes one.
            table: Name of the table.
            objects: Where bodies above `LARGEST_BODY` go; without, such a body is an error.
            threads: How many requests `commit_each` and large reads make at the same time.
            pause: Waits for some seconds.
            clock: Seconds that only rise.
        """
        self._client = client
        self._table = table
        self._objects = objects
        self._threads = threads
        self._pause = pause
        self._clock = clock
        self._behind = _ObjectsBehind()

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        """See `Items.get`.

        Raises:
            Throttled: The table was too busy until the retries were used up.
        """
        found = self._read(keys)
        return [self._item(key, found.get(key)) for key in keys]

    def query(
        self,
        index: str,
        hash_value: str,
        *,
        low: str | int | None = None,
        high: str | int | None = None,
        after: Entry | None = None,
        limit: int = 1000,
    ) -> list[Entry]:
        """See `Items.query`; one request, unless the entries are more than a page of DynamoDB (1 MB).

        Raises:
            Throttled: The table was too busy until the retries were used up.
        """
        assert limit >= 1, "a query asks for at least one entry"
        # errors to DynamoDB: bounds the wrong way round, and a start outside of the bounds
        if after is not None and low is not None and after.range < low:  # type: ignore[operator]
            after = None
        first = low if after is None else after.range
        if first is not None and high is not None and first > high:  # type: ignore[operator]
            return []
        request = self._query_request(tables.indexes()[index], hash_value, low, high, after)
        return self._entries(request, tables.indexes()[index].range_attribute, limit)

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        """See `Items.collections`; a request each, several at the same time.

        Raises:
            Throttled: The table was too busy until the retries were used up.
        """
        if len(partitions) == 1:
            return [self._collection(partitions[0])]
        return list(self._pool.map(self._collection, partitions))

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Items.commit`.

        Raises:
            StaleWrite: A guard did not hold; nothing was written.
            Throttled: The table was too busy or not to be reached until the retries were used up; nothing was
                written.
            Unanswered: A request that was sent got no answer, nor did its repetitions; or it got none, and
                others have written since: nobody knows whether it was written.
            BodyTooLarge: A body needs an object store, and there is none; nothing was written.
            botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: Anything else.
        """
        tables.check(writes)
        placed = self._place_bodies(writes)
        try:
            replaced = self._write(writes, placed)
        except (StaleWrite, Throttled):
            self._drop(placed.values())
            raise
        self._drop(replaced)
        self._note_placed(writes, placed)

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        """See `Items.commit_each`.

        Raises:
            Throttled: No group was written, at least one because the table was too busy.
            Unanswered: No group is known to be written.
            botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: No group is known to be
                written.
        """
        commits: list[Future[None]] = [self._pool.submit(self.commit, writes) for writes in groups]
        wait(commits)
        errors = [commit.exception() for commit in commits]
        written = [error is None for error in errors]
        trouble = [error for error in errors if error is not None and not isinstance(error, StaleWrite)]
        if trouble and not any(written):
            raise next((error for error in trouble if not isinstance(error, Throttled)), trouble[0])
        for error in trouble:
            logger.warning("one of several writes failed: %s", error)
        return written

    def add(self, key: Key, amount: int) -> int:
        """See `Items.add`; if an answer is lost, the amount may be added twice: counted ids then have gaps.

        Raises:
            Throttled: The table was too busy until the retries were used up.
        """
        answer = self._ask(
            self._client.update_item,
            TableName=self._table,
            Key=_key_attributes(Key(f"counter#{key.partition}", key.sort)),
            UpdateExpression="ADD v :amount",
            ExpressionAttributeValues={":amount": {"N": str(amount)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["v"]["N"])

    def purge_expired(self, now: int, limit: int) -> int:
        """Nothing: DynamoDB removes what has expired, within days and for nothing (`infra/tables.json`)."""
        return 0

    def close(self) -> None:
        """End the threads; the clients belong to whoever made them."""
        if "_pool" in self.__dict__:
            self._pool.shutdown()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="items")

    # reads

    def _read(self, keys: Sequence[Key]) -> Mapping[Key, Attributes]:
        if len(keys) == 1:
            return self._read_one(keys[0])
        chunks = [keys[start : start + KEYS_PER_READ] for start in range(0, len(keys), KEYS_PER_READ)]
        answers = (
            self._pool.map(self._read_chunk, chunks) if len(chunks) > 1 else map(self._read_chunk, chunks)
        )
        return {key: attributes for answer in answers for key, attributes in answer.items()}

    def _read_one(self, key: Key) -> Mapping[Key, Attributes]:
        request = {"TableName": self._table, "Key": _key_attributes(key), "ConsistentRead": True}
        answer = self._ask(self._client.get_item, **request)
        return {key: answer["Item"]} if "Item" in answer else {}

    def _read_chunk(self, keys: Sequence[Key]) -> Mapping[Key, Attributes]:
        """Read up to 100 items; DynamoDB may leave some for the next request."""
        found: dict[Key, Attributes] = {}
        wanted = [_key_attributes(key) for key in keys]
        attempt = 0
        while wanted:
            attempt = self._wait_before(attempt)
            request = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._ask(self._client.batch_get_item, RequestItems=request)
            items = answer.get("Responses", {}).get(self._table, [])
            found.update((_key(attributes), attributes) for attributes in items)
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            attempt = 0 if items else attempt
        return found

    def _wait_before(self, attempt: int) -> int:
        if attempt == ATTEMPTS:
            raise Throttled(f"table {self._table} is too busy")
        if attempt:
            self._pause(random.uniform(0, min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**attempt)))
        return attempt + 1

    def _item(self, key: Key, attributes: Attributes | None) -> Item | None:
        for _ in range(ATTEMPTS):
            if attributes is None:
                return None
            body = self._body(key, attributes)
            if body is not None:
                return Item(
                    key, body, int(attributes["r"]["N"]), _index_values(attributes), _expiry(attributes)
                )
            # the item was overwritten, and the object removed, since the item was read
            attributes = self._read_one(key).get(key)
        raise LookupError(f"the object with the body of {key} is gone")

    def _body(self, key: Key, attributes: Attributes) -> bytes | None:
        if "o" not in attributes:
            body: bytes = attributes["b"]["B"]
            return body
        name = attributes["o"]["S"]
        if self._objects is None:
            raise NoBucket(f"the body of {key} lies in an S3 bucket, and BPMN_BUCKET names none")
        self._behind.note(key, int(attributes["r"]["N"]), name)
        return self._objects.get(name)

    def _query_request(
        self,
        index: tables.Index,
        hash_value: str,
        low: str | int | None,
        high: str | int | None,
        after: Entry | None,
    ) -> dict[str, Any]:
        condition, values = _range_condition(low, high)
        start = {} if after is None else {"ExclusiveStartKey": _start_key(index, hash_value, after)}
        return {
            "TableName": self._table,
            "IndexName": index.name,
            "KeyConditionExpression": "#h = :h" + condition,
            "ExpressionAttributeNames": {"#h": index.hash_attribute}
            | ({"#r": index.range_attribute} if condition else {}),
            "ExpressionAttributeValues": {":h": {"S": hash_value}} | values,
            **start,
        }

    def _collection(self, partition: str) -> list[str]:
        request = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#p = :p",
            "ProjectionExpression": "#s",
            "ExpressionAttributeNames": {"#p": "pk", "#s": "sk"},
            "ExpressionAttributeValues": {":p": {"S": partition}},
        }
        found: list[str] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._ask(self._client.query, **request, **start)
            found += [each["sk"]["S"] for each in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _entries(self, request: Mapping[str, Any], range_attribute: str, limit: int) -> list[Entry]:
        """Up to `limit` entries, page by page: a page may end early, in the worst case empty."""
        found: list[Entry] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._ask(self._client.query, **{**request, **start, "Limit": limit - len(found)})
            found += [Entry(_plain(each[range_attribute]), _key(each)) for each in answer["Items"]]
            if len(found) >= limit or "LastEvaluatedKey" not in answer:
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    # writes

    def _write(self, writes: Sequence[Write], placed: Mapping[Key, str]) -> list[str]:
        """Carry out the writes; answer the names of the objects that nobody needs any more."""
        replaced = [name for write in writes if (name := self._behind.replaced_by(write))]
        if len(writes) > 1:
            replaced += self._unseen_objects(writes)
            self._transact(writes, placed)
        elif isinstance(write := writes[0], Put):
            self._put(write, placed.get(write.item.key))
        else:
            replaced += self._delete(write)
        return replaced

    def _put(self, put: Put, object_name: str | None) -> None:
        """Write one item, under the condition that its guard holds.

        What happens when an answer is lost and the same request is sent again, by the client or by `_call`:

            time   we                          table                       another writer
             1     put r=5 w=ours if r=4  ──►  r=4 holds: r=5 w=ours
             2     (answer lost)          ◄──
             3     put r=5 w=ours if r=4  ──►  r=5: condition fails
             4     old item has w=ours    ◄──  answers r=5 w=ours
                   → it was us: success

             3'                                r=4: we were too late  ◄──  put r=5 w=theirs
             4'    old item has w=theirs  ◄──  answers r=5 w=theirs
                   → another was first: StaleWrite

             3"                                r=5 w=ours, or w=theirs   ◄──  put r=6 w=theirs
             4"    old item has r=6       ◄──  answers r=6 w=theirs
                   → nobody knows whether r=5 was ours: Unanswered
        """
        write_id = {} if put.guard is None else {"w": {"B": os.urandom(6)}}
        request = {
            "TableName": self._table,
            "Item": {**_attributes(put.item, object_name), **write_id},
            **_condition(put.guard),
        }
        try:
            self._call(self._client.put_item, **request)
        except _Refused as refusal:
            if refusal.old.get("w") != write_id.get("w"):
                raise _overtaken(put.item.key, refusal, put.item.revision) from None

    def _delete(self, delete: Delete) -> list[str]:
        """Remove one item, under the condition that its guard holds; answer the object that it had, if any.

        If an earlier sending of the request got no answer and the item is gone now, it was us.
        """
        request = {"TableName": self._table, "Key": _key_attributes(delete.key), **_condition(delete.guard)}
        wants_old = {} if self._objects is None else {"ReturnValues": "ALL_OLD"}
        try:
            answer = self._call(self._client.delete_item, **request, **wants_old)
        except _Refused as refusal:
            if refusal.old or not refusal.is_repeated:
                raise _overtaken(delete.key, refusal, (delete.guard or 0) + 1) from None
            return []
        return [answer["Attributes"]["o"]["S"]] if "o" in answer.get("Attributes", {}) else []

    def _transact(self, writes: Sequence[Write], placed: Mapping[Key, str]) -> None:
        """Carry out several writes or none.

        The token makes a repetition harmless. Source: API reference, TransactWriteItems (10 minutes).
        """
        actions = [self._action(write, placed) for write in writes]
        try:
            self._call(
                self._client.transact_write_items,
                TransactItems=actions,
                ClientRequestToken=secrets.token_hex(16),
            )
        except _Refused:
            keys = ", ".join(str(tables.key_of(write)) for write in writes)
            raise StaleWrite(f"another writer was first at one of {keys}") from None

    def _action(self, write: Write, placed: Mapping[Key, str]) -> dict[str, Any]:
        where = {"TableName": self._table, **_guard_condition(write.guard)}
        if isinstance(write, Put):
            return {"Put": {"Item": _attributes(write.item, placed.get(write.item.key)), **where}}
        return {"Delete": {"Key": _key_attributes(write.key), **where}}

    def _ask(self, operation: Callable[..., T], **request: Any) -> T:
        """Send a request that may be carried out any number of times.

        Raises:
            Throttled: No answer came until the attempts were used up.
        """
        try:
            return self._call(operation, **request)
        except Unanswered as reason:
            raise Throttled(str(reason)) from reason

    def _call(self, operation: Callable[..., T], **request: Any) -> T:
        """Send a request; send it again if the table is busy, cannot be reached, or gives no answer.

        Raises:
            _Refused: A condition did not hold.
            Throttled: Busy or not reached until the attempts were used up; nothing was written.
            Unanswered: The attempts were used up, and one that was sent got no answer: it may have written.
        """
        unknown: Exception | None = None
        reason: Exception | None = None
        attempt, end = 0, self._clock() + PATIENCE
        while reason is None or (attempt < ATTEMPTS and self._clock() < end):
            attempt = self._wait_before(attempt)
            try:
                return operation(**request)
            except _NOT_SENT as error:
                reason = error
            except (HTTPClientError, ConnectionError) as error:
                reason = unknown = error
            except ClientError as error:
                if _is_refused(error):
                    raise _Refused(error, is_repeated=unknown is not None) from error
                if _code(error) in _UNKNOWN:
                    unknown = error
                elif not _is_busy(error):
                    raise
                reason = error
        if unknown is not None:
            raise Unanswered(f"table {self._table} gave no answer: {unknown}") from unknown
        raise Throttled(f"table {self._table} is too busy or cannot be reached: {reason}") from reason

    # bodies in the object store

    def _place_bodies(self, writes: Sequence[Write]) -> Mapping[Key, str]:
        """Write large bodies before the items that refer to them; answer the names of their objects."""
        items = [write.item for write in writes if isinstance(write, Put)]
        return {item.key: self._place(item) for item in items if len(item.body) > _largest_body(items)}

    def _place(self, item: Item) -> str:
        if self._objects is None:
            raise BodyTooLarge(
                f"what is to be stored has {len(item.body)} bytes in one piece, which needs an S3 bucket; "
                "the setting BPMN_BUCKET names none"
            )
        name = secrets.token_urlsafe(16)
        self._objects.put(name, item.body)
        return name

    def _drop(self, names: Collection[str]) -> None:
        """Remove objects to which no item refers; one that stays costs its storage and does no other harm."""
        for name in names:
            try:
                assert self._objects is not None
                self._objects.delete(name)
            except (ClientError, BotoCoreError, Throttled):
                continue

    def _note_placed(self, writes: Sequence[Write], placed: Mapping[Key, str]) -> None:
        for write in writes:
            if isinstance(write, Put) and write.item.key in placed:
                self._behind.note(write.item.key, write.item.revision, placed[write.item.key])

    def _unseen_objects(self, writes: Sequence[Write]) -> list[str]:
        """Objects of items that a transaction is to delete unread; it cannot answer what it deleted."""
        keys = [write.key for write in writes if isinstance(write, Delete) and write.guard is None]
        if self._objects is None or not keys:
            return []
        return [attributes["o"]["S"] for attributes in self._read(keys).values() if "o" in attributes]


def connect(
    table: str, bucket: str | None = None, *, threads: int = 16, endpoint_url: str | None = None
) -> DynamoItems:
    """Make a store with clients of its own, region and credentials as every AWS SDK finds them.

    Args:
        table: Name of the DynamoDB table.
        bucket: Name of the S3 bucket for large bodies, if there is one; its client is made when first needed.
        threads: As for `DynamoItems`.
        endpoint_url: Where DynamoDB and S3 are, if not at AWS.
    """
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=threads + 4,
        retries={"total_max_attempts": 1},  # the adapter repeats, and knows what has become of each attempt
    )
    client = aws.client("dynamodb", config, endpoint_url=endpoint_url)
    objects = None if bucket is None else _LateS3Objects(bucket, endpoint_url)
    return DynamoItems(client, table, objects, threads=threads)


def create_table(client: Any, name: str) -> None:
    """Create the table of `infra/tables.json` under a name and wait until it is there; it may exist."""
    try:
        client.create_table(**tables.table_parameters(name))
    except ClientError as error:
        if _code(error) != "ResourceInUseException":
            raise
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    _expire(client, name)


def _expire(client: Any, name: str) -> None:
    """Let DynamoDB remove items after the time in their attribute; to say so twice is an error to it."""
    answer = client.describe_time_to_live(TableName=name)
    if answer["TimeToLiveDescription"].get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        expiry = tables.properties("Items")["TimeToLiveSpecification"]
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)


def create_bucket(client: Any, name: str) -> None:
    """Create the bucket of `infra/tables.json` under a name; it may exist, if it is ours."""
    region = client.meta.region_name
    # Source: Amazon S3 API reference, CreateBucket: us-east-1 is the place without a name
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=name, **place)
    except ClientError as error:
        if _code(error) != "BucketAlreadyOwnedByYou":
            raise
    block = tables.properties("Values")["PublicAccessBlockConfiguration"]
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)


# private


class _LateS3Objects(S3Objects):
    """Makes the S3 client when a large body comes by: most processes never need it, and it takes its time."""

    def __init__(self, bucket: str, endpoint_url: str | None) -> None:
        self._bucket = bucket
        self._endpoint_url = endpoint_url

    @cached_property
    def _client(self) -> Any:
        config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard"})
        return aws.client("s3", config, endpoint_url=self._endpoint_url)


class _ObjectsBehind:
    """Remembers which object held the body of an item at a revision, for whoever replaces the item."""

    def __init__(self) -> None:
        self._names: dict[Key, tuple[int, str]] = {}
        self._lock = Lock()

    def note(self, key: Key, revision: int, name: str) -> None:
        with self._lock:
            if len(self._names) >= _REMEMBERED_OBJECTS:
                self._names.clear()
            self._names[key] = (revision, name)

    def replaced_by(self, write: Write) -> str | None:
        """Name of the object that is not needed once a guarded write is done."""
        with self._lock:
            revision, name = self._names.get(tables.key_of(write), (0, None))
        return name if revision == write.guard else None


class _Refused(Exception):
    """A condition did not hold.

    Attributes:
        old: The item that was there instead; empty if none was.
        is_repeated: Whether the request was sent before without an answer: it may have refused itself.
    """

    def __init__(self, error: ClientError, *, is_repeated: bool) -> None:
        super().__init__(str(error))
        response: Mapping[str, Any] = error.response
        self.old: Attributes = response.get("Item", {})
        self.is_repeated = is_repeated or response["ResponseMetadata"].get("RetryAttempts", 0) > 0


def _overtaken(key: Key, refusal: _Refused, wanted: int) -> StaleWrite | Unanswered:
    """Another has written: instead of us, or perhaps after us, if we had no answer and revisions went on."""
    revision = int(refusal.old["r"]["N"]) if refusal.old else 0
    if refusal.is_repeated and revision != wanted:
        return Unanswered(f"no answer came, and another writer has written {key} since")
    return StaleWrite(f"another writer was first: {key}")


@contextmanager
def _reaching_bucket(bucket: str) -> Iterator[None]:
    """What can be tried again later is told from what cannot.

    Raises:
        Throttled: The bucket is busy or cannot be reached.
    """
    try:
        yield
    except (HTTPClientError, ConnectionError) as error:
        raise Throttled(f"bucket {bucket} cannot be reached: {error}") from error
    except ClientError as error:
        if _code(error) not in _BUCKET_BUSY:
            raise
        raise Throttled(f"bucket {bucket} is too busy: {error}") from error


_NOT_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
"""There was no connection, so nothing was sent. All other errors of a connection may come after the request
was carried out."""

_BUCKET_BUSY = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"})
"""Source: Amazon S3 API reference, "Error responses"."""

_UNKNOWN = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable", "RequestTimeout"})
"""The server failed: it may have written before."""

_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "Throttling",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Nothing was written, ask again. Source: Amazon DynamoDB developer guide, "Error handling with DynamoDB"."""

_BUSY_REASONS = frozenset({"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"})
"""Why a transaction is cancelled, to be tried again. Source: API reference, TransactionCanceledException."""


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _cancellation_reasons(error: ClientError) -> set[str]:
    response: Mapping[str, Any] = error.response
    return {str(reason.get("Code")) for reason in response.get("CancellationReasons", [])}


def _is_refused(error: ClientError) -> bool:
    reasons = _cancellation_reasons(error)
    return _code(error) == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons


def _is_busy(error: ClientError) -> bool:
    if _code(error) == "TransactionCanceledException":
        return _cancellation_reasons(error) <= _BUSY_REASONS
    return _code(error) in _BUSY


def _guard_condition(guard: int | None) -> dict[str, Any]:
    if guard is None:
        return {}
    if guard == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "r = :guard",
        "ExpressionAttributeValues": {":guard": {"N": str(guard)}},
    }


def _condition(guard: int | None) -> dict[str, Any]:
    """The guard as a condition that, when it fails, answers the item that is there: it costs nothing more."""
    wants_old = {} if guard is None else {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return _guard_condition(guard) | wants_old


def _range_condition(low: str | int | None, high: str | int | None) -> tuple[str, dict[str, Any]]:
    values = {name: _typed(value) for name, value in ((":low", low), (":high", high)) if value is not None}
    conditions = {
        (): "",
        (":low",): " AND #r >= :low",
        (":high",): " AND #r <= :high",
        (":low", ":high"): " AND #r BETWEEN :low AND :high",
    }
    return conditions[tuple(values)], values


def _start_key(index: tables.Index, hash_value: str, entry: Entry) -> dict[str, Any]:
    """An entry as the place in an index where a query goes on; DynamoDB does not want the item to exist."""
    place = {index.hash_attribute: _typed(hash_value), index.range_attribute: _typed(entry.range)}
    return {**_key_attributes(entry.key), **place}


def _largest_body(items: Sequence[Item]) -> int:
    """Bytes above which a body goes to the object store, so that all others fit into one transaction."""
    together = sum(len(item.body) for item in items if len(item.body) <= LARGEST_BODY)
    return LARGEST_BODY if together <= LARGEST_TRANSACTION else LARGEST_TRANSACTION // len(items)


def _key_attributes(key: Key) -> dict[str, dict[str, Any]]:
    return {"pk": {"S": key.partition}, "sk": {"S": key.sort}}


def _key(attributes: Attributes) -> Key:
    return Key(attributes["pk"]["S"], attributes["sk"]["S"])


def _attributes(item: Item, object_name: str | None) -> dict[str, dict[str, Any]]:
    body = {"b": {"B": item.body}} if object_name is None else {"o": {"S": object_name}}
    index = {name: _typed(value) for name, value in item.index.items()}
    expiry = {} if item.expires_at is None else {tables.expiry(): _typed(item.expires_at)}
    return {**_key_attributes(item.key), "r": {"N": str(item.revision)}, **body, **index, **expiry}


def _index_values(attributes: Attributes) -> dict[str, str | int]:
    return {name: _plain(attributes[name]) for name in tables.attributes() if name in attributes}


def _expiry(attributes: Attributes) -> int | None:
    return int(attributes[tables.expiry()]["N"]) if tables.expiry() in attributes else None


def _typed(value: str | int) -> dict[str, Any]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _plain(attribute: Mapping[str, Any]) -> str | int:
    return int(attribute["N"]) if "N" in attribute else str(attribute["S"])

"""What only DynamoDB has to do: cheap requests, lost answers, busy tables, pages, bodies in S3."""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from socket import socket
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from chalicelib.storage.dynamodb import (
    ATTEMPTS,
    LARGEST_BODY,
    LONGEST_PAUSE,
    BodyTooLarge,
    DynamoItems,
    NoBucket,
    S3Objects,
    connect,
    create_bucket,
    create_table,
)
from chalicelib.storage.ports import Delete, Entry, Item, Key, Put, StaleWrite, Throttled, Unanswered
from tests.storage.aws import REGION, Clients, _one_at_a_time
from tests.storage.samples import due, item, key, new, over

Send = Callable[..., dict[str, Any]]
Trouble = Callable[[Send, dict[str, Any]], dict[str, Any]]


class Troubled:
    """A client between the store and DynamoDB that meets trouble as told, and keeps what was asked.

    Like DynamoDB, and unlike moto, it does not carry out a transaction again whose token it has seen.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self._tokens: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def meets(self, operation: str, *troubles: Trouble) -> None:
        """The next requests of an operation meet these troubles, one each."""
        self._troubles[operation].extend(troubles)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.requests]

    def __getattr__(self, operation: str) -> Send:
        def send(**request: Any) -> dict[str, Any]:
            self.requests.append((operation, request))
            troubles = self._troubles[operation]
            carry_out = (
                self._with_token if operation == "transact_write_items" else getattr(self._client, operation)
            )
            return troubles.popleft()(carry_out, request) if troubles else carry_out(**request)

        return send

    def _with_token(self, *, ClientRequestToken: str, **request: Any) -> dict[str, Any]:
        if ClientRequestToken not in self._tokens:
            self._tokens[ClientRequestToken] = self._client.transact_write_items(**request)
        return self._tokens[ClientRequestToken]


def lost_answer(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    send(**request)
    raise ConnectionClosedError(endpoint_url="https://dynamodb")


def no_connection(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    raise ConnectionClosedError(endpoint_url="https://dynamodb")


def server_error(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    send(**request)
    raise failure("InternalServerError")


def repeated_by_the_client(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    """What botocore does by itself if an answer is lost."""
    send(**request)
    try:
        return send(**request)
    except ClientError as error:
        error.response["ResponseMetadata"]["RetryAttempts"] = 1
        raise


def refused(code: str, *reasons: str) -> Trouble:
    def trouble(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        raise failure(code, *reasons)

    return trouble


def failure(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"RetryAttempts": 0}}
    return ClientError(
        response | {"CancellationReasons": [{"Code": reason} for reason in reasons]}, "Operation"
    )


BUSY = refused("ProvisionedThroughputExceededException")


@pytest.fixture
def client(aws: Clients) -> Troubled:
    return Troubled(aws.dynamodb)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def objects(aws: Clients) -> S3Objects:
    return S3Objects(aws.s3, "values")


@pytest.fixture
def items(client: Troubled, table: str, objects: S3Objects, pauses: list[float]) -> Iterator[DynamoItems]:
    store = DynamoItems(client, table, objects, threads=4, pause=pauses.append)
    yield store
    store.close()


@pytest.fixture
def rival(aws: Clients, table: str, objects: S3Objects) -> DynamoItems:
    """Another process at the same table."""
    return DynamoItems(aws.dynamodb, table, objects)


def body(items: DynamoItems, name: str) -> bytes | None:
    [found] = items.get([key(name)])
    return None if found is None else found.body


# requests


def test_one_write_is_one_conditional_request(items, client):
    items.commit([new("a")])
    items.commit([over(1, "a")])
    items.commit([Delete(key("a"), guard=2)])

    assert client.operations == ["put_item", "put_item", "delete_item"]
    assert all("ConditionExpression" in request for _, request in client.requests)


def test_several_writes_are_one_transaction(items, client):
    items.commit([new("a"), new("b")])

    assert client.operations == ["transact_write_items"]


def test_write_without_a_guard_carries_no_write_id(items, client):
    items.commit([Put(item("a"), guard=None)])
    items.commit([new("b")])

    assert ["w" in request["Item"] for _, request in client.requests] == [False, True]


def test_reads_are_consistent_and_in_hundreds(items, client):
    items.get([key("a")])
    items.get([key(f"{number}") for number in range(250)])

    assert client.operations == ["get_item", *["batch_get_item"] * 3]
    assert client.requests[0][1]["ConsistentRead"] is True
    batches = [next(iter(request["RequestItems"].values())) for _, request in client.requests[1:]]
    assert all(batch["ConsistentRead"] for batch in batches)
    assert sorted(len(batch["Keys"]) for batch in batches) == [50, 100, 100]


# lost answers


@pytest.mark.parametrize("trouble", [lost_answer, server_error, repeated_by_the_client])
def test_put_whose_answer_was_lost_is_written_once(items, client, trouble):
    items.commit([new("a")])
    client.meets("put_item", trouble)

    items.commit([over(1, "a", body=b"second")])

    assert items.get([key("a")]) == [item("a", 2, body=b"second")]


@pytest.mark.parametrize("trouble", [lost_answer, server_error, repeated_by_the_client])
def test_first_put_whose_answer_was_lost_is_written_once(items, client, trouble):
    client.meets("put_item", trouble)

    items.commit([new("a")])

    assert items.get([key("a")]) == [item("a")]


def test_another_writer_with_the_same_revision_is_told_from_ourselves(items, client, rival):
    items.commit([new("a")])

    def overtaken(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        rival.commit([over(1, "a", body=b"rival")])
        raise failure("InternalServerError")

    client.meets("put_item", overtaken)
    with pytest.raises(StaleWrite):
        items.commit([over(1, "a", body=b"ours")])

    assert body(items, "a") == b"rival"


@pytest.mark.parametrize("trouble", [lost_answer, server_error, repeated_by_the_client])
def test_delete_whose_answer_was_lost_is_done(items, client, trouble):
    items.commit([new("a")])
    client.meets("delete_item", trouble)

    items.commit([Delete(key("a"), guard=1)])

    assert body(items, "a") is None


def test_delete_that_another_writer_overtook_is_stale_even_when_repeated(items, client, rival):
    items.commit([new("a")])

    def overtaken(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        rival.commit([over(1, "a")])
        raise failure("InternalServerError")

    client.meets("delete_item", overtaken)
    with pytest.raises(StaleWrite):
        items.commit([Delete(key("a"), guard=1)])


def test_transaction_whose_answer_was_lost_is_repeated_with_its_token(items, client):
    client.meets("transact_write_items", lost_answer, server_error)

    items.commit([new("a"), new("b")])

    tokens = {request["ClientRequestToken"] for _, request in client.requests}
    assert client.operations == ["transact_write_items"] * 3
    assert len(tokens) == 1
    items.commit([over(1, "a"), over(1, "b")])
    assert client.requests[-1][1]["ClientRequestToken"] not in tokens


def test_without_any_answer_nobody_says_that_nothing_was_written(items, client, pauses):
    client.meets("put_item", lost_answer, *[BUSY] * (ATTEMPTS - 1))

    with pytest.raises(Unanswered):
        items.commit([new("a")])

    assert len(pauses) == ATTEMPTS - 1
    assert body(items, "a") == b"body"


def test_write_over_ours_before_we_ask_again_leaves_unknown_whether_ours_was_there(items, client, rival):
    items.commit([new("a")])

    def written_over(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        send(**request)
        rival.commit([over(2, "a", body=b"rival")])
        raise failure("InternalServerError")

    client.meets("put_item", written_over)
    with pytest.raises(Unanswered):
        items.commit([over(1, "a", body=b"ours")])

    assert body(items, "a") == b"rival"


# no connection


@pytest.mark.parametrize("kind", [EndpointConnectionError, ConnectTimeoutError])
@pytest.mark.parametrize("writes", [[new("a")], [new("a"), new("b")]], ids=["one write", "two writes"])
def test_table_that_cannot_be_reached_is_not_written(items, client, kind, writes):
    def unreachable(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        raise kind(endpoint_url="https://dynamodb", error="refused")

    for operation in ("put_item", "transact_write_items", "get_item", "query", "update_item"):
        client.meets(operation, *[unreachable] * ATTEMPTS)

    for act in (
        lambda: items.commit(writes),
        lambda: items.get([key("a")]),
        lambda: items.query("dueJobs", "queue"),
        lambda: items.add(key("a"), 1),
    ):
        with pytest.raises(Throttled, match="cannot be reached"):
            act()

    for operation in ("put_item", "transact_write_items"):
        client.meets(operation, unreachable)
    items.commit(writes)
    assert body(items, "a") == b"body"


def timed_out(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    send(**request)
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


@pytest.mark.parametrize("writes", [[new("a")], [new("a"), new("b")]], ids=["one write", "two writes"])
def test_write_that_timed_out_is_found_when_it_is_sent_again(items, client, writes):
    for operation in ("put_item", "transact_write_items"):
        client.meets(operation, timed_out, no_connection)

    items.commit(writes)

    assert body(items, "a") == b"body"


def test_reads_and_counters_that_time_out_are_only_busy(items, client):
    for operation in ("get_item", "query", "update_item"):
        client.meets(operation, *[timed_out] * ATTEMPTS)

    for act in (
        lambda: items.get([key("a")]),
        lambda: items.query("dueJobs", "queue"),
        lambda: items.add(key("a"), 1),
    ):
        with pytest.raises(Throttled):
            act()


def test_request_is_not_sent_again_when_the_caller_can_wait_no_longer(client, table):
    seconds = iter(range(0, 1000, 3))
    items = DynamoItems(client, table, pause=lambda seconds: None, clock=lambda: next(seconds))
    client.meets("put_item", *[no_connection] * ATTEMPTS)

    with pytest.raises(Unanswered):
        items.commit([new("a")])

    assert client.operations == ["put_item"] * 2


@pytest.mark.parametrize(
    "trouble",
    [EndpointConnectionError(endpoint_url="https://s3"), failure("SlowDown")],
    ids=["unreachable", "busy"],
)
def test_bucket_that_cannot_be_used_for_the_moment_is_busy(client, table, trouble):
    class Closed:
        def put_object(self, **request: Any) -> None:
            raise trouble

        delete_object = get_object = put_object

    items = DynamoItems(client, table, S3Objects(Closed(), "values"))

    with pytest.raises(Throttled):
        items.commit([new("a", body=LARGE)])
    assert body(items, "a") is None


def test_store_without_a_server_is_busy(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with socket() as closed:
        closed.bind(("127.0.0.1", 0))
        items = connect("items", endpoint_url=f"http://127.0.0.1:{closed.getsockname()[1]}")

        with pytest.raises(Throttled, match="cannot be reached"):
            items.get([key("a")])
        with pytest.raises(Throttled, match="cannot be reached"):
            items.commit([new("a")])


# busy tables


@pytest.mark.parametrize(
    "trouble",
    [
        BUSY,
        refused("ThrottlingException"),
        refused("RequestLimitExceeded"),
        refused("TransactionConflictException"),
        no_connection,
    ],
    ids=["capacity", "throttling", "limit", "conflict", "no connection"],
)
def test_busy_table_is_asked_again_after_a_pause(items, client, pauses, trouble):
    client.meets("put_item", trouble, trouble)

    items.commit([new("a")])

    assert len(pauses) == 2
    assert body(items, "a") == b"body"


@pytest.mark.parametrize(
    "reasons",
    [("None", "TransactionConflict"), ("ThrottlingError", "None"), ("ProvisionedThroughputExceeded",)],
    ids=" ".join,
)
def test_transaction_that_met_another_is_repeated(items, client, pauses, reasons):
    client.meets("transact_write_items", refused("TransactionCanceledException", *reasons))

    items.commit([new("a"), new("b")])

    assert len(pauses) == 1
    assert [body(items, "a"), body(items, "b")] == [b"body", b"body"]


def test_transaction_with_a_failed_condition_is_stale_at_once(items, client, pauses):
    reasons = ("TransactionConflict", "ConditionalCheckFailed")
    client.meets("transact_write_items", refused("TransactionCanceledException", *reasons))

    with pytest.raises(StaleWrite):
        items.commit([new("a"), new("b")])

    assert pauses == []


def test_table_that_stays_busy_throttles(items, client, pauses):
    for operation in ("put_item", "get_item", "query", "update_item"):
        client.meets(operation, *[BUSY] * ATTEMPTS)

    with pytest.raises(Throttled):
        items.commit([new("a")])
    with pytest.raises(Throttled):
        items.get([key("a")])
    with pytest.raises(Throttled):
        items.query("dueJobs", "queue")
    with pytest.raises(Throttled):
        items.add(key("a"), 1)

    assert body(items, "a") is None
    assert len(pauses) == 4 * (ATTEMPTS - 1)
    assert all(0 <= pause <= LONGEST_PAUSE for pause in pauses)


@pytest.mark.parametrize(
    ("operation", "code", "writes"),
    [
        ("put_item", "ValidationException", [new("a")]),
        ("put_item", "ResourceNotFoundException", [new("a")]),
        ("transact_write_items", "TransactionCanceledException", [new("a"), new("b")]),
    ],
)
def test_fault_of_ours_is_not_repeated(items, client, pauses, operation, code, writes):
    client.meets(operation, refused(code, "None", "ValidationError"))

    with pytest.raises(ClientError, match=code):
        items.commit(writes)

    assert pauses == []


def some_keys_left(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    [(table, wanted)] = request["RequestItems"].items()
    answer = send(RequestItems={table: wanted | {"Keys": wanted["Keys"][:2]}})
    return answer | {"UnprocessedKeys": {table: wanted | {"Keys": wanted["Keys"][2:]}}}


def all_keys_left(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}


def test_keys_that_dynamodb_left_are_read_again(items, client, pauses):
    names = "abcdef"
    items.commit([new(name) for name in names])
    client.meets("batch_get_item", some_keys_left, all_keys_left, some_keys_left)

    found = items.get([key(name) for name in names])

    assert found == [item(name) for name in names]
    assert client.operations.count("batch_get_item") == 4
    assert len(pauses) == 1


def test_keys_that_dynamodb_leaves_for_ever_throttle(items, client, pauses):
    client.meets("batch_get_item", *[all_keys_left] * ATTEMPTS)

    with pytest.raises(Throttled):
        items.get([key("a"), key("b")])

    assert len(pauses) == ATTEMPTS - 1


def test_group_for_which_the_table_was_too_busy_counts_as_not_written(items, client):
    items.commit([new("a")])

    def busy_for_b(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        if request["Item"]["pk"]["S"] == "b":
            client.meets("put_item", busy_for_b)
            raise failure("ThrottlingException")
        return send(**request)

    client.meets("put_item", *[busy_for_b] * 2)

    assert items.commit_each([[over(1, "a")], [new("b")]]) == [True, False]


def test_groups_of_which_none_was_written_are_throttled(items, client):
    client.meets("put_item", *[BUSY] * (2 * ATTEMPTS))

    with pytest.raises(Throttled):
        items.commit_each([[new("a")], [new("b")]])


def test_fault_in_one_group_does_not_hide_that_another_was_written(items, client):
    client.meets("transact_write_items", refused("ValidationException"))

    assert items.commit_each([[new("a"), new("b")], [new("c")]]) == [False, True]

    assert body(items, "c") == b"body"


def test_fault_is_raised_if_no_group_was_written(items, client):
    client.meets("transact_write_items", refused("ValidationException"))

    with pytest.raises(ClientError, match="ValidationException"):
        items.commit_each([[new("a"), new("b")]])


# pages of a query


def pages_of_two(send: Send, request: dict[str, Any]) -> dict[str, Any]:
    return send(**request | {"Limit": 2})


def test_query_goes_on_where_a_page_ended(items, client):
    items.commit([new(name, **due(number)) for number, name in enumerate("abcdefg")])
    client.meets("query", *[pages_of_two] * 4)

    found = items.query("dueJobs", "queue")

    assert found == [Entry(number, key(name)) for number, name in enumerate("abcdefg")]
    assert client.operations.count("query") == 4


def test_query_reads_no_more_than_it_needs(items, client):
    items.commit([new(name, **due(number)) for number, name in enumerate("abcdefg")])
    client.meets("query", pages_of_two)

    items.query("dueJobs", "queue", limit=3)

    limits = [request["Limit"] for operation, request in client.requests if operation == "query"]
    assert limits == [3, 1]


class Ties:
    """A client at an index with many entries of one range value, in an order that nobody could guess."""

    def __init__(self, amount: int) -> None:
        names = random.Random(1).sample(range(amount), amount)
        self._entries: list[dict[str, Any]] = [
            {"pk": {"S": f"{name}"}, "sk": {"S": "STATE"}, "jh": {"S": "queue"}, "jr": {"N": "5"}}
            for name in names
        ]
        self.requests = 0

    def query(
        self, *, Limit: int, ExclusiveStartKey: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        self.requests += 1
        start = 0 if ExclusiveStartKey is None else self._entries.index(ExclusiveStartKey) + 1
        page = self._entries[start : start + Limit]
        return {"Items": page} | ({"LastEvaluatedKey": page[-1]} if len(page) == Limit else {})


def test_entries_of_one_range_are_read_once_each():
    client = Ties(2000)
    items = DynamoItems(client, "items")

    page = items.query("dueJobs", "queue", limit=100)
    found = []
    while page and len(found) <= 2000:
        found += page
        page = items.query("dueJobs", "queue", after=page[-1], limit=100)

    assert len(found) == len(set(found)) == 2000
    # only an empty page shows that a full one was the last
    assert client.requests == 2000 // 100 + 1


@pytest.mark.parametrize("bounds", [{}, {"low": 1}, {"high": 7}, {"low": 1, "high": 7}], ids=repr)
def test_query_goes_on_behind_the_attributes_of_an_entry(items, client, bounds):
    items.query("dueJobs", "queue", after=Entry(5, key("a")), **bounds)

    [(_, request)] = client.requests
    assert request["ExclusiveStartKey"] == {
        "jh": {"S": "queue"},
        "jr": {"N": "5"},
        "pk": {"S": "a"},
        "sk": {"S": "STATE"},
    }


def test_query_never_goes_on_from_outside_of_its_bounds(items, client):
    items.query("dueJobs", "queue", after=Entry(5, key("a")), low=6)
    items.query("dueJobs", "queue", after=Entry(5, key("a")), high=4)

    [(_, request)] = client.requests  # DynamoDB calls it an error, moto does not
    assert "ExclusiveStartKey" not in request


def test_query_between_bounds_the_wrong_way_round_asks_nothing(items, client):
    assert items.query("dueJobs", "queue", low=2, high=1) == []

    assert client.operations == []  # DynamoDB calls it an error, moto does not


# bodies in the object store

LARGE = b"x" * (LARGEST_BODY + 1)


@pytest.fixture
def object_names(aws: Clients) -> Callable[[], list[str]]:
    def names() -> list[str]:
        return [found["Key"] for found in aws.s3.list_objects_v2(Bucket="values").get("Contents", [])]

    for name in names():
        aws.s3.delete_object(Bucket="values", Key=name)
    return names


def test_body_that_just_fits_stays_in_the_table(items, object_names):
    items.commit([new("a", body=LARGE[1:])])

    assert object_names() == []
    assert body(items, "a") == LARGE[1:]


def test_large_body_goes_to_the_object_store(items, client, object_names):
    items.commit([new("a", body=LARGE)])

    [(_, request)] = client.requests
    assert "b" not in request["Item"]
    assert [request["Item"]["o"]["S"]] == object_names()
    assert body(items, "a") == LARGE


def test_without_an_object_store_a_large_body_is_an_error(client, table):
    items = DynamoItems(client, table)

    with pytest.raises(BodyTooLarge, match=f"{len(LARGE)} bytes.* BPMN_BUCKET"):
        items.commit([new("a", body=LARGE)])

    assert client.requests == []


def test_large_body_cannot_be_read_without_the_object_store(items, client, table):
    items.commit([new("a", body=LARGE)])

    with pytest.raises(NoBucket, match="BPMN_BUCKET"):
        DynamoItems(client, table).get([key("a")])


def test_object_goes_with_its_item(items, rival, object_names):
    items.commit([new("a", body=LARGE), new("b", body=LARGE), new("c", body=LARGE), new("d", body=LARGE)])
    assert len(object_names()) == 4

    rival.commit([Delete(key("a"))])
    rival.commit([Delete(key("b")), Delete(key("missing"))])
    items.commit([Delete(key("c"), guard=1), new("e")])
    items.commit([Delete(key("d"), guard=1)])

    assert object_names() == []


def test_object_is_removed_when_its_item_is_overwritten(items, object_names):
    items.commit([new("a", body=LARGE)])
    [first] = object_names()

    items.commit([over(1, "a", body=LARGE + b"2")])
    [second] = object_names()
    items.commit([over(2, "a", body=b"small")])

    assert first != second
    assert object_names() == []


def test_overwritten_object_that_another_process_wrote_is_removed(items, rival, object_names):
    rival.commit([new("a", body=LARGE)])

    items.get([key("a")])
    items.commit([over(1, "a")])

    assert object_names() == []


@pytest.mark.parametrize("more", [[], [new("b")]], ids=["alone", "in a transaction"])
def test_object_of_a_write_that_came_too_late_is_removed(items, object_names, more):
    items.commit([new("a", body=LARGE)])
    [first] = object_names()

    with pytest.raises(StaleWrite):
        items.commit([*more, new("a", body=LARGE)])

    assert object_names() == [first]
    assert body(items, "a") == LARGE


def test_object_of_a_write_without_an_answer_stays(items, client, object_names):
    client.meets("put_item", lost_answer, *[no_connection] * (ATTEMPTS - 1))

    with pytest.raises(Unanswered):
        items.commit([new("a", body=LARGE)])

    assert body(items, "a") == LARGE


def test_item_is_read_again_when_its_object_was_replaced_meanwhile(items, client, rival):
    items.commit([new("a", body=LARGE)])

    def overwritten_afterwards(send: Send, request: dict[str, Any]) -> dict[str, Any]:
        answer = send(**request)
        rival.get([key("a")])
        rival.commit([over(1, "a", body=LARGE + b"2")])
        return answer

    client.meets("get_item", overwritten_afterwards)

    assert items.get([key("a")]) == [item("a", 2, body=LARGE + b"2")]


def test_item_whose_object_is_lost_is_an_error(items, aws, object_names):
    items.commit([new("a", body=LARGE)])
    aws.s3.delete_object(Bucket="values", Key=object_names()[0])

    with pytest.raises(LookupError, match="STATE"):
        items.get([key("a")])


def test_object_that_cannot_be_removed_is_left(client, table, objects):
    class Stubborn:
        put = objects.put
        get = objects.get

        def delete(self, name: str) -> None:
            raise failure("SlowDown")

    items = DynamoItems(client, table, Stubborn())
    items.commit([new("a", body=LARGE)])

    items.commit([Delete(key("a"), guard=1)])

    assert body(items, "a") is None


def test_transaction_that_would_be_too_large_puts_bodies_into_the_object_store(items, object_names):
    bodies = [b"%03d" % number * 20_000 for number in range(70)]

    items.commit([Put(Item(Key("a", f"{number}"), body), 0) for number, body in enumerate(bodies)])

    found = items.get([Key("a", f"{number}") for number in range(70)])
    assert [each.body for each in found if each] == bodies
    assert len(object_names()) == 70


# set-up


def test_table_and_bucket_may_exist_already(aws, table):
    create_table(aws.dynamodb, table)
    create_bucket(aws.s3, "values")

    assert aws.dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"
    expiry = aws.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}
    block = aws.s3.get_public_access_block(Bucket="values")["PublicAccessBlockConfiguration"]
    assert all(block.values())


def test_table_that_cannot_be_made_is_an_error(client):
    client.meets("create_table", refused("LimitExceededException"))

    with pytest.raises(ClientError, match="LimitExceededException"):
        create_table(client, "items")


def test_store_connects_by_itself(aws, table, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    items = connect(table, "values", threads=2)

    items.commit([new("a", body=LARGE)])

    assert body(items, "a") == LARGE
    items.close()


def test_clients_for_tests_answer_one_request_after_the_other(aws):
    with ThreadPoolExecutor(1) as pool:
        with _one_at_a_time:
            request = pool.submit(aws.dynamodb.list_tables)
            with pytest.raises(TimeoutError):
                request.result(timeout=0.3)

        assert "TableNames" in request.result(timeout=10)

"""The direct way to the double of DynamoDB answers what the long one does."""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.storage.dynamodb import create_table
from tests.storage.aws import moto_clients

PLACE = {"pk": {"S": "orders"}, "sk": {"S": "1"}}
ITEM = {**PLACE, "r": {"N": "1"}, "b": {"B": b"\x00\xff"}, "jh": {"S": "due"}, "jr": {"N": "5"}}
PUT = {"TableName": "items", "Item": ITEM}
ONLY_IF_NEW = {"ConditionExpression": "attribute_not_exists(pk)"}
DUE = {
    "IndexName": "dueJobs",
    "KeyConditionExpression": "jh = :h",
    "ExpressionAttributeValues": {":h": {"S": "due"}},
}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("get_item", {"TableName": "items", "Key": PLACE}),
    ("put_item", {**PUT, "ReturnValues": "ALL_OLD"}),
    ("put_item", {**PUT, "ReturnValues": "ALL_OLD"}),
    ("put_item", {**PUT, **ONLY_IF_NEW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
    ("get_item", {"TableName": "items", "Key": PLACE, "ConsistentRead": True}),
    ("batch_get_item", {"RequestItems": {"items": {"Keys": [PLACE, {**PLACE, "sk": {"S": "2"}}]}}}),
    ("query", {"TableName": "items", **DUE}),
    (
        "update_item",
        {
            "TableName": "items",
            "Key": {**PLACE, "sk": {"S": "count"}},
            "UpdateExpression": "ADD v :amount",
            "ExpressionAttributeValues": {":amount": {"N": "7"}},
            "ReturnValues": "UPDATED_NEW",
        },
    ),
    ("transact_write_items", {"TransactItems": [{"Put": {**PUT, **ONLY_IF_NEW}}]}),
    ("transact_write_items", {"TransactItems": [{"Delete": {"TableName": "items", "Key": PLACE}}]}),
    ("get_item", {"TableName": "items", "Key": PLACE}),
    ("get_item", {"TableName": "nowhere", "Key": PLACE}),
]


def answers(*, is_direct: bool) -> list[dict[str, Any]]:
    with moto_clients(is_direct=is_direct) as (dynamodb, _):
        create_table(dynamodb, "items")
        return [answer(dynamodb, *request) for request in REQUESTS]


def answer(dynamodb: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """What is answered or refused, without what belongs to HTTP."""
    try:
        found = getattr(dynamodb, operation)(**request)
    except ClientError as error:
        found = dict(error.response)
    found.pop("ResponseMetadata", None)
    return found


def test_both_ways_answer_the_same() -> None:
    direct, long = answers(is_direct=True), answers(is_direct=False)

    assert direct == long
    assert [each["Count"] for each in long if "Count" in each] == [1]
    assert [each["Error"]["Code"] for each in long if "Error" in each] == [
        "ConditionalCheckFailedException",
        "TransactionCanceledException",
        "ResourceNotFoundException",
    ]

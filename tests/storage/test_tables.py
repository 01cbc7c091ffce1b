"""The one definition of the table is what the adapters understand."""

from chalicelib.storage import tables
from chalicelib.storage.ports import Entry
from tests.storage.samples import due, item, key


def test_every_index_knows_its_attributes_and_their_types():
    assert {"dueJobs", "dueTasks", "byPartition", "byProcess"} <= set(tables.indexes())
    for index in tables.indexes().values():
        assert set(index.types) == {index.hash_attribute, index.range_attribute}
        assert index.types[index.hash_attribute] == "S"


def test_index_attributes_are_all_attributes_but_the_key():
    named = {row["AttributeName"] for row in tables.properties("Items")["AttributeDefinitions"]}

    assert set(tables.attributes()) == named - {"pk", "sk"}


def test_indexes_hold_keys_only():
    for index in tables.properties("Items")["GlobalSecondaryIndexes"]:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_place_of_an_item_is_its_hash_value_and_entry():
    index = tables.indexes()["dueJobs"]

    assert index.place(item("a", **due(7))) == ("queue", Entry(7, key("a")))
    assert index.place(item("a", jh="queue")) is None


def test_bucket_is_encrypted_and_not_public():
    bucket = tables.properties("Values")

    assert "BucketEncryption" in bucket
    assert all(bucket["PublicAccessBlockConfiguration"].values())

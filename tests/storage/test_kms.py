"""Encryption keys of AWS KMS: bound to this product, and refused in words that say what to do."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.service.environment import Unavailable
from chalicelib.storage import kms
from chalicelib.storage.kms import CONTEXT, KmsRefused, KmsUnavailable, create_key, open_key
from tests.docs import ROOT
from tests.storage.aws import kms_keys, moto_client


@pytest.fixture
def kms_key() -> Iterator[str]:
    with kms_keys() as key:
        yield key


def client():
    return moto_client("kms")


class Refusing:
    """A KMS that answers each request with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, **request):
        raise self.error

    decrypt = generate_data_key_without_plaintext = property(lambda self: self)


class Shorter:
    """A KMS that decrypts a key of 128 bits."""

    def decrypt(self, **request):
        return {"Plaintext": bytes(16)}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "words of KMS"}}, "Decrypt")


def test_key_is_made_encrypted_and_opens_always_the_same(kms_key):
    first, second = create_key(kms_key, client), create_key(kms_key, client)

    assert len(open_key(first, client)) == 32
    assert open_key(first, client) == open_key(first, client) != open_key(second, client)
    assert open_key(first, client) not in first


def test_key_is_bound_to_this_product(kms_key):
    foreign = client().generate_data_key_without_plaintext(
        KeyId=kms_key, KeySpec="AES_256", EncryptionContext={**CONTEXT, "use": "photos"}
    )["CiphertextBlob"]

    with pytest.raises(KmsRefused, match="InvalidCiphertextException"):
        open_key(foreign, client)
    with pytest.raises(client().exceptions.InvalidCiphertextException):
        client().decrypt(CiphertextBlob=create_key(kms_key, client))


@pytest.mark.parametrize(
    "error",
    [
        *map(
            refusal,
            [
                "ThrottlingException",
                "KMSInternalException",
                "DependencyTimeoutException",
                "KeyUnavailableException",
                "ServiceUnavailable",
            ],
        ),
        ConnectTimeoutError(endpoint_url="kms"),
        EndpointConnectionError(endpoint_url="kms"),
        ReadTimeoutError(endpoint_url="kms"),
    ],
    ids=repr,
)
def test_kms_that_is_away_for_a_moment_is_unavailable(error):
    with pytest.raises(KmsUnavailable, match="AWS KMS does not decrypt an encryption key") as raised:
        open_key(b"sealed", lambda: Refusing(error))

    assert isinstance(raised.value, Unavailable), "answered by 503, and the command is tried again"
    assert str(error) in str(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        *map(
            refusal,
            [
                "AccessDeniedException",
                "DisabledException",
                "IncorrectKeyException",
                "InvalidCiphertextException",
                "KMSInvalidStateException",
                "NotFoundException",
            ],
        ),
        NoCredentialsError(),
    ],
    ids=repr,
)
def test_kms_that_refuses_for_good_names_the_setting(error):
    with pytest.raises(KmsRefused) as raised:
        open_key(b"sealed", lambda: Refusing(error))

    assert not isinstance(raised.value, Unavailable)
    assert str(raised.value) == f"AWS KMS does not decrypt an encryption key (BPMN_ENCRYPTION_KEYS): {error}"


def test_key_of_another_size_is_refused():
    with pytest.raises(KmsRefused, match=r"BPMN_ENCRYPTION_KEYS.* has 16 bytes .* must have 32"):
        open_key(b"sealed", Shorter)


def test_no_region_is_said(monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    with pytest.raises(KmsRefused, match="You must specify a region"):
        open_key(b"sealed")


def test_unknown_kms_key_makes_no_key(kms_key):
    with pytest.raises(KmsRefused, match=r"makes no key with alias/none: .*NotFoundException"):
        create_key("alias/none", client)


def test_client_gives_up_within_the_time_of_a_request(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    config = kms.connect().meta.config

    assert config.connect_timeout + config.read_timeout <= 3
    assert config.retries["total_max_attempts"] == 1


UNUSED = """
import sys
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.play import Engine

engine = Engine(MemoryItems(), Settings.read({"BPMN_ENCRYPTION_KEYS": "kms:c2VhbGVk", "BPMN_SET_TIME": "on"}))
clear = {"name": "a", "data": {"encoding": "text", "value": "1"}}
order = engine.start(engine.deploy("task/service.bpmn"), variables=[clear])
assert order.variables() == {"a": "1"}
assert "boto3" not in sys.modules
"""


def test_key_that_no_variable_needs_costs_nothing():
    subprocess.run([sys.executable, "-c", UNUSED], cwd=ROOT, check=True, env={"PYTHONPATH": str(ROOT)})

"""Encryption keys that AWS KMS keeps encrypted ("data keys"): made by it, and decrypted by it when needed.

Values are encrypted here, with the decrypted key; KMS sees keys only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from ..service.environment import Unavailable
from . import aws

CONTEXT = {"product": "serverless-bpmn", "use": "variables"}
"""Binds a data key to this product: KMS decrypts it only for who names the same context, and logs it.

Source: AWS KMS developer guide, "Encryption context". What was made with another context cannot be used.
"""

KEY_BYTES = 32

_FOR_A_MOMENT = frozenset(
    {
        "DependencyTimeoutException",
        "InternalFailure",
        "KeyUnavailableException",
        "KMSInternalException",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
"""Refusals that may be over soon. Source: AWS KMS API reference, Decrypt and "Common Error Types"."""


class KmsUnavailable(Unavailable):
    """KMS does not answer, or refuses for the moment; nothing was encrypted or decrypted."""


class KmsRefused(Exception):
    """KMS refuses, and will refuse again: the key, its policy or our permissions must be changed."""


def connect() -> Any:
    """A KMS client; region and credentials as every AWS SDK finds them.

    It gives up soon: whoever has time left asks again.
    """
    return aws.client("kms", Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}))


def create_key(kms_key: str, connect: Callable[[], Any] = connect) -> bytes:
    """Make a new data key, encrypted; nobody has seen it in clear.

    Args:
        kms_key: Id, ARN or alias (`alias/...`) of a symmetric KMS key.
        connect: Makes the client.

    Raises:
        KmsUnavailable: Ask again later.
        KmsRefused: There is no such key, or we may not use it.
    """
    with _explained(f"AWS KMS makes no key with {kms_key}"):
        answer = connect().generate_data_key_without_plaintext(
            KeyId=kms_key, KeySpec="AES_256", EncryptionContext=CONTEXT
        )
    sealed: bytes = answer["CiphertextBlob"]
    return sealed


def open_key(sealed: bytes, connect: Callable[[], Any] = connect) -> bytes:
    """Decrypt a data key: one call.

    Raises:
        KmsUnavailable: Ask again later.
        KmsRefused: It is no data key of ours, or we may not use it.
    """
    with _explained("AWS KMS does not decrypt an encryption key (BPMN_ENCRYPTION_KEYS)"):
        answer = connect().decrypt(CiphertextBlob=sealed, EncryptionContext=CONTEXT)
    key: bytes = answer["Plaintext"]
    if len(key) != KEY_BYTES:
        raise KmsRefused(
            f"an encryption key (BPMN_ENCRYPTION_KEYS) has {len(key)} bytes once AWS KMS has decrypted it; "
            f"it must have {KEY_BYTES}"
        )
    return key


@contextmanager
def _explained(fact: str) -> Iterator[None]:
    """Say in our words what went wrong with KMS, and whether it may be over soon."""
    try:
        yield
    except (HTTPClientError, NotConnected) as error:
        raise KmsUnavailable(f"{fact}: {error}") from error
    except ClientError as error:
        kind = KmsUnavailable if error.response["Error"]["Code"] in _FOR_A_MOMENT else KmsRefused
        raise kind(f"{fact}: {error}") from error
    except BotoCoreError as error:
        # Before anything was sent: no region, no credentials.
        raise KmsRefused(f"{fact}: {error}") from error

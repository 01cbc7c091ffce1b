"""The verb `encryption-key create`: an entry for the setting of encryption keys, made by AWS KMS."""

import argparse
import base64
import sys

from ..settings import KMS
from .codes import DONE, REFUSED

NOUN = "encryption-key"
SUMMARY = "make an encryption key that only AWS KMS can decrypt"


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Its one verb."""
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    create = verbs.add_parser(
        "create",
        help=SUMMARY,
        description="Make an encryption key that only AWS KMS can decrypt, and print it encrypted, as an "
        "entry of BPMN_ENCRYPTION_KEYS. It needs kms:GenerateDataKeyWithoutPlaintext of the KMS key; "
        "an engine that uses the key needs kms:Decrypt.",
    )
    create.add_argument(
        "kms_key", metavar="KMS-KEY", help="id, ARN or alias (alias/...) of a symmetric KMS key"
    )
    create.set_defaults(run=create_key)


def create_key(parsed: argparse.Namespace) -> int:
    """Make a key and print it; answers the exit code."""
    # botocore takes longer to load than all that `bpmn --help` says.
    from ..storage import kms

    try:
        sealed = kms.create_key(parsed.kms_key)
    except (kms.KmsUnavailable, kms.KmsRefused) as fault:
        print(f"bpmn: {fault}", file=sys.stderr)
        return REFUSED
    print(KMS + base64.b64encode(sealed).decode())
    return DONE

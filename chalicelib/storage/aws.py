"""Clients of AWS services, made by botocore alone.

boto3 would load its transfer of files as well, which a cold start pays for and nothing here needs.
"""

from functools import cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config

_one_at_a_time = Lock()


def client(service: str, config: Config | None = None, *, endpoint_url: str | None = None) -> Any:
    """A client, region and credentials as every AWS SDK finds them; threads may share it.

    Args:
        service: By the name of its API, `dynamodb`.
        config: Time-outs and the like.
        endpoint_url: Where the service is, if not at AWS.
    """
    # A session may not be used by two threads at a time.
    with _one_at_a_time:
        return _session().create_client(service, config=config, endpoint_url=endpoint_url)


@cache
def _session() -> botocore.session.Session:
    """One for all clients: they share what it has loaded."""
    return botocore.session.get_session()

"""Where archive files go: a directory, or a bucket."""

import os
from pathlib import Path
from typing import Any


class DirectoryArchive:
    """Archive files in a directory."""

    def __init__(self, path: str) -> None:
        """Use a directory; it is made when the first file comes."""
        self._path = Path(path)

    def put(self, name: str, content: bytes) -> None:
        """Keep a file durably, over one of the same name; it is there whole or not at all.

        Raises:
            OSError: It could not be written.
        """
        target = self._path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        _sync(target.parent)


class S3Archive:
    """Archive files in an S3 bucket, under a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        """Use an S3 client of botocore."""
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, name: str, content: bytes) -> None:
        """Keep a file, over one of the same name; it is there whole or not at all.

        Raises:
            OSError: It could not be written.
        """
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)
        except Exception as reason:
            # botocore has a class of its own for each fault; whoever archives knows none of them.
            raise OSError(f"s3://{self._bucket}/{self._prefix}{name}: {reason}") from reason


def _sync(directory: Path) -> None:
    """Let the disk have the name as well, where a directory can be opened."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

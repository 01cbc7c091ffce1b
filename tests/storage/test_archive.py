"""Archive files, in a directory and in a bucket."""

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib import wiring
from chalicelib.settings import Settings
from chalicelib.storage.archive import DirectoryArchive, S3Archive
from tests.storage.aws import Clients


def test_file_is_kept_in_a_directory_that_need_not_be_there(tmp_path: Path) -> None:
    archive = DirectoryArchive(str(tmp_path / "far" / "away"))

    archive.put("2030-01-01/1.gz", b"old")
    archive.put("2030-01-01/1.gz", b"new")

    assert (tmp_path / "far/away/2030-01-01/1.gz").read_bytes() == b"new"
    assert [file.name for file in tmp_path.rglob("*.*")] == ["1.gz"]


def test_file_is_kept_in_a_bucket_under_a_prefix(aws: Clients) -> None:
    S3Archive(aws.s3, "values", "archive/").put("2030-01-01/1.gz", b"content")
    S3Archive(aws.s3, "values").put("2030-01-01/1.gz", b"other")

    for name, content in (("archive/2030-01-01/1.gz", b"content"), ("2030-01-01/1.gz", b"other")):
        assert aws.s3.get_object(Bucket="values", Key=name)["Body"].read() == content


def test_bucket_that_is_not_there_is_named(aws: Clients) -> None:
    with pytest.raises(OSError, match=r"s3://missing/a/1\.gz: .*NoSuchBucket"):
        S3Archive(aws.s3, "missing", "a").put("1.gz", b"")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("archive", DirectoryArchive), ("s3://values/a/b", S3Archive), ("s3://values", S3Archive)],
)
def test_setting_says_where(text: str, kind: type, aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    settings = replace(Settings(store="memory"), archive=text)

    assert isinstance(wiring.build(settings).archive, kind)

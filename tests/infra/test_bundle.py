"""The bundle: what is in it, and that it is the same each time."""

import importlib
import os
import zipfile
from pathlib import Path

import pytest

from infra import bundle
from infra.package import ROOT, template

pytestmark = pytest.mark.xdist_group("template")


def test_requirements_are_what_functions_need_with_hashes() -> None:
    lines = bundle.requirements(ROOT).splitlines()
    names = {line.partition("==")[0] for line in lines if "==" in line}

    assert {"pydantic", "pydantic-core", "boto3", "botocore", "lxml", "cryptography"} <= names
    assert not names & {"uvicorn", "uvloop", "httptools", "chalice", "pytest", "moto"}
    assert sum("--hash=sha256:" in line for line in lines) >= len(names)


def test_chalice_packs_the_application_with_its_table_definition(tmp_path: Path) -> None:
    template("dev", tmp_path)

    names = set(zipfile.ZipFile(tmp_path / "chalice" / "deployment.zip").namelist())
    assert {"app.py", "chalicelib/lambdas.py", "infra/tables.json", "chalice/app.py"} <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_what_nobody_reads_is_pruned(tmp_path: Path) -> None:
    kept = (
        "lxml/etree.py",
        "botocore/data/sqs/service-2.json.gz",
        "botocore/data/endpoints.json",
        "a/METADATA",
    )
    gone = (
        "lxml/html/diff.py",
        "botocore/data/ec2/service-2.json.gz",
        "x/tests/test_x.py",
        "x/y.pyi",
        "bin/jp.py",
    )
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    bundle.prune(tmp_path, ["sqs"])

    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == sorted(
        kept
    )


def test_byte_code_is_taken_without_a_look_at_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundled_module.py").write_text("word = 'compiled'")
    bundle.compile_all(tmp_path)
    (tmp_path / "bundled_module.py").write_text("word = 'read again'")
    monkeypatch.syspath_prepend(tmp_path)

    assert importlib.import_module("bundled_module").word == "compiled"


def test_same_files_make_the_same_bundle(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.py").write_text("b = 1")
        (tmp_path / name / "a.py").write_text("a = 1")
    os.utime(tmp_path / "two" / "a.py", (0, 0))

    for name in ("one", "two"):
        bundle.pack(tmp_path / name, tmp_path / f"{name}.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_bundle_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "noise").write_bytes(os.urandom(2000))

    with pytest.raises(ValueError, match="more than 1,000"):
        bundle.pack(tmp_path / "files", tmp_path / "bundle.zip", largest=1000)

"""The bundle: what the functions run, byte-code compiled, in a zip file that is the same for same files."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LARGEST = 30 * 1000**2
"""Bytes of the zip file. Lambda takes 50 MB, but each of them makes a cold start longer."""

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""How wheels call the processors of Lambda."""

GLIBC = {(3, 11): ("2_26", "2_17", "2014")}
"""Lambda's Python 3.11 runs on Amazon Linux 2."""

NEWER_GLIBC = ("2_34", "2_28", *GLIBC[3, 11])
"""From Python 3.12 on it is Amazon Linux 2023. Source: AWS Lambda developer guide, "Lambda runtimes"."""

NOT_NEEDED = re.compile(
    r"(^|/)(__pycache__|tests?|bin|sboms?|licenses)/"
    r"|\.(pyi|pyx|pxd|c|h|rst|md)$"
    r"|^lxml/(isoschematron|includes|html)/"
    r"|\.dist-info/(?!METADATA$|entry_points\.txt$)"
)
"""Files of packages that nobody looks at while running."""


def requirements(project: Path) -> str:
    """The requirements of the functions, with their hashes from the lock, as `requirements.txt`.

    Chalice's own runtime comes with Chalice's part of the bundle.
    """
    configuration = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    left_out = {"chalice", *configuration["tool"]["serverless-bpmn"]["not-on-lambda"]}
    names = _closure(configuration["project"]["dependencies"], left_out)
    lock = (project / "requirements.lock").read_text(encoding="utf-8")
    entries = {entry.partition("==")[0]: entry.strip() for entry in re.split(r"\n(?=[a-z])", lock)[1:]}
    return "".join(f"{entries[name]}\n" for name in sorted(names))


def install(requirements_file: Path, target: Path, architecture: str) -> None:
    """Put the packages that the functions need into a directory, for Lambda's processor, not for this one."""
    version = sys.version_info[:2]
    platforms = [
        f"manylinux{'' if glibc == '2014' else '_'}{glibc}" for glibc in GLIBC.get(version, NEWER_GLIBC)
    ]
    command = [
        *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"),
        *("--no-deps", "--no-compile", "--require-hashes", "--only-binary=:all:"),
        *("--target", str(target), "--implementation", "cp", "--python-version", "{}.{}".format(*version)),
        *(f"--platform={platform}_{MACHINES[architecture]}" for platform in platforms),
        *("--requirement", str(requirements_file)),
    ]
    subprocess.run(command, check=True)


def prune(target: Path, services: Sequence[str]) -> None:
    """Remove what no function reads; of botocore's descriptions all but those of the given services."""
    for path in sorted(target.rglob("*"), reverse=True):
        name = path.relative_to(target).as_posix()
        if path.is_file() and NOT_NEEDED.search(name):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for path in (target / "botocore" / "data").iterdir():
        if path.is_dir() and path.name not in services:
            shutil.rmtree(path)


def compile_all(target: Path) -> None:
    """Compile to byte-code that is loaded without a look at its source: nobody changes a bundle."""
    command = [sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(target), "."], check=True, cwd=target)


def pack(source: Path, bundle: Path, largest: int = LARGEST) -> None:
    """Write the zip file: the same bytes for the same files.

    Raises:
        ValueError: It is too large.
    """
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(source).as_posix(), (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            packed.writestr(info, path.read_bytes())
    size = bundle.stat().st_size
    if size > largest:
        raise ValueError(f"the bundle has {size:,} bytes, more than {largest:,}")


# private


def _closure(wanted: Sequence[str], left_out: set[str]) -> set[str]:
    """Names of packages and of all that they need, by what is installed here from the same lock."""
    names = set[str]()
    open = [(Requirement(text), frozenset[str]()) for text in wanted]
    while open:
        requirement, extras = open.pop()
        name = canonicalize_name(requirement.name)
        if name in left_out or name in names or not _is_wanted(requirement, extras):
            continue
        names.add(name)
        open += [
            (Requirement(text), frozenset(requirement.extras))
            for text in importlib.metadata.requires(name) or []
        ]
    return names


def _is_wanted(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})

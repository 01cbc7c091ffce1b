"""The lock file holds what pyproject.toml asks for, exactly, and says nothing about where it was written."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


WANTED = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["dependency-groups"]["dev"],
    *PROJECT["build-system"]["requires"],
]


def locked() -> dict[str, str]:
    """Version by name."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", LOCK, re.M))


@pytest.mark.parametrize("text", WANTED)
def test_requirement_is_locked(text: str) -> None:
    requirement = Requirement(text)

    version = locked().get(canonicalize_name(requirement.name))

    assert version, (
        f"{requirement.name} is not in requirements.lock; its first lines say how to write it again"
    )
    assert version in requirement.specifier


def test_every_package_has_hashes_and_no_address() -> None:
    for entry in re.split(r"\n(?=[a-z])", LOCK)[1:]:
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", LOCK)


def test_what_lambda_does_not_need_is_a_dependency() -> None:
    left_out = PROJECT["tool"]["serverless-bpmn"]["not-on-lambda"]

    names = {Requirement(text).name for text in PROJECT["project"]["dependencies"]}
    assert names.issuperset(left_out)

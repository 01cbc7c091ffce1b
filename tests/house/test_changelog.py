"""The changelog and the version belong together."""

import re
import tomllib
from pathlib import Path

import chalicelib

ROOT = Path(__file__).parents[2]


def test_latest_version_in_the_changelog_is_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)

    versions = [found[0] for heading in headings if (found := re.match(r"\d+\.\d+\.\d+", heading))]
    assert headings[0] == "Unreleased", "the newest section is for what comes next"
    assert versions[0] == project["version"]


def test_package_knows_its_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert chalicelib.__version__ == project["version"]

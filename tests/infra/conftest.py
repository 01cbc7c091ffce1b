"""The template of each stage, as `make package` writes it; nothing is downloaded for it."""

from pathlib import Path
from typing import Any

import pytest

from infra.package import template

Template = dict[str, Any]


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template("dev", made(tmp_path_factory))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template("prod", made(tmp_path_factory))


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Template:
    """Either stage."""
    found: Template = request.getfixturevalue(request.param)
    return found


def made(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("package")

"""The repository: its top level, what may not be written in it, and the code in README.md."""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

TOP_LEVEL = {
    ".chalice",
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "app.py",
    "chalicelib",
    "docs",
    "infra",
    "pyproject.toml",
    "requirements.lock",
    "tests",
}
# None of these patterns matches its own source.
REGISTRIES = re.compile(r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|crates\.io|proxy\.golang\.org)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.}$-])(/(home|Users|root|tmp|opt|mnt|work)/[\w.]|[A-Z]:\\Users\\)")


def repository_files() -> list[Path]:
    """What git knows or would add; without git (an unpacked source archive) everything that is not hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
            "\0"
        )
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    ours = (path for top in TOP_LEVEL for path in (ROOT / top, *(ROOT / top).rglob("*")))
    return [path for path in ours if path.is_file() and "__pycache__" not in path.parts]


def python_blocks(path: Path) -> list[str]:
    """The Python code of a page."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


def test_top_level_is_what_was_agreed() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in repository_files()} == TOP_LEVEL


def test_no_file_says_where_it_was_written() -> None:
    here = re.escape(str(ROOT)) if len(ROOT.parts) > 2 else "(?!)"
    for path in repository_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in (REGISTRIES, MACHINE_PATHS, re.compile(here)):
            if found := pattern.search(text):
                line = text.count("\n", 0, found.start()) + 1
                pytest.fail(f"{path.relative_to(ROOT)}:{line} contains {found.group()!r}")


@pytest.mark.parametrize("block", python_blocks(README) if README.exists() else [])
def test_readme_runs(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})


def test_wheel_has_the_table_definition_beside_the_package(tmp_path: Path) -> None:
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))

    names = set(zipfile.ZipFile(wheel).namelist())
    assert "infra/tables.json" in names
    assert "chalicelib/sdk/client.py" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"chalicelib", "infra"}

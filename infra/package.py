"""`make package`: a CloudFormation template and a bundle of the functions, in `build/<stage>`.

Chalice makes the template and packs its application; this program hands it the rest of the stack, adds what
the functions need to the bundle, and finishes the template.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import bundle
from .template import additions, finish

ROOT = Path(__file__).parents[1]
STAGES = ("dev", "prod")


def template(stage: str, work: Path, architecture: str = "arm64") -> dict[str, Any]:
    """Let Chalice make the template and pack the application, without what it needs; nothing is downloaded.

    Args:
        stage: dev or prod.
        work: An empty directory for all that is written: `source`, and `chalice` with what Chalice answers.
        architecture: arm64 or x86_64.
    """
    source = _source(work / "source", architecture)
    added = work / "added.json"
    added.write_text(json.dumps(additions(stage)))
    chalice = Path(sys.executable).with_name("chalice")
    # Chalice imports the application: with a store that needs nothing, and in a region that stands for all.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("BPMN_", "AWS_"))},
        "BPMN_STORE": "memory",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command: list[str | Path] = [
        chalice,
        "package",
        "--stage",
        stage,
        "--merge-template",
        added,
        work / "chalice",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=source)
    return finish(json.loads((work / "chalice" / "sam.json").read_text(encoding="utf-8")))


def package(stage: str, work: Path, architecture: str, added: Sequence[Path] = ()) -> tuple[Path, Path]:
    """Make template and bundle; answers where they are.

    Args:
        stage: dev or prod.
        work: The directory for both; what was in it goes.
        architecture: arm64 or x86_64.
        added: Modules and packages of job handlers, which go into the bundle, too.
    """
    work = work.absolute()  # Chalice looks from its own directory
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    made = template(stage, work, architecture)

    content = work / "bundle"
    wanted = work / "requirements.txt"
    wanted.write_text(bundle.requirements(ROOT))
    bundle.install(wanted, content, architecture)
    bundle.prune(content, _settings()["aws-services"])
    zipfile.ZipFile(work / "chalice" / "deployment.zip").extractall(content)
    for path in added:
        _add(path, content)
    bundle.compile_all(content)

    packed = work / "deployment.zip"
    bundle.pack(content, packed)
    described = work / "template.json"
    described.write_text(json.dumps(made, indent=1) + "\n")
    return described, packed


def _source(source: Path, architecture: str) -> Path:
    """What Chalice packs: it takes app.py, chalicelib and the content of vendor, no more."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "chalicelib", source / "chalicelib", ignore=ignored)
    shutil.copy(ROOT / "app.py", source)
    for place in (source, source / "vendor"):
        (place / "infra").mkdir(parents=True)
        shutil.copy(ROOT / "infra" / "tables.json", place / "infra")
    (source / ".chalice").mkdir()
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["lambda_architecture"] = architecture
    (source / ".chalice" / "config.json").write_text(json.dumps(config))
    # Chalice would install what this file names, without hashes; the bundle gets it from elsewhere.
    (source / "requirements.txt").touch()
    return source


def _add(path: Path, content: Path) -> None:
    """Put a module or a package where it can be imported by its name."""
    if path.is_dir():
        shutil.copytree(path, content / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(path, content)


def _settings() -> dict[str, Any]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = configuration["tool"]["serverless-bpmn"]
    return settings


def main() -> None:
    """Package for a stage and a processor, and say what came of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stage", choices=STAGES, default="dev", help="whose template")
    options.add_argument(
        "--architecture", choices=bundle.MACHINES, default="arm64", help="processor of Lambda"
    )
    options.add_argument("--output", type=Path, help="directory, by default build/<stage>")
    options.add_argument(
        "--add", type=Path, nargs="*", default=[], metavar="PATH", help="module or package of job handlers"
    )
    given = options.parse_args()
    output = given.output or ROOT / "build" / given.stage
    described, packed = package(given.stage, output, given.architecture, given.add)
    print(f"{os.path.relpath(described)}")
    print(f"{os.path.relpath(packed)}: {packed.stat().st_size / 1000**2:.1f} MB for {given.architecture}")


if __name__ == "__main__":
    main()

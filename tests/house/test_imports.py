"""Imports point down only, the core knows no outside world, and each library has its place."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "chalicelib").rglob("*.py"))

# From the bottom up: a layer may use itself and what stands before it ...
LAYERS = (
    "bpmn",
    "expressions",
    "engine",
    "contract",
    "service",
    "sdk",
    "connectors",
    "storage",
    "watching",
    "api",
    "settings",
    "wiring",
    "lambdas",
    "local",
    "cli",
)
# ... except that settings and the SDK know almost nothing, and only wiring, the front doors and connectors,
# which are handlers of jobs, use the SDK; nobody but wiring knows of connectors.
KNOWS = {"settings": set[str](), "sdk": {"contract"}, "connectors": {"sdk"}}
USERS = {"sdk": {"connectors", "wiring", "local", "cli"}, "connectors": {"wiring"}}

PURE = ("bpmn", "engine", "expressions")
OUTSIDE_WORLD = {
    "asyncio",
    "boto3",
    "botocore",
    "chalice",
    "http",
    "os",
    "random",
    "requests",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "threading",
    "time",
    "urllib",
    "uuid",
}
PLACES = {
    "boto3": ("connectors/aws.py",),
    "botocore": (
        "connectors/aws.py",
        "storage/aws.py",
        "storage/dynamodb.py",
        "storage/kms.py",
        "storage/sqs.py",
        "wiring.py",
    ),
    "urllib3": ("connectors/sending.py",),
    "aws_lambda_powertools": ("watching.py",),
    "lxml": ("bpmn/parser.py",),
    "jwt": ("api/tokens.py",),
    "chalice": ("api/", "local/"),
    "uvicorn": ("local/",),
    "httptools": ("local/",),
}
CLOCKS = {"now", "utcnow", "today"}


class Import(NamedTuple):
    """An absolute module name and the line that imports it."""

    name: str
    line: int


def place(path: Path) -> str:
    """Where a file is inside of the package, `storage/dynamodb.py`."""
    return path.relative_to(ROOT / "chalicelib").as_posix()


def layer(path: Path) -> str:
    """The layer that a file belongs to: its directory, or the module itself."""
    return place(path).split("/")[0].removesuffix(".py")


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that a file says."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path: Path) -> Iterator[Import]:
    """Everything a file imports, also inside of functions, also by `import_module("...")`."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in nodes(path):
        match node:
            case ast.Import():
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                base = package[: len(package) - node.level + 1] if node.level else ()
                module = (*base, *filter(None, [node.module]))
                yield from (Import(".".join((*module, alias.name)), node.lineno) for alias in node.names)
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(str(name)), *_]
            ):
                if called in ("import_module", "__import__"):
                    yield Import(name, node.lineno)


def may_use(home: str, used: str) -> bool:
    """Whether one layer may import another."""
    if home == used:
        return True
    if home in KNOWS:
        return used in KNOWS[home]
    if used in USERS:
        return home in USERS[used]
    return LAYERS.index(used) < LAYERS.index(home)


def clock_calls(path: Path) -> Iterator[int]:
    """Lines that ask `datetime` or `date` for the present."""
    for node in nodes(path):
        match node:
            case ast.Attribute(attr=attr, value=ast.Name(id=of) | ast.Attribute(attr=of)):
                if attr in CLOCKS and of in ("datetime", "date", "dt"):
                    yield node.lineno


@pytest.mark.parametrize("path", FILES, ids=place)
def test_imports_point_down(path: Path) -> None:
    home = layer(path)
    if home == "__init__":
        assert not list(imports(path)), "the package itself imports nothing"
        return
    assert home in LAYERS, f"{home} is no layer; README, How it works, names them all"

    for name, line in imports(path):
        top, _, rest = name.partition(".")
        if top == "chalicelib" and rest != "__version__":
            used = rest.split(".")[0]
            assert used in LAYERS, f"{place(path)}:{line} imports {name}, which is in no layer"
            assert may_use(home, used), f"{place(path)}:{line} is in {home} and may not look at {used}"
        assert top not in ("app", "tests"), (
            f"{place(path)}:{line} imports {name}, which stands above the package"
        )


@pytest.mark.parametrize("path", [path for path in FILES if layer(path) in PURE], ids=place)
def test_core_is_pure(path: Path) -> None:
    for name, line in imports(path):
        assert name.split(".")[0] not in OUTSIDE_WORLD, (
            f"{place(path)}:{line} is pure and may not import {name}"
        )
    for line in clock_calls(path):
        pytest.fail(f"{place(path)}:{line} is pure and may not read the clock: time is handed in")


@pytest.mark.parametrize("path", FILES, ids=place)
def test_each_library_has_its_place(path: Path) -> None:
    for name, line in imports(path):
        library = name.split(".")[0]
        allowed = PLACES.get(library, ("",))
        assert place(path).startswith(allowed), (
            f"{place(path)}:{line}: {library} belongs to {', '.join(allowed)}"
        )

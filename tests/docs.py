"""The pages that are generated: what they must say, and the command that writes them.

`python -m tests.docs` (make docs) writes them; with `--check` it writes nothing and fails if one of them is
old.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path

from chalicelib.api import openapi
from chalicelib.contract.rights import DUTIES, RIGHTS, Role, may_call
from chalicelib.expressions import limits
from chalicelib.expressions.builtins import FAMILIES
from chalicelib.service.watch import METRICS
from chalicelib.settings import Settings, env_name, option
from tests import dialects, elements
from tests.bench import page as cost_page
from tests.cli import page as cli_page
from tests.marked import put_between

ROOT = Path(__file__).parents[1]
COMMAND = "make docs"

SETTINGS_BEGIN = "<!-- settings -->"
SETTINGS_END = "<!-- /settings -->"
ROLES_BEGIN = "<!-- roles -->"
ROLES_END = "<!-- /roles -->"
DIALECTS_BEGIN = "<!-- dialects -->"
DIALECTS_END = "<!-- /dialects -->"
BUILTINS_BEGIN = "<!-- built-ins -->"
BUILTINS_END = "<!-- /built-ins -->"
LIMITS_BEGIN = "<!-- limits -->"
LIMITS_END = "<!-- /limits -->"


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = [
        ("Environment", "Option", "Default", "Meaning"),
        *(
            (f"`{env_name(row)}`", f"`{option(row)}`", _default(row), row.metadata["help"])
            for row in fields(Settings)
        ),
    ]
    return _table(rows)


def roles_table() -> str:
    """The roles, and which of them may call which operation, as two Markdown tables."""
    duties = [("Role", "What it is for"), *((f"`{role}`", duty) for role, duty in DUTIES.items())]
    rights = [
        ("Operation", *(f"`{role}`" for role in Role)),
        *((f"`{name}`", *("x" if role in may_call(name) else "" for role in Role)) for name in RIGHTS),
    ]
    return f"{_table(duties)}\n\n{_table(rights)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    heading, *rest = rows
    lines = [heading, ["---"] * len(heading), *rest]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def with_settings_table(page: str) -> str:
    """A page with the table of settings between its two markers."""
    return put_between(page, SETTINGS_BEGIN, SETTINGS_END, settings_table())


def with_roles_table(page: str) -> str:
    """A page with the tables of roles between their two markers."""
    return put_between(page, ROLES_BEGIN, ROLES_END, roles_table())


def with_dialects(page: str) -> str:
    """A page with the tables of dialects between their two markers."""
    return put_between(page, DIALECTS_BEGIN, DIALECTS_END, dialects.tables())


def builtins_table() -> str:
    """The built-in functions of expressions, a Markdown table per family."""
    tables = []
    for family, rows in FAMILIES.items():
        table = [("Function", "Parameters", "Result")]
        table += [
            (f"`{row.name}`", f"`{row.parameters}`" if row.parameters else "-", row.meaning) for row in rows
        ]
        tables.append(f"### {family}\n\n{_table(table)}")
    return "\n\n".join(tables)


def limits_table() -> str:
    """The limits of expressions, as a Markdown table."""
    rows = [(f"{getattr(limits, name):,}", meaning) for name, meaning in LIMITS.items()]
    return _table([("At most", "Of what"), *rows])


LIMITS = {
    "TEXT": "characters of an expression",
    "DEPTH": "levels that the text is nested, `a.b.c` counts two",
    "STEPS": "steps of an evaluation: about one per operation, and per item that a function looks at",
    "CALLS": "levels that functions of the expression call each other",
    "ITEMS": "items of a list that is made",
    "CHARACTERS": "characters of a string that is made",
    "VALUE_DEPTH": "levels that lists and contexts are nested in a value",
    "VALUE_SIZE": "parts of a result",
    "PATTERN": "characters of a regular expression",
    "NAME_TOKENS": "words and symbols of a name that could also be an operation",
}
"""Names in `chalicelib.expressions.limits`."""


def with_expressions_tables(page: str) -> str:
    """A page with the tables of limits and built-in functions between their markers."""
    page = put_between(page, LIMITS_BEGIN, LIMITS_END, limits_table())
    return put_between(page, BUILTINS_BEGIN, BUILTINS_END, builtins_table())


METRICS_PAGE = """# Metrics

What is counted where, and what to do with it, says [watching.md](watching.md). A metric without a value in an
interval is not written.

"""


def metrics_page() -> str:
    """The metrics, a row each."""
    rows = [
        ("Metric", "Unit", "What it stands for"),
        ("---", "---", "---"),
        *((f"`{metric}`", row.unit, row.meaning) for metric, row in METRICS.items()),
    ]
    return METRICS_PAGE + "".join("| " + " | ".join(row) + " |\n" for row in rows)


PAGES: dict[str, Callable[[str], str]] = {
    "docs/openapi.json": lambda page: openapi.render(),
    "README.md": with_settings_table,
    "docs/cost.md": lambda page: cost_page.page(),
    "docs/cli.md": lambda page: cli_page.page(),
    "docs/security.md": with_roles_table,
    "docs/elements.md": lambda page: elements.page(),
    "docs/modeler.md": with_dialects,
    "docs/metrics.md": lambda page: metrics_page(),
    "docs/expressions.md": with_expressions_tables,
}
"""What a page must say, given what it says."""


def old_pages(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Pages that do not say what they must, with what they must say."""
    for name, refresh in PAGES.items():
        path = root / name
        page = path.read_text(encoding="utf-8") if path.exists() else ""
        if (wanted := refresh(page)) != page:
            yield path, wanted


def main(arguments: Sequence[str], root: Path = ROOT) -> str | None:
    """Write or check the pages; answers what is wrong, for `sys.exit`."""
    old = list(old_pages(root))
    if "--check" in arguments:
        names = ", ".join(path.relative_to(root).as_posix() for path, _ in old)
        return f"{names} is old; run `{COMMAND}`" if old else None
    for path, wanted in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
    return None


def _default(row: Field[object]) -> str:
    """A default as it would be written in the environment; a dash where there is none."""
    value = row.default
    if value is MISSING or value is None or value == ():
        return "-"
    return f"`{'on' if value is True else 'off' if value is False else value}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""docs/modeler.md: what is read of each dialect, and what it means here; from the rows that read it."""

from chalicelib.bpmn.dialects import KEPT, NAMESPACES, ROWS, Dialect, Row

HEADINGS = {
    Dialect.ZEEBE: "zeebe",
    Dialect.CAMUNDA: "camunda",
    Dialect.BPMN: "BPMN itself",
}
"""Heading of each dialect."""


def tables() -> str:
    """A section with a table for each dialect."""
    return "\n\n".join(_section(dialect) for dialect in Dialect)


def _section(dialect: Dialect) -> str:
    namespace = next((name for name, known in NAMESPACES.items() if known is dialect), None)
    heads = [f"## {HEADINGS[dialect]}\n", *([f"Namespace `{namespace}`.\n"] if namespace else [])]
    rows = [("Where", "What it is", "What it does"), ("---",) * 3]
    rows += [
        (f"`{_where(row)}`", row.meaning, "kept with the model" if row.field in KEPT else "holds")
        for row in ROWS
        if row.dialect is dialect
    ]
    return "\n".join([*heads, *("| " + " | ".join(cells) + " |" for cells in rows)])


def _where(row: Row) -> str:
    """`taskHeaders/header key, value`, `@topic`, `inputOutput/inputParameter name, text`."""
    path, _, attribute = row.path.partition("@")
    if not path:
        return f"{row.dialect}:{attribute}=" if row.dialect is not Dialect.BPMN else f"{attribute}="
    shown = "/".join(row.steps)
    parts = filter(None, (row.name, attribute or ("text" if row.name else "")))
    return " ".join(filter(None, (shown, ", ".join(parts))))

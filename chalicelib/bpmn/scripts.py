"""Which scripts the engine runs itself."""

from .extension import is_expression
from .model import Element

LANGUAGES = frozenset({"feel", "juel"})
"""Languages of expressions, as models name them, or as the last part of an address."""


def own_script(element: Element) -> str | None:
    """The script of a script task, as an expression; None: a worker executes the task.

    That is so for a script in another language, for one that names none and is not marked as an expression,
    and for a task with a work type.
    """
    script, language = element.extension.script, element.extension.script_format
    if script is None or element.extension.work_type is not None:
        return None
    if language is None:
        return script if is_expression(script) else None
    if not is_known(language):
        return None
    return script if is_expression(script) else f"={script}"


def is_known(language: str) -> bool:
    """Whether the engine knows a language: `feel`, `https://www.omg.org/spec/DMN/20191111/FEEL/`."""
    return language.strip().rstrip("/").rpartition("/")[2].casefold() in LANGUAGES

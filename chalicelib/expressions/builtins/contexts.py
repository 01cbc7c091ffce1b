"""Context functions. Source: DMN 1.5, 10.3.4.11, table 81."""

from typing import Any

from ..errors import Undefined
from ..limits import VALUE_DEPTH
from ..run import Run
from .rows import Row


def get_value(_: Run, context: dict[str, Any], key: str) -> Any:
    """The value of an entry."""
    if key not in context:
        raise Undefined(f"there is no entry `{key}`")
    return context[key]


def get_value_at(run: Run, context: dict[str, Any], keys: list[Any]) -> Any:
    """The value at a path of entries."""
    if not keys:
        raise Undefined("there are no keys")
    value: Any = context
    for key in keys:
        if type(value) is not dict or type(key) is not str:
            raise Undefined("the keys lead nowhere")
        value = get_value(run, value, key)
    return value


def get_entries(_: Run, context: dict[str, Any]) -> list[dict[str, Any]]:
    """Keys and values."""
    return [{"key": key, "value": value} for key, value in context.items()]


def context_of(_: Run, entries: list[Any]) -> dict[str, Any]:
    """A context from keys and values."""
    made = dict[str, Any]()
    for entry in entries:
        if type(entry) is not dict or not {"key", "value"} <= entry.keys() or type(entry["key"]) is not str:
            raise Undefined("an entry has no key and value")
        if entry["key"] in made:
            raise Undefined("a key is there twice")
        made[entry["key"]] = entry["value"]
    return made


def put(run: Run, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The context with one entry more, or another value of it."""
    run.items(len(context) + 1)
    return {**context, key: value}


def put_at(run: Run, context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any]:
    """The context with another value at a path of entries."""
    if not keys or not all(type(key) is str for key in keys) or len(keys) > VALUE_DEPTH:
        raise Undefined("keys are a list of strings")
    key, *rest = keys
    if not rest:
        return put(run, context, key, value)
    inside = context.get(key)
    if type(inside) is not dict:
        raise Undefined(f"`{key}` is no context")
    return put(run, context, key, put_at(run, inside, rest, value))


def merge(run: Run, contexts: list[Any]) -> dict[str, Any]:
    """All entries; of equal keys the last one counts."""
    made = dict[str, Any]()
    for context in contexts:
        if type(context) is not dict:
            raise Undefined("not all items are contexts")
        run.items(len(context) + len(made))
        made |= context
    return made


ROWS = (
    Row("get value", "m: context, key: string", get_value, "the value of an entry"),
    Row("get value", "m: context, keys: list", get_value_at, "the value at a path of entries"),
    Row("get entries", "m: context", get_entries, "a list of contexts with `key` and `value`"),
    Row("context", "entries: list", context_of, "a context from such a list"),
    Row("context put", "context: context, key: string, value: any", put, "with an entry"),
    Row("context put", "context: context, keys: list, value: any", put_at, "with an entry at a path"),
    Row("context merge", "contexts: list", merge, "all entries; the last of equal ones counts"),
)

"""Ids as the Process Runtime spells them: `122056910-494baede-088f-46bb-8a24-77b049ef996c`.

The decimal packs partition and id; the UUID is made of it with a secret of the engine. So an id needs no
table, and one that the engine has not made is none.
"""

import hashlib
import hmac
import re
import uuid
from datetime import date

from ..contract.commands import INT32_MAX
from ..engine.errors import NotFound, Reason
from .environment import Environment

INSTANCE, TASK = "instance", "task"

_REASONS = {INSTANCE: Reason.INSTANCE_NOT_FOUND, TASK: Reason.TASK_NOT_FOUND}
_SHAPE = re.compile(r"([0-9]{1,19})-[0-9a-f-]{36}", re.ASCII)
_FIRST = date(2000, 1, 1).toordinal()


def spell(env: Environment, kind: str, partition: str, id: int) -> str:
    """The id of a process instance or a user task, `INSTANCE` or `TASK`."""
    packed = (date.fromisoformat(partition).toordinal() - _FIRST) << 32 | id
    return f"{packed}-{_seal(env, kind, packed)}"


def read(env: Environment, kind: str, text: str) -> tuple[str, int]:
    """Partition and id.

    Raises:
        NotFound: The engine has not made it, or it is of another kind.
    """
    found = _SHAPE.fullmatch(text)
    packed = int(found[1]) if found else 0
    if found is None or not hmac.compare_digest(text, f"{packed}-{_seal(env, kind, packed)}"):
        raise missing(kind, text)
    days, id = packed >> 32, packed & INT32_MAX
    return date.fromordinal(days + _FIRST).isoformat(), id


def missing(kind: str, text: str) -> NotFound:
    """That there is no such process instance or user task."""
    what = "process instance" if kind == INSTANCE else kind
    return NotFound(f"{what} {text[:100]} could not be found", reason=_REASONS[kind])


def _seal(env: Environment, kind: str, packed: int) -> uuid.UUID:
    made = hmac.digest(env.store.id_secret(), f"{kind} {packed}".encode(), hashlib.sha256)
    return uuid.UUID(bytes=made[:16], version=4)

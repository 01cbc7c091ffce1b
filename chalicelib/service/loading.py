"""Process instances by reference, read in batches."""

from collections.abc import Iterable, Iterator
from itertools import islice

from .environment import Environment, Ref, Work

BATCH = 100
"""Process instances read at a time."""


def loaded(
    env: Environment, refs: Iterable[Ref], *, skip_unreadable: bool = False
) -> Iterator[tuple[Ref, Work]]:
    """Process instances by reference, read in batches; a large one comes once per id block it owns.

    Args:
        env: The environment.
        refs: Their references.
        skip_unreadable: Leave out what this release cannot read, and log it.
    """
    remaining = iter(refs)
    while batch := list(islice(remaining, BATCH)):
        works = env.store.load_many(batch, skip_unreadable=skip_unreadable)
        for ref, work in zip(batch, works, strict=True):
            if work is not None:
                yield ref, work

"""Random commands: every store answers the same, and the engine stays in order.

A client that knows everything an engine has sends what comes to its mind, right and wrong. After each step
all stores have answered the same, a refusal has changed nothing, and the rules of `walk` and `snapshot` hold.
A failure names the seed and shows the shortest list of steps that was found to fail as well.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from chalicelib.contract import commands as c
from tests.conftest import MODES, STORES
from tests.walks.choosing import EVENT_FILES, QUERIES, SLOW, THROUGH, WIDE, XML, Client
from tests.walks.sides import Found, Restart, Send, Step, Steps, open_sides, shortened
from tests.walks.walk import Walk

EMBEDDED = ("memory", "sqlite")


@dataclass(frozen=True)
class Size:
    """How far a walk goes.

    Attributes:
        steps: How many.
        models: Of which some are deployed.
        deployed: How many of them.
        large: The longest value of a variable, in characters.
    """

    steps: int
    models: tuple[str, ...]
    deployed: int
    large: int


EVENTS = Size(60, EVENT_FILES, 4, 300)
QUICK = Size(45, tuple(name for name in XML if name not in (*EVENT_FILES, SLOW, THROUGH, WIDE)), 3, 5_000)
WIDER = Size(45, (WIDE,), 1, 300)
LONG = Size(150, tuple(name for name in XML if name != SLOW), 4, 400_000)
LOOPING = Size(8, (SLOW, "people", "sequence"), 3, 100)


def wander(seed: int, mode: str, size: Size, stores: tuple[str, ...] = STORES) -> None:
    """Go some random steps and ask all queries; on failure, say how it can be had again."""
    is_encrypting = seed % 4 > 0
    steps: Steps = []
    with open_sides(stores, mode, is_encrypting) as sides:
        found = go(Walk(sides, steps=steps), seed, size)
    if found is not None:
        shortest, found = shorten(steps, found, stores, mode, is_encrypting)
        listed = "".join(f"    {step!r},\n" for step in shortest)
        pytest.fail(
            f"seed {seed} in {mode} mode, {len(steps)} steps. Found as well, and found again, by\n"
            f"played([\n{listed}], {stores}, {mode!r}, {is_encrypting})\n\n{found}",
            pytrace=False,
        )


def go(walk: Walk, seed: int, size: Size) -> Found | None:
    """Deploy, wander about, and look at everything in the end; answers what was found."""
    random = Random(seed)
    client = Client(random, walk.sides.lead, random.sample(size.models, size.deployed), size.large)
    try:
        for step in client.first_steps():
            walk.take(step)
        for _ in range(size.steps):
            walk.take(client.next_step(walk.now))
        for step in last_steps(walk, client):
            walk.take(step)
    except Found as found:
        return found
    return None


def shorten(
    steps: Steps, found: Found, stores: tuple[str, ...], mode: str, is_encrypting: bool
) -> tuple[Steps, Found]:
    """The shortest steps that fail as well, and what is found after them."""

    def fails(rest: Steps) -> bool:
        nonlocal found
        again = played(rest, stores, mode, is_encrypting)
        found = again or found
        return again is not None

    return shortened(steps, fails), found


def played(steps: Steps, stores: tuple[str, ...], mode: str, is_encrypting: bool) -> Found | None:
    """Go given steps; answers what was found."""
    with open_sides(stores, mode, is_encrypting) as sides:
        walk = Walk(sides)
        try:
            for step in steps:
                walk.take(step)
        except Found as found:
            return found
    return None


def last_steps(walk: Walk, client: Client) -> Iterator[Step]:
    """Ask for everything, and for parts of it."""
    yield Restart()
    for kind in QUERIES:
        yield Send(kind, {"limit": 2**31 - 1})
        for _ in range(2):
            yield client.query(walk.now, kind)
    for scope in sorted(walk.variables):
        kind = c.GetElementVariables if scope.is_element else c.GetProcessVariables
        yield Send(kind, {"partition": scope.partition, "id": scope.id})


@pytest.mark.parametrize("mode", MODES)
def test_stores_agree_on_random_commands(mode: str) -> None:
    wander(1, mode, QUICK)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(2, 7))
def test_embedded_stores_agree_on_random_commands(seed: int, mode: str) -> None:
    wander(seed, mode, QUICK, EMBEDDED)


@pytest.mark.parametrize("mode", MODES)
def test_stores_agree_on_instances_with_several_id_blocks(mode: str) -> None:
    wander(1, mode, WIDER, EMBEDDED)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(1, 5))
def test_stores_agree_on_what_is_thrown_caught_and_called(seed: int, mode: str) -> None:
    wander(seed, mode, EVENTS, EMBEDDED)


@pytest.mark.soak
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("size", "walks", "everywhere"),
    [(LONG, 4, 1), (EVENTS, 20, 2), (LOOPING, 1, 0)],
    ids=["long", "events", "looping"],
)
def test_stores_agree_on_many_random_commands(size: Size, walks: int, everywhere: int, mode: str) -> None:
    """Most on the embedded stores: several of these walks take as long as one on the double of DynamoDB."""
    for stores in [*[STORES] * everywhere, *[EMBEDDED] * walks]:
        wander(secrets.randbelow(10**6), mode, size, stores)

"""Whatever breaks off, and wherever: afterwards the sweep brings all to the state of an undisturbed run.

Each call of a command to the store fails once in each way of `faulty.FAULTS`; then the client goes on as far
as it may, and the sweep does the rest. What there is then is compared with what there is if nothing happens,
so that an effect that was lost or came twice shows: instances, visits, jobs, tasks, messages, subscriptions,
queues, values.
"""

import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from chalicelib.contract import process_runtime as p
from chalicelib.contract.commands import Command
from chalicelib.contract.native import OPERATIONS
from chalicelib.settings import Settings
from chalicelib.storage.sqlite import SqliteItems
from tests.faults.runs import Prepared, run
from tests.faults.scenarios import SCENARIOS, Scenario

Record = Callable[[str, object], None]


class Way(NamedTuple):
    """How a scenario is run.

    Attributes:
        task_mode: Of the engine.
        is_keyed: Whether the client sends an idempotency key.
        stride: Each of so many faults is enough for `make test`.
    """

    task_mode: str
    is_keyed: bool
    stride: int


WAYS = (Way("eager", False, 2), Way("eager", True, 7), Way("deferred", False, 11), Way("deferred", True, 0))

by_name = {"ids": lambda scenario: scenario.name}
by_way = {"ids": lambda way: f"{way.task_mode}-{'with a key' if way.is_keyed else 'without'}"}


@cache
def prepared(scenario: Scenario, way: Way) -> Prepared:
    settings = Settings(set_time=True, task_mode=way.task_mode, **scenario.settings)
    return Prepared.of(scenario.prepare, settings, is_keyed=way.is_keyed)


def is_possible(scenario: Scenario, way: Way) -> bool:
    """Only a command can have a key."""
    return not way.is_keyed or isinstance(prepared(scenario, way).act, Command)


CASES = [(scenario, way) for way in WAYS for scenario in SCENARIOS]


def planned(scenario: Scenario, way: Way) -> list[dict]:
    """The faults of `make test`."""
    if way.stride == 0 or not is_possible(scenario, way):
        return []
    return prepared(scenario, way).faults()[:: scenario.stride * way.stride]


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """What is logged of thousands of faults takes longer than they do."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("way", [way for way in WAYS if way.stride], **by_way)
@pytest.mark.parametrize("scenario", SCENARIOS, **by_name)
def test_each_call_fails_in_each_way(scenario: Scenario, way: Way) -> None:
    for faults in planned(scenario, way):
        run(prepared(scenario, way), faults)


def test_at_least_a_thousand_faults_are_injected(record_property: Record) -> None:
    count = sum(len(planned(*case)) for case in CASES)

    record_property("faults injected", count)
    assert count >= 1_000


def test_every_command_that_changes_something_is_disturbed() -> None:
    changing = {operation.command for operation in OPERATIONS if operation.changes_something}
    acts = {type(prepared(scenario, WAYS[0]).act) for scenario in SCENARIOS}

    of_people = {p.ClaimTask, p.UnclaimTask, p.AssignTask, p.AssignInstanceTasks, p.CompleteTask}
    assert {kind.__name__ for kind in changing - acts} == {"UnlockTasks"}, "which does nothing at all"
    assert of_people <= acts


@pytest.mark.parametrize("scenario", SCENARIOS, **by_name)
def test_with_a_key_the_undisturbed_run_is_the_same(scenario: Scenario) -> None:
    plain, keyed = WAYS[:2]

    if is_possible(scenario, keyed):
        assert prepared(scenario, keyed).done == prepared(scenario, plain).done


def test_client_that_starts_is_in_doubt_only_if_the_write_of_its_instance_is_nowhere() -> None:
    """What is written before it tells nothing of the instance, and an instance that is there is found."""
    (start,) = (scenario for scenario in SCENARIOS if scenario.name == "start")
    here = prepared(start, WAYS[0])

    doubtful = [faults for faults in here.faults() if not run(here, faults).knows]

    unanswered = [fault for ((at, fault),) in (each.items() for each in doubtful) if "dies" not in fault.name]
    assert [fault.name for fault in unanswered] == ["the request is lost"]
    last = len(here.calls) - 1
    assert doubtful[-1] == {last: unanswered[0]}


SOME = ("start", "complete, with pages and values", "lock four jobs", "signal for a few", "call")


@pytest.mark.parametrize("scenario", [scenario for scenario in SCENARIOS if scenario.name in SOME], **by_name)
def test_some_calls_fail_on_sqlite(scenario: Scenario, tmp_path: Path) -> None:
    disturb_on_sqlite(scenario, tmp_path, stride=6)


def disturb_on_sqlite(scenario: Scenario, path: Path, stride: int) -> None:
    here = prepared(scenario, WAYS[0])
    for number, faults in enumerate(here.faults()[::stride]):
        items = SqliteItems(path / f"{number}.db", durable=False)
        run(here, faults, here.copied_to(items))
        items.close()


# What takes longer

SOAKED = [case for case in CASES if case[1].task_mode == "eager"]
SECOND = 9
"""Of so many second faults one happens, another one each time."""


def second_faults(scenario: Scenario, way: Way) -> list[dict]:
    """Pairs of faults: the second one meets the client that asks again, or the sweep."""
    if scenario.takes_days or not is_possible(scenario, way):
        return []
    here = prepared(scenario, way)
    firsts = here.faults()[:: scenario.stride]
    return [
        pair
        for number, first in enumerate(firsts)
        for pair in here.second_faults(first)[number % SECOND :: SECOND]
    ]


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS, **by_way)
@pytest.mark.parametrize("scenario", SCENARIOS, **by_name)
def test_each_call_fails_in_each_way_in_both_modes(scenario: Scenario, way: Way) -> None:
    if is_possible(scenario, way):
        for faults in prepared(scenario, way).faults():
            run(prepared(scenario, way), faults)


@pytest.mark.soak
@pytest.mark.parametrize(("scenario", "way"), SOAKED, ids=lambda value: getattr(value, "name", None))
def test_second_fault_meets_the_recovery_from_the_first(scenario: Scenario, way: Way) -> None:
    for faults in second_faults(scenario, way):
        run(prepared(scenario, way), faults)


@pytest.mark.soak
@pytest.mark.parametrize("scenario", SCENARIOS, **by_name)
def test_each_call_fails_on_sqlite(scenario: Scenario, tmp_path: Path) -> None:
    disturb_on_sqlite(scenario, tmp_path, stride=2 * scenario.stride)


@pytest.mark.soak
def test_at_least_twenty_thousand_faults_are_injected_in_a_soak(record_property: Record) -> None:
    """A pair counts as two."""
    singles = sum(len(prepared(*case).faults()) for case in CASES if is_possible(*case))
    pairs = sum(len(second_faults(*case)) for case in SOAKED)

    record_property("faults injected in the soak", singles + 2 * pairs)
    assert singles + 2 * pairs >= 20_000

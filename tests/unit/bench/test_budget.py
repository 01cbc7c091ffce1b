"""What commands and instances may cost on DynamoDB, counted, not timed."""

import pytest

from chalicelib.storage.meter import Bill
from tests.bench.costs import COMMANDS, INSTANCES, Run, metered, ordinary


@pytest.fixture(scope="module")
def run() -> Run:
    return metered()


@pytest.mark.parametrize("kind", COMMANDS)
def test_ordinary_command_keeps_its_budget(run: Run, kind: str) -> None:
    bills = ordinary(run)[kind]

    assert bills
    assert [bill for bill in bills if not COMMANDS[kind].holds(bill)] == []


def test_completed_job_is_exactly_one_get_and_one_conditional_put(run: Run) -> None:
    for kind in ("complete, next job created", "complete, instance ends"):
        for bill in ordinary(run)[kind]:
            assert (bill.gets, bill.writes, bill.requests) == (1, 1, 2)


def test_start_is_exactly_one_conditional_put(run: Run) -> None:
    for bill in ordinary(run)["start, first job created"]:
        assert (bill.writes, bill.requests) == (1, 1)


@pytest.mark.parametrize(("name", "tasks"), [("one task", 1), ("ten tasks", 10)])
def test_whole_instance_keeps_its_budget_over_http(run: Run, name: str, tasks: int) -> None:
    requests, bill = run.bill(name)

    assert requests == 1 + 2 * tasks
    assert bill.write_units <= INSTANCES[name]


def test_budgets_are_those_of_the_architecture() -> None:
    assert INSTANCES == {"one task": 9, "ten tasks": 45}
    assert [budget.write_units for budget in COMMANDS.values()] == [4, 2, 2, 3, 6, 3]


def test_budget_allows_no_request_that_it_does_not_name() -> None:
    budget = COMMANDS["complete, next job created"]

    assert budget.holds(Bill(gets=1, writes=1, read_units=1, write_units=2))
    assert not budget.holds(Bill(gets=1, writes=1, counters=1, read_units=1, write_units=2))
    assert not budget.holds(Bill(gets=2, writes=1, read_units=2, write_units=2))
    assert not budget.holds(Bill(gets=1, writes=1, read_units=1, write_units=3))

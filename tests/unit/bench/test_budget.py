"""What commands and instances may cost on DynamoDB, counted, not timed."""

import pytest

from chalicelib.storage.meter import Bill
from tests.bench import fed
from tests.bench.costs import COMMANDS, INSTANCES, Run, metered, ordinary
from tests.bench.fed import FedInstance


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


@pytest.fixture(scope="module")
def fed_instances() -> dict[str, FedInstance]:
    return dict(fed.instances())


@pytest.mark.parametrize("name", fed.BUDGETS)
def test_fed_instance_keeps_its_budget(fed_instances: dict[str, FedInstance], name: str) -> None:
    units, dollars = fed.BUDGETS[name]

    assert fed_instances[name].bill.write_units <= units
    assert fed_instances[name].dollars()["all"] <= dollars


def test_fed_job_needs_no_lock_and_one_write(fed_instances: dict[str, FedInstance]) -> None:
    one, ten = fed_instances["one task"], fed_instances["ten tasks"]

    # The look of the hint, and the get of the completion: a handler may take its time in between.
    assert (ten.bill.gets, ten.bill.writes, ten.bill.requests) == (20, 11, 31)
    assert (ten.sendings, ten.hints) == (10, 10)
    assert ten.bill.write_units - one.bill.write_units == 9


def test_hints_of_one_command_are_sent_together(fed_instances: dict[str, FedInstance]) -> None:
    parallel = fed_instances["ten parallel tasks"]

    assert (parallel.sendings, parallel.hints) == (1, 10)


def test_dollars_of_ten_fed_tasks_are_the_sum_of_what_they_need(
    fed_instances: dict[str, FedInstance],
) -> None:
    """15 write units and 20 read units; one call of the API; ten sendings, one receive, one delete."""
    found = fed_instances["ten tasks"].dollars()

    assert found == pytest.approx(
        {
            "API GW": 3.50,
            "Lambda": 2 * 0.20 + 11 * 0.020 * 0.5 * 16.6667,
            "DynamoDB": 15 * 0.625 + 20 * 0.125,
            "SQS": 12 * 0.40,
            "all": 22.4083,
        },
        abs=0.001,
    )


def test_budgets_are_those_of_the_architecture() -> None:
    assert INSTANCES == {"one task": 9, "ten tasks": 45}
    assert fed.BUDGETS == {"ten tasks": (20, 25.0)}
    assert [budget.write_units for budget in COMMANDS.values()] == [4, 2, 2, 3, 6, 3]


def test_budget_allows_no_request_that_it_does_not_name() -> None:
    budget = COMMANDS["complete, next job created"]

    assert budget.holds(Bill(gets=1, writes=1, read_units=1, write_units=2))
    assert not budget.holds(Bill(gets=1, writes=1, counters=1, read_units=1, write_units=2))
    assert not budget.holds(Bill(gets=2, writes=1, read_units=2, write_units=2))
    assert not budget.holds(Bill(gets=1, writes=1, read_units=1, write_units=3))

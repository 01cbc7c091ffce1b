"""No key gets hot: a short form of `make simulate`; and the simulation does find a key that would."""

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.settings import Settings
from chalicelib.storage import blocks, keys
from chalicelib.storage.keys import Shards
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.meter import TABLE, Meter, Touched
from chalicelib.wiring import SHARDS_ON_DYNAMODB
from tests.bench.report import Report
from tests.bench.scenario import Walk, instances, new_engine, prepare
from tests.simulate.lives import LIVES, Place, trace
from tests.simulate.page import BEGIN, END, RUNS, Run, Simulation, text, with_simulation
from tests.simulate.pressure import MOST_WRITES, Heat, heats
from tests.simulate.starts import Fleet, Rate, Starts

PAGE = Path(__file__).parents[3] / "docs" / "scale.md"
SHORT = Rate(1_000, 10, containers=100, midnight=5)
HIGH = Rate(10_000, 6, containers=1_000, midnight=3)


def hot(name: str, starts: Starts, shards: Shards) -> list[str]:
    """What is too hot, by kind."""
    return [heat.kind for heat in heats(trace(name, shards), starts) if not heat.is_fine]


@pytest.fixture(scope="module")
def short() -> Starts:
    return Fleet(SHORT).starts(16)


@pytest.mark.parametrize("name", [name for name in LIVES if name != "ten tasks"])
def test_default_shards_bear_a_thousand_starts_per_second(short: Starts, name: str) -> None:
    assert hot(name, short, SHARDS_ON_DYNAMODB) == []


def test_ten_thousand_jobs_per_second_need_more_shards_of_due_jobs() -> None:
    """Seen once as many live as start in the seconds of a whole life."""
    starts = Fleet(replace(SHORT, seconds=25)).starts(32)

    assert hot("ten tasks", starts.folded(16), SHARDS_ON_DYNAMODB) == ["index dueJobs"]
    assert hot("ten tasks", starts, replace(SHARDS_ON_DYNAMODB, jobs=32)) == []


def test_documented_shards_bear_ten_thousand_starts_per_second() -> None:
    shards = next(run for run in RUNS if run.rate.per_second == 10_000).shards
    starts = Fleet(HIGH).starts(max(shards.jobs, shards.tasks, shards.lists))

    assert hot("one task", starts, shards) == []
    assert hot("a timer, a task", starts, shards) == []


@pytest.mark.parametrize(
    ("name", "fewer", "index"),
    [("one task", {"jobs": 1}, "dueJobs"), ("a timer, a task", {"tasks": 1}, "dueTasks")],
)
def test_one_shard_does_not_bear_it(short: Starts, name: str, fewer: dict[str, int], index: str) -> None:
    assert hot(name, short, replace(SHARDS_ON_DYNAMODB, **fewer)) == [f"index {index}"]


def bare_date(touched: Touched) -> Place:
    """A mistake: the date alone as the partition key of process instances."""
    date, mark, _ = touched.key.rpartition("#")
    return touched.place, date if mark and touched.place == TABLE else touched.key


def test_bare_date_as_a_key_is_found(short: Starts) -> None:
    traces = trace("one task", SHARDS_ON_DYNAMODB, bare_date)

    (heat,) = (heat for heat in heats(traces, short) if not heat.is_fine)

    assert heat.kind == "table: 2030-01-01"
    assert heat.writes > 2 * MOST_WRITES


def test_busy_processes_go_on_with_large_leases_after_midnight(short: Starts) -> None:
    """Each has leased 1 and 7 and 61 before; at midnight one lease each is enough."""
    _, at_once = short.counters
    (_, first_second) = Fleet(replace(SHORT, seconds=1, midnight=None)).starts(16).counters

    assert first_second == at_once > 2 * SHORT.containers
    fleet = Fleet(SHORT)
    fleet.starts(16)
    assert fleet.most["BLOCKS#2030-01-02"][1] <= SHORT.containers


def test_processes_that_lease_at_midnight_do_not_begin_in_one_shard() -> None:
    """With leases of 64, a thousand processes would all begin in the same shard."""
    starts = Fleet(HIGH).starts(64)

    midnight = [row[3] for row in starts.by_second]

    assert max(midnight) < 2 * sum(midnight) / len(midnight)


def test_day_at_its_limit_has_ids_for_every_start() -> None:
    rate = 388
    lost = 40 * 12 * blocks.LEASES[-1]

    assert rate * 24 * 3600 + lost / 2 <= keys.MAX_BLOCKS


def test_simulation_says_when_a_date_has_no_ids_left() -> None:
    fleet = Fleet(Rate(100, 5, containers=1))
    fleet.use_up(keys.MAX_BLOCKS - 250)

    starts = fleet.starts(4)

    assert starts.refused_at == 1
    assert 250 - blocks.LEASES[-1] < starts.made <= 250


def test_starts_folded_are_the_same_starts(short: Starts) -> None:
    folded = short.folded(4)

    assert [sum(second) for second in zip(*folded.by_second, strict=True)] == [1000] * SHORT.seconds
    assert folded.by_second[1][3] == sum(short.by_second[n][3] for n in (1, 5, 9, 13))


def test_what_is_noted_of_keys_comes_to_the_bill() -> None:
    touched: list[Touched] = []
    meter = Meter(MemoryItems(), touch=touched.append)
    walk = Walk(new_engine(meter), lambda kind, command: command())
    prepare(walk)
    for _, run in instances(walk):
        run()

    assert sum(one.write_units for one in touched) == meter.bill.write_units
    assert sum(one.read_units for one in touched) == meter.bill.read_units
    indexes = (one.write_units for one in touched if one.place != TABLE)
    assert sum(indexes) == meter.bill.index_units


def test_heat_is_too_much_above_what_a_partition_bears() -> None:
    assert Heat("table", "k", reads=3000, writes=1000).is_fine
    assert not Heat("table", "k", reads=0, writes=1001).is_fine
    assert not Heat("table", "k", reads=3001, writes=0).is_fine


def test_report_names_what_is_too_hot(capsys) -> None:
    run = Run("a second", replace(SHORT, seconds=2, midnight=None), "jobs=1", ["one task"])
    simulation = Simulation(Report(), [run])

    simulation.print()

    assert simulation.too_hot == ["a second: one task: index dueJobs"]
    assert "TOO HOT" in capsys.readouterr().out


def test_page_is_of_the_shards_and_runs_of_today() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    block, _, _ = rest.partition(END)

    assert f"default on DynamoDB: {text(SHARDS_ON_DYNAMODB)}" in block, "run make simulate"
    for run in RUNS:
        assert f"\n{run.title}: {text(run.shards)}\n" in block, "run make simulate"
    assert "TOO HOT" not in block


@pytest.mark.soak
def test_page_is_what_is_simulated(capsys) -> None:
    simulation = Simulation(Report())
    simulation.print()

    page = PAGE.read_text(encoding="utf-8")
    assert with_simulation(page, capsys.readouterr().out) == page, "run make simulate"


def test_settings_of_the_runs_are_told_on_the_page() -> None:
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(BEGIN)

    for setting in filter(None, (run.setting for run in RUNS)):
        assert f"`{setting}`" in before
        assert Settings.read({"BPMN_SHARDS": setting}).shards

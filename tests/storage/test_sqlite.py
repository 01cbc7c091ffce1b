"""What only the sqlite file has to do: survive, be shared by processes and threads, and know its layout."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from chalicelib.storage.ports import Entry, Put, StaleWrite, Throttled
from chalicelib.storage.sqlite import SCHEMA, NewerFile, SqliteItems, _query, _SharedTransactions
from tests.storage.samples import due, item, key, new, over

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "items.db"


@pytest.fixture
def items(path: Path) -> Iterator[SqliteItems]:
    store = SqliteItems(path)
    yield store
    store.close()


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else at the same file; `BEGIN IMMEDIATE` keeps all writers out."""
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def process(path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.storage.sqlite_process", str(path), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.001)


# durability


def test_items_counters_and_indexes_are_there_after_reopening(path):
    first = SqliteItems(path)
    first.commit([new("a", **due(1))])
    first.add(key("c"), 5)
    first.close()

    again = SqliteItems(path)

    assert again.get([key("a")]) == [item("a", **due(1))]
    assert again.query("dueJobs", "queue") == [Entry(1, key("a"))]
    assert again.add(key("c"), 0) == 5
    again.close()


def test_what_was_acknowledged_survives_kill_9(path):
    with process(path, "write") as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(100)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    acknowledged = [int(line) for line in told if line.endswith(b"\n")]

    store = SqliteItems(path)
    states = store.get([key(f"{number}") for number in acknowledged])
    pages = store.get([key(f"{number}", "PAGE#1") for number in acknowledged])
    entries = store.query("dueJobs", "queue", limit=10**6)
    store.close()

    assert len(acknowledged) >= 100
    assert None not in states and None not in pages
    # one more may have been committed whose number was not told any more
    assert len(entries) - len(acknowledged) in (0, 1)


def test_commit_waits_for_the_disk_unless_told_otherwise(path):
    def level(store: SqliteItems) -> int:
        [(found,)] = store._writer.execute("PRAGMA synchronous").fetchall()
        store.close()
        return int(found)

    assert level(SqliteItems(path)) == 2
    assert level(SqliteItems(path, durable=False)) == 0


# processes


def test_processes_at_one_file_lose_no_update(path, items):
    items.commit([new("a", body=b"0"), new("b", body=b"0")])

    processes = [process(path, "count", "40") for _ in range(3)]
    for each in processes:
        each.communicate(timeout=60)

    assert [each.returncode for each in processes] == [0, 0, 0]
    assert items.get([key("a"), key("b")]) == [
        item("a", 121, body=b"120", **due(121)),
        item("b", 121, body=b"120", **due(121)),
    ]
    assert items.query("dueJobs", "queue") == [Entry(121, key("a")), Entry(121, key("b"))]


def test_file_held_by_another_process_throttles_in_the_end(path, items, other):
    impatient = SqliteItems(path, patience=0.05)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Throttled):
        impatient.commit([new("a")])
    with pytest.raises(Throttled):
        impatient.add(key("c"), 1)

    other.execute("COMMIT")
    assert items.get([key("a")]) == [None]
    impatient.commit([new("a")])
    impatient.close()


def test_commit_waits_for_a_short_hold(items, other):
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        commit = pool.submit(items.commit, [new("a")])
        until(lambda: items._transactions._is_led)
        other.execute("COMMIT")

        commit.result(timeout=10)


def test_readers_do_not_wait_for_a_writer(items, other):
    items.commit([new("a", **due(1))])
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE items SET r = 77")

    assert items.get([key("a")]) == [item("a", **due(1))]
    assert items.query("dueJobs", "queue") == [Entry(1, key("a"))]

    other.execute("ROLLBACK")


def test_reader_leaves_no_snapshot_behind(items, other):
    items.commit([new("a"), new("b")])

    items.get([key("a")])
    items.get([key("a"), key("b")])
    items.query("dueJobs", "queue")
    items.commit([over(1, "a")])

    # a snapshot that somebody still reads would block this
    [(is_blocked, frames, copied)] = other.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    assert (is_blocked, frames) == (0, copied)


# threads


def test_threads_that_come_while_a_transaction_runs_share_the_next():
    batches: list[int] = []
    begun, released = Event(), Event()

    def carry_out(jobs):
        batches.append(len(jobs))
        begun.set()
        released.wait(10)
        for job in jobs:
            job.succeed(job.work(None))

    transactions = _SharedTransactions(carry_out)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(transactions.run, lambda cursor: 0)
        begun.wait(10)
        others = [
            pool.submit(transactions.run, lambda cursor, number=number: number) for number in range(1, 8)
        ]
        until(lambda: len(transactions._waiting) == 7)
        released.set()
        results = [each.result(timeout=10) for each in (first, *others)]

    assert batches == [1, 7]
    assert results == list(range(8))
    assert transactions.run(lambda cursor: "afterwards") == "afterwards"


def test_interrupted_leader_leaves_nobody_waiting():
    class Interrupted(BaseException):
        pass

    def carry_out(jobs):
        raise Interrupted

    transactions = _SharedTransactions(carry_out)
    for _ in range(2):
        with pytest.raises(Interrupted):
            transactions.run(lambda cursor: None)


def together(
    items: SqliteItems, other: sqlite3.Connection, commits: list[list[Put]]
) -> list[BaseException | None]:
    """Let commits of several threads meet in one transaction; answer what became of each."""
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(len(commits) + 1) as pool:
        leader = pool.submit(items.commit, [new("leader")])
        until(lambda: items._transactions._is_led and not items._transactions._waiting)
        followers: list[Future[None]] = [pool.submit(items.commit, writes) for writes in commits]
        until(lambda: len(items._transactions._waiting) == len(commits))
        other.execute("COMMIT")
        leader.result(timeout=10)
        return [each.exception(timeout=10) for each in followers]


def test_stale_commit_does_not_touch_the_others_of_its_transaction(items, other):
    items.commit([new("a", **due(1))])

    stale = [new("b", **due(2)), over(5, "a")]
    outcomes = together(items, other, [[over(1, "a", **due(3))], stale, [new("c", **due(4))]])

    assert outcomes[0] is None and outcomes[2] is None
    assert isinstance(outcomes[1], StaleWrite)
    assert [entry.key.partition for entry in items.query("dueJobs", "queue")] == ["a", "c"]


def test_of_several_commits_with_one_guard_one_is_written(items, other):
    items.commit([new("a")])

    outcomes = together(items, other, [[over(1, "a", body=b"%d" % number)] for number in range(6)])

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["StaleWrite"] * 5
    [found] = items.get([key("a")])
    assert found == item("a", 2, body=b"%d" % outcomes.index(None))


def test_commit_that_cannot_be_written_does_not_hurt_the_others_of_its_transaction(items, other):
    no_unicode = new("\ud800")

    outcomes = together(items, other, [[new("a")], [new("b"), no_unicode], [new("c")]])

    assert outcomes[0] is None and outcomes[2] is None
    assert isinstance(outcomes[1], UnicodeEncodeError)
    assert items.get([key("a"), key("b"), key("c")]) == [item("a"), None, item("c")]


def test_threads_read_and_write_at_the_same_time(items):
    def work(number: int) -> None:
        for turn in range(20):
            items.commit([new(f"{number}-{turn}", **due(turn, f"queue {number}"))])
            assert items.get([key(f"{number}-{turn}")]) != [None]

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result(timeout=30)

    assert [len(items.query("dueJobs", f"queue {number}")) for number in range(8)] == [20] * 8


def test_connections_of_ended_threads_are_closed(items):
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(items.get, [key("a")]).result(timeout=10)

    until(lambda: len(items._readers) == 0)


# layout


def test_file_tells_the_number_of_its_layout(items, other):
    assert other.execute("PRAGMA user_version").fetchall() == [(SCHEMA,)]


@pytest.mark.parametrize(
    ("has_start", "has_high", "seek"),
    [
        (False, False, "jh=? AND jr>?"),
        (False, True, "jh=? AND jr>? AND jr<?"),
        (True, False, "jh=? AND (jr,pk,sk)>(?,?,?)"),
        (True, True, "jh=? AND (jr,pk,sk)>(?,?,?) AND jr<?"),
    ],
)
def test_query_seeks_in_the_index_and_sorts_nothing(items, has_start, has_high, seek):
    values = ["queue", *[5, "a", "STATE"] * has_start, *[9] * has_high, 100]
    statement = _query("dueJobs", has_start, has_high)

    [(*_, step)] = items._writer.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()

    assert step == f"SEARCH items USING COVERING INDEX dueJobs ({seek})"


def test_file_of_a_newer_release_is_refused(path):
    SqliteItems(path).close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    newer.close()

    with pytest.raises(NewerFile, match=f"layout {SCHEMA + 1}.*up to {SCHEMA}"):
        SqliteItems(path)


def test_index_that_is_new_in_the_definition_is_added_to_an_old_file(path):
    store = SqliteItems(path)
    store.commit([new("a", **due(1))])
    store.close()
    older = sqlite3.connect(path)
    older.executescript(
        "DROP INDEX dueTasks; ALTER TABLE items DROP COLUMN th; ALTER TABLE items DROP COLUMN tr"
    )
    older.close()

    store = SqliteItems(path)
    store.commit([over(1, "a", th="queue", tr=2)])

    assert store.query("dueTasks", "queue") == [Entry(2, key("a"))]
    store.close()


def test_file_that_is_no_database_is_an_error(path):
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(sqlite3.DatabaseError):
        SqliteItems(path)

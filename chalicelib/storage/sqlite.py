"""Items in one sqlite file: durable, safe for many threads and several processes. The embedded default.

What is where:

- One connection writes. Threads that commit at the same time share a transaction, and so the one fsync that a
  durable commit costs: who comes first leads, and does the work of all who wait (`_SharedTransactions`).
- Each thread reads on a connection of its own, without waiting for writers (WAL).
- sqlite's own way to wait for another process naps for up to a tenth of a second; here a busy file is tried
  again after a short random pause, and given up after some seconds.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from threading import Lock, local
from typing import Any, TypeVar
from weakref import WeakSet

from . import tables
from .ports import Entry, Item, Key, Put, StaleWrite, Throttled, Write

SCHEMA = 1
"""Number of the file layout (`PRAGMA user_version`). New index attributes need no new number."""

T = TypeVar("T")

_Work = Callable[[sqlite3.Cursor], T]
"""Something to do inside of the write transaction. May be called again if the transaction was rolled back."""

_COLUMN_TYPES = {"S": "TEXT", "N": "INTEGER"}
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SHORTEST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02
_CHECKPOINT_PAGES = 4000


class NewerFile(Exception):
    """The file was written by a newer release, whose layout this one does not know."""


class SqliteItems:
    """The port `Items` in a sqlite file."""

    def __init__(self, path: str | Path, *, durable: bool = True, patience: float = 5.0) -> None:
        """Open a file, and create it if it is not there.

        Args:
            path: The file; two more, with `-wal` and `-shm` at the end, appear beside it.
            durable: Whether a commit waits until the disk has it; without, a power failure (not a crash of
                the process) may lose the latest commits, or damage the file.
            patience: Seconds to try again while another process holds the file.

        Raises:
            NewerFile: A newer release wrote the file.
            Throttled: Another process held the file all the time.
        """
        self._path = Path(path)
        self._patience = patience
        self._readers: WeakSet[_Reader] = WeakSet()
        self._readers_lock = Lock()
        self._own = local()
        self._writer = self._patiently(partial(_open, self._path, durable))
        self._cursor = self._writer.cursor()
        self._transactions = _SharedTransactions(self._carry_out)
        try:
            self._transactions.run(_prepare)
        except BaseException:
            self._writer.close()
            raise

    def get(self, keys: Sequence[Key]) -> list[Item | None]:
        """See `Items.get`.

        Raises:
            Throttled: Another process held the file all the time.
        """
        return self._patiently(partial(_read, self._reader(), keys))

    def query(
        self,
        index: str,
        hash_value: str,
        *,
        low: str | int | None = None,
        high: str | int | None = None,
        after: Entry | None = None,
        limit: int = 1000,
    ) -> list[Entry]:
        """See `Items.query`.

        Raises:
            Throttled: Another process held the file all the time.
        """
        assert limit >= 1, "a query asks for at least one entry"
        start = _start(low, after)
        statement = _query(index, bool(start), high is not None)
        values = [hash_value, *start, *(() if high is None else (high,)), limit]
        reader = self._reader()
        rows = self._patiently(lambda: reader.execute(statement, values).fetchall())
        return [Entry(row[0], Key(row[1], row[2])) for row in rows]

    def collections(self, partitions: Sequence[str]) -> list[list[str]]:
        """See `Items.collections`.

        Raises:
            Throttled: Another process held the file all the time.
        """
        return self._patiently(partial(_read_collections, self._reader(), partitions))

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Items.commit`."""
        if not self.commit_each([writes])[0]:
            raise StaleWrite("another writer was first: " + ", ".join(str(tables.key_of(w)) for w in writes))

    def commit_each(self, groups: Sequence[Sequence[Write]]) -> list[bool]:
        """See `Items.commit_each`: one transaction, in which a group whose guard fails is left out.

        Raises:
            Throttled: Another process held the file all the time; nothing was written.
        """
        for writes in groups:
            tables.check(writes)
        return self._transactions.run(partial(_write_groups, groups)) if groups else []

    def add(self, key: Key, amount: int) -> int:
        """See `Items.add`."""
        return self._transactions.run(partial(_add, key, amount))

    def purge_expired(self, now: int, limit: int) -> int:
        """See `Items.purge_expired`."""
        return self._transactions.run(partial(_purge_expired, now, limit))

    def close(self) -> None:
        """Close all connections; no other thread may be using the store any more."""
        with self._readers_lock:
            for reader in list(self._readers):
                reader.connection.close()
        self._writer.close()

    def _reader(self) -> sqlite3.Cursor:
        try:
            reader: _Reader = self._own.reader
        except AttributeError:
            reader = self._own.reader = self._patiently(lambda: _Reader(self._path))
            with self._readers_lock:
                self._readers.add(reader)
        return reader.cursor

    def _carry_out(self, jobs: Sequence["_Job"]) -> None:
        """Do the work of several threads in one transaction."""
        try:
            results = self._patiently(lambda: self._transact([job.work for job in jobs]))
        except Exception as error:
            self._settle_failure(jobs, error)
        else:
            for job, result in zip(jobs, results, strict=True):
                job.succeed(result)

    def _settle_failure(self, jobs: Sequence["_Job"], error: Exception) -> None:
        if isinstance(error, Throttled) or len(jobs) == 1:
            for job in jobs:
                job.fail(error)
            return
        # what is wrong with the work of one thread (say, text that is no Unicode) is nothing to the others
        for job in jobs:
            self._carry_out([job])

    def _transact(self, works: Sequence[_Work[object]]) -> list[object]:
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            results = [work(self._cursor) for work in works]
            self._cursor.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._cursor.execute("ROLLBACK")
            raise
        return results

    def _patiently(self, operation: Callable[[], T]) -> T:
        """Repeat an operation while another process holds the file."""
        try:
            return operation()  # nearly always; the rest of the function costs time
        except sqlite3.OperationalError as error:
            _raise_unless_busy(error)
        for pause in _pauses(time.monotonic() + self._patience):
            time.sleep(pause)
            try:
                return operation()
            except sqlite3.OperationalError as error:
                _raise_unless_busy(error)
        raise Throttled(f"{self._path.name} was held by another process for {self._patience} seconds")


# one write connection for many threads


class _Job:
    """What one thread wants done, and its outcome."""

    __slots__ = ("error", "is_done", "result", "turn", "work")

    def __init__(self, work: _Work[object]) -> None:
        self.work = work
        self.is_done = False
        self.result: object = None
        self.error: BaseException | None = None
        self.turn = Lock()
        self.turn.acquire()  # released to wake the thread: its work is done, or it is to lead

    def succeed(self, result: object) -> None:
        self.result, self.is_done = result, True

    def fail(self, error: BaseException) -> None:
        self.error, self.is_done = error, True


class _SharedTransactions:
    """Lets the threads that come at the same time share a transaction.

    thread A  run ── leads ── BEGIN, A, COMMIT ──► A is done; B is to lead
    thread B     run ── waits ....................── BEGIN, B, C, COMMIT ──► B and C are done
    thread C          run ── waits .........................................► done
    """

    def __init__(self, carry_out: Callable[[Sequence[_Job]], None]) -> None:
        self._carry_out = carry_out
        self._lock = Lock()
        self._waiting: list[_Job] = []
        self._is_led = False

    def run(self, work: _Work[T]) -> T:
        """Have some work done, and answer its result when it is committed."""
        job = _Job(work)
        with self._lock:
            self._waiting.append(job)
            follows, self._is_led = self._is_led, True
        if follows:
            job.turn.acquire()
        if not job.is_done:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

    def _lead(self) -> None:
        with self._lock:
            jobs, self._waiting = self._waiting, []
        try:
            self._carry_out(jobs)
        except BaseException as error:  # the leading thread is interrupted: nobody may wait for ever
            for job in jobs:
                if not job.is_done:
                    job.fail(error)
            raise
        finally:
            self._hand_over(jobs)

    def _hand_over(self, jobs: Sequence[_Job]) -> None:
        with self._lock:
            heir = self._waiting[0] if self._waiting else None
            self._is_led = heir is not None
        if heir is not None:
            heir.turn.release()
        for job in jobs:
            job.turn.release()


# connections


class _Reader:
    """The read connection of one thread; goes with the thread."""

    __slots__ = ("__weakref__", "connection", "cursor")

    def __init__(self, path: Path) -> None:
        self.connection = _connect(path)
        self.connection.execute("PRAGMA query_only = ON")
        self.cursor = self.connection.cursor()

    def __del__(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    # close() may come from another thread; otherwise each connection has one thread at a time
    return sqlite3.connect(
        path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256
    )


def _open(path: Path, durable: bool) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _raise_unless_busy(error: sqlite3.OperationalError) -> None:
    if error.sqlite_errorcode & 0xFF not in _BUSY:
        raise error


def _pauses(deadline: float) -> Iterator[float]:
    """Random pauses in seconds, longer and longer, until the deadline."""
    longest = _SHORTEST_PAUSE
    while time.monotonic() < deadline:
        yield random.uniform(0, longest)
        longest = min(longest * 2, _LONGEST_PAUSE)


# layout of the file


def _prepare(cursor: sqlite3.Cursor) -> None:
    """Bring an empty or older file up to this layout."""
    [(found,)] = cursor.execute("PRAGMA user_version").fetchall()
    if found > SCHEMA:
        raise NewerFile(
            f"the file has layout {found}, written by a newer release; this one knows up to {SCHEMA}"
        )
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS items (pk TEXT NOT NULL, sk TEXT NOT NULL, r INTEGER NOT NULL,"
        " b BLOB NOT NULL, PRIMARY KEY (pk, sk)) STRICT"
    )
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS counters (pk TEXT NOT NULL, sk TEXT NOT NULL, value INTEGER NOT NULL,"
        " PRIMARY KEY (pk, sk)) STRICT, WITHOUT ROWID"
    )
    _prepare_indexes(cursor)
    cursor.execute(f"PRAGMA user_version = {SCHEMA}")


def _prepare_indexes(cursor: sqlite3.Cursor) -> None:
    there = {row[1] for row in cursor.execute("PRAGMA table_info(items)").fetchall()}
    for name, kind in {**tables.attributes(), tables.expiry(): "N"}.items():
        if name not in there:
            cursor.execute(f'ALTER TABLE items ADD COLUMN "{name}" {_COLUMN_TYPES[kind]}')
    for index in tables.indexes().values():
        first, second = index.hash_attribute, index.range_attribute
        cursor.execute(
            f'CREATE INDEX IF NOT EXISTS "{index.name}" ON items ("{first}", "{second}", pk, sk)'
            f' WHERE "{first}" IS NOT NULL AND "{second}" IS NOT NULL'
        )
    expiry = f'"{tables.expiry()}"'
    cursor.execute(f"CREATE INDEX IF NOT EXISTS expiry ON items ({expiry}) WHERE {expiry} IS NOT NULL")


# statements; each text is made once, and sqlite3 keeps what it compiled under the text


_COLLECTION = "SELECT sk FROM items WHERE pk = ? ORDER BY sk"


@cache
def _names() -> tuple[str, ...]:
    """Columns beside key, revision and body: index attributes, and at the end the time of expiry."""
    return (*tables.attributes(), tables.expiry())


@cache
def _columns() -> str:
    return ", ".join(f'"{name}"' for name in _names())


@cache
def _select_body() -> str:
    return f"SELECT r, b, {_columns()} FROM items WHERE pk = ? AND sk = ?"


@cache
def _select_stored() -> str:
    return f"SELECT rowid, r, {_columns()} FROM items WHERE pk = ? AND sk = ?"


@cache
def _insert() -> str:
    marks = ", ".join("?" for _ in _names())
    return f"INSERT INTO items (pk, sk, r, b, {_columns()}) VALUES (?, ?, ?, ?, {marks})"


@cache
def _update(changed: tuple[str, ...]) -> str:
    """Update of a row that names only what changes: sqlite rewrites the indexes of every column it sees."""
    settings = "".join(f', "{name}" = ?' for name in changed)
    return f"UPDATE items SET r = ?, b = ?{settings} WHERE rowid = ?"


@cache
def _query(name: str, has_start: bool, has_high: bool) -> str:
    index = tables.indexes()[name]
    value = f'"{index.range_attribute}"'
    start = f" AND ({value}, pk, sk) > (?, ?, ?)" if has_start else ""
    end = f" AND {value} <= ?" if has_high else ""
    return (
        f'SELECT {value}, pk, sk FROM items INDEXED BY "{name}"'
        f' WHERE "{index.hash_attribute}" = ? AND {value} IS NOT NULL{start}{end}'
        f" ORDER BY {value}, pk, sk LIMIT ?"
    )


def _start(low: str | int | None, after: Entry | None) -> tuple[str | int, ...]:
    """Values behind which a query starts, one bound for both: given two, sqlite might seek by the weaker."""
    # no part of a key is empty, so this is before every entry with that range
    start: tuple[Any, ...] = () if low is None else (low, "", "")
    return start if after is None else max(start, (after.range, *after.key))


# reads


def _read(cursor: sqlite3.Cursor, keys: Sequence[Key]) -> list[Item | None]:
    if len(keys) == 1:
        return [_read_one(cursor, keys[0])]
    cursor.execute("BEGIN")  # one snapshot for all, and its price once
    try:
        return [_read_one(cursor, key) for key in keys]
    finally:
        cursor.execute("COMMIT")


def _read_collections(cursor: sqlite3.Cursor, partitions: Sequence[str]) -> list[list[str]]:
    rows = (cursor.execute(_COLLECTION, (partition,)).fetchall() for partition in partitions)
    return [[sort for (sort,) in found] for found in rows]


def _read_one(cursor: sqlite3.Cursor, key: Key) -> Item | None:
    # to the end, always: a statement that is not finished keeps its snapshot, and the WAL grows
    rows = cursor.execute(_select_body(), key).fetchall()
    if not rows:
        return None
    revision, body, *values, expires_at = rows[0]
    named = zip(tables.attributes(), values, strict=True)
    index = {name: value for name, value in named if value is not None}
    return Item(key, body, revision, index, expires_at)


# writes, inside of a transaction


_Stored = tuple[int, int, list[str | int | None]]
"""Row id, revision and index attributes of what is stored now."""


def _write_groups(groups: Sequence[Sequence[Write]], cursor: sqlite3.Cursor) -> list[bool]:
    return [_write_group(cursor, writes) for writes in groups]


def _write_group(cursor: sqlite3.Cursor, writes: Sequence[Write]) -> bool:
    """Check all guards, then write; False, with nothing written, where one does not hold."""
    stored = [_stored(cursor, tables.key_of(write)) for write in writes]
    for write, old in zip(writes, stored, strict=True):
        if write.guard is not None and write.guard != (old[1] if old else 0):
            return False
    for write, old in zip(writes, stored, strict=True):
        _write(cursor, write, old)
    return True


def _stored(cursor: sqlite3.Cursor, key: Key) -> _Stored | None:
    rows = cursor.execute(_select_stored(), key).fetchall()
    if not rows:
        return None
    row, revision, *values = rows[0]
    return row, revision, values


def _write(cursor: sqlite3.Cursor, write: Write, old: _Stored | None) -> None:
    if isinstance(write, Put):
        _put(cursor, write.item, old)
    elif old is not None:
        cursor.execute("DELETE FROM items WHERE rowid = ?", (old[0],))


def _put(cursor: sqlite3.Cursor, item: Item, old: _Stored | None) -> None:
    names = _names()
    values = [*(item.index.get(name) for name in tables.attributes()), item.expires_at]
    if old is None:
        cursor.execute(_insert(), (*item.key, item.revision, item.body, *values))
        return
    row, _, before = old
    if values == before:
        cursor.execute(_update(()), (item.revision, item.body, row))
        return
    changes = {name: new for name, new, was in zip(names, values, before, strict=True) if new != was}
    cursor.execute(_update(tuple(changes)), (item.revision, item.body, *changes.values(), row))


def _purge_expired(now: int, limit: int, cursor: sqlite3.Cursor) -> int:
    expiry = f'"{tables.expiry()}"'
    chosen = f"SELECT rowid FROM items WHERE {expiry} IS NOT NULL AND {expiry} <= ? LIMIT ?"
    return cursor.execute(f"DELETE FROM items WHERE rowid IN ({chosen})", (now, limit)).rowcount


def _add(key: Key, amount: int, cursor: sqlite3.Cursor) -> int:
    statement = (
        "INSERT INTO counters (pk, sk, value) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value"
    )
    [(value,)] = cursor.execute(statement, (*key, amount)).fetchall()
    return int(value)

"""SQLite shared by busy processes: who waits for whom, and the log that must not grow for ever."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from doorstep.models import sqlite
from doorstep.models.base import Database


def _holding(path: Path, enough: threading.Event) -> threading.Thread:
    """Another process's transaction, as SQLite sees it: a connection of its own that holds the write lock until it is
    `enough`."""
    held = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            held.set()
            enough.wait(60)
            connection.execute("COMMIT")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    return thread


def _path(url: str) -> Path:
    return Path(make_url(url).database or "")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite file of this test's own, in WAL."""
    made = f"sqlite:///{tmp_path / 'shared.db'}"
    database = Database(made)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE scratch (n INTEGER, filling TEXT)"))
    database.dispose()
    return made


@pytest.mark.parametrize("behind", [False, True])
def test_who_waits_for_the_write_lock_asks_often(
    url: str, behind: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own waiting sleeps up to 100 ms at a time by then; who answers somebody asks most often."""
    slept: list[float] = []
    here = threading.get_ident()

    def sleep(seconds: float) -> None:
        if threading.get_ident() == here:  # other tests' threads may sleep too
            slept.append(seconds)
            if len(slept) > 10:
                enough.set()
        elsewhere.wait(seconds)

    enough, elsewhere = threading.Event(), threading.Event()
    monkeypatch.setattr(sqlite.time, "sleep", sleep)
    database = Database(url, behind=behind)
    other = _holding(_path(url), enough)
    with database.writing():
        pass
    other.join()
    database.dispose()
    assert set(slept) == {sqlite.BEHIND_ASKS_SECONDS if behind else sqlite.FIRST_ASKS_SECONDS}
    assert len(slept) > 10


def test_a_new_file_may_be_opened_while_another_makes_it(tmp_path: Path) -> None:
    """SQLite refuses to begin a file's log while somebody writes to it, and waits for nobody: we ask again."""
    path, enough = tmp_path / "new.db", threading.Event()
    held = _holding(path, enough)
    threading.Timer(0.3, enough.set).start()
    database = Database(f"sqlite:///{path}")
    with database.writing() as connection:
        assert enough.is_set()
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    held.join()
    database.dispose()


def test_a_lock_that_is_never_given_back_is_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.2)
    database = Database(url)
    enough = threading.Event()
    other = _holding(_path(url), enough)
    with pytest.raises(Exception, match="locked"), database.writing():
        pass
    enough.set()
    other.join()
    with database.writing() as connection:  # and the connection is good for the next one
        connection.execute(text("SELECT 1"))
    database.dispose()


def test_the_log_is_copied_beside_the_commits_and_begins_anew(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a lull: somebody writes all the time, and yet the log stays bounded."""
    monkeypatch.setattr(sqlite, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sqlite, "BUSY_SECONDS_APART", 0.02)
    monkeypatch.setattr(sqlite, "WAL_BYTES", 64 * 1024)
    monkeypatch.setattr(sqlite, "LONG_WAL_BYTES", 512 * 1024)
    monkeypatch.setattr(
        sqlite, "SAFETY_PAGES", 10_000_000
    )  # what a commit would do in the end is not asked here
    database = Database(url, serving=True)
    log = _path(url).with_name(_path(url).name + "-wal")
    filling = {"f": "x" * 30_000}
    written = reused = size = 0
    while reused < 20 and written < 20_000:  # each is longer than what a log that grows would hide
        with database.writing() as connection:
            connection.execute(text("INSERT INTO scratch VALUES (1, :f)"), filling)
        written += 1
        before, size = size, log.stat().st_size
        reused += size == before
    with database.reading() as connection:
        count = connection.execute(text("SELECT count(*) FROM scratch")).scalar_one()
    database.dispose()
    assert count == written
    assert reused == 20


def test_a_lull_is_when_the_log_is_copied(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody writes nobody flushes the disk; after that the next commit begins the log anew."""
    monkeypatch.setattr(sqlite, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sqlite, "LULL_SECONDS", 1.0)
    monkeypatch.setattr(sqlite, "WAL_BYTES", 64 * 1024)
    copied: list[float] = []
    wrote = [monotonic()]
    copy = sqlite.Checkpointer._checkpoint

    def noted(self: sqlite.Checkpointer) -> None:
        since = monotonic() - wrote[-1]
        copy(self)
        copied.append(since)

    monkeypatch.setattr(sqlite.Checkpointer, "_checkpoint", noted)
    database = Database(url, serving=True)
    log = _path(url).with_name(_path(url).name + "-wal")
    while wrote[-1] < wrote[0] + 1.5 or log.stat().st_size < 2 * sqlite.WAL_BYTES:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO scratch VALUES (1, :f)"), {"f": "x" * 3_000})
        wrote.append(monotonic())
        time.sleep(0.01)
    before = len(copied)  # none, unless the machine stood still for so long
    while len(copied) == before and monotonic() < wrote[-1] + 60:
        time.sleep(0.01)
    size = log.stat().st_size
    with database.writing() as connection:
        connection.execute(text("INSERT INTO scratch VALUES (2, 'y')"))
    again = log.stat().st_size
    database.dispose()
    assert copied
    assert min(copied) >= 0.9, "seconds after the last commit"
    assert again == size


def test_who_answers_somebody_is_next_whoever_else_wants_to_write(url: str) -> None:
    """Threads of a process that is behind queue for the lock; one of them that takes it the moment another lets go is
    always there before somebody who asks every so often."""
    behind, first, done, enough = Database(url, behind=True), Database(url), [0], threading.Event()

    def busy() -> None:
        while not enough.is_set():
            with behind.writing() as connection:
                connection.execute(text("INSERT INTO scratch VALUES (1, 'behind')"))
                enough.wait(0.002)
            done[0] += 1

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    passed = []
    for _ in range(60):
        enough.wait(0.005)
        before = done[0]
        with first.writing():
            passed.append(done[0] - before)
    enough.set()
    for thread in threads:
        thread.join()
    behind.dispose()
    first.dispose()
    assert statistics.median(passed) <= 1, passed
    assert sum(passed) > 0, "nobody else wrote"


def test_all_threads_of_a_serving_process_write_by_one_connection(url: str) -> None:
    """Which a failure of the database's own closes, and nothing else does; what failed has changed nothing."""
    database, seen = Database(url, serving=True), []

    def count() -> int:
        with database.writing() as connection:
            seen.append(connection.connection.dbapi_connection)
            return int(connection.execute(text("SELECT count(*) FROM scratch")).scalar_one())

    def add(then: Callable[[Connection], object]) -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO scratch VALUES (1, 'x')"))
            then(connection)

    def refuse(_: Connection) -> None:
        raise LookupError("ours")

    with ThreadPoolExecutor(4) as threads:
        assert [f.result() for f in [threads.submit(count) for _ in range(8)]] == [0] * 8
    with pytest.raises(LookupError):
        add(refuse)
    assert (count(), len(set(map(id, seen)))) == (0, 1)
    with pytest.raises(SQLAlchemyError):
        add(lambda connection: connection.execute(text("INSERT INTO nowhere VALUES (1)")))
    assert (count(), len(set(map(id, seen)))) == (0, 2)
    add(lambda _: None)
    database.dispose()
    assert count() == 1, "it opens again"
    database.dispose()


def test_a_serving_process_waits_for_another_that_writes(url: str) -> None:
    """Its connection does not wait by itself: it asks."""
    database, enough = Database(url, serving=True), threading.Event()
    with database.writing():
        pass
    other = _holding(_path(url), enough)
    threading.Timer(0.3, enough.set).start()
    with database.writing() as connection:
        assert enough.is_set()
        connection.execute(text("INSERT INTO scratch VALUES (1, 'x')"))
    other.join()
    database.dispose()


def test_an_interrupted_beginning_keeps_nobody_out(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the moment when the lock is taken: the connection that has it is given up."""
    database, insist = Database(url, serving=True), sqlite._insist

    def interrupted(*told: Any) -> None:
        insist(*told)
        raise KeyboardInterrupt

    with database.writing():
        pass
    monkeypatch.setattr(sqlite, "_insist", interrupted)
    with pytest.raises(KeyboardInterrupt), database.writing():
        pass
    monkeypatch.setattr(sqlite, "_insist", insist)
    with closing(sqlite3.connect(_path(url), timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with database.writing():
        pass
    database.dispose()

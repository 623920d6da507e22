"""The suite looks after itself: whatever any test logged, measured or told Temporal is searched for test persons.

Whichever test filled them: what every test wrote (its captured output and log records), the files that processes leave
(`*.log`, and the databases of every embedded Temporal server, byte for byte, so also of servers that were killed), what
every PostgreSQL server of the tests logged and what a Temporal server kept in it, and the metrics of this process and
of the APIs and workers that system tests start, asked for before they are stopped. A hit fails the run. Persons are
known by the addresses that only persons here have (`…@example.com`, `…@….example`) and by the words of the system
tests' customers. (The log of a server that `DOORSTEP_TEST_POSTGRES` names cannot be read.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from doorstep.postgres_server import BEFORE_REMOVAL, USER, PostgresServer
from doorstep.processes import LOOPBACK

#: the shops' own addresses are no person's
SHOPS = frozenset({b"help", b"post", b"hello", b"hi", b"shop", b"care", b"support", b"team"})
_ADDRESS = re.compile(
    rb"([A-Za-z0-9][A-Za-z0-9._+%-]*)(?:@|%40)(?:[a-z0-9-]+\.)*example(?:\.(?:com|org|net))?\b"
)
WORDS = (
    *(b"Moosbachner", b"Farngasse", b"Farnkrautz", b"Efeuallee", b"Holunders", b"Ginsterweg"),
    *(b"Quastlemoorer", b"Knisterpfad", b"Quillfeather"),
    *(b"3023125071", b"3023125072", b"3023125073", b"3023125099", b"15112345678"),
)
#: they write an address on purpose: what is to be masked, and what this search is to find
DELIBERATE = (
    *("tests/test_logs.py", "tests/test_nothing_personal.py"),
    "tests/activities/test_touching.py::test_a_surprise_reaches_the_history_without_its_words",
)
LEFT_BY_PROCESSES = ("*.log", "temporal.db", "temporal.db-wal")
CHUNK = 16 * 1024 * 1024
OVERLAP = 256
_found: dict[str, set[str]] = {}


def personal_in(told: bytes) -> set[str]:
    """What of a test person stands in there."""
    hits = {word.decode() for word in WORDS if word in told}
    if b"example" in told:
        for hit in _ADDRESS.finditer(told):
            if hit[1].lower() not in SHOPS:
                hits.add(hit[0].decode())
    return hits


def note(where: str, told: bytes) -> None:
    if hits := personal_in(told):
        _found.setdefault(where, set()).update(hits)


def parts_of(path: Path) -> Iterator[bytes]:
    """The file in overlapping pieces: a soak's history is large."""
    with path.open("rb") as file:
        tail = b""
        while piece := file.read(CHUNK):
            yield tail + piece
            tail = piece[-OVERLAP:]


def left_behind(folder: Path, names: Iterable[str] = LEFT_BY_PROCESSES) -> list[Path]:
    return sorted(path for name in names for path in folder.rglob(name) if path.is_file())


def note_postgres(server: PostgresServer) -> None:
    """Its log, and every table of each database that Temporal made there. A server that is down has its log only."""
    if server.log.exists():
        for part in parts_of(server.log):
            note(f"log of the PostgreSQL at {server.port}", part)
    for database in databases_of_temporal(server) if server.is_running() else ():
        for table, part in rows_of(server, database):
            note(f"{table} of {database} in the PostgreSQL at {server.port}", part)


def databases_of_temporal(server: PostgresServer) -> list[str]:
    with _connected(server, "postgres") as connection:
        asked = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'temporal%'")
        return [name for (name,) in asked]


def rows_of(server: PostgresServer, database: str) -> Iterator[tuple[str, bytes]]:
    """Every table's rows in PostgreSQL's binary form: text and bytes stand there as they are, uncompressed."""
    with _connected(server, database) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            copied = f'COPY "{table}" TO STDOUT (FORMAT binary)'.encode()
            with connection.cursor() as cursor, cursor.copy(copied) as rows:
                yield table, b"".join(bytes(row) for row in rows)


def _connected(server: PostgresServer, database: str) -> psycopg.Connection:
    return psycopg.connect(host=LOOPBACK, port=server.port, user=USER, dbname=database, autocommit=True)


def note_metrics(url: str, authorization: str = "") -> bool:
    """What a process answers there, which goes with it. Whether it answered: one that a test has killed does not."""
    try:
        answer = httpx.get(url, headers={"Authorization": authorization}, trust_env=False, timeout=10)
    except httpx.HTTPError:
        return False
    if answer.is_success:
        note(f"metrics at {url}", answer.content)
    return answer.is_success


def pytest_configure() -> None:
    BEFORE_REMOVAL.append(note_postgres)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What the test and everything in its process wrote."""
    if report.nodeid.startswith(DELIBERATE):
        return
    for name, told in report.sections:
        note(f"{report.nodeid} ({name})", told.encode("utf-8", "replace"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Files and metrics, once everything has stopped."""
    factory: Any = getattr(session.config, "_tmp_path_factory", None)
    base: Path | None = getattr(factory, "_basetemp", None)
    for path in left_behind(base) if base is not None else ():
        for part in parts_of(path):
            note(str(path), part)
    from prometheus_client import generate_latest

    from doorstep.telemetry.instruments import REGISTRY

    note("metrics", generate_latest(REGISTRY))
    told = getattr(session.config, "workeroutput", None)  # one of several processes that share the run
    if told is not None:
        told["personal"] = {where: sorted(hits) for where, hits in _found.items()}
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What one of the processes that share the run has found: the one that waits for them tells it and fails."""
    for where, hits in getattr(node, "workeroutput", {}).get("personal", {}).items():
        _found.setdefault(where, set()).update(hits)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _found:
        return
    terminalreporter.section("personal data where none may be", red=True)
    for where, hits in sorted(_found.items()):
        terminalreporter.line(f"{where}: {', '.join(sorted(hits))}", red=True)

"""The suite's own search finds what it looks for, wherever a process may have left it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import nothing_personal
from databases import WITHOUT
from doorstep.postgres_server import find_binaries
from nothing_personal import CHUNK, left_behind, note_metrics, parts_of, personal_in


@pytest.mark.parametrize(
    ("told", "hits"),
    [
        (b'{"to": "Ada@example.com"}', {"Ada@example.com"}),
        (b"GET /x?email=ada%40mail.example", {"ada%40mail.example"}),
        (b"from help@fern.example, sample.example", set()),
        (b"+493023125071 of Farngasse 317", {"3023125071", "Farngasse"}),
        (b"jny_5 waits for example", set()),
    ],
)
def test_it_knows_a_person_by_address_number_and_name(told: bytes, hits: set[str]) -> None:
    assert personal_in(told) == hits


def test_it_looks_into_every_log_and_every_temporal_database(tmp_path: Path) -> None:
    """A word across the border of two pieces is found too."""
    for name in (
        "a/logs/worker.log",
        "b/temporal/temporal.db",
        "b/temporal/temporal.db-wal",
        "b/doorstep.db",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * (CHUNK - 5) + b"Farngasse")
    found = left_behind(tmp_path)
    assert [path.name for path in found] == ["worker.log", "temporal.db", "temporal.db-wal"]
    hit = [any(personal_in(part) for part in parts_of(path)) for path in found]
    for path in found:
        path.unlink()  # or this run would fail
    assert all(hit)


@pytest.mark.parametrize("processes", [0, 2])
def test_a_run_that_leaves_something_personal_fails(tmp_path: Path, processes: int) -> None:
    """One test that prints an address, one that leaves it in a log: both pass, the run does not. Also where several
    processes share it, each with a folder and a memory of its own."""
    ran = run_of(
        tmp_path,
        "def test_prints(): print('ada@' + 'example.com')\n"
        "def test_logs(tmp_path): (tmp_path / 'worker.log').write_text('lena@' + 'example.com')\n",
        "-n",
        str(processes),
    )
    assert "2 passed" in ran.stdout
    assert ran.returncode == 1
    assert "worker.log: " + "lena@" in ran.stdout
    assert "test_prints (Captured stdout call): " + "ada@" in ran.stdout


@pytest.mark.skipif(find_binaries() is None, reason=WITHOUT)
@pytest.mark.parametrize("processes", [0, 2])
def test_a_postgresql_that_was_told_something_personal_fails_the_run(tmp_path: Path, processes: int) -> None:
    """In its log, and in what a Temporal server keeps there, compressed or not. Only the process that ran it knows."""
    ran = run_of(
        tmp_path,
        "import contextlib, psycopg\n"
        "from doorstep.postgres_server import PostgresServer\n"
        "def test_it():\n"
        "    with PostgresServer() as server:\n"
        "        with contextlib.suppress(psycopg.Error):\n"
        '            server.execute("SELECT \'ada@" + "example.com\'::int")\n'
        "        server.create('temporal')\n"
        "        server.execute('CREATE TABLE history_node (data bytea)', 'temporal')\n"
        "        server.execute(\"INSERT INTO history_node VALUES (repeat('x ', 9000)::bytea || 'lena@\" +"
        " \"example.com'::bytea)\", 'temporal')\n",
        "-n",
        str(processes),
    )
    assert "1 passed" in ran.stdout
    assert ran.returncode == 1
    assert re.search(r"log of the PostgreSQL at \d+: ada@", ran.stdout)
    assert re.search(r"history_node of temporal in the PostgreSQL at \d+: lena@", ran.stdout)


def run_of(folder: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A run of those tests with this search, and nothing left of it that would fail our own."""
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "nothing_personal"),
            *("--basetemp", str(folder / "t"), *options, "test_it.py"),
        ],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    for path in left_behind(folder):
        path.unlink()
    return ran


def test_what_a_process_tells_of_itself_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Prometheus would ask it; one that is gone is no hit, and is told from one that answered."""
    found: dict[str, set[str]] = {}
    monkeypatch.setattr(nothing_personal, "_found", found)

    class Tells(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'sent_total{to="ada@' + b'example.com"} 1')

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Tells) as server:
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        assert note_metrics(url)
        answering.join()
    assert not note_metrics(url)
    assert found == {f"metrics at {url}": {"ada@" + "example.com"}}

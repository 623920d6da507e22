"""The command line: help that teaches, one sentence for what a person can mend, JSON where a script reads."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from doorstep import processes


def doorstep(*arguments: str, data: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a person would, on a data directory of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")}
    own |= {"DOORSTEP_DATA_DIR": str(data), **environ}
    command = [sys.executable, "-m", "doorstep", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=own, timeout=60, check=False)


def test_help_names_every_command(tmp_path: Path) -> None:
    """What one can do, and where to start."""
    done = doorstep("--help", data=tmp_path)
    assert done.returncode == 0
    for command in ("up", "worker", "api", "doctor", "migrate"):
        assert f"\n  {command} " in done.stdout
    assert "Start with `doorstep up`" in done.stdout


def test_a_misspelt_command_is_offered_the_nearest(tmp_path: Path) -> None:
    """`doctr` is no command; `doctor` is."""
    done = doorstep("doctr", data=tmp_path)
    assert done.returncode == 2
    assert "'doctor'" in done.stderr


def test_a_wrong_setting_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    """No traceback; what, and what is allowed; for a script the same as JSON."""
    done = doorstep("migrate", "--json", data=tmp_path, DOORSTEP_PORT="abc")
    assert done.returncode == 1
    assert done.stderr == "doorstep: DOORSTEP_PORT is 'abc'. Allowed: a port from 1 to 65535.\n"
    assert json.loads(done.stdout)["error"]["code"] == "setup"


def test_migrate_makes_the_database_and_may_run_again(tmp_path: Path) -> None:
    """Twice is once, and says the same."""
    first, second = doorstep("migrate", "--json", data=tmp_path), doorstep("migrate", "--json", data=tmp_path)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert (tmp_path / "doorstep.db").exists()


def test_migrations_make_the_tables(tmp_path: Path) -> None:
    """A database made by the migrations has what the code declares; nothing is touched to find out."""
    done = doorstep("migrate", "--check", data=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Migrations and tables are in step.\n"), done.stderr
    assert not (tmp_path / "doorstep.db").exists()


def test_the_doctor_says_how_to_get_what_is_missing(tmp_path: Path) -> None:
    """On a machine without server, Go or CLI it is ill (exit code 1) and each missing line has its cure."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "DOORSTEP_CACHE": str(tmp_path / "cache"),
        "DOORSTEP_STORE_PACKAGES": "no_such_store",
        "DOORSTEP_TEMPORAL_PORT": str(processes.free_ports(1)[0]),
    }
    done = doorstep("doctor", "--json", data=tmp_path, **environ)
    assert done.returncode == 1
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    missing = {name: check for name, check in found.items() if check["state"] == "missing"}
    assert set(missing) == {"temporal server", "store packages"}
    assert all(check["mend"] for check in missing.values())
    assert "there is no module 'no_such_store'" in found["store packages"]["found"]
    assert found["temporal"]["state"] == "warn"


def test_the_doctor_reads_what_a_store_package_brings_for_its_pages(tmp_path: Path) -> None:
    """As the API does when it starts, which is late to be told."""
    words = tmp_path / "frenchshop/templates/_pages/fr/words.j2"
    words.parent.mkdir(parents=True)
    (tmp_path / "frenchshop/__init__.py").touch()
    words.write_text('{% set save = "Garder" %}')
    environ = {"PYTHONPATH": str(tmp_path), "DOORSTEP_STORE_PACKAGES": "frenchshop"}
    found = json.loads(doorstep("doctor", "--json", data=tmp_path / "data", **environ).stdout)["checks"]
    [check] = [check for check in found if check["name"] == "store packages"]
    assert check["state"] == "missing"
    assert "templates/_pages/fr/words.j2 does not say 'again.in_transit' and " in check["found"]
    assert ", today, " in check["found"]


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    """`up` with another program on its port: one sentence, exit code 1, nothing left running."""
    with socket.socket() as other:
        other.bind((processes.LOOPBACK, 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = doorstep("up", data=tmp_path, DOORSTEP_PORT=port)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken. Stop what uses it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "temporal").exists()


def test_a_data_directory_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    """A file in the way: said, not a traceback."""
    (tmp_path / "file").write_text("")
    done = doorstep("up", data=tmp_path / "file" / "data")
    assert done.returncode == 1
    assert "cannot be written: Not a directory. Name another place in DOORSTEP_DATA_DIR.\n" in done.stderr

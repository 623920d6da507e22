"""One `up` per data directory; children that come back, slower and slower, and that end when they are told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep import processes
from doorstep.children import Child
from doorstep.errors import SetupError
from doorstep.running import Running, running, the_only_one, usable
from doorstep.settings import Settings

HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from doorstep.running import the_only_one; from doorstep.settings import Settings\n"
    "with the_only_one(Settings(data_dir=Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the data directory."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_one_is_told_of_the_first(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """The refusal has the pid and the address of the one that runs."""
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(SetupError, match=f"pid {holder.pid}, still starting"), the_only_one(settings):
        pass
    here = Running(holder.pid, "http://127.0.0.1:8080", "127.0.0.1:7233")
    here.note(settings)
    assert running(settings) == here
    with (
        pytest.raises(SetupError, match=f"pid {holder.pid}, on http://127.0.0.1:8080"),
        the_only_one(settings),
    ):
        pass


def test_a_killed_one_stands_in_nobodys_way(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """SIGKILL leaves no lock: the next one starts, and does not believe what the dead one wrote."""
    settings = Settings(data_dir=tmp_path)
    Running(holder.pid, "http://127.0.0.1:8080", "127.0.0.1:1").note(settings)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert running(settings) is None
    with the_only_one(settings):
        assert settings.temporal_target() == "127.0.0.1:7233"


def test_an_unusable_place_is_one_sentence(tmp_path: Path) -> None:
    """A path that cannot be a directory, and a disk without room, are said as such."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written: Not a directory"):
        usable(tmp_path / "file" / "data")
    with pytest.raises(SetupError, match="MB are free"):
        usable(tmp_path, needed=2**60)


@pytest.fixture
def said() -> list[str]:
    return []


def child_of(tmp_path: Path, said: list[str], code: str) -> Child:
    command = [sys.executable, "-c", code]
    return Child("helper", command, log=tmp_path / "helper.log", env=dict(os.environ), report=said.append)


def test_a_dead_child_comes_back_after_a_growing_pause(tmp_path: Path, said: list[str]) -> None:
    """Each death doubles the pause, is told with its cause, and the child is started again."""
    child = child_of(tmp_path, said, "print('x', flush=True); raise SystemExit(3)")
    child.start()
    until = time.monotonic() + 90
    while child.deaths < 3 and time.monotonic() < until:
        child.watch()
        time.sleep(0.02)
    assert (tmp_path / "helper.log").read_text().count("x") == 3
    assert [line.split("again in ")[1].split(" s")[0] for line in said] == ["0.5", "1.0", "2.0"]
    assert all("ended with exit code 3" in line for line in said)


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path, said: list[str]) -> None:
    """`stop` ends within its grace, also what will not listen, and what that had started."""
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(grandchild.pid, flush=True); time.sleep(60)"
    )
    child = child_of(tmp_path, said, code)
    child.start()
    log = tmp_path / "helper.log"
    until = time.monotonic() + 90
    while not log.read_text().strip() and time.monotonic() < until:
        time.sleep(0.02)
    began = time.monotonic()
    child.stop(grace=0.3)
    assert child.pid is None
    assert time.monotonic() - began < 30
    assert processes.wait_gone(int(log.read_text()), timeout=30)

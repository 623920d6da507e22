"""`doorstep up` from outside: ready, alone, self-mending, and gone when it is told to go or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from doorstep import processes

pytestmark = pytest.mark.system

READY_SECONDS = 120.0


class Up:
    """One `doorstep up` on a data directory of its own, without web UI and sample store."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")}
        if cache := os.environ.get("DOORSTEP_CACHE"):
            self.env["DOORSTEP_CACHE"] = cache
        self.env |= {"DOORSTEP_DATA_DIR": str(data), "DOORSTEP_PORT": str(port)}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data.with_name("up.log")

    def start(self) -> None:
        command = [sys.executable, "-m", "doorstep", "up", "--no-ui", "--no-sample"]
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(processes.tied(command), stdout=out, stderr=out, env=self.env)
        started = self.process
        eventually(lambda: "Doorstep is up." in self.log.read_text() or started.poll() is not None)
        assert started.poll() is None, self.log.read_text()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `doorstep` on the same data directory."""
        command = [sys.executable, "-m", "doorstep", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120, check=False)

    def descendants(self) -> dict[str, int]:
        """The processes it started, by what they are."""
        assert self.process is not None
        found = {}
        for pid in children(self.process.pid):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if "--config-file" in words:
                found["server"] = pid
            elif words[1:3] == ["-m", "doorstep"]:  # else: dead and not yet reaped, or still the launcher
                found[words[3]] = pid
        return found


def children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def eventually(true: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds:.0f} s"
        time.sleep(0.05)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=20).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    one = Up(tmp_path / "data", processes.free_ports(1)[0])
    one.start()
    assert one.process is not None
    yield one
    if one.process.poll() is None:
        one.process.kill()
    one.process.wait()


def test_up_from_ready_to_gone(up: Up) -> None:
    """Ready when it says so, alone on its data, mends what is killed, ends when told, and by SIGKILL at once."""
    assert is_ready(up.url)
    assert "First admin key, shown this once: dsk_" in up.log.read_text()
    the_worker_stands_back(up)
    it_refuses_a_second_one(up)
    the_doctor_finds_it_well(up)
    killed_parts_come_back(up)
    sigterm_leaves_nothing(up)
    up.start()
    assert is_ready(up.url)
    assert "First admin key" not in up.log.read_text(), "shown once is shown once"
    sigkill_leaves_nothing(up)


def it_refuses_a_second_one(up: Up) -> None:
    assert up.process is not None
    second = up.run("up")
    assert second.returncode == 1
    assert f"already runs on {up.data} (pid {up.process.pid}, on {up.url})" in second.stderr


def the_doctor_finds_it_well(up: Up) -> None:
    # ready is the API's word: webhooks are kept; the worker follows, on a busy machine seconds later
    eventually(lambda: "polling" in up.run("doctor").stdout)
    done = up.run("doctor", "--json")
    assert done.returncode == 0, done.stdout
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    for name in ("temporal", "api", "api port", "database"):
        assert checks[name]["state"] == "ok", checks[name]


def the_worker_stands_back(up: Up) -> None:
    """For the API, but not those of its threads that hold the database's lock."""
    worker = up.descendants()["worker"]

    def niceness() -> list[int]:
        return sorted(
            os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in Path(f"/proc/{worker}/task").iterdir()
        )

    eventually(lambda: os.getpriority(os.PRIO_PROCESS, worker) == processes.BEHIND_THE_API)
    assert niceness().count(0) >= 40


def killed_parts_come_back(up: Up) -> None:
    before = up.descendants()
    assert set(before) == {"server", "worker", "api"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: set(up.descendants()) == set(before))
    eventually(lambda: not set(up.descendants().values()) & set(before.values()))
    eventually(lambda: is_ready(up.url))


def sigterm_leaves_nothing(up: Up) -> None:
    assert up.process is not None
    parts = up.descendants()
    began = time.monotonic()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(90) == 0
    assert time.monotonic() - began < 60
    assert not any(processes.alive(pid) for pid in parts.values())


def sigkill_leaves_nothing(up: Up) -> None:
    assert up.process is not None
    parts = up.descendants()
    os.kill(up.process.pid, signal.SIGKILL)
    assert all(processes.wait_gone(pid, timeout=30) for pid in parts.values())

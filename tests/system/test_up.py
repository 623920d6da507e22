"""`doorstep up` from outside: ready, alone, self-mending, and gone when it is told to go or killed."""

from __future__ import annotations

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

READY_SECONDS = 60.0


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
        eventually(lambda: "Doorstep is up." in self.log.read_text() or self.process.poll() is not None)  # type: ignore[union-attr]
        assert self.process.poll() is None, self.log.read_text()

    def again(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "doorstep", "up", "--no-ui", "--no-sample"]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=30, check=False)

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
        return httpx.get(f"{url}/readyz", timeout=2).is_success
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
    """It is ready when it says so, refuses a second one, brings a killed part back, and ends within 10 s."""
    assert is_ready(up.url)
    assert (up.data / "doorstep.db").exists()
    assert "First admin key, shown this once: dsk_" in up.log.read_text()
    parts = up.descendants()
    assert set(parts) == {"server", "worker", "api"}
    assert up.process is not None

    second = up.again()
    assert second.returncode == 1
    assert f"already runs on {up.data} (pid {up.process.pid}, on {up.url})" in second.stderr

    for pid in parts.values():
        os.kill(pid, signal.SIGKILL)
    eventually(
        lambda: (
            set(up.descendants()) == set(parts) and not set(up.descendants().values()) & set(parts.values())
        )
    )
    eventually(lambda: is_ready(up.url))

    parts = up.descendants()
    began = time.monotonic()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(15) == 0
    assert time.monotonic() - began < 10
    assert not any(processes.alive(pid) for pid in parts.values())

    key_lines = up.log.read_text().count("First admin key")
    up.start()
    assert is_ready(up.url)
    assert (key_lines, up.log.read_text().count("First admin key")) == (1, 0)


def test_kill_9_leaves_nothing(up: Up) -> None:
    """SIGKILL of `up` itself: server, worker and API are gone at once, and it starts again on the same data."""
    assert up.process is not None
    parts = up.descendants()
    os.kill(up.process.pid, signal.SIGKILL)
    assert all(processes.wait_gone(pid, timeout=3) for pid in parts.values())
    up.process.wait()
    up.start()
    assert is_ready(up.url)

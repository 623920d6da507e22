"""`make setup`: the right Python or one clear sentence; a half-finished environment is never taken for a whole one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# An installer that notes that it ran, takes its time, and can be told to fail. Real ones take a minute. The python
# that it makes runs nothing, so that the fallback to pip cannot reach the interpreter behind it.
UV = r"""#!/bin/sh
if [ "$1" = venv ]; then
    for place; do :; done
    mkdir -p "$place/bin" && printf '#!/bin/sh\nexit 1\n' > "$place/bin/python" && chmod +x "$place/bin/python"
else
    echo "$*" >> "$DIARY"
    sleep "${TAKES:-0}"
    echo "ended" >> "$DIARY.ends"
    exit "${FAILS:-0}"
fi
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout on a machine whose uv is a pretended one."""
    place = tmp_path / "checkout"
    (place / "scripts").mkdir(parents=True)
    for name in ("scripts/bootstrap.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, place / name)
    (tmp_path / "uv").write_text(UV)
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("DIARY", str(tmp_path / "diary"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return place


def start(checkout: Path, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(checkout / "scripts" / "bootstrap.py")]
    env = {**os.environ, **environ}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def setup(checkout: Path, **environ: str) -> tuple[int, str]:
    process = start(checkout, **environ)
    said = process.communicate(timeout=120)[0]
    return process.returncode, said


def diary() -> list[str]:
    path = Path(os.environ["DIARY"])
    return path.read_text().splitlines() if path.exists() else []


def test_once_is_enough_and_hashes_are_required(checkout: Path) -> None:
    """The lock is installed with its hashes, the checkout without resolving anything; again does nothing."""
    assert setup(checkout)[0] == 0
    lock, project = diary()
    assert "--require-hashes" in lock
    assert "--no-deps --no-build-isolation -e" in project
    assert setup(checkout) == (0, "")
    assert len(diary()) == 2


def test_a_failed_install_is_one_sentence_and_starts_afresh(checkout: Path) -> None:
    """What failed is said, exit code 1; the next run makes the environment anew."""
    code, said = setup(checkout, FAILS="1")
    assert code == 1
    assert "Setting up .venv failed" in said
    assert said.rstrip().endswith("run the same command again.")
    (checkout / ".venv" / "half-unpacked").write_text("")
    assert setup(checkout)[0] == 0
    assert not (checkout / ".venv" / "half-unpacked").exists()


def test_a_changed_lock_is_installed_into_the_same_environment(checkout: Path) -> None:
    """A new lock is an upgrade, not a new start."""
    setup(checkout)
    (checkout / ".venv" / "mine").write_text("")
    with open(checkout / "requirements.lock", "a") as lock:
        lock.write("# changed\n")
    assert setup(checkout)[0] == 0
    assert (checkout / ".venv" / "mine").exists()
    assert sum("--require-hashes" in line for line in diary()) == 2


def test_after_a_kill_the_next_run_waits_for_the_orphaned_installer(checkout: Path) -> None:
    """SIGKILL leaves the installer running; nobody clears the environment under it."""
    first = start(checkout, TAKES="3")
    until = time.monotonic() + 60
    while not diary() and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    code, said = setup(checkout, TAKES="0")
    assert code == 0
    assert "Another run is setting up .venv" in said
    assert len(Path(f"{os.environ['DIARY']}.ends").read_text().splitlines()) == 3, "the orphan ended, too"
    assert sum("--require-hashes" in line for line in diary()) == 2


def test_a_wrong_python_is_one_sentence(tmp_path: Path) -> None:
    """Which one is there, what is needed, and a non-zero exit code."""
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$*" in *sys.exit*) exit 1;; *) echo 3.11.7;; esac\n')
    old.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    find = [str(ROOT / "scripts" / "find-python")]
    named = subprocess.run(
        find, env={**env, "DOORSTEP_PYTHON": str(old)}, capture_output=True, text=True, check=False
    )
    assert named.returncode == 1
    assert "not a Python 3.13 or newer" in named.stderr
    assert named.stderr.count("\n") == 1


def test_no_committed_file_names_a_package_index() -> None:
    """The lock works behind any mirror."""
    for name in ("requirements.lock", "pyproject.toml", "Makefile", "scripts/lock", "scripts/bootstrap.py"):
        text = (ROOT / name).read_text()
        assert "index-url " not in text.replace("--no-emit-index-url ", "")
        assert "://" not in text
    assert "--hash=sha256:" in (ROOT / "requirements.lock").read_text()

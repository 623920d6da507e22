"""What `doorstep up` tells its children."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doorstep.processes import kill, spawn, yield_to_others
from doorstep.settings import Settings, load_settings
from doorstep.supervisor import child_environment


def test_up_opens_the_outbox_to_its_machine_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person who starts everything looks without a key; a variable of theirs goes before."""
    monkeypatch.delenv("DOORSTEP_OUTBOX_OPEN", raising=False)
    here = Settings(data_dir=tmp_path)
    assert load_settings(child_environment(here, "127.0.0.1:7233")).outbox_open
    monkeypatch.setenv("DOORSTEP_OUTBOX_OPEN", "0")
    assert not load_settings(child_environment(here, "127.0.0.1:7233")).outbox_open


def test_a_shells_variables_for_another_cluster_do_not_reach_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would make our children ask our own server for TLS; a named server gets them."""
    monkeypatch.setenv("TEMPORAL_API_KEY", "for the cloud")
    embedded = Settings(data_dir=tmp_path)
    assert "TEMPORAL_API_KEY" not in child_environment(embedded, "127.0.0.1:7233")
    named = Settings(data_dir=tmp_path, temporal_address="cloud.example:7233")
    assert child_environment(named, "cloud.example:7233")["TEMPORAL_API_KEY"] == "for the cloud"


def test_what_stands_back_does_so_beside_us(tmp_path: Path) -> None:
    """Linux counts a priority among the processes of one session only, so a child stays in ours; in a group of its own,
    which a terminal's Ctrl-C does not reach."""
    process = spawn([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "log", niceness=7)
    try:
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 7
        assert os.getsid(process.pid) == os.getsid(0)
        assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    finally:
        kill(process)


def test_what_began_a_session_of_its_own_stands_back_with_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        yield_to_others(process.pid, 7)
        group = Path(f"/proc/{process.pid}/autogroup")
        assert not group.exists() or group.read_text().split()[-2:] == ["nice", "7"]
    finally:
        kill(process)

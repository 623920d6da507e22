"""Finding and installing the server: built once, whole or not at all, and a refusal names the ways out.

`go` here is a small program that speaks as the real one does; the real build takes minutes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from doorstep import processes, server_binaries
from doorstep.errors import SetupError
from doorstep.server_binaries import SERVER, UI

GO = """#!/bin/sh
case "$1" in
  version) echo "go version go${GO_SAYS:-1.26.8} linux/amd64"; exit ;;
  env) echo /tmp; exit ;;
esac
echo "built" >> "$GO_DIARY"
echo "go: downloading example.org/thing v1.2.3" >&2
sleep "${GO_TAKES:-0}"
while [ -n "$GO_UNTIL" ] && [ ! -e "$GO_UNTIL" ]; do sleep 0.05; done
if [ -n "$GO_FAILS" ]; then echo "$GO_FAILS" >&2; exit 1; fi
echo "example.org/thing" >&2
printf '#!/bin/sh\\necho temporal' > "$GOBIN/server"; chmod +x "$GOBIN/server"
"""

INSTALL = [sys.executable, "-m", "doorstep.server_binaries"]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with Go, an empty cache and no `temporal`; returns its folder."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "go").write_text(GO)
    (tools / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("DOORSTEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GO_DIARY", str(tmp_path / "diary"))
    for name in ("DOORSTEP_TEMPORAL_CLI", "DOORSTEP_TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(server_binaries, "DOWNLOAD_SECONDS", 0.0)  # this machine has no internet
    return tmp_path


def builds(machine: Path) -> int:
    diary = machine / "diary"
    return diary.read_text().count("built") if diary.exists() else 0


def test_what_is_missing_is_built_once(machine: Path) -> None:
    """The first time builds and says so, the second finds it; no temporary folder stays."""
    said: list[str] = []
    first = server_binaries.ensure_server(said.append)
    again = server_binaries.ensure_server(said.append)
    assert first == again
    assert first.path == machine / "cache" / "doorstep" / "temporal-server@v1.32.0" / "server"
    assert builds(machine) == 1
    assert "Building temporal-server v1.32.0" in said[0]
    assert {entry.name for entry in first.path.parent.parent.iterdir()} == {
        "temporal-server@v1.32.0",
        "temporal-server@v1.32.0.lock",
    }


def test_two_at_once_build_once(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first, says so, and uses what that built."""
    monkeypatch.setenv("GO_UNTIL", str(machine / "enough"))
    first = subprocess.Popen(INSTALL, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not builds(machine) and time.monotonic() < until:
        time.sleep(0.02)
    second = subprocess.Popen(INSTALL, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    try:
        assert "Another process is installing" in second.stderr.readline()
    finally:
        (machine / "enough").touch()
    told = [process.communicate()[1] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], told
    assert builds(machine) == 1


def test_a_killed_build_leaves_nothing_in_the_way(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL in the middle: no half binary is taken for a whole one, `go` dies too, and the next run builds."""
    monkeypatch.setenv("GO_TAKES", "30")
    with subprocess.Popen(INSTALL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not builds(machine) and time.monotonic() < until:
            time.sleep(0.02)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(process.pid, signal.SIGKILL)
    assert children
    assert all(processes.wait_gone(int(pid), timeout=30) for pid in children)
    assert server_binaries.cached(SERVER) is None
    monkeypatch.setenv("GO_TAKES", "0")
    assert server_binaries.ensure_server(lambda line: None).path.exists()
    assert not [entry.name for entry in server_binaries.cache_dir().iterdir() if entry.name.startswith(".")]


def test_why_go_failed_is_in_the_sentence_with_the_ways_out(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is named, and so are Go, the CLI and a running server."""
    monkeypatch.setenv("GO_FAILS", "write /tmp/x: no space left on device")
    with pytest.raises(SetupError, match="no space left on device") as refused:
        server_binaries.ensure_server(lambda line: None)
    for way_out in ("Go 1.26", "`temporal` CLI 1.9", "DOORSTEP_TEMPORAL_ADDRESS"):
        assert way_out in refused.value.mend
    assert server_binaries.cached(SERVER) is None


@pytest.mark.parametrize(("says", "found"), [("1.24.1", "Go is version 1.24.1"), ("", "Go is not on PATH")])
def test_no_go_or_an_old_one_is_said(
    machine: Path, monkeypatch: pytest.MonkeyPatch, says: str, found: str
) -> None:
    """What is there, and what is needed."""
    monkeypatch.setenv("GO_SAYS", says)
    if not says:
        (machine / "bin" / "go").unlink()
    with pytest.raises(SetupError, match=found):
        server_binaries.ensure_ui(server_binaries.ServerBinary(machine, "v0"), lambda line: None)


def cli(machine: Path, version: str) -> Path:
    path = machine / "bin" / "temporal"
    path.write_text(f"#!/bin/sh\necho 'temporal version {version} (Server 1.32.0, UI 2.54.1)'\n")
    path.chmod(0o755)
    return path


def test_a_cli_that_is_new_enough_spares_the_build(machine: Path) -> None:
    """1.9 on PATH is used, with its own UI; 1.8 is passed over."""
    path = cli(machine, "1.9.1")
    found = server_binaries.ensure_server(lambda line: None)
    assert (found.path, found.is_cli, builds(machine)) == (path, True, 0)
    assert server_binaries.ensure_ui(found, lambda line: None) is None
    cli(machine, "1.8.0")
    assert server_binaries.find_server() is None


def test_a_named_cli_must_be_one(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person named is never silently passed over."""
    monkeypatch.setenv("DOORSTEP_TEMPORAL_CLI", str(cli(machine, "1.8.0")))
    with pytest.raises(SetupError, match=r"which is version 1\.8\.0"):
        server_binaries.find_server()
    monkeypatch.setenv("DOORSTEP_TEMPORAL_CLI", str(machine / "nowhere"))
    with pytest.raises(SetupError, match="which is not found"):
        server_binaries.find_server()


def test_the_ui_is_another_tool_in_a_folder_of_its_own(machine: Path) -> None:
    """Both binaries are called `server`; neither overwrites the other."""
    server = server_binaries.ensure_server(lambda line: None)
    ui = server_binaries.ensure_ui(server, lambda line: None)
    assert ui == server_binaries.cached(UI)
    assert ui != server.path

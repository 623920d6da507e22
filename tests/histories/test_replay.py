"""Every history that a release committed replays on today's code, sandboxed as a worker runs it; and where shared code
goes another way, this says so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doorstep import histories, releases
from doorstep.errors import SetupError

HERE = Path(__file__).parent
SOURCES = Path(releases.__file__).parent
WORDS = (
    *("moosbachner", "idaliane", "farnkrautz", "jonathrin", "holunders", "klarabell"),
    *("example.com", "+4930", "farngasse", "fq7 9zk"),
)
"""Names, addresses and numbers of the stories' customers."""


async def test_every_committed_history_replays() -> None:
    """All releases', all stories."""
    done = await histories.replay(histories.files_in(HERE))
    assert [f"{r.file.name}: {r.broken}" for r in done if r.broken] == []
    assert len(done) >= 17


def test_every_built_in_version_has_histories_of_the_release_that_froze_it() -> None:
    """Published without a history, a version could be broken by shared code and nobody would see."""
    for entry in releases.frozen().values():
        kinds = [histories.type_of(file.read_text()) for file in histories.files_in(HERE / entry.release)]
        assert kinds.count(entry.type) >= 10, entry


def test_histories_hold_no_personal_data() -> None:
    """Payloads opened, nothing of the stories' customers is in them, nor of the machine that recorded them."""
    for file in histories.files_in(HERE):
        history = histories.WorkflowHistory.from_json(file.stem, file.read_text())
        told = "\n".join(e.SerializeToString().decode("utf-8", "replace") for e in history.events).lower()
        assert [word for word in WORDS if word in told] == [], file
        assert set(re.findall(r'"identity":"([^"]*)"', file.read_text())) <= {"worker"}


def test_a_folder_without_histories_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no histories"):
        histories.files_in(tmp_path)


# --- shown red ------------------------------------------------------------------------------------------

SETTLE = """        if self._start.settle > timedelta():
            await asyncio.sleep(self._start.settle.total_seconds())
"""
ONE_TIMER_MORE = SETTLE + "        await asyncio.sleep(1)\n"
BEHIND_A_PATCH = SETTLE + '        if self.patched("one-timer-more"):\n            await asyncio.sleep(1)\n'


def replayed_with(settle: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`doorstep versions replay` by a copy of the sources in which the engine's settling reads like that."""
    shutil.copytree(SOURCES, folder / "doorstep", ignore=shutil.ignore_patterns("__pycache__"))
    core = folder / "doorstep" / "workflows" / "core.py"
    assert core.read_text().count(SETTLE) == 1
    core.write_text(core.read_text().replace(SETTLE, settle))
    patches = folder / "doorstep" / "workflows" / "patches.py"
    patches.write_text(patches.read_text() + '\n\ndeclare_patch("one-timer-more")\n')
    own = {name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")}
    command = [sys.executable, "-m", "doorstep", "versions", "replay", str(HERE)]
    return subprocess.run(
        command,
        env=own | {"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_change_to_shared_code_that_alters_commands_is_found(tmp_path: Path) -> None:
    """One timer more in the engine: no history replays any longer, and the command says what to do."""
    done = replayed_with(ONE_TIMER_MORE, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "histories do not replay" in done.stderr
    assert "self.patched" in done.stderr


def test_the_same_change_behind_a_patch_passes(tmp_path: Path) -> None:
    """Journeys that are under way go on as they began."""
    done = replayed_with(BEHIND_A_PATCH, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "histories replay" in done.stdout

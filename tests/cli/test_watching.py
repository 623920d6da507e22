"""`--watch` runs again for what others change, not for what it wrote itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from watchfiles import Change

from doorstep.cli import app, watching


def test_what_the_command_writes_is_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the page was named; the scenario beside it is watched as before."""
    page, story = tmp_path / "out.html", tmp_path / "mine.yaml"
    monkeypatch.chdir(tmp_path)
    asked = watching.NotOurs([Path("out.html")])
    assert not asked(Change.modified, str(page))
    assert not asked(Change.added, str(tmp_path / "." / "out.html"))
    assert asked(Change.modified, str(story))
    assert asked(Change.modified, str(tmp_path / "other.html"))
    assert not asked(Change.modified, str(tmp_path / "__pycache__" / "x.pyc")), "nor what it never was"


def test_nor_is_the_file_that_its_output_goes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`doorstep rehearse … --watch > out.txt` beside the scenario."""
    log = tmp_path / "out.txt"
    with log.open("w") as file:
        monkeypatch.setattr(watching.os, "fstat", lambda _: os.stat(file.name))
        asked = watching.NotOurs([])
        assert not asked(Change.modified, str(log))
    assert asked(Change.deleted, str(tmp_path / "gone.yaml"))


def test_the_command_names_its_page_and_watches_by_that_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def watch(*places: object, watch_filter: watching.NotOurs, **_: object) -> list[object]:
        seen.append(watch_filter(Change.modified, str(tmp_path / "out.html")))
        seen.append(watch_filter(Change.modified, str(tmp_path / "mine.yaml")))
        return []

    monkeypatch.setattr(watching, "watch", watch)
    monkeypatch.setattr(watching, "_once", lambda arguments: None)
    from doorstep.cli.rehearse import rehearse

    rehearse(html=tmp_path / "out.html", watch=True)
    assert seen == [False, True]


def test_between_two_timelines_stands_only_what_changed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The watcher logs each change too: a line of JSON between the timelines."""
    story, over, runs = tmp_path / "mine.yaml", threading.Event(), []

    def change() -> None:
        while not over.wait(0.2):
            story.write_text("scenario: mine")

    def once(arguments: list[str]) -> None:
        runs.append(arguments)
        if len(runs) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(watching, "watched", lambda scenarios, packages: ([tmp_path], []))
    monkeypatch.setattr(watching, "_once", once)
    changing = threading.Thread(target=change)
    changing.start()
    try:
        watching.again_and_again()
    finally:
        over.set()
        changing.join()
    assert len(runs) == 2
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["Watching", "Changed:"]


@pytest.mark.parametrize("words", [["--scenario={}"], ["--scenario", "{}"], ["-s", "{}"], ["-s{}"]])
def test_the_folder_of_a_scenario_is_watched_however_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """`--scenario=sc/w.yaml` watched a folder `--scenario=sc`, which ended in a traceback."""
    (tmp_path / "sc").mkdir()
    seen = watching_of(
        ["rehearse", *(word.format("sc/w.yaml") for word in words), "--watch"], tmp_path, monkeypatch
    )
    assert tmp_path / "sc" in seen
    assert all(place.is_dir() for place in seen)


def test_a_folder_that_is_not_there_is_said_and_not_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = watching_of(["rehearse", "-s", "nodir/w.yaml", "--watch"], tmp_path, monkeypatch)
    assert all(place.is_dir() for place in seen)
    assert f"There is no folder {tmp_path / 'nodir'}: nothing in it is watched." in capsys.readouterr().err


def watching_of(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What the command watches, called so."""
    seen: list[Path] = []
    monkeypatch.chdir(folder)
    monkeypatch.setattr(watching.sys, "argv", ["doorstep", *arguments])
    monkeypatch.setattr(watching, "watch", lambda *places, **_: seen.extend(places) or [])
    monkeypatch.setattr(watching, "_once", lambda arguments: None)
    app(arguments, standalone_mode=False)
    return seen


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    """The watcher logged "KeyboardInterrupt caught, stopping watch"."""
    (tmp_path / "mine.yaml").write_text("scenario: mine\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "doorstep", "rehearse", "-s", "mine.yaml", "--watch"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stdout is not None
    with process:
        assert process.stderr.readline().startswith("Watching")
        assert any("■" in line for line in process.stdout)  # the first run is over
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert said == ""
    assert process.returncode == 0

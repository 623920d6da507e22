"""`--watch` runs again for what others change, not for what it wrote itself."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from watchfiles import Change

from doorstep.cli import watching


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

    monkeypatch.setattr(watching, "watched", lambda arguments, packages: [tmp_path])
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

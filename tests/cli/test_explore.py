"""`doorstep explore`, as a person and a script use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from doorstep import cli
from doorstep.errors import DoorstepError

Run = Callable[..., Result]
BROKEN_AT_ONCE = ("--limit", "never care-guide after shipment.delivered", "--only")
NEVER_BROKEN = ("--limit", "at most 99 sms in 1 day", "--only")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in process, in an empty folder; errors come back as exceptions."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.base.logs, "configure", lambda *_: None)
    return lambda *words: CliRunner().invoke(cli.app, ["explore", *words])


def test_what_is_found_is_json_and_a_file_that_fails_in_rehearse(run: Run, tmp_path: Path) -> None:
    done = run("standard", *BROKEN_AT_ONCE, "--runs", "5", "--first", "--json", "--out", "a/b")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["ok"], told["runs"], told["ended"]) == (False, 1, "something was found")
    [found] = told["findings"]
    assert found["limit"] == "never care-guide after shipment.delivered"
    file = tmp_path / found["file"]
    assert file.parent == tmp_path / "a" / "b"
    assert file.read_text() == found["scenario"]
    again = CliRunner().invoke(cli.app, ["rehearse", "--list", "--json"])
    assert file.stem not in again.stdout, "a finding is no scenario before somebody moves it there"
    from doorstep.rehearsal import shelf
    from doorstep.rehearsal.rehearse import rehearse

    assert not rehearse("standard", shelf.load(str(file)), render=False).ok


def test_a_named_file_gets_the_first_finding_and_the_page_says_how_to_play_it(
    run: Run, tmp_path: Path
) -> None:
    done = run("standard", *BROKEN_AT_ONCE, "--runs", "1", "--out", "mine.yaml")
    assert done.exit_code == 1
    assert "doorstep rehearse standard.v1 --scenario mine.yaml" in done.stdout
    assert (tmp_path / "mine.yaml").read_text().startswith("scenario: never-care-guide-after")
    assert max(map(len, done.stdout.splitlines())) <= 130


def test_another_finding_of_that_name_is_written_beside_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "never-care-guide-after-shipment-delivered.yaml").write_text("mine\n")
    told = json.loads(run("standard", *BROKEN_AT_ONCE, "--runs", "1", "--json").stdout)
    assert told["findings"][0]["file"] == "never-care-guide-after-shipment-delivered-2.yaml"
    assert (tmp_path / "never-care-guide-after-shipment-delivered.yaml").read_text() == "mine\n"


def test_seconds_end_a_search_and_nothing_found_is_0(run: Run, tmp_path: Path) -> None:
    done = run("standard", *NEVER_BROKEN, "--runs", "100000", "--seconds", "0.3", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["ended"] == "0.3 seconds were over"
    assert 0 < told["runs"] < 100000
    assert list(tmp_path.iterdir()) == []


def test_a_search_that_was_too_short_says_nothing_of_steps(run: Run) -> None:
    """A step that a story or two did not come to is no finding, and no proof either."""
    done = run("standard", "--runs", "3")
    assert done.exit_code == 0, done.output
    assert "– every step reachable: the search was too short to tell." in done.stdout
    assert "✓ no touch twice" in done.stdout
    assert json.loads(run("standard", "--runs", "3", "--json").stdout)["never_sent"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("standrad",), "Did you mean 'standard'"),
        (("standard.v2",), "Did you mean 'standard.v1'"),
        (("--limit", "never care-giude after order.placed"), "Did you mean 'care-guide'"),
        (("--limit", "never care-guide after order.refund"), "Did you mean 'order.refunded'"),
        (("--limit", "nothing without consnt"), "Did you mean 'nothing without consent'"),
        (("--only",), "--only asks for no limit"),
        (("--out", "file/found"), "is a file"),
    ],
)
def test_what_is_wrong_is_said_before_a_story_is_played(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "file").write_text("")
    done = run(*words, "--runs", "100000")
    assert isinstance(done.exception, DoorstepError)
    assert said in str(done.exception)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_tells_what_was_found(tmp_path: Path, number: signal.Signals) -> None:
    """In the background of a script, too, where nobody listens for Ctrl-C."""
    running = subprocess.Popen(
        [
            *("sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable, "-m", "doorstep", "explore"),
            *(*BROKEN_AT_ONCE, "--runs", "1000000", "--json"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    line = running.stderr.readline()
    while line and not line.startswith("Found: never care-guide after shipment.delivered"):
        line = running.stderr.readline()
    running.send_signal(number)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 1
    told = json.loads(said)
    assert told["ended"] == "it was interrupted"
    assert len(told["findings"]) == 1
    assert (tmp_path / told["findings"][0]["file"]).is_file()


def test_what_a_journey_logs_and_prints_is_no_answer_of_a_search(tmp_path: Path) -> None:
    """A journey is played by the thousand: one that prints would fill the screen, and spoil the JSON. (In a process of
    its own: what is published in this one every worker of it would have to import.)"""
    (tmp_path / "talkative.py").write_text(TALKATIVE)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "doorstep", "explore", "talkative", "--runs", "5", "--json"],
        env={**os.environ, "PYTHONPATH": path, "DOORSTEP_STORE_PACKAGES": "talkative"},
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["runs"] == 5
    assert "steeping" not in done.stderr


TALKATIVE = """
from doorstep import Journey, Purpose, journey
from temporalio import workflow

@journey("talkative", version=1)
class Talkative(Journey):
    async def run(self):
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        workflow.logger.error("steeping")
        print("steeping")
        return "done"
"""

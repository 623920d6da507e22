"""`doorstep verify`: what a deploy would do to journeys that are under way. The histories are those of real journeys on
the real server, committed with the release that recorded them; where one must be under way, it is the beginning of
such a history, which is what the server held then."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.verifying.histories import cut
from tests.verifying.repository import HISTORIES, Here, Repository

from doorstep.histories import as_text
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.verifying import reporting
from doorstep.verifying.verification import Breaks

VERIFY = ("verify", "--seeds", "0")
"""In one process: other seeds cost a second each, and the tests that are about them say so."""
CALM = "ninety-days-with-a-good-review"


def under_way(name: str, until: str, folder: Path) -> Path:
    """A folder with the history of a journey as it was when it had first asked for the touch `until`."""
    folder.mkdir(exist_ok=True)
    cut_off = cut(from_file(HISTORIES / f"{name}.json"), until)
    (folder / f"{name}-{until}.json").write_text(as_text(cut_off))
    return folder


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journey, its parcel on its way: all that follows the delivery is ahead of it."""
    return under_way(CALM, "community", tmp_path_factory.mktemp("delivered") / "histories")


def verdicts(told: Any) -> Counter[str]:
    return Counter(j["verdict"] for j in told["journeys"])


def changes(told: Any) -> set[tuple[str, str]]:
    return {(d["change"], d["name"].partition(":")[0]) for j in told["journeys"] for d in j["differences"]}


# --- the mutations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("branch", "named"),
    [
        ("longer", ("moved", "care-guide")),
        ("template", ("re-worded", "check-in")),
        ("words", ("re-worded", "care-guide")),
        ("order", ("moved", "care-guide")),
    ],
)
def test_what_changes_for_a_live_journey_is_named(
    here: Here, delivered: Path, branch: str, named: tuple[str, str]
) -> None:
    """Its parcel is assumed to arrive: ahead of it lies everything that follows."""
    told = here.json(*VERIFY, "base", branch, "--histories", str(delivered))
    assert verdicts(told) == {"changes": 1}
    assert named in changes(told)
    assert not told["passed"]


def test_a_change_is_told_by_the_customers_clock(here: Here, delivered: Path) -> None:
    """As `plan` tells it; it was told in UTC, and did not say so."""
    asked = (*VERIFY, "base", "longer", "--histories", str(delivered))
    [one] = here.json(*asked)["journeys"]
    [moved] = [d for d in one["differences"] if (d["change"], d["name"]) == ("moved", "care-guide")]
    zone = start_of(from_file(HISTORIES / f"{CALM}.json")).zone
    here_at = datetime.fromisoformat(moved["old"]["at"]).astimezone(ZoneInfo(zone))
    lines = here.run(*asked).stdout.splitlines()
    [found] = [n for n, line in enumerate(lines) if "→ moved     care-guide" in line]
    assert f"{here_at:%a} {here_at.day} {here_at:%b %H:%M} → " in lines[found]
    assert lines[found - 1].endswith(f"(times in {zone})")
    assert max(map(len, lines)) <= 100


def test_another_condition_breaks_a_journey_and_is_said_with_file_and_line(
    here: Here, repository: Repository
) -> None:
    """The journeys in which it went the other way ask for what they did not ask for then."""
    told = here.json(*VERIFY, "base", "condition", "--histories", str(HISTORIES))
    broken = [j for j in told["journeys"] if j["verdict"] == "breaks"]
    assert len(broken) >= 2
    where = next(j["breaks"] for j in broken if j["id"] == "nothing-ever-arrives")
    assert where["file"] == "src/doorstep/workflows/standard_v1.py"
    line = (repository.package / "workflows/standard_v1.py").read_text().splitlines()[where["line"] - 1]
    assert 'send("anticipation"' in line
    assert "recorded was 'schedule activity touch 12' (anticipation), now it says nothing" in where["what"]
    assert where["of_base"], "the new code says nothing there"
    assert not where["already"]


@pytest.mark.parametrize("branch", ["order", "longer"])
def test_what_lies_behind_done_otherwise_breaks_a_journey(here: Here, branch: str) -> None:
    """Another order of steps, or a wait that would not be over yet: a worker that replays it would be stuck."""
    told = here.json(*VERIFY, "base", branch, "--histories", str(HISTORIES))
    broken = [j for j in told["journeys"] if j["verdict"] == "breaks"]
    assert len(broken) >= 3
    assert {j["breaks"]["file"] for j in broken} == {"src/doorstep/workflows/standard_v1.py"}
    assert any("care-guide" in j["breaks"]["what"] for j in broken)


def test_a_step_renamed_takes_over_the_answer_of_the_old_one(here: Here) -> None:
    """Temporal sees a touch before and after, and replays it; the ledger has no such key and would send it again."""
    told = here.json(*VERIFY, "base", "renamed", "--histories", str(HISTORIES))
    broken = [j["breaks"] for j in told["journeys"] if j["verdict"] == "breaks"]
    assert len(broken) >= 3
    assert "recorded was 'touch check-in', now it says 'touch are-you-well'" in broken[0]["what"]
    assert broken[0]["file"] == "src/doorstep/workflows/standard_v1.py"
    assert broken[0]["line"] > 0


@pytest.mark.parametrize("branch", ["duration", "template"])
def test_temporals_own_replay_passes_what_verify_names(
    here: Here, repository: Repository, branch: str, tmp_path: Path
) -> None:
    """The same histories, the same changes: the SDK's Replayer finds nothing, verify names the step."""
    repository.git("worktree", "add", "--quiet", str(tmp_path / "tree"), branch)
    try:
        replayed = subprocess.run(
            repository.command("versions", "replay", str(HISTORIES)),
            cwd=tmp_path,
            env=repository.environment(PYTHONPATH=str(tmp_path / "tree" / "src")),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    finally:
        repository.git("worktree", "remove", "--force", str(tmp_path / "tree"))
    assert replayed.returncode == 0, replayed.stderr
    assert "All 17 histories replay." in replayed.stdout

    told = here.json(*VERIFY, "base", branch, "--histories", str(HISTORIES))
    assert ({"duration": "moved", "template": "re-worded"}[branch]) in {c for c, _ in changes(told)}
    assert "check-in" in {s for _, s in changes(told)}


@pytest.mark.parametrize(
    ("branch", "ahead", "behind"),
    [
        (
            "set",
            r"not deterministic: on .* under PYTHONHASHSEED=0 and .* under [1-9]\d*\. .* a set: sort it first",
            r"goes another way than the history.* Under another PYTHONHASHSEED it follows its history\. .* a set",
        ),
        ("chance", *[r"The workflow uses random\.random, which differs from run to run"] * 2),
        ("moment", *[r"time\.gmtime\(\) without a moment reads the clock"] * 2),
        (
            "zone",
            *[r"under [1-9].* the machine's time zone|PYTHONHASHSEED=[1-9]\d* it does not follow its history"]
            * 2,
        ),
        ("luck", *[r"The workflow uses random\.random, which differs from run to run"] * 2),
    ],
    ids=["set", "chance", "moment", "zone", "luck"],
)
def test_what_another_process_would_say_otherwise_breaks_a_journey(
    here: Here, repository: Repository, tmp_path: Path, branch: str, ahead: str, behind: str
) -> None:
    """The processes that compare the revisions say the same by luck; a worker that replays it later does not. Be it
    ahead of a journey or behind it."""
    folder = under_way(CALM, "community", tmp_path / "histories")
    under_way(CALM, "win-back-30", folder)
    told = here.json("verify", "base", branch, "--histories", str(folder))
    assert told["in_sandbox_and_under_other_seeds"] == 2
    found = {journey["step"]: journey for journey in told["journeys"]}
    for step, said in (("community", ahead), ("win-back-30", behind)):
        assert found[step]["verdict"] == "breaks"
        breaks = found[step]["breaks"]
        assert re.search(said, breaks["what"]), breaks
        assert breaks["file"] == "src/doorstep/workflows/standard_v1.py"
        assert not breaks["already"]
        assert re.search(r'"care-guide"|send\(step', repository.line(branch, breaks["file"], breaks["line"]))


# --- what is told, what is allowed ------------------------------------------------------------------------


def test_the_same_code_is_safe_to_deploy(here: Here) -> None:
    done = here.run("verify", "base", "same", "--histories", str(HISTORIES))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Safe to deploy: nothing breaks, nothing changes." in done.stdout
    again = "sandbox and under other hash seeds too: 3, some of each version and step."
    assert again in done.stdout.replace("\n", " ")


def test_what_is_behind_a_journey_changes_nothing_for_it(here: Here, tmp_path: Path) -> None:
    """Its care guide was sent; that it would go later now is said, and is no reason not to deploy."""
    folder = under_way(CALM, "win-back-30", tmp_path / "histories")
    told = here.json(*VERIFY, "base", "words", "--histories", str(folder))
    [journey] = told["journeys"]
    assert (journey["verdict"], journey["step"]) == ("same", "win-back-30")
    assert {d["name"] for d in journey["behind"]} == {"care-guide"}
    assert told["passed"]


def test_a_change_that_is_meant_is_allowed_and_nothing_else(here: Here, delivered: Path) -> None:
    everything = [*VERIFY, "base", "words", "--histories", str(delivered)]
    done = here.run(*everything, "--allow", "re-worded:care-guide")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 changes as allowed" in done.stdout
    assert here.run(*everything, "--allow", "moved").returncode == 1
    assert here.run(*everything, "--allow", "re-worded:check-in").returncode == 1


def test_the_page_sums_up_by_version_and_step(repository: Repository, delivered: Path) -> None:
    done = repository.run(*VERIFY, "base", "longer", "--histories", str(delivered))
    assert done.returncode == 1
    row = next(line for line in done.stdout.splitlines() if line.startswith("standard.v1"))
    assert row.split() == ["standard.v1", "community", "0", "1", "0"]
    assert "moved     care-guide" in done.stdout
    assert "Journey 1 of 1" in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_sample_takes_so_many_of_each_version_and_step(here: Here) -> None:
    told = here.json(*VERIFY, "base", "same", "--histories", str(HISTORIES), "--sample", "2")
    steps = Counter((j["type"], j["step"]) for j in told["journeys"])
    assert steps == {("standard.v1", "ended"): 2, ("standard.v1", "never-arrived"): 1}


def test_files_of_one_name_in_different_folders_are_all_verified(here: Here, tmp_path: Path) -> None:
    """Each is a journey of its own, and the names tell them apart."""
    for folder, name in (("a", CALM), ("b", "nothing-ever-arrives")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_text((HISTORIES / f"{name}.json").read_text())
    told = here.json(*VERIFY, "base", "condition", "--histories", str(tmp_path))
    assert [j["id"] for j in told["journeys"]] == ["a/x", "b/x"]
    assert told["journeys"][1]["verdict"] == "breaks"
    done = here.run(*VERIFY, "base", "condition", "--histories", str(tmp_path))
    assert done.stdout.startswith("2 journeys, ")
    assert "b/x" in done.stdout


# --- what is wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["duraton"], "There is no revision 'duraton'. Did you mean 'duration'?"),
        (["base", "--allow", "movd"], "'movd' is no kind of change. Did you mean 'moved'?"),
        (["base", "--allow", "moved:"], "'moved:' names no step. Name it, or allow 'moved' alone"),
        (["base", "--allow", "mended:check-in"], "a journey is mended, not a step. Allow 'mended' alone."),
        (["base", "--assume", "nothin"], "Did you mean 'nothing'?"),
        (["base", "--ended"], "--histories takes the place of"),
        (
            ["base", "same", "--allow", "moved:care-giude"],
            "No journey has a step 'care-giude'. Did you mean 'care-guide'?",
        ),
        (["engineless"], "Revision 'engineless' cannot be compared: it has no rehearsal engine yet"),
    ],
)
def test_what_cannot_be_verified_is_said_in_one_sentence(
    here: Here, delivered: Path, arguments: list[str], said: str
) -> None:
    done = here.run(*VERIFY, *arguments, "--histories", str(delivered))
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_histories_proves_nothing(here: Here, tmp_path: Path) -> None:
    done = here.run(*VERIFY, "base", "--histories", str(tmp_path))
    assert done.returncode == 2
    assert "There are no histories in" in done.stderr
    file = HISTORIES / f"{CALM}.json"
    for wrong, said in (
        (tmp_path.with_name(f"{tmp_path.name}s"), f"Did you mean '{tmp_path.name}'?"),
        (file, f"{file} is no folder. Give the folder"),
    ):
        done = here.run(*VERIFY, "base", "--histories", str(wrong))
        assert done.returncode == 2
        assert said in done.stderr
    (tmp_path / "empty.json").write_text('{"events": []}')
    done = here.run(*VERIFY, "base", "--histories", str(tmp_path))
    assert done.returncode == 2
    assert "empty.json is no history: it does not begin with a workflow's start." in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_leaves_nothing_behind(
    repository: Repository, tmp_path: Path, number: signal.Signals
) -> None:
    """No folder, no process."""
    for n in range(30):
        (tmp_path / f"{n}.json").write_text((HISTORIES / f"{CALM}.json").read_text())
    running = subprocess.Popen(
        repository.command(*VERIFY, "base", "same", "--histories", str(tmp_path)),
        cwd=repository.folder,
        env=repository.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    line = running.stderr.readline()
    while line and not line.startswith("Journey"):
        line = running.stderr.readline()
    children = children_of(running.pid)
    assert len(children) == 2
    assert list(repository.temporary.iterdir()), "both revisions are unpacked"
    running.send_signal(number)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130, said
    assert "nothing is left behind" in said
    assert list(repository.temporary.iterdir()) == []
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    told = "".join(f.read_text() for f in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(p) for p in told.split()]


def test_a_cause_that_ends_with_a_question_has_no_full_stop_behind_it() -> None:
    gone = "There is no step 'chek-in'. Did you mean 'check-in'?"
    at = ", at 2026-03-02 09:15:00 UTC of virtual time."
    for what, cause in ((gone, gone), (f"It raised{at}", "It raised."), (f"Is it 'x'?{at}", "Is it 'x'?")):
        assert reporting._cause(Breaks(what=what, file="", line=0, at=None, already=False)) == cause

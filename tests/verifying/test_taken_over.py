"""`doorstep verify` where the new code would take over another's answer: what is told is which, and where, and not what
came of it in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.verifying.repository import HISTORIES, Here, Repository

from doorstep.verifying import reporting
from doorstep.verifying.verification import Breaks

CALM = "ninety-days-with-a-good-review"
VERIFY = ("verify", "--seeds", "0", "base")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journey that has ended."""
    folder = tmp_path_factory.mktemp("calm")
    (folder / f"{CALM}.json").write_text((HISTORIES / f"{CALM}.json").read_text())
    return folder


def broken(here: Here, branch: str, folder: Path) -> dict[str, Any]:
    [journey] = here.json(*VERIFY, branch, "--histories", str(folder))["journeys"]
    assert journey["verdict"] == "breaks"
    found: dict[str, Any] = journey["breaks"]
    assert found["file"] == "src/doorstep/workflows/standard_v1.py"
    return found


def test_a_message_more_does_not_take_the_answer_to_what_support_was_told(
    here: Here, repository: Repository, calm: Path
) -> None:
    """It has the number of an activity of the journey's own, whose empty answer the code would stumble over."""
    breaks = broken(here, "more", calm)
    assert "Error" not in breaks["what"]
    assert "recorded was 'start timer" in breaks["what"]
    assert "(surprise) in src/" in breaks["what"].replace(str(repository.temporary), "")
    assert 'send("surprise"' in repository.line("more", breaks["file"], breaks["line"])


def test_what_comes_of_another_touchs_answer_does_not_hide_whose_it_was(
    here: Here, repository: Repository, calm: Path
) -> None:
    breaks = broken(here, "unlike", calm)
    assert "recorded was 'touch education', now it says 'touch lesson'" in breaks["what"]
    assert '"lesson"' in repository.line("unlike", breaks["file"], breaks["line"])


def test_where_code_fails_the_answer_to_another_question_is_told_as_its_cause(
    here: Here, repository: Repository, calm: Path
) -> None:
    """Activities without a key: three products were asked for then, and the code wants the fifth."""
    breaks = broken(here, "five", calm)
    assert "'recommend' was recorded with another limit than it is asked with now" in breaks["what"]
    assert "Of that comes: IndexError" in breaks["what"]
    assert "recommendations(5)" in repository.line("five", breaks["file"], breaks["line"])


def test_one_cause_of_many_journeys_is_told_once_whatever_each_step_was_about() -> None:
    causes = {
        reporting._cause(
            Breaks(
                what="recorded was 'schedule activity open ticket 28' (ticket/bad-review:review.submitted:1::2026Z"
                f":a{n}), now it says 'touch review-sorry:review.submitted:{n}', and so on",
                file="",
                line=0,
                at=None,
                already=False,
            )
        )
        for n in range(2)
    }
    assert causes == {
        "recorded was 'schedule activity open ticket' (ticket/bad-review), now it says 'touch review-sorry', and so on."
    }


def test_a_step_that_is_about_another_thing_now_is_told_with_both(here: Here, tmp_path: Path) -> None:
    """Without what it is about, both would read the same."""
    for name in ("the-next-order-comes", "the-next-order-comes-2"):
        (tmp_path / f"{name}.json").write_text((HISTORIES / f"{name}.json").read_text())
    page = here.run(*VERIFY, "named", "--histories", str(tmp_path)).stdout
    told = " ".join(page.split())
    assert "recorded was 'touch vip-welcome:customer:" in told, page
    assert "now it says 'touch vip-welcome:again', which would take over the other's answer." in told
    assert page.count("which would take over") == 1

"""The pytest plugin as a store uses it: the example's own tests, and what they say once the journey changes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "teashop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the example, to be changed."""
    made = tmp_path / "teashop"
    shutil.copytree(EXAMPLE, made, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    return made


def run(shop: Path, *options: str) -> tuple[int, str]:
    """`pytest` in the store's folder; its exit code and what it printed."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DOORSTEP_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=shop,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_examples_tests_pass_and_need_nothing_but_the_package(shop: Path) -> None:
    code, said = run(shop)
    assert code == 0, said
    assert re.search(r"\d+ passed", said)


def test_a_change_is_told_message_by_message_and_kept_on_request(shop: Path) -> None:
    """Another day, other words, one message less: each is named; with --rehearsal-update it is the new truth."""
    change(shop / "teashop" / "tea_v1.py", "days=8", "days=9")
    change(shop / "teashop" / "tea_v1.py", "hours=3)", "hours=3), unless=lambda: True")
    change(shop / "teashop" / "brand.toml", "Warm cups,", "Hot cups,")
    code, said = run(shop, "-k", "first_evening")
    assert code == 1
    assert "'brew-guide' is not sent: skipped" in said, "the claim comes first, with what became of it"
    assert "── steeping" in said, "and the whole timeline"

    change(shop / "tests" / "test_tea.py", 'story.sends("brew-guide", day=5, channel="email")', "")
    change(shop / "tests" / "test_tea.py", '"brew-guide", "review-request"', '"review-request"')
    code, said = run(shop, "-k", "first_evening")
    assert code == 1
    assert re.search(r"lost +touch +brew-guide .*now skipped \(not_relevant\)", said), said
    assert re.search(r"moved +touch +review-request +from Sun 15 Mar .* to Mon 16 Mar", said), said
    assert re.search(r"re-worded +touch +order-confirmation ", said), said

    code, said = run(shop, "-k", "first_evening", "--rehearsal-update")
    assert code == 0, said
    assert run(shop, "-k", "first_evening")[0] == 0


def test_what_is_not_kept_yet_and_what_is_unknown_is_said_with_the_way_out(shop: Path) -> None:
    shutil.rmtree(shop / "tests" / "__rehearsals__")
    (shop / "tests" / "test_more.py").write_text(
        "def test_near(rehearse):\n    rehearse('tea', 'late-parcle')\n"
        "def test_step(rehearse):\n    rehearse('tea').sends('brew-gide')\n"
        "def test_limit(rehearse):\n    rehearse('standard').sends_at_most(1, within_days=7)\n"
    )
    code, said = run(shop)
    assert code == 1
    assert "There is no snapshot" in said
    assert "pytest --rehearsal-update" in said
    assert "Did you mean 'late-parcel'?" in said
    assert "Did you mean 'brew-guide'?" in said
    assert re.search(r"marketing messages go out in 7 days, not 1", said)

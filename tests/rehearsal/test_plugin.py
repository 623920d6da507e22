"""The pytest plugin as a store uses it: the example's own tests, and what they say once the journey changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doorstep.rehearsal import shelf

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


CLAIMS = {
    "does_not_send('revew-request')": "tea.v1 has no step 'revew-request'. Did you mean 'review-request'?",
    "does_not_send('revew-request:parcel')": "no step 'revew-request:parcel'. Did you mean 'review-request'?",
    "sends_in_order('order-confirmation', 'brew-giude')": "no step 'brew-giude'. Did you mean 'brew-guide'?",
    "sends_at_most(0, within_days=7, purpose='marketting')": "no purpose 'marketting'. Did you mean 'marketing'?",
    "sends('order-confirmation', channel='emial')": "no channel 'emial'. Did you mean 'email'?",
    "sends('brew-gide')": "no step 'brew-gide'. Did you mean 'brew-guide'?",
}
"""Claims that held, or failed without a hint; and what is said of them."""

MADE_UP = """
import pytest
from doorstep import Journey, Purpose, journey

@journey("made-up", version=1)
class MadeUp(Journey):
    async def run(self):
        await self.send("-".join(["order", "confirmation"]), purpose=Purpose.TRANSACTIONAL)
        await self.send("order-cancelled", purpose=Purpose.TRANSACTIONAL, unless=lambda: True)
        return "completed"

@pytest.mark.parametrize("journey", ["made-up", MadeUp])
def test_made_up(rehearse, journey):
    story = rehearse(journey).sends("order-confirmation").does_not_send("order-canceled")
    with pytest.raises(AssertionError, match="Did you mean 'order-cancelled'"):
        story.sends_in_order("order-canceled")

def test_what_did_not_come_up_is_known(rehearse):
    rehearse("tea", "never-arrived").does_not_send("brew-guide").does_not_send("review-request:parcel")
"""


def test_a_claim_about_what_the_journey_does_not_have_fails_with_the_nearest(shop: Path) -> None:
    """In a story where the step did not come up too. What the code makes up as it runs is never refused."""
    tests = [
        f"def test_{n}(rehearse):\n    rehearse('tea', 'never-arrived').{claim}\n"
        for n, claim in enumerate(CLAIMS)
    ]
    (shop / "tests" / "test_claims.py").write_text("".join(tests))
    (shop / "tests" / "test_made_up.py").write_text(MADE_UP)
    code, said = run(shop, "tests/test_claims.py", "tests/test_made_up.py")
    assert code == 1
    assert f"{len(CLAIMS)} failed, 3 passed" in said, said
    assert [words for words in CLAIMS.values() if words not in said] == []


ALIKE = """
import pytest

STORIES = {"a/b": "happy-path", "a-b": "late-parcel", "A-b": "never-arrived"}

def test_snap(rehearse):
    rehearse.matches_snapshot(rehearse("tea", "%s"))

class TestA:
    def test_snap(self, rehearse):
        rehearse.matches_snapshot(rehearse("tea", "late-parcel"))

class TestB:
    def test_snap(self, rehearse):
        rehearse.matches_snapshot(rehearse("tea", "never-arrived"))

@pytest.mark.parametrize("story", STORIES)
def test_each(rehearse, story):
    rehearse.matches_snapshot(rehearse("tea", STORIES[story]))
"""


def test_no_two_tests_share_a_snapshot(shop: Path) -> None:
    """Of several modules, classes and parameters: what one run keeps the next finds."""
    for module, story in (("test_a", "happy-path"), ("test_b", "late-parcel")):
        (shop / "tests" / f"{module}.py").write_text(ALIKE % story)
    kept = shop / "tests" / "__rehearsals__"
    (kept / "test_snap.txt").write_text("# of either\n")
    ours = ("tests/test_a.py", "tests/test_b.py")
    code, said = run(shop, *ours)
    assert code == 1
    assert "There is no snapshot __rehearsals__/test_b/TestA.test_snap.txt yet" in said
    assert "__rehearsals__/test_snap.txt, is read no longer: remove it" in said
    assert run(shop, *ours, "--rehearsal-update")[0] == 0
    code, said = run(shop, *ours)
    assert code == 0, said
    names = [re.sub("~.*", "~.txt", file.name) for file in (kept / "test_a").iterdir()]
    plain = ["TestA.test_snap.txt", "TestB.test_snap.txt", "test_each-a-b.txt", "test_snap.txt"]
    assert sorted(names) == sorted([*plain, "test_each-a-b~.txt", "test_each-A-b~.txt"])


IMPURE = '''"""Journeys that say something else in every process."""
import asyncio, random, time
from doorstep import Journey, Purpose, journey

async def nothing():
    pass

class Impure(Journey):
    async def run(self):
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        return await self.word()

@journey("impure-random", version=1)
class Random(Impure):
    async def run(self):
        return await super().run()
    async def word(self):
        return str(random.random())

@journey("impure-choice", version=1)
class Choice(Impure):
    async def run(self):
        return await super().run()
    async def word(self):
        return random.choice(["heads", "tails"])

@journey("impure-clock", version=1)
class Clock(Impure):
    async def run(self):
        return await super().run()
    async def word(self):
        return str(time.time())

@journey("impure-moment", version=1)
class Moment(Impure):
    async def run(self):
        return await super().run()
    async def word(self):
        return time.strftime("%Y")

@journey("impure-dice", version=1)
class Dice(Impure):
    async def run(self):
        return await super().run()
    async def word(self):
        return str(random.Random().random())

@journey("impure-group", version=1)
class Group(Impure):
    async def run(self):
        return await super().run()
    async def word(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(nothing())
        return "done"
'''


def test_clock_chance_and_task_groups_fail_the_test_as_they_would_fail_a_worker(shop: Path) -> None:
    """The fast run alone calls each of them sound."""
    (shop / "teashop" / "impure.py").write_text(IMPURE)
    (shop / "teashop" / "__init__.py").open("a").write("from teashop import impure\n")
    (shop / "tests" / "test_impure.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('name', ['random', 'choice', 'clock', 'moment', 'dice', 'group'])\n"
        "def test_one(rehearse, name):\n    rehearse(f'impure-{name}')\n"
    )
    code, said = run(shop, "tests/test_impure.py")
    assert code == 1
    assert "6 failed" in said, said
    for what in (
        "random.random", "random.choice", "time.time", "time.strftime", "random.Random", "asyncio.TaskGroup"
    ):  # fmt: skip
        assert re.search(rf"must be mended: .*{re.escape(what)}", said), (what, said)


def test_a_shipped_scenario_of_other_steps_is_noted_and_no_failure(shop: Path, tmp_path: Path) -> None:
    """In text, JSON and HTML alike; only the file of one's own fails for it."""
    env = {**os.environ, "DOORSTEP_STORE_PACKAGES": "teashop", "PYTHONPATH": os.pathsep.join(sys.path)}

    def doorstep(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "doorstep", "rehearse", "tea", *words],
            cwd=shop, env=env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    page = tmp_path / "all.html"
    code, said = doorstep("--all", "--html", str(page))
    assert code == 0, said
    notes = [line.strip() for line in said.splitlines() if "Not for this journey" in line]
    assert "– Not for this journey: it has no step 'check-in'." in notes
    assert len([line for line in said.splitlines() if line.startswith("– ")]) == len(notes) == 5
    assert "5 not for this journey" in page.read_text()
    assert page.read_text().count("Not for this journey: it has no step") == 5

    code, said = doorstep("-s", "sms-stop", "--json")
    [told] = json.loads(said)
    assert (code, told["problems"], told["lacks"]) == (0, [], ["attempt-failed"])
    assert told["note"] == "Not for this journey: it has no step 'attempt-failed'."

    shutil.copy(Path(shelf.SHIPPED) / "sms-stop.yaml", tmp_path)
    code, said = doorstep("-s", str(tmp_path / "sms-stop.yaml"))
    assert code == 1
    assert "never came to a step 'attempt-failed'" in " ".join(said.split())

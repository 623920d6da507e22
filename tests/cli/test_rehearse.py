"""`doorstep rehearse`, as a person and a script use it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

PACKAGE = '''"""A tea shop."""
from doorstep import Delivered, Journey, Purpose, journey

@journey("teashop", version=1)
class Tea(Journey):
    async def run(self):
        await self.send("steep", purpose=Purpose.TRANSACTIONAL, prompted=True)
        return "done"
'''


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A store package with a journey, a template and a scenario of its own."""
    home = tmp_path / "rehearsed_teashop"
    (home / "templates" / "steep").mkdir(parents=True)
    (home / "scenarios").mkdir()
    (home / "__init__.py").write_text(PACKAGE)
    (home / "brand.toml").write_text('name = "Steep & Co"\nsupport_email = "help@steep.example"\n')
    (home / "templates" / "steep" / "subject.txt.j2").write_text("Three minutes")
    (home / "templates" / "steep" / "email.html.j2").write_text("<p>For {{ person.first_name }}.</p>")
    (home / "scenarios" / "monday.yaml").write_text("scenario: monday\nabout: Ours.\n")
    return home


def doorstep(*words: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "doorstep", "rehearse", *words],
        env=environment(home), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def environment(home: Path | None) -> dict[str, str]:
    if home is None:
        return {**os.environ, "PYTHONUNBUFFERED": "1"}
    path = os.pathsep.join(p for p in (str(home.parent), os.environ.get("PYTHONPATH", "")) if p)
    more = {"PYTHONPATH": path, "DOORSTEP_STORE_PACKAGES": home.name}
    return {**os.environ, "PYTHONUNBUFFERED": "1", **more}


def test_the_happy_path_is_told_in_a_hundred_columns() -> None:
    told = doorstep()
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("happy-path  standard.v1")
    assert "completed on day 90" in lines[0]
    assert any("✓ order-confirmation" in line and "email" in line for line in lines)
    assert any("── delivered" in line for line in lines)


def test_every_scenario_fits_a_hundred_columns() -> None:
    from doorstep.rehearsal import shelf, terminal
    from doorstep.rehearsal.rehearse import rehearse

    for scenario in shelf.every():
        for line in terminal.page(rehearse("standard", scenario)):
            assert len(line) <= 100, (scenario.name, line)


def test_json_is_a_list_with_one_object_for_each_scenario() -> None:
    told = doorstep("standard", "--scenario", "late-parcel", "--scenario", "sms-stop", "--json")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert [one["scenario"] for one in found] == ["late-parcel", "sms-stop"]
    for one in found:
        assert {"scenario", "elapsed_ms", "touches", "events", "outcome"} <= set(one)
        assert one["outcome"] == "completed"
        assert {"step", "state", "reason", "at", "channel"} <= set(one["touches"][0])


def test_all_of_them_are_one_line_each(tmp_path: Path) -> None:
    page = tmp_path / "all.html"
    told = doorstep("--all", "--html", str(page))
    assert told.returncode == 0, told.stdout
    assert len(told.stdout.splitlines()) >= 24
    assert max(map(len, told.stdout.splitlines())) <= 100
    html = page.read_text()
    assert html.count("<article") == len(told.stdout.splitlines())
    assert "<script" not in html
    assert "(a parcel in trouble, asked 9 times)" in html  # one line, not nine
    assert "http" not in html.split("<main>")[0]  # nothing is fetched


def test_the_scenarios_can_be_listed() -> None:
    told = doorstep("--list", "--json")
    assert "happy-path" in [one["scenario"] for one in json.loads(told.stdout)]
    lines = doorstep("--list").stdout.splitlines()
    assert any(line.startswith("happy-path ") for line in lines)
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("standrad",), "Did you mean 'standard'"),
        (("standard", "--scenario", "hapy-path"), "Did you mean 'happy-path'"),
        (("standard", "--scenario", "no.yaml"), "no file no.yaml"),
        (("standard", "--all", "--scenario", "happy-path"), "exclude each other"),
        (("standard", "--html", "/nowhere/at/all.html"), "no folder /nowhere/at"),
        (("standard", "--html", "/"), "--html: / is a folder"),
    ],
)
def test_a_wrong_name_is_offered_the_nearest_and_ends_with_1(words: tuple[str, ...], said: str) -> None:
    told = doorstep(*words)
    assert told.returncode == 1
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_a_store_package_rehearses_its_own_journeys_templates_and_scenarios(shop: Path) -> None:
    told = doorstep("teashop", "--scenario", "monday", "--json", home=shop)
    assert told.returncode == 0, told.stderr
    touch = json.loads(told.stdout)[0]["touches"][0]
    assert (touch["subject"], touch["text"]) == ("Three minutes", "For Mila.\n")


@pytest.mark.parametrize(
    ("brought", "name"), [("", "Steep & Co"), ("shop: {name: Oolong & Sons}\n", "Oolong & Sons")]
)
def test_its_messages_bear_the_name_of_its_brand(shop: Path, brought: str, name: str) -> None:
    """They named the invented shop above the store's own address; a scenario may name another."""
    (shop / "templates" / "steep" / "email.html.j2").write_text(
        "<p>From {{ store.name }}, {{ brand.name }}.</p>"
    )
    (shop / "scenarios" / "monday.yaml").write_text(f"scenario: monday\n{brought}")
    told = doorstep("teashop", "--scenario", "monday", "--json", home=shop)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)[0]["touches"][0]["text"] == f"From {name}, {name}.\n"


OWN_EVENT = '''"""A tea shop that hears of broken pots."""
from doorstep import Event, Journey, Purpose, event, journey

@event("pot.broken")
class PotBroken(Event):
    pass

@journey("teashop", version=1)
class Tea(Journey):
    async def run(self):
        await self.send("steep", purpose=Purpose.TRANSACTIONAL, prompted=True)
        await self.wait_for(PotBroken, until=self.day(7))
        return "done"
'''


def test_scenarios_about_a_stores_own_event_are_listed(shop: Path) -> None:
    """Its package says what that is; the list is not refused for one of them."""
    (shop / "__init__.py").write_text(OWN_EVENT)
    (shop / "scenarios" / "broken.yaml").write_text(
        "scenario: broken\nabout: A pot.\ntimeline:\n  - at: day 2 10:00\n    event: pot.broken\n"
    )
    listed = doorstep("--list", home=shop)
    assert listed.returncode == 0, listed.stderr
    assert re.search(r"^broken +A pot\.$", listed.stdout, re.MULTILINE)
    played = doorstep("teashop", "--scenario", "broken", home=shop)
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ('("smss",)', "'smss' is no channel. Did you mean 'sms'?"),
        ('"sms"', "channels= got 'sms' by itself."),
    ],
)
def test_a_channel_that_is_none_is_told_with_its_line(shop: Path, channels: str, said: str) -> None:
    """Whoever decodes such a touch could only fail, again and again, and the wrong line would be blamed."""
    (shop / "__init__.py").write_text(PACKAGE.replace("prompted=True", f"prompted=True, channels={channels}"))
    told = doorstep("teashop", home=shop)
    assert told.returncode == 1
    assert said in " ".join(told.stdout.split())
    assert "__init__.py:7" in told.stdout


def test_a_rehearsal_that_fails_ends_with_1_and_says_why(shop: Path) -> None:
    (shop / "templates" / "steep" / "email.html.j2").write_text("<p>{{ person.nickname }}</p>")
    told = doorstep("teashop", home=shop)
    assert told.returncode == 1
    assert "✗ steep: Template 'steep' (email)" in told.stdout
    assert "person.nickname" in told.stdout
    assert told.stderr == "", "the timeline says it, and no log beside it"


def test_a_journey_that_spins_keeps_nobody_waiting(shop: Path) -> None:
    """It is told where it loops, in seconds: other hash seeds, whose processes wait longer, are not waited for."""
    (shop / "__init__.py").write_text(PACKAGE.replace('return "done"', "while True: pass"))
    told = doorstep("teashop", home=shop)
    assert told.returncode == 1
    assert "does not come back: it loops without waiting" in " ".join(told.stdout.split())
    assert "__init__.py:8" in told.stdout


def test_chance_in_a_journey_is_refused_with_its_line(shop: Path) -> None:
    """What the worker's sandbox would refuse, a rehearsal refuses first."""
    wrong = PACKAGE.replace("from doorstep", "import random\nfrom doorstep", 1)
    (shop / "__init__.py").write_text(wrong.replace('return "done"', "return str(random.random())"))
    told = doorstep("teashop", home=shop)
    assert told.returncode == 1
    assert "random" in told.stdout
    assert "__init__.py:9" in told.stdout


@pytest.mark.parametrize(
    "leaves",
    ['{"assam", "sencha", "oolong", "rooibos"}', '{"community", "win-back-45"}'],
    ids=["four", "two"],
)
def test_a_journey_that_goes_through_a_set_is_found_under_other_hash_seeds(shop: Path, leaves: str) -> None:
    """Neither the sandbox nor a second run in the same process can see it. The two stand in one order under the seeds 1
    and 2."""
    sent = 'await self.send("steep", purpose=Purpose.TRANSACTIONAL, prompted=True)'
    each = f"""for leaf in {leaves}:
            await self.send("steep", purpose=Purpose.TRANSACTIONAL, about=leaf)"""
    (shop / "__init__.py").write_text(PACKAGE.replace(sent, each))
    told = doorstep("teashop", "--scenario", "monday", home=shop)
    assert told.returncode == 1
    said = " ".join(told.stdout.split())
    assert "not deterministic" in said
    assert "schedule activity touch steep" in said
    assert re.search(r"under PYTHONHASHSEED=\d+ and .* under \d+\.? ?", said)
    assert "__init__.py:8" in said


def test_a_phase_that_a_set_decides_is_found_too(shop: Path) -> None:
    """No command but the one that tells support: which phase was last differs from one worker to the next."""
    sent = 'await self.send("steep", purpose=Purpose.TRANSACTIONAL, prompted=True)'
    each = f"""for leaf in {{"black", "green", "white"}}:
            self.phase(leaf)
        {sent}"""
    (shop / "__init__.py").write_text(PACKAGE.replace(sent, each))
    told = doorstep("teashop", "--scenario", "monday", home=shop)
    assert told.returncode == 1
    said = " ".join(told.stdout.split())
    assert re.search(
        r"it says \[phase '(\w+)'\] under PYTHONHASHSEED=\d+ and \[phase '(?!\1)\w+'\] under \d+", said
    ), said
    assert "__init__.py:7" in said


@pytest.mark.parametrize("words", [("rehearse", "teashop"), ("explore", "--list")])
def test_a_store_package_with_a_syntax_error_is_told_with_file_and_line(
    shop: Path, words: tuple[str, ...]
) -> None:
    (shop / "__init__.py").write_text(PACKAGE.replace("async def run(self):", "async def run(self:"))
    told = subprocess.run(
        [sys.executable, "-m", "doorstep", *words],
        env=environment(shop), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    assert "The store package 'rehearsed_teashop' cannot be imported: " in told.stderr
    assert "__init__.py:6: " in told.stderr
    assert "Traceback" not in told.stderr


def test_a_scenario_with_a_mistake_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scenario: mine\ntimeline:\n  - at: day 1 10:00\n    customer: jumps\n")
    told = doorstep("standard", "--scenario", str(file))
    assert told.returncode == 1
    assert f"{file}:4: " in told.stderr


def test_watching_it_plays_again_when_a_scenario_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scenario: mine\nabout: The first.\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "doorstep", "rehearse", "standard", "--scenario", str(file), "--watch"],
        env=environment(None), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        assert _comes("The first.", said, 60)
        for again in range(20):  # the watcher may not be looking yet
            file.write_text(f"scenario: mine\nabout: The second.\n# {again}\n")
            if _comes("The second.", said, 5):
                return
        raise AssertionError("it did not play again")
    finally:
        process.terminate()
        process.wait(60)


def _comes(words: str, said: list[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(words in line for line in said):
            return True
        time.sleep(0.05)
    return False


SPEAKING = PACKAGE.replace("from doorstep", "from temporalio import workflow\nfrom doorstep").replace(
    "        return",
    """        workflow.logger.warning("steeping %s", "hard")
        print("printed")
        return""",
)


@pytest.mark.parametrize("asked", [("happy-path",), ("happy-path", "three-orders-at-once")])
def test_what_a_journey_logs_and_prints_is_heard_once_and_beside_the_answer(
    shop: Path, asked: tuple[str, ...]
) -> None:
    """Each story is played in the sandbox, fast, and under other hash seeds; it is told of one of them."""
    (shop / "__init__.py").write_text(SPEAKING)
    words = [word for name in asked for word in ("--scenario", name)]
    told = doorstep("teashop", *words, "--json", home=shop)
    assert told.returncode == 0, told.stderr
    stories = json.loads(told.stdout)
    journeys = sum(event["kind"] == "order" for story in stories for event in story["events"])
    said = [line for line in told.stderr.splitlines() if "steeping" in line]
    assert len(said) == told.stderr.count("printed") == journeys == (1 if len(asked) == 1 else 4)
    assert ("happy-path  " * (len(asked) > 1) + "Mon  2 Mar 10:15:02  warning: steeping hard") in said

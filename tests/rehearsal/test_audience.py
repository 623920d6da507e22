"""A scenario is for the journeys that it names; what is for others is left out, or noted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.rehearsal.mistakes import check

from doorstep import Journey, Purpose, journey
from doorstep.errors import ScenarioError
from doorstep.rehearsal import shelf
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Kind
from doorstep.rehearsal.writing import write
from doorstep.workflows import registry

JOURNEYS = """
from doorstep import Delivered, Event, Journey, event, journey

@event("bike.returned")
class BikeReturned(Event):
    scratches: int = 0

@journey("ride", version=1)
class Ride(Journey):
    async def run(self):
        if await self.wait_for(Delivered, until=self.day(14)):
            await self.send("care-guide")
        return "completed"

@journey("rental", version=1)
class Rental(Journey):
    async def run(self):
        if await self.wait_for(BikeReturned, until=self.day(14)):
            await self.send("review-request")
        return "completed"
"""
RIDES = "scenario: rides\njourney: ride\ntimeline:\n  - at: day 2 12:00\n    event: shipment.delivered\n"
NOTED = (
    "scenario: unsaid\nlimits: ['at most 1 care-guide in 1 day']\ntimeline:\n  - at: day 2 12:00\n"
    "    event: shipment.delivered\n  - {at: 2h after care-guide, customer: opens, step: care-guide}\n"
)


@journey("audience-own", version=1)
class Own(Journey):
    """Has a step that shipped scenarios follow, and comes to it in no story of theirs."""

    async def run(self) -> str:
        if self.first_order and self.vip and self.country == "nowhere":
            await self.send("review-request", purpose=Purpose.TRANSACTIONAL)
        return "completed"


registry._JOURNEYS.pop("audience-own.v1")  # other tests count the published journeys


class Shop:
    """A store's package of two journeys, and the CLI over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenarios = folder / "cyclery" / "scenarios"
        self.scenarios.mkdir(parents=True)
        (folder / "cyclery" / "__init__.py").write_text(JOURNEYS)
        (self.scenarios / "rides.yaml").write_text(RIDES)

    def run(self, *words: str) -> tuple[int, str, str]:
        path = os.pathsep.join([str(self.folder), *sys.path])
        done = subprocess.run(
            [sys.executable, "-m", "doorstep", *words],
            cwd=self.folder,
            env={**os.environ, "DOORSTEP_STORE_PACKAGES": "cyclery", "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, " ".join(done.stderr.split())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.mark.parametrize(
    ("told", "names"), [("ride", ("ride",)), ("[ride, rental.v1]", ("ride", "rental.v1"))]
)
def test_a_file_says_for_whom_it_is(told: str, names: tuple[str, ...]) -> None:
    scenario = read(f"scenario: it\njourney: {told}\n")
    assert scenario.journeys == names
    assert read(write(scenario)) == scenario


@pytest.mark.parametrize("told", ["''", "[]", "[ride, '']"])
def test_a_name_that_says_nothing_is_refused(told: str) -> None:
    check((f"scenario: it\njourney: {told}\n", 2, "'journey' names nothing."))


def test_in_python_a_text_and_what_is_no_name_are_refused() -> None:
    text: Any = "ride"
    number: Any = (5,)
    with pytest.raises(ScenarioError, match=r"Write journeys=\('ride',\)\."):
        rehearse("standard", Scenario(name="mine", journeys=text))
    with pytest.raises(ScenarioError, match="'journeys' holds 5, no name"):
        rehearse("standard", Scenario(name="mine", journeys=number))


def test_a_scenario_for_others_is_not_played_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scenario: mine\njourney: standrad\n")
    with pytest.raises(
        ScenarioError, match=r"mine.yaml:2: there is no journey 'standrad'. Did you mean 'standard'"
    ):
        rehearse(Own, shelf.load(str(file)))
    file.write_text("scenario: mine\nabout: x\njourney: standard\n")
    with pytest.raises(ScenarioError) as refused:
        rehearse(Own, shelf.load(str(file)))
    assert str(refused.value) == (
        f"{file}:3: the scenario 'mine' is for the journey 'standard', not for 'audience-own'. "
        "Play it with 'standard', or write 'journey: [standard, audience-own]'."
    )
    for names in (("standard",), ("standard.v1", "tea")):
        assert rehearse("standard", Scenario(name="mine", journeys=names), render=False).ok


def test_all_and_a_search_leave_out_what_is_for_others(shop: Shop) -> None:
    code, said, told = shop.run("rehearse", "rental", "--all", "--json")
    timelines = json.loads(said)
    assert (code, [t["problems"] for t in timelines if t["problems"]]) == (0, [])
    assert len(timelines) == len(shelf.files())
    assert "Left out, for other journeys: rides." in told
    code, said, told = shop.run("explore", "rental", "--runs", "3", "--only", "-l", "at most 9 sms in 1 day")
    assert code == 0, said + told


def test_one_that_is_asked_for_says_plainly_that_it_is_for_another(shop: Shop) -> None:
    wanted = "rides.yaml:2: the scenario 'rides' is for the journey 'ride', not for 'rental'"
    for words in (("rehearse", "rental", "-s", "rides"), ("diff", "rental.v1", "rental.v1", "-s", "rides")):
        code, _, told = shop.run(*words)
        assert code != 0
        assert wanted in told
    code, said, _ = shop.run("diff", "ride.v1", "ride.v1", "-s", "rides", "--json")
    assert (code, len(json.loads(said)["scenarios"])) == (0, 1)
    code, said, _ = shop.run("diff", "rental.v1", "rental.v1", "--json")
    assert (code, len(json.loads(said)["scenarios"])) == (0, len(shelf.files()))


def test_a_misspelt_journey_is_offered_the_nearest_wherever_all_are_played(shop: Shop) -> None:
    (shop.scenarios / "rides.yaml").write_text(RIDES.replace("journey: ride", "journey: rid"))
    for words in (("rehearse", "ride", "--all"), ("diff", "ride.v1", "ride.v1")):
        code, _, told = shop.run(*words)
        assert code != 0
        assert "rides.yaml:2: there is no journey 'rid'. Did you mean 'ride'?" in told


def test_a_packages_file_that_speaks_of_its_other_journeys_step_is_noted(shop: Shop) -> None:
    """Without `journey:` in it. A step that nobody has stays a mistake."""
    (shop.scenarios / "unsaid.yaml").write_text(NOTED)
    code, said, _ = shop.run("rehearse", "rental", "-s", "unsaid", "--json")
    [told] = json.loads(said)
    assert (code, told["problems"], told["lacks"]) == (0, [], ["care-guide"])
    (shop.scenarios / "unsaid.yaml").write_text(NOTED.replace("care-guide", "care-gide"))
    code, said, _ = shop.run("rehearse", "rental", "-s", "unsaid", "--json")
    assert code == 1
    assert "'care-gide'" in json.loads(said)[0]["problems"][0]


def test_a_shipped_scenario_whose_step_never_comes_is_noted_for_anothers_journey() -> None:
    """Who wrote the journey cannot change the file."""
    timeline = rehearse(Own, shelf.load("bad-review-resolved"))
    assert timeline.problems == ()
    assert timeline.lacks == ()
    notes = [(e.what, e.detail) for e in timeline.events if e.kind is Kind.NOTE]
    assert notes == [("never came: review-request", "the journey never came to that step")]

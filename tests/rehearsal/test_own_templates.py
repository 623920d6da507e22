"""In Python a journey is rehearsed with the templates of its own package, as on the command line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doorstep.errors import BadInput, ScenarioError
from doorstep.rehearsal import shelf
from doorstep.rehearsal.in_sandbox import proven
from doorstep.rehearsal.rehearse import built_in, rehearse, templates_of
from doorstep.workflows import registry

EXAMPLE = Path(__file__).parents[2] / "examples" / "teashop"


@pytest.fixture
def tea(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example's journey, imported while the test runs and no longer: other tests count the published journeys."""
    registry.load()
    before = registry.journeys()
    routes = [*registry._ROUTING]
    monkeypatch.syspath_prepend(str(EXAMPLE))
    shop = importlib.import_module("teashop")
    yield registry.journeys()["tea.v1"]
    for name in [name for name in sys.modules if name.partition(".")[0] == shop.__name__]:
        del sys.modules[name]
    registry._JOURNEYS.clear()
    registry._JOURNEYS.update(before)
    registry._ROUTING[:] = routes


@pytest.mark.parametrize("play", [rehearse, proven])
def test_the_documented_lines_hold_for_a_store_with_templates_of_its_own(tea: Any, play: Any) -> None:
    timeline = play("tea", shelf.load("late-parcel"))
    assert timeline.ok, timeline.problems
    assert timeline.touch("brew-guide").sent
    assert any("Warm cups" in touch.text for touch in timeline.sent)  # its brand signs


def test_ours_are_made_once_and_are_what_a_journey_without_any_gets(tea: Any) -> None:
    assert templates_of(registry.journeys()["standard.v1"]) is built_in()
    assert templates_of(tea) is templates_of(tea) is not built_in()

    class Local:
        journey_name = "local"

    assert templates_of(Local) is built_in()  # `tests/templates` holds no templates


@pytest.mark.parametrize("given", ["late-parcel", None, Path("mine.yaml")])
def test_what_is_no_scenario_is_told_how_to_load_one(given: Any) -> None:
    for play in (rehearse, proven):
        with pytest.raises(ScenarioError, match=r"is no scenario\. .*shelf\.load\('late-parcel'\)"):
            play("standard", given)


def test_a_misspelt_step_is_not_answered_by_none() -> None:
    timeline = rehearse("standard", shelf.load("happy-path"), render=False)
    for name in ("care-gudie", "care-gudie:fern"):
        with pytest.raises(BadInput, match=f"has no step '{name}'. Did you mean 'care-guide'"):
            timeline.touch(name)
    assert timeline.touch("attempt-failed") is None  # one that it has, and that did not come
    assert timeline.touch("care-guide:nobody") is None
    assert timeline.touch("rental-return") is None  # another journey's

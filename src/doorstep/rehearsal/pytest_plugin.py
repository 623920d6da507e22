"""The pytest plugin: the `rehearse` fixture and `--rehearsal-update`. Installed with the package.

`pytest.ini`: `doorstep_packages = teashop` names the packages whose journeys, templates and scenarios are meant, as
DOORSTEP_STORE_PACKAGES does for everything else. Nothing heavy is imported before a test asks for the fixture.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from doorstep.rehearsal.scenario import Scenario
    from doorstep.rehearsal.story import Story
    from doorstep.rehearsal.timeline import Timeline

FOLDER = "__rehearsals__"
UPDATE = "--rehearsal-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rehearsal-update`, and the packages in the settings file."""
    group = parser.getgroup("doorstep")
    group.addoption(UPDATE, action="store_true", help="Write the timelines of `matches_snapshot` anew.")
    parser.addini("doorstep_packages", "Packages of journeys, templates and scenarios.", type="args")


class Rehearse:
    """`rehearse(journey, scenario)` answers a `Story`. `scenario`: a name, a file beside the test, or a `Scenario`."""

    def __init__(
        self, packages: tuple[str, ...], beside: Path, test: tuple[str, ...], *, update: bool
    ) -> None:
        """`test`: its module, its classes if any, and its own name with its parameters' in brackets."""
        self._packages, self._beside, self._test, self._update = packages, beside, test, update
        self._kept: list[str] = []

    def __call__(
        self, journey: str | type[Any], scenario: str | Path | Scenario = "happy-path", **options: Any
    ) -> Story:
        """Play it; `options` are those of `doorstep.rehearsal.rehearse.rehearse`. The story must be sound, in the
        worker's sandbox too, where each class and story is played once in a session (not with `sandboxed` given: then
        it is played that way only): else `AssertionError`. Raises `ScenarioError` and `SetupError` as that does."""
        from doorstep.rehearsal.in_sandbox import proven
        from doorstep.rehearsal.rehearse import journey_class, rehearse
        from doorstep.rehearsal.story import Story
        from doorstep.templates.packages import renderer
        from doorstep.workflows import registry

        registry.load(self._packages)
        if self._packages:
            options.setdefault("renderer", renderer(self._packages))
        play = rehearse if "sandboxed" in options else proven
        timeline = play(journey, self.scenario(scenario), **options)
        return Story(timeline, journey_class(journey)[1]).is_sound()

    def scenario(self, named: str | Path | Scenario) -> Scenario:
        """A scenario by its name, or from a file that is named as seen from the test's folder. Raises `ScenarioError`
        for what is none of these."""
        from doorstep.errors import ScenarioError
        from doorstep.rehearsal import shelf
        from doorstep.rehearsal.scenario import Scenario

        if isinstance(named, Scenario):
            return named
        if not isinstance(named, str | Path):
            raise ScenarioError(
                f"{named!r:.60} is no scenario.",
                mend="Give its name, such as 'late-parcel', a file beside the test, or a `Scenario`.",
            )
        beside = self._beside / named
        return shelf.load(str(beside if beside.is_file() else named), self._packages)

    def matches_snapshot(self, story: Story | Timeline, name: str = "") -> None:
        """The timeline is the one kept in `__rehearsals__/` beside the test, in a file of this test's own;
        `--rehearsal-update` keeps today's. One that is not kept yet fails too: nobody has looked at it, and so does a
        file that is no snapshot. Raises `TypeError` for what is no story."""
        from doorstep.errors import ScenarioError
        from doorstep.rehearsal import snapshots
        from doorstep.rehearsal.story import Story
        from doorstep.rehearsal.timeline import Timeline

        __tracebackhide__ = True
        timeline = story.timeline if isinstance(story, Story) else story
        if not isinstance(timeline, Timeline):
            raise TypeError(f"{story!r:.60} is no story. Give what rehearse(…) answered.")
        kept = snapshots.file_of(self._test, name)
        file = self._beside / FOLDER / kept
        if file.name in self._kept:
            pytest.fail(f"Two snapshots of one test need names: matches_snapshot(story, {name!r}) is taken.")
        self._kept.append(file.name)
        if self._update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(snapshots.text_of(timeline), encoding="utf-8")
            return
        if not file.is_file():
            pytest.fail(
                f"There is no snapshot {FOLDER}/{kept} yet. Look at the story, then run pytest {UPDATE}."
                f"{self._named_before(name)}"
            )
        try:
            found = snapshots.differences(snapshots.read(file), timeline)
        except ScenarioError as error:
            pytest.fail(f"{FOLDER}/{kept}: {error}", pytrace=False)
        if found:
            lines = snapshots.told(found, timeline.zone)
            head = f"{timeline.scenario} is not as it was kept in {FOLDER}/{kept}:"
            pytest.fail("\n".join([head, *lines, f"If that is meant: pytest {UPDATE}"]), pytrace=False)

    def _named_before(self, name: str) -> str:
        """What to do with a file of the name that tests of several modules and classes shared."""
        from doorstep.rehearsal import snapshots

        old = snapshots.shared_name(self._test, name)
        if not (self._beside / FOLDER / old).is_file():
            return ""
        return f" (One of the old name, {FOLDER}/{old}, is read no longer: remove it.)"


@pytest.fixture
def rehearse(request: pytest.FixtureRequest) -> Rehearse:
    """Ninety days of a journey in milliseconds (docs/rehearsing.md, docs/authoring.md)."""
    packages: list[str] = request.config.getini("doorstep_packages")
    if not packages:
        packages = [p.strip() for p in os.environ.get("DOORSTEP_STORE_PACKAGES", "").split(",") if p.strip()]
    update = bool(request.config.getoption(UPDATE))
    classes = [node.name for node in request.node.listchain() if isinstance(node, pytest.Class)]
    test = (request.path.stem, *classes, request.node.name)
    return Rehearse(tuple(packages), request.path.parent, test, update=update)

"""`rehearse(journey, scenario)`: one scenario from its order to its last word, in milliseconds.

timeline = rehearse("standard", load("late-parcel"))
assert timeline.touch("delayed").sent
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from doorstep.domain.customers import Suppression, SuppressionCause
from doorstep.errors import SetupError
from doorstep.garbage import rarely
from doorstep.packages import home
from doorstep.ports import Renderer
from doorstep.rehearsal import audience, guard, in_python
from doorstep.rehearsal.chronicle import written
from doorstep.rehearsal.limits.holding import held_to
from doorstep.rehearsal.memory import Links, plain_links
from doorstep.rehearsal.moments import FIRST_DAY
from doorstep.rehearsal.playing import Play
from doorstep.rehearsal.records import PersonRecord, Records, products_of
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.shop import BRAND, DEFAULT_SHOP, Shop
from doorstep.rehearsal.telling import ADDRESSES
from doorstep.rehearsal.timeline import Timeline
from doorstep.rehearsal.world import Unrendered, World
from doorstep.templates.brand import DEFAULT_BRAND
from doorstep.templates.packages import renderer as renderer_of
from doorstep.templates.renderer import Renderer as Templates
from doorstep.workflows import registry

_LONG_BEFORE = timedelta(days=400)


def rehearse(
    journey: str | type[Any],
    scenario: Scenario,
    *,
    render: bool = True,
    first_day: date = FIRST_DAY,
    renderer: Renderer | None = None,
    links: Links = plain_links,
    person_ref: str = "",
    sandboxed: bool | None = False,
    later_first: bool = False,
) -> Timeline:
    """Plays a scenario and tells what became of it. `journey`: a published name (its newest version), a workflow type
    such as `standard.v1`, or the class itself. `render=False` fills no templates in: no words, three times as fast.
    `sandboxed`: in the worker's sandbox; None: until this class has once been proven in it (`engine.Engine`).
    As it is by default nothing proves that the journey is deterministic: its clock, its chance and its TaskGroup go
    through, and a forgotten `await`. `doorstep rehearse`, the pytest fixture of this name and `doorstep explore` prove
    what they tell (`in_sandbox.proven`, which plays the story in the sandbox first); of set order, `doorstep rehearse`
    alone.
    `first_day`: the local date on which the order is placed, unless the scenario names one. `renderer`: by default
    the templates and brand of the packages that published the class and those it is made from; where they bring none,
    the built-in ones in the brand of an invented shop. `person_ref`: another than the scenario's;
    it decides variants and holdouts. `later_first`: of two journeys due in one instant the one that started later acts
    first, not the earlier, and of two timers of one journey the one set later; on a server it is either.

    What must be mended (a template's missing variable, an error in the journey, a limit of the scenario's that was
    broken or is about a step which the journey does not have) is in the timeline's `problems`.
    Raises `ScenarioError` for a scenario that cannot be played and `SetupError` for an unknown journey.
    """
    begun = time.perf_counter()
    kind, cls = journey_class(journey)
    templates = renderer or templates_of(cls)  # type: ignore[arg-type] # by identity
    with (
        rarely()
    ):  # as far as everything of the play is gone: looking for garbage earlier would go through all of it
        return _rehearsed(
            kind,
            cls,
            scenario,
            begun,
            renderer=templates if render else _unrendered(templates),  # type: ignore[arg-type] # by identity
            first_day=first_day,
            links=links,
            person_ref=person_ref,
            sandboxed=sandboxed,
            later_first=later_first,
        )


def _rehearsed(kind: str, cls: type[Any], scenario: Scenario, begun: float, **given: Any) -> Timeline:
    """`given`: as for `staged`."""
    play = staged(cls, scenario, **given)
    if scenario.journeys:
        audience.check(scenario, kind)
    try:
        with guard.listening():
            play.run()
        return held_to(cls, scenario, written(play, kind, (time.perf_counter() - begun) * 1000))
    finally:
        for engine in play.engines.values():
            engine.close()


def staged(
    cls: type[Any],
    scenario: Scenario,
    *,
    renderer: Renderer,
    first_day: date = FIRST_DAY,
    links: Links = plain_links,
    person_ref: str = "",
    sandboxed: bool | None = False,
    traced: bool = False,
    later_first: bool = False,
) -> Play:
    """A scenario ready to be played; its parameters as those of `rehearse`, `traced` as the engine's. Whoever plays it
    closes its engines. Raises `ScenarioError`."""
    in_python.check(scenario)
    person_ref = person_ref or scenario.person.ref
    placed = scenario.placed.resolve(first_day, scenario.person.zone)
    person = _known_before(scenario, person_ref, placed)
    records = Records(
        shop=_named(scenario.shop, renderer),
        persons={person_ref: person},
        products=dict(products_of(scenario.shop)),
    )
    world = World(records, renderer, links=links)
    return Play(
        scenario, world, person, cls, placed, sandboxed=sandboxed, traced=traced, later_first=later_first
    )


def _named(shop: Shop, renderer: Renderer) -> Shop:
    """The scenario's shop; in a brand of a store's own, and without a name from the scenario, by the brand's name."""
    brand = getattr(renderer, "brand", BRAND)
    if brand is BRAND or brand is DEFAULT_BRAND or shop.name != DEFAULT_SHOP.name:
        return shop
    return replace(shop, name=brand.name)


def _known_before(scenario: Scenario, ref: str, placed: datetime) -> PersonRecord:
    """The scenario's person, as the shop knows them when they order."""
    person = scenario.person
    return PersonRecord(
        ref=ref,
        first_name=person.first_name,
        locale=person.locale,
        zone=person.zone,
        country=person.country,
        addresses={channel: ADDRESSES[channel] for channel in person.reach},
        suppressions=tuple(
            Suppression(channel=c, cause=SuppressionCause.BOUNCE, since=placed - _LONG_BEFORE)
            for c in person.suppressed
        ),
    )


@lru_cache(maxsize=1)
def built_in() -> Templates:
    """The built-in templates, compiled once for all rehearsals of the process."""
    return Templates(brand=BRAND)


@lru_cache(maxsize=64)
def templates_of(cls: Any) -> Templates:
    """What a journey's messages are filled in with unless somebody says: the templates and brand of the package that
    published it, then those of the packages whose journeys it is made from; where none has any, `built_in`."""
    made = [one.__module__.partition(".")[0] for one in cls.__mro__ if hasattr(one, "journey_name")]
    packages = [name for name in dict.fromkeys(made) if name not in ("doorstep", "__main__")]
    return _packaged(tuple(name for name in packages if _brings(name)))


@lru_cache(maxsize=8)
def _packaged(packages: tuple[str, ...]) -> Templates:
    """One for all journeys of a package."""
    return renderer_of(packages) if packages else built_in()


def _brings(package: str) -> bool:
    """Whether the package has templates or a brand of its own. A folder of that name can be anything else."""
    try:
        place = home(package)
    except SetupError:
        return False  # made up: no package that can be found
    return place is not None and (
        (place / "brand.toml").is_file() or any((place / "templates").glob("*/*.j2"))
    )


@lru_cache(maxsize=8)
def _unrendered(renderer: Any) -> Unrendered:
    """One for all rehearsals with that renderer: it knows each template's digest from the first."""
    return Unrendered(renderer)


def journey_class(journey: str | type[Any]) -> tuple[str, type[Any]]:
    """(workflow type, class). Raises `SetupError` offering the nearest journey, and for what is none."""
    if not isinstance(journey, str):
        if not hasattr(journey, "journey_name") or not hasattr(journey, "__mro__"):
            mend = "Give a published name, such as 'standard', or a class that inherits from `Journey`."
            raise SetupError(f"{journey!r:.60} is no journey.", mend=mend)
        name = (
            f"{journey.journey_name}.v{journey.journey_version}" if journey.journey_name else journey.__name__
        )
        return name, journey
    registry.load()
    kind = registry.newest(journey)
    return kind, registry.journeys()[kind]

"""Two versions, or two revisions, over the same scenarios: what customers would notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doorstep.errors import BadInput, ScenarioError, nearest
from doorstep.rehearsal import audience, shelf
from doorstep.rehearsal.answering import Answering
from doorstep.rehearsal.comparing import Difference, Item, compared
from doorstep.rehearsal.scenario import Scenario
from doorstep.verifying.origins import Origins, alone
from doorstep.verifying.revisions import called, commit_of, known
from doorstep.verifying.side import paired
from doorstep.workflows import registry

Progress = Callable[[str], None]
Ask = Callable[[Mapping[str, Any] | None, Mapping[str, Any] | None], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One scenario on both. `several`: it has more than one order. `trouble`: why it could not be compared."""

    scenario: str
    old: str
    new: str
    zone: str = "UTC"
    several: bool = False
    differences: tuple[Difference, ...] = ()
    trouble: str = ""

    @property
    def same(self) -> bool:
        return not self.differences and not self.trouble


@dataclass(slots=True)
class Diff:
    """`missing`: journeys that only one of them has, in sentences; `origins`: the code that each ran, or of versions
    both."""

    old: str
    new: str
    scenarios: list[Compared] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    origins: list[Origins] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Nothing differs anywhere."""
        return not self.missing and all(one.same for one in self.scenarios)


def diff(
    old: str,
    new: str,
    journey: str | None,
    scenarios: Iterable[str],
    packages: tuple[str, ...],
    progress: Progress = lambda line: None,
) -> Diff:
    """`old` and `new`: two workflow types of this code, or two git revisions (`.`: the working tree). Both play this
    code's scenarios (all that are for the journey, where none is named). Raises `BadInput` and `SetupError`, naming
    what is nearest."""
    registry.load(packages)  # first: a store's scenario may be about an event of its own
    files = _files(scenarios := (*scenarios,), packages)
    named = bool(scenarios)
    types = registry.journeys()
    found = Diff(old, new)
    if old in types and new in types:
        if journey is not None:
            raise BadInput("Two versions name their journey already.", mend=f"Leave '{journey}' out.")
        answering = Answering(packages)
        found.origins = [alone(answering.folders())]
        asked = _asked([(old, new)], files, named=named)
        _play(found, _alone(answering), asked, progress, {"words": True, "closely": True})
        return found
    wrong = [n for n in (old, new) if n not in types and _like_a_version(n)]
    for name in wrong or [n for n in (old, new) if n in types]:
        raise _half(name, types)
    for name in (old, new):
        commit_of(name, Path.cwd())
    progress(f"Making {called(old)} and {called(new)} ready …")
    with paired(old, new, packages) as pair:
        found.origins = [pair.old.origins, pair.new.origins]
        pairs = _pairs(journey, pair.old.journeys, pair.new.journeys, found)
        _play(found, pair.ask, _asked(pairs, files, named=named), progress, pair.asking)
    return found


def _files(names: Iterable[str], packages: tuple[str, ...]) -> dict[str, Path]:
    every = shelf.files(packages)
    wanted: dict[str, Path] = {}
    for name in names:
        shelf.load(name, packages)  # a wrong one is told before anything runs
        path = Path(name) if name.endswith((".yaml", ".yml")) else every[name]
        wanted[path.stem] = path.resolve()
    return wanted or {name: path.resolve() for name, path in every.items()}


def _like_a_version(name: str) -> bool:
    """Meant as a version, not as a revision."""
    stem, dot, number = name.rpartition(".v")
    return bool(dot) and number.isdigit() and bool(stem) and name not in known(Path.cwd())


def _half(name: str, types: Mapping[str, Any]) -> BadInput:
    if name in types:
        return BadInput(
            f"'{name}' is a version and the other is none.",
            mend=f"Give two versions ({', '.join(types)}), or two revisions and then the journey.",
        )
    return BadInput(
        f"There is no version '{name}'.{nearest(name, types)}", mend=f"There are: {', '.join(types)}."
    )


def _alone(answering: Answering) -> Ask:
    """Both versions are of the code that runs here."""

    def ask(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        return [{} if q is None else answering.answer(q) for q in (old, new)]

    return ask


def _pairs(
    journey: str | None, before: tuple[str, ...], after: tuple[str, ...], found: Diff
) -> list[tuple[str, str]]:
    """Which type of one is laid beside which of the other: what a new order would get from each."""
    if journey is not None and journey in (*before, *after):
        names = {journey: ([t for t in before if t == journey], [t for t in after if t == journey])}
    else:
        everyone = sorted({registry.name_of(t) for t in (*before, *after)})
        if journey is not None and journey not in everyone:
            raise BadInput(
                f"There is no journey '{journey}'.{nearest(journey, [*everyone, *before, *after])}",
                mend=f"There are: {', '.join(everyone)}.",
            )
        names = {
            name: (
                [t for t in before if registry.name_of(t) == name],
                [t for t in after if registry.name_of(t) == name],
            )
            for name in ([journey] if journey is not None else everyone)
        }
    pairs = []
    for name, (olds, news) in names.items():
        if olds and news:
            pairs.append((max(olds, key=registry.number_of), max(news, key=registry.number_of)))
        else:
            found.missing.append(f"Only {called(found.old if olds else found.new)} has the journey '{name}'.")
    return pairs


def _asked(
    pairs: list[tuple[str, str]], files: Mapping[str, Path], *, named: bool
) -> list[tuple[str, str, str, Path]]:
    """Every pair with every scenario that is for it: the types, the scenario's name and its file. `named`: they were
    asked for. Raises `ScenarioError` for a scenario that is for a journey which is none, and for one that was asked for
    and is for others."""
    told = {name: one for name, file in files.items() if (one := _readable(file)) is not None}
    audience.check_names(told.values())
    asked = [
        (old, new, name, file)
        for old, new in pairs
        for name, file in files.items()
        if name not in told or all(audience.fits(told[name], kind) for kind in (old, new))
    ]
    fitting = {name for _, _, name, _ in asked}
    for name in [name for name in told if named and name not in fitting]:
        for kind in [kind for pair in pairs for kind in pair]:
            audience.check(told[name], kind)
    return asked


def _readable(file: Path) -> Scenario | None:
    """A store's own, of which a revision says itself why it cannot be played. Ours are for every journey."""
    try:
        return None if file.parent == shelf.SHIPPED.resolve() else shelf.load(str(file))
    except ScenarioError:
        return None


def _play(
    found: Diff,
    ask: Ask,
    asked: list[tuple[str, str, str, Path]],
    progress: Progress,
    asking: Mapping[str, bool],
) -> None:
    for n, (old, new, name, file) in enumerate(asked, 1):
        progress(f"Scenario {n} of {len(asked)}: {name}")
        question = {"ask": "play", "scenario": str(file), **asking}
        answers = ask({**question, "journey": old}, {**question, "journey": new})
        found.scenarios.append(_one(name, old, new, answers))


def _one(name: str, old: str, new: str, answers: list[dict[str, Any]]) -> Compared:
    errors = [a["error"] for a in answers if "error" in a]
    if len(errors) == 2:
        return Compared(scenario=name, old=old, new=new, trouble=f"Neither can play it: {errors[1]}")
    if errors:
        which = old if "error" in answers[0] else new
        return Compared(scenario=name, old=old, new=new, trouble=f"{which} cannot play it: {errors[0]}")
    before, after = ([Item.read(item) for item in answer["items"]] for answer in answers)
    orders = {item.order for item in (*before, *after)} - {""}
    return Compared(
        scenario=name,
        old=old,
        new=new,
        zone=answers[1]["zone"],
        several=len(orders) > 1,
        differences=tuple(compared(before, after)),
    )

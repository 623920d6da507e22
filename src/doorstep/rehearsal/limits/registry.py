"""What a limit is, and the table of those that packages bring. Light: a store package imports it beside its journeys.

@limit
def one_text_a_week(timeline):
    texts = [t for t in timeline.sent if t.channel == "sms"]
    assert all(b.at - a.at >= timedelta(days=7) for a, b in pairwise(texts)), "two texts within a week"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from doorstep.errors import JourneyError

if TYPE_CHECKING:
    from doorstep.rehearsal.scenario import Scenario
    from doorstep.rehearsal.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A limit that was broken: `what` is one sentence, `about` the step or place it is about (two breaches of a limit
    about the same are one finding), `at` when (aware UTC), where that is known."""

    limit: str
    what: str
    about: str = ""
    at: datetime | None = None

    def __str__(self) -> str:
        return f"Limit '{self.limit}': {self.what}"


Check = Callable[["Timeline", "Scenario"], Iterable[Breach]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit by its name. `check` answers every breach of it in a timeline."""

    name: str
    check: Check

    def breaches(self, timeline: Timeline, scenario: Scenario) -> list[Breach]:
        """How that timeline breaks it; empty when it holds."""
        return list(self.check(timeline, scenario))


_GIVEN: dict[str, tuple[str, Limit]] = {}


def limit(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Register a function of a `Timeline` as a limit; its name, with blanks for underscores, is the limit's. It
    answers nothing while the limit holds, and a sentence (or several) that says how it is broken; an `assert` in it
    that fails breaks it too. The sandbox may import a package again: the function of the same place replaces it.

    Raises `JourneyError` when another function has the name.
    """
    name = function.__name__.strip("_").replace("_", " ")
    place = f"{function.__module__}.{function.__qualname__}"
    taken = _GIVEN.get(name)
    if taken is not None and taken[0] != place:
        raise JourneyError(f"The limit '{name}' is there twice: {taken[0]} and {place}.", mend="Rename one.")

    def check(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
        try:
            said = function(timeline)
        except AssertionError as error:
            said = str(error).partition("\n")[0] or "an assertion of it failed."
        sentences = [said] if isinstance(said, str) else list(said or ())
        return [Breach(limit=name, what=sentence) for sentence in sentences if sentence]

    _GIVEN[name] = (place, Limit(name=name, check=check))
    return function


def given() -> dict[str, Limit]:
    """The limits of packages, by name."""
    return {name: one for name, (_, one) in sorted(_GIVEN.items())}

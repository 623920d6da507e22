"""What a limit is, and the table of those that packages bring. Light: a store package imports it beside its journeys.

@limit
def one_text_a_week(timeline):
    texts = [t for t in timeline.sent if t.channel == "sms"]
    assert all(b.at - a.at >= timedelta(days=7) for a, b in pairwise(texts)), "two texts within a week"
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from doorstep.errors import JourneyError
from doorstep.rehearsal.trouble import Place, is_authors

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
    answers nothing while the limit holds, and a sentence (or several, or it yields them) that says how it is broken; an
    `assert` in it that fails breaks it too, and so does whatever else it raises or answers: it is told with its line,
    and the other limits are asked all the same. The sandbox may import a package again: the function of the same place
    replaces it.

    Raises `JourneyError` when another function has the name.
    """
    name = function.__name__.strip("_").replace("_", " ")
    place = f"{function.__module__}.{function.__qualname__}"
    taken = _GIVEN.get(name)
    if taken is not None and taken[0] != place:
        raise JourneyError(f"The limit '{name}' is there twice: {taken[0]} and {place}.", mend="Rename one.")

    def check(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
        return _asked(name, function, timeline)

    _GIVEN[name] = (place, Limit(name=name, check=check))
    return function


def _asked(name: str, function: Callable[[Any], Any], timeline: Timeline) -> list[Breach]:
    """What it says of a timeline. What it said before it raised counts; that it raised is a breach as well, so that a
    search makes the story small which shows it, and goes on."""
    found: list[Breach] = []
    try:
        for sentence in _sentences(function(timeline)):
            found.append(Breach(limit=name, what=sentence))  # noqa: PERF401 - it may raise after some
    except AssertionError as error:
        found.append(Breach(limit=name, what=_first_line(error) or "an assertion of it failed."))
    except Exception as error:  # noqa: BLE001 - an author's code may raise anything
        place = _place(error, function)
        kind = type(error).__name__
        why = f"it cannot be asked: {': '.join(w for w in (kind, _first_line(error)) if w)}"
        said = error.what if isinstance(error, _NoSentence) else why
        mend = getattr(error, "mend", "") or "Mend the limit."
        found.append(Breach(limit=name, what=f"{said} ({place}). {mend}", about=f"{kind} at {place}"))
    return found


class _NoSentence(JourneyError):
    """A limit answered what says nothing."""


def _sentences(said: Any) -> Iterator[str]:
    """Raises `_NoSentence`."""
    if said is None:
        return
    several = isinstance(said, Iterable) and not isinstance(said, str)
    for sentence in said if several else (said,):
        if sentence is not None and not isinstance(sentence, str):
            raise _NoSentence(
                f"it answered with {type(sentence).__name__}, which is no sentence",
                mend="A limit answers nothing while it holds, else a sentence, or several, that say how it is broken.",
            )
        if sentence:
            yield sentence


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _place(error: Exception, function: Callable[[Any], Any]) -> Place:
    """The innermost line of an author's that it came through; without one, where the function is."""
    walked = traceback.walk_tb(error.__traceback__)
    found = [
        (frame.f_code.co_filename, line) for frame, line in walked if is_authors(frame.f_code.co_filename)
    ]
    code = inspect.unwrap(function).__code__
    return Place(*(found[-1] if found else (code.co_filename, code.co_firstlineno)))


def given() -> dict[str, Limit]:
    """The limits of packages, by name."""
    return {name: one for name, (_, one) in sorted(_GIVEN.items())}

"""A verification in words, at most 100 columns wide: a table by version and step, then each cause once, with an example
and how many journeys it meets."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from doorstep.rehearsal.assuming import LET_GO
from doorstep.rehearsal.comparing import Difference
from doorstep.verifying import origins
from doorstep.verifying.revisions import called
from doorstep.verifying.telling import WIDTH, difference
from doorstep.verifying.verification import Breaks, Verdict, Verification, Verified

ASSUMED = {
    "arrives": "parcels under way arrive (five days after the order), and nothing else happens",
    "nothing": "nothing else happens",
}
_OTHERWISE = re.compile(r"recorded was '(?P<was>[^']+)', now it says '(?P<now>[^']+)'")
SHOWN = 3
"""Examples of journeys named for one cause."""


def page(done: Verification) -> list[str]:
    """The whole of it."""
    made = textwrap.wrap(
        f"{many(len(done.journeys))}, from {called(done.base)} to {called(done.head)}, each carried on to its end. "
        f"Assumed: {ASSUMED[done.assumption]}; everybody can be reached and has consented."
        f"{_resumed(done)}{_again(done)}",
        WIDTH,
    )
    made += origins.lines(done.origins, WIDTH)
    made += ["", *_table(done)]
    made += [line for group in (_breaks(done), _changes(done), _unread(done)) for line in group]
    behind = sum(1 for j in done.journeys if j.behind)
    if behind:
        have = "has behind it" if behind == 1 else "have behind them"
        told = f"{many(behind)} {have} what {called(done.head)} would have done otherwise."
        made += ["", *textwrap.wrap(f"{told} What was sent stays as it was.", WIDTH)]
    return [*made, "", verdict(done)]


def _resumed(done: Verification) -> str:
    paused = sum(1 for one in done.journeys if one.resumed)
    if not paused:
        return ""
    told = "1 is paused: it is" if paused == 1 else f"{paused} are paused: each is"
    return f" {told} resumed where its history ends, and {LET_GO}."


def _again(done: Verification) -> str:
    if not done.again:
        return ""
    some = "all" if done.again == len(done.journeys) else f"{done.again}, some of each version and step"
    return f" Carried on in the worker's sandbox and under other hash seeds too: {some}."


def many(journeys: int) -> str:
    """`1 journey`, `20 journeys`."""
    return f"{journeys} {'journey' if journeys == 1 else 'journeys'}"


def verdict(done: Verification) -> str:
    """The last line."""
    breaks, changes = len(done.of(Verdict.BREAKS)), len(done.of(Verdict.CHANGES))
    if done.passed:
        meant = f"; {changes} {'changes' if changes == 1 else 'change'} as allowed" if changes else ""
        return f"Safe to deploy: nothing breaks{meant or ', nothing changes'}."
    parts = (
        [f"{breaks} of {many(len(done.journeys))} {'breaks' if breaks == 1 else 'break'}"] if breaks else []
    )
    unmeant = sum(1 for j in done.journeys if not j.allowed)
    parts += (
        [f"{unmeant} {'changes' if unmeant == 1 else 'change'} in ways that are not allowed"]
        if unmeant
        else []
    )
    parts += [f"{_histories(done)} could not be read"] if done.unread else []
    return f"Not safe to deploy: {', '.join(parts)}."


def _table(done: Verification) -> list[str]:
    made = [f"{'version':<16}{'step':<34}{'same':>8}{'changes':>10}{'breaks':>10}"]
    for (type_, step), counts in done.summary().items():
        changes = counts["changes"] + counts["mended"]
        row = f"{type_[:15]:<16}{step[:33]:<34}{counts['same']:>8}{changes:>10}{counts['breaks']:>10}"
        made.append(row)
    return made


def _breaks(done: Verification) -> list[str]:
    causes: dict[tuple[str, str, int, bool, bool], list[Verified]] = defaultdict(list)
    for one in done.journeys:
        if one.breaks is not None:
            b = one.breaks
            causes[_cause(b), b.file, b.line, b.already, b.old].append(one)
    made: list[str] = []
    for (cause, file, line, already, old), met in causes.items():
        word = "mended" if met[0].verdict is Verdict.MENDED else "breaks"
        too = f", as with {called(done.base)}" if already and word == "breaks" else ""
        made += ["", f"{word}{too}: {_met(met)}"]
        if file:
            made.append(
                f"  {file}:{line}{f' of {called(done.base)}, which gave the recorded command' if old else ''}"
            )
        said = _example(cause, met)
        made += textwrap.wrap(
            said, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
    return made


def _unread(done: Verification) -> list[str]:
    """Each by its name: what is wrong with a file is its own."""
    made = ["", f"could not be read: {_histories(done)}"] if done.unread else []
    for one in done.unread:
        made += textwrap.wrap(
            f"{one.id}: {one.why}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
    return made


def _histories(done: Verification) -> str:
    n = len(done.unread)
    return f"{n} {'history' if n == 1 else 'histories'}"


def _cause(breaks: Breaks) -> str:
    """Without place, virtual time, numbers and what a step is about, which differ from journey to journey."""
    return _sentence(re.sub(r"([(' ][\w/-]+):[^\s()']+(?=[)'])", r"\1", _anywhere(breaks)))


def _example(cause: str, met: list[Verified]) -> str:
    """A cause as it reads; of a step that is recorded about one thing and is about another now the first journey's own
    words: without them both read the same."""
    found = _OTHERWISE.search(cause)
    first = met[0].breaks
    if found is None or found["was"] != found["now"] or first is None:
        return cause
    return _sentence(_anywhere(first))


def _anywhere(breaks: Breaks) -> str:
    """Without place and virtual time."""
    return re.sub(r"( in \S+:\d+)?, at [\d-]+ [\d:]+ UTC of virtual time\.?", "", breaks.what)


def _sentence(what: str) -> str:
    told = re.sub(r" \d+'", "'", what).rstrip(".")
    return told if told.endswith("?") else f"{told}."  # "Did you mean 'x'?" is a sentence already


def _changes(done: Verification) -> list[str]:
    causes: dict[tuple[Any, ...], list[tuple[Verified, Difference]]] = defaultdict(list)
    for one in done.journeys:
        for d in one.differences:
            cause = d.change.value, d.item.kind, d.item.step, _which(d), done.meant(d)
            causes[cause].append((one, d))
    made: list[str] = []
    for (*_, allowed), met in sorted(causes.items(), key=lambda c: -len(c[1])):
        example, d = met[0]
        meant = "  (allowed)" if allowed else ""
        line = f"changes: {_met(one for one, _ in met)}{meant}  (times in {example.zone})"
        made += ["", *textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)]
        made += difference(d, example.zone)
    return made


def _which(found: Difference) -> tuple[Any, ...]:
    """What tells one wait from another for the same thing: by how many days it moved, and how it was called. A step is
    one, and moves for each customer by their own clock."""
    old, new = found.old, found.new
    if found.item.kind != "wait" or old is None or new is None:
        return ()
    return round((new.at - old.at) / timedelta(days=1)), old.name, new.name


def _met(journeys: Iterable[Verified]) -> str:
    """How many journeys, and which, on one line."""
    ids = list(dict.fromkeys(one.id for one in journeys))
    count = many(len(ids))
    named: list[str] = []
    for id_ in ids[:SHOWN]:
        if len(count) + len(", ".join([*named, id_])) > WIDTH - 40:
            break
        named.append(id_)
    such = ", ".join(named)
    return (
        f"{count} (such as {such})" if 0 < len(named) < len(ids) else f"{count} ({such})" if named else count
    )

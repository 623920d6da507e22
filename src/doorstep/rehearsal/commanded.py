"""What a journey commanded, as plain data that two processes can compare, and where in its author's code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from doorstep import contracts
from doorstep.rehearsal import contents
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.naming import naming
from doorstep.rehearsal.trouble import Place
from doorstep.workflows import registry

Command = Sequence[str]
"""[when, what, its whole content (of what support is told: none), file:line]"""
MEND = (
    "If it goes through a set: sort it first. Otherwise it asks for hash() or id(), or it asks for the machine's time "
    "zone, or draws chance of its own, which every process has otherwise."
)
"""What to do about a difference between two hash seeds."""
MEND_ZONE = (
    "It asks for the machine's time zone, which another worker may have otherwise. Name the zone: astimezone(UTC), "
    "fromtimestamp(…, UTC), replace(tzinfo=UTC).timestamp()."
)
"""What to do about a difference between two time zones."""
_LOCAL = "schedule_local_activity"
_SAID = ("phase", "exit_cause", "outcome")
"""Of a projection, what an author names."""
_WORKFLOWS, _CONTRACTS = Path(registry.__file__).parent, Path(contracts.__file__)


@dataclass(frozen=True, slots=True)
class Apart:
    """Where the commands under two hash seeds, or in two time zones, part. `file` (empty and line 0: not known) as
    Python names it."""

    what: str
    file: str = ""
    line: int = 0
    mend: str = MEND

    def __str__(self) -> str:
        return f"{self.what}{f', at {Place(self.file, self.line)}' if self.file else ''}. {self.mend}"


def commanded(log: Iterable[Entry], journey: type[Any] | None) -> list[Command]:
    """What the author's code commanded, in order, and which phases and outcomes it told support of; the rest of what
    support reads follows from these. With lines where the engine traced."""
    made: list[Command] = []
    state = ""
    for entry in log:
        if entry.command and entry.kind != _LOCAL:
            made.append(_told(entry, journey))
        elif entry.command and entry.name == contracts.PROJECT:
            told = _state(entry, journey)
            if told[1] != state:
                made.append(told)
            state = told[1]
    return made


def difference(
    one: Sequence[Command], other: Sequence[Command], seeds: tuple[int, int] | tuple[str, str]
) -> Apart | None:
    """The first command in which two processes differ; None when they do not. `seeds`: the hash seed of each, or its
    time zone where that is all that differs between them."""
    pairs = list(zip_longest(one, other))
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), None)
    if at is None:
        return None
    first, second = pairs[at]
    told = [c for pair in pairs[at:] for c in pair if c is not None and c[3]]
    # a phase that is told meanwhile differs in nothing: its line counts where it is itself the difference
    place = next((c[3] for c in told if c[2] or c in pairs[at]), "")
    file, _, line = place.rpartition(":")
    on = f"{(first or second)[0]} UTC"
    # where the instants differ each side is told with its own: their words may be the same
    until = f" on {second[0]} UTC" if first and second and first[0] != second[0] else ""
    zones = isinstance(seeds[0], str)
    said = (
        f"The workflow is not deterministic: on {on} it says [{_words(first, second)}] under "
        f"{'TZ' if zones else 'PYTHONHASHSEED'}={seeds[0]} and{until} [{_words(second, first)}] under {seeds[1]}"
    )
    return Apart(said, file, int(line or 0), MEND_ZONE if zones else MEND)


def _words(command: Command | None, other: Command | None) -> str:
    """What a command is; with what its content says otherwise, where that is the difference, or its line, where only
    that is."""
    if command is None:
        return "nothing"
    if other is None or list(command[:2]) != list(other[:2]):
        return command[1]
    if command[2] == other[2]:
        return f"{command[1]}, line {command[3].rpartition(':')[2]}"
    return f"{command[1]}, {contents.apart(command[2], other[2])[0]}"


def _told(entry: Entry, journey: type[Any] | None) -> Command:
    place = place_in(journey, entry)
    content = entry.content
    told = content.get("arguments") or []
    about: dict[str, Any] = told[0] if told and isinstance(told[0], dict) else {}
    name = " ".join(
        p for p in (entry.kind.replace("_", " "), entry.name, about.get("step"), about.get("occurrence")) if p
    )
    return [
        f"{entry.at:%Y-%m-%d %H:%M}",
        name,
        json.dumps(content, sort_keys=True, ensure_ascii=False, default=str),
        f"{place[0]}:{place[1]}" if place else "",
    ]


def _state(entry: Entry, journey: type[Any] | None) -> Command:
    """What a projection tells in its author's words. It is said for the author by the journey's reporter, after the
    task: the line is the one that names the phase."""
    message: Any = entry.message
    told: dict[str, Any] = value(message.arguments[0])
    words = {name: str(told[name]) for name in _SAID if told.get(name)}
    place = naming(journey, words.get("phase", "")) if journey is not None else None
    said = ", ".join(f"{name.replace('_', ' ')} '{word}'" for name, word in words.items())
    return [f"{entry.at:%Y-%m-%d %H:%M}", said, "", f"{place[0]}:{place[1]}" if place else ""]


@lru_cache(maxsize=256)  # asked for every command
def _carries(file: str) -> bool:
    """Whether a file is of ours, which gives a journey's commands for it."""
    return Path(file).parent == _WORKFLOWS or Path(file) == _CONTRACTS


def place_in(journey: type[Any] | None, entry: Entry) -> tuple[str, int] | None:
    """File and line of a command in a journey's code. A touch is carried by a task of the desk's, whose callers do not
    show: for it the line that names the step (`naming`)."""
    place = entry.place
    if place is not None and not _carries(place.file):
        return place.file, place.line
    message: Any = entry.message
    told = value(message.arguments[0]) if entry.kind == "schedule_activity" and message.arguments else None
    step = str(told.get("step") or told.get("reason") or "") if isinstance(told, dict) else ""
    return naming(journey, step) if journey is not None and step else None

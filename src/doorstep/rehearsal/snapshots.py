"""A timeline kept as text beside its test: one line for each thing, so that a review shows what a change does to the
customer, and a test that no longer fits says which messages were gained, lost, moved or re-worded.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from doorstep.domain.moments import zone
from doorstep.errors import ScenarioError
from doorstep.rehearsal.comparing import Change, Difference, Item, compared, items_of
from doorstep.rehearsal.timeline import Timeline

_HEAD = "# What `{journey}` does in the scenario `{scenario}`; times are {zone}."
_AT = "%Y-%m-%d %H:%M:%S"
_FIELDS = 6
_LONGEST = 120
"""Characters of a file's name before it is cut; file systems take 255 bytes."""


def file_of(test: tuple[str, ...], name: str = "") -> str:
    """The file of a snapshot, as seen from the folder of them: `module/Class.test-parameters+name.txt`. No two tests
    have one, nor have two whose parameters differ in capitals only. `test`: its module, its classes if any, and its own
    name with its parameters' in brackets. What a file's name cannot keep of them is in a digest after `~`."""
    module, *classes, own = test
    function, _, given = own.partition("[")
    said = function + (f"-{given.removesuffix(']')}" if given else "")
    exact = (module, *classes, *said.split("-", 1), name)
    stem = ".".join([*map(_safe, classes), "-".join(map(_safe, said.split("-", 1)))])
    stem += f"+{_safe(name)}" if name else ""
    if any(_safe(part) != part for part in exact) or said != said.lower() or len(stem) > _LONGEST:
        digest = hashlib.sha256("\0".join([*test, name]).encode()).hexdigest()[:8]
        stem = f"{stem[:_LONGEST]}~{digest}"
    return f"{_safe(module)}/{stem}.txt"


def shared_name(test: tuple[str, ...], name: str = "") -> str:
    """The file as it was named before: alike for tests of several modules, classes and parameters."""
    return f"{_safe(f'{test[-1]}-{name}' if name else test[-1])}.txt"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")


def read(file: Path) -> str:
    """The text of a file. Raises `ScenarioError` where it is none."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(
            f"The snapshot is not UTF-8 (byte {error.start}).",
            mend="Save it as UTF-8, or write it anew with --rehearsal-update.",
        ) from error


def text_of(timeline: Timeline) -> str:
    """The snapshot's text: a head, then `when | kind | name | outcome | told | words` a line, in order."""
    head = _HEAD.format(journey=timeline.journey, scenario=timeline.scenario, zone=timeline.zone)
    here = zone(timeline.zone)
    lines = [_line(item, item.at.astimezone(here)) for item in _ordered(items_of(timeline))]
    return "\n".join([head, *lines, ""])


def differences(kept: str, timeline: Timeline) -> list[Difference]:
    """How a timeline differs from a snapshot's text. Raises `ScenarioError` for a text that is no snapshot, and for one
    with two lines of one thing, as a merge leaves them."""
    now = text_of(timeline)
    if kept == now:
        return []
    old, new = _items(kept), _items(now)
    _check_once(kept, old, new)
    return compared(old, new)


def _check_once(kept: str, old: list[Item], new: list[Item]) -> None:
    """A line too many would be overlooked: of one thing only one is compared."""
    there, are = (Counter(item.key for item in items) for items in (old, new))
    for key in there - are:
        if there[key] > 1:
            lines = [n for n, line in enumerate(kept.splitlines(), 1) if f"| {key} |" in f"{line} |"]
            raise ScenarioError(
                f"Lines {', '.join(map(str, lines))} of the snapshot are of one thing, '{key}'.",
                mend="Remove what is too much, or write it anew with --rehearsal-update.",
            )


def told(found: Iterable[Difference], zone_name: str) -> list[str]:
    """The differences in words, a line each, times in the customer's zone."""
    here = zone(zone_name)

    def at(item: Item | None) -> str:
        return "never" if item is None else f"{item.at.astimezone(here):%a %d %b %H:%M:%S}"

    lines = []
    for d in found:
        old, new = d.old, d.new
        match d.change:
            case Change.GAINED:
                said = f"now at {at(new)}" + (f", was {old.outcome}" if old else "")
            case Change.LOST:
                said = f"was at {at(old)}" + (f", now {new.outcome}" if new else "")
            case Change.MOVED:
                said = f"from {at(old)} to {at(new)}"
            case Change.REWORDED:
                said = f"other words at {at(new)}"
            case _:
                said = f"{_short(old)} became {_short(new)}"
        lines.append(f"{d.change.value:<10} {d.item.kind:<7} {d.item.name:<40} {said}")
    return lines


def _short(item: Item | None) -> str:
    return "nothing" if item is None else " ".join(w for w in (item.outcome, item.told) if w) or item.name


def _ordered(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item.at, item.key))


def _line(item: Item, local: datetime) -> str:
    kind = item.kind if item.done else f"not {item.kind}"
    parts = (f"{local:{_AT}%z}", kind, item.key, item.outcome, item.told, item.said[:12])
    return " | ".join(part.replace("|", "/") for part in parts).rstrip(" |")


def _items(text: str) -> list[Item]:
    return [
        _read(n, line) for n, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")
    ]


def _read(number: int, line: str) -> Item:
    parts = [part.strip() for part in line.split("|")]
    parts += [""] * (_FIELDS - len(parts))
    try:
        at = datetime.strptime(parts[0], f"{_AT}%z")
    except ValueError as error:
        raise ScenarioError(
            f"Line {number} of the snapshot is no line of a timeline.",
            mend="Write it anew with --rehearsal-update.",
        ) from error
    kind = parts[1].removeprefix("not ")
    name = parts[2].partition(f"{kind} ")[2] or parts[2]
    return Item(
        key=parts[2],
        kind=kind,
        name=name,
        at=at,
        done=not parts[1].startswith("not "),
        outcome=parts[3],
        told=parts[4],
        said=parts[5],
    )

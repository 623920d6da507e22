"""Differences in words, at most 100 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime, timedelta

from doorstep.domain.moments import zone
from doorstep.rehearsal.comparing import Change, Difference, Item
from doorstep.rehearsal.words import short
from doorstep.verifying import origins
from doorstep.verifying.diffing import Compared, Diff
from doorstep.verifying.revisions import called

WIDTH = 100
MARKS = {Change.GAINED: "+", Change.LOST: "-", Change.MOVED: "→", Change.REWORDED: "≈", Change.CHANGED: "~"}
_DAY = 24 * 60


def page(diff: Diff) -> list[str]:
    """The whole comparison: scenarios that differ, then one line for those that do not, then which code was run."""
    made = [part for line in diff.missing for part in _folded(line, 2)]
    for one in diff.scenarios:
        if not one.same:
            made += ([""] if made else []) + scenario(one)
    same, total = sum(one.same for one in diff.scenarios), len(diff.scenarios)
    between = f"between {called(diff.old)} and {called(diff.new)}."
    if same == total and total:
        made.append(f"Nothing differs in {'1 scenario' if total == 1 else f'{total} scenarios'} {between}")
    elif total:
        made += ["", f"{_how_many(total - same, total)} {between}"]
    return made + origins.lines(diff.origins, WIDTH)


def _how_many(differ: int, total: int) -> str:
    if total == 1:
        return "The scenario differs"
    return f"{differ} of {total} scenarios {'differs' if differ == 1 else 'differ'}"


def scenario(one: Compared) -> list[str]:
    """One scenario that differs. Of several orders each difference says whose it is."""
    types = one.old if one.old == one.new else f"{one.old} → {one.new}"
    made = [f"{one.scenario}  {types}  (times in {one.zone})"]
    if one.trouble:
        made += _folded(f"  ! {one.trouble}", 4)
    return made + [
        line
        for d in one.differences
        for line in difference(d, one.zone, order=d.item.order if one.several else "")
    ]


def difference(found: Difference, zone_name: str, *, order: str = "") -> list[str]:
    """One difference, on one line unless it is too long for that. `order`: whose it is, where that must be said."""
    item = found.item
    if item.kind == "problem":
        mark, word = ("✗", "fails") if found.new is not None else ("✓", "mended")
        return _folded(f"  {mark} {word:<10}{item.name}", 14)
    step, _, occurrence = item.name.partition(":")
    name = " ".join(w for w in (step, short(occurrence), f"[{order}]" * bool(order)) if w)
    kind = "" if item.kind in ("touch", "end") else f"{item.kind} "
    said = f"  {MARKS[found.change]} {found.change.value:<10}{kind}{name}"
    return _folded(f"{said:<44}  {_how(found, zone_name)}".rstrip(), 46)


def _how(found: Difference, zone_name: str) -> str:
    old, new = found.old, found.new
    if found.change is Change.MOVED and old is not None and new is not None:
        return f"{_clock(old.at, zone_name)} → {_clock(new.at, zone_name)} ({_by(new.at - old.at)})"
    if found.change is Change.REWORDED and new is not None:
        return f"{_clock(new.at, zone_name)}: other words"
    if found.change is Change.LOST and old is not None:
        now = f"; now {new.outcome}" if new is not None and new.outcome else ""
        return f"was {_clock(old.at, zone_name)}{now}"
    if found.change is Change.GAINED and new is not None:
        was = f"; was {old.outcome}" if old is not None and old.outcome else ""
        return f"{_clock(new.at, zone_name)}{was}"
    return f"{_state(old, new)} → {_state(new, old)}"


def _state(item: Item | None, other: Item | None) -> str:
    """What it is; of two that differ in some parts of it only these."""
    if item is None:
        return "no step"
    mine, theirs = ([] if one is None else one.told.split(", ") for one in (item, other))
    own = [part for part in mine if part not in theirs]
    if other is None or item.outcome != other.outcome or not own or all(p in mine for p in theirs):
        return " ".join(w for w in (item.outcome, item.told) if w) or "no step"
    return ", ".join(own)


def _clock(at: datetime, zone_name: str) -> str:
    here = at.astimezone(zone(zone_name))
    return f"{here:%a} {here.day} {here:%b %H:%M}"


def _by(span: timedelta) -> str:
    """In the two largest units, rounded: to minutes below a day, and to hours from there on."""
    later = "later" if span > timedelta() else "earlier"
    seconds = abs(span.total_seconds())
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:g} s {later}"
    if minutes >= _DAY:
        minutes = 60 * round(minutes / 60)
    days, left = divmod(minutes, _DAY)
    parts = ((days, "day"), (left // 60, "hour"), (left % 60, "minute"))
    return " ".join(f"{n} {unit if n == 1 else f'{unit}s'}" for n, unit in parts if n) + f" {later}"


def counted(differences: Iterable[Difference]) -> dict[str, int]:
    """How many of each kind, in a fixed order."""
    found = [d.change for d in differences]
    return {change.value: found.count(change) for change in Change if change in found}


def _folded(line: str, indent: int) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)

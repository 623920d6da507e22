"""Differences in words, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from doorstep.domain.moments import zone
from doorstep.rehearsal.comparing import Change, Difference
from doorstep.rehearsal.terminal import short
from doorstep.verifying import origins
from doorstep.verifying.diffing import Compared, Diff
from doorstep.verifying.revisions import called

WIDTH = 100
MARKS = {Change.GAINED: "+", Change.LOST: "-", Change.MOVED: "→", Change.REWORDED: "≈", Change.CHANGED: "~"}


def page(diff: Diff) -> list[str]:
    """The whole comparison: scenarios that differ, then one line for those that do not, then which code was run."""
    made = [_cut(line) for line in diff.missing]
    for one in diff.scenarios:
        if not one.same:
            made += ([""] if made else []) + scenario(one)
    same = sum(one.same for one in diff.scenarios)
    total = len(diff.scenarios)
    if same == total and total:
        many = "1 scenario" if total == 1 else f"{total} scenarios"
        made.append(f"Nothing differs in {many} between {called(diff.old)} and {called(diff.new)}.")
    elif total:
        made += [
            "",
            f"{total - same} of {total} scenarios differ between {called(diff.old)} and {called(diff.new)}.",
        ]
    return made + origins.lines(diff.origins, WIDTH)


def scenario(one: Compared) -> list[str]:
    """One scenario that differs."""
    types = one.old if one.old == one.new else f"{one.old} → {one.new}"
    made = [f"{one.scenario}  {types}  (times in {one.zone})"]
    if one.trouble:
        made.append(_cut(f"  ! {one.trouble}"))
    return made + [difference(d, one.zone) for d in one.differences]


def difference(found: Difference, zone_name: str = "UTC") -> str:
    """One difference, on one line."""
    item = found.item
    step, _, occurrence = item.name.partition(":")
    name = item.name if item.kind == "problem" else " ".join(w for w in (step, short(occurrence)) if w)
    kind = "" if item.kind in ("touch", "end", "problem") else f"{item.kind} "
    said = f"  {MARKS[found.change]} {found.change.value:<10}{kind}{name}"
    return _cut(f"{said:<44}  {_how(found, zone_name)}".rstrip())


def _how(found: Difference, zone_name: str) -> str:
    old, new = found.old, found.new
    if found.item.kind == "problem":
        return "is mended" if new is None else "must be mended"
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
    return f"{_state(old)} → {_state(new)}"


def _state(item: object) -> str:
    outcome, told = getattr(item, "outcome", ""), getattr(item, "told", "")
    return " ".join(w for w in (outcome, told) if w) or "no step"


def _clock(at: datetime, zone_name: str) -> str:
    here = at.astimezone(zone(zone_name))
    return f"{here:%a} {here.day} {here:%b %H:%M}"


def _by(span: timedelta) -> str:
    later = "later" if span > timedelta() else "earlier"
    seconds = abs(span.total_seconds())
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            n = round(seconds / length, 1)
            return f"{n:g} {unit[:-1] if n == 1 else unit} {later}"
    return f"{seconds:g} s {later}"


def counted(differences: Iterable[Difference]) -> dict[str, int]:
    """How many of each kind, in a fixed order."""
    found = [d.change for d in differences]
    return {change.value: found.count(change) for change in Change if change in found}


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"

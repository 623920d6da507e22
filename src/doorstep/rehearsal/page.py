"""Timelines as one page for a browser: no script, nothing fetched, fit for a phone and for print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doorstep.domain.moments import zone
from doorstep.rehearsal.terminal import MARKS, REASONS, ends, local
from doorstep.rehearsal.timeline import Happening, Kind, Timeline, Touch
from doorstep.rehearsal.words import short, usable_from

_HERE = Path(__file__).parent
_QUIET = (Kind.POINTS, Kind.NOTE)


def page(timelines: Sequence[Timeline]) -> str:
    """The HTML of these timelines, in their order."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html.j2").render(
        timelines=[_shown(t) for t in timelines],
        title=timelines[0].scenario if len(timelines) == 1 else f"{len(timelines)} scenarios",
        journey=timelines[0].journey if timelines else "",
        failed=sum(not t.ok for t in timelines),
        others=sum(t.ok and bool(t.note) for t in timelines),
    )


def _shown(timeline: Timeline) -> dict[str, Any]:
    counts = {kind: sum(t.outcome == kind for t in timeline.touches) for kind in MARKS}
    return {
        "it": timeline,
        "ends": [(outcome, day, _order(timeline, order)) for order, outcome, day in ends(timeline)],
        "days": timeline.day(timeline.ends_at),
        "placed": _when(timeline, timeline.placed_at),
        "counts": {kind: n for kind, n in counts.items() if n},
        "parts": _parts(timeline),
        "ticks": _ticks(timeline),
    }


def _parts(timeline: Timeline) -> list[dict[str, Any]]:
    """Phases, each with its days, each with what happened on it."""
    parts: list[dict[str, Any]] = [{"phase": "", "order": "", "days": []}]
    for entry in timeline:
        if isinstance(entry, Happening) and entry.kind is Kind.PHASE:
            parts.append({"phase": entry.what, "order": _order(timeline, entry.order), "days": []})
            continue
        days = parts[-1]["days"]
        day = timeline.day(entry.at)
        if not days or days[-1]["day"] != day:
            here = _here(timeline, entry.at)
            days.append({"day": day, "date": f"{here:%a} {here.day} {here:%b}", "entries": []})
        days[-1]["entries"].append(
            _touch(timeline, entry) if isinstance(entry, Touch) else _event(timeline, entry)
        )
    return [part for part in parts if part["days"]]


def _touch(timeline: Timeline, touch: Touch) -> dict[str, Any]:
    return {
        "is": "touch",
        "it": touch,
        "name": " · ".join(w for w in (touch.step, short(touch.occurrence)) if w),
        "time": f"{_here(timeline, touch.at):%H:%M}",
        "order": _order(timeline, touch.order),
        "why": touch.reason.replace("_", " ") or local(timeline, touch.detail),
        "detail": local(timeline, touch.detail),
        "rules": [(r.verdict, r.rule.replace("_", " "), local(timeline, r.detail)) for r in touch.trace],
        "deferrals": list(_deferrals(timeline, touch)),
        "due": _when(timeline, touch.due_at),
    }


def _deferrals(timeline: Timeline, touch: Touch) -> Iterator[str]:
    """One line for each reason in turn, however often it asked."""
    for reason, found in groupby(touch.deferrals, lambda d: d.reason):
        every = list(found)
        asked = f", asked {len(every)} times" if len(every) > 1 else ""
        until = _when(timeline, every[-1].until)
        yield f"{_when(timeline, every[0].at)}: wait until {until} ({REASONS.get(reason, reason)}{asked})"


def _event(timeline: Timeline, event: Happening) -> dict[str, Any]:
    return {
        "is": "event",
        "it": event,
        "kind": event.kind.value,
        "detail": ", ".join(w for w in (local(timeline, event.detail), usable_from(timeline, event)) if w),
        "quiet": event.kind in _QUIET,
        "what": event.what.replace("_", " ") if event.kind is Kind.END else event.what,
        "time": f"{_here(timeline, event.at):%H:%M}",
        "order": _order(timeline, event.order),
        "of": _when(timeline, event.happened_at) if event.happened_at else "",
    }


def _ticks(timeline: Timeline) -> list[dict[str, Any]]:
    """Where each touch stands on the strip of the whole journey, in percent."""
    whole = max(timeline.length.total_seconds(), 1.0)
    return [
        {
            "left": round(100 * min(1.0, max(0.0, (t.at - timeline.placed_at).total_seconds() / whole)), 2),
            "outcome": t.outcome,
            "name": t.step,
        }
        for t in timeline.touches
    ]


def _here(timeline: Timeline, at: datetime) -> datetime:
    return at.astimezone(zone(timeline.zone))


def _when(timeline: Timeline, at: datetime) -> str:
    here = _here(timeline, at)
    return f"{here:%a} {here.day} {here:%b}, {here:%H:%M}"


def _order(timeline: Timeline, order: str) -> str:
    return order if len(timeline.outcomes) > 1 else ""
